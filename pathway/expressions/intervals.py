"""Interval arithmetic over formulas of one variable, on many intervals at once.

For each interval of the variable a formula gets bounds that enclose every value it takes there (and, if asked, every
slope), whatever rounding does: each operation rounds outward, except where its result is exact. A slope that does not
exist everywhere, as where `floor` jumps, is enclosed by (-inf, inf), so a formula whose slope excludes zero is
continuous and monotone. What does not depend on the variable is taken as the float that it is.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from functools import reduce
from typing import NamedTuple

import numpy as np

from .evaluation import evaluate_all
from .graph import COMPARISONS, Expression, postorder

Array = np.ndarray
Bounds = tuple[Array, Array]

INEXACT = 1e-15
"""Relative error allowed to an elementary function, of NumPy or of the kernels: four units in the last place."""

WHOLE = 2.0**53
"""Below it sums and products of whole numbers are exact."""


class Enclosure(NamedTuple):
    """Bounds of a formula on each interval; arrays of one shape or that broadcast."""

    low: Array
    high: Array
    defined: Array
    """Whether the formula is a number everywhere in the interval."""
    possible: Array
    """Whether it may be one somewhere."""
    slope: Bounds | None
    """Bounds of the derivative; None: not asked for, or zero because the formula is constant."""


class IntervalProgram:
    """A formula made ready for interval arithmetic over one variable.

    Parameters
    ----------
    formula : Expression
    variable : str
    """

    def __init__(self, formula: Expression, variable: str) -> None:
        self.formula, self.variable = formula, variable
        nodes = postorder([formula])
        moving: set[int] = set()
        for node in nodes:
            if (node.operator == "symbol" and node.value == variable) or any(id(a) in moving for a in node.arguments):
                moving.add(id(node))
        self._moving = [node for node in nodes if id(node) in moving]
        inputs = {id(a): a for node in self._moving for a in node.arguments if id(a) not in moving}
        if not self._moving:
            inputs = {id(formula): formula}
        self._constant = list(inputs.values())

    def enclose(self, values: Mapping[str, float], low: Array, high: Array, slopes: bool = False) -> Enclosure:
        """Bounds on the intervals [low, high], arrays of shape (n,).

        Parameters
        ----------
        values : mapping of symbol name to float
            Everything but the variable.
        """
        enclosures: dict[int, Enclosure] = {}
        for node, value in zip(self._constant, evaluate_all(self._constant, values), strict=True):
            enclosures[id(node)] = _constant(value)
        with np.errstate(all="ignore"):
            for node in self._moving:
                if node.operator == "symbol":
                    one = np.ones(1)
                    enclosures[id(node)] = Enclosure(low, high, _YES, _YES, (one, one) if slopes else None)
                else:
                    enclosures[id(node)] = _apply(node.operator, [enclosures[id(a)] for a in node.arguments], slopes)
            whole = enclosures[id(self.formula)]
        spread = lambda array: np.broadcast_to(array, low.shape)  # noqa: E731
        slope = None if whole.slope is None else (spread(whole.slope[0]), spread(whole.slope[1]))
        return Enclosure(spread(whole.low), spread(whole.high), spread(whole.defined), spread(whole.possible), slope)


_YES, _NO = np.array([True]), np.array([False])


def _constant(value: float) -> Enclosure:
    if math.isnan(value):
        return Enclosure(np.array([-math.inf]), np.array([math.inf]), _NO, _NO, None)
    return Enclosure(np.array([value]), np.array([value]), _YES, _YES, None)


# --- bounds -------------------------------------------------------------------------------------------------------


def _outward(low: Array, high: Array, exact: Array | bool = False) -> Bounds:
    """One float further out where the operation is not exact; what is not a number becomes unbounded."""
    low = np.where(exact, low, np.nextafter(low, -math.inf))
    high = np.where(exact, high, np.nextafter(high, math.inf))
    return np.where(np.isnan(low), -math.inf, low), np.where(np.isnan(high), math.inf, high)


def _about(low: Array, high: Array) -> Bounds:
    """Bounds that allow for the error of an elementary function."""
    low = low * np.where(low > 0.0, 1.0 - INEXACT, 1.0 + INEXACT)
    high = high * np.where(high > 0.0, 1.0 + INEXACT, 1.0 - INEXACT)
    return _outward(low, high)


def _whole(*arrays: Array) -> Array:
    """Where all are whole numbers."""
    return np.logical_and.reduce([np.rint(array) == array for array in np.broadcast_arrays(*arrays)])


def _add(a: Bounds, b: Bounds) -> Bounds:
    (low, low_exact), (high, high_exact) = (_sum(x, y) for x, y in zip(a, b, strict=True))
    below = np.where(low_exact, low, np.nextafter(low, -math.inf))
    above = np.where(high_exact, high, np.nextafter(high, math.inf))
    return np.where(np.isnan(below), -math.inf, below), np.where(np.isnan(above), math.inf, above)


def _sum(x: Array, y: Array) -> tuple[Array, Array]:
    """The sum, and where it is exact (Knuth)."""
    total = x + y
    part = total - x
    return total, (x - (total - part)) + (y - part) == 0.0


def _multiply(a: Bounds, b: Bounds) -> Bounds:
    products = [x * y for x in a for y in b]
    products = [np.where(np.isnan(p), 0.0, p) for p in products]  # 0 times an infinite bound
    low, high = np.minimum.reduce(products), np.maximum.reduce(products)
    size = np.maximum(np.abs(low), np.abs(high))
    exact = _one(a) | _one(b) | ((size < WHOLE) & _whole(*a, *b))
    return _outward(low, high, exact)


def _one(a: Bounds) -> Array:
    """Where a factor is -1, 0 or 1."""
    return (a[0] == a[1]) & ((np.abs(a[0]) == 1.0) | (a[0] == 0.0))


def _divide(a: Bounds, b: Bounds) -> Bounds:
    quotients = [x / y for x in a for y in b]
    low, high = np.fmin.reduce(quotients), np.fmax.reduce(quotients)
    exact = (a[0] == a[1]) & (b[0] == b[1]) & (low * b[0] == a[0]) & (np.abs(a[0]) < WHOLE) & _whole(low, a[0], b[0])
    exact |= (b[0] == b[1]) & (np.abs(b[0]) == 1.0)
    low, high = _outward(low, high, exact)
    across = (b[0] <= 0.0) & (b[1] >= 0.0)
    return np.where(across, -math.inf, low), np.where(across, math.inf, high)


def _negate(a: Bounds) -> Bounds:
    return -a[1], -a[0]


def _holds_whole(low: Array, high: Array, first: float, period: float) -> Array:
    """Whether first + k period lies between, for some whole k; in doubt it does."""
    slack = 1e-15 * (2.0 + np.abs(low) + np.abs(high))
    inside = np.floor((high + slack - first) / period) >= np.ceil((low - slack - first) / period)
    return inside | ~np.isfinite(low) | ~np.isfinite(high)


def _sine(a: Bounds, shift: float, function: Callable[..., Array]) -> Bounds:
    """Sine (shift 0) or cosine (shift of the first maximum to 0)."""
    ends = function(a[0]), function(a[1])
    low, high = _about(np.minimum(*ends), np.maximum(*ends))
    high = np.where(_holds_whole(*a, 0.5 * math.pi - shift, 2.0 * math.pi), 1.0, high)
    low = np.where(_holds_whole(*a, 1.5 * math.pi - shift, 2.0 * math.pi), -1.0, low)
    return np.maximum(low, -1.0), np.minimum(high, 1.0)


def _tangent(a: Bounds) -> Bounds:
    low, high = _about(np.tan(a[0]), np.tan(a[1]))
    pole = _holds_whole(*a, 0.5 * math.pi, math.pi)
    return np.where(pole, -math.inf, low), np.where(pole, math.inf, high)


def _even(a: Bounds, function: Callable[..., Array], least: float) -> Bounds:
    """A function that falls to `least` at zero and rises from there, the same on both sides."""
    ends = function(a[0]), function(a[1])
    low, high = _about(np.minimum(*ends), np.maximum(*ends))
    return np.where((a[0] <= 0.0) & (a[1] >= 0.0), least, np.maximum(low, least)), high


def _square(a: Bounds) -> Bounds:
    return _whole_power(a, 2)


def _whole_power(a: Bounds, exponent: int) -> Bounds:
    if exponent < 0:
        one = np.ones(1)
        return _divide((one, one), _whole_power(a, -exponent))
    if exponent == 0:
        return np.ones(1), np.ones(1)
    ends = np.power(a[0], exponent), np.power(a[1], exponent)
    low, high = np.minimum(*ends), np.maximum(*ends)
    exact = _whole(*a) & (np.maximum(np.abs(low), np.abs(high)) < WHOLE)
    low, high = (np.where(exact, x, y) for x, y in zip((low, high), _about(low, high), strict=True))
    if exponent % 2 == 0:
        low = np.where((a[0] <= 0.0) & (a[1] >= 0.0), 0.0, np.maximum(low, 0.0))
    return low, high


def _monotone(function: Callable[..., Array]) -> Callable[[Bounds], Bounds]:
    return lambda a: _about(function(a[0]), function(a[1]))


def _falling(function: Callable[..., Array]) -> Callable[[Bounds], Bounds]:
    return lambda a: _about(function(a[1]), function(a[0]))


# --- functions ----------------------------------------------------------------------------------------------------

_exp, _log, _root, _atan = (_monotone(f) for f in (np.exp, np.log, np.sqrt, np.arctan))
_ONE = (np.ones(1), np.ones(1))
_HALF = (np.full(1, 0.5), np.full(1, 0.5))
_UNIT = (-np.ones(1), np.ones(1))


def _cut(a: Bounds, least: float, most: float = math.inf) -> Bounds:
    return np.clip(a[0], least, most), np.clip(a[1], least, most)


def _sign(a: Bounds) -> Bounds:
    return np.where(a[0] >= 0.0, 1.0, -1.0), np.where(a[1] <= 0.0, -1.0, 1.0)


def _cosine(a: Bounds) -> Bounds:
    return _sine(a, 0.5 * math.pi, np.cos)


def _plain_sine(a: Bounds) -> Bounds:
    return _sine(a, 0.0, np.sin)


def _arc_slope(a: Bounds) -> Bounds:
    return _divide(_ONE, _root(_cut(_add(_ONE, _negate(_square(a))), 0.0)))


def _bell(a: Bounds) -> Bounds:
    return _add(_ONE, _negate(_square(_monotone(np.tanh)(a))))


_SMOOTH: dict[str, tuple[Callable[[Bounds], Bounds], Callable[[Bounds], Bounds]]] = {
    "exp": (lambda a: _cut(_exp(a), 0.0), lambda a: _cut(_exp(a), 0.0)),
    "log": (_log, lambda a: _divide(_ONE, a)),
    "sqrt": (lambda a: _cut(_root(a), 0.0), lambda a: _divide(_HALF, _cut(_root(a), 0.0))),
    "sin": (_plain_sine, _cosine),
    "cos": (_cosine, lambda a: _negate(_plain_sine(a))),
    "tan": (_tangent, lambda a: _add(_ONE, _square(_tangent(a)))),
    "asin": (_monotone(np.arcsin), _arc_slope),
    "acos": (_falling(np.arccos), lambda a: _negate(_arc_slope(a))),
    "atan": (_atan, lambda a: _divide(_ONE, _add(_ONE, _square(a)))),
    "sinh": (_monotone(np.sinh), lambda a: _even(a, np.cosh, 1.0)),
    "cosh": (lambda a: _even(a, np.cosh, 1.0), _monotone(np.sinh)),
    "tanh": (lambda a: _cut(_monotone(np.tanh)(a), -1.0, 1.0), lambda a: _cut(_bell(a), 0.0, 1.0)),
    "abs": (
        lambda a: (
            np.where((a[0] <= 0.0) & (a[1] >= 0.0), 0.0, np.minimum(np.abs(a[0]), np.abs(a[1]))),
            np.maximum(np.abs(a[0]), np.abs(a[1])),
        ),
        _sign,
    ),
}
"""Bounds of each function and of its derivative."""

_DOMAINS: dict[str, tuple[float, float]] = {
    "log": (0.0, math.inf),
    "sqrt": (0.0, math.inf),
    "asin": (-1.0, 1.0),
    "acos": (-1.0, 1.0),
}


def _apply(operator: str, operands: list[Enclosure], slopes: bool) -> Enclosure:
    if operator in _SMOOTH:
        return _function(operator, operands[0], slopes)
    if operator in ("floor", "ceil"):
        return _step(np.floor if operator == "floor" else np.ceil, operands[0], slopes)
    if operator in COMPARISONS:
        return _comparison(operator, operands[0], operands[1], slopes)
    return _RULES[operator](operands, slopes)


def _bounds(e: Enclosure) -> Bounds:
    return e.low, e.high


def _slope(e: Enclosure) -> Bounds:
    return (np.zeros(1), np.zeros(1)) if e.slope is None else e.slope


def _enclosure(bounds: Bounds, operands: list[Enclosure], slope: Bounds | None, inside: Array = _YES) -> Enclosure:
    """Defined where all operands are; `inside` says where the operation itself is."""
    defined, possible = inside, _YES
    for operand in operands:
        defined, possible = defined & operand.defined, possible & operand.possible
    return Enclosure(*bounds, defined, possible, _only(slope, defined))


def _only(slope: Bounds | None, where: Array) -> Bounds | None:
    """The slope where it exists, and unbounded elsewhere."""
    if slope is None or where.all():
        return slope
    return np.where(where, slope[0], -math.inf), np.where(where, slope[1], math.inf)


def _function(name: str, x: Enclosure, slopes: bool) -> Enclosure:
    value, derivative = _SMOOTH[name]
    inside, possible, bounds = _YES, _YES, _bounds(x)
    if name in _DOMAINS:
        least, most = _DOMAINS[name]
        inside = (x.low >= least) & (x.high <= most)
        possible = (x.high >= least) & (x.low <= most)
        bounds = _cut(bounds, least, most)
    elif name in ("sin", "cos", "tan"):
        inside = ~_unbounded(x)
    slope = _multiply(derivative(bounds), _slope(x)) if slopes else None
    enclosure = _enclosure(value(bounds), [x], slope, inside)
    return enclosure._replace(possible=enclosure.possible & possible)


def _step(function: Callable[..., Array], x: Enclosure, slopes: bool) -> Enclosure:
    low, high = function(x.low), function(x.high)
    return _enclosure((low, high), [x], _only((np.zeros(1), np.zeros(1)), low == high) if slopes else None)


def _comparison(operator: str, a: Enclosure, b: Enclosure, slopes: bool) -> Enclosure:
    apart = (a.high < b.low) | (b.high < a.low)
    same = (a.low == a.high) & (b.low == b.high) & (a.low == b.low)
    true, false = {
        "less": (a.high < b.low, a.low >= b.high),
        "less_equal": (a.high <= b.low, a.low > b.high),
        "equal": (same, apart),
        "not_equal": (apart, same),
    }[operator]
    defined, never = a.defined & b.defined, ~(a.possible & b.possible)
    true, false = true & defined, false & defined
    if operator == "not_equal":
        true = true | never | (apart & a.possible & b.possible)
    else:
        false = false | never | (_false_anyway(operator, a, b) & ~defined)
    return _truth(true, false, slopes)


def _false_anyway(operator: str, a: Enclosure, b: Enclosure) -> Array:
    """Where a comparison is false whether or not its sides are numbers."""
    return {"less": a.low >= b.high, "less_equal": a.low > b.high}.get(operator, (a.high < b.low) | (b.high < a.low))


def _truth(true: Array, false: Array, slopes: bool) -> Enclosure:
    low, high = np.where(true, 1.0, 0.0), np.where(false, 0.0, 1.0)
    slope = _only((np.zeros(1), np.zeros(1)), low == high) if slopes else None
    return Enclosure(low, high, _YES, _YES, slope)


def _surely(e: Enclosure) -> tuple[Array, Array]:
    """Where a condition surely holds, and where it surely does not."""
    return (e.low > 0.0) | (e.high < 0.0) | ~e.possible, (e.low == 0.0) & (e.high == 0.0) & e.defined


def _all(operands: list[Enclosure], slopes: bool) -> Enclosure:
    truths = [_surely(e) for e in operands]
    true, false = _YES, _NO
    for holds, fails in truths:
        true, false = true & holds, false | fails
    return _truth(true, false, slopes)


def _any(operands: list[Enclosure], slopes: bool) -> Enclosure:
    true, false = _NO, _YES
    for holds, fails in (_surely(e) for e in operands):
        true, false = true | holds, false & fails
    return _truth(true, false, slopes)


def _not(operands: list[Enclosure], slopes: bool) -> Enclosure:
    holds, fails = _surely(operands[0])
    return _truth(fails, holds, slopes)


def _total(operands: list[Enclosure], slopes: bool) -> Enclosure:
    bounds, slope = _bounds(operands[0]), _slope(operands[0])
    for operand in operands[1:]:
        bounds = _add(bounds, _bounds(operand))
        slope = _add(slope, operand.slope) if operand.slope is not None else slope
    # Infinity minus infinity is no number, and neither is zero times infinity.
    inside = ~(_reduce_or(e.low == -math.inf for e in operands) & _reduce_or(e.high == math.inf for e in operands))
    return _enclosure(bounds, operands, slope if slopes else None, inside)


def _reduce_or(masks: Iterable[Array]) -> Array:
    return reduce(np.logical_or, masks)


def _unbounded(e: Enclosure) -> Array:
    return ~(np.isfinite(e.low) & np.isfinite(e.high))


def _with_zero(e: Enclosure) -> Array:
    return (e.low <= 0.0) & (e.high >= 0.0)


def _product(operands: list[Enclosure], slopes: bool) -> Enclosure:
    bounds, slope = _bounds(operands[0]), _slope(operands[0])
    for operand in operands[1:]:
        if slopes:
            slope = _multiply(slope, _bounds(operand))
            if operand.slope is not None:
                slope = _add(slope, _multiply(bounds, operand.slope))
        bounds = _multiply(bounds, _bounds(operand))
    inside = ~(_reduce_or(map(_unbounded, operands)) & _reduce_or(map(_with_zero, operands)))
    return _enclosure(bounds, operands, slope if slopes else None, inside)


def _quotient(operands: list[Enclosure], slopes: bool) -> Enclosure:
    upper, lower = operands
    value = _divide(_bounds(upper), _bounds(lower))
    zero = _with_zero(lower)
    slope = None
    if slopes:
        change = _slope(upper)
        if lower.slope is not None:
            change = _add(change, _negate(_multiply(value, lower.slope)))
        slope = _only(_divide(change, _bounds(lower)), ~zero)
    # Zero over zero is no number, and neither is infinity over infinity.
    return _enclosure(value, operands, slope, ~(zero & _with_zero(upper)) & ~(_unbounded(upper) & _unbounded(lower)))


def _power(operands: list[Enclosure], slopes: bool) -> Enclosure:
    basis, exponent = operands
    constant = float(exponent.low[0]) if exponent.low.shape == (1,) and exponent.low[0] == exponent.high[0] else None
    if constant is not None and constant == round(constant) and abs(constant) < 1000:
        slope, n = None, int(constant)
        value = _whole_power(_bounds(basis), n)
        if slopes:
            factor = np.full(1, constant)
            slope = _multiply(_multiply((factor, factor), _whole_power(_bounds(basis), n - 1)), _slope(basis))
            if n < 0:
                slope = _only(slope, (basis.low > 0.0) | (basis.high < 0.0))
        return _enclosure(value, operands, slope)
    low, high = _cut(_bounds(basis), 0.0)
    corners = [np.power(x, y) for x in (low, high) for y in (exponent.low, exponent.high)]
    value = _cut(_about(np.fmin.reduce(corners), np.fmax.reduce(corners)), 0.0)
    slope = None
    if slopes:
        by_basis = _divide(_multiply(_bounds(exponent), _slope(basis)), (low, high))
        by_exponent = _multiply(_slope(exponent), _log((low, high))) if exponent.slope is not None else None
        inner = by_basis if by_exponent is None else _add(by_basis, by_exponent)
        slope = _only(_multiply(value, inner), low > 0.0)
    inside = basis.low >= 0.0
    # A negative basis has a power where the exponent is whole, and where the basis is infinite.
    wild = (basis.low < 0.0) if constant is None else (basis.low == -math.inf)
    possible = inside | wild | (basis.high >= 0.0)
    value = np.where(wild, -math.inf, value[0]), np.where(wild, math.inf, value[1])
    enclosure = _enclosure(value, operands, slope, inside)
    return enclosure._replace(possible=enclosure.possible & possible)


def _extremum(choose: np.ufunc) -> Callable[[list[Enclosure], bool], Enclosure]:
    def bounds(operands: list[Enclosure], slopes: bool) -> Enclosure:
        low: Array = choose.reduce(np.broadcast_arrays(*(e.low for e in operands)))
        high: Array = choose.reduce(np.broadcast_arrays(*(e.high for e in operands)))
        slope = None
        if slopes:
            least, most = np.full(1, math.inf), np.full(1, -math.inf)
            for e in operands:
                chosen = e.low <= high if choose is np.minimum else e.high >= low
                own = _slope(e)
                least = np.where(chosen, np.minimum(least, own[0]), least)
                most = np.where(chosen, np.maximum(most, own[1]), most)
            slope = least, most
        enclosure = _enclosure((low, high), operands, slope)
        if enclosure.defined.all():
            return enclosure
        # Which operand is taken when one is no number depends on their order: it may be any.
        lows = [np.where(e.possible, e.low, math.inf) for e in operands]
        highs = [np.where(e.possible, e.high, -math.inf) for e in operands]
        low = np.where(enclosure.defined, low, reduce(np.minimum, lows))
        high = np.where(enclosure.defined, high, reduce(np.maximum, highs))
        return enclosure._replace(low=low, high=high, possible=_reduce_or(e.possible for e in operands))

    return bounds


def _piecewise(operands: list[Enclosure], slopes: bool) -> Enclosure:
    low, high, least, most = (np.full(1, sign * math.inf) for sign in (1, -1, 1, -1))
    defined, possible, chosen = _YES, _NO, np.zeros(1)
    still = _YES
    for value, condition in zip(operands[::2], [*operands[1::2], None], strict=True):
        holds, fails = (_YES, _NO) if condition is None else _surely(condition)
        taken = still & ~fails
        low = np.where(taken, np.minimum(low, value.low), low)
        high = np.where(taken, np.maximum(high, value.high), high)
        defined, possible = defined & (value.defined | ~taken), possible | (value.possible & taken)
        chosen = chosen + taken
        if slopes:
            own = _slope(value)
            least = np.where(taken, np.minimum(least, own[0]), least)
            most = np.where(taken, np.maximum(most, own[1]), most)
        still = still & ~holds
    slope = _only((least, most), (chosen == 1) & defined) if slopes else None
    return Enclosure(low, high, defined, possible, slope)


_RULES: dict[str, Callable[[list[Enclosure], bool], Enclosure]] = {
    "add": _total,
    "multiply": _product,
    "divide": _quotient,
    "power": _power,
    "min": _extremum(np.minimum),
    "max": _extremum(np.maximum),
    "and": _all,
    "or": _any,
    "not": _not,
    "piecewise": _piecewise,
}
