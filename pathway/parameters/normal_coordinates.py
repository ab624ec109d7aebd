"""Coordinates of parameter sets in which what is known of each number beforehand is standard normal."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr, ndtri

from pathway import parameters

from .parameter_ensemble import INDICATOR, ParameterEnsemble, is_parameter_column
from .ranges import is_uncertain, values_at_quantiles

_EDGE = 1e-9


@dataclass(frozen=True, eq=False)
class NormalCoordinates:
    """Those columns of an ensemble that differ between members and that have a plausible range, which holds them all.

    Attributes
    ----------
    columns : int array, shape (n_coordinates,)
        Of the ensemble's values. Loops are no coordinates, nor is what an anchor decides or what belongs to the
        measurements.
    low, high : array, shape (n_coordinates,)
        The ranges, in the units that the network declares.
    """

    columns: np.ndarray
    low: np.ndarray
    high: np.ndarray

    @classmethod
    def of(cls, ensemble: ParameterEnsemble) -> NormalCoordinates:
        """The coordinates that an ensemble has."""
        least, most = ensemble.values.min(axis=0), ensemble.values.max(axis=0)
        # Files hold single precision: what was drawn at the end of a range may lie beyond it by that.
        found = [
            (column, min(entry.range[0], least[column]), max(entry.range[1], most[column]))
            for column, name in enumerate(ensemble.names)
            if (entry := _entry_of(name)) is not None
            and least[column] < most[column]
            and entry.range[0] * (1.0 - 1e-6) <= least[column]
            and most[column] <= entry.range[1] * (1.0 + 1e-6)
        ]
        columns, low, high = (np.array(part) for part in zip(*found, strict=True)) if found else (np.zeros(0),) * 3
        return cls(columns.astype(int), low.astype(float), high.astype(float))

    def of_values(self, values: np.ndarray) -> np.ndarray:
        """Coordinates of parameter sets, shape (n_members, n_names): shape (n_members, n_coordinates)."""
        own, logarithmic = values[:, self.columns], self.low > 0.0
        low, high, own = (np.where(logarithmic, np.log(np.where(logarithmic, x, 1.0)), x)
                          for x in (self.low, self.high, own))  # fmt: skip
        return ndtri(((own - low) / (high - low)).clip(_EDGE, 1.0 - _EDGE))

    def placed(self, values: np.ndarray, coordinates: np.ndarray) -> np.ndarray:
        """Parameter sets with other coordinates, shape (n_members, n_names); all else stays."""
        made = values.copy()
        made[:, self.columns] = values_at_quantiles(ndtr(coordinates), self.low, self.high)
        return made


def _entry_of(name: str) -> parameters.Entry | None:
    """What is known of a column's number beforehand; None where that is no range."""
    if name.startswith(INDICATOR) or not is_parameter_column(name):
        return None
    line, _, parameter = name.rpartition(".")
    entry = (parameters.cell_line(line).entries if line else parameters.reference_entries())[parameter]
    return entry if is_uncertain(entry) else None
