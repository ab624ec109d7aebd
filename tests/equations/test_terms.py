"""Rates taken apart add up to the rates again, and share what is the same."""

from __future__ import annotations

import numpy as np

from pathway.equations import Model
from pathway.equations.terms import rate_terms
from pathway.expressions import parse
from pathway.expressions.calculus import term_magnitudes
from pathway.expressions.evaluation import evaluate_all
from tests.simulation.models import model_of, toggle


def added_up(model: Model, values: dict[str, float]) -> np.ndarray:
    found = rate_terms(model)
    terms = evaluate_all(list(found.terms), values)
    coefficients = evaluate_all([c for _, _, c in found.entries], values)
    made = np.zeros(len(model.species))
    for (row, column, _), c in zip(found.entries, coefficients, strict=True):
        made[row] += c * terms[column]
    return made


def test_terms_add_up_to_the_rates() -> None:
    two = model_of(
        "two",
        {"A": "-(k*A*B - r*C)/V1 + (s - A)/tau", "B": "-k*B*A/V1 + C*r/V1", "C": "2*(k*A*B - C*r)/V2"},
        {"A": 1.0, "B": 2.0, "C": 0.5},
        {"k": 0.3, "r": 0.2, "V1": 2.0, "V2": 5.0, "s": 0.7, "tau": 3.0},
    )
    for model in (two, toggle()):
        values = dict(zip(model.parameters, model.parameter_values, strict=True))
        values |= dict(zip(model.species, (0.3, 1.7, 2.2, 0.9), strict=False))
        expected = evaluate_all(list(model.derivatives.values()), values)
        np.testing.assert_allclose(added_up(model, values), expected, rtol=1e-14)
    found = rate_terms(two)
    # k A B and r C stand in all three species, in two sizes; s / tau and A / tau in one.
    assert len(found.terms) == 4
    assert {str(c.operator) for row, _, c in found.entries if row == 2} == {"multiply"}


def test_the_size_of_what_is_added_up() -> None:
    formula = parse("k*(a - 2*b)/(c - 3) - exp(a)")
    (size,) = evaluate_all(term_magnitudes([formula]), {"k": -2.0, "a": 1.0, "b": 4.0, "c": 1.0})
    assert size == 2.0 * (1.0 + 8.0) / 2.0 + np.exp(1.0)
