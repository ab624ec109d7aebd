"""Labs whose data are made by the problem itself, with one number that is not what the scenario says, or with none."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from pathway.fitting.laboratory.scenario_problem import problem_of_scenario
from pathway.fitting.objective import Objective
from pathway.fitting.objective.hierarchical_parameters import ReducedObjective
from pathway.fitting.problem import Problem
from pathway.fitting.search.options import SearchOptions
from pathway.fitting.search.trust_region import minimize
from pathway.fitting.uncertainty.fixed_numbers import fixed_numbers, released
from pathway.fitting.uncertainty.score_tests import contradictions, score_tests
from pathway.scenario import read_scenario

SCATTER = 0.12
"""Of the logarithm, of every point."""
BANDS = ("pAKT", "pERK", "HER2_total", "HER3_total")
TIMES = (0.25, 1.0, 4.0, 24.0, 48.0)
ARMS = ("untreated", "lapatinib low", "lapatinib high", "HRG")
SCENARIO = """
title = "A lab that does not exist"
cells = "bt474"

[time]
end = "72 h"

[dose.lapatinib_low]
agent = "lapatinib"
amount = "50 nM"

[dose.lapatinib_high]
agent = "lapatinib"
amount = "1 uM"

[dose.HRG]
agent = "HRG"
amount = "1 nM"

[[arm]]
name = "untreated"

[[arm]]
name = "lapatinib low"
doses = ["lapatinib_low"]

[[arm]]
name = "lapatinib high"
doses = ["lapatinib_high"]

[[arm]]
name = "HRG"
doses = ["HRG"]

[show]
observables = ["pAKT"]

[data]
file = "points.csv"

[fit]
parameters = ["k_PI3K", "k_AKT_dephosphorylation", "k_HER3_degradation"]
prior = "none"
"""


@dataclass(frozen=True)
class WrongNumber:
    """A number that is not what the scenario says: how its label begins, and by which factor it is off."""

    label: str
    factor: float


WRONG = tuple(
    WrongNumber(label, factor)
    for label, factors in {
        "doubling_time": (0.6, 1.7),
        "lapatinib = 50 nM": (0.2, 5.0),
        "HRG = 1 nM": (0.1, 10.0),
        "HER2_level": (0.4, 2.5),
    }.items()
    for factor in factors
)


@cache
def lab() -> Problem:
    """The problem, with values that do not matter."""
    rows = ["arm,time,observable,value,unit,replicate"]
    for replicate in ("1", "2"):
        for arm in ARMS:
            for time in (0.0, *TIMES) if arm == "untreated" else TIMES:
                rows += [f"{arm},{time:g} h,{band},1,a.u.,{replicate}" for band in BANDS]
            rows += [f"{arm},{time:g} h,cell_number,1,a.u.,{replicate}" for time in (0.0, 24.0, 48.0, 72.0)]
    kinds = "".join(f'[fit.observable.{name}]\ndistribution = "log-normal"\n' for name in (*BANDS, "cell_number"))
    with TemporaryDirectory() as folder:
        (Path(folder) / "points.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
        (Path(folder) / "lab.toml").write_text(SCENARIO + kinds, encoding="utf-8")
        return problem_of_scenario(read_scenario(Path(folder) / "lab.toml"))


def data_set(seed: int, wrong: WrongNumber | None = None) -> Problem:
    """The lab with data of the model, one of whose numbers may not be what the scenario says."""
    problem, rng = lab(), np.random.default_rng(seed)
    truth = problem
    values = {p.name: SCATTER if p.name.startswith("sigma") else p.value for p in problem.estimated}
    if wrong is not None:
        number = next(n for n in fixed_numbers(problem) if str(n).startswith(wrong.label))
        truth = released(problem, (number,))
        values[number.name] = number.value * wrong.factor
    objective = Objective(truth)
    found = objective.compare(np.array([values[name] for name in truth.names]))
    measured = found.simulated * np.exp(SCATTER * rng.normal(size=len(found.simulated)))
    points = tuple(replace(m, value=float(v)) for m, v in zip(problem.measurements, measured, strict=True))
    return replace(problem, measurements=points)


def fitted(problem: Problem) -> np.ndarray:
    """The optimum near the nominal parameters."""
    reduced = ReducedObjective(Objective(problem))
    start = problem.to_scale(problem.nominal)[reduced.outer]
    found = minimize(reduced, reduced.value, start, reduced.bounds, SearchOptions().settings)
    return reduced.complete(found.x)


@dataclass(frozen=True)
class Judged:
    """What the tests say of one data set.

    Attributes
    ----------
    labels : list of str
        Numbers taken as given, the most doubtful first.
    contradicted : list of str
        Those that are called contradicted, in the order in which they are let go.
    """

    labels: list[str]
    contradicted: list[str]

    def rank(self, wrong: WrongNumber) -> int:
        """Place of the wrong number in the list, from 1; beyond all if it is not seen."""
        found = [label.startswith(wrong.label) for label in self.labels]
        return 1 + found.index(True) if any(found) else 1 + len(found)


def judged(seed: int, wrong: WrongNumber | None = None) -> Judged:
    """A data set, fitted and tested."""
    problem = data_set(seed, wrong)
    x = fitted(problem)
    scores = score_tests(problem, x)
    labels = [str(test.number) for test in scores.tests]
    return Judged(labels, [str(one.number) for one in contradictions(problem, x, scores)])
