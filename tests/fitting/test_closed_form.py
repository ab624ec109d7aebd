"""Scales, offsets and noise levels in closed form, against estimating them numerically."""

import math

import numpy as np
import pytest
from scipy.optimize import lsq_linear, minimize

from pathway.equations import Model
from pathway.expressions import parse
from pathway.fitting.objective import Objective
from pathway.fitting.objective.hierarchical_blocks import bounded_least_squares
from pathway.fitting.objective.hierarchical_parameters import ReducedObjective
from pathway.fitting.priors import Prior
from pathway.fitting.problem import Measurement, Observable, Parameter, Problem
from pathway.simulation.protocol import Experiment, Period

TIMES = np.linspace(0.0, 5.0, 9)


def measured(observables, parameters, *, gels=1, censored="", seed=1):
    """x' = -k x from 2, seen through the observables; each gel has a scale of its own where `gels` > 1."""
    model = Model(
        name="decay",
        species=("x",),
        parameters=("k",),
        parameter_values=np.array([0.7]),
        initial={"x": parse("2")},
        rate_rules={"x": parse("-k * x")},
    )
    rng = np.random.default_rng(seed)
    values = 3.0 * 2.0 * np.exp(-0.7 * TIMES) + 0.4
    measurements = []
    for o in observables:
        for gel in range(gels):
            given = {"scale": parse(f"scale_{gel}")} if gels > 1 else {}
            noisy = values * (1.0 + gel) * np.exp(0.1 * rng.normal(size=len(TIMES)))
            measurements += [
                Measurement(o.name, "only", float(t), float(v), given, censored if k == 0 else "")
                for k, (t, v) in enumerate(zip(TIMES, noisy, strict=True))
            ]
    return Problem(
        name="decay",
        model=model,
        parameters=(Parameter("k", 0.7, 1e-2, 1e2, "log10"), *parameters),
        experiments=(Experiment("only", (Period(0.0),)),),
        observables=tuple(observables),
        measurements=tuple(measurements),
    )


def positive(name, lower=1e-4, upper=1e4, **more):
    return Parameter(name, 1.0 if lower <= 1.0 <= upper else lower, lower, upper, "log10", **more)


SCALE, SIGMA, OFFSET = positive("scale"), positive("sigma"), Parameter("offset", 0.0, -5.0, 5.0)

PROFILED = {
    "scale, offset and noise": ([Observable("o", parse("offset + scale * x"), parse("sigma"))], [SCALE, OFFSET, SIGMA]),
    "scale with known noise": ([Observable("o", parse("scale * x"), parse("0.2 * x"))], [SCALE]),
    "noise of one form": ([Observable("o", parse("3 * x"), parse("sigma * (0.1 + x)"))], [SIGMA]),
    "logarithms": (
        [Observable("o", parse("scale * x"), parse("sigma"), transformation="log10")],
        [SCALE, SIGMA],
    ),
    "natural logarithms": ([Observable("o", parse("x / scale"), parse("sigma"), transformation="log")], [SIGMA, SCALE]),
    "laplace": ([Observable("o", parse("3 * x"), parse("sigma"), distribution="laplace")], [SIGMA]),
    "scale at its bound": (
        [Observable("o", parse("scale * x"), parse("sigma"))],
        [positive("scale", 1e-4, 2.0), SIGMA],
    ),
    "noise at its bound": ([Observable("o", parse("scale * x"), parse("sigma"))], [SCALE, positive("sigma", 2.0, 9.0)]),
    "a scale for two observables": (
        [Observable("o", parse("scale * x"), parse("sigma")), Observable("p", parse("scale * x + 1"), parse("sigma"))],
        [SCALE, SIGMA],
    ),
}


@pytest.mark.parametrize("case", PROFILED)
def test_closed_forms_agree_with_numerical_optimization(case):
    problem = measured(*PROFILED[case])
    objective = Objective(problem)
    reduced = ReducedObjective(objective)
    assert len(reduced.inner) == (1 if case == "natural logarithms" else len(problem.names) - 1)
    outer = problem.to_scale(problem.nominal)[reduced.outer] + 0.1
    x = reduced.complete(outer)
    lower, upper = problem.bounds

    def loss(part):
        at = x.copy()
        at[reduced.inner] = np.clip(part, lower[reduced.inner], upper[reduced.inner])
        return objective.value(at)

    found = minimize(loss, x[reduced.inner], method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-11})
    assert objective.value(x) == pytest.approx(reduced.value(outer), rel=1e-12)
    assert reduced.value(outer) == pytest.approx(found.fun, abs=1e-7)


def test_each_gel_has_a_scale_of_its_own_and_all_one_noise():
    observable = Observable("o", parse("scale * x"), parse("sigma"))
    problem = measured([observable], [positive("scale_0"), positive("scale_1"), SIGMA], gels=2)
    reduced = ReducedObjective(Objective(problem))
    assert len(reduced.inner) == 3 and len(reduced.form.blocks.blocks) == 1
    x = dict(zip(problem.names, problem.from_scale(reduced.complete(np.array([math.log10(0.7)]))), strict=True))
    assert x["scale_1"] / x["scale_0"] == pytest.approx(2.0, rel=0.2)


@pytest.mark.parametrize("case", PROFILED)
def test_slopes_of_the_reduced_objective_agree_with_differences(case):
    reduced = ReducedObjective(Objective(measured(*PROFILED[case])))
    at = np.full(len(reduced.outer), -0.3)
    made, h = reduced(at), 1e-5
    for k in range(len(at)):
        step = h * np.eye(len(at))[k]
        difference = (reduced.value(at + step) - reduced.value(at - step)) / (2 * h)
        assert made.gradient[k] == pytest.approx(difference, rel=1e-5)


@pytest.mark.parametrize("case", PROFILED)
def test_many_points_have_the_bits_of_each_alone(case):
    reduced = ReducedObjective(Objective(measured(*PROFILED[case])))
    points = np.random.default_rng(7).uniform(-1.0, 1.0, (9, len(reduced.outer)))
    assert np.array_equal(reduced.values(points), [reduced.value(x) for x in points])


LEFT = {
    "a prior": (
        [Observable("o", parse("scale * x"), parse("0.1"))],
        [positive("scale", prior=Prior("normal", (1, 1)))],
    ),
    "noise that grows with the scale": (
        [Observable("o", parse("scale * x"), parse("0.1 * scale * x"))],
        [SCALE],
    ),
    "a curve in the parameter": ([Observable("o", parse("x / (scale + x)"), parse("0.1"))], [SCALE]),
    "an offset under a logarithm": (
        [Observable("o", parse("offset + 2 * x"), parse("0.1"), transformation="log")],
        [positive("offset")],
    ),
    "student's t": ([Observable("o", parse("2 * x"), parse("sigma"), distribution="student_t")], [SIGMA]),
}


@pytest.mark.parametrize("case", LEFT)
def test_what_has_no_closed_form_is_left_to_the_search(case):
    assert not len(ReducedObjective(Objective(measured(*LEFT[case]))).inner)


def test_a_censored_measurement_leaves_its_noise_to_the_search():
    observable = Observable("o", parse("scale * x"), parse("sigma"))
    assert not len(ReducedObjective(Objective(measured([observable], [SCALE, SIGMA], censored="below"))).inner)


def test_two_noise_levels_leave_a_shared_scale_to_the_search():
    observables = [Observable(n, parse("scale * x"), parse(f"sigma_{n}")) for n in ("o", "p")]
    problem = measured(observables, [SCALE, positive("sigma_o"), positive("sigma_p")])
    reduced = ReducedObjective(Objective(problem))
    assert {problem.names[k] for k in reduced.inner} == {"sigma_o", "sigma_p"}


def test_least_squares_in_a_box():
    rng = np.random.default_rng(3)
    for _ in range(50):
        table, goal = rng.normal(size=(12, 3)), 3.0 * rng.normal(size=12)
        found = bounded_least_squares(table, goal, np.full(3, -0.3), np.full(3, 0.2))
        wanted = lsq_linear(table, goal, (-0.3, 0.2), tol=1e-14).x
        assert found == pytest.approx(wanted, abs=1e-6)
