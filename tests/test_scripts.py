"""Small training scripts, right and wrong: `lossaudit run` finds what is wrong at its place, and nothing else.

What has to be found stands in the scripts, on the line of the loss: `# expect: error double-softmax`. A line with
`# raises` ends its script with a traceback. By default each script runs in a fork of a process that has torch
loaded; with `LOSSAUDIT_COLD=1` each one starts its own interpreter.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).parent / "scripts"
SCRIPTS = sorted([*FOLDER.glob("right/*.py"), *FOLDER.glob("wrong/*.py")])
EXPECTED = re.compile(r"#\s*expect:\s*(error|warning|info)\s+([a-z0-9-]+)")
TIMEOUT = 240
FRAMEWORKS = ("lightning", "transformers", "sklearn")

# Losses that must have been understood: silence on a right script counts only if the script was read.
READ = {
    "actor_critic": {"mse"},
    "adversarial_training": {"cross_entropy"},
    "amp_bfloat16": {"cross_entropy"},
    "anomaly_and_double": {"cross_entropy"},
    "arcface": {"cross_entropy"},
    "attention_as_head": {"cross_entropy"},
    "attention_pooling": {"cross_entropy"},
    "autoencoder_binarised": {"mse"},
    "autoencoder_sigmoid_mse": {"mse"},
    "autograd_grad_update": {"cross_entropy"},
    "bounded_regression": {"mae", "mse"},
    "brier_score_function": {"mse"},
    "brier_score_module": {"mse"},
    "checkpoint_nonreentrant": {"cross_entropy"},
    "checkpoint_reentrant": {"cross_entropy"},
    "cnn_cross_entropy": {"cross_entropy"},
    "compiled_model": {"cross_entropy"},
    "contrastive_clip": {"cross_entropy"},
    "contrastive_simclr": {"cross_entropy"},
    "cosine_embedding": {"cosine_embedding", "margin_ranking"},
    "cross_entropy_indexed_probability": {"nll"},
    "cross_entropy_log_of_softmax": {"nll"},
    "cross_entropy_logsumexp": {"cross_entropy"},
    "ctc": {"ctc"},
    "dataloader_workers": {"cross_entropy"},
    "ddp_gloo": {"cross_entropy"},
    "distillation_kl": {"cross_entropy", "kl_div"},
    "distillation_mse_on_probabilities": {"mse"},
    "dqn": {"smooth_l1"},
    "evaluation_loop": {"cross_entropy"},
    "gan_bce": {"bce"},
    "gan_bce_logits": {"bce_with_logits"},
    "gan_least_squares": {"mse"},
    "gradient_accumulation": {"cross_entropy"},
    "gradient_reversal": {"bce_with_logits", "cross_entropy"},
    "gumbel_softmax": {"mse"},
    "huggingface_causal_lm": {"cross_entropy"},
    "in_place_logits": {"cross_entropy"},
    "inside_out_softmax": {"cross_entropy"},
    "kl_between_predictions": {"cross_entropy", "kl_div"},
    "l2_penalty_by_hand": {"cross_entropy"},
    "label_distribution": {"mse"},
    "label_smoothing": {"cross_entropy"},
    "lbfgs_closure": {"cross_entropy"},
    "lightning_classifier": {"cross_entropy"},
    "log_softmax_nll": {"nll"},
    "logistic_by_hand": {"bce"},
    "lora_adapter": {"cross_entropy"},
    "lora_head": {"cross_entropy"},
    "masked_logits": {"cross_entropy"},
    "masked_token_loss": {"cross_entropy"},
    "mean_teacher": {"cross_entropy", "mse"},
    "meta_learning_maml": {"cross_entropy"},
    "mixmatch_sharpened": {"mse"},
    "mixture_of_experts": {"cross_entropy"},
    "mixup_soft_targets": {"cross_entropy"},
    "mixup_two_losses": {"cross_entropy"},
    "mlp_cross_entropy": {"cross_entropy"},
    "multi_head_dict": {"bce_with_logits", "cross_entropy", "mse"},
    "multi_margin": {"multi_margin", "soft_margin"},
    "multilabel_bce_logits": {"bce_with_logits"},
    "multilabel_sigmoid_bce": {"bce"},
    "ordinal_coral": {"bce_with_logits"},
    "parametrised_head": {"cross_entropy"},
    "ppo_clipped": {"mse"},
    "regression_counts_and_variance": {"gaussian_nll", "poisson_nll"},
    "regression_huber_family": {"huber", "mae", "smooth_l1"},
    "regression_mse": {"mse"},
    "saved_tensor_hooks": {"cross_entropy", "nll"},
    "segmentation_cross_entropy": {"cross_entropy"},
    "segmentation_dice": {"bce_with_logits"},
    "several_backwards": {"cross_entropy", "mse"},
    "several_models": {"cross_entropy", "mse", "nll"},
    "sigmoid_regression": {"mse"},
    "soft_dice_softmax": {"cross_entropy"},
    "softmax_for_metrics": {"cross_entropy"},
    "squeeze_excite": {"cross_entropy"},
    "style_transfer_input": {"mse"},
    "tensor_subclass_and_mode": {"cross_entropy"},
    "tied_embeddings": {"cross_entropy"},
    "training_in_a_thread": {"cross_entropy"},
    "transformer_lm_flat": {"cross_entropy"},
    "transformer_lm_transposed": {"cross_entropy"},
    "triplet": {"triplet_margin"},
    "two_class_softmax_bce": {"bce"},
    "vae": {"bce"},
    "vae_mse": {"mse"},
    "vq_straight_through": {"mse"},
}


@dataclass(frozen=True, slots=True)
class Outcome:
    code: int
    stdout: str
    stderr: str


class Cold:
    """Starts an interpreter for each program."""

    def run(self, argv: list[str], cwd: Path) -> Outcome:
        flag = [] if argv[0].endswith(".py") else ["-m"]
        done = subprocess.run(
            [sys.executable, *flag, *argv],
            cwd=cwd,
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
            stdin=subprocess.DEVNULL,
            env=environment(),
        )
        return Outcome(done.returncode, done.stdout, done.stderr)

    def close(self) -> None:
        """Nothing stays."""


class Warm:
    """Runs programs in forks of one process; see `scripts/warm.py`."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, str(FOLDER / "warm.py")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment(),
        )

    def run(self, argv: list[str], cwd: Path) -> Outcome:
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        files = {name: str(cwd / f".{name}") for name in ("stdout", "stderr")}
        print(json.dumps({"argv": argv, "cwd": str(cwd), "timeout": TIMEOUT, **files}), file=stdin, flush=True)
        code = int(stdout.readline())
        return Outcome(code, *(Path(name).read_text(encoding="utf-8") for name in files.values()))

    def close(self) -> None:
        self._process.communicate()


def environment() -> dict[str, str]:
    return os.environ | {"OMP_NUM_THREADS": "1", "PYTHONWARNINGS": "default", "HF_HUB_OFFLINE": "1"}


@pytest.fixture(scope="module")
def runner() -> Iterator[Cold | Warm]:
    chosen = Cold() if os.environ.get("LOSSAUDIT_COLD") or not hasattr(os, "fork") else Warm()
    yield chosen
    chosen.close()


def expected(script: Path) -> set[tuple[int, str, str]]:
    return {
        (number, *match.groups())
        for number, line in enumerate(script.read_text(encoding="utf-8").splitlines(), 1)
        for match in EXPECTED.finditer(line)
    }


def found(result: dict[str, Any], script: Path) -> set[tuple[Any, str, str]]:
    """The findings, each with the line of its first place; with the whole place if that is in another file."""

    def where(place: dict[str, Any]) -> Any:
        return place["line"] if Path(place["path"]).name == script.name else f"{place['path']}:{place['line']}"

    return {(where(f["places"][0]), f["severity"], f["rule"]) for f in result["findings"]}


def skip_without_frameworks(text: str) -> None:
    for name in FRAMEWORKS:
        if re.search(rf"^(import|from) {name}\b", text, re.MULTILINE) and find_spec(name) is None:
            if os.environ.get("LOSSAUDIT_REQUIRE_FRAMEWORKS"):
                pytest.fail(f"{name} is not installed")
            pytest.skip(f"{name} is not installed")


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_what_is_wrong_is_found_and_nothing_else(script: Path, runner: Cold | Warm, tmp_path: Path) -> None:
    text = script.read_text(encoding="utf-8")
    skip_without_frameworks(text)
    outputs = ["--format", "json", "--output", "result.json", "--report", "report.html"]

    outcome = runner.run(["lossaudit", "run", *outputs, str(script)], tmp_path)

    assert outcome.code == (1 if "# raises" in text else 0), outcome.stderr
    result = json.loads((tmp_path / "result.json").read_text(encoding="utf-8"))
    assert found(result, script) == expected(script), outcome.stderr
    read = {pairing["pairing"]["loss"]["loss"] for pairing in result["pairings"]}
    assert READ.get(script.stem, set()) <= read
    assert not [note for note in result["notes"] if "could not be read" in note]
    assert (tmp_path / "report.html").stat().st_size <= 300_000


@pytest.mark.slow
@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_the_script_itself_is_sound(script: Path, runner: Cold | Warm, tmp_path: Path) -> None:
    """Plain Python runs it to its end, prints its result, and has nothing to warn of."""
    text = script.read_text(encoding="utf-8")
    skip_without_frameworks(text)

    outcome = runner.run([str(script)], tmp_path)

    if "# raises" in text:
        assert outcome.code == 1
    else:
        assert outcome.code == 0, outcome.stderr
        assert outcome.stdout
        assert "Warning" not in outcome.stderr


def test_there_are_enough_scripts_of_both_kinds() -> None:
    wrong = [script for script in SCRIPTS if script.parent.name == "wrong"]
    assert len(wrong) >= 30
    assert len(SCRIPTS) - len(wrong) >= 36
    assert all(expected(script) for script in wrong)
    assert {script.stem for script in SCRIPTS} >= READ.keys()
