"""Unit text against the pint library."""

import pint
import pytest

from pathway import units
from pathway.units import UnitError, conversion_factor, parse_quantity, unit

REGISTRY = pint.UnitRegistry()
PAIRS = [
    ("1/(nM*h)", "L/(umol*s)", "1/(nanomolar*hour)", "liter/(micromole*second)"),
    ("ug/mL", "g/L", "microgram/milliliter", "gram/liter"),
    ("d", "min", "day", "minute"),
    ("molecules/h", "pmol/d", "molecule/hour", "picomole/day"),
    ("nM*pL", "molecules", "nanomolar*picoliter", "molecule"),
    ("kDa", "g/mol", "kilogram/mole", "gram/mole"),
    ("um^3", "fL", "micrometer**3", "femtoliter"),
    ("%", "1", "0.01", "dimensionless"),
]


@pytest.mark.parametrize(("source", "target", "pint_source", "pint_target"), PAIRS)
def test_conversions_agree_with_pint(source, target, pint_source, pint_target):
    wanted = REGISTRY.Quantity(1.0, pint_source) if pint_source != "0.01" else REGISTRY.Quantity(0.01, "")
    assert conversion_factor(source, target) == pytest.approx(wanted.to(pint_target).magnitude, rel=1e-9)


NAMES = {
    **{"s": "second", "mol": "mole", "m": "meter", "g": "gram", "L": "liter", "M": "molar", "Da": "gram/mole"},
    **{"l": "liter", "1": "", "%": "percent", "percent": "percent", "dimensionless": "", "cells": ""},
    **{"min": "minute", "minute": "minute", "minutes": "minute", "h": "hour", "hr": "hour", "hour": "hour"},
    **{"hours": "hour", "d": "day", "day": "day", "days": "day", "wk": "week", "week": "week", "weeks": "week"},
    **{"second": "second", "seconds": "second", "month": "month", "months": "month", "year": "year", "years": "year"},
    **dict.fromkeys(("molecules", "molecule", "copies"), "mole/6.02214076e23"),
}
"""pint's name of every unit that may stand in a text."""
PREFIXES = {"k": "kilo", "c": "centi", "m": "milli", "u": "micro", "µ": "micro", "μ": "micro"} | {
    **{"n": "nano", "p": "pico", "f": "femto"}
}


def test_every_unit_has_pints_name_here():
    assert NAMES.keys() == {*units._PREFIXED, *units._ALONE, *units._ALIASES}
    assert PREFIXES.keys() == units._PREFIXES.keys()


@pytest.mark.parametrize("name", NAMES)
def test_every_unit_is_as_large_as_pints(name):
    """On the scale of second, mole, meter, gram; with every prefix where it takes one."""
    texts = {name: NAMES[name]}
    if units._ALIASES.get(name, name) in units._PREFIXED and name not in ("second", "seconds"):
        texts |= {short + name: long + NAMES[name] for short, long in PREFIXES.items()}
    for text, of_pint in texts.items():
        wanted = REGISTRY.parse_expression(of_pint) if of_pint else REGISTRY.Quantity(1.0, "")
        scale = REGISTRY.Quantity(1.0, wanted.units if hasattr(wanted, "units") else "")
        basic = (wanted.magnitude if hasattr(wanted, "units") else wanted) * scale.to_root_units()
        found, grams = unit(text), {"[mass]": 1000.0, "[length]": 1.0, "[time]": 1.0, "[substance]": 1.0}
        factor, words = basic.to_base_units(), {"amount": "[substance]"}
        size = float(factor.magnitude)
        for dimension, power in factor.dimensionality.items():
            size *= grams[dimension] ** float(power)
        assert found.factor == pytest.approx(size, rel=1e-12), text
        dimensions = {words.get(key, f"[{key}]"): float(power) for key, power in found.dimension}
        assert dimensions == {key: float(power) for key, power in factor.dimensionality.items()}, text


def test_a_mass_of_antibody_is_an_amount_through_its_molar_mass():
    # 10 ug/mL of trastuzumab, 145531.5 g/mol: 10e-3 g/L / 145531.5 g/mol = 68.71 nM
    assert 10 * conversion_factor("ug/mL", "nM", molar_mass=145531.5) == pytest.approx(68.71, abs=0.005)
    assert conversion_factor("nM", "ug/mL", molar_mass=145531.5) == pytest.approx(0.1455315)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("ug/mll", "no unit is called 'mll' in 'ug/mll'. Did you mean"),
        ("nM h", "'h' does not fit there"),
        ("1/(nM*h", r"'\)' is missing"),
        ("", "a unit is missing"),
        ("nM^x", "a whole number must follow"),
    ],
)
def test_unknown_units_are_refused_never_taken_as_one(text, complaint):
    with pytest.raises(UnitError, match=complaint):
        unit(text)


def test_dimensions_that_differ_are_told_in_words():
    with pytest.raises(UnitError, match=r"'nM' is a concentration, but 'h' is a time"):
        conversion_factor("nM", "h")


def test_the_largest_exponent_is_still_read():
    assert unit(f"s^{units.LARGEST_EXPONENT}").factor == 1.0
    assert unit(f"1/min^{units.LARGEST_EXPONENT}").factor == pytest.approx(60.0**-units.LARGEST_EXPONENT)
    with pytest.raises(UnitError):
        unit(f"s^{units.LARGEST_EXPONENT + 1}")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("%", "a plain number"),
        ("1/h", "a rate"),
        ("nmol", "an amount"),
        ("1/(nM*h)", "length^3/(amount*time)"),
        ("g*m^2", "length^2*mass"),
    ],
)
def test_dimensions_in_words(text, words):
    assert units.dimension_in_words(unit(text)) == words


def test_quantities_split_into_number_and_unit():
    assert parse_quantity("-48 h") == (-48.0, "h")
    assert parse_quantity("1e-3 ug/mL") == (0.001, "ug/mL")
    assert parse_quantity("4 x") == (4.0, "x")
    with pytest.raises(UnitError, match="does not start with a number"):
        parse_quantity("much")


def test_units_are_equal_in_kind_and_size_only():
    assert unit("nM").equals(unit("nmol/L"))
    assert not unit("nM").equals(unit("uM")) and not unit("uM").equals(unit("nM"))
    assert not unit("nM").equals(unit("nmol"))
