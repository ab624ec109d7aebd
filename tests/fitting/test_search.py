"""Searches, profiles and draws on a problem whose answers are known: exponential decay measured with normal noise."""

import io
import math
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass, replace
from types import SimpleNamespace

import numpy as np
import pytest
from scipy.stats import qmc

from pathway.equations import Model
from pathway.expressions import parse
from pathway.fitting.objective import Evaluation, Objective
from pathway.fitting.objective.hierarchical_parameters import ReducedObjective
from pathway.fitting.priors import Prior
from pathway.fitting.problem import Measurement, Observable, Parameter, Problem, ProblemError
from pathway.fitting.search.lbfgs import minimize_with_lbfgs
from pathway.fitting.search.multi_start import _starts_until, fit
from pathway.fitting.search.one_start import (
    EarlierStarts,
    LogarithmicDescents,
    _Local,
    earlier_starts,
    independent_blocks,
)
from pathway.fitting.search.options import SearchOptions
from pathway.fitting.search.progress import BARS, waterfall
from pathway.fitting.search.result import Fit, StartResult
from pathway.fitting.search.sobol import sobol_points
from pathway.fitting.search.starting_points import starting_points
from pathway.fitting.uncertainty.identifiability import identifiability
from pathway.fitting.uncertainty.predict import design, predict
from pathway.fitting.uncertainty.profiles import profile
from pathway.fitting.uncertainty.sampling import sample
from pathway.folders import FolderError, verify_folder
from pathway.formats.saved import load_fit
from pathway.simulation.protocol import Experiment, Period

TIMES = np.linspace(0.0, 5.0, 11)


def decay(noise_seed=1, redundant=False, **changes):
    """x' = -k x from 2, seen as scale * x with standard deviation 0.05."""
    model = Model(
        name="decay",
        species=("x",),
        parameters=("k", "k2", "start"),
        parameter_values=np.array([0.7, 1.0, 2.0]),
        initial={"x": parse("start")},
        rate_rules={"x": parse("-k * k2 * x" if redundant else "-k * x")},
    )
    clean = 3.0 * 2.0 * np.exp(-0.7 * TIMES)
    data = clean + 0.05 * np.random.default_rng(noise_seed).normal(size=len(TIMES))
    parameters = [
        Parameter("k", 0.7, 1e-2, 1e2, "log10"),
        Parameter("scale", 3.0, 1e-2, 1e3, "log10"),
    ]
    if redundant:
        parameters.append(Parameter("k2", 1.0, 1e-4, 1e4, "log10"))
    fields = {
        "name": "decay",
        "model": model,
        "parameters": tuple(parameters),
        "experiments": (Experiment("only", (Period(0.0),)),),
        "observables": (Observable("seen", parse("scale * x"), parse("0.05")),),
        "measurements": tuple(
            Measurement("seen", "only", float(t), float(v)) for t, v in zip(TIMES, data, strict=True)
        ),
    }
    return Problem(**{**fields, **changes})


def best_by_hand(problem):
    """The same least-squares problem on the closed form, by scipy."""
    from scipy.optimize import least_squares

    data = np.array([m.value for m in problem.measurements])
    found = least_squares(lambda p: (p[1] * 2.0 * np.exp(-p[0] * TIMES) - data) / 0.05, [0.5, 2.0], xtol=1e-14)
    return found.x, float(found.cost + len(data) * (math.log(0.05) + 0.5 * math.log(2 * math.pi)))


def best_of_absolute_deviations(problem):
    """The best objective with Laplace noise: the best scale is a weighted median, and the rate is found on a grid."""
    data = np.array([m.value for m in problem.measurements])

    def at(k):
        curve = 2.0 * np.exp(-k * TIMES)
        order = np.argsort(data / curve)
        middle = order[np.searchsorted(np.cumsum(curve[order]), 0.5 * curve.sum())]
        return float(np.abs(data[middle] / curve[middle] * curve - data).sum())

    least = min(at(k) for k in np.linspace(0.5, 0.9, 40001))
    return least / 0.05 + len(data) * math.log(2.0 * 0.05)


def test_laplace_noise_does_not_stop_a_descent_at_its_kinks():
    problem = decay(observables=(Observable("seen", parse("scale * x"), parse("0.05"), "laplace"),))
    found = fit(problem, starts=5, seed=3, workers=1)
    assert found.objectives == pytest.approx(best_of_absolute_deviations(problem), abs=2e-3)


def test_laplace_priors_do_not_stop_a_descent_at_their_kinks():
    # So narrow that the best values are the priors' locations.
    priors = {"k": (0.71, 1e-4), "scale": (3.02, 1e-4)}
    parameters = tuple(
        replace(p, prior=Prior("laplace", priors[p.name], lower=p.lower, upper=p.upper)) for p in decay().parameters
    )
    problem = decay(parameters=parameters)
    found = fit(problem, starts=5, seed=3, workers=1)
    expected = Objective(problem).value(problem.to_scale(np.array([0.71, 3.02])))
    assert found.objectives == pytest.approx(expected, abs=1e-3)
    assert [found.best.parameters[name] for name in ("k", "scale")] == pytest.approx([0.71, 3.02], rel=1e-6)


def test_the_optimum_is_that_of_the_closed_form():
    problem = decay()
    found = fit(problem, starts=4, seed=3, workers=1)
    parameters, objective = best_by_hand(problem)
    assert found.best.objective == pytest.approx(objective, abs=1e-6)
    assert list(found.best.parameters.values()) == pytest.approx(parameters, rel=1e-5)


def test_gradients_alone_lead_to_the_same_optimum():
    problem = decay()
    expected, value = best_by_hand(problem)
    found = fit(problem, starts=2, seed=3, workers=1, plan=SearchOptions(many=2))
    assert found.best.objective == pytest.approx(value, abs=1e-6)
    assert list(found.best.parameters.values()) == pytest.approx(expected, rel=1e-3)


def test_a_search_by_gradients_comes_back_from_where_nothing_can_be_computed():
    objective = Objective(decay())
    bounds = objective.problem.bounds

    def walled(x):
        return Evaluation(math.inf) if x[0] < -0.3 else objective.slope(x)

    found = minimize_with_lbfgs(walled, np.array([0.6, 0.0]), bounds)
    assert found.value == pytest.approx(objective.value(np.log10(best_by_hand(objective.problem)[0])), abs=1e-4)


def test_starting_points_fill_the_box_evenly():
    points = starting_points(decay(), SearchOptions(starts=8, seed=5))[:, 0]
    lower, upper = decay().bounds
    cells = np.floor((points - lower) / (upper - lower) * 8).astype(int)
    assert all(sorted(column) == list(range(8)) for column in cells.T)


class Wells:
    """A double well along each parameter: at 1 it is deeper than at -1, by 1."""

    bounds = (np.full(4, -3.0), np.full(4, 3.0))
    seen = 1.0
    """What is left of the Fisher matrix."""

    def __init__(self):
        self.objective = self

    @contextmanager
    def loosened(self, _):
        yield

    softened = loosened

    def __call__(self, x):
        value = float(np.sum(5.0 * (x**2 - 1.0) ** 2 + 0.5 * (1.0 - x)))
        fisher = self.seen * np.diag(np.maximum(60.0 * x**2 - 20.0, 1.0))
        return Evaluation(value, 20.0 * x * (x**2 - 1.0) - 0.5, fisher)

    def value(self, x):
        return self(x).value

    def values(self, points):
        return np.array([self.value(x) for x in points])


def test_crossings_join_what_two_ends_have_found():
    """One end lies in the deeper well of the first two parameters, the other in that of the last alone."""
    local = _Local(Wells(), SearchOptions(patience=20))
    for start in ([1.0, 1.0, -1.0, -1.0], [-1.0, -1.0, -1.0, 1.0]):
        local.add(local.short(np.array([start])))
    assert local.ends.best.value > 1.9 and len(local.ends.kept) == 2
    local.crossings(np.full((1, 4), -1.0), np.random.default_rng(3))
    assert local.ends.best.x == pytest.approx([1.0, 1.0, -1.0, 1.0], abs=0.05)


def test_blocks_that_nothing_connects_are_put_together_at_once():
    local = _Local(Wells(), SearchOptions())
    for start in ([1.0, 1.0, -1.0, -1.0], [-1.0, -1.0, 1.0, -1.0], [-1.0, -1.0, -1.0, 1.0]):
        local.add(local.short(np.array([start])))
    local.recombine()
    assert local.ends.best.x == pytest.approx(np.ones(4), abs=0.05)
    assert len(local.ends.all) == 4  # one optimization did it


def test_parameters_are_apart_where_no_fisher_matrix_connects_them():
    one, other = np.diag([4.0, 1.0, 9.0, 0.0]), np.diag([4.0, 1.0, 9.0, 0.0])
    one[0, 2] = one[2, 0] = 3.0
    other[0, 1] = other[1, 0] = 1e-6
    assert [block.tolist() for block in independent_blocks([one, other])] == [[0, 2], [1], [3]]


def test_descents_end_early_where_they_agree():
    """With one well for all of them the third descent is the last."""
    local = _Local(Wells(), SearchOptions(candidates=2))
    local.descents(np.random.default_rng(2).uniform(0.5, 2.0, (12, 4)))
    assert local.ends.hits == 3 and len(local.ends.all) == 3


def test_descents_do_not_end_early_on_a_plateau_or_above_what_is_known():
    points = np.random.default_rng(2).uniform(0.5, 2.0, (12, 4))
    better = _Local(Wells(), SearchOptions(candidates=2), EarlierStarts(-1.0, 1))
    better.descents(points)
    flat = _Local(Wells(), SearchOptions(candidates=2))
    flat.reduced.seen = 1e-3
    flat.descents(points)
    assert len(better.ends.all) == len(flat.ends.all) == 6 and flat.ends.hits == 0


def test_where_most_ends_lie_on_plateaus_the_next_descent_begins_on_logarithms():
    led = []

    def on_logarithms(points):
        led.append(points)
        return np.full((1, 4), 0.9)

    points = np.random.default_rng(2).uniform(-2.0, -0.5, (6, 4))
    seeing, flat = (_Local(Wells(), SearchOptions(candidates=2), on_logarithms=on_logarithms) for _ in range(2))
    seeing.descents(points)
    assert not led and seeing.ends.best.x == pytest.approx(np.full(4, -1.0), abs=0.05)
    flat.reduced.seen = 1e-3
    flat.descents(points)
    assert np.array_equal(led, [points[4:]])
    assert flat.ends.best.x == pytest.approx(np.ones(4), abs=0.05)


def test_a_descent_on_logarithms_goes_on_from_the_best_scale_and_ends_near_the_optimum():
    reduced = ReducedObjective(Objective(decay()))
    led = LogarithmicDescents(reduced, SearchOptions())(np.array([[1.0], [1.9]]))
    assert led.shape == (1, 1) and led[0, 0] == pytest.approx(math.log10(0.7), abs=0.05)
    assert reduced.objective.gradients > 3


def test_a_start_ends_where_two_earlier_ones_did_and_only_there():
    """With a better value known it goes through all its points."""
    points = np.random.default_rng(2).uniform(0.5, 2.0, (12, 4))
    for value, hits, descents in ((0.0, 2, 1), (0.0, 1, 3), (-1.0, 2, 6)):
        local = _Local(Wells(), SearchOptions(candidates=2), EarlierStarts(value, hits))
        local.search(points, np.random.default_rng(1))
        assert (len(local.ends.all), local.finished is not None) == (descents, descents == 1)


def test_a_start_knows_half_of_those_before_it():
    values, hits = (3.0, 1.0, 1.04, math.inf), (5, 1, 3, 1)
    done = {k: SimpleNamespace(objective=value, hits=hits[k]) for k, value in enumerate(values)}
    told = [earlier_starts(k, done) for k in (0, 3, 5, 7, 9)]
    assert [(e.value, e.hits) for e in told] == [(math.inf, 0), (3.0, 5), (1.0, 1), (1.0, 4), (1.0, 4)]
    assert earlier_starts(2, {0: SimpleNamespace(objective=math.inf, hits=1)}) == EarlierStarts()


def test_the_number_of_workers_changes_nothing(tmp_path):
    one = fit(decay(), starts=4, seed=2, workers=1)
    two = fit(decay(), starts=4, seed=2, workers=2)
    assert [s.objective for s in one.starts] == [s.objective for s in two.starts]
    assert all((a.x == b.x).all() for a, b in zip(one.starts, two.starts, strict=True))


def test_a_search_goes_on_where_it_was_stopped(tmp_path):
    whole = fit(decay(), starts=5, seed=2, workers=1)
    fit(decay(), starts=5, seed=2, workers=1, directory=tmp_path)
    kept = {f.name: f.stat().st_mtime_ns for f in tmp_path.glob("start_*.json")}
    (tmp_path / "start_00001.json").unlink()
    (tmp_path / "start_00003.json").unlink()
    (tmp_path / ".start_00003.json.99").write_text("half a fil")
    again = fit(decay(), starts=5, seed=2, workers=1, directory=tmp_path)
    assert [s.objective.hex() for s in again.starts] == [s.objective.hex() for s in whole.starts]
    assert all((a.x == b.x).all() for a, b in zip(again.starts, whole.starts, strict=True))
    untouched = {n for n, t in kept.items() if (tmp_path / n).stat().st_mtime_ns == t}
    assert untouched == {f"start_{k:05d}.json" for k in (0, 2, 4)}


def test_a_search_grows(tmp_path):
    fit(decay(), starts=3, seed=2, workers=1, directory=tmp_path)
    kept = {f.name: f.stat().st_mtime_ns for f in tmp_path.glob("start_*.json")}
    grown = fit(decay(), starts=6, seed=2, workers=1, directory=tmp_path)
    at_once = fit(decay(), starts=6, seed=2, workers=1)
    assert [s.objective.hex() for s in grown.starts] == [s.objective.hex() for s in at_once.starts]
    assert all((a.x == b.x).all() for a, b in zip(grown.starts, at_once.starts, strict=True))
    assert kept.items() <= {f.name: f.stat().st_mtime_ns for f in tmp_path.glob("start_*.json")}.items()
    first = fit(decay(), starts=3, seed=2, workers=1, directory=tmp_path)  # asked for fewer again
    assert [s.number for s in first.starts] == [0, 1, 2]
    assert len(list(tmp_path.glob("start_*.json"))) == 6


@pytest.mark.parametrize("workers", [1, 2])
def test_a_search_ends_once_enough_starts_agree(workers, tmp_path):
    """All starts of a problem with one optimum agree, so that two are enough, whichever is finished first."""
    told = io.StringIO()
    few = fit(decay(), 50, 2, workers=workers, until_agree=2, directory=tmp_path, progress=told)
    assert [s.number for s in few.starts] == [0, 1] and few.at_optimum() == 2
    assert "2 of the first 2 starts agree" in told.getvalue()
    assert verify_folder(tmp_path) == ([], [])
    with pytest.raises(ProblemError, match="until_agree is 5; expected 2 to the number of starts, 4"):
        fit(decay(), 4, 2, workers=1, until_agree=5)


@pytest.mark.parametrize(("values", "enough"), [
    ([5.0, 1.0, 5.0, 1.05], 4), ([1.0, 1.0, 0.0], 2), ([1.0, 0.0, 1.0], None), ([math.inf, math.inf, 3.0, 3.0], 4),
])  # fmt: skip
def test_starts_agree_from_the_first_on(values, enough):
    done = {k: SimpleNamespace(objective=value) for k, value in enumerate(values)}
    assert _starts_until(2, done) == enough
    del done[0]
    assert _starts_until(2, done) is None and _starts_until(None, done) is None


@pytest.mark.parametrize("workers", [1, 2])
def test_a_spent_budget_leaves_a_search_that_goes_on(workers, tmp_path):
    told = io.StringIO()
    short = fit(decay(), 6, 2, workers=workers, budget=1e-9, directory=tmp_path, progress=told)
    assert 1 <= len(short.starts) <= workers and not short.interrupted
    assert f"the budget is spent: {len(short.starts)} of 6 starts are finished" in told.getvalue()
    whole = fit(decay(), 6, 2, workers=workers, directory=tmp_path)
    assert [s.objective.hex() for s in whole.starts] == [s.objective.hex() for s in fit(decay(), 6, 2).starts]


SCRIPT = """
import sys
sys.path.insert(0, {root!r})
from tests.fitting.test_search import decay
from pathway.fitting.search.multi_start import _starts_until, fit
if __name__ == "__main__":
    fit(decay(), starts=40, seed=4, workers=1, directory={folder!r})
"""


def test_a_killed_search_ends_with_the_same_bits(tmp_path):
    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    script = tmp_path / "run.py"
    folder = tmp_path / "search"
    script.write_text(SCRIPT.format(root=root, folder=str(folder)))
    process = subprocess.Popen([sys.executable, str(script)], stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 120.0
    while len(list(folder.glob("start_*.json"))) < 3 and time.monotonic() < deadline and process.poll() is None:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    resumed = fit(decay(), starts=40, seed=4, workers=1, directory=folder)
    whole = fit(decay(), starts=40, seed=4, workers=1)
    assert [s.objective.hex() for s in resumed.starts] == [s.objective.hex() for s in whole.starts]
    assert (resumed.best.x == whole.best.x).all()


@pytest.mark.slow
def test_ten_kills_at_random_moments_change_nothing(tmp_path):
    """What is on disk after a kill is never written again, and the end has the bits of an undisturbed search."""
    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    script, folder = tmp_path / "run.py", tmp_path / "search"
    script.write_text(SCRIPT.format(root=root, folder=str(folder)).replace("starts=40", "starts=400"))
    rng = np.random.default_rng(11)
    kept: dict[str, int] = {}
    for _ in range(10):
        process = subprocess.Popen([sys.executable, str(script)], stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 120.0
        while len(list(folder.glob("start_*.json"))) <= len(kept) and time.monotonic() < deadline:
            time.sleep(0.005)
        time.sleep(rng.uniform(0.0, 0.3))
        assert process.poll() is None, "the search was over before it could be killed"
        process.send_signal(signal.SIGKILL)
        process.wait()
        found = {f.name: f.stat().st_mtime_ns for f in folder.glob("start_*.json")}
        assert found.items() >= kept.items()
        kept = found
    resumed = fit(decay(), starts=400, seed=4, workers=1, directory=folder)
    assert {f.name: f.stat().st_mtime_ns for f in folder.glob("start_*.json")}.items() >= kept.items()
    whole = fit(decay(), starts=400, seed=4, workers=1)
    assert [s.objective.hex() for s in resumed.starts] == [s.objective.hex() for s in whole.starts]
    assert all((a.x == b.x).all() for a, b in zip(resumed.starts, whole.starts, strict=True))


def test_a_folder_of_another_problem_is_refused(tmp_path):
    fit(decay(), starts=1, seed=2, workers=1, directory=tmp_path)
    with pytest.raises(FolderError, match="'decay' with other settings \\(hash of model, measurements and settings"):
        fit(decay(noise_seed=9), starts=1, seed=2, workers=1, directory=tmp_path)
    with pytest.raises(FolderError, match=r"other settings \(seed 2 instead of 3\)"):
        fit(decay(), starts=1, seed=3, workers=1, directory=tmp_path)


def test_a_fit_is_saved_and_read_again(tmp_path):
    found = fit(decay(), starts=2, seed=2, workers=1)
    found.save(tmp_path / "fit.json")
    again = load_fit(tmp_path / "fit.json", decay())
    assert (
        again.best.objective == found.best.objective
        and again.starts[1].start.tolist() == found.starts[1].start.tolist()
    )
    with pytest.raises(ProblemError, match=r"fit\.json: the problem was put together in Python; give it"):
        load_fit(tmp_path / "fit.json")
    with pytest.raises(ProblemError, match=r"the measurements or the settings are not those it was computed from"):
        load_fit(tmp_path / "fit.json", decay(noise_seed=9))
    assert list(found.to_dataframe()["objective"]) == list(found.objectives)


def test_failures_are_infinite_and_keep_their_reason():
    def broken(q):
        from pathway.fitting.objective import RunError

        raise RunError("experiment 'only': the rates are not finite")

    objective = Objective(decay())
    objective.runner.run = broken
    made = objective(np.zeros(2))
    assert made.value == math.inf and "not finite" in made.failure
    assert objective.failures == {"experiment 'only': the rates are not finite": 1}


def test_slopes_too_steep_for_a_step_are_a_failure_not_the_end_of_the_search():
    model = Model(
        name="flat",
        species=("x",),
        parameters=(),
        parameter_values=np.array([]),
        initial={"x": parse("1")},
        rate_rules={"x": parse("0")},
    )
    problem = Problem(
        name="steep",
        model=model,
        parameters=(Parameter("k", 1.0, -2.0, 300.0),),
        experiments=(Experiment("only", (Period(0.0),)),),
        observables=(Observable("y", parse("x * exp(k)"), parse("1")),),
        measurements=(Measurement("y", "only", 1.0, 1.0),),
    )
    objective = Objective(problem)
    found = objective(np.array([200.0]))  # information exp(400): 5e173
    assert found.value == math.inf and "slopes" in found.failure
    assert fit(problem, starts=3, workers=1).best.parameters["k"] == pytest.approx(0.0, abs=1e-5)


def test_slopes_and_information_against_the_closed_form():
    problem = decay()
    x = np.array([math.log10(0.9), math.log10(2.5)])
    made = Objective(problem)(x)
    data = np.array([m.value for m in problem.measurements])
    curve = 2.5 * 2.0 * np.exp(-0.9 * TIMES)
    jacobian = np.stack([-TIMES * curve * 0.9, curve], axis=1) * math.log(10.0) / 0.05
    assert made.gradient == pytest.approx(jacobian.T @ ((curve - data) / 0.05), rel=1e-6)
    assert made.information == pytest.approx(jacobian.T @ jacobian, rel=1e-6)


def test_a_profile_limit_is_where_the_closed_form_has_it():
    problem = decay()
    (k, scale), best = best_by_hand(problem)
    objective = Objective(problem)
    found = profile(objective, problem.to_scale(np.array([k, scale])), ["k"])["k"]
    data = np.array([m.value for m in problem.measurements])

    def held(rate):
        basis = 2.0 * np.exp(-rate * TIMES)
        rest = data - basis * (basis @ data) / (basis @ basis)
        return 0.5 * float(rest @ rest) / 0.05**2 + len(data) * (math.log(0.05) + 0.5 * math.log(2 * math.pi))

    assert found.verdict == "identifiable"
    for limit in (found.lower, found.upper):
        assert held(limit) == pytest.approx(best + 0.5 * 3.841458820694124, abs=0.02)


@pytest.mark.parametrize("side", ["lower", "upper"])
def test_a_profile_from_a_bound_is_open_to_that_side(side):
    """The optimum lies beyond the bound, so it is at the bound; the other limit is inside."""
    problem = decay()
    inside = best_by_hand(problem)[0][0]
    wall = inside * (1.02 if side == "lower" else 0.98)
    moved = [replace(p, value=wall, **{side: wall}) if p.name == "k" else p for p in problem.parameters]
    walled = replace(problem, parameters=tuple(moved))
    found = profile(Objective(walled), fit(walled, starts=2, seed=1, workers=1).best.x, ["k"])["k"]
    assert found.verdict == f"not identifiable {'downward' if side == 'lower' else 'upward'}"
    assert getattr(found, side) == pytest.approx(wall)
    assert found.lower < found.upper


def test_failures_alike_but_for_numbers_are_counted_together():
    said = "experiment 'c{}': it stopped at time {} s after 100 steps. Fastest-changing species: {}."
    reasons = [said.format(1, 7.5, "A"), said.format(1, 1e-7, "B"), said.format(2, 7.5, "A")]
    zero = np.zeros(1)
    starts = tuple(StartResult(k, 1.0, zero, zero, zero, failures={r: 2}) for k, r in enumerate(reasons))
    assert Fit(decay(), starts, 1).failures == {reasons[0]: 4, reasons[2]: 2}


def test_a_profile_that_ran_out_of_points_does_not_claim_to_be_flat():
    problem = decay()
    x = fit(problem, starts=2, seed=1, workers=1).best.x
    found = profile(Objective(problem), x, ["k"], points=1)["k"]
    assert found.verdict == "not followed to its end downward and upward"


def test_a_profile_says_that_it_fell_below_its_start():
    problem = decay()
    x = fit(problem, starts=2, seed=1, workers=1).best.x
    assert profile(Objective(problem), x, ["k"])["k"].better < 1e-6
    assert profile(Objective(problem), x + np.array([0.0, 0.02]), ["k"])["k"].better > 1.0


def test_profiles_go_on_with_those_that_are_missing_and_do_not_depend_on_workers(tmp_path, capsys):
    problem = decay()
    x = fit(problem, starts=1, seed=1, workers=1).best.x
    plain = profile(Objective(problem), x)
    first = profile(Objective(problem), x, ["k"], directory=tmp_path)
    assert np.array_equal(first["k"].objectives, plain["k"].objectives)
    stamp = (tmp_path / "profile_000.json").stat().st_mtime_ns
    both = profile(Objective(problem), x, workers=2, directory=tmp_path, progress=sys.stderr)
    assert (tmp_path / "profile_000.json").stat().st_mtime_ns == stamp
    assert "profile of scale: 1 of 1" in capsys.readouterr().err
    for name in ("k", "scale"):
        assert np.array_equal(both[name].points, plain[name].points)
    with pytest.raises(FolderError, match=r"other settings \(level 0.95 instead of 0.9\)"):
        profile(Objective(problem), x, ["k"], level=0.9, directory=tmp_path)


def test_a_product_of_two_parameters_is_named():
    problem = decay(redundant=True)
    x = problem.to_scale(problem.nominal)
    objective = Objective(problem)
    seen = identifiability(objective, x)
    assert seen.unidentifiable == ("k", "k2") and seen.rank == 2
    (combination,) = seen.combinations
    assert combination["k"] == pytest.approx(-combination["k2"], rel=1e-4)
    found = profile(objective, fit(problem, starts=2, seed=1, workers=1).best.x, ["k"])["k"]
    assert found.verdict == "not identifiable"
    assert found.companions["k2"] == pytest.approx(-1.0, abs=0.05)


@dataclass
class Known:
    """An objective with this information everywhere."""

    problem: Problem
    information: np.ndarray

    def __call__(self, x):
        return Evaluation(0.0, np.zeros(len(x)), self.information)


def test_a_very_precise_parameter_hides_no_other():
    """Standard deviations of 1e-6 and 0.5 decades: both are seen. One of 1e4 decades is not."""
    problem = decay(redundant=True)
    seen = identifiability(Known(problem, np.diag([1e12, 4.0, 1e-8])), np.zeros(3))
    first, second, third = problem.names
    assert seen.unidentifiable == (third,) and seen.rank == 2
    assert seen.deviations[first] == pytest.approx(1e-6) and seen.deviations[second] == pytest.approx(0.5)


def test_parameters_that_go_together_are_named():
    """The inverse of ((2, 1.99), (1.99, 2)) has correlation -0.995."""
    problem = decay()
    seen = identifiability(Known(problem, np.array([[2.0, 1.99], [1.99, 2.0]])), np.zeros(2))
    assert seen.correlations == pytest.approx(np.array([[1.0, -0.995], [-0.995, 1.0]]))
    assert seen.tied() == [(*problem.names, pytest.approx(-0.995))] and seen.tied(0.999) == []


def test_draws_have_the_spread_of_the_linear_theory():
    problem = decay()
    (k, scale), _ = best_by_hand(problem)
    x = problem.to_scale(np.array([k, scale]))
    objective = Objective(problem)
    found = sample(objective, x, draws=6000, seed=1)
    spread = np.sqrt(np.diagonal(np.linalg.inv(objective(x).information)))
    drawn = problem.to_scale(found.draws)
    assert drawn.mean(axis=0) == pytest.approx(x, abs=0.3 * spread.max())
    assert drawn.std(axis=0) == pytest.approx(spread, rel=0.25)
    assert max(found.r_hat.values()) < 1.1 and 0.2 < found.acceptance < 0.95
    band = predict(problem, np.array([k, scale]), found.draws[::10])
    assert np.all(band.low <= band.best) and np.all(band.best <= band.high)


def test_the_next_measurement_is_the_one_with_the_largest_slope():
    """With the scale known, d/dk of exp(-k t) is largest at t = 1/k."""
    problem = decay().fixed({"scale": 3.0})
    x = problem.to_scale(problem.nominal)
    candidates = [Measurement("seen", "only", t, 1.0) for t in (0.1, 1.0 / 0.7, 5.0)]
    ranked = design(problem, x, candidates, "k")
    assert ranked[0].measurement.time == pytest.approx(1.0 / 0.7)
    assert ranked[0].gain > ranked[-1].gain > 0.0


def test_what_cannot_be_told_apart_is_said_before_the_fit(capsys):
    from pathway.cli.fit import _say_unseen

    _say_unseen(decay())
    assert capsys.readouterr().err == ""
    _say_unseen(decay(redundant=True))
    said = " ".join(capsys.readouterr().err.split())
    assert "do not see relative changes of k (" in said and ", k2 (" in said


MISTAKES = {
    "before its start": {"measurements": (Measurement("seen", "only", -1.0, 1.0, source="data.csv:2"),)},
    "no observable is called 'sen'": {"measurements": (Measurement("sen", "only", 1.0, 1.0, source="data.csv:2"),)},
    "no experiment is called 'onl'": {"measurements": (Measurement("seen", "onl", 1.0, 1.0, source="data.csv:2"),)},
    "outside its bounds": {"parameters": (Parameter("k", 5.0, 1e-2, 1.0, "log10"), Parameter("scale", 3.0, 1, 10))},
    "expected rising times": {"experiments": (Experiment("only", (Period(3.0), Period(1.0))),)},
}


@pytest.mark.parametrize("message", MISTAKES)
def test_a_problem_that_contradicts_itself_is_refused(message):
    with pytest.raises(ProblemError, match=message.replace("before its", "before the experiment's")):
        decay(**MISTAKES[message])


@pytest.mark.parametrize(
    ("values", "bars"),
    [
        ([], ""),
        ([1.0], ""),
        ([1.0, 1.0, 1.05], "▁▁▁"),
        ([0.0, 0.1, 10.0, 1000.0], "▁▁▅█"),
        ([-5.0, *[95.0] * 99], "▁" + 29 * "█"),
    ],
)
def test_the_waterfall_of_a_search_as_bars(values, bars):
    assert waterfall(values) == bars


def test_a_search_shows_its_waterfall_where_the_terminal_has_the_signs():
    for encoding, shown in (("utf-8", True), ("ascii", False)):
        told = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
        fit(decay(), 3, 2, workers=1, progress=told)
        told.seek(0)
        lines = [line for line in told.read().splitlines() if line.startswith("start ")]
        assert [any(bar in line for bar in BARS) for line in lines] == [False, shown, shown]


@pytest.mark.parametrize("dimension", [1, 2, 5, 31, 32, 33])
@pytest.mark.parametrize(("power", "seed"), [(0, 1), (1, 2), (7, 3)])
def test_starting_points_are_those_of_the_librarys_sobol_sequence(dimension, power, seed):
    there = qmc.Sobol(dimension, rng=np.random.default_rng(seed)).random_base2(power)
    assert np.array_equal(sobol_points(dimension, power, np.random.default_rng(seed)), there)
