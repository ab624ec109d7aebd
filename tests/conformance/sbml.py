"""Cases of the SBML semantic test suite: one folder each, with model, settings and expected results."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from pathway.expressions import Expression
from pathway.formats.errors import FormatError
from pathway.formats.sbml import SbmlModel, read_sbml

from .outcome import ERROR, FAILED, OTHER, PASSED, REFUSED, Outcome

VARIABLE = "SBML_TEST_SUITE"
REFUSALS = {
    "00982": "delay() by a time that changes or is negative",
    "00985": "delay() by a time that changes or is negative",
    "00988": "has no equilibrium that it always returns to",
    "01399": "has no equilibrium that it always returns to",
    "01480": "depends on delayed values",
    "01570": "has no equilibrium that it always returns to",
}


def cases(folder: Path) -> list[Path]:
    """The folder of every case."""
    return sorted(p for p in folder.iterdir() if (p / f"{p.name}-settings.txt").exists())


def judge(case: Path) -> Outcome:
    """Read, run and compare one case, as its settings ask."""
    number = case.name
    description = (case / f"{number}-model.m").read_text(errors="replace")
    tags = _tags(description)
    if not re.search(r"testType:\s*TimeCourse", description):
        return Outcome(number, OTHER, "not a time course", tags)
    try:
        found = read_sbml(_model_file(case))
    except FormatError as problem:
        return Outcome(number, REFUSED, str(problem), tags)
    wanted = settings(case / f"{number}-settings.txt")
    names, expected = expected_results(case / f"{number}-results.csv")
    from pathway.simulation import SimulationError

    try:
        got = run(found, names, wanted)
    except SimulationError as problem:
        return Outcome(number, ERROR, str(problem), tags)
    reason = difference(names, got, expected, float(wanted["absolute"]), float(wanted["relative"]))
    return Outcome(number, FAILED if reason else PASSED, reason, tags)


def _model_file(case: Path) -> Path:
    """The model in the newest level and version that the folder has; a single one carries no level in its name."""
    single = case / f"{case.name}.xml"
    return single if single.exists() else sorted(case.glob(f"{case.name}-sbml-l*v*.xml"))[-1]


def _tags(description: str) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for line in re.findall(r"^\s*(?:component|test)Tags:(.*)$", description, re.MULTILINE):
        found |= dict.fromkeys(word.strip() for word in line.split(",") if word.strip())
    return tuple(found)


def settings(path: Path) -> dict[str, str]:
    """The lines `name: value` of a settings file."""
    lines = (line.split(":", 1) for line in path.read_text().splitlines() if ":" in line)
    return {name.strip(): value.strip() for name, value in lines}


def expected_results(path: Path) -> tuple[list[str], np.ndarray]:
    """Column names after the time, and all columns, shape (n_times, 1 + n_names)."""
    with path.open(newline="") as file:
        rows = [row for row in csv.reader(file) if row]
    return [name.strip() for name in rows[0][1:]], np.array([[float(x) for x in row] for row in rows[1:]])


def wanted_formulas(found: SbmlModel, names: list[str], wanted: Mapping[str, str]) -> dict[str, Expression]:
    """What each reported name means: amount, concentration, or its meaning in the file."""
    amounts, concentrations = (
        {w.strip() for w in wanted.get(key, "").split(",")} for key in ("amount", "concentration")
    )
    formulas = {}
    for name in names:
        if name in amounts and name in found.amounts:
            formulas[name] = found.amounts[name]
        elif name in concentrations and name in found.concentrations:
            formulas[name] = found.concentrations[name]
        else:
            formulas[name] = found.values[name]
    return formulas


def run(found: SbmlModel, names: list[str], wanted: Mapping[str, str]) -> np.ndarray:
    """The reported columns, shape (n_times, n_names)."""
    from pathway.simulation import simulate

    formulas = wanted_formulas(found, names, wanted)
    labels = {name: f"reported {name}" for name in names}
    model = replace(found.model, observables={labels[n]: f for n, f in formulas.items()})
    start, duration = float(wanted["start"]), float(wanted["duration"])
    times = np.linspace(start, start + duration, int(wanted["steps"]) + 1)
    absolute, relative = float(wanted["absolute"]), float(wanted["relative"])
    trajectory = simulate(
        model, times, relative_tolerance=min(1e-8, relative * 1e-3), absolute_tolerance=min(1e-10, absolute * 1e-5)
    )
    return trajectory.observables([labels[n] for n in names])


def difference(names: list[str], got: np.ndarray, expected: np.ndarray, absolute: float, relative: float) -> str:
    """The first number that is off by more than `absolute + relative * |expected|`, in words; "" if none is."""
    columns = expected[:, 1:]
    if got.shape != columns.shape:
        return f"{got.shape[0]} times and {got.shape[1]} columns, expected {columns.shape[0]} and {columns.shape[1]}"
    with np.errstate(invalid="ignore"):
        fine = np.abs(got - columns) <= absolute + relative * np.abs(columns)
    fine |= (np.isnan(got) & np.isnan(columns)) | (got == columns)
    if fine.all():
        return ""
    row, column = np.argwhere(~fine)[0]
    count = int((~fine).sum())
    return (
        f"{names[column]} at time {expected[row, 0]:g} is {got[row, column]:.9g}, expected {columns[row, column]:.9g} "
        f"({count} of {fine.size} numbers are off)"
    )
