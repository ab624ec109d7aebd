"""What a step loop does with whole states, as loops over rows of lanes: all lanes of a row in one instruction.

Left to a compiler that does not know the lane width these take longer than the model itself. They depend on the number
of species, the algebraic rows and the width alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from .assembly import FunctionBody, LaneTypes, LoopWriter, llvm_function

UNROLLED = 4
"""Rows done together, each with a running sum of its own, so that no sum waits for the one before."""


def add_scaled(mass: Sequence[float], lanes: LaneTypes) -> str:
    """`add_scaled(factor[W], s[n, W], out[n, W])`: out += M factor s."""
    body = FunctionBody(lanes)
    factor = body.load("%factor", 0)

    def row(place: Callable[[str], str]) -> None:
        target = place("%out")
        body.store_at(body.fused(factor, body.load_at(place("%s")), body.load_at(target)), target)

    for first, last in _stretches(mass):
        _rows(body, first, last, row)
    return llvm_function("add_scaled", ["factor", "s"], ["out"], body.lines)


def interpolate(size: int, lanes: LaneTypes) -> str:
    """`interpolate(before, after, bend, second, third, share[W], out)`, all else [n, W].

    out = before + x (after - before + (1 - x) (bend + x (second + x third))), x = share. Written so that a species
    that does not move keeps its value to the last digit.
    """
    body = FunctionBody(lanes)
    x = body.load("%share", 0)
    rest = body.subtract(lanes.constant(1.0), x)

    def row(place: Callable[[str], str]) -> None:
        before = body.load_at(place("%before"))
        inner = body.fused(x, body.load_at(place("%third")), body.load_at(place("%second")))
        inner = body.fused(x, inner, body.load_at(place("%bend")))
        moved = body.fused(rest, inner, body.subtract(body.load_at(place("%after")), before))
        body.store_at(body.fused(x, moved, before), place("%out"))

    _rows(body, 0, size, row)
    inputs = ["before", "after", "bend", "second", "third", "share"]
    return llvm_function("interpolate", inputs, ["out"], body.lines)


def error_norm(size: int, lanes: LaneTypes) -> str:
    """`error_norm(before, after, estimate, absolute, relative[W], out[W])`, all else [n, W].

    out = root mean square over species of estimate / (absolute + relative max(|before|, |after|)).
    """
    body = FunctionBody(lanes)
    relative, zero = body.load("%relative", 0), lanes.constant(0.0)

    def ratio(place: Callable[[str], str]) -> str:
        before = body.call("llvm.fabs", body.load_at(place("%before")))
        after = body.call("llvm.fabs", body.load_at(place("%after")))
        larger = body.choose(body.compare("ogt", before, after), before, after)
        tolerance = body.fused(relative, larger, body.load_at(place("%absolute")))
        return body.divide(body.load_at(place("%estimate")), tolerance)

    totals = [zero] * UNROLLED
    whole = size // UNROLLED * UNROLLED
    if whole:
        totals = _summed(body, whole, ratio)
    for offset in range(whole, size):
        value = ratio(_fixed(body, offset))
        totals[offset % UNROLLED] = body.fused(value, value, totals[offset % UNROLLED])
    total = body.add(body.add(totals[0], totals[1]), body.add(totals[2], totals[3]))
    mean = body.multiply(total, lanes.constant(1.0 / max(size, 1)))
    body.store(body.call("llvm.sqrt", mean), "%out", 0)
    return llvm_function("error_norm", ["before", "after", "estimate", "absolute", "relative"], ["out"], body.lines)


def _summed(body: FunctionBody, rows: int, value: Callable[[Callable[[str], str]], str]) -> list[str]:
    """Sums of squares over rows 0, 4, 8 ..., over rows 1, 5, 9 ... and so on."""
    width = body.lanes.width
    with LoopWriter(body, "0", str(rows * width), [body.lanes.constant(0.0)] * UNROLLED, step=UNROLLED * width) as loop:
        for offset in range(UNROLLED):
            term = value(_moving(body, loop.index, offset))
            loop.following.append(body.fused(term, term, loop.totals[offset]))
    return loop.totals


def _rows(body: FunctionBody, first: int, last: int, row: Callable[[Callable[[str], str]], None]) -> None:
    """Do rows first ... last - 1, some at a time."""
    width = body.lanes.width
    whole = first + (last - first) // UNROLLED * UNROLLED
    if whole > first:
        with LoopWriter(body, str(first * width), str(whole * width), step=UNROLLED * width) as loop:
            for offset in range(UNROLLED):
                row(_moving(body, loop.index, offset))
    for offset in range(whole, last):
        row(_fixed(body, offset))


def _moving(body: FunctionBody, index: str, offset: int) -> Callable[[str], str]:
    """Where the row `offset` after the loop's present one stands in an array."""

    def place(array: str) -> str:
        return body.address(body.shifted(array, index), offset)

    return place


def _fixed(body: FunctionBody, row: int) -> Callable[[str], str]:
    def place(array: str) -> str:
        return body.address(array, row)

    return place


def _stretches(mass: Sequence[float]) -> list[tuple[int, int]]:
    """Consecutive rows that are not algebraic."""
    spans: list[tuple[int, int]] = []
    for row, value in enumerate(mass):
        if value == 0.0:
            continue
        if spans and spans[-1][1] == row:
            spans[-1] = (spans[-1][0], row + 1)
        else:
            spans.append((row, row + 1))
    return spans
