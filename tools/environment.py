"""Make or update the environment in `.venv` that `make demo` and `make test` use.

    python3 tools/environment.py demo|test

A stamp in `.venv` holds a hash of all that decides its contents, so a second start installs nothing.
Needs nothing but the standard library.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.metadata
import importlib.util
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
INPUTS = [ROOT / "pyproject.toml", ROOT / "constraints.txt", Path(__file__)]
OLDEST_TORCH = (2, 4)


@dataclass(frozen=True)
class Purpose:
    """What is installed, and the room it takes (GB, as measured on Linux) without torch."""

    extra: str
    contents: str
    gigabytes: float


PURPOSES = {
    "demo": Purpose("demo", "lossaudit, numpy, scikit-learn", 0.4),
    "test": Purpose(
        "test", "lossaudit, numpy, scikit-learn, CVXPY, lightning, transformers, IPython and the test tools", 0.9
    ),
}
TORCH_GIGABYTES = 0.9
COMMANDS = ["ruff", "pyrefly", "import-linter"]  # started by name, so they must lie in .venv itself


@dataclass(frozen=True)
class Torch:
    """A torch that the chosen Python can already import."""

    version: str
    folder: Path


def existing_torch() -> Torch | None:
    """The torch of the Python that runs this file, if it works and is not too old."""
    try:
        import torch
    except Exception:  # a broken torch may raise anything; a working one is put beside it
        return None
    if VENV in Path(torch.__file__).parents:  # started from inside the environment itself
        return None
    version = importlib.metadata.version("torch")
    if tuple(int(part) for part in version.split(".")[:2]) < OLDEST_TORCH:
        return None
    return Torch(version, Path(torch.__file__).parent.parent)


def stamp(purpose: str) -> str:
    """Changes with the declared dependencies and with the Python that is used."""
    prefix = sys.base_prefix if Path(sys.prefix) == VENV else sys.prefix
    digest = hashlib.sha256("\n".join([purpose, prefix, sys.version]).encode())
    for path in INPUTS:
        digest.update(path.read_bytes())
    return digest.hexdigest()


def is_current(purpose: str) -> bool:
    """Whether `.venv` holds what this purpose needs; the tests' environment holds the demo's too."""
    covering = [purpose, "test"] if purpose == "demo" else [purpose]
    files = {name: VENV / f"{name}.stamp" for name in covering}
    return PYTHON.exists() and any(file.exists() and file.read_text() == stamp(name) for name, file in files.items())


def check_room(gigabytes: float) -> None:
    """Stop with one sentence if the disk cannot take the installation and its unpacking."""
    free, needed = shutil.disk_usage(ROOT).free / 1e9, 1.5 * gigabytes
    if free < needed:
        sys.exit(f"{ROOT} has {free:.1f} GB of disk left and {needed:.1f} GB are needed: make room, then start again.")


def make_venv() -> None:
    """Make `.venv` unless a working one of the same Python is there."""
    if PYTHON.exists():
        ask = [PYTHON, "-c", "import pip, sys; print(sys.version)"]
        if subprocess.run(ask, capture_output=True, text=True).stdout.strip() == sys.version:
            return
    if importlib.util.find_spec("venv") is None or importlib.util.find_spec("ensurepip") is None:
        major, minor = sys.version_info[:2]
        sys.exit(
            f"{sys.executable} cannot make environments, its venv or ensurepip is missing: "
            f"on Debian or Ubuntu run `sudo apt install python{major}.{minor}-venv`, then start again."
        )
    print(f"Making {VENV} with Python {sys.version.split()[0]}", flush=True)
    subprocess.run([sys.executable, "-m", "venv", "--clear", VENV], check=True)


def constraints(torch: Torch | None) -> Path:
    """The versions that are tested; an existing torch is pinned to what it is, so that pip leaves it alone."""
    if torch is None:
        return ROOT / "constraints.txt"
    lines = [line for line in (ROOT / "constraints.txt").read_text().splitlines() if not line.startswith("torch==")]
    path = VENV / "constraints.txt"
    path.write_text("\n".join([*lines, f"torch=={torch.version}", ""]))
    return path


def reuse(torch: Torch | None) -> None:
    """Let `.venv` see the folder of an existing torch, behind its own packages."""
    ask = [PYTHON, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
    link = Path(subprocess.run(ask, check=True, capture_output=True, text=True).stdout.strip()) / "existing_torch.pth"
    if torch is None:
        link.unlink(missing_ok=True)
    else:
        link.write_text(f"{torch.folder}\n")


def install(name: str) -> None:
    """Install what the purpose needs, with pip's own progress on the terminal."""
    purpose = PURPOSES[name]
    torch = existing_torch()
    size = purpose.gigabytes + (TORCH_GIGABYTES if torch is None else 0)
    check_room(size)
    make_venv()
    reuse(torch)
    if torch is None:
        print(f"Installing torch, {purpose.contents} into .venv: about {size:.1f} GB with the CPU build of torch.")
        print("A CUDA build takes several GB more. To choose, install torch for your Python first: it is then used.")
    else:
        print(f"Using torch {torch.version} of {torch.folder}")
        print(f"Installing {purpose.contents} into .venv: about {size:.1f} GB")
    sys.stdout.flush()
    pip: list[str | Path] = [PYTHON, "-m", "pip", "--disable-pip-version-check", "--no-input", "install"]
    pinned = ["-c", constraints(torch)]
    steps = [[*pip, *pinned, "-e", f"{ROOT}[{purpose.extra}]"]]
    if torch is not None and name == "test":
        steps.append([*pip, *pinned, "--ignore-installed", "--no-deps", *COMMANDS])
    if any(subprocess.run(step).returncode for step in steps):
        sys.exit(
            "pip could not install this (its reason is above); when that is mended, start again: it goes on from here."
        )
    (VENV / f"{name}.stamp").write_text(stamp(name))


def main() -> None:
    """Install unless the stamp says that nothing has changed."""
    parser = argparse.ArgumentParser(description="Make or update .venv.")
    parser.add_argument("purpose", choices=PURPOSES)
    purpose = parser.parse_args().purpose
    if not is_current(purpose):
        install(purpose)


if __name__ == "__main__":
    main()
