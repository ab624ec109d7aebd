"""Functions that run over tables against the same functions written out: the same bits."""

from __future__ import annotations

import ctypes

import numpy as np
import pytest

from pathway.expressions import parse
from pathway.kernels import lowering, machine
from pathway.kernels.assembly import LaneTypes
from pathway.kernels.functions import module_text
from pathway.kernels.lowering import LoweredFunction, lower_to_llvm
from pathway.kernels.program import OperationList

N = 6
FORMS = (
    "{} + {}",
    "{} - {}",
    "-{} - {}",
    "{}*{}",
    "-{}*{}",
    "{}^2 + {}",
    "{} - {}*{}",
    "{}*{} - {}",
    "2.5*{} + time*{}",
)


def random_formulas(seed: int) -> list[str]:
    """Sums, differences and products of species, parameters, numbers and each other."""
    random = np.random.default_rng(seed)
    formulas = [*(f"y{k}" for k in range(N)), *(f"p{k}" for k in range(N)), "time", "0.75"]
    for _ in range(60):
        form = str(random.choice(FORMS))
        short = [formula for formula in formulas if len(formula) < 400]
        formulas.append(f"({form.format(*random.choice(short, form.count('{}')))})")
    return formulas


def run(
    program: OperationList, outputs: list[int | None], slots: dict[int, int], width: int, given: list
) -> np.ndarray:
    """The outputs, shape (n_outputs, width), nan where there is none."""
    lanes = LaneTypes(width)
    inputs = ("time", "species", "parameters")
    text, called = lower_to_llvm(program, LoweredFunction("f", {"out": outputs}), lanes, inputs, slots)
    code = machine.LoadedCode([machine.object_code(module_text(lanes, called, [text]))], ["f"])
    out = np.full((len(outputs), width), np.nan)
    arrays = [np.ascontiguousarray(a[..., :width]) for a in given]
    kind = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * 4)
    kind(code.address("f"))(*(a.ctypes.data for a in (*arrays, out)))
    return out


@pytest.mark.parametrize("width", [1, 4])
@pytest.mark.parametrize("seed", range(6))
def test_tables_give_the_bits_of_what_is_written_out(seed: int, width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    leaves = {"time": ("time",)}
    leaves |= {f"y{k}": ("species", k) for k in range(N)} | {f"p{k}": ("parameter", k) for k in range(N)}
    program = OperationList(leaves)
    values = program.values(parse(formula) for formula in random_formulas(seed))
    outputs = [*values, None, values[-1], values[0]]
    slots = {value: N + k for k, value in enumerate(program.invariants(values))}
    random = np.random.default_rng(seed)
    rows = random.normal(size=(N + len(slots), 4))
    given = [random.normal(size=4), random.normal(size=(N, 4)), rows]
    written = run(program, outputs, slots, width, given)
    monkeypatch.setattr(lowering, "MOST_OPERATIONS", 0)
    tabled = run(program, outputs, slots, width, given)
    assert np.isnan(written).any(axis=1).sum() == 1
    np.testing.assert_array_equal(tabled.view(np.int64), written.view(np.int64))


def test_what_is_no_sum_of_products_is_written_out(monkeypatch: pytest.MonkeyPatch) -> None:
    program = OperationList({"y0": ("species", 0)})
    values = program.values([parse("y0 + y0^2"), parse("y0 + 1/(y0 + 2)")])
    monkeypatch.setattr(lowering, "MOST_OPERATIONS", 0)
    for outputs, tabled in ((values[:1], True), (values, False)):
        text, _ = lower_to_llvm(program, LoweredFunction("f", {"out": outputs}), LaneTypes(1), ("species",), {})
        assert ("@f_0" in text) == tabled
