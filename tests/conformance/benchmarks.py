"""Problems of the PEtab benchmark collection: simulations at the nominal parameters, and known likelihoods.

A table of parameters may hold rounded what its SBML file holds in full, and the collection's simulations may be those
of the full numbers. In Chen 2009 18 of 155 values are rounded to three digits: with the rounded ones 66 of 120
simulations differ by up to 2.8e-3, with the full ones none by more than 2e-7. (AMICI at 1e-12 agrees with the engine
here to 6e-11 at the rounded ones.) So where the nominal values miss, the full ones are tried.
"""

from __future__ import annotations

import csv
import math
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from pathway.fitting.problem import ProblemError
from pathway.formats.errors import FormatError

from .outcome import ERROR, FAILED, OTHER, PASSED, REFUSED, Outcome

VARIABLE = "PETAB_BENCHMARKS"
REFUSALS: dict[str, str] = {}

TOLERANCE = 1e-4
"""Relative to the value, or to the noise of its measurement where that is larger: near zero no digits are held."""

VISIBLE = 1e-2
"""Values above this share of their noise have enough digits in a table to form ratios of."""

FEWEST_DIGITS = 3
"""A number is not taken to be rounded to fewer: 10000 in a table does not stand for 12345."""

REFERENCES = {
    "Bachmann_MSB2011": 418.40573341425295,
    "Beer_MolBioSystems2014": 58622.9145631413,
    "Boehm_JProteomeRes2014": -138.22199693517703,
    "Borghans_BiophysChem1997": 83.3237191357272,
    "Brannmark_JBC2010": -141.889113770537,
    "Bruno_JExpBot2016": 46.688176988431806,
    "Crauste_CellSystems2017": -190.96521897435176,
    "Elowitz_Nature2000": 63.20279991419332,
    "Fiedler_BMCSystBiol2016": 58.58390161681,
    "Fujita_SciSignal2010": 53.08377736998929,
    "Isensee_JCB2018": -3949.375966548649,
    "Lucarelli_CellSystems2018": -1681.6059879426584,
    "Schwen_PONE2014": -943.9992988598723,
    "Smith_BMCSystBiol2013": -888198.436541014,
    "Sneyd_PNAS2002": 319.79177818768756,
    "Weber_BMC2015": -296.2017922646865,
    "Zheng_PNAS2012": 278.33353271001477,
}
"""Log-likelihood at the nominal parameters, without priors: AMICI's references (tests/benchmark_models of its
repository), checked there against the collection's own where these are comparable. Chen 2009 is left out: with these
files the petab library gives the collection's own table another one (-130669) than is published (-115700)."""


def cases(folder: Path) -> list[Path]:
    """The folder of every problem."""
    return sorted(p for p in folder.iterdir() if any(p.glob("*.yaml")))


def problem_file(case: Path) -> Path:
    """The YAML file of a problem."""
    file = case / f"{case.name}.yaml"
    return file if file.exists() else next(case.glob("*.yaml"))


def judge(case: Path) -> Outcome:
    """Read one problem, simulate it, and compare with the collection's own simulation."""
    from pathway.fitting.objective import Objective, RunError
    from pathway.fitting.objective.assembled import simulation_plan
    from pathway.formats.petab import read_petab
    from pathway.simulation.protocol.runner import Runner

    began = time.process_time()  # of this process: other work on the machine is no fault of the reader
    try:
        problem = read_petab(problem_file(case))
    except (ProblemError, FormatError) as reason:
        return Outcome(case.name, REFUSED, " ".join(str(reason).split()))
    loaded = time.process_time() - began
    known = REFERENCES.get(case.name)
    if known is None and not _table(problem, case)[0]:
        return Outcome(case.name, OTHER, "nothing to compare with: no table of simulations, no published likelihood")
    try:
        objective = Objective(problem, Runner(simulation_plan(problem), relative_tolerance=1e-10))
        found = objective.compare()
        full = _in_full(problem, case)
        if known is not None and not _agrees(found.log_likelihood, known):
            reason = f"log-likelihood is {found.log_likelihood:.9g}, expected {known:.9g}"
            return Outcome(case.name, FAILED, reason)
        reason = difference(problem, found, case)
        if reason and not np.array_equal(full, problem.nominal):
            reason = difference(problem, objective.compare(full), case)
        another = _is_of_another_fit(problem, objective, found, case, known) if reason else ""
    except RunError as error:
        return Outcome(case.name, ERROR, str(error))
    if another and known is None:
        return Outcome(case.name, OTHER, f"nothing to compare with: {another}")
    reason = "" if another else reason
    if loaded > 10.0:
        reason = reason or f"reading took {loaded:.1f} s"
    return Outcome(case.name, FAILED if reason else PASSED, reason)


def _agrees(value: float, known: float) -> bool:
    return abs(value - known) <= TOLERANCE * max(1.0, abs(known))


def _in_full(problem: Any, case: Path) -> np.ndarray:
    """The nominal values, replaced by the SBML file's own where the table says the same in fewer digits."""
    named = yaml.safe_load(problem_file(case).read_text(encoding="utf-8"))["parameter_file"]
    texts = {}
    for name in [named] if isinstance(named, str) else named:
        with (case / name).open(newline="") as stream:
            texts |= {row["parameterId"]: row["nominalValue"] for row in csv.DictReader(stream, delimiter="\t")}
    own = dict(zip(problem.model.parameters, problem.model.parameter_values, strict=True))
    values = np.array(problem.nominal, dtype=float)
    for k, parameter in enumerate(problem.estimated):
        value = float(own.get(parameter.name, values[k]))
        digits = len(texts[parameter.name].lower().partition("e")[0].replace(".", "").strip("-0"))
        if float(f"{value:.{max(digits, FEWEST_DIGITS) - 1}e}") == values[k]:
            values[k] = value
    return values


def gradient_error(case: Path, directions: int = 5) -> float:
    """Largest deviation of the gradient, as a fit uses it, from high-precision differences along random directions.

    Over the largest entry of the gradient, at a point near the nominal one. Differences are of fourth order, of
    objective values at a relative tolerance of 1e-12 (closer points would meet the noise of those).
    """
    from pathway.fitting.estimation_problem import EstimationProblem
    from pathway.formats.petab import read_petab

    problem = EstimationProblem(read_petab(problem_file(case)))
    rng = np.random.default_rng(5)
    lower, upper = problem.lower, problem.upper
    inside = np.minimum(0.01, 0.25 * (upper - lower))
    x = np.clip(problem.nominal + 0.05 * rng.normal(size=len(lower)), lower + inside, upper - inside)
    gradient = problem.gradient(x)
    exact = EstimationProblem(problem.definition, relative_tolerance=1e-12)
    worst, h = 0.0, 4e-3
    for _ in range(directions):
        along = rng.choice([-1.0, 1.0], size=len(x)) / math.sqrt(len(x))
        ahead, back, far_ahead, far_back = exact.values(x + h * np.multiply.outer([1.0, -1.0, 2.0, -2.0], along))
        difference = (8.0 * (ahead - back) - (far_ahead - far_back)) / (12.0 * h)
        worst = max(worst, abs(float(gradient @ along) - difference))
    return worst / float(np.abs(gradient).max())


def difference(problem: Any, found: Any, case: Path) -> str:
    """How many simulations are off, and the worst; "" if none is.

    Files follow the measurements row by row, or say which observable, condition and time each row belongs to (then
    replicates are matched by their order).
    """
    goals, matches = _table(problem, case)
    if not goals:
        return ""
    if not matches:
        return "the rows of the file cannot be matched with the measurements"
    return min(_off(problem, found, goals, match) for match in matches)[1]


def _is_of_another_fit(problem: Any, objective: Any, found: Any, case: Path, known: float | None) -> str:
    """Why the table is no simulation at the nominal values; empty if nothing speaks for that.

    Its own likelihood is not the published one; or, where none is published, it is that of the numbers in the SBML
    file: an earlier fit than the table of parameters, without its scaling factors, which are no part of the model. In
    Fujita 2010 both hold: the factors are constant to 7e-5, as many digits as the table has, while it differs by up to
    64 % from simulations at the nominal values (for which libRoadRunner at 1e-12 agrees with the engine to 3e-7).
    """
    goals, matches = _table(problem, case)
    if known is not None:
        values = [_likelihood(objective, found, goals, match) for match in matches]
        return "" if any(_agrees(v, known) for v in values) else "the table has another likelihood than was published"
    own = dict(zip(problem.model.parameters, map(float, problem.model.parameter_values), strict=True))
    earlier = objective.compare(np.array([own.get(p.name, p.value) for p in problem.estimated]))
    for match in matches:
        factors: dict[str, list[float]] = defaultdict(list)
        for goal, k in zip(goals, match, strict=True):
            if abs(goal) > VISIBLE * float(earlier.noise[k]):
                factors[problem.measurements[k].observable].append(goal / float(earlier.simulated[k]))
        spread = max((max(f) - min(f)) / abs(min(f)) for f in factors.values()) if factors else np.inf
        if spread < TOLERANCE:
            return f"the table is that of the SBML file's numbers, up to a factor for each observable ({spread:.0e})"
    return ""


def _likelihood(objective: Any, found: Any, goals: list[float], match: list[int]) -> float:
    """Log-likelihood of the measurements if the table's values were the simulated ones."""
    simulated = found.simulated.copy()
    simulated[match] = goals
    order = objective.assembled.order
    return -float(objective.assembled.noise.loss(simulated[order], found.noise[order]).sum())


def _table(problem: Any, case: Path) -> tuple[list[float], list[list[int]]]:
    """The collection's simulations, and the ways in which its rows may belong to the measurements."""
    file = next(case.glob("simulatedData*.tsv"), None)
    if file is None:
        return [], []
    with file.open(newline="") as stream:
        rows = list(csv.DictReader(stream, delimiter="\t"))
    goals = [float(row.get("simulation") or row["measurement"]) for row in rows]
    in_order = list(range(len(rows))) if len(rows) == len(problem.measurements) else []
    return goals, [match for match in (in_order, _by_key(problem, rows)) if match]


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


def _off(problem: Any, found: Any, goals: list[float], match: list[int]) -> tuple[int, str]:
    """How many values are off, and in words."""
    count, worst, where = 0, 0.0, ""
    for goal, k in zip(goals, match, strict=True):
        value, m = float(found.simulated[k]), problem.measurements[k]
        off = abs(value - goal) / max(abs(goal), abs(value), float(found.noise[k]))
        count += off > TOLERANCE
        if off > worst:
            worst, where = off, f"{m.observable} at {m.time:g} in {m.experiment}: {value:.9g} against {goal:.9g}"
    text = f"{count} of {len(goals)} simulations are off, the worst by {worst:.1e} ({where})"
    return count, text if count else ""
