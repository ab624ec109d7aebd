"""The numbers that an entry of `[fit]` asks for, with their bounds and priors; and what it must not ask."""

import math
from pathlib import Path
from types import SimpleNamespace

import pytest
from scipy.stats import norm

from pathway.scenario import schema
from pathway.scenario.experiment import FitParameter, PriorChoice
from pathway.scenario.fit_plan import CellLineParameters, fit_unknowns, observable_choice

from .toy import toy_laboratory

BOTH, SLOW = ("slow", "quick"), ("slow",)


def asked(cells, *words, **more):
    return fit_unknowns(FitParameter(*words, **more), CellLineParameters(cells, toy_laboratory(), Path()))


@pytest.mark.parametrize(
    ("bounds", "prior", "expected"),
    [
        ((0.05, 0.8), "range", ("log-normal", 0.1, (0.05, 0.8))),
        ((0.05, 0.8), "middle", ("log-normal", 0.2, (0.05, 0.8))),
        ((-1.0, 0.5), "range", ("normal", 0.1, (-1.0, 0.5))),
        ((-1.0, 0.5), "middle", ("normal", -0.25, (-1.0, 0.5))),
    ],
)
def test_a_prior_has_its_central_95_percent_in_the_range(bounds, prior, expected):
    (one,) = asked(BOTH, "k_loss", bounds, prior=prior)
    kind, center, (low, high) = expected
    assert (one.name, one.cells, one.value, one.lower, one.upper) == ("k_loss", BOTH, 0.1, *bounds)
    assert one.scale == ("log10" if kind == "log-normal" else "linear")
    assert (one.prior.distribution, one.prior.center) == (kind, pytest.approx(center))
    width = math.log(high / low) if kind == "log-normal" else high - low
    assert 2 * one.prior.spread * norm.ppf(0.975) == pytest.approx(width, rel=1e-6)


def test_a_prior_may_be_stated_or_left_out():
    assert asked(SLOW, "k_loss", (0.05, 0.8), prior="none")[0].prior is None
    stated = PriorChoice("normal", 0.3, 1.0)
    assert asked(SLOW, "k_loss", (0.05, 0.8), prior=stated)[0].prior is stated


def test_lines_that_differ_share_a_factor_a_value_or_nothing():
    (factor,) = asked(BOTH, "mu", (0.5, 2.0), shared="factor")
    assert (factor.name, factor.is_factor, factor.value, factor.cells) == ("factor_mu", True, 1.0, BOTH)
    each = asked(BOTH, "mu", (0.01, 2.0), shared="no")
    assert [(u.name, u.cells, u.value) for u in each] == [("mu_slow", ("slow",), 0.02), ("mu_quick", ("quick",), 0.04)]
    (value,) = asked(BOTH, "mu", (0.01, 2.0), shared="value")
    assert (value.name, value.is_factor, value.value, value.cells) == ("mu", False, 0.02, BOTH)


@pytest.mark.parametrize(
    ("cells", "words", "more", "said"),
    [
        (BOTH, ("mu", (0.01, 2.0)), {}, "the cell lines differ in mu (slow 0.02, quick 0.04): say shared = "),
        (SLOW, ("mu",), {}, 'mu has no range of its own; write range = ["LOW UNIT", "HIGH UNIT"]'),
        (SLOW, ("mu", (2.0, 1.0)), {}, "mu: the range 2 to 1 is upside down; the lowest comes first"),
        (SLOW, ("mu", (1.0, 1.0)), {}, "mu: the range 1 to 1 leaves nothing to estimate"),
        (SLOW, ("mu", (1.0, 2.0)), {}, "mu: the value of slow, 0.02, is outside its bounds 1 to 2"),
        (SLOW, ("mu", (0.01, 2.0)), {"start": 3.0}, "mu: the start, 3, is outside its bounds 0.01 to 2"),
        (SLOW, ("mu", (0.0, 2.0)), {"scale": "log10"}, 'mu: scale = "log10" needs a lower bound above zero, not 0'),
        (
            *(SLOW, ("mu", (0.01, 2.0)), {"prior": PriorChoice("normal", 3.0, 1.0)}),
            "mu: the prior's center, 3, is outside the bounds 0.01 to 2",
        ),
    ],
)
def test_what_cannot_be_asked(cells, words, more, said):
    with pytest.raises(ValueError) as found:
        asked(cells, *words, **more)
    assert str(found.value).startswith(said)


def test_bounds_hold_up_to_rounding():
    assert asked(SLOW, "mu", (0.02 * (1 + 1e-13), 2.0))[0].value == 0.02
    assert asked(SLOW, "mu", (0.001, 0.02 * (1 - 1e-13)))[0].value == 0.02


def test_what_a_table_of_an_observable_does_not_say_is_usual():
    usual = observable_choice(schema.FitObservable())
    assert (usual.offset, usual.noise_shared_by, usual.degrees_of_freedom) == ("none", "observable", 4.0)
    said = schema.FitObservable(scale="free", offset="free", noise_shared_by="gel", degrees_of_freedom=3)
    found = observable_choice(said)
    assert (found.scale, found.offset, found.noise_shared_by, found.degrees_of_freedom) == ("free", "free", "gel", 3.0)


def test_a_number_belongs_to_the_line_that_states_it():
    """C states k itself, b does not, and a is nobody's child."""
    lines = {
        "a": SimpleNamespace(parent=None, own={"k"}),
        "b": SimpleNamespace(parent="a", own={"m"}),
        "c": SimpleNamespace(parent="b", own={"k"}),
    }
    laboratory = SimpleNamespace(line_of=lambda cells, folder: lines[cells])
    known = CellLineParameters(lines, laboratory, Path())
    assert [known.owner("k", cells) for cells in "abc"] == ["a", "a", "c"]
    assert [known.owner("m", cells) for cells in "abc"] == ["a", "b", "b"]
    assert CellLineParameters("d", SimpleNamespace(line_of=None), Path()).owner("k", "d") == "d"
