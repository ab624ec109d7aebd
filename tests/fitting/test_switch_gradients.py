"""Gradients of fits whose rates have switches, forward and backwards, against readings that share no code with them."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest

import pathway
from pathway.equations import Event, Model
from pathway.expressions import parse
from pathway.fitting.objective import Objective
from pathway.fitting.objective.assembled import simulation_plan
from pathway.fitting.problem import Measurement, Observable, Parameter, Problem
from pathway.fitting.uncertainty.identifiability import identifiability
from pathway.formats.petab import read_petab
from pathway.formats.sbml.export import sbml_text
from pathway.simulation.protocol import Experiment, Period
from pathway.simulation.protocol.runner import Runner
from tests.simulation.models import model_of
from tests.simulation.random_switches import Switched, random_switched, reading

NOISE = 0.1

REFUSALS = ("switch at the same moment", "is grazed", "is touched without being passed")
"""Every way in which a gradient may be refused in the random problems."""

THRESHOLD = {"k": 0.3, "u": 2.0, "thr": 2.5}
MEASURED = {0: 0.0, 2: 3.6253849384, 3: 5.1836355864, 5: 4.9669978024, 6: 4.4943254669, 8: 3.6796424741}


def threshold() -> Model:
    rates = {"x": "1 - k*x", "y": "piecewise(u, x < thr, 0) - 0.1*y"}
    return model_of("threshold", rates, {"x": 1.0, "y": 0.0}, THRESHOLD)


def petab(
    folder: Path,
    model: Model,
    parameters: Sequence[tuple[str, str, float, float, float]],
    conditions: Mapping[str, Mapping[str, str]],
    rows: Sequence[tuple[str, str, float, float]],
) -> Path:
    """A PEtab problem on disk.

    Parameters
    ----------
    folder : Path
    model : Model
    parameters : sequence of (name, scale, lower, upper, nominal)
    conditions : mapping of name to changes
    rows : sequence of (observed species, condition, value, time)
    """
    columns = sorted({name for changes in conditions.values() for name in changes})
    tables = {
        "parameters.tsv": ["parameterId\tparameterScale\tlowerBound\tupperBound\tnominalValue\testimate"]
        + ["\t".join(map(str, (*row, 1))) for row in parameters],
        "conditions.tsv": ["\t".join(["conditionId", *columns])]
        + ["\t".join([name, *(changes[c] for c in columns)]) for name, changes in conditions.items()],
        "observables.tsv": ["observableId\tobservableFormula\tnoiseFormula"]
        + [f"o_{name}\t{name}\t{NOISE}" for name in sorted({row[0] for row in rows})],
        "measurements.tsv": ["observableId\tsimulationConditionId\tmeasurement\ttime"]
        + [f"o_{name}\t{condition}\t{value!r}\t{time!r}" for name, condition, value, time in rows],
    }
    for name, lines in tables.items():
        (folder / name).write_text("\n".join(lines) + "\n")
    (folder / "model.xml").write_text(sbml_text(model))
    (folder / "problem.yaml").write_text(
        "format_version: 1\nparameter_file: parameters.tsv\nproblems:\n- sbml_files: [model.xml]\n"
        "  condition_files: [conditions.tsv]\n  observable_files: [observables.tsv]\n"
        "  measurement_files: [measurements.tsv]\n"
    )
    return folder / "problem.yaml"


def threshold_fit(folder: Path) -> Path:
    rows = [("y", "c", value, float(time)) for time, value in MEASURED.items()]
    return petab(folder, threshold(), [("thr", "lin", 1.1, 3.2, 2.0)], {"c": {}}, rows)


def exact(problem: Problem) -> Objective:
    return Objective(problem, Runner(simulation_plan(problem), relative_tolerance=1e-10, slope_tolerance=1e-7))


def closed_form(thr: float) -> float:
    """The objective of the threshold fit: x reaches thr at ts, y grows until then and decays from there."""
    ts = math.log((1.0 / 0.3 - 1.0) / (1.0 / 0.3 - thr)) / 0.3
    total = 0.0
    for time, value in MEASURED.items():
        y = 20.0 * (1.0 - math.exp(-0.1 * min(time, ts))) * math.exp(-0.1 * max(time - ts, 0.0))
        total += 0.5 * ((value - y) / NOISE) ** 2 + math.log(NOISE * math.sqrt(2.0 * math.pi))
    return total


def test_the_gradient_by_a_threshold_meets_its_closed_form_both_ways(tmp_path: Path) -> None:
    objective, x = exact(read_petab(threshold_fit(tmp_path))), np.array([2.0])
    step = 1e-4
    ahead, back, far_ahead, far_back = (closed_form(2.0 + f * step) for f in (1, -1, 2, -2))
    expected = (8.0 * (ahead - back) - (far_ahead - far_back)) / (12.0 * step)
    assert objective(x).value == objective.value(x) == pytest.approx(closed_form(2.0), rel=1e-7)
    assert objective(x).gradient == pytest.approx([expected], rel=1e-6)
    assert objective.backwards(x).gradient == pytest.approx([expected], rel=1e-6)


def test_a_fit_finds_a_threshold_and_the_data_are_said_to_see_it(tmp_path: Path) -> None:
    path = threshold_fit(tmp_path)
    fit = pathway.fit(str(path), starts=3, seed=1, workers=1)
    assert fit.best.parameters["thr"] == pytest.approx(2.5, abs=1e-5)
    seen = identifiability(Objective(read_petab(path)), np.array([fit.best.parameters["thr"]]))
    assert seen.unidentifiable == ()
    # dy/dthr = 8 exp(-0.1 (t - ts)) at the four moments after the crossing at ts.
    slopes = 8.0 * np.exp(-0.1 * (np.array([5.0, 6.0, 8.0]) - math.log(2.8) / 0.3))
    assert seen.deviations["thr"] == pytest.approx(NOISE / math.sqrt(float(slopes @ slopes)), rel=1e-3)


# --- random problems ----------------------------------------------------------------------------------------------

TIMES = np.array([0.0, 1.37, 2.71, 4.19, 5.83, 7.41])


def random_problem(seed: int, folder: Path) -> tuple[Path, Switched, list[str], dict, list]:
    """A random model with switches in two conditions, the second with values of its own for two of its parameters."""
    rng = np.random.default_rng(seed)
    spec = random_switched(rng)
    moving = [p for p in spec.parameters if any(re.search(rf"\b{p}\b", text) for text, _ in spec.switches)]
    names = [str(rng.choice(moving)), *map(str, rng.choice(list(spec.parameters), size=3, replace=False))]
    names = list(dict.fromkeys(names))
    changed = next(p for p in spec.parameters if p not in names)
    conditions = {
        "a": {changed: str(spec.parameters[changed]), names[0]: "one"},
        "b": {changed: str(round(1.1 * spec.parameters[changed], 4)), names[0]: "other"},
    }
    one = spec.parameters[names[0]]
    nominal = {"one": one, "other": round(0.93 * one, 4), **{n: spec.parameters[n] for n in names[1:]}}
    parameters = [(n, str(rng.choice(["lin", "log10", "log"])), 0.01 * v, 100.0 * v, v) for n, v in nominal.items()]
    rows = []
    for condition, values in cases(conditions, nominal).items():
        states, _ = reading(spec, values, TIMES)
        for k in range(len(spec.start)):
            noise = rng.normal(scale=NOISE, size=len(TIMES))
            rows += [
                (list(spec.start)[k], condition, float(v), float(t))
                for v, t in zip(states[:, k] + noise, TIMES, strict=True)
            ]
    path = petab(folder, spec.model(), parameters, conditions, rows)
    return path, spec, list(nominal), conditions, rows


def cases(conditions: Mapping[str, Mapping[str, str]], values: Mapping[str, float]) -> dict[str, dict[str, float]]:
    """Values of model parameters in each condition."""
    made = {}
    for name, changes in conditions.items():
        own = {n: v for n, v in values.items() if n not in ("one", "other")}
        made[name] = {**own, **{n: values[f] if f in values else float(f) for n, f in changes.items()}}
    return made


def read_objective(spec: Switched, conditions: dict, rows: list, values: dict[str, float]) -> tuple[float, list]:
    """The objective, and the switches passed before each moment of each condition."""
    total, before = 0.0, []
    for condition, own in cases(conditions, values).items():
        states, passed = reading(spec, own, TIMES)
        before.append([[k for k, moment in passed if moment <= t] for t in TIMES])
        for name, where, value, time in rows:
            if where == condition:
                found = states[int(np.searchsorted(TIMES, time)), list(spec.start).index(name)]
                total += 0.5 * ((value - found) / NOISE) ** 2 + math.log(NOISE * math.sqrt(2.0 * math.pi))
    return total, before


def judge(seeds: range, folder: Path) -> None:
    worst, compared, failed = 0.0, 0, []
    for seed in seeds:
        path, spec, names, conditions, rows = random_problem(seed, folder)
        problem = read_petab(path)
        objective = exact(problem)
        assert objective.runner.engine.hybrid is not None
        values = {n: float(v) for n, v in zip(problem.names, problem.nominal, strict=True)}
        x = problem.to_scale(problem.nominal)
        forward, backward = objective(x), objective.backwards(x)
        if forward.gradient is None or backward.gradient is None:
            failed.append((seed, forward.failure or backward.failure))
            continue
        assert forward.value == pytest.approx(read_objective(spec, conditions, rows, values)[0], rel=1e-6)
        size = float(np.abs(forward.gradient).max())
        for name in names:
            step = 1e-4 * values[name]
            runs = [
                read_objective(spec, conditions, rows, {**values, name: values[name] + k * step})
                for k in (-2, -1, 1, 2)
            ]
            if any(run[1] != runs[0][1] for run in runs):
                continue  # a switch passes a measurement within the difference
            expected = (runs[0][0] - 8 * runs[1][0] + 8 * runs[2][0] - runs[3][0]) / (12 * step)
            k = list(problem.names).index(name)
            chain = {"linear": 1.0, "log10": math.log(10.0) * values[name], "log": values[name]}[
                problem.estimated[k].scale
            ]
            for found in (forward.gradient[k], backward.gradient[k]):
                # Gradients walked backwards hold their tolerance on the largest slope.
                worst = max(worst, abs(found - expected * chain) / (abs(expected * chain) + 0.1 * size + 1e-3))
            compared += 1
    print(f"{compared} slopes of {len(seeds)} problems, worst {worst:.1e}; failed {failed}")
    assert worst < 1e-5
    assert len(failed) <= 0.03 * len(seeds)
    assert all(any(kind in why for kind in REFUSALS) for _, why in failed)


def test_random_problems_with_switches(tmp_path: Path) -> None:
    judge(range(4), tmp_path)


@pytest.mark.slow
def test_a_hundred_random_problems_with_switches(tmp_path: Path) -> None:
    judge(range(2000, 2100), tmp_path)


# --- periods, rest, jumps -----------------------------------------------------------------------------------------


def problem_of(
    model: Model,
    estimated: Mapping[str, float],
    periods: Sequence[tuple[float, dict[str, str]]],
    times: Sequence[float],
) -> Problem:
    made = tuple(Period(start, {n: parse(f) for n, f in changes.items()}) for start, changes in periods)
    return Problem(
        name="periods",
        model=model,
        parameters=tuple(Parameter(name, value, 0.01, 100.0, "linear") for name, value in estimated.items()),
        experiments=(Experiment("e", made),),
        observables=tuple(Observable(name, parse(name), parse(str(NOISE))) for name in model.species),
        measurements=tuple(
            Measurement(n, "e", float(t), 1.0 + 0.1 * k) for t in times for k, n in enumerate(model.species)
        ),
    )


def slopes_agree(problem: Problem) -> np.ndarray:
    """Forward and backward gradients, which agree with each other and with differences of values."""
    objective, x = exact(problem), problem.to_scale(problem.nominal)
    forward, backward = objective(x), objective.backwards(x)
    assert forward.gradient is not None, forward.failure
    np.testing.assert_allclose(backward.gradient, forward.gradient, rtol=1e-6, atol=1e-6)
    for k in range(len(x)):
        step = np.zeros(len(x))
        step[k] = 1e-3 * x[k]
        ahead, back, far_ahead, far_back = (objective.value(x + f * step) for f in (1, -1, 2, -2))
        expected = (8.0 * (ahead - back) - (far_ahead - far_back)) / (12.0 * step[k])
        assert forward.gradient[k] == pytest.approx(expected, rel=2e-5, abs=1e-4), problem.names[k]
    return forward.gradient


def test_thresholds_in_periods_with_doses_of_estimated_size() -> None:
    periods = [(0.0, {}), (2.0, {"x": "x + dose"}), (5.0, {"x": "0.5*x", "k": "0.1 + 0.02*x"})]
    estimated = {"thr": 2.0, "k": 0.3, "dose": 0.8, "u": 2.0}
    slopes_agree(problem_of(threshold(), estimated, periods, [0.0, 1.0, 2.0, 3.0, 4.5, 7.0, 9.0]))


def test_a_threshold_after_a_preequilibration() -> None:
    rates = {"x": "a - k*x", "y": "piecewise(u, x < thr, 0.1) - 0.2*y"}
    model = model_of("rested", rates, {"x": 1.0, "y": 0.0}, {"a": 0.3, "k": 0.3, "u": 2.0, "thr": 2.0})
    periods = [(-math.inf, {}), (0.0, {"a": "3*a"})]
    estimated = {"thr": 2.0, "k": 0.3, "a": 0.3, "u": 2.0}
    slopes_agree(problem_of(model, estimated, periods, [0.0, 1.0, 2.0, 4.5, 7.0, math.inf]))


def test_a_moment_that_a_period_takes_from_the_running_state() -> None:
    rates = {"x": "1 - k*x", "y": "piecewise(u, time < toff, 0) - 0.2*y"}
    model = model_of("held", rates, {"x": 1.0, "y": 0.0}, {"k": 0.3, "u": 2.0, "toff": 1.0})
    periods = [(0.0, {}), (2.0, {"toff": "2*x"})]
    gradient = slopes_agree(problem_of(model, {"k": 0.3, "u": 2.0}, periods, [1.0, 2.5, 4.0, 6.0]))
    assert gradient.all()


def test_what_is_measured_at_the_start_alone_counts_backwards_too() -> None:
    model = model_of("start", {"x": "-k*x"}, {"x": "x0"}, {"k": 0.3, "x0": 2.0})
    problem = problem_of(model, {"x0": 2.0}, [(0.0, {})], [0.0])
    objective, x = exact(problem), np.array([2.0])
    assert objective(x).gradient == pytest.approx([100.0])
    assert objective.backwards(x).gradient == pytest.approx([100.0])


def test_where_kinks_are_too_rough_to_be_walked_backwards_slopes_go_forwards() -> None:
    rates = {"x": "cos(time) - k*x", "y": "max(0.2, p*x)*y*0.1 + abs(x - p) - 0.3*y"}
    model = model_of("kinks", rates, {"x": 1.0, "y": 0.5}, {"k": 0.3, "p": 0.8})
    slopes_agree(problem_of(model, {"k": 0.3, "p": 0.8}, [(0.0, {})], [1.0, 3.0, 5.0, 9.0]))


def test_a_threshold_between_events() -> None:
    # An event halves x at 2; x' = 1 until then and later, so x reaches thr at thr + 1, and y stops there.
    event = Event("halve", parse("time >= 2"), {"x": parse("0.5*x")})
    rates = {"x": "1 + 0*k", "y": "piecewise(u, x < thr, 0)"}
    model = model_of("events", rates, {"x": 0.0, "y": 0.0}, {"u": 2.0, "thr": 2.5, "k": 1.0}, events=(event,))
    objective = Objective(problem_of(model, {"thr": 2.5, "u": 2.0}, [(0.0, {})], [1.0, 3.0, 5.0]))
    x = np.array([2.5, 2.0])
    by_value = (np.array([2.0, 6.0, 7.0]) - 1.1) / NOISE**2
    expected = [by_value @ [0.0, 0.0, 2.0], by_value @ [1.0, 3.0, 3.5]]
    for found in (objective(x), objective.backwards(x)):
        assert found.gradient == pytest.approx(expected, rel=1e-6)


def test_a_slope_that_does_not_exist_is_an_infinite_value_with_its_reason() -> None:
    rates = {"x": "cos(time)", "y": "piecewise(u, x < thr, 0)"}
    model = model_of("touch", rates, {"x": 0.0, "y": 0.0}, {"u": 2.0, "thr": 1.0})
    objective, x = exact(problem_of(model, {"thr": 1.0, "u": 2.0}, [(0.0, {})], [1.0, 3.0])), np.array([1.0, 2.0])
    for found in (objective(x), objective.backwards(x)):
        assert found.value == math.inf
        assert re.search(r"'x < thr' is (grazed|touched)", found.failure)
    fixed = exact(problem_of(model, {"u": 2.0}, [(0.0, {})], [1.0, 3.0]))
    for found in (fixed(x[1:]), fixed.backwards(x[1:])):
        assert found.gradient == pytest.approx([100.0 * (1.0 * (2.0 - 1.1) + 3.0 * (6.0 - 1.1))], rel=1e-6)


def test_a_time_switch_that_no_estimated_parameter_moves_takes_the_usual_road() -> None:
    model = model_of(
        "fixed", {"x": "piecewise(u, time < toff, 0) - k*x"}, {"x": 1.0}, {"u": 2.0, "toff": 3.0, "k": 0.2}
    )
    usual = Objective(problem_of(model, {"k": 0.2}, [(0.0, {})], [1.0, 4.0]))
    assert usual.runner.engine.hybrid is None
    moved = problem_of(model, {"k": 0.2, "toff": 3.0}, [(0.0, {})], [1.0, 4.0])
    assert slopes_agree(moved)[1] != 0.0
