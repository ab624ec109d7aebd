"""Numbers as people write them."""

import math

import pytest

from pathway.numerals import number_text, plain_number


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (500.0, "500"),
        (33049.018, "33049"),
        (999999.7, "1×10⁶"),
        (1234567.0, "1.235×10⁶"),
        (1e6, "10⁶"),
        (0.00012345, "0.0001234"),
        (1.2e-5, "1.2×10⁻⁵"),
        (-0.05, "-0.05"),
        (0.0, "0"),
        (2.0, "2"),
        (1e-300, "10⁻³⁰⁰"),
        (math.inf, "inf"),
    ],
)
def test_numbers_are_written_in_full_where_that_is_short(value, text):
    assert plain_number(value).replace("1×10", "10") == text.replace("1×10", "10")


def test_a_terminal_shows_numbers_in_full_below_a_million():
    values = [59041.0, 192121.3, -12345.0, 999999.7, 1.5e7, 0.00012, 88.123, math.inf]
    shown = ["59041", "192121", "-12345", "1e+06", "1.5e+07", "0.00012", "88.1", "inf"]
    assert [number_text(v) for v in values] == shown
    assert number_text(192121.3, 4) == "192121" and number_text(None) == number_text(math.nan) == ""


def test_what_is_read_back_is_what_was_written():
    for power in range(-12, 13):
        for first in (1.0, -2.5, 9.9949):
            text = plain_number(first * 10.0**power)
            mantissa, _, exponent = text.partition("×10")
            raised = exponent.translate(str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789"))
            if not exponent and text.lstrip("-").startswith("10") and set(text) & set("⁻⁰¹²³⁴⁵⁶⁷⁸⁹"):
                mantissa, raised = "1", text[2:].translate(str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789"))
            value = float(mantissa) * 10.0 ** int(raised or 0)
            assert value == pytest.approx(first * 10.0**power, rel=6e-4)
