"""What is installed with the package, what with an extra, and what is said where an extra is not there."""

import os
import re
import subprocess
import sys
import tomllib
from functools import cache
from pathlib import Path

import numpy as np
import pytest

import pathway
from pathway import extras
from pathway.analysis.global_sensitivity import ParameterRanges, morris_effects
from pathway.formats.antimony import read_antimony_text
from pathway.formats.petab import read_petab
from pathway.simulation.ensemble_file import simulate_to_file
from tests.test_layers import PACKAGE, imported_names

PROJECT = tomllib.loads((PACKAGE.parent / "pyproject.toml").read_text(encoding="utf-8"))["project"]
MODULES = {
    "python-libsbml": "libsbml",
    "PyYAML": "yaml",
    "dask": "distributed",
    "markdown-it-py": "markdown_it",
    "pillow": "PIL",
}
"""Of distributions whose modules have another name."""
AT_CHOICE = {"IPython", "emcee", "nutpie", "arviz", "google"}
"""Looked for, and done without where they are not there; those of an extra have words of their own."""


def modules_of(requirements: list[str]) -> set[str]:
    names = [re.split(r"[\[<>=~!; ]", line)[0] for line in requirements]
    return {MODULES.get(name, name) for name in names}


BASE = modules_of(PROJECT["dependencies"])
OPTIONAL = PROJECT["optional-dependencies"]


@cache
def imported() -> set[str]:
    tops = {name.split(".")[0] for file in PACKAGE.rglob("*.py") for name in imported_names(file)}
    return tops - set(sys.stdlib_module_names) - {"pathway"}


def test_what_the_package_imports_is_installed_with_it_or_of_an_extra():
    of_extras = set().union(*map(modules_of, OPTIONAL.values()))
    assert imported() <= BASE | of_extras | AT_CHOICE
    assert imported() - BASE <= set(extras.EXTRAS) | AT_CHOICE | {"distributed", "dask"}


def test_nothing_is_installed_that_the_package_does_not_import():
    assert BASE - imported() == set()


def test_every_library_is_brought_by_the_extra_that_is_named_and_by_the_one_for_tests():
    for library, extra in extras.EXTRAS.items():
        assert library in modules_of(OPTIONAL[extra]), library
        assert library in modules_of(OPTIONAL["test"]) or library == "xarray", library
    (everything,) = OPTIONAL["all"]
    assert set(extras.EXTRAS.values()) <= set(re.split(r"[\[\],]", everything))


def _antimony() -> None:
    read_antimony_text("S1 -> S2; k*S1; k = 1; S1 = 1", "model")


def _petab() -> None:
    read_petab(Path("problem.yaml"))


def _sensitivity() -> None:
    ranges = ParameterRanges(("a",), np.zeros(1), np.ones(1), np.zeros(1, dtype=bool))
    morris_effects(lambda rows: rows[:, 0], ranges, 4, 1)


def _file() -> None:
    simulate_to_file(pathway.load("bt474"), [0.0, 1.0], np.zeros((1, 1)), "members.nc")


def _clinic() -> None:
    pathway.cohort("women37", women=74)


def _table() -> None:
    pathway.agents().to_dataframe()


@pytest.mark.parametrize(
    ("library", "ask"),
    [
        ("antimony", _antimony),
        ("petab", _petab),
        ("SALib", _sensitivity),
        ("h5py", _file),
        ("pandas", _table),
        ("lifelines", _clinic),
    ],
)
def test_a_library_that_is_not_there_is_told_in_one_line_with_the_extra_that_brings_it(library, ask, monkeypatch):
    monkeypatch.setattr(extras, "find_spec", lambda name: None)
    with pytest.raises(ImportError) as told:
        ask()
    assert str(told.value).startswith(f"this needs {library}, which is not installed: pip install {library} (")
    assert f"extra '{extras.EXTRAS[library]}'" in str(told.value)


@pytest.mark.parametrize("library", ["nutpie", "petab.v1"])
def test_what_a_library_brings_needs_no_home_and_says_nothing(library):
    """Of a home that cannot be written Matplotlib tells, and ArviZ ends the import."""
    pytest.importorskip(library)
    home = {"HOME": "/proc/1", "XDG_CACHE_HOME": "/proc/1/cache", "PYTHONPATH": str(PACKAGE.parent)}
    code = f"from pathway.extras import importing_quietly\nwith importing_quietly():\n    import {library}"
    done = subprocess.run([sys.executable, "-c", code], env={**os.environ, **home}, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
