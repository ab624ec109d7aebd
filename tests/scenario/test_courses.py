"""What [[expect]] reads of growth and of all species, in a run whose closed form is known."""

import math

import numpy as np
import pytest

from pathway.scenario.expectations import judge, reading_value
from pathway.scenario.experiment import Expectation, Reading

from .test_run import DRUG, MU, run, slowed
from .toy import K_DRUG, VALUES

LEFT = slowed(10.0)
CLOSED = {
    ("cell_number_fold", "at", 36.0): math.exp(36 * MU * LEFT),
    ("percent_of_untreated", "at", 36.0): 100 * math.exp(36 * MU * (LEFT - 1)),
    ("percent_of_control", "at", 36.0): 100 * math.exp(36 * MU * (LEFT - 1)),
    ("GR", "at", 36.0): 2**LEFT - 1,
    ("GR", "end", None): 2**LEFT - 1,
    ("percent_of_control", "end", None): 100 * math.exp(72 * MU * (LEFT - 1)),
    ("percent_of_untreated", "end", None): 100 * math.exp(72 * MU * (LEFT - 1)),
}


@pytest.fixture(scope="module")
def result(tmp_path_factory):
    return run(tmp_path_factory.mktemp("r"), DRUG + '[[arm]]\nname = "none"\n[[arm]]\nname = "drug"\ndoses = ["d"]\n')


@pytest.mark.parametrize("key", CLOSED)
def test_growth_as_it_is_read(key, result):
    quantity, reduce, at = key
    assert reading_value(Reading(quantity, ("drug",), "arm", reduce=reduce, at=at), result) == pytest.approx(
        CLOSED[key], rel=1e-4
    )


def test_growth_of_an_arm_without_control_is_not_defined(result):
    for reduce in ("at", "end"):
        for quantity in ("GR", "percent_of_control"):
            reading = Reading(quantity, ("none",), "arm", reduce=reduce, at=36.0)
            assert math.isnan(reading_value(reading, result))
    verdict = judge(Expectation("c", "sanity", Reading("GR", ("none",), "arm"), 0.0, None), result)
    assert not verdict.met and "GR is not defined: the control does not grow or the arm has none" in verdict.reason


def test_the_worst_of_all_species_leaves_outputs_out(result):
    """Ligand and drug stay at zero without doses; the protein rests where synthesis and decay meet."""
    k, d, h = VALUES["k_make"], VALUES["k_decay"], VALUES["help"]
    b = K_DRUG - (k + h) / d
    rest = (-b + math.sqrt(b * b + 4 * k * K_DRUG / d)) / 2
    lowest = reading_value(Reading("every species", ("none",), "arm", reduce="min"), result)
    assert lowest == pytest.approx(0.0, abs=1e-9)
    highest = reading_value(Reading("every species", ("none",), "arm", reduce="max"), result)
    assert highest == pytest.approx(rest, rel=1e-4)
    assert np.isclose(reading_value(Reading("protein", ("none",), "arm", reduce="drift"), result), 0.0, atol=1e-4)
