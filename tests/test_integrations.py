"""The pre-commit hook and the GitHub Action, each run as its host runs it, without a network.

Both install the package: pip finds what it needs for that (hatchling) in this environment.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[1]

WRONG = """\
import torch.nn as nn
import torch.nn.functional as F

model = nn.Linear(8, 5)


def train(x, y):
    probs = F.softmax(model(x), dim=1)
    return F.cross_entropy(probs, y)


train(x, y)
"""
RIGHT = WRONG.replace("F.softmax(model(x), dim=1)", "model(x)")

# pip as it is set for a machine without a network; the build backend comes from this environment.
OFFLINE = {
    "PIP_NO_INDEX": "1",
    "PIP_NO_DEPS": "1",
    "PIP_NO_BUILD_ISOLATION": "0",  # as pip reads it: without isolation
    "PYTHONPATH": sysconfig.get_path("purelib"),
}


def run(command: Sequence[str | Path], folder: Path, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=folder, env=os.environ | env, capture_output=True, text=True, check=False)


def git(folder: Path, *arguments: str) -> str:
    who = ("-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false")
    done = run(["git", *who, *arguments], folder)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package as a repository of its own, as people name it in their configurations."""
    folder = tmp_path_factory.mktemp("lossaudit")
    for name in ("pyproject.toml", "README.md", "LICENSE", ".pre-commit-hooks.yaml", "action.yml"):
        shutil.copy(ROOT / name, folder / name)
    shutil.copytree(ROOT / "src", folder / "src", ignore=shutil.ignore_patterns("__pycache__"))
    git(folder, "init", "--quiet", "--initial-branch=main")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message=all")
    return folder


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A user's repository: a mistake that stands, then a commit that adds another file with the same."""
    folder = tmp_path / "user"
    folder.mkdir()
    (folder / "old.py").write_text(WRONG)
    (folder / "right.py").write_text(RIGHT)
    git(folder, "init", "--quiet", "--initial-branch=main")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message=old")
    (folder / "new file.py").write_text(WRONG)
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message=new")
    return folder


def test_the_hooks_manifest_is_valid() -> None:
    done = run([sys.executable, "-m", "pre_commit", "validate-manifest", ".pre-commit-hooks.yaml"], ROOT)
    assert done.returncode == 0, done.stdout


def test_the_hook(published: Path, repository: Path, tmp_path: Path) -> None:
    hook = {"repo": str(published), "rev": git(published, "rev-parse", "HEAD"), "hooks": [{"id": "lossaudit"}]}
    (repository / ".pre-commit-config.yaml").write_text(yaml.safe_dump({"repos": [hook]}))
    (repository / "notes.txt").write_text(WRONG)
    git(repository, "add", "--all")
    home = {"PRE_COMMIT_HOME": str(tmp_path / "home"), **OFFLINE}
    pre_commit = [sys.executable, "-m", "pre_commit", "run", "--color=never"]

    done = run([*pre_commit, "--all-files"], repository, **home)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "- exit code: 1" in done.stdout
    assert re.search(r"^old\.py:9:\d+  error  double-softmax \(LA101\)$", done.stdout, re.MULTILINE)
    assert re.search(r"^new file\.py:9:\d+  error  double-softmax \(LA101\)$", done.stdout, re.MULTILINE)
    assert not re.search(r"^(right\.py|notes\.txt)", done.stdout, re.MULTILINE)
    assert re.search(r"^3 files, ", done.stdout, re.MULTILINE)

    done = run([*pre_commit, "--files", "right.py", "notes.txt"], repository, **home)
    assert done.returncode == 0, done.stdout + done.stderr


ACTION: Mapping[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text())


def test_the_action_is_valid() -> None:
    """By the schema of GitHub that check-jsonschema ships."""
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.github-actions", "action.yml"]
    done = run(command, ROOT)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_action_asks_for_no_secret_and_pastes_no_input_into_a_script() -> None:
    text = (ROOT / "action.yml").read_text()
    assert "secrets." not in text
    assert "github.token" not in text
    for step in ACTION["runs"]["steps"]:
        assert "${{" not in step.get("run", "")


@pytest.fixture(scope="module")
def temp(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The runner's folder for what is temporary, one for all tests: lossaudit is installed there once."""
    return tmp_path_factory.mktemp("runner")


class Runner:
    """What GitHub's runner does with a composite action, as far as ours asks for it."""

    def __init__(self, action: Path, workspace: Path, temp: Path, inputs: Mapping[str, str]) -> None:
        self.workspace, self.temp = workspace, temp
        self.installed = (temp / "lossaudit").exists()
        self.output = temp / "output"
        self.output.write_text("")
        defaults = {name: str(given.get("default", "")) for name, given in ACTION["inputs"].items()}
        self.inputs = {**defaults, "changed-since": "", **inputs}
        version, sarif = self.inputs["version"], self.inputs["sarif"] == "true"
        self.expressions = {
            **{f"inputs.{name}": value for name, value in self.inputs.items()},
            "inputs.version && format('lossaudit=={0}', inputs.version) || github.action_path": (
                f"lossaudit=={version}" if version else str(action)
            ),
            "inputs.sarif == 'true' && format('{0}/lossaudit.sarif', runner.temp) || ''": (
                f"{temp}/lossaudit.sarif" if sarif else ""
            ),
            "runner.temp": str(temp),
        }
        self.conditions = {
            "inputs.changed-since != ''": self.inputs["changed-since"] != "",
            "inputs.sarif == 'true' && !cancelled()": sarif,
        }
        self.uploaded: list[Path] = []

    def value(self, text: str) -> str:
        outputs = dict(line.split("=", 1) for line in self.output.read_text().splitlines())
        known = {**self.expressions, "steps.changed.outputs.base": outputs.get("base", "")}
        return re.sub(r"\$\{\{ (.*?) \}\}", lambda match: known[match.group(1)], text)

    def run(self) -> subprocess.CompletedProcess[str]:
        """Run all steps; after a failure only those whose condition says so. The outcome is that of Lint."""
        lint, failed = None, False
        for step in ACTION["runs"]["steps"]:
            condition = step.get("if", "")
            if (condition and not self.conditions[condition]) or (failed and "cancelled()" not in condition):
                continue
            if step["name"] == "Install lossaudit" and self.installed:
                continue  # by the test before
            if "uses" in step:
                self.uploaded.append(Path(self.value(step["with"]["sarif_file"])))
                continue
            done = self.bash(step)
            failed = failed or done.returncode != 0
            if step["name"] == "Lint" or failed:
                lint = lint or done
        assert lint is not None
        return lint

    def bash(self, step: Mapping[str, Any]) -> subprocess.CompletedProcess[str]:
        assert step["shell"] == "bash"
        script = self.temp / "script.sh"
        script.write_text(step["run"])
        env = {name: self.value(text) for name, text in step.get("env", {}).items()}
        given = {
            "RUNNER_TEMP": str(self.temp),
            "GITHUB_OUTPUT": str(self.output),
            "GITHUB_ACTIONS": "true",
            "CI": "true",
        }
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(script)]
        return run(command, self.workspace, **OFFLINE, **given, PATH=path, **env)


def test_the_action(published: Path, repository: Path, temp: Path) -> None:
    runner = Runner(published, repository, temp, {"paths": "old.py\nnew file.py\nright.py\n"})
    done = runner.run()
    assert done.returncode == 1, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    assert [line.split(",")[0] for line in lines[:-1]] == ["::error file=new file.py", "::error file=old.py"]
    assert all(",line=9," in line and line.endswith("/rules/double_softmax.md") for line in lines[:-1])
    assert lines[-1].startswith("3 files, ")
    assert runner.uploaded == []


def test_the_action_reports_what_a_pull_request_changes(
    published: Path, repository: Path, temp: Path, tmp_path: Path
) -> None:
    """In a checkout of one commit, as `actions/checkout` makes it: the base has to be fetched."""
    git(repository, "config", "uploadpack.allowAnySHA1InWant", "true")  # as GitHub's servers have it
    git(tmp_path, "clone", "--quiet", "--depth=1", repository.as_uri(), "checkout")
    base = git(repository, "rev-parse", "HEAD^")
    inputs = {"changed-since": base, "args": "--select double-softmax --exit-zero", "sarif": "true"}
    runner = Runner(published, tmp_path / "checkout", temp, inputs)
    done = runner.run()
    assert done.returncode == 0, done.stdout + done.stderr
    assert [line.split(",")[0] for line in done.stdout.splitlines()[:-1]] == ["::error file=new file.py"]
    (sarif,) = runner.uploaded
    assert '"uri": "new%20file.py"' in sarif.read_text()


def test_the_action_says_that_a_base_does_not_exist(published: Path, repository: Path, temp: Path) -> None:
    runner = Runner(published, repository, temp, {"changed-since": "--upload-pack=touch x"})
    done = runner.run()
    assert done.returncode != 0
    assert not (repository / "x").exists()
