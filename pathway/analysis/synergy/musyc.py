"""MuSyC: one surface for two agents, with synergy of potency and of efficacy told apart.

Cells are unaffected, under the first, under the second or under both agents. Each agent switches them with its own
Hill kinetics; in the presence of the other its dose counts alpha-fold. What is left of the effect is the mean over the
four groups at rest.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from ..mistakes import AnalysisError
from .surface import EffectSurface


@dataclass(frozen=True)
class MuSyC:
    """The surface's numbers.

    Attributes
    ----------
    untreated, only_first, only_second, both : float
        Effects of the four groups of cells (E0, E1, E2, E3).
    half_first, half_second : float
        Doses of half effect (C1, C2).
    slope_first, slope_second : float
        Hill exponents (h1, h2).
    alpha_12, alpha_21 : float
        Fold change of the potency of the second agent by the first, and of the first by the second; above 1: synergy.
    """

    untreated: float
    only_first: float
    only_second: float
    both: float
    half_first: float
    half_second: float
    slope_first: float
    slope_second: float
    alpha_12: float = 1.0
    alpha_21: float = 1.0

    @property
    def beta(self) -> float:
        """Gain of efficacy over the stronger agent, relative to what that agent does; above 0: synergy."""
        stronger = min(self.only_first, self.only_second)
        return (stronger - self.both) / (self.untreated - stronger)

    def effect(self, dose_first: np.ndarray, dose_second: np.ndarray) -> np.ndarray:
        """Effects at pairs of doses; the two arrays broadcast.

        Notes
        -----
        Weights of the four groups by the matrix-tree theorem on their cycle, all return rates equal
        (Wooten et al. 2021, doi 10.1038/s41467-021-24789-z).
        """
        a = (np.asarray(dose_first, dtype=float) / self.half_first) ** self.slope_first
        b = (np.asarray(dose_second, dtype=float) / self.half_second) ** self.slope_second
        a_second, b_first = a * self.alpha_21**self.slope_first, b * self.alpha_12**self.slope_second
        none = 2.0 + a_second + b_first
        first = 2.0 * a + a * a_second + a_second * b
        second = 2.0 * b + b * b_first + b_first * a
        both = a_second * b_first * (a + b) + a_second * b + a * b_first
        total = self.untreated * none + self.only_first * first + self.only_second * second + self.both * both
        return total / (none + first + second + both)

    def to_dict(self) -> dict[str, Any]:
        """The JSON form."""
        return {**{f.name: getattr(self, f.name) for f in fields(self)}, "beta": self.beta}


@dataclass(frozen=True)
class MuSyCFit:
    """A fitted surface.

    Attributes
    ----------
    surface : MuSyC
    standard_errors : mapping of name to float
        On the natural scale for effects, of the logarithm for doses, slopes and alphas; infinite where the grid does
        not determine the number.
    r_squared : float
    """

    surface: MuSyC
    standard_errors: dict[str, float]
    r_squared: float

    def potency_and_efficacy(self) -> dict[str, float]:
        """What the surface is fitted for: synergy of efficacy, and of potency in both directions."""
        return {name: float(getattr(self.surface, name)) for name in _OF_INTEREST}

    def determined(self) -> dict[str, float]:
        """The same, nan where the grid does not determine the number: an agent does nothing, or its plateau is far."""
        return {
            name: value if max(self.standard_errors[n] for n in _OF_INTEREST[name]) < 1.0 else np.nan
            for name, value in self.potency_and_efficacy().items()
        }


_OF_INTEREST = {"beta": ("only_first", "only_second", "both"), "alpha_12": ("alpha_12",), "alpha_21": ("alpha_21",)}
"""Numbers asked for, and those whose errors decide whether they are known."""
_EFFECTS = ("untreated", "only_first", "only_second", "both")
_POSITIVE = ("half_first", "half_second", "slope_first", "slope_second", "alpha_12", "alpha_21")


def fit_musyc(grid: EffectSurface, start: MuSyC | None = None) -> MuSyCFit:
    """The MuSyC surface of least squares through a grid.

    Parameters
    ----------
    grid : EffectSurface
    start : MuSyC, optional
        A surface near by, where many similar grids are fitted; several starts are tried unless given.

    Raises
    ------
    AnalysisError
        If the grid has fewer cells than the surface has numbers (10).
    """
    from scipy.optimize import least_squares

    if grid.effect.size < 10:
        raise AnalysisError(f"MuSyC has 10 numbers, but the grid has only {grid.effect.size} cells; use 4 x 4 or more")
    rows, columns = np.meshgrid(grid.doses_first, grid.doses_second, indexing="ij")

    def residuals(values: np.ndarray) -> np.ndarray:
        return (_surface(values).effect(rows, columns) - grid.effect).ravel()

    # One of many similar grids is fitted to what an interval over them needs.
    precision = 1e-15 if start is None else 1e-8
    low, high = _bounds(grid)
    runs = [
        least_squares(
            residuals,
            np.clip(s, low + 1e-9, high - 1e-9),
            bounds=(low, high),
            x_scale="jac",
            xtol=precision,
            ftol=precision,
            gtol=precision,
        )
        for s in (_starts(grid) if start is None else [_values(start)])
    ]
    best = min(runs, key=lambda run: run.cost)
    spread = float(((grid.effect - grid.effect.mean()) ** 2).sum())
    r_squared = 1.0 - 2.0 * best.cost / spread if spread > 0 else 0.0
    return MuSyCFit(_surface(best.x), _standard_errors(best, grid.effect.size), r_squared)


def _values(surface: MuSyC) -> np.ndarray:
    effects = [getattr(surface, name) for name in _EFFECTS]
    return np.array([*effects, *(np.log(getattr(surface, name)) for name in _POSITIVE)])


def _surface(values: np.ndarray) -> MuSyC:
    return MuSyC(*values[:4], *np.exp(values[4:]))


def _bounds(grid: EffectSurface) -> tuple[np.ndarray, np.ndarray]:
    span = max(float(np.ptp(grid.effect)), 1e-6)
    low_effect, high_effect = float(grid.effect.min()) - span, float(grid.effect.max()) + 0.2 * span
    doses = [np.log(d[d > 0]) for d in (grid.doses_first, grid.doses_second)]
    reach = np.log(100.0)
    low = [low_effect] * 4 + [d[0] - reach for d in doses] + [np.log(0.1)] * 2 + [np.log(1e-3)] * 2
    high = [high_effect] * 4 + [d[-1] + reach for d in doses] + [np.log(10.0)] * 2 + [np.log(1e3)] * 2
    return np.array(low), np.array(high)


def _starts(grid: EffectSurface) -> list[np.ndarray]:
    corners = [grid.effect[0, 0], grid.effect[-1, 0], grid.effect[0, -1], grid.effect[-1, -1]]
    middles = [np.log(np.median(d[d > 0])) for d in (grid.doses_first, grid.doses_second)]
    return [
        np.array([*corners, *middles, np.log(slope), np.log(slope), np.log(alpha), np.log(alpha)])
        for slope in (1.0, 2.0)
        for alpha in (0.5, 2.0)
    ]


def _standard_errors(run: Any, cells: int) -> dict[str, float]:
    variance = 2.0 * run.cost / max(cells - len(run.x), 1)
    values, vectors = np.linalg.eigh(run.jac.T @ run.jac)
    errors = {}
    for index, name in enumerate((*_EFFECTS, *_POSITIVE)):
        share = vectors[index] ** 2
        flat = values < 1e-12 * values[-1]
        undetermined = bool((share[flat] > 1e-6).any())
        errors[name] = float("inf") if undetermined else float(np.sqrt(variance * (share[~flat] / values[~flat]).sum()))
    return errors
