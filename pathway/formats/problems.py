"""One door for fitting problems on disk: `pathway.fit("problem.yaml")`, `pathway.fit("my_blots.toml")`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pathway.errors import public
from pathway.fitting.laboratory.held_out import with_held_out_scaled
from pathway.fitting.problem import Problem, ProblemError
from pathway.fitting.search.multi_start import fit as search
from pathway.fitting.search.result import Fit


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
    if settings and Path(path).suffix != ".toml" and Path(path).suffix:
        raise ProblemError([f"{path}: only a scenario takes settings ({settings[0]})"])
    if Path(path).suffix in (".yaml", ".yml"):
        from .petab import read_petab

        return read_petab(Path(path))
    if Path(path).suffix in (".xml", ".sbml", ".ant"):
        raise ProblemError([f"{path}: a model alone has no measurements; give a PEtab .yaml file or a scenario .toml"])
    from pathway.fitting.laboratory.bench import problem_of
    from pathway.scenario import read_scenario

    return problem_of(read_scenario(path, settings))


@public
def fit(
    problem: Problem | str | Path, starts: int = 20, seed: int = 1, *, settings: Sequence[str] = (), **options: Any
) -> Fit:
    """The best parameters of a problem, from many starting points.

    Parameters
    ----------
    problem : Problem, str or Path
        Or the path of a PEtab problem or of a scenario with `[fit]`.
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
    """
    if not isinstance(problem, Problem):
        problem = read_problem(problem, settings)
    options.setdefault("progress", sys.stderr if sys.stderr.isatty() else None)
    return with_held_out_scaled(search(problem, starts, seed, **options))
