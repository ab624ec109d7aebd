"""exp, log and power over lanes.

LLVM turns its own vector `exp` into one call of the C library per lane; these are written out, take the same steps at
every width, and give the same bits in a lane as in a plain double. Accuracy with fused multiplication: exp
within 1 unit in the last place, log within 0.6, power within 2 (on machines without it about 1, 1 and 4 |y log x|).
Powers with an exponent of 0, 1, 2, 3 or 4, as most Hill coefficients are, are products, at a tenth of the time.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable

from .assembly import FunctionBody, LaneTypes, lane_function

_LN2_HIGH = float.fromhex("0x1.62e42fefa3000p-1")
_LN2_LOW = float.fromhex("0x1.3de6af278ece6p-42")
# The high part has trailing zeros, so that it times any binary exponent is exact.
_PER_LN2 = float.fromhex("0x1.71547652b82fep+0")
_ROUNDING = 1.5 * 2.0**52
# Adding this number rounds to an integer, which then stands in the lowest bits of the sum.
_SMALLEST_EXPONENT, _LARGEST_EXPONENT = -746.0, 710.0
# exp is 0 below and infinite above.

# (exp(r) - 1 - r) / r^2 on |r| <= ln(2)/2, Chebyshev interpolation in 200 bits; relative error of exp 2^-62.
_EXP = (
    0.5,
    0.1666666666666667,
    0.04166666666666667,
    0.008333333333326136,
    0.0013888888888883748,
    0.00019841269874820627,
    2.4801587325547743e-05,
    2.7557255400206422e-06,
    2.75572736431103e-07,
    2.5105217004720745e-08,
    2.0914686968086876e-09,
)
# (2 atanh(s) - 2 s) / s^3 in z = s^2 on 1/sqrt(2) <= (1 + s) / (1 - s) <= sqrt(2); relative error of log 2^-64.
_LOG = (
    0.6666666666666666,
    0.4000000000000088,
    0.2857142857080323,
    0.2222222239180047,
    0.18181795630884753,
    0.15386240205813478,
    0.13268759668560612,
    0.13086767009948175,
)
_SQRT_HALF_BITS = 0x3FE6A09E667F3BCD
_ONE_BITS = 0x3FF0000000000000
_EXPONENT_BITS = 0xFFF0000000000000
_TWO_52_BITS = 0x4330000000000000


def exponential(lanes: LaneTypes) -> str:
    """The function `pathway_exp`."""
    body = FunctionBody(lanes)
    return lane_function("pathway_exp", lanes, ["x"], body, _exp_of_sum(body, "%x", None))


def logarithm(lanes: LaneTypes) -> str:
    """The function `pathway_log`."""
    body = FunctionBody(lanes)
    high, low = _log_in_two_parts(body, "%x")
    result = _with_limits_of_log(body, "%x", body.add(high, low))
    return lane_function("pathway_log", lanes, ["x"], body, result)


def power(lanes: LaneTypes) -> str:
    """The function `pathway_pow`: exp(y log x), and C's answers for a negative base with an integer exponent."""
    body = FunctionBody(lanes)
    two = lanes.constant(2.0)
    near = body.compare("ole", body.call("llvm.fabs", body.subtract("%y", two)), two)
    short = body.put(f"and {lanes.truth} {near}, {body.compare('oeq', body.call('llvm.floor', '%y'), '%y')}")
    body.do(f"br i1 {body.in_all_lanes(short)}, label %short, label %long")
    body.label("short")
    product = _short_power(body)
    body.do("br label %end")
    body.label("long")
    result = _any_power(body)
    if lanes.width > 1:
        result = body.choose(short, _short_power(body), result)
    body.do("br label %end")
    body.label("end")
    result = body.put(f"phi {lanes.real} [ {product}, %short ], [ {result}, %long ]")
    return lane_function("pathway_pow", lanes, ["x", "y"], body, result)


def _short_power(body: FunctionBody) -> str:
    """x^y where y is 0, 1, 2, 3 or 4."""
    square = body.multiply("%x", "%x")
    product = body.multiply(square, square)
    for exponent, value in enumerate([body.lanes.constant(1.0), "%x", square, body.multiply("%x", square)]):
        product = body.choose(body.compare("oeq", "%y", body.lanes.constant(float(exponent))), value, product)
    return product


def _any_power(body: FunctionBody) -> str:
    lanes = body.lanes
    zero, one = lanes.constant(0.0), lanes.constant(1.0)
    size = body.call("llvm.fabs", "%x")
    high, low = _log_in_two_parts(body, size)
    high = _with_limits_of_log(body, size, high)
    product = body.multiply("%y", high)
    rest = body.fused("%y", low, body.fused("%y", high, body.negate(product)))
    # Where the product is infinite or nan the rest means nothing.
    moderate = body.compare("olt", body.call("llvm.fabs", product), lanes.constant(1000.0))
    rest = body.choose(moderate, rest, zero)
    # Also where the exponent is infinite or nan.
    positive = body.choose(body.compare("oeq", size, one), one, _exp_of_sum(body, product, rest))
    whole = body.compare("oeq", body.call("llvm.floor", "%y"), "%y")
    half = body.multiply("%y", lanes.constant(0.5))
    odd = body.compare("une", body.call("llvm.floor", half), half)
    of_negative = body.choose(odd, body.negate(positive), positive)
    of_negative = body.choose(whole, of_negative, lanes.constant(math.nan))
    return body.choose(body.compare("olt", "%x", zero), of_negative, positive)


FUNCTIONS: dict[str, Callable[[LaneTypes], str]] = {
    "pathway_exp": exponential,
    "pathway_log": logarithm,
    "pathway_pow": power,
}
"""Text of each function by its name."""


def _polynomial(body: FunctionBody, coefficients: tuple[float, ...], x: str) -> str:
    """By Estrin's scheme: what one product waits for is a third of what it is in Horner's."""
    terms = [body.lanes.constant(coefficient) for coefficient in coefficients]
    while len(terms) > 1:
        pairs = [body.fused(upper, x, lower) for lower, upper in zip(terms[::2], terms[1::2], strict=False)]
        terms = pairs + terms[len(pairs) * 2 :]
        x = body.multiply(x, x) if len(terms) > 1 else x
    return terms[0]


def _exp_of_sum(body: FunctionBody, x: str, correction: str | None) -> str:
    """exp(x + correction), the correction being tiny: 2^k exp(r) with x = k ln 2 + r."""
    lanes = body.lanes
    least, most, rounding = (lanes.constant(v) for v in (_SMALLEST_EXPONENT, _LARGEST_EXPONENT, _ROUNDING))
    inside = body.choose(body.compare("ogt", x, least), x, least)
    inside = body.choose(body.compare("olt", inside, most), inside, most)
    shifted = body.fused(inside, lanes.constant(_PER_LN2), rounding)
    k = body.subtract(shifted, rounding)
    r = body.fused(k, lanes.constant(-_LN2_HIGH), inside)
    r = body.fused(k, lanes.constant(-_LN2_LOW), r)
    if correction is not None:
        r = body.add(r, correction)
    tail = body.fused(body.multiply(r, r), _polynomial(body, _EXP, r), r)
    fraction = body.add(tail, lanes.constant(1.0))
    # 2^k in two factors, so that results beyond the normal range come out rounded once.
    rounding_bits = lanes.whole(_bits(_ROUNDING))
    half_shifted = body.fused(k, lanes.constant(0.5), rounding)
    first = body.whole("sub", body.bits(half_shifted), rounding_bits)
    second = body.whole("sub", body.whole("sub", body.bits(shifted), rounding_bits), first)
    result = fraction
    for exponent in (first, second):
        biased = body.whole("add", exponent, lanes.whole(1023))
        result = body.multiply(result, body.from_bits(body.whole("shl", biased, lanes.whole(52))))
    return body.choose(body.compare("uno", x, x), x, result)


def _log_in_two_parts(body: FunctionBody, x: str) -> tuple[str, str]:
    """log(x) of a positive finite x as a large and a tiny number: k ln 2 + 2 atanh((m - 1) / (m + 1)), x = 2^k m."""
    lanes = body.lanes
    one = lanes.constant(1.0)
    subnormal = body.compare("olt", x, lanes.constant(2.0**-1022))
    scaled = body.choose(subnormal, body.multiply(x, lanes.constant(2.0**54)), x)
    bits = body.bits(scaled)
    moved = body.whole("add", bits, lanes.whole(_ONE_BITS - _SQRT_HALF_BITS))
    # The exponent as a real number: its bits under the leading bit of 2^52.
    biased = body.from_bits(
        body.whole("or", body.whole("lshr", moved, lanes.whole(52)), lanes.whole(_TWO_52_BITS)),
    )
    offset = body.choose(subnormal, lanes.constant(2.0**52 + 1023 + 54), lanes.constant(2.0**52 + 1023))
    k = body.subtract(biased, offset)
    cut = body.whole("sub", body.whole("and", moved, lanes.whole(_EXPONENT_BITS)), lanes.whole(_ONE_BITS))
    m = body.from_bits(body.whole("sub", bits, cut))
    numerator, denominator = body.subtract(m, one), body.add(m, one)
    lost = body.subtract(m, body.subtract(denominator, one))
    s = body.divide(numerator, denominator)
    # What the quotient is off by; 1 / (m + 1) = (1 - s) / 2.
    minus_s = body.negate(s)
    remainder = body.fused(minus_s, lost, body.fused(minus_s, denominator, numerator))
    s_low = body.multiply(remainder, body.fused(minus_s, lanes.constant(0.5), lanes.constant(0.5)))
    twice = body.add(s, s)
    z = body.multiply(s, s)
    cubic = body.multiply(body.multiply(s, z), _polynomial(body, _LOG, z))
    of_exponent = body.multiply(k, lanes.constant(_LN2_HIGH))
    high = body.add(of_exponent, twice)
    rounding = body.add(body.subtract(of_exponent, high), twice)
    low = body.fused(k, lanes.constant(_LN2_LOW), body.fused(s_low, lanes.constant(2.0), cubic))
    return high, body.add(rounding, low)


def _with_limits_of_log(body: FunctionBody, x: str, inside: str) -> str:
    """The logarithm where x is zero, infinite, negative or nan; elsewhere the value given."""
    lanes = body.lanes
    zero, infinite = lanes.constant(0.0), lanes.constant(math.inf)
    result = body.choose(body.compare("oeq", x, infinite), infinite, inside)
    result = body.choose(body.compare("oeq", x, zero), lanes.constant(-math.inf), result)
    return body.choose(
        body.compare("uge", x, zero), body.choose(body.compare("uno", x, x), x, result), lanes.constant(math.nan)
    )


def _bits(value: float) -> int:
    return struct.unpack("<Q", struct.pack("<d", value))[0]
