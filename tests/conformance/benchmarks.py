"""Problems of the PEtab benchmark collection: simulations at the nominal parameters, and known likelihoods.

A table of parameters may hold rounded what its SBML file holds in full, and the collection's simulations may be those
of the full numbers. In Chen 2009 18 of 155 values are rounded to three digits: with the rounded ones 66 of 120
simulations differ by up to 2.8e-3, with the full ones none by more than 2e-7. (AMICI at 1e-12 agrees with the engine
here to 6e-11 at the rounded ones.) So where the nominal values miss, the full ones are tried.
"""

from __future__ import annotations

import csv
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np

from pathway.fitting.problem import ProblemError
from pathway.formats.errors import FormatError

from .outcome import ERROR, FAILED, PASSED, REFUSED, Outcome

VARIABLE = "PETAB_BENCHMARKS"

TOLERANCE = 1e-4
"""Relative to the value."""

FAINT = 1e-6
"""Values below this share of the noise of their measurement are not compared: the files do not hold them."""

FEWEST_DIGITS = 3
"""A number is not taken to be rounded to fewer: 10000 in a table does not stand for 12345."""

REFERENCES = {"Boehm_JProteomeRes2014": 138.22199, "Fujita_SciSignal2010": -53.0838}
"""Negative log-likelihood at the nominal parameters, from other tools."""

COARSE = {"Fujita_SciSignal2010": 2e-2}
"""Files that seem to hold less. For Fujita the likelihood here agrees with the published reference to all its
digits, so the file is taken to be imprecise; that is inferred, no third program was run to show it."""


def cases(folder: Path) -> list[Path]:
    """The folder of every problem."""
    return sorted(p for p in folder.iterdir() if any(p.glob("*.yaml")))


def judge(case: Path) -> Outcome:
    """Read one problem, simulate it, and compare with the collection's own simulation."""
    from pathway.fitting.layout import Layout
    from pathway.fitting.objective import Objective, RunFailure
    from pathway.fitting.runs import EngineRunner
    from pathway.formats.petab import read_petab

    file = case / f"{case.name}.yaml"
    began = time.perf_counter()
    try:
        problem = read_petab(file if file.exists() else next(case.glob("*.yaml")))
    except (ProblemError, FormatError) as reason:
        return Outcome(case.name, REFUSED, " ".join(str(reason).split()))
    loaded = time.perf_counter() - began
    try:
        objective = Objective(problem, EngineRunner(Layout(problem), relative_tolerance=1e-10))
        found = objective.compare()
        reason = difference(problem, found, case)
        full = _in_full(problem, case)
        if reason and not np.array_equal(full, problem.nominal):
            reason = difference(problem, objective.compare(full), case)
    except RunFailure as reason:
        return Outcome(case.name, ERROR, str(reason))
    known = REFERENCES.get(case.name)
    if known is not None and abs(-found.log_likelihood - known) > 1e-4 * max(1.0, abs(known)):
        reason = f"negative log-likelihood is {-found.log_likelihood:.9g}, expected {known:.9g}"
    if loaded > 10.0:
        reason = reason or f"reading took {loaded:.1f} s"
    return Outcome(case.name, FAILED if reason else PASSED, reason)


def _in_full(problem: Any, case: Path) -> np.ndarray:
    """The nominal values, replaced by the SBML file's own where the table says the same in fewer digits."""
    with next(case.glob("parameters*.tsv")).open(newline="") as stream:
        texts = {row["parameterId"]: row["nominalValue"] for row in csv.DictReader(stream, delimiter="\t")}
    own = dict(zip(problem.model.parameters, problem.model.parameter_values, strict=True))
    values = np.array(problem.nominal, dtype=float)
    for k, parameter in enumerate(problem.estimated):
        value = float(own.get(parameter.name, values[k]))
        digits = len(texts[parameter.name].lower().partition("e")[0].replace(".", "").strip("-0"))
        if float(f"{value:.{max(digits, FEWEST_DIGITS) - 1}e}") == values[k]:
            values[k] = value
    return values


def difference(problem: Any, found: Any, case: Path) -> str:
    """How many simulations are off, and the worst; "" if none is.

    Files follow the measurements row by row, or say which observable, condition and time each row belongs to (then
    replicates are matched by their order).
    """
    files = [*case.glob("simulatedData*.tsv")]
    if not files:
        return ""
    with files[0].open(newline="") as stream:
        rows = list(csv.DictReader(stream, delimiter="\t"))
    goals = [float(row.get("simulation") or row["measurement"]) for row in rows]
    limit = COARSE.get(case.name, TOLERANCE)
    in_order = list(range(len(rows))) if len(rows) == len(problem.measurements) else []
    tried = [_off(problem, found, goals, match, limit) for match in (in_order, _by_key(problem, rows)) if match]
    if not tried:
        return "the rows of the file cannot be matched with the measurements"
    return min(tried)[1]


def _by_key(problem: Any, rows: list[dict[str, str]]) -> list[int]:
    """The measurement of each row by observable, condition and time; empty where the file does not say."""
    places: dict[tuple, list[int]] = defaultdict(list)
    for k, m in enumerate(problem.measurements):
        places[m.observable, m.experiment.split(" then ")[-1], m.time].append(k)
    match = []
    for row in rows:
        key = (row["observableId"], row.get("simulationConditionId", ""), float(row["time"]))
        if not places[key]:
            return []
        match.append(places[key].pop(0) if len(places[key]) > 1 else places[key][0])
    return match


def _off(problem: Any, found: Any, goals: list[float], match: list[int], limit: float) -> tuple[int, str]:
    """How many values are off, and in words."""
    count, worst, where = 0, 0.0, ""
    for goal, k in zip(goals, match, strict=True):
        value, m = float(found.simulated[k]), problem.measurements[k]
        size = max(abs(goal), abs(value))
        if size <= FAINT * float(found.noise[k]):
            continue
        off = abs(value - goal) / size
        count += off > limit
        if off > worst:
            worst, where = off, f"{m.observable} at {m.time:g} in {m.experiment}: {value:.9g} against {goal:.9g}"
    text = f"{count} of {len(goals)} simulations are off, the worst by {worst:.1e} ({where})"
    return count, text if count else ""
