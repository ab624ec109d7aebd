"""Kernels in WebAssembly, run by wasmtime, against the same kernels on this processor without fused multiply-add."""

import numpy as np
import pytest

from pathway.equations import Model
from pathway.expressions import apply_function, number
from pathway.expressions import symbol as s
from pathway.kernels import WASM_PARTS, WasmError, compile_wasm, machine
from pathway.kernels.wasm import text_of, written_parts
from pathway.scenario.built_in import circuit_model
from tests.kernels.wasm_host import Host

WIDTH = 2


@pytest.fixture(scope="module")
def made():
    """The circuit's kernels here and there, built from the same text."""
    model = circuit_model()
    names = ("prepare", *WASM_PARTS)
    text = text_of(written_parts(model, WIDTH, names).values(), WIDTH)
    native = machine.LoadedCode([machine.object_code(text, machine.unfused_machine())], names)
    kernels = compile_wasm(model, WIDTH)
    return model, kernels, native, Host([kernels.module])


def shapes(kernels):
    """Rows that each kernel reads and writes, the last one written; a minus: changed in place."""
    n, p = len(kernels.mass), kernels.sizes["parameter_slots"]
    nnz, lu = len(kernels.patterns["jacobian"]), kernels.sizes["lu"]
    return {
        "prepare": [p],
        "right_hand_side": [1, n, p, n],
        "jacobian": [1, n, p, nnz],
        "time_derivative": [1, n, p, n],
        "factor": [nnz, 1, lu, 1],
        "solve": [lu, n],
        "add_scaled": [1, n, n],
        "interpolate": [n, n, n, n, n, 1, n],
        "error_norm": [n, n, n, n, 1, 1],
        "observables": [1, n, p, kernels.sizes["observables"]],
        "initial_values": [1, n, p, n],
    }


@pytest.mark.parametrize("part", ("prepare", *WASM_PARTS))
def test_every_kernel_gives_the_same_bits(made, part):
    """A hundred calls each with numbers over six decades, as amounts and rates have."""
    _, kernels, native, host = made
    rows = shapes(kernels)[part]
    random = np.random.default_rng(WASM_PARTS.index(part) if part != "prepare" else 99)
    for _ in range(100):
        arrays = [np.exp(random.uniform(-7.0, 7.0, size=(count, WIDTH))) for count in rows]
        here = [a.copy() for a in arrays]
        call_native(native, part, here)
        there = host.call(part, arrays)
        for one, other in zip(here, there, strict=True):
            assert one.tobytes() == other.tobytes()
        assert any(one.tobytes() != before.tobytes() for one, before in zip(here, arrays, strict=True)) or (
            part == "time_derivative"
        )


def call_native(native, part, arrays):
    import ctypes

    kind = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * len(arrays))
    kind(native.address(part))(*(array.ctypes.data for array in arrays))


def test_a_function_of_the_c_library_is_refused_by_name():
    model = Model(
        name="wave", species=("x",), parameters=(), parameter_values=np.zeros(0), initial={"x": number(1.0)},
        rates={"r": apply_function("sin", s("x"))}, stoichiometry={"x": {"r": number(1.0)}},
    )  # fmt: skip
    with pytest.raises(WasmError, match="sin"):
        compile_wasm(model)
