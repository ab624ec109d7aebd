"""Women's traits: what is drawn, how it goes together, and that a woman depends on her number alone."""

import numpy as np
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import logit

from pathway.clinic.traits import Covariate, Trait, correlation_matrix, draw_traits, independent_part

TRAITS = (
    Trait("a", "level", sd=0.4),
    Trait("b", "size", sd=0.5, median=7.0),
    Trait("lost", "level", share=0.25, factor=0.1),
    Trait("mutant", "switch", share=0.3, value=0.5),
    Trait("refractory", "refractory_share", sd=1.5, median=0.02),
)
MATRIX = correlation_matrix(TRAITS, {("a", "b"): 0.6})


def women(count, seed=1, first=0):
    return draw_traits(TRAITS, MATRIX, seed, range(first, first + count))


def test_a_woman_depends_on_seed_and_number_alone():
    together, apart = women(20), women(5, first=10)
    assert_array_equal(together.normals[10:15], apart.normals)
    assert_array_equal(together.others[10:15], apart.others)
    assert (women(20, seed=2).normals != together.normals).all()


def test_spreads_shares_and_correlations_are_those_asked_for():
    draws = women(20_000)
    made = draws.apply(
        {"level": np.full(20_000, 2.0), "size": np.zeros(20_000), "switch": np.zeros(20_000),
         "refractory_share": np.zeros(20_000)}, (),
    )  # fmt: skip
    lost, a = draws.carriers("lost"), np.log(draws.factors["a"])
    assert_allclose(lost.mean(), 0.25, atol=0.01)
    assert_allclose(np.log(made["level"] / 2.0)[~lost].std(), 0.4, rtol=0.03)
    assert_allclose(made["level"][lost] / made["level"][lost].mean(), np.exp(a[lost]) / np.exp(a[lost]).mean())
    assert_allclose(np.median(made["size"]), 7.0, rtol=0.03)
    assert set(made["switch"]) == {0.0, 0.5} and abs((made["switch"] > 0).mean() - 0.3) < 0.01
    assert_allclose(
        [np.median(made["refractory_share"]), logit(made["refractory_share"]).std()], [0.02, 1.5], rtol=0.05
    )
    assert_allclose(np.corrcoef(a, np.log(made["size"]))[0, 1], 0.6, atol=0.02)


def test_covariates_multiply_by_a_power():
    draws = women(50)
    (cleared,) = draws.apply({"clearance": np.ones(50)}, (Covariate("b", "clearance", 0.967),)).values()
    assert_allclose(cleared, draws.factors["b"] ** 0.967)


def test_the_independent_part_knows_nothing_of_the_other_traits():
    draws = women(20_000)
    part = independent_part(draws, MATRIX, "a")
    assert abs(np.corrcoef(part, draws.normals[:, 1])[0, 1]) < 0.02
    assert_allclose(part.std(), np.sqrt(1.0 - 0.6**2), rtol=0.03)  # of a normal, given the other
    assert_array_equal(independent_part(draws, MATRIX, "lost"), draws.normals[:, 2])
