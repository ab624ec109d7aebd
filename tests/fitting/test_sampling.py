"""Draws from posteriors whose moments are known, and what is said about draws that cannot be trusted."""

import contextlib
import dataclasses
import math
import os
import signal
import subprocess
import sys
import time
import warnings
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from scipy import stats

from pathway.equations import Model
from pathway.expressions import parse
from pathway.fitting.objective import Evaluation, Objective
from pathway.fitting.priors import Prior
from pathway.fitting.problem import Measurement, Observable, Parameter, Problem, ProblemError
from pathway.fitting.uncertainty import diagnostics
from pathway.fitting.uncertainty.chains import Chain, DensityJournal
from pathway.fitting.uncertainty.log_density import LogDensity, UnboundedTransform
from pathway.fitting.uncertainty.sampling import LOOKS, sample
from pathway.folders import FolderError
from pathway.formats.saved import load_posterior
from pathway.simulation.protocol import Experiment, Period

TIMES = np.linspace(0.0, 2.0, 9)
NOISE = 0.4


def line(lower=-math.inf, upper=math.inf, prior=None, scale="linear", data=True, **changes):
    """a + b * time with known noise: a Gaussian posterior."""
    model = Model(
        name="line",
        species=("x",),
        parameters=("idle",),
        parameter_values=np.array([1.0]),
        initial={"x": parse("1")},
        rate_rules={"x": parse("-idle * x")},
    )
    values = 1.0 + 0.5 * TIMES + NOISE * np.random.default_rng(3).normal(size=len(TIMES))
    weight = 1 if data else 0
    fields = {
        "name": "line",
        "model": model,
        "parameters": (
            Parameter("a", 1.0, lower, upper, scale, prior=prior),
            Parameter("b", 0.5, *((-math.inf, math.inf) if data else (0.0, 1.0))),
        ),
        "experiments": (Experiment("only", (Period(0.0),)),),
        "observables": (Observable("seen", parse(f"{weight} * (a + b * time)"), parse(str(NOISE))),),
        "measurements": tuple(
            Measurement("seen", "only", float(t), float(v)) for t, v in zip(TIMES, values, strict=True)
        ),
    }
    return Problem(**{**fields, **changes})


def closed_form(problem, precision=0.0, mean=0.0):
    """Mean and covariance of (a, b), with a normal prior of `a`."""
    design = np.stack([np.ones_like(TIMES), TIMES], axis=1)
    data = np.array([m.value for m in problem.measurements])
    information = design.T @ design / NOISE**2 + np.diag([precision, 0.0])
    covariance = np.linalg.inv(information)
    return covariance @ (design.T @ data / NOISE**2 + np.array([precision * mean, 0.0])), covariance


def agrees(found, name, mean, deviation):
    """Whether mean and deviation of a parameter's draws are the given ones, within what so many draws can tell."""
    k = found.names.index(name)
    drawn = found.x[:, :, k]
    error = deviation / math.sqrt(found.bulk[name])
    assert drawn.mean() == pytest.approx(mean, abs=4.0 * error), name
    spread = diagnostics.bulk_effective_size((drawn - drawn.mean()) ** 2)
    kurtosis = float(stats.kurtosis(drawn.ravel(), fisher=False))
    assert drawn.var() == pytest.approx(deviation**2, rel=4.0 * math.sqrt((kurtosis - 1.0) / spread)), name


@pytest.mark.parametrize("method", ["nuts", "ensemble"])
def test_a_straight_line_with_a_normal_prior_has_the_gaussian_posterior_of_the_closed_form(method):
    problem = line(prior=Prior("normal", (0.5, 0.1)))
    mean, covariance = closed_form(problem, precision=100.0, mean=0.5)
    tune, draws = (150, 300) if method == "nuts" else (150, 600)
    found = sample(Objective(problem), mean, draws, tune=tune, chains=2, method=method, workers=1)
    assert found.method == method and found.divergences == 0
    for k, name in enumerate(found.names):
        agrees(found, name, mean[k], math.sqrt(covariance[k, k]))
    correlation = covariance[0, 1] / math.sqrt(covariance[0, 0] * covariance[1, 1])
    drawn = np.corrcoef(found.x.reshape(-1, 2).T)[0, 1]
    independent = min(found.bulk.values())
    assert drawn == pytest.approx(correlation, abs=4.0 * (1.0 - correlation**2) / math.sqrt(independent))
    assert found.log_density[1, 3] == pytest.approx(-Objective(problem).value(found.x[1, 3]), abs=1e-9)


@pytest.mark.parametrize("sides", [("low", math.inf), ("low", "high"), (-math.inf, "high")])
def test_a_bound_that_cuts_the_posterior_leaves_the_truncated_normal(sides):
    mean, covariance = closed_form(line())
    deviation = math.sqrt(covariance[0, 0])
    cut = {"low": mean[0] + 0.5 * deviation, "high": mean[0] + 1.2 * deviation}
    lower, upper = (cut.get(side, side) for side in sides)
    problem = line(
        lower, upper, parameters=(Parameter("a", min(upper, cut["low"] + 0.1), lower, upper), line().parameters[1])
    )
    standard = [(bound - mean[0]) / deviation for bound in (lower, upper)]
    expected = stats.truncnorm(*standard, loc=mean[0], scale=deviation)
    start = np.clip(mean, *problem.bounds)
    found = sample(Objective(problem), start, 400, tune=200, chains=2, workers=1)
    assert found.draws[:, 0].min() >= lower and found.draws[:, 0].max() <= upper
    agrees(found, "a", expected.mean(), expected.std())


@pytest.mark.parametrize("scale", ["linear", "log", "log10"])
def test_without_data_draws_follow_the_prior_whatever_the_scale_of_the_search(scale):
    """A gamma prior of the natural value stays one."""
    problem = line(1e-6, 1e6, prior=Prior("gamma", (3.0, 0.5)), scale=scale, data=False)
    found = sample(Objective(problem), problem.to_scale(problem.nominal), 500, tune=200, chains=2, workers=1)
    a, b = found.draws.T
    few = min(found.bulk["a"], found.tail["a"])
    assert stats.kstest(a, stats.gamma(3.0, scale=0.5).cdf).statistic < 1.95 / math.sqrt(few)
    assert stats.kstest(b, "uniform").statistic < 1.95 / math.sqrt(found.bulk["b"])


class Known:
    """An objective with a formula of two unbounded parameters, to sample shapes that no bench gives."""

    def __init__(self, formula, information=None):
        self.problem = line(
            parameters=(Parameter("a", 0.0, -math.inf, math.inf), Parameter("b", 0.0, -math.inf, math.inf))
        )
        self.formula, self.runner = formula, None
        self.information = np.eye(2) if information is None else information

    def loosened(self, relative):
        return contextlib.nullcontext()

    def value(self, x):
        return self(x).value

    def values(self, points):
        return np.array([self.value(x) for x in points])

    def __call__(self, x):
        value, gradient = self.formula(x)
        return Evaluation(value, gradient, self.information)

    def slope(self, x):
        return self(x)


def banana(x):
    """a is normal with deviation 1, b normal around a^2 with deviation 0.7."""
    a, b = x
    rest = (b - a * a) / 0.49
    return a * a / 2 + 0.5 * rest * (b - a * a), np.array([a - 2 * a * rest, rest])


def test_a_banana_has_its_moments():
    found = sample(Known(banana), np.zeros(2), 1500, tune=300, chains=4, target_accept=0.95, workers=1)
    agrees(found, "a", 0.0, 1.0)
    agrees(found, "b", 1.0, math.sqrt(2.0 + 0.49))
    slopes = np.polynomial.polynomial.polyfit(*found.x.reshape(-1, 2).T, 2)
    assert slopes == pytest.approx([0.0, 0.0, 1.0], abs=0.1)


def funnel(x):
    """b is normal with deviation 3, a normal with deviation exp(b / 2): Neal 2003, doi 10.1214/aos/1056562461."""
    a, b = x
    tight = math.exp(min(-b, 500.0))
    return b * b / 18 + b / 2 + a * a * tight / 2, np.array([a * tight, b / 9 + 0.5 - a * a * tight / 2])


def test_divergences_in_a_funnel_are_reported_with_what_to_do():
    found = sample(Known(funnel), np.zeros(2), 500, tune=200, chains=2, workers=1)
    assert found.divergences > 0
    assert any("divergences" in concern and "--target-accept" in concern for concern in found.concerns)


def two_optima(x):
    a, b = x
    near, far = (0.5 * ((a - c) / 0.1) ** 2 for c in (-3.0, 3.0))
    weight = 1.0 / (1.0 + math.exp(min(near - far, 700.0)))
    value = -np.logaddexp(-near, -far) + 0.5 * b * b
    return value, np.array([weight * (a + 3.0) / 0.01 + (1 - weight) * (a - 3.0) / 0.01, b])


def test_two_separate_optima_are_told_by_r_hat():
    ends = np.array([[-3.0, 0.0], [3.0, 0.0]])
    found = sample(Known(two_optima), ends, 200, tune=100, workers=1)
    assert found.r_hat["a"] > 1.5 and not found.converged
    assert "separate optima" in found.concerns[0]


def test_where_slopes_would_be_differences_none_are_asked_for():
    """A model with events: its runner cannot walk backwards."""
    eventful = Known(banana)
    eventful.runner = SimpleNamespace(goes_backwards=False)
    found = sample(eventful, np.zeros(2), 200, tune=100, chains=2, workers=1)
    assert found.method == "ensemble" and "events" in found.reason
    assert found.x.shape == (16, 200, 2) and set(found.to_dataframe()["_chain"]) == {1, 2}
    assert not found.divergences and np.isnan(found.energy_fraction).all()


def test_places_that_cannot_be_computed_are_counted():
    def walled(x):
        if x[0] > 1.0:
            return math.inf, None
        return 0.5 * float(x @ x), np.array(x)

    found = sample(Known(walled), np.zeros(2), 500, tune=200, workers=1)
    assert found.failures > 0 and found.x[..., 0].max() <= 1.0
    cut = stats.truncnorm(-math.inf, 1.0)
    assert found.x[..., 0].mean() == pytest.approx(cut.mean(), abs=0.15)


def test_what_nothing_holds_is_named():
    flat = Known(lambda x: (0.5 * x[0] ** 2, np.array([x[0], 0.0])), information=np.diag([1.0, 0.0]))
    with pytest.raises(ProblemError, match="hold parameter 'b'; give it bounds"):
        sample(flat, np.zeros(2), 100, workers=1)


def test_coordinates_without_bounds_have_the_slopes_of_differences():
    parameters = (
        Parameter("a", 2.0, 1.0, 4.0, "log10"),
        Parameter("b", 1.0, 0.5, math.inf),
        Parameter("c", 0.0, -math.inf, 3.0),
        Parameter("d", 50.0, -math.inf, math.inf),
    )
    problem = line(parameters=parameters)
    free = np.array([0.3, -0.4, 0.7, 1.1])
    unbounded = UnboundedTransform(problem, problem.to_scale(problem.nominal))
    made = unbounded.moved(free)
    assert unbounded.into(made.x) == pytest.approx(free)
    h = 1e-5
    ahead, back = unbounded.moved(free + h), unbounded.moved(free - h)
    assert made.slope == pytest.approx((ahead.x - back.x) / (2 * h), rel=1e-8)
    assert made.bend == pytest.approx((ahead.slope - back.slope) / (2 * h), rel=1e-7, abs=1e-9)
    assert made.gain[:3] == pytest.approx(np.log(np.abs(made.slope[:3])))
    assert made.gain_slope == pytest.approx((ahead.gain - back.gain) / (2 * h), rel=1e-7, abs=1e-9)
    assert made.gain_bend == pytest.approx((ahead.gain_slope - back.gain_slope) / (2 * h), rel=1e-7, abs=1e-9)


def test_slopes_of_the_density_are_those_of_differences():
    problem = line(0.1, 5.0, prior=Prior("gamma", (3.0, 0.5)), scale="log10")
    density = LogDensity(Objective(problem), problem.to_scale(problem.nominal))
    z = np.array([0.4, -0.7])
    value, slopes = density.sloped(z)
    assert value == pytest.approx(density.value(z), rel=1e-12)
    for k in range(2):
        step = 1e-5 * np.eye(2)[k]
        assert slopes[k] == pytest.approx(
            (density.value(z + step) - density.value(z - step)) / 2e-5, rel=1e-5, abs=1e-7
        )
    assert density.points(density.into(density.points(z))) == pytest.approx(density.points(z))


# Diagnoses


def test_r_hat_and_effective_numbers_are_those_of_arviz():
    """Vehtari et al. 2021, doi 10.1214/20-BA1221, as the reference implementation of its authors' circle has them."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import arviz
    rng = np.random.default_rng(1)
    steps = rng.normal(size=(4, 1000))
    slow = np.empty_like(steps)
    slow[:, 0] = steps[:, 0]
    for t in range(1, 1000):
        slow[:, t] = 0.9 * slow[:, t - 1] + steps[:, t]
    apart = slow + np.array([[0.0], [0.0], [1.0], [3.0]])
    heavy = rng.standard_cauchy((4, 501))
    wider = steps * np.array([[1.0], [1.0], [1.0], [3.0]])
    for chains in (steps, slow, apart, heavy, wider):
        assert diagnostics.r_hat(chains) == pytest.approx(float(arviz.rhat(chains)), rel=1e-6)
        assert diagnostics.bulk_effective_size(chains) == pytest.approx(float(arviz.ess(chains)), rel=0.02)
        assert diagnostics.tail_effective_size(chains) == pytest.approx(
            float(arviz.ess(chains, method="tail")), rel=0.02
        )
        assert diagnostics.bayesian_energy_fraction(chains) == pytest.approx(arviz.bfmi(chains), rel=0.01)


def test_effective_numbers_of_an_autoregressive_chain_are_those_of_theory():
    """(1 - r) / (1 + r) of the draws, for correlation r of neighbors."""
    rng = np.random.default_rng(2)
    chain = np.empty((8, 20000))
    chain[:, 0] = rng.normal(size=8) / math.sqrt(1 - 0.8**2)
    for t in range(1, chain.shape[1]):
        chain[:, t] = 0.8 * chain[:, t - 1] + rng.normal(size=8)
    assert diagnostics.bulk_effective_size(chain) == pytest.approx(chain.size * 0.2 / 1.8, rel=0.1)


# Keeping and going on


def test_draws_can_be_saved_and_read_again(tmp_path):
    found = sample(Known(banana), np.zeros(2), 50, tune=50, workers=1)
    found.save(tmp_path / "posterior.npz")
    again = load_posterior(tmp_path / "posterior.npz", found.problem)
    assert np.array_equal(again.x, found.x) and again.r_hat == found.r_hat
    frame = found.to_dataframe()
    assert list(frame) == ["_chain", "_draw", "_log_density", "_diverging", "a", "b"] and len(frame) == 200


def test_the_draws_do_not_depend_on_the_number_of_workers():
    problem, x = line(), np.array([1.0, 0.5])
    one, two = (sample(Objective(problem), x, 100, tune=60, chains=2, workers=workers) for workers in (1, 2))
    assert np.array_equal(one.x, two.x) and np.array_equal(one.energy, two.energy)


def test_without_a_number_draws_end_once_they_are_enough_and_are_those_of_that_number(tmp_path):
    problem, x = line(prior=Prior("normal", (0.5, 0.1))), np.array([1.0, 0.5])
    options = {"tune": 60, "chains": 2, "workers": 1}
    found = sample(Objective(problem), x, directory=tmp_path, **options)
    looks = LOOKS[: LOOKS.index(found.x.shape[1]) + 1]
    assert found.converged and len(looks) > 1
    at_looks = [sample(Objective(problem), x, draws, **options) for draws in looks]
    assert not any(shorter.converged for shorter in at_looks[:-1])
    assert np.array_equal(found.x, at_looks[-1].x) and np.array_equal(found.energy, at_looks[-1].energy)
    assert np.array_equal(found.log_density, at_looks[-1].log_density)
    assert found.evaluations == at_looks[-1].evaluations
    assert not list(tmp_path.glob("*.journal"))
    Chain.load(tmp_path / "chain_001.npz").first(looks[0]).save(
        tmp_path
    )  # as a chain that was killed at its second look
    again = sample(Objective(problem), x, directory=tmp_path, **options)
    assert np.array_equal(found.x, again.x) and found.evaluations == again.evaluations


def test_draws_that_are_never_enough_end_at_the_last_look():
    ends = np.array([[-3.0, 0.0], [3.0, 0.0]])
    found = sample(Known(two_optima), ends, tune=60, chains=2, workers=1)
    assert found.x.shape[1] == LOOKS[-1] and not found.converged


class Rough(Known):
    """Less accurate by `error` of its first parameter while it is loosened."""

    def __init__(self, error):
        super().__init__(lambda x: (0.5 * float(x @ x), np.array(x)))
        self.error, self.loose = error, False

    @contextlib.contextmanager
    def loosened(self, relative):
        self.loose = relative > 0.0
        yield
        self.loose = False

    def __call__(self, x):
        off = self.error * self.loose
        return Evaluation(0.5 * float(x @ x) + off * x[0], x + np.array([off, 0.0]), self.information)


@pytest.mark.parametrize(("error", "kept"), [(1e-3, True), (0.5, False)])
def test_chains_go_by_less_accurate_runs_only_where_these_are_near_and_say_how_near(error, kept):
    found = sample(Rough(error), np.array([0.1, 0.1]), 200, chains=2, workers=1)
    farthest = np.abs(found.x[..., 0]).max()
    assert found.deviation == pytest.approx(error * farthest if kept else 0.0, rel=0.2, abs=1e-9)
    assert found.log_density == pytest.approx(-0.5 * (found.x**2).sum(axis=-1), abs=1e-12)
    agrees(found, "a", 0.0, 1.0)


def test_a_density_that_chains_went_by_and_that_is_far_off_is_a_concern():
    found = sample(Known(banana), np.zeros(2), 50, chains=2, workers=1)
    assert not any("was off by" in concern for concern in found.concerns)
    assert any("was off by up to 0.3" in concern for concern in dataclasses.replace(found, deviation=0.3).concerns)


SCRIPT = """
import sys, numpy as np
sys.path.insert(0, {tests!r})
from test_sampling import line, Objective, sample
if __name__ == "__main__":
    x = np.array([1.0, 0.5])
    found = sample(Objective(line()), x, 100, tune=60, method={method!r}, workers=1, directory={folder!r})
    np.save({out!r}, np.concatenate([found.x.ravel(), found.log_density.ravel(), [found.evaluations]]))
"""


@pytest.mark.parametrize("method", ["nuts", "ensemble"])
def test_killed_chains_go_on_and_end_with_the_same_bits(tmp_path, method):
    found = sample(Objective(line()), np.array([1.0, 0.5]), 100, tune=60, method=method, workers=1)
    whole = np.concatenate([found.x.ravel(), found.log_density.ravel(), [found.evaluations]])
    script, out = tmp_path / "draw.py", tmp_path / "drawn.npy"
    folder = tmp_path / "chains"
    fields = {
        "tests": str(Path(__file__).parent),
        "folder": str(folder),
        "out": str(out),
        "method": method,
        "workers": 1,
    }
    script.write_text(SCRIPT.format(**fields), encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    rng = np.random.default_rng(5)
    for _ in range(2):
        process = subprocess.Popen([sys.executable, str(script)], env=environment)
        deadline = time.monotonic() + 120.0
        while not any(folder.glob("chain_*")) and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.05)
        time.sleep(1.5 * rng.random())
        process.send_signal(signal.SIGKILL)
        process.wait()
    subprocess.run([sys.executable, str(script)], env=environment, check=True, timeout=300)
    assert np.array_equal(np.load(out), whole)
    assert not list(folder.glob("*.journal"))


def test_a_journal_with_a_torn_end_or_other_questions_goes_on(tmp_path):
    path, calls = tmp_path / "j", []

    def answer(z):
        calls.append(float(z[0]))
        return float(z[0]) ** 2, 2.0 * z

    journal = DensityJournal(path, 1)
    for value in (1.0, 2.0, 3.0):
        journal.ask(np.array([value]), answer)
    journal.close(remove=False)
    path.write_bytes(path.read_bytes()[:-5])
    again = DensityJournal(path, 1)
    assert again.ask(np.array([1.0]), answer) == (1.0, np.array([2.0]))
    assert again.ask(np.array([5.0]), answer)[0] == 25.0  # not what was asked before: all later answers go
    assert again.ask(np.array([3.0]), answer)[0] == 9.0
    again.close(remove=False)
    assert calls == [1.0, 2.0, 3.0, 5.0, 3.0] and path.stat().st_size == 3 * 3 * 8


def test_a_journal_answers_many_questions_at_once_from_where_it_knows_none(tmp_path):
    asked = []

    def answers(points):
        asked.append(points[:, 0].tolist())
        return points[:, 0] ** 2

    journal = DensityJournal(tmp_path / "j", 0)
    journal.ask_all(np.array([[1.0], [2.0]]), answers)
    journal.close(remove=False)
    again = DensityJournal(tmp_path / "j", 0)
    assert again.ask_all(np.array([[1.0], [2.0], [3.0]]), answers).tolist() == [1.0, 4.0, 9.0]
    again.close(remove=True)
    assert asked == [[1.0, 2.0], [3.0]] and not list(tmp_path.iterdir())


def test_many_values_of_the_density_are_those_of_one_at_a_time():
    problem = line(0.1, 5.0, prior=Prior("gamma", (3.0, 0.5)), scale="log10")
    density = LogDensity(Objective(problem), problem.to_scale(problem.nominal))
    points = np.array([[0.4, -0.7], [1.0, 0.2], [-2.0, 1.0]])
    assert density.values(points).tolist() == [density.value(z) for z in points]


def test_a_folder_with_other_draws_is_refused(tmp_path):
    x = np.array([1.0, 0.5])
    sample(Objective(line()), x, 30, tune=30, workers=1, directory=tmp_path)
    with pytest.raises(FolderError, match="other settings \\(seed 1 instead of 2\\)"):
        sample(Objective(line()), x, 30, 2, tune=30, workers=1, directory=tmp_path)
    with pytest.raises(FolderError, match="hash of model, measurements and settings"):
        sample(Objective(line(prior=Prior("normal", (0.0, 1.0)))), x, 30, tune=30, workers=1, directory=tmp_path)


def test_wrong_wishes_are_refused(monkeypatch):
    x = np.array([1.0, 0.5])
    with pytest.raises(ProblemError, match="no sampler is called 'gibbs'"):
        sample(Objective(line()), x, method="gibbs")
    with pytest.raises(ProblemError, match="at least"):
        sample(Objective(line()), x, chains=1)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(
        ProblemError, match=r"needs nutpie, of the extra 'sampling': pip install 'mir21-pathway\[sampling\]'"
    ):
        sample(Objective(line()), x)


# Simulation-based calibration


@pytest.mark.slow
def test_ranks_of_the_truth_among_its_draws_are_uniform():
    """Talts et al. 2018, arXiv 1804.06788: the truth drawn from the prior, data from the truth, draws from the data."""
    from tests.fitting.test_search import decay

    rng = np.random.default_rng(11)
    priors = {"k": (math.log10(0.7), 0.3), "scale": (math.log10(3.0), 0.2)}
    ranks = []
    times = np.array([0.3, 1.0, 2.5])
    for _ in range(150):
        truth = np.array([rng.normal(*numbers) for numbers in priors.values()])
        k, scale = 10.0**truth
        data = scale * 2.0 * np.exp(-k * times) + 0.4 * rng.normal(size=len(times))
        problem = decay(
            parameters=tuple(
                Parameter(n, 10.0 ** numbers[0], 1e-4, 1e4, "log10", prior=Prior("normal", numbers, on_scale=True))
                for n, numbers in priors.items()
            ),
            observables=(Observable("seen", parse("scale * x"), parse("0.4")),),
            measurements=tuple(
                Measurement("seen", "only", float(t), float(v)) for t, v in zip(times, data, strict=True)
            ),
        )
        found = sample(Objective(problem), truth, 100, tune=150, chains=2, workers=1, target_accept=0.9)
        thin = found.x[:, ::8].reshape(-1, 2)
        ranks.append((thin < truth).mean(axis=0))
    for k, name in enumerate(priors):
        assert stats.kstest(np.array(ranks)[:, k], "uniform").pvalue > 0.01, name
