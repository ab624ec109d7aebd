"""Kernels against formulas evaluated one by one, complex steps, and dense linear algebra."""

from __future__ import annotations

import numpy as np
import pytest

from pathway.equations import Model
from pathway.expressions import postorder
from pathway.expressions.evaluation import evaluate_all
from pathway.kernels import CompiledModel, compile_model

from .synthetic import chain

EVERYTHING = (
    *("right_hand_side", "jacobian", "time_derivative", "factor", "solve", "solve_shared", "multiply"),
    *("multiply_shared", "add_second_shared", "parameter_jacobian", "second_derivatives", "time_gradients"),
    *("observables", "observables_gradients", "rates"),
)


class State:
    """A point at which kernels are called: every lane another one."""

    def __init__(self, model: Model, compiled: CompiledModel, seed: int = 1) -> None:
        random = np.random.default_rng(seed)
        width = compiled.width
        self.model, self.compiled = model, compiled
        self.time = random.uniform(0.0, 3.0, width)
        self.species = random.uniform(0.3, 2.0, (len(model.species), width))
        self.values = random.uniform(0.5, 2.0, (len(model.parameters), width))
        self.parameters = compiled.parameters(self.values)

    def names(self, lane: int) -> dict[str, float]:
        model = self.model
        return {
            "time": self.time[lane],
            **dict(zip(model.species, self.species[:, lane], strict=True)),
            **dict(zip(model.parameters, self.values[:, lane], strict=True)),
        }

    def call(self, part: str, *shapes: int, extra: tuple[np.ndarray, ...] = ()) -> list[np.ndarray]:
        outputs = [np.full((rows, self.compiled.width), np.nan) for rows in shapes]
        self.compiled.call(part, self.time, self.species, self.parameters, *extra, *outputs)
        return outputs

    def matrix(self, pattern: str, entries: np.ndarray, columns: int, lane: int, rows: int | None = None) -> np.ndarray:
        found = self.compiled.patterns[pattern]
        dense = np.zeros((len(self.model.species) if rows is None else rows, columns))
        dense[found.rows, found.columns] = entries[:, lane]
        return dense

    def jacobian(self, lane: int) -> tuple[np.ndarray, np.ndarray]:
        entries = self.call("jacobian", len(self.compiled.patterns["jacobian"]))[0]
        return entries, self.matrix("jacobian", entries, len(self.model.species), lane)


def complex_values(model: Model, names: dict[str, complex]) -> np.ndarray:
    """The right-hand side in complex arithmetic, each formula walked anew with numpy's functions."""
    meaning = {
        "add": lambda *a: sum(a),
        "multiply": lambda *a: np.prod(np.array(a)),
        "divide": lambda a, b: a / b,
        "power": lambda a, b: a**b,
        "sin": np.sin,
    }
    found: dict[object, complex] = {}
    formulas = list(model.derivatives.values())
    for node in postorder(formulas):
        if node.operator == "number":
            found[node] = complex(node.value)
        elif node.operator == "symbol":
            found[node] = names[node.value]
        else:
            found[node] = meaning[node.operator](*(found[a] for a in node.arguments))
    return np.array([found[f] for f in formulas])


def complex_slopes(model: Model, names: dict[str, float], by: tuple[str, ...]) -> np.ndarray:
    step = 1e-30
    columns = [complex_values(model, {**names, name: names[name] + 1j * step}).imag / step for name in by]
    return np.array(columns).T


@pytest.fixture(params=[(5, 1), (12, 4), (30, 1), (60, 4), (12, 8)], ids=lambda case: f"{case[0]}x{case[1]}")
def state(request: pytest.FixtureRequest) -> State:
    size, width = request.param
    model = chain(size, seed=size)
    return State(model, compile_model(model, width, EVERYTHING))


def test_right_hand_side_is_the_formulas_value(state: State) -> None:
    found = state.call("right_hand_side", len(state.model.species))[0]
    for lane in range(state.compiled.width):
        expected = evaluate_all(list(state.model.derivatives.values()), state.names(lane))
        np.testing.assert_allclose(found[:, lane], expected, rtol=1e-13, atol=1e-13)


def test_derivatives_agree_with_complex_steps(state: State) -> None:
    model, lane = state.model, state.compiled.width - 1
    names = state.names(lane)
    _, found = state.jacobian(lane)
    np.testing.assert_allclose(found, complex_slopes(model, names, model.species), rtol=1e-12, atol=1e-13)
    entries = state.call("parameter_jacobian", len(state.compiled.patterns["parameter_jacobian"]))[0]
    found = state.matrix("parameter_jacobian", entries, len(model.parameters), lane)
    np.testing.assert_allclose(found, complex_slopes(model, names, model.parameters), rtol=1e-12, atol=1e-13)
    found = state.call("time_derivative", len(model.species))[0][:, lane]
    np.testing.assert_allclose(found, complex_slopes(model, names, ("time",))[:, 0], rtol=1e-12, atol=1e-13)


def test_second_derivatives_are_slopes_of_the_jacobian_along_the_direction(state: State) -> None:
    model, compiled, lane = state.model, state.compiled, 0
    n = len(model.species)
    direction = np.random.default_rng(5).normal(size=(n, compiled.width))
    sizes = [len(compiled.patterns[name]) for name in ("second_species", "second_parameters")]
    by_species, by_parameters = state.call("second_derivatives", *sizes, extra=(direction,))
    names, step = state.names(lane), 1e-6
    moved = [
        {**names, **{s: names[s] + sign * step * direction[i, lane] for i, s in enumerate(model.species)}}
        for sign in (1, -1)
    ]
    for pattern, entries, by in (
        ("second_species", by_species, model.species),
        ("second_parameters", by_parameters, model.parameters),
    ):
        upper, lower = (complex_slopes(model, at, by) for at in moved)
        found = state.matrix(pattern, entries, len(by), lane)
        np.testing.assert_allclose(found, (upper - lower) / (2 * step), rtol=1e-6, atol=1e-7)


def test_linear_algebra_agrees_with_dense_solves(state: State) -> None:
    compiled, n = state.compiled, len(state.model.species)
    random = np.random.default_rng(3)
    shift = random.uniform(1.0, 50.0, compiled.width)
    right = random.normal(size=(n, compiled.width))
    entries, _ = state.jacobian(0)
    factors, worst = np.empty((compiled.sizes["lu"], compiled.width)), np.empty(compiled.width)
    compiled.call("factor", entries, shift, factors, worst)
    solution = right.copy()
    compiled.call("solve", factors, solution)
    product = np.empty_like(right)
    compiled.call("multiply", entries, right, product)
    for lane in range(compiled.width):
        dense = state.matrix("jacobian", entries, n, lane)
        expected = np.linalg.solve(shift[lane] * np.eye(n) - dense, right[:, lane])
        np.testing.assert_allclose(solution[:, lane], expected, rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(product[:, lane], dense @ right[:, lane], rtol=1e-12, atol=1e-12)
    assert np.all(worst > 1e-3)


def test_shared_matrices_act_on_every_direction(state: State) -> None:
    compiled, n = state.compiled, len(state.model.species)
    plain = compile_model(state.model, 1, ("jacobian", "factor"))
    point = State(state.model, plain)
    entries, dense = point.jacobian(0)
    factors, worst = np.empty((plain.sizes["lu"], 1)), np.empty(1)
    plain.call("factor", entries, np.array([7.0]), factors, worst)
    right = np.random.default_rng(3).normal(size=(n, compiled.width))
    solution, product = right.copy(), np.empty_like(right)
    compiled.call("solve_shared", factors, solution)
    compiled.call("multiply_shared", entries, right, product)
    np.testing.assert_allclose(solution, np.linalg.solve(7.0 * np.eye(n) - dense, right), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(product, dense @ right, rtol=1e-12, atol=1e-12)


def test_add_second_shared_adds_to_what_is_there(state: State) -> None:
    compiled, n = state.compiled, len(state.model.species)
    pattern = compiled.patterns["second_species"]
    random = np.random.default_rng(9)
    entries, right, total = random.normal(size=len(pattern)), random.normal(size=(n, compiled.width)), None
    start = random.normal(size=(n, compiled.width))
    total = start.copy()
    compiled.call("add_second_shared", entries, right, total)
    dense = np.zeros((n, n))
    dense[pattern.rows, pattern.columns] = entries
    np.testing.assert_allclose(total, start + dense @ right, rtol=1e-12, atol=1e-12)


def test_observables_and_their_gradients(state: State) -> None:
    compiled, model = state.compiled, state.model
    found = state.call("observables", 1)[0]
    np.testing.assert_allclose(found[0], state.species.sum(axis=0), rtol=1e-14)
    sizes = [len(compiled.patterns[f"observables_{kind}"]) for kind in ("species", "parameters")]
    by_species, _, by_time = state.call("observables_gradients", *sizes, 1)
    assert np.all(state.matrix("observables_species", by_species, len(model.species), 0, rows=1) == 1.0)
    assert np.all(by_time == 0.0)


def test_every_width_gives_the_same_bits() -> None:
    model = chain(24, seed=4)
    parts = tuple(part for part in EVERYTHING if "shared" not in part)
    wide = compile_model(model, 4, parts)
    state = State(model, wide)
    narrow = compile_model(model, 1, parts)
    n = len(model.species)
    results = {}
    for part, rows in (("right_hand_side", n), ("jacobian", len(wide.patterns["jacobian"]))):
        results[part] = state.call(part, rows)[0]
    factors, worst = np.empty((wide.sizes["lu"], 4)), np.empty(4)
    wide.call("factor", results["jacobian"], np.array([1.0, 2.0, 5.0, 9.0]), factors, worst)
    solution = state.species.copy()
    wide.call("solve", factors, solution)
    for lane, shift in enumerate([1.0, 2.0, 5.0, 9.0]):
        single = State(model, narrow)
        single.time, single.species = state.time[[lane]], state.species[:, [lane]].copy()
        single.parameters = narrow.parameters(state.values[:, lane])
        assert np.array_equal(single.parameters[:, 0], state.parameters[:, lane])
        for part, wide_result in results.items():
            assert np.array_equal(single.call(part, len(wide_result))[0][:, 0], wide_result[:, lane])
        one, one_worst = np.empty((wide.sizes["lu"], 1)), np.empty(1)
        narrow.call("factor", results["jacobian"][:, [lane]].copy(), np.array([shift]), one, one_worst)
        assert np.array_equal(one[:, 0], factors[:, lane])
        assert one_worst[0] == worst[lane]
        b = single.species.copy()
        narrow.call("solve", one, b)
        assert np.array_equal(b[:, 0], solution[:, lane])
