"""The last pivots of a large model, whose rows have filled in, as one full block without tables of positions.

In the random networks of `benchmarks.sparse` the last quarter of the pivots takes more than nine tenths of the
multiply-adds. Four rows at a time are reduced by four others, so that what is loaded serves four times; where a lane is
a single number, four columns are done at once. The operations on an entry and their order are the same at every width.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from .assembly import FunctionBody, LaneTypes, LoopWriter, constant_table
from .layout import FactorLayout
from .ordering import FULL_ROWS

COLUMNS = 4
"""Columns that are done at once, and running sums of a scalar product."""


def block_table(layout: FactorLayout) -> str:
    """Where each row of the block begins in the factors."""
    rows = range(layout.first_full, layout.size)
    return constant_table("block_rows", [layout.pivot(k) - (k - layout.first_full) for k in rows])


class FullBlock:
    """Writes what is done with the block in one function; rows and columns count from its corner.

    Parameters
    ----------
    layout : FactorLayout
    body : FunctionBody
    shared : bool
        Whether the factors are plain doubles and only vectors have lanes.
    """

    def __init__(self, layout: FactorLayout, body: FunctionBody, *, shared: bool = False) -> None:
        self.body, self.shared = body, shared
        self.lanes, self.count = body.lanes, layout.size - layout.first_full
        self.single = self.lanes.width == 1

    # Elimination.

    def fill_row(self, row: str, work: str) -> None:
        """Copy a row of the block from `work`."""
        base = self._row(row)

        def copy() -> Callable[[str], None]:
            return lambda j: self.body.store_at(self.body.load_at(self._shifted(work, j)), self._place(base, j))

        self._columns("0", copy)

    def factor(self, trouble: str, measured: Callable[[str, str, str, str], str]) -> str:
        """Factorise the block in place; `measured(row, pivot, inverse, trouble)` gives the running sum of measures."""
        body = self.body
        with LoopWriter(body, "0", str(self.count), [trouble], step=FULL_ROWS) as groups:
            rows = [self._plus(groups.index, r) for r in range(FULL_ROWS)]
            bases = [self._row(row) for row in rows]
            with LoopWriter(body, "0", groups.index, step=FULL_ROWS) as above:
                four = [self._plus(above.index, m) for m in range(FULL_ROWS)]
                self._eliminate(bases, four, [self._row(m) for m in four], self._plus(above.index, FULL_ROWS))
            total = groups.totals[0]
            for r, (row, base) in enumerate(zip(rows, bases, strict=True)):
                if r:
                    self._eliminate([base], rows[:r], bases[:r], row)
                pivot = body.load_at(self._place(base, row))
                inverse = body.divide(self.lanes.constant(-1.0), pivot)
                body.store_at(inverse, self._place(base, row))
                self._scale(base, self._plus(row, 1), inverse)
                total = measured(row, pivot, inverse, total)
            groups.following.append(total)
        return groups.totals[0]

    def _eliminate(self, targets: Sequence[str], above: Sequence[str], bases: Sequence[str], first: str) -> None:
        """Subtract from target rows their multiples of rows above, which are consecutive and end before `first`."""
        factors = [self._multipliers(target, above, bases) for target in targets]
        body = self.body

        def added() -> Callable[[str], None]:
            spread = [[self._spread(f) for f in row] for row in factors]

            def write(column: str) -> None:
                values = [body.load_at(self._place(base, column)) for base in bases]
                places = [self._place(target, column) for target in targets]
                for place, row in zip(places, spread, strict=True):
                    total = body.load_at(place)
                    for factor, value in zip(row, values, strict=True):
                        total = body.fused(factor, value, total)
                    body.store_at(total, place)

            return write

        self._columns(first, added)

    def _multipliers(self, target: str, above: Sequence[str], bases: Sequence[str]) -> list[str]:
        """The entries of a row that rows above are multiplied with, as they are when their turn comes."""
        body, factors = self.body, list[str]()
        for m, base in zip(above, bases, strict=True):
            place = self._place(target, m)
            entry = body.load_at(place)
            for factor, earlier in zip(factors, bases, strict=False):
                entry = body.fused(factor, body.load_at(self._place(earlier, m)), entry)
            body.store_at(body.multiply(entry, body.load_at(self._place(base, m))), place)
            factors.append(entry)
        return factors

    def _scale(self, base: str, first: str, factor: str) -> None:
        def scaled() -> Callable[[str], None]:
            spread = self._spread(factor)

            def write(column: str) -> None:
                place = self._place(base, column)
                self.body.store_at(self.body.multiply(self.body.load_at(place), spread), place)

            return write

        self._columns(first, scaled)

    # Substitution.

    def forward(self, work: str, begun: Callable[[str], str]) -> None:
        """Values of the block's rows into `work`; `begun(row)` is the sum over the columns before the block."""
        body = self.body
        with LoopWriter(body, "0", str(self.count), step=FULL_ROWS) as groups:
            rows = [self._plus(groups.index, r) for r in range(FULL_ROWS)]
            bases = [self._row(row) for row in rows]
            starts = [begun(row) for row in rows]
            known: list[tuple[str, str]] = []
            for row, base, total in zip(rows, bases, self._products(bases, work, "0", groups.index), strict=True):
                total = body.add(starts[len(known)], total)
                for earlier, value in known:
                    total = body.fused(self._entry(base, earlier), value, total)
                body.store_at(total, self._shifted(work, row))
                known.append((row, total))

    def backward(self, work: str, done: Callable[[str, str], None]) -> None:
        """The block's part of the solution into `work`, last row first; `done(row, value)` hands each on."""
        body = self.body
        with LoopWriter(body, str(self.count - FULL_ROWS), "-1", step=-FULL_ROWS) as groups:
            rows = [self._plus(groups.index, r) for r in range(FULL_ROWS)]
            bases = [self._row(row) for row in rows]
            products = self._products(bases, work, self._plus(groups.index, FULL_ROWS), str(self.count))
            known: list[tuple[str, str]] = []
            for row, base, product in reversed(list(zip(rows, bases, products, strict=True))):
                place = self._shifted(work, row)
                total = body.fused(body.load_at(place), self._entry(base, row), product)
                for later, value in known:
                    total = body.fused(self._entry(base, later), value, total)
                body.store_at(total, place)
                done(row, total)
                known.append((row, total))

    def _products(self, bases: Sequence[str], work: str, first: str, last: str) -> list[str]:
        """Of each row with what is known of the solution, over a number of columns that four divides."""
        with self._wide():
            sums = 1 if self.single else COLUMNS
            zeros = [self.body.lanes.constant(0.0)] * (sums * len(bases))
            with LoopWriter(self.body, first, last, zeros, step=COLUMNS) as columns:
                places = [self._plus(columns.index, q) for q in range(sums)]
                values = [self.body.load_at(self._shifted(work, place)) for place in places]
                for r, base in enumerate(bases):
                    for q, (place, value) in enumerate(zip(places, values, strict=True)):
                        total = columns.totals[r * sums + q]
                        columns.following.append(self.body.fused(self._entry(base, place), value, total))
        return [self._sum(columns.totals[r * sums : (r + 1) * sums]) for r in range(len(bases))]

    def _sum(self, parts: Sequence[str]) -> str:
        """Of four running sums: the elements of one vector, or four values."""
        body = self.body
        if self.single:
            parts = [body.put(f"extractelement <{COLUMNS} x double> {parts[0]}, i32 {q}") for q in range(COLUMNS)]
        return body.add(body.add(parts[0], parts[1]), body.add(parts[2], parts[3]))

    # Registers and places.

    def _columns(self, first: str, prepare: Callable[[], Callable[[str], None]]) -> None:
        """What `prepare()` gives, for each column from `first` to the last one; four at once where that can be."""
        if not self.single:
            with LoopWriter(self.body, first, str(self.count)) as each:
                prepare()(each.index)
            return
        left = self.body.put(f"sub i64 {self.count}, {first}")
        whole = self.body.put(f"add i64 {first}, {self.body.put(f'and i64 {left}, {COLUMNS - 1}')}")
        with LoopWriter(self.body, first, whole) as each:
            prepare()(each.index)
        with self._wide():
            write = prepare()
            with LoopWriter(self.body, whole, str(self.count), step=COLUMNS) as each:
                write(each.index)

    @contextmanager
    def _wide(self) -> Iterator[None]:
        """Inside, instructions are for vectors of columns where a lane is a single number."""
        self.body.lanes = LaneTypes(COLUMNS) if self.single else self.lanes
        try:
            yield
        finally:
            self.body.lanes = self.lanes

    def _spread(self, value: str) -> str:
        return self.body.spread(value) if self.single else value

    def _row(self, row: str) -> str:
        return self.body.count("@block_rows", row)

    def _plus(self, register: str, number: int) -> str:
        return self.body.put(f"add i64 {register}, {number}") if number else register

    def _shifted(self, array: str, row: str) -> str:
        return self.body.shifted(array, row if self.single else self.body.put(f"mul i64 {row}, {self.lanes.width}"))

    def _place(self, base: str, column: str) -> str:
        return self._shifted("%lu", self.body.put(f"add i64 {base}, {column}"))

    def _entry(self, base: str, column: str) -> str:
        if self.shared and not self.single:
            return self.body.spread(self.body.element("double", "%lu", self.body.put(f"add i64 {base}, {column}")))
        return self.body.load_at(self._place(base, column))
