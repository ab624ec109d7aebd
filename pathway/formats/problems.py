"""One door for fitting problems on disk: `pathway.fit("problem.yaml")`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from pathway.fitting.problem import Problem, ProblemError
from pathway.fitting.result import Fit
from pathway.fitting.search import fit as search


def read_problem(path: str | Path) -> Problem:
    """The fitting problem in a file: a PEtab YAML.

    Raises
    ------
    ProblemError
        With one line for each mistake.
    """
    path = Path(path)
    if path.suffix in (".yaml", ".yml"):
        from .petab import read_petab

        return read_petab(path)
    raise ProblemError([f"{path}: a fitting problem is a PEtab .yaml file; scenarios with [fit] are not read yet"])


def fit(problem: Problem | str | Path, starts: int = 20, seed: int = 1, **options: Any) -> Fit:
    """The best parameters of a problem, from many starting points.

    Parameters
    ----------
    problem : Problem, str or Path
        Or the path of a PEtab problem.
    starts, seed : int
    **options
        `workers`, `directory` (kept and continued there), `executor`, `progress`, `plan`: see
        `pathway.fitting.search.fit`.

    Returns
    -------
    Fit
        `fit.best.objective` (negative log-posterior), `fit.best.parameters` (natural units), `fit.objectives`.
    """
    if not isinstance(problem, Problem):
        problem = read_problem(problem)
    options.setdefault("progress", sys.stderr if sys.stderr.isatty() else None)
    return search(problem, starts, seed, **options)
