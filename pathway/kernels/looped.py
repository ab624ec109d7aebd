"""Sparse linear algebra on a fixed pattern, as loops over tables of positions: for large models.

The same factors in the same layout as in `linear`, whose code grows with the number of operations: that of the 500
species of Chen et al. (2009) is 0.8 MB, takes 20 s to compile, and runs no faster than these loops. Where the last rows
have filled in, they are one full block: see `full_block`.
"""

from __future__ import annotations

from collections.abc import Sequence

from .assembly import FunctionBody, LaneTypes, LoopWriter, constant_table, llvm_function
from .full_block import FullBlock, block_table
from .layout import FactorLayout
from .linear import pivot_measure_sum


def factor(layout: FactorLayout, lanes: LaneTypes) -> str:
    """`factor(jacobian, shift, lu, worst)`."""
    size = layout.size
    body = FunctionBody(lanes)
    work = body.put(f"alloca [{size} x {lanes.real}], align 32")
    shift, zero = body.load("%shift", 0), lanes.constant(0.0)
    size_of_shift = body.call("llvm.fabs", shift)
    with LoopWriter(body, "0", str(layout.first_full), [zero]) as rows:
        k = rows.index
        start, pivot, end = _row(body, k)
        _gather_row(body, work, k, start, end, shift)
        scale = _scale(layout, body, k, size_of_shift)
        _eliminate(body, work, start, pivot)
        own = body.load_at(body.shifted(work, _lanes(body, k)))
        inverse = body.divide(lanes.constant(-1.0), own)
        body.store_at(inverse, body.shifted("%lu", _lanes(body, pivot)))
        with LoopWriter(body, body.put(f"add i64 {pivot}, 1"), end) as entries:
            value = body.load_at(body.shifted(work, body.count("@steps", entries.index)))
            body.store_at(body.multiply(value, inverse), body.shifted("%lu", _lanes(body, entries.index)))
        rows.following.append(pivot_measure_sum(body, scale, own, inverse, rows.totals[0]))
    trouble = rows.totals[0]
    if layout.elimination.full:
        trouble = _factor_block(layout, body, work, shift, size_of_shift, trouble)
    body.store(body.divide(lanes.constant(float(size)), trouble), "%worst", 0)
    tables = _tables(layout, lanes) + _jacobian_tables(layout, lanes)
    return tables + llvm_function("factor", ["jacobian", "shift"], ["lu", "worst"], body.lines)


def _factor_block(
    layout: FactorLayout, body: FunctionBody, work: str, shift: str, size_of_shift: str, trouble: str
) -> str:
    """Eliminate in the rows of the full block all that stands before it, then in the block; the sum of measures."""
    block = FullBlock(layout, body)
    inside = body.shifted(work, str(layout.first_full * body.lanes.width))
    with LoopWriter(body, "0", str(layout.elimination.full)) as rows:
        k = body.put(f"add i64 {rows.index}, {layout.first_full}")
        start, _, end = _row(body, k)
        _gather_row(body, work, k, start, end, shift)
        _eliminate(body, work, start, body.count("@block_rows", rows.index))
        block.fill_row(rows.index, inside)

    def measured(row: str, pivot: str, inverse: str, trouble: str) -> str:
        scale = _scale(layout, body, body.put(f"add i64 {row}, {layout.first_full}"), size_of_shift)
        return pivot_measure_sum(body, scale, pivot, inverse, trouble)

    return block.factor(trouble, measured)


def _lanes(body: FunctionBody, row: str) -> str:
    """A row's distance from the beginning of an array, in doubles."""
    return row if body.lanes.width == 1 else body.put(f"mul i64 {row}, {body.lanes.width}")


def _row(body: FunctionBody, k: str) -> tuple[str, str, str]:
    """Where the k-th row of the factors begins, where its pivot stands, where it ends."""
    following = body.put(f"add i64 {k}, 1")
    return body.count("@starts", k), body.count("@pivots", k), body.count("@starts", following)


def _gather_row(body: FunctionBody, work: str, k: str, start: str, end: str, shift: str) -> None:
    """Row k of J - shift * M, spread out in `work`."""
    with LoopWriter(body, start, end) as entries:
        place = body.shifted(work, body.count("@steps", entries.index))
        body.store_at(body.lanes.constant(0.0), place)
    first, last = body.count("@jacobian_starts", k), body.count("@jacobian_ends", k)
    with LoopWriter(body, first, last) as entries:
        value = body.load_at(body.shifted("%jacobian", _lanes(body, entries.index)))
        body.store_at(value, body.shifted(work, body.count("@jacobian_steps", entries.index)))
    # A row that is not shifted has a weight of zero in the place of its pivot.
    place = body.shifted(work, body.count("@shifted_steps", k))
    weight = body.spread(body.element("double", "@shift_weights", k))
    body.store_at(body.subtract(body.load_at(place), body.multiply(weight, shift)), place)


def _scale(layout: FactorLayout, body: FunctionBody, k: str, size_of_shift: str) -> str:
    """What the pivot is compared with: the shift, in rows without one the largest entry of J."""
    if all(row in layout.shifted and row == column for row, column in layout.pivots):
        return size_of_shift
    zero = body.lanes.constant(0.0)
    with LoopWriter(body, body.count("@jacobian_starts", k), body.count("@jacobian_ends", k), [zero]) as entries:
        entry = body.load_at(body.shifted("%jacobian", _lanes(body, entries.index)))
        size = body.call("llvm.fabs", entry)
        largest = entries.totals[0]
        entries.following.append(body.choose(body.compare("ogt", size, largest), size, largest))
    plain = body.put(f"fcmp une double {body.element('double', '@scale_weights', k)}, 0.0")
    return body.put(f"select i1 {plain}, {body.lanes.real} {size_of_shift}, {body.lanes.real} {entries.totals[0]}")


def _eliminate(body: FunctionBody, work: str, start: str, pivot: str) -> None:
    """Subtract from the row in `work` its multiples of the rows above."""
    with LoopWriter(body, start, pivot) as lower:
        step = body.count("@steps", lower.index)
        above = body.put(f"udiv i64 {step}, {body.lanes.width}")
        pivot_above = body.count("@pivots", above)
        inverse = body.load_at(body.shifted("%lu", _lanes(body, pivot_above)))
        entry = body.load_at(body.shifted(work, step))
        body.store_at(body.multiply(entry, inverse), body.shifted("%lu", _lanes(body, lower.index)))
        end = body.count("@starts", body.put(f"add i64 {above}, 1"))
        _add_multiple(body, work, body.put(f"add i64 {pivot_above}, 1"), end, entry)


def _add_multiple(body: FunctionBody, work: str, first: str, last: str, factor: str) -> None:
    """Add `factor` times some entries of the factors to `work`."""
    with LoopWriter(body, first, last) as entries:
        place = body.shifted(work, body.count("@steps", entries.index))
        value = body.fused(_entry(body, "%lu", entries.index, False), factor, body.load_at(place))
        body.store_at(value, place)


def solve(layout: FactorLayout, lanes: LaneTypes, *, shared: bool) -> str:
    """`solve(lu, b)`, or `solve_shared(lu, b)` with plain doubles as factors; the solution replaces `b`."""
    size = layout.size
    body = FunctionBody(lanes)
    work = body.put(f"alloca [{size} x {lanes.real}], align 32")
    with LoopWriter(body, "0", str(layout.first_full)) as rows:
        start, pivot, _ = _row(body, rows.index)
        right = body.load_at(body.shifted("%b", body.count("@row_order", rows.index)))
        total = _substitute(body, work, start, pivot, right, shared)
        body.store_at(total, body.shifted(work, _lanes(body, rows.index)))
    if layout.elimination.full:
        _solve_block(layout, body, work, shared)
    with LoopWriter(body, str(layout.first_full - 1), "-1", step=-1) as rows:
        _, pivot, end = _row(body, rows.index)
        place = body.shifted(work, _lanes(body, rows.index))
        total = body.multiply(body.load_at(place), _entry(body, "%lu", pivot, shared))
        total = _substitute(body, work, body.put(f"add i64 {pivot}, 1"), end, total, shared)
        body.store_at(total, place)
        body.store_at(total, body.shifted("%b", body.count("@column_order", rows.index)))
    name = "solve_shared" if shared else "solve"
    return _tables(layout, lanes) + _orders(layout, lanes) + llvm_function(name, ["lu"], ["b"], body.lines)


def _solve_block(layout: FactorLayout, body: FunctionBody, work: str, shared: bool) -> None:
    """Forward and backward substitution in the rows of the full block."""
    block = FullBlock(layout, body, shared=shared)
    inside = body.shifted(work, str(layout.first_full * body.lanes.width))

    def begun(row: str) -> str:
        k = body.put(f"add i64 {row}, {layout.first_full}")
        right = body.load_at(body.shifted("%b", body.count("@row_order", k)))
        return _substitute(body, work, body.count("@starts", k), body.count("@block_rows", row), right, shared)

    def done(row: str, value: str) -> None:
        k = body.put(f"add i64 {row}, {layout.first_full}")
        body.store_at(value, body.shifted("%b", body.count("@column_order", k)))

    block.forward(inside, begun)
    block.backward(inside, done)


def solve_transposed(layout: FactorLayout, lanes: LaneTypes) -> str:
    """`solve_transposed(lu, b)`: the solution of the transposed system replaces `b`.

    Values are handed on along the rows that hold the entries: what is found for one row is added to the others' sums.
    """
    size = layout.size
    body = FunctionBody(lanes)
    work = body.put(f"alloca [{size} x {lanes.real}], align 32")
    with LoopWriter(body, "0", str(size)) as rows:
        value = body.load_at(body.shifted("%b", body.count("@column_order", rows.index)))
        body.store_at(value, body.shifted(work, _lanes(body, rows.index)))
    with LoopWriter(body, "0", str(size)) as rows:
        _, pivot, end = _row(body, rows.index)
        place = body.shifted(work, _lanes(body, rows.index))
        component = body.load_at(place)
        _add_multiple(body, work, body.put(f"add i64 {pivot}, 1"), end, component)
        body.store_at(body.multiply(component, _entry(body, "%lu", pivot, False)), place)
    with LoopWriter(body, str(size - 1), "-1", step=-1) as rows:
        start, pivot, _ = _row(body, rows.index)
        component = body.load_at(body.shifted(work, _lanes(body, rows.index)))
        _add_multiple(body, work, start, pivot, component)
        body.store_at(component, body.shifted("%b", body.count("@row_order", rows.index)))
    tables = _tables(layout, lanes) + _orders(layout, lanes)
    return tables + llvm_function("solve_transposed", ["lu"], ["b"], body.lines)


def _orders(layout: FactorLayout, lanes: LaneTypes) -> str:
    """Where in a vector the pivots' rows and columns stand."""
    orders = constant_table("row_order", [row * lanes.width for row, _ in layout.pivots])
    return orders + constant_table("column_order", [column * lanes.width for _, column in layout.pivots])


def _substitute(body: FunctionBody, work: str, first: str, last: str, total: str, shared: bool) -> str:
    """A sum of entries times known values, in two running sums: neither waits for the other."""

    def added(index: str, total: str) -> str:
        value = body.load_at(body.shifted(work, body.count("@steps", index)))
        return body.fused(_entry(body, "%lu", index, shared), value, total)

    odd = body.put(f"and i64 {body.put(f'sub i64 {last}, {first}')}, 1")
    whole = body.put(f"sub i64 {last}, {odd}")
    with LoopWriter(body, first, whole, [total, body.lanes.constant(0.0)], step=2) as pairs:
        following = body.put(f"add i64 {pairs.index}, 1")
        pairs.following += [added(pairs.index, pairs.totals[0]), added(following, pairs.totals[1])]
    with LoopWriter(body, whole, last, [body.add(*pairs.totals)]) as rest:
        rest.following.append(added(rest.index, rest.totals[0]))
    return rest.totals[0]


def _entry(body: FunctionBody, array: str, position: str, shared: bool) -> str:
    if shared:
        return body.spread(body.element("double", array, position))
    return body.load_at(body.shifted(array, _lanes(body, position)))


def multiply(
    name: str, rows: Sequence[int], columns: Sequence[int], size: int, lanes: LaneTypes, *, shared: bool, add: bool
) -> str:
    """`name(matrix, s, out)`: out = matrix s, or with `add` out += matrix s; a shared matrix has plain doubles."""
    body = FunctionBody(lanes)
    order = sorted(range(len(rows)), key=rows.__getitem__)
    in_order = order == list(range(len(rows)))
    with LoopWriter(body, "0", str(size)) as each:
        place = body.shifted("%out", _lanes(body, each.index))
        start = body.load_at(place) if add else lanes.constant(0.0)
        first = body.count("@row_starts", each.index)
        last = body.count("@row_starts", body.put(f"add i64 {each.index}, 1"))
        with LoopWriter(body, first, last, [start]) as entries:
            value = body.load_at(body.shifted("%s", body.count("@row_columns", entries.index)))
            position = entries.index if in_order else body.count("@row_entries", entries.index)
            entries.following.append(body.fused(_entry(body, "%matrix", position, shared), value, entries.totals[0]))
        body.store_at(entries.totals[0], place)
    starts = [0] * (size + 1)
    for row in rows:
        starts[row + 1] += 1
    for row in range(size):
        starts[row + 1] += starts[row]
    tables = constant_table("row_starts", starts)
    tables += constant_table("row_columns", [columns[k] * lanes.width for k in order])
    tables += "" if in_order else constant_table("row_entries", order)
    return tables + llvm_function(name, ["matrix", "s"], ["out"], body.lines)


def _tables(layout: FactorLayout, lanes: LaneTypes) -> str:
    """Where rows of the factors begin, where their pivots stand, and in which step's column each entry stands."""
    elimination = layout.elimination
    steps = []
    for k, (lower, upper) in enumerate(zip(elimination.lower, elimination.upper, strict=True)):
        steps += [step * lanes.width for step in (*lower, k, *upper)]
    pivots = [layout.pivot(k) for k in range(layout.size)]
    return (
        constant_table("starts", [*layout.starts, len(steps)])
        + block_table(layout)
        + constant_table("pivots", pivots)
        + constant_table("steps", steps)
    )


def _jacobian_tables(layout: FactorLayout, lanes: LaneTypes) -> str:
    """Where rows of J begin and end, in elimination order; the step of each entry's column; where the shift goes."""
    step_of = {column: k for k, (_, column) in enumerate(layout.pivots)}
    begins: dict[int, int] = {}
    ends: dict[int, int] = {}
    for (row, _), place in layout.jacobian.items():
        begins.setdefault(row, place)
        ends[row] = place + 1
    shifts, weights, scales = [], [], []
    for k, (row, column) in enumerate(layout.pivots):
        moved = row in layout.shifted
        shifts.append((step_of[row] if moved else k) * lanes.width)
        weights.append(1.0 if moved else 0.0)
        scales.append(1.0 if moved and row == column else 0.0)
    return (
        constant_table("jacobian_starts", [begins.get(row, 0) for row, _ in layout.pivots])
        + constant_table("jacobian_ends", [ends.get(row, 0) for row, _ in layout.pivots])
        + constant_table("jacobian_steps", [step_of[column] * lanes.width for _, column in layout.jacobian])
        + constant_table("shifted_steps", shifts)
        + _reals("shift_weights", weights)
        + _reals("scale_weights", scales)
    )


def _reals(name: str, values: Sequence[float]) -> str:
    listed = ", ".join(f"double {v!r}" for v in values)
    return f"@{name} = private constant [{len(values)} x double] [{listed}]\n"
