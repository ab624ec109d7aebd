"""What a search found: `Fit`, which can be looked at, saved and read again."""

from __future__ import annotations

import json
import math
import pickle
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from pathway.errors import public

from ..problem import Problem, ProblemError

_NUMBER = re.compile(r"(?<![\w.])[-+]?\d[\d.]*(?:e[-+]?\d+)?")


@dataclass(frozen=True, eq=False)
class Start:
    """One local optimization.

    Attributes
    ----------
    number : int
    objective : float
        inf: the start could not be computed.
    x, start, gradient : array, shape (n_estimated,)
        Where it ended, where it began, and the slope at the end, on the optimizer's scale.
    iterations, evaluations, gradients : int
    reason : str
        Why it stopped.
    failures : dict of str to int
        Reasons of infinite values on the way.
    seconds : float
        CPU time.
    """

    number: int
    objective: float
    x: np.ndarray
    start: np.ndarray
    gradient: np.ndarray
    iterations: int = 0
    evaluations: int = 0
    gradients: int = 0
    reason: str = ""
    failures: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0

    def to_json(self) -> str:
        """A text that reads back to the same bits."""
        made = {**vars(self)}
        for name in ("x", "start", "gradient"):
            made[name] = [float(v).hex() for v in made[name]]
        made["objective"] = float(self.objective).hex()
        return json.dumps(made)

    @classmethod
    def from_json(cls, text: str) -> Start:
        """The start that `to_json` wrote."""
        found: dict[str, Any] = json.loads(text)
        for name in ("x", "start", "gradient"):
            found[name] = np.array([float.fromhex(v) for v in found[name]])
        found["objective"] = float.fromhex(found["objective"])
        return cls(**found)


@dataclass(frozen=True, eq=False)
class Optimum:
    """The best point of a fit.

    Attributes
    ----------
    objective : float
        Negative log-posterior (log-likelihood where no parameter has a prior).
    parameters : dict of name to float
        Estimated ones, in natural units.
    x : array, shape (n_estimated,)
        The same on the optimizer's scale.
    """

    objective: float
    parameters: dict[str, float]
    x: np.ndarray


@dataclass(frozen=True, eq=False)
class Fit:
    """All local optimizations of a problem.

    Attributes
    ----------
    problem : Problem
    starts : tuple of Start
        By number.
    seed : int
    interrupted : bool
        Whether starts are missing.
    """

    problem: Problem
    starts: tuple[Start, ...]
    seed: int
    interrupted: bool = False

    @property
    def ranked(self) -> list[Start]:
        """Starts by objective, the best first; failed ones last."""
        return sorted(self.starts, key=lambda s: (s.objective, s.number))

    @property
    def best(self) -> Optimum:
        """The best point found.

        Raises
        ------
        ProblemError
            If no start could be computed; the message counts the reasons.
        """
        ranked = self.ranked
        if not ranked or not math.isfinite(ranked[0].objective):
            raise ProblemError([f"{self.problem.name}: no start could be computed", *self._reasons()])
        x = ranked[0].x
        natural = self.problem.from_scale(x)
        return Optimum(ranked[0].objective, dict(zip(self.problem.names, map(float, natural), strict=True)), x)

    @property
    def objectives(self) -> np.ndarray:
        """Objective of every start, ascending, shape (n_starts,): the waterfall."""
        return np.array([s.objective for s in self.ranked])

    def _reasons(self) -> list[str]:
        return [f"{count} times: {reason}" for reason, count in sorted(self.failures.items(), key=lambda i: -i[1])]

    @property
    def failures(self) -> dict[str, int]:
        """Reasons of infinite objective values over all starts, counted: of those alike but for numbers, the first."""
        first: dict[str, str] = {}
        counted: dict[str, int] = {}
        for start in self.starts:
            for reason, count in start.failures.items():
                kind = _NUMBER.sub("#", reason.partition(" Fastest-changing species")[0])
                reason = first.setdefault(kind, reason)
                counted[reason] = counted.get(reason, 0) + count
        return counted

    def at_optimum(self, gap: float = 0.1) -> int:
        """How many starts ended within `gap` of the best objective."""
        values = self.objectives
        return int(np.sum(values <= values[0] + gap)) if len(values) else 0

    def to_dataframe(self) -> object:
        """One row for each start: objective, reason and parameters in natural units, the best first."""
        import pandas

        rows = []
        for start in self.ranked:
            natural = dict(zip(self.problem.names, self.problem.from_scale(start.x), strict=True))
            rows.append({"start": start.number, "objective": start.objective, "reason": start.reason, **natural})
        return pandas.DataFrame(rows)

    def save(self, path: str | Path) -> None:
        """Write everything, the problem included, to one file that `load_fit` reads."""
        Path(path).write_bytes(pickle.dumps(self))


def load_starts(problem: Problem, folder: str | Path) -> Fit:
    """The fit in the folder of a search, as far as it got.

    Raises
    ------
    ProblemError
        If the folder holds no finished start, or starts of a problem with other parameters.
    """
    found = [Start.from_json(f.read_text(encoding="utf-8")) for f in sorted(Path(folder).glob("start_*.json"))]
    if not found:
        raise ProblemError([f"{folder}: holds no finished start of a search"])
    if any(len(start.x) != len(problem.names) for start in found):
        raise ProblemError([f"{folder}: holds a search with {len(found[0].x)} parameters, not {len(problem.names)}"])
    return Fit(problem, tuple(found), seed=0)


@public
def load_fit(path: str | Path) -> Fit:
    """A fit that `Fit.save` wrote. Only read files of your own: the format can carry programs."""
    found = pickle.loads(Path(path).read_bytes())
    if not isinstance(found, Fit):
        raise ProblemError([f"{path}: holds no fit"])
    return found
