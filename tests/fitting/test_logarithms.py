"""The fit on logarithms against its closed form."""

import math
from dataclasses import replace

import numpy as np
import pytest

from pathway.expressions import parse
from pathway.fitting.objective import Objective
from pathway.fitting.objective.logarithms import FLOOR, NOISE, on_logarithms
from pathway.fitting.problem import Observable, Parameter

from .test_search import TIMES, decay


def noisy(**changes):
    """Decay whose noise level is estimated, too."""
    fields = {
        "parameters": (*decay().parameters, Parameter("sigma", 0.05, 1e-3, 1e1, "log10")),
        "observables": (Observable("seen", parse("scale * x"), parse("sigma")),),
    }
    return decay(**{**fields, **changes})


def test_it_is_the_sum_of_squares_of_logarithms():
    problem = on_logarithms(noisy())
    assert problem.names == ("k", "scale")
    data = np.array([max(m.value, 0.0) for m in decay().measurements])
    floor = FLOOR * data.max()
    curve = 5.0 * 2.0 * np.exp(-0.4 * TIMES)
    residuals = np.log((curve + floor) / (data + floor)) / NOISE
    densities = np.log(NOISE * (data + floor)) + 0.5 * math.log(2.0 * math.pi)
    value = Objective(problem).value(np.log10([0.4, 5.0]))
    assert value == pytest.approx(0.5 * float(residuals @ residuals) + float(densities.sum()), rel=1e-6)


def test_data_that_go_below_zero_stay_as_they_are():
    shifted = tuple(replace(m, value=m.value - 3.0) for m in decay().measurements)
    assert on_logarithms(noisy(measurements=shifted)) is None
    assert (
        on_logarithms(decay(observables=(Observable("seen", parse("scale * x"), parse("0.1"), "normal", "log"),)))
        is None
    )


def test_what_other_observables_need_stays_estimated():
    both = (*noisy().observables, Observable("on_log", parse("scale * x"), parse("sigma"), "normal", "log"))
    more = tuple(replace(m, observable="on_log", value=abs(m.value)) for m in decay().measurements)
    problem = on_logarithms(noisy(observables=both, measurements=(*decay().measurements, *more)))
    assert problem.names == ("k", "scale", "sigma")
    assert [o.transformation for o in problem.observables] == ["log", "log"]
    assert problem.measurements[-1].value == more[-1].value
