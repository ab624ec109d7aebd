"""In which order to eliminate: a maximum matching, then minimum degree, then where entries appear.

The matrices are `shift * M - J` with M the identity except for zeros in the rows of algebraic species. Pivots are
taken in an order fixed beforehand, from the pattern alone. Rows whose diagonal is empty (an algebraic rule that its
own species does not enter) are first exchanged along a maximum matching, so that every pivot is an entry.

The order is Markowitz's (Management Science 3:255, 1957) restricted to the matched diagonal: eliminate next where the
product of the remaining row's and column's other entries is smallest. Where that is no less work than the next pivot
of a full block takes, all that is left becomes one (`full_block`): it has nearly filled in anyway.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass

from pathway.errors import InputError

FULL_ROWS = 4
"""Rows of a full block that are done together; it has a multiple of them."""

SMALLEST_BLOCK = 32
"""Rows below which a full block is not worth its loops; one of so many has too many operations to be written out."""

FULL_GAIN = 6
"""How many multiply-adds of a full block take as long as one whose places are looked up."""


class SingularStructureError(InputError):
    """No order of elimination exists: some rows share too few columns. `rows` names them by number."""

    def __init__(self, rows: Sequence[int], message: str = "") -> None:
        super().__init__(message or f"the equations of {len(rows)} species cannot be solved for them")
        self.rows = tuple(rows)


@dataclass(frozen=True)
class Elimination:
    """A static LU factorisation: which entries it has and in which order they are computed.

    Attributes
    ----------
    row_order, column_order : tuples of int
        Row and column of the k-th pivot.
    lower, upper : tuples of tuples of int
        For the k-th row in elimination order, the steps before (after) k in which it has an entry, ascending.
    full : int
        How many of the last rows have an entry in the column of each of the last pivots.
    """

    row_order: tuple[int, ...]
    column_order: tuple[int, ...]
    lower: tuple[tuple[int, ...], ...]
    upper: tuple[tuple[int, ...], ...]
    full: int = 0

    @property
    def operations(self) -> int:
        """Multiply-adds of one factorisation."""
        return sum(1 + len(self.upper[m]) for row in self.lower for m in row)

    @property
    def entries(self) -> int:
        return len(self.lower) + sum(map(len, self.lower)) + sum(map(len, self.upper))


def match_rows_to_columns(pattern: Sequence[set[int]]) -> list[int]:
    """A column of its own for each row; the diagonal where it is an entry (Kuhn's augmenting paths)."""
    size = len(pattern)
    row_of = [-1] * size
    column_of = [-1] * size
    for row in range(size):
        if row in pattern[row]:
            row_of[row] = column_of[row] = row
    for row in range(size):
        if column_of[row] < 0:
            _augment(row, pattern, row_of, column_of)
    if unmatched := [row for row in range(size) if column_of[row] < 0]:
        raise SingularStructureError(unmatched)
    return column_of


def _augment(start: int, pattern: Sequence[set[int]], row_of: list[int], column_of: list[int]) -> None:
    """Give row `start` a column by moving other rows along the shortest alternating path, if there is one."""
    came_from: dict[int, int] = {}
    waiting = [start]
    for row in waiting:
        for column in sorted(pattern[row]):
            if column in came_from:
                continue
            came_from[column] = row
            if row_of[column] >= 0:
                waiting.append(row_of[column])
                continue
            while True:
                owner = came_from[column]
                previous = column_of[owner]
                row_of[column], column_of[owner] = owner, column
                if owner == start:
                    return
                column = previous


def elimination_order(pattern: Sequence[set[int]]) -> Elimination:
    """The order and the entries of an LU factorisation.

    Parameters
    ----------
    pattern : sequence of sets of int
        Columns of the entries of each row.

    Raises
    ------
    SingularStructureError
    """
    size = len(pattern)
    column_of = match_rows_to_columns(pattern)
    row_of = [0] * size
    for row, column in enumerate(column_of):
        row_of[column] = row
    # From here on a row goes by the column it is matched with, so that pivots stand on the diagonal.
    rows = [set(pattern[row_of[c]]) for c in range(size)]
    columns: list[set[int]] = [set() for _ in range(size)]
    for r, entries in enumerate(rows):
        for c in entries:
            columns[c].add(r)
    order, lowers, uppers = _markowitz(rows, columns)
    full = size - len(order)
    rest = sorted(set(range(size)) - set(order))
    for k, c in enumerate(rest):
        lowers[c] += rest[:k]
        uppers[c] = rest[k + 1 :]
    order += rest
    step = {c: k for k, c in enumerate(order)}
    return Elimination(
        row_order=tuple(row_of[c] for c in order),
        column_order=tuple(order),
        lower=tuple(tuple(sorted(step[m] for m in lowers[c])) for c in order),
        upper=tuple(tuple(sorted(step[m] for m in uppers[c])) for c in order),
        full=full,
    )


def _markowitz(rows: list[set[int]], columns: list[set[int]]) -> tuple[list[int], list[list[int]], list[list[int]]]:
    """Eliminate pivot by pivot, up to a full block; per pivot its entries left of and right of the diagonal. Ties go by
    number."""
    size = len(rows)
    lowers: list[list[int]] = [[] for _ in range(size)]
    uppers: list[list[int]] = [[] for _ in range(size)]
    order: list[int] = []
    cost = [(len(rows[c]) - 1) * (len(columns[c]) - 1) for c in range(size)]
    queue = [(cost[c], c) for c in range(size)]
    heapq.heapify(queue)
    done = [False] * size
    while queue:
        value, pivot = heapq.heappop(queue)
        if done[pivot] or value != cost[pivot]:
            continue
        left = size - len(order)
        if left >= SMALLEST_BLOCK and left % FULL_ROWS == 0 and FULL_GAIN * value >= left * left:
            break
        done[pivot] = True
        order.append(pivot)
        across = rows[pivot] - {pivot}
        down = columns[pivot] - {pivot}
        uppers[pivot] = list(across)
        for r in down:
            lowers[r].append(pivot)
            row = rows[r]
            row.discard(pivot)
            for c in across - row:
                columns[c].add(r)
            row |= across
        for c in across:
            columns[c].discard(pivot)
        for touched in across | down:
            cost[touched] = (len(rows[touched]) - 1) * (len(columns[touched]) - 1)
            heapq.heappush(queue, (cost[touched], touched))
    return order, lowers, uppers
