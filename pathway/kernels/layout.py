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
class FactorLayout:
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

    def substitution(self, transposed: bool) -> SubstitutionSteps:
        """How a system with these factors, or with their transposes, is solved."""
        order = self.elimination
        below: list[list[tuple[int, int]]] = [[] for _ in range(self.size)]
        above: list[list[tuple[int, int]]] = [[] for _ in range(self.size)]
        for k, (lower, upper) in enumerate(zip(order.lower, order.upper, strict=True)):
            for place, m in enumerate(lower, start=self.starts[k]):
                below[m if transposed else k].append((place, k if transposed else m))
            for place, m in enumerate(upper, start=self.pivot(k) + 1):
                above[m if transposed else k].append((place, k if transposed else m))
        if transposed:
            return SubstitutionSteps(order.column_order, above, below, order.row_order)
        return SubstitutionSteps(order.row_order, below, above, order.column_order)

    @property
    def size(self) -> int:
        return len(self.elimination.row_order)

    @property
    def first_full(self) -> int:
        """The first row of the full block."""
        return self.size - self.elimination.full

    @property
    def pivots(self) -> list[tuple[int, int]]:
        """Row and column of each pivot."""
        return list(zip(self.elimination.row_order, self.elimination.column_order, strict=True))

    def pivot(self, k: int) -> int:
        """Where the pivot of the k-th row stands."""
        return self.starts[k] + len(self.elimination.lower[k])


@dataclass(frozen=True)
class SubstitutionSteps:
    """What forward and backward substitution read, step by step.

    Attributes
    ----------
    source, target : tuples of int
        Where the k-th step reads the right-hand side and where it leaves the solution.
    forward, backward : lists of lists of (int, int)
        Entries of the factors that the k-th step needs: position, and the step whose value it is multiplied with.
    """

    source: tuple[int, ...]
    forward: list[list[tuple[int, int]]]
    backward: list[list[tuple[int, int]]]
    target: tuple[int, ...]
