"""A problem as plain functions: one objective in every form, on the scales of the table."""

from __future__ import annotations

import copy
import math
import pickle
from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import least_squares, minimize

import pathway
from pathway.equations import Model
from pathway.errors import InputError
from pathway.expressions import parse
from pathway.fitting.estimation_problem import EstimationProblem
from pathway.fitting.priors import Prior
from pathway.fitting.problem import Measurement, Observable, Parameter, Problem, ProblemError
from pathway.simulation.protocol import Experiment, Period
from tests.fitting.receptor import receptor

TIMES = np.linspace(0.5, 6.0, 12)


def decay(noise: str = "noise", distribution: str = "normal", prior: Prior | None = None) -> Problem:
    """A species that decays, seen with noise that is estimated; one parameter on each scale."""
    model = Model(
        name="decay",
        species=("A",),
        parameters=("k", "start", "background"),
        parameter_values=np.array([0.5, 4.0, 0.2]),
        initial={"A": parse("start")},
        rate_rules={"A": parse("-k * A")},
    )
    parameters = (
        Parameter("k", 0.45, 1e-3, 10.0, "log10", prior=prior),
        Parameter("start", 3.8, 0.1, 100.0, "log"),
        Parameter("background", 0.2, -1.0, 1.0, "linear"),
        Parameter("noise", 0.12, 1e-3, 10.0, "log10"),
        Parameter("gain", 1.0, estimated=False),
    )
    seen = Observable("seen", parse("gain * A + background"), parse(noise), distribution)
    scatter = 0.1 * np.random.default_rng(3).normal(size=len(TIMES))
    values = 4.0 * np.exp(-0.5 * TIMES) + 0.2 + scatter
    measured = tuple(Measurement("seen", "run", float(t), float(v)) for t, v in zip(TIMES, values, strict=True))
    return Problem("decay", model, parameters, (Experiment("run", (Period(0.0),)),), (seen,), measured)


@pytest.fixture(scope="module")
def problem() -> EstimationProblem:
    return EstimationProblem(decay(), relative_tolerance=1e-10)


def central_differences(function, theta, step=1e-4):
    steps = step * np.eye(len(theta))
    far = np.array([function(theta + 2 * s) - function(theta - 2 * s) for s in steps])
    near = np.array([function(theta + s) - function(theta - s) for s in steps])
    return (8.0 * near - far) / (12.0 * step)


def test_a_vector_is_on_the_scales_of_the_table(problem):
    assert problem.names == ("k", "start", "background", "noise")
    assert problem.scales == ("log10", "log", "lin", "log10")
    assert problem.nominal == pytest.approx([math.log10(0.45), math.log(3.8), 0.2, math.log10(0.12)])
    assert problem.lower == pytest.approx([-3.0, math.log(0.1), -1.0, -3.0])
    assert np.array_equal(problem.bounds.lb, problem.lower) and np.array_equal(problem.bounds.ub, problem.upper)
    assert problem.fixed == {"gain": 1.0}
    assert problem.natural(problem.nominal) == pytest.approx(
        {"k": 0.45, "start": 3.8, "background": 0.2, "noise": 0.12}
    )
    assert problem.theta({"k": 1.0})[:2] == pytest.approx([0.0, math.log(3.8)])
    assert "<table>" in problem._repr_html_() and repr(problem).startswith("<EstimationProblem 'decay'")


def test_the_objective_is_minus_the_log_likelihood_with_all_constants(problem):
    natural = problem.natural(problem.nominal)
    simulated = natural["start"] * np.exp(-natural["k"] * TIMES) + natural["background"]
    measured = np.array([m.value for m in problem.definition.measurements])
    known = (
        0.5 * np.sum(((simulated - measured) / 0.12) ** 2)
        + 0.5 * len(TIMES) * math.log(2 * math.pi)
        + len(TIMES) * math.log(0.12)
    )
    assert problem.value(problem.nominal) == pytest.approx(known, rel=1e-7)
    assert problem.objective(problem.nominal)[0] == pytest.approx(known, rel=1e-7)
    assert problem.compare(problem.nominal).log_likelihood == pytest.approx(-known, rel=1e-7)


@pytest.mark.parametrize(
    "definition", [decay(), decay("noise * (1 + seen)"), receptor()], ids=["decay", "share", "receptor"]
)
def test_gradients_are_differences(definition):
    problem = EstimationProblem(definition, relative_tolerance=1e-11)
    theta = problem.nominal
    value, gradient, fisher = problem.objective(theta, fisher=True)
    assert gradient == pytest.approx(central_differences(problem.value, theta), rel=1e-5, abs=1e-5)
    assert np.linalg.eigvalsh(fisher)[0] > -1e-8 * np.abs(fisher).max()
    assert problem.gradient(theta) is not gradient and np.array_equal(problem.gradient(theta), gradient)
    assert np.array_equal(problem.fisher(theta), fisher) and value == problem.objective(theta)[0]


@pytest.mark.parametrize("prior", [None, Prior("normal", (-0.3, 0.1), on_scale=True), Prior("normal", (0.5, 0.2))])
def test_half_the_sum_of_squares_is_the_objective_up_to_a_constant(prior):
    problem = EstimationProblem(decay(prior=prior), relative_tolerance=1e-11)
    thetas = [problem.nominal, problem.nominal + 0.03]
    constants = [problem.value(t) - 0.5 * float(problem.residuals(t) @ problem.residuals(t)) for t in thetas]
    assert constants[0] == pytest.approx(constants[1], abs=1e-8)
    residuals, jacobian = problem.residuals(thetas[1]), problem.jacobian(thetas[1])
    assert jacobian == pytest.approx(central_differences(problem.residuals, thetas[1]).T, rel=1e-5, abs=1e-6)
    assert residuals @ jacobian == pytest.approx(problem.gradient(thetas[1]), rel=1e-6, abs=1e-6)


def test_noise_that_does_not_move_has_no_rows():
    fixed = EstimationProblem(decay("0.1"))
    assert fixed.residuals(fixed.nominal).shape == (len(TIMES),)


@pytest.mark.parametrize(
    ("definition", "words"),
    [
        (decay(distribution="laplace"), "laplace"),
        (decay(prior=Prior("log_normal", (0.0, 1.0))), "log_normal prior of 'k'"),
        (replace(decay(), measurements=(replace(decay().measurements[0], censored="below"),)), "limit of detection"),
    ],
    ids=["noise", "prior", "limit"],
)
def test_what_is_no_square_is_refused(definition, words):
    problem = EstimationProblem(definition)
    with pytest.raises(ProblemError, match=words):
        problem.residuals(problem.nominal)


def test_scipy_finds_the_same_optimum_both_ways(problem):
    start = problem.nominal + np.array([0.2, -0.3, 0.1, 0.4])
    by_gradient = minimize(problem.objective, start, jac=True, bounds=problem.bounds)
    by_squares = least_squares(
        problem.residuals, start, jac=problem.jacobian, bounds=problem.bounds, xtol=1e-12, ftol=1e-12
    )
    assert by_gradient.x == pytest.approx(by_squares.x, abs=1e-3)
    assert problem.value(by_squares.x) == pytest.approx(by_gradient.fun, abs=1e-5)
    assert pathway.fit(problem, starts=1, workers=1).best.objective == pytest.approx(by_gradient.fun, abs=1e-5)


def test_a_density_is_minus_the_objective_between_the_bounds(problem):
    theta = problem.nominal
    assert problem.log_density(theta) == pytest.approx(-problem.value(theta))
    value, gradient = problem.log_density_and_gradient(theta)
    assert value == pytest.approx(-problem.objective(theta)[0]) and gradient == pytest.approx(-problem.gradient(theta))
    outside = np.where(np.arange(4) == 2, 1.5, theta)
    assert problem.log_density(outside) == -math.inf
    assert problem.log_density_and_gradient(outside)[0] == -math.inf


@pytest.mark.parametrize("name", ["k", "start"])
def test_a_prior_of_the_natural_value_is_a_density_of_it_on_every_scale(name):
    """Without data, log density minus the log of d natural / d theta is the prior's own log density."""
    prior = Prior("normal", (0.5, 0.2))
    definition = decay()
    parameters = tuple(replace(p, prior=prior if p.name == name else None) for p in definition.parameters)
    bare = replace(
        definition,
        parameters=parameters,
        measurements=tuple(replace(m, counted=False) for m in definition.measurements),
    )
    problem, theta = EstimationProblem(bare), EstimationProblem(bare).theta({name: 0.7})
    slope = 0.7 * (math.log(10.0) if name == "k" else 1.0)
    assert problem.log_density(theta) == pytest.approx(prior.log_density(0.7) + math.log(slope))
    slopes = central_differences(problem.log_density, theta)
    assert problem.log_density_and_gradient(theta)[1] == pytest.approx(slopes, abs=1e-6)


def test_coordinates_without_bounds_have_the_density_of_their_points(problem):
    density = problem.unconstrained(problem.nominal)
    z = np.array([0.3, -0.2, 0.5, 0.1])
    value, gradient = density.sloped(z)
    assert gradient == pytest.approx(central_differences(density.value, z), rel=1e-4, abs=1e-4)
    theta = density.points(z)
    steps = np.array([density.points(z + 1e-6 * e) - density.points(z - 1e-6 * e) for e in np.eye(4)]) / 2e-6
    change = math.log(abs(np.linalg.det(steps)))
    there = density.points(np.zeros(4))
    steps = np.array([density.points(1e-6 * e) - density.points(-1e-6 * e) for e in np.eye(4)]) / 2e-6
    change -= math.log(abs(np.linalg.det(steps)))
    gain = problem.log_density(theta) - problem.log_density(there)
    assert value - density.value(np.zeros(4)) == pytest.approx(gain + change, abs=1e-6)


def test_many_points_side_by_side_are_each_alone(problem):
    thetas = problem.nominal + np.linspace(-0.1, 0.1, 3)[:, None]
    assert problem.values(thetas).tolist() == [problem.value(theta) for theta in thetas]


def test_where_nothing_can_be_computed_the_value_is_inf_and_the_gradient_nan(problem):
    theta = np.where(np.arange(4) == 3, -400.0, problem.nominal)  # a noise level of 0
    value, gradient, fisher = problem.objective(theta, fisher=True)
    assert value == math.inf and np.isnan(gradient).all() and np.isnan(fisher).all()


@pytest.mark.parametrize("theta", [[1.0, 2.0], 3.0, "k", np.zeros((2, 5))])
def test_a_vector_of_another_length_is_refused(problem, theta):
    with pytest.raises(InputError, match="expected 4 numbers"):
        problem.value(theta)


def test_copies_and_pickles_compute_the_same(problem):
    for other in (copy.deepcopy(problem), pickle.loads(pickle.dumps(problem))):
        assert other is not problem
        assert other.objective(problem.nominal)[0] == problem.objective(problem.nominal)[0]
    method = pickle.loads(pickle.dumps(problem.objective))
    assert method(problem.nominal)[0] == problem.objective(problem.nominal)[0]
