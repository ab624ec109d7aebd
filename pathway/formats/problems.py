"""One door for fitting problems on disk: `pathway.fit("problem.yaml")`, `pathway.fit("my_blots.toml")`."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from inspect import signature
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pathway.errors import InputError, did_you_mean, public_function
from pathway.fitting.estimation_problem import EstimationProblem
from pathway.fitting.laboratory.held_out import fit_with_held_out_scales
from pathway.fitting.problem import Problem, ProblemError, ProblemSource
from pathway.fitting.search.multi_start import fit as search
from pathway.fitting.search.result import Fit
from pathway.notebook import in_notebook

if TYPE_CHECKING:
    from pathway.scenario.experiment import Scenario
    from pathway.scenario.fit_plan import FitUnknown


@dataclass(frozen=True, eq=False)
class ProblemFile:
    """A file of a fitting problem, read.

    Attributes
    ----------
    problem : Problem
        With its source.
    scenario : Scenario or None
        None: a PEtab problem.
    """

    problem: Problem
    scenario: Scenario | None


def read_problem(path: str | Path, settings: Sequence[str] = ()) -> Problem:
    """The fitting problem in a file: a PEtab YAML, or a scenario with `[fit]`, also one that comes with the package.

    Parameters
    ----------
    path : str or Path
    settings : sequence of "KEY=VALUE", optional
        What differs from a scenario's file: 'fit.parameters=["k_PI3K"]'.

    Raises
    ------
    ProblemError, ScenarioError
        With one line for each mistake.
    """
    ending = Path(path).suffix
    if settings and ending not in ("", ".toml"):
        raise ProblemError([f"{path}: only a scenario takes settings ({settings[0]})"])
    if ending in (".yaml", ".yml"):
        from .petab import read_petab

        return read_petab(Path(path))
    if ending in (".xml", ".sbml", ".ant"):
        raise ProblemError([f"{path}: a model alone has no measurements; give a PEtab .yaml file or a scenario .toml"])
    from pathway.fitting.laboratory.scenario_problem import problem_of_scenario
    from pathway.scenario import read_scenario

    return problem_of_scenario(read_scenario(path, settings))


def open_problem(path: str | Path, settings: Sequence[str] = (), without: Sequence[str] = ()) -> ProblemFile:
    """The fitting problem in a file with all that it was read from.

    Parameters
    ----------
    path : str or Path
    settings : sequence of "KEY=VALUE", optional
    without : sequence of str, optional
        Parameters that are switched off (0) instead of estimated.

    Raises
    ------
    ProblemError, ScenarioError
        With one line for each mistake.
    """
    if Path(path).suffix not in ("", ".toml"):
        from .petab import problem_files

        source = ProblemSource(problem_files(Path(path)), tuple(settings), tuple(without))
        problem = read_problem(path, settings)
        names = [_known("estimated parameter", name, problem.names) for name in without]
        return ProblemFile(replace(problem.fixed(dict.fromkeys(names, 0.0)), source=source), None)
    from pathway.fitting.laboratory.scenario_problem import problem_of_scenario
    from pathway.scenario import read_scenario

    scenario = _with_cuts(read_scenario(path, settings), without)
    problem = problem_of_scenario(scenario)
    names = [u.name for u in scenario_unknowns(scenario) if u.parameter in without] if without else []
    source = ProblemSource(scenario.inputs, scenario.settings, tuple(without))
    return ProblemFile(replace(problem.fixed(dict.fromkeys(names, 0.0)), source=source), scenario)


def scenario_unknowns(scenario: Scenario) -> Sequence[FitUnknown]:
    """What a scenario with `[fit]` estimates."""
    from pathway.fitting.laboratory.scenario_problem import ScenarioProblem
    from pathway.scenario import built_in_laboratory

    assert scenario.fit is not None
    return ScenarioProblem(scenario, built_in_laboratory(), scenario.fit).unknowns


def _with_cuts(scenario: Scenario, without: Sequence[str]) -> Scenario:
    """The scenario with what is switched off among its estimated parameters, so that anchors follow it."""
    from pathway.scenario import built_in_laboratory
    from pathway.scenario.experiment import FitParameter

    for name in without:
        _known("parameter", name, built_in_laboratory().parameters)
    if scenario.fit is None:
        return scenario
    listed = [p.name for p in scenario.fit.parameters]
    more = [FitParameter(name, prior="none", shared="value") for name in without if name not in listed]
    return replace(scenario, fit=replace(scenario.fit, parameters=(*scenario.fit.parameters, *more)))


def _known(what: str, name: str, names: Iterable[str]) -> str:
    from pathway.errors import did_you_mean

    names = list(names)
    if name in names:
        return name
    raise ProblemError([f"no {what} is called '{name}'.{did_you_mean(name, names)} Known: {', '.join(names)}"])


@public_function
def load_problem(
    path: str | Path, *, settings: Sequence[str] = (), relative_tolerance: float = 1e-8
) -> EstimationProblem:
    """A fitting problem as plain functions, for other people's optimizers, samplers and profiles.

    Parameters
    ----------
    path : str or Path
        A PEtab .yaml (format 1 or 2), or a scenario with `[fit]`: a .toml file, or the name of one that ships.
    settings : sequence of "KEY=VALUE", optional
        What differs from the file of a scenario.
    relative_tolerance : float
        Of the simulated states. The absolute tolerance is 1e-10 of the largest value that a species has had so far, and
        below 1e-8 a hundredth of the relative one.

    Returns
    -------
    EstimationProblem
        `.objective(theta)` is value and gradient, `.objective(theta, fisher=True)` the Fisher matrix as well, with
        `theta` of shape (n,) on the scales of the PEtab table; `.residuals` and `.jacobian` for least squares;
        `.log_density` and `.unconstrained` for samplers; `.diagnose` for what speaks against a fit; `.names`,
        `.scales`, `.bounds`, `.nominal`, `.fixed`.

    Raises
    ------
    ProblemError, ScenarioError
        With one line for each mistake.

    Examples
    --------
    >>> import pathway
    >>> from scipy.optimize import minimize
    >>> problem = pathway.load_problem("fit_a_blot")
    >>> start = problem.nominal + 0.01
    >>> best = minimize(problem.objective, start, jac=True, bounds=problem.bounds, options={"maxiter": 2})
    >>> bool(best.fun < problem.value(start))
    True
    """
    return EstimationProblem(open_problem(path, settings).problem, relative_tolerance)


@public_function
def fit(
    problem: Problem | EstimationProblem | str | Path,
    starts: int = 20,
    seed: int = 1,
    *,
    settings: Sequence[str] = (),
    **options: Any,
) -> Fit:
    """The best parameters of a problem, from many starting points.

    Parameters
    ----------
    problem : EstimationProblem, Problem, str or Path
        As `load_problem` gives it, or the path of a PEtab problem or of a scenario with `[fit]`.
    starts, seed : int
    settings : sequence of "KEY=VALUE", optional
        What differs from the file of a scenario.
    **options
        `workers`, `directory` (kept and continued there), `executor`, `progress`, `plan`: see
        `pathway.fitting.search.multi_start.fit`.

    Returns
    -------
    Fit
        `fit.best.objective` (negative log-posterior), `fit.best.parameters` (natural units), `fit.objectives`.

    Raises
    ------
    ProblemError, ScenarioError
        With one line for each mistake.

    Examples
    --------
    >>> import pathway
    >>> fit = pathway.fit("fit_a_blot", starts=1, workers=1, progress=None)
    >>> len(fit.starts)
    1
    """
    if isinstance(problem, EstimationProblem):
        problem = problem.definition
    if not isinstance(problem, Problem | str | Path):
        kind = type(problem).__name__
        raise InputError(f"problem: expected a Problem, a PEtab .yaml or a scenario with [fit], got {kind}")
    if not isinstance(problem, Problem):
        problem = open_problem(problem, settings).problem
    known = signature(search).parameters
    for name in options:
        if name not in known:
            raise InputError(f"fit: there is no argument '{name}'.{did_you_mean(name, known)}")
    options.setdefault("progress", sys.stderr if sys.stderr.isatty() or in_notebook() else None)
    return fit_with_held_out_scales(search(problem, starts, seed, **options))
