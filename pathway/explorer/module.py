"""A model as modules of WebAssembly, and the facts that a host needs to run them.

What a host must know of the loop's tuples comes from the tuples themselves, so that a new field needs no edit in
JavaScript.
"""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from pathway.equations import Model
from pathway.errors import InputError
from pathway.expressions import symbol
from pathway.kernels import WasmError, WasmKernels, compile_wasm
from pathway.kernels.structs import array_address, struct_fields
from pathway.simulation import prepared, steady, tasks
from pathway.simulation.prepared import EVENT_KERNELS, KERNEL_NAMES, prepare_model
from pathway.simulation.solvers import METHODS, layout
from pathway.simulation.solvers.lanes import LaneStorage, lane_storage
from pathway.simulation.solvers.layout import (
    IntegrationReport,
    IntegrationTask,
    JacobianPattern,
    KernelAddresses,
    RosenbrockMethod,
)
from pathway.simulation.solvers.wasm_loop import wasm_loop
from pathway.simulation.steady_model import steady_model
from pathway.simulation.switches import switches

WIDTH = 2
"""A vector of WebAssembly holds two doubles."""

SHIFT = 1e-5
"""Per unit of time: far below the slowest turnover of cells (1e-3 per hour), far above rounding."""

_ENUMS = (
    *("DONE", "STEPS", "STATUS", "COUNTS"),
    *("SET", "ADD", "SCALE", "PARAMETER_SET", "PARAMETER_ADD", "PARAMETER_SCALE"),
)


_TUPLES = {
    "Kernels": KernelAddresses,
    "Pattern": JacobianPattern,
    "Method": RosenbrockMethod,
    "Task": IntegrationTask,
    "Report": IntegrationReport,
    "Lanes": LaneStorage,
}
"""The loop's tuples, by what the core calls them."""


class ExplorerError(InputError):
    """Something that the page cannot show; one clear sentence."""


@dataclass(frozen=True, eq=False)
class Engine:
    """What runs a model in a browser.

    Attributes
    ----------
    blobs : mapping of str to bytes
        `loop` and `kernels`: modules that share a memory and a table of functions.
    facts : mapping
        Plain numbers, texts and lists.
    """

    blobs: Mapping[str, bytes]
    facts: Mapping[str, Any]


def engine_of(model: Model, quantities: Iterable[str]) -> Engine:
    """The modules and facts of a model.

    Parameters
    ----------
    model : Model
    quantities : iterable of str
        Species, assignments, observables and rates of reactions that a run records.

    Raises
    ------
    ExplorerError
        If the model has events, algebraic species, or rates that switch by the state or by time.
    """
    _refuse_what_the_loop_lacks(model)
    names = list(dict.fromkeys(quantities))
    recorded = replace(model, observables={name: _formula(model, name) for name in names})
    try:
        wasm = compile_wasm(recorded, WIDTH)
    except WasmError as error:
        raise ExplorerError(f"'{model.name}' cannot run in a browser: {error}") from None
    ready, steady_part = prepare_model(model), steady_model(model)
    kernels, method = _kernels(recorded, wasm), METHODS["Rodas5P"]
    group, declared = ready.species_units
    facts = {
        "layouts": {name: struct_fields(owner) for name, owner in _TUPLES.items()},
        "parts": wasm.parts,
        "addresses": {name: name if name in wasm.parts and name != "time_derivative" else "" for name in _ADDRESSES},
        "kernels": {name: value for name, value in kernels._asdict().items() if name not in _ADDRESSES},
        "pattern": {name: _array(value) for name, value in ready.pattern._asdict().items()},
        "method": {n: _array(v) if isinstance(v, np.ndarray) else v for n, v in method._asdict().items()},
        "lanes": _storage(lane_storage(kernels, method)),
        "sizes": {name: int(size) for name, size in wasm.sizes.items()},
        "species": model.species,
        "parameters": model.parameters,
        "parameter_index": {name: k for k, name in enumerate(model.parameters)},
        "quantities": names,
        "quantity_index": {name: k for k, name in enumerate(names)},
        "outputs": [int(quiet) for quiet in steady_part.outputs],
        "unit_of": group.tolist(),
        "n_units": int(group.max()) + 1,
        "declared_scales": declared.tolist(),
        "start_time": model.start_time,
        **{name: getattr(layout, name) for name in _ENUMS},
        **{name: getattr(prepared, name) for name in ("SMALL", "FAINT", "TRACE")},
        "MAXIMUM_STEPS": tasks.MAXIMUM_STEPS,
        "RELAX_STEPS": steady.RELAX_STEPS,
        "TOLERANCE": steady.TOLERANCE,
        "SHIFT": SHIFT,
    }
    return Engine({"loop": wasm_loop(), "kernels": wasm.module}, facts)


_ADDRESSES = (*KERNEL_NAMES, *EVENT_KERNELS, "time_derivative", "roots", "conditions", "switches")


def _refuse_what_the_loop_lacks(model: Model) -> None:
    if model.events:
        raise ExplorerError(
            f"'{model.name}' has events ({model.events[0].name}, ...): the explorer shows models without them"
        )
    if model.algebraic:
        raise ExplorerError(
            f"'{model.name}' has algebraic rules ({next(iter(model.algebraic))}): the explorer shows models without"
        )
    if any(switch.in_rates for switch in switches(model)):
        raise ExplorerError(f"the rates of '{model.name}' switch: the explorer shows models whose rates do not")
    if steady_model(model).driven:
        raise ExplorerError(f"the rates of '{model.name}' depend on time: the explorer shows models whose rates do not")


def _formula(model: Model, name: str) -> Any:
    if name in model.observables:
        return model.observables[name]
    if name in model.assignments or name in model.species:
        return symbol(name)
    if name in model.rates:
        return model.rates[name]
    raise ExplorerError(f"'{model.name}' has no quantity '{name}'")


def _kernels(model: Model, wasm: WasmKernels) -> KernelAddresses:
    """The tuple without addresses, which only the host knows."""
    nothing = dict.fromkeys(KernelAddresses._fields, 0)
    sizes = {
        "width": wasm.width,
        "n_species": len(model.species),
        "n_parameters": len(model.parameters),
        "n_slots": wasm.sizes["parameter_slots"],
        "n_jacobian": len(wasm.patterns["jacobian"]),
        "n_factor": wasm.sizes["lu"],
        "n_observables": wasm.sizes["observables"],
    }
    return KernelAddresses(**{**nothing, **sizes})


def _array(values: np.ndarray) -> dict[str, Any]:
    return {"shape": values.shape, "data": values.ravel().tolist()}


def _storage(lanes: LaneStorage) -> dict[str, dict[str, Any]]:
    """Shape and content of working storage, which begins with one number everywhere; or whose part it is."""
    parts: dict[str, dict[str, Any]] = {}
    for name, values in lanes._asdict().items():
        whole = next((one for one in parts if values.size and np.shares_memory(values, getattr(lanes, one))), None)
        if whole is not None:
            ahead = array_address(values) - array_address(getattr(lanes, whole))
            parts[name] = {"shape": values.shape, "part_of": whole, "ahead": ahead}
            continue
        first = float(values.flat[0]) if values.size else 0.0
        assert values.size == 0 or bool((values == first).all()), f"'{name}' does not begin uniform"
        parts[name] = {"shape": values.shape, "fill": "inf" if np.isinf(first) else first}
    return parts


def container(facts: Mapping[str, Any], blobs: Mapping[str, bytes]) -> bytes:
    """Facts and blobs as one piece of bytes, deflated; `core.js` opens it."""
    places, start = {}, 0
    for name, blob in blobs.items():
        places[name] = start, len(blob)
        start += len(blob)
    head = json.dumps({**facts, "blobs": places}, separators=(",", ":"), allow_nan=False).encode()
    return deflate(struct.pack("<I", len(head)) + head + b"".join(blobs.values()))


def deflate(content: bytes) -> bytes:
    """As `DecompressionStream("deflate-raw")` takes it."""
    packer = zlib.compressobj(9, wbits=-15)
    return packer.compress(content) + packer.flush()
