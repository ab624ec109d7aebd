"""Where the factors of shift * M - J keep their entries.

With A = shift * M - J, the factors L D U, both triangles with a unit diagonal, are those of -A = J - shift * M; then
neither building the matrix nor eliminating needs a change of sign. Stored per row, in elimination order: the entries
of -L, -1 / D, the entries of -U. Solving uses A = -(-A); with D apart, a substitution waits for one multiply-add per
row and for nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from .ordering import Elimination


@dataclass(frozen=True)
class Layout:
    """Where the factors' entries stand.

    Attributes
    ----------
    elimination : Elimination
    jacobian : dict of (row, column) to int
        Position of each entry of J.
    shifted : frozenset of int
        Rows in which M has a one.
    starts : list of int
        Where each row of the factors begins, in elimination order.
    """

    elimination: Elimination
    jacobian: dict[tuple[int, int], int]
    shifted: frozenset[int]
    starts: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        position = 0
        for lower, upper in zip(self.elimination.lower, self.elimination.upper, strict=True):
            self.starts.append(position)
            position += len(lower) + 1 + len(upper)

    @property
    def size(self) -> int:
        return len(self.elimination.row_order)

    @property
    def pivots(self) -> list[tuple[int, int]]:
        """Row and column of each pivot."""
        return list(zip(self.elimination.row_order, self.elimination.column_order, strict=True))

    def pivot(self, k: int) -> int:
        """Where the pivot of the k-th row stands."""
        return self.starts[k] + len(self.elimination.lower[k])
