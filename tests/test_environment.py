"""One environment, however it is made: pyproject.toml, requirements.lock, the Makefile and environment.yml agree."""

import re
import subprocess
import sys
import sysconfig
import tomllib
from importlib.metadata import distributions
from pathlib import Path

import pytest
import yaml
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from helpers.atomic_write import replace_file

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EXACT = ("nbgrader", "nbval", "nbclient", "nbconvert", "ipykernel", "numpy")


def pins(extras=("test", "site")):
    """Return the requirements of the project and of some extras; without others, of those that `make test` installs."""
    lines = [line for extra in extras for line in PROJECT["optional-dependencies"][extra]]
    return [Requirement(line) for line in PROJECT["dependencies"] + lines]


def lock():
    """Return the lines of requirements.lock."""
    lines = (ROOT / "requirements.lock").read_text().splitlines()
    return [Requirement(line) for line in lines if line and not line.lstrip().startswith("#")]


def install_options(line):
    """Return what a line says to pip: the constraint file, and the project with its extras."""
    return re.search(r'-c (\S+) -e "?(\S+?)"?(?:\s|$)', line).groups()


def test_what_reaches_the_score_is_pinned_exactly():
    exact = {pin.name for pin in pins() if re.fullmatch(r"==[\d.]+", str(pin.specifier))}
    assert exact >= set(EXACT)


@pytest.mark.parametrize("pin", pins(("test", "site", "scale", "hub")), ids=lambda pin: pin.name)
def test_the_lock_has_the_version_that_the_project_pins(pin):
    locked = [line for line in lock() if line.name == pin.name]
    assert locked, f"{pin.name} is not in requirements.lock: run `make lock`."
    for line in locked:
        assert line.specifier == pin.specifier


def test_this_environment_is_the_locked_one():
    site = [sysconfig.get_path("purelib"), sysconfig.get_path("platlib")]  # and not what setuptools carries inside
    here = {canonicalize_name(package.name): package.version for package in distributions(path=site)}
    assert {canonicalize_name(pin.name) for pin in pins()} <= here.keys()
    locked = [line for line in lock() if not line.marker or line.marker.evaluate(default_environment())]
    expected = {line.name: str(line.specifier) for line in locked if line.name in here}
    assert {name: f"=={here[name]}" for name in expected} == expected
    unlocked = here.keys() - expected.keys() - {"helpers", "pip", "setuptools"}
    assert unlocked == set()


def test_the_lock_names_no_folder_of_a_machine():
    assert "/" not in (ROOT / "requirements.lock").read_text()


def test_conda_gets_the_same_environment():
    conda = yaml.safe_load((ROOT / "environment.yml").read_text())
    *from_conda, from_pip = conda["dependencies"]
    python = Requirement(next(line for line in from_conda if line.startswith("python")))
    assert str(python.specifier) == PROJECT["requires-python"]
    assert sorted(re.split(r"\W", line)[0] for line in from_conda) == ["pip", "python"]
    makefile = (ROOT / "Makefile").read_text()
    assert install_options(" ".join(from_pip["pip"])) == install_options(makefile.replace("$(2)", ""))


def test_the_checks_are_imported_without_compiling_a_grammar():
    code = "import helpers.checks, sys; print({'nbformat', 'lark'} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "{'nbformat'}\n"


@pytest.mark.parametrize(
    "copies, said, edition",
    [
        ([], [], "en"),
        (["00_start_here"], [], "en"),
        (["ko"], [], "ko"),
        (["00_start_here", "ko"], [], "en"),
        (["ab", "ko"], [], "ko"),
        (["ab", "zh"], [], "en"),
        (["kok"], [], "kok"),
        (["ko"], ["EDITION=en"], "en"),
        (["00_start_here"], ["EDITION=ko"], "ko"),
    ],
)
def test_the_edition_is_that_of_the_notebooks_in_my_unless_one_is_named(copies, said, edition, tmp_path):
    for copy in copies:
        (tmp_path / "my" / copy).mkdir(parents=True)
    for language in "ko", "kok":
        replace_file(tmp_path / "helpers/language/catalogues" / f"{language}.mo", b"")
    command = ["make", "-f", ROOT / "Makefile", "--eval", "show:;@echo $$COURSE_EDITION", "show", *said]
    found = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert found.stdout.split() == [edition]
