"""Effects on a grid of doses, and what a reference makes of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..mistakes import AnalysisError


@dataclass(frozen=True, eq=False)
class EffectSurface:
    """Effects of two agents on a full grid of doses.

    Attributes
    ----------
    first, second : str
        Names of the agents.
    doses_first : array, shape (n,)
        Ascending; the first is 0.
    doses_second : array, shape (m,)
    effect : array, shape (n, m)
        What is left: 1 untreated, lower is stronger.
    scale : str
        What the effect is, in words.
    """

    first: str
    second: str
    doses_first: np.ndarray
    doses_second: np.ndarray
    effect: np.ndarray
    scale: str = "effect"

    def __post_init__(self) -> None:
        for name, doses in ((self.first, self.doses_first), (self.second, self.doses_second)):
            _check_doses(name, np.asarray(doses, dtype=float))
        expected = (len(self.doses_first), len(self.doses_second))
        if np.shape(self.effect) != expected:
            raise AnalysisError(f"these doses need effects of shape {expected}, not {np.shape(self.effect)}")
        if not np.isfinite(self.effect).all():
            row, column = np.argwhere(~np.isfinite(self.effect))[0]
            where = f"{self.first} {self.doses_first[row]:g} and {self.second} {self.doses_second[column]:g}"
            raise AnalysisError(f"the effect at {where} is not a number; leave out that row or column")

    @property
    def alone_first(self) -> np.ndarray:
        """Effects of the first agent by itself, shape (n,)."""
        return self.effect[:, 0]

    @property
    def alone_second(self) -> np.ndarray:
        """Effects of the second agent by itself, shape (m,)."""
        return self.effect[0, :]


@dataclass(frozen=True)
class UndefinedCell:
    """A cell of the grid for which a reference has no answer, and why."""

    metric: str
    row: int
    column: int
    reason: str


@dataclass(frozen=True, eq=False)
class ExcessSurface:
    """Expected minus found over the grid; masked where the reference is undefined.

    Attributes
    ----------
    metric : str
    values : masked array, shape (n, m)
    undefined : tuple of UndefinedCell
    """

    metric: str
    values: np.ma.MaskedArray
    undefined: tuple[UndefinedCell, ...] = ()

    def mean(self) -> float | None:
        """Mean over the cells where both agents are given; None where no such cell is defined."""
        inner = self.values[1:, 1:]
        return None if inner.count() == 0 else float(inner.mean())

    def listed(self) -> list[list[float | None]]:
        """For JSON: rows, with None where undefined."""
        mask = np.ma.getmaskarray(self.values)
        return [
            [None if hidden else float(value) for value, hidden in zip(row, hides, strict=True)]
            for row, hides in zip(self.values.data, mask, strict=True)
        ]


def excess_surface(
    metric: str, expected: np.ndarray, surface: EffectSurface, reasons: dict[tuple[int, int], str]
) -> ExcessSurface:
    """Expected minus found, with the cells of `reasons` masked."""
    values = np.ma.MaskedArray(np.zeros(surface.effect.shape), mask=False)
    mask = np.zeros(surface.effect.shape, dtype=bool)
    for cell in reasons:
        mask[cell] = True
    values[~mask] = (expected - surface.effect)[~mask]
    values.mask = mask
    return ExcessSurface(
        metric, values, tuple(UndefinedCell(metric, i, j, text) for (i, j), text in sorted(reasons.items()))
    )


def _check_doses(name: str, doses: np.ndarray) -> None:
    if doses.ndim != 1 or len(doses) < 2:
        raise AnalysisError(f"{name}: a grid needs the dose 0 and at least one more")
    if not np.isfinite(doses).all() or (doses < 0).any():
        raise AnalysisError(f"{name}: doses must be finite and not negative, but found {doses[~(doses >= 0)][0]:g}")
    if not (doses > 0).any():
        raise AnalysisError(f"{name}: all doses of the grid are 0; give at least one dose above zero")
    if doses[0] != 0 or (np.diff(doses) <= 0).any():
        raise AnalysisError(f"{name}: doses must start at 0 and rise, but are {', '.join(f'{d:g}' for d in doses)}")
