"""What a search found: `Fit`, which can be looked at, saved and read again."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from pathway.folders import json_text, write_atomically
from pathway.notebook import html_card

from ..problem import Problem, ProblemError
from .stored import hexadecimal_text, numbers_from_hexadecimal, problem_from_dict, problem_to_dict

FORMAT = "pathway fit 1"

_NUMBER = re.compile(r"(?<![\w.])[-+]?\d[\d.]*(?:e[-+]?\d+)?")


def count_at_best(objectives: Sequence[float], gap: float = 0.1) -> int:
    """How many objectives lie within `gap` of the best one; failed ones, inf, count for nothing."""
    least = min(objectives, default=math.inf)
    return sum(value <= least + gap for value in objectives) if math.isfinite(least) else 0


@dataclass(frozen=True, eq=False)
class StartResult:
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
    hits : int
        How many of its descents from points of their own ended there, as far as it went on after the first.
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
    hits: int = 1

    def to_dict(self) -> dict[str, Any]:
        """A JSON form that reads back to the same bits."""
        return {**vars(self), "objective": float(self.objective).hex()} | {
            name: hexadecimal_text(getattr(self, name)) for name in ("x", "start", "gradient")
        }

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> StartResult:
        """The start that `to_dict` wrote.

        Raises
        ------
        ValueError, KeyError, TypeError, AttributeError
            If it is something else.
        """
        arrays = {name: numbers_from_hexadecimal(content[name]) for name in ("x", "start", "gradient")}
        result = cls(**{**content, **arrays, "objective": float.fromhex(content["objective"])})
        counts = [result.number, result.iterations, result.evaluations, result.gradients, result.hits]
        counts += result.failures.values()
        if any(type(count) is not int or count < 0 for count in counts) or not isinstance(result.reason, str):
            raise ValueError("counts are whole numbers, and a reason is text")
        if len({array.shape for array in arrays.values()}) > 1 or math.isnan(result.objective + result.seconds):
            raise ValueError("a start has as many slopes as parameters, and an objective")
        return result


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
    starts : tuple of StartResult
        By number.
    seed : int
    interrupted : bool
        Whether starts are missing.
    """

    problem: Problem
    starts: tuple[StartResult, ...]
    seed: int
    interrupted: bool = False

    def __repr__(self) -> str:
        finished = [s.objective for s in self.starts if math.isfinite(s.objective)]
        best = f"best {min(finished):.6g}, found by {self.at_optimum()}" if finished else "none could be computed"
        more = ", interrupted" if self.interrupted else ""
        return f"<Fit of '{self.problem.name}': {len(self.starts)} starts, {best}{more}>"

    def _repr_html_(self) -> str:
        if not any(math.isfinite(s.objective) for s in self.starts):
            return html_card(repr(self).strip("<>"), self._reasons())
        rows = [[name, value] for name, value in self.best.parameters.items()]
        return html_card(repr(self).strip("<>"), (), [(["parameter", "best"], rows)])

    @property
    def ranked(self) -> list[StartResult]:
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
        return count_at_best([start.objective for start in self.starts], gap)

    def to_dataframe(self) -> object:
        """One row for each start: objective, reason and parameters in natural units, the best first."""
        import pandas

        rows = []
        for start in self.ranked:
            natural = dict(zip(self.problem.names, self.problem.from_scale(start.x), strict=True))
            rows.append({"start": start.number, "objective": start.objective, "reason": start.reason, **natural})
        return pandas.DataFrame(rows)

    def save(self, path: str | Path, with_inputs: bool = True) -> None:
        """Write the starts and the files of the problem to one JSON file that `load_fit` reads.

        A problem that was put together in Python is not written; `load_fit` must then be given it.
        """
        write_atomically(Path(path), json_text(self.to_dict(with_inputs)))

    def to_dict(self, with_inputs: bool = False) -> dict[str, Any]:
        """The JSON form, which reads back to the same bits; of the problem, what tells it from others."""
        return {
            "format": FORMAT,
            **problem_to_dict(self.problem, with_inputs),
            "seed": self.seed,
            "interrupted": self.interrupted,
            "starts": [start.to_dict() for start in self.starts],
        }

    @classmethod
    def from_dict(cls, content: Mapping[str, Any], problem: Problem) -> Fit:
        """The fit that `to_dict` wrote, of its problem.

        Raises
        ------
        ProblemError
            If it is of another problem.
        ValueError, KeyError, TypeError
            If it is something else.
        """
        if content["format"] != FORMAT:
            raise ValueError(f"the format is '{content['format']}', not '{FORMAT}'")
        same, starts = problem_from_dict(content, problem), tuple(map(StartResult.from_dict, content["starts"]))
        if any(start.x.shape != (len(problem.names),) for start in starts):
            raise ValueError(f"its starts are not of {len(problem.names)} parameters")
        return cls(same, starts, int(content["seed"]), bool(content["interrupted"]))
