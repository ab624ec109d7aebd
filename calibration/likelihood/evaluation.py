"""What a likelihood gives back: simulated readings, and logarithms of densities by column."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np


@dataclass(frozen=True, eq=False)
class Simulated:
    """What the circuit gives for some vectors: values of every reading, then the numbers of all findings, shape
    (n_members, n_readings + n_findings); nan in all readings where a vector cannot be simulated, with the reasons."""

    values: np.ndarray
    reasons: Mapping[int, str] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Evaluation:
    """Logarithms of the likelihood.

    Attributes
    ----------
    columns : tuple of str
        "SET:LINE", "SET" where lines are compared with each other.
    role : tuple of str
        "measured" or "finding".
    values : array, shape (n_members, n_columns)
        -inf where a vector cannot be simulated.
    reasons : mapping of member to str
    """

    columns: tuple[str, ...]
    role: tuple[str, ...]
    values: np.ndarray
    reasons: Mapping[int, str]

    def total(self, findings: bool = False) -> np.ndarray:
        """Sum of the measured columns, with the findings if asked, shape (n_members,)."""
        return self.values[:, [findings or role == "measured" for role in self.role]].sum(axis=1)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.array(self.values, dtype=dtype)
