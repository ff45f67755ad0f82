"""What is installed: the wheel, its dependencies, and the versions that CI pins."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from email.parser import Parser
from pathlib import Path
from zipfile import ZipFile

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import lossaudit

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EXTRAS = PROJECT["optional-dependencies"]
PINS = dict(line.split("==") for line in (ROOT / "constraints.txt").read_text().splitlines() if line and line[0] != "#")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this tree, built without a network."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    done = subprocess.run(build, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return next(folder.glob("*.whl"))


def requirements(extra: str) -> list[Requirement]:
    """The outside requirements of an extra, those of the extras it names included."""
    found = []
    for requirement in map(Requirement, EXTRAS[extra]):
        inner = requirement.name == "lossaudit"
        found += [each for name in requirement.extras for each in requirements(name)] if inner else [requirement]
    return found


def test_the_wheel_holds_every_file_of_the_package_and_no_other(wheel: Path) -> None:
    package = ROOT / "src" / "lossaudit"
    files = {f"lossaudit/{file.relative_to(package).as_posix()}" for file in package.rglob("*") if file.is_file()}
    built = {name for name in ZipFile(wheel).namelist() if not name.startswith("lossaudit-")}
    assert built == {name for name in files if "__pycache__" not in name}
    assert "lossaudit/py.typed" in built


def test_the_wheel_holds_the_page_of_every_rule(wheel: Path) -> None:
    from lossaudit.rules import RULES

    built = set(ZipFile(wheel).namelist())
    assert RULES
    assert {f"lossaudit/rules/{name.replace('-', '_')}.md" for name in RULES} <= built


def test_the_wheel_says_what_it_is(wheel: Path) -> None:
    files = ZipFile(wheel)
    [info] = [name.rpartition("/")[0] for name in files.namelist() if name.endswith(".dist-info/METADATA")]
    metadata = Parser().parsestr(files.read(f"{info}/METADATA").decode())
    assert metadata["Version"] == lossaudit.__version__
    assert metadata["License-Expression"] == "Apache-2.0"
    assert "Apache License" in files.read(f"{info}/licenses/LICENSE").decode()
    assert "lossaudit = lossaudit.cli.main:main" in files.read(f"{info}/entry_points.txt").decode()


def test_the_wheel_is_imported_and_asked_without_torch(wheel: Path) -> None:
    code = (
        "import sys, lossaudit; from lossaudit.cli.main import main; main(['rules']); "
        "assert not {'torch', 'numpy', 'flint'} & set(sys.modules); print(lossaudit.__file__)"
    )
    # Unpacked, as pip installs it: a rule's page is a file beside the rule.
    unpacked = wheel.parent / "unpacked"
    ZipFile(wheel).extractall(unpacked)
    start = f"import sys; sys.path.insert(0, {str(unpacked)!r}); {code}"
    done = subprocess.run([sys.executable, "-c", start], capture_output=True, text=True, cwd=wheel.parent)
    assert done.returncode == 0, done.stderr
    assert Path(done.stdout.splitlines()[-1]).is_relative_to(unpacked)


@pytest.mark.parametrize("extra", EXTRAS)
def test_every_requirement_is_pinned_within_its_range(extra: str) -> None:
    pinned = {canonicalize_name(name): version for name, version in PINS.items()}
    for requirement in [*map(Requirement, PROJECT["dependencies"]), *requirements(extra)]:
        assert requirement.specifier.contains(pinned[canonicalize_name(requirement.name)]), requirement


def test_the_core_needs_no_framework() -> None:
    assert [Requirement(each).name for each in PROJECT["dependencies"]] == ["python-flint"]


def test_pins_are_versions_and_nothing_else() -> None:
    assert PINS["torch"] == "2.13.0"
    assert all(re.fullmatch(r"[0-9]+(\.[0-9]+)*(\.post[0-9]+)?", version) for version in PINS.values())
    assert not {"torchvision", "torchaudio", "lossaudit"} & set(PINS)
