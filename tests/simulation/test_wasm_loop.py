"""The step loop as WebAssembly, run by wasmtime: against the native one, and against one built anew."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from pathway.kernels import compile_wasm
from pathway.kernels.structs import array_address
from pathway.scenario.built_in import circuit_model
from pathway.simulation import Intervention, simulate
from pathway.simulation.interventions import NOTHING
from pathway.simulation.prepared import KERNEL_NAMES, SMALL, prepare_model
from pathway.simulation.solvers import METHODS
from pathway.simulation.solvers.lanes import lane_storage
from pathway.simulation.solvers.layout import ADD, DONE, STATUS, STEPS
from pathway.simulation.solvers.wasm_loop import build, wasm_loop
from pathway.simulation.tasks import empty_report, make_task
from tests.kernels.wasm_host import Host


def test_two_lanes_take_the_steps_of_the_native_loop():
    """Untreated and under trastuzumab, from the initial values; the two builds differ in rounding alone."""
    model, times = circuit_model(), np.linspace(0.0, 48.0, 25)
    drug = model.species.index("trastuzumab")
    native = [
        simulate(model, times, interventions=plan) for plan in ([], [Intervention(6.0, add={"trastuzumab": 50.0})])
    ]
    here = run_in_wasm(model, times, [[], [(6.0, ADD, drug, 50.0)]])
    for run, (values, counts) in zip(native, here, strict=True):
        assert counts[STATUS] == DONE
        assert counts[STEPS] == run.statistics.steps
        assert_allclose(values, run.values, rtol=2e-6, atol=1e-9)


def run_in_wasm(model, times, schedules):
    """Species over time and counts of two members side by side."""
    made = compile_wasm(model, 2)
    host = Host([wasm_loop(), made.module])
    ready, method = prepare_model(model), METHODS["Rodas5P"]
    slots = {name: host.slot(name, k) for k, name in enumerate(KERNEL_NAMES, start=1) if name != "observables"}
    kernels = ready.kernels(2)._replace(**slots, observables=0, time_derivative=0)
    start, p = ready.starts(model.parameter_values), model.parameter_values[None]
    actions = [action for schedule in schedules for action in schedule]
    columns = [np.array(column) for column in zip(*actions, strict=True)]
    absolute = [SMALL * ready.scales(start, doses(model, schedule)) for schedule in schedules]
    task = make_task(times, 0.0, np.stack([start, start]), p, np.stack(absolute), [NOTHING], 1e-6, SMALL)._replace(
        schedule=np.cumsum([0, *map(len, schedules)]),
        action_times=columns[0], action_kinds=columns[1], action_targets=columns[2], action_values=columns[3],
    )  # fmt: skip
    report = empty_report(2, len(times), len(model.species), kernels)
    lanes = lane_storage(kernels, method)
    tables = [host.packed(values)[0] for values in (kernels, ready.pattern, method)]
    task_at, (report_at, places) = host.packed(task)[0], host.packed(report)
    parts = {"carried": ("sums", array_address(lanes.carried) - array_address(lanes.sums))}
    lanes_at = host.packed(lanes, parts)[0]
    nowhere = host.place(np.zeros(8))
    assert host.exports["run"](host.store, nowhere, nowhere, *tables, task_at, report_at, lanes_at) == 0
    return list(
        zip(host.read(places["values"], report.values), host.read(places["counts"], report.counts), strict=True)
    )


def doses(model, schedule):
    made = np.zeros(len(model.species))
    for _, _, target, value in schedule:
        made[target] = value
    return made if schedule else None


@pytest.mark.slow
def test_the_loop_in_the_package_is_the_one_that_its_source_gives():
    """Byte by byte, with the llvmlite and numba that it was made with; after a change of the loop, make it anew with
    python -m pathway.simulation.solvers.build."""
    assert build() == wasm_loop()
