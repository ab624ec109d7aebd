"""Cases of the PEtab test suite, versions 1 and 2: likelihood, chi-square, simulations and priors of each."""

from __future__ import annotations

import csv
import math
from pathlib import Path
from typing import Any

from pathway.fitting.problem import ProblemError
from pathway.formats.errors import FormatError

from .outcome import ERROR, FAILED, PASSED, REFUSED, Outcome

VARIABLE = "PETAB_TEST_SUITE"
REFUSALS: dict[str, str] = {}


def cases(folder: Path) -> list[Path]:
    """The folder of every case, whatever lies between it and the suite's folder."""
    return sorted({solution.parent for solution in folder.rglob("_*_solution.yaml")})


def judge(case: Path) -> Outcome:
    """Read one problem, evaluate it at its nominal values, and compare what its solution lists."""
    import yaml

    from pathway.fitting.objective import Objective, RunError
    from pathway.formats.petab import read_petab

    name, tags = f"{case.parent.name}/{case.name}", (case.parent.name,)
    solution_file = next(case.glob("_*_solution.yaml"))
    expected = yaml.safe_load(solution_file.read_text())
    try:
        problem = read_petab(case / solution_file.name.replace("_solution", ""))
    except (ProblemError, FormatError) as reason:
        return Outcome(name, REFUSED, " ".join(str(reason).split()), tags)
    try:
        found = Objective(problem).compare()
    except RunError as reason:
        return Outcome(name, ERROR, str(reason), tags)
    reason = difference(problem, found, expected, case) or _inconsistent(problem, found)
    return Outcome(name, FAILED if reason else PASSED, reason, tags)


def _inconsistent(problem: Any, found: Any) -> str:
    """Where the objective that a search makes small is not minus what was compared with the suite, in words."""
    from pathway.fitting.objective import Objective, log_priors

    wanted = -found.log_likelihood - sum(log_priors(problem, problem.nominal).values())
    made = Objective(problem).value(problem.to_scale(problem.nominal))
    return (
        "" if _close(made, wanted, 1e-9 * max(1.0, abs(wanted))) else f"objective is {made:.9g}, expected {wanted:.9g}"
    )


def difference(problem: Any, found: Any, expected: dict[str, Any], case: Path) -> str:
    """The first number that is off by more than the suite's tolerance, in words; "" if none is."""
    from pathway.fitting.objective import log_priors

    checks = [("llh", found.log_likelihood), ("chi2", found.chi_squared)]
    priors = log_priors(problem, problem.nominal)
    if "unnorm_log_posterior" in expected:
        checks.append(("unnorm_log_posterior", found.log_likelihood + sum(priors.values())))
    for key, value in checks:
        if key in expected and not _close(value, expected[key], expected[f"tol_{key}"]):
            return f"{key} is {value:.9g}, expected {expected[key]:.9g}"
    for name, value in (expected.get("log_prior") or {}).items():
        # The suite asks for the last bit of a sum of logarithms; a few are allowed.
        if not _close(priors.get(name, math.nan), value, max(expected["tol_log_prior"], 1e-13)):
            return f"log prior of '{name}' is {priors.get(name)}, expected {value}"
    for file in expected.get("simulation_files", ()):
        with (case / file).open(newline="") as stream:
            wanted = [float(row["simulation"]) for row in csv.DictReader(stream, delimiter="\t")]
        for k, (value, goal) in enumerate(zip(found.simulated, wanted, strict=True)):
            if not _close(value, goal, expected["tol_simulations"]):
                return f"simulation {k + 1} is {value:.9g}, expected {goal:.9g}"
    return ""


def _close(value: float, goal: float, tolerance: float) -> bool:
    return abs(value - goal) <= tolerance
