"""A step loop's text, as numba leaves it, turned into machine code that needs nothing of numba any more."""

from __future__ import annotations

import re

import llvmlite.binding as llvm

from . import machine

RUN = "run"
"""What the function is called in the code."""


def loop_object(text: str, symbol: str) -> bytes:
    """Object code of a loop, the same on all processors that have what `machine.BASELINE` asks for.

    Parameters
    ----------
    text : str
        Of the loop and all that it calls, not yet optimized.
    symbol : str
        Its function in there.

    Returns
    -------
    bytes
        With one function to be called, `RUN`; calls of the C library are left open.
    """
    maker = machine.loop_machine()
    return maker.emit_object(optimized_loop(text, symbol, maker))


def optimized_loop(text: str, symbol: str, maker: llvm.TargetMachine, library: str = "") -> llvm.ModuleRef:
    """The module for a machine; what else is in the text is known inside it alone, so that names do not matter.

    Parameters
    ----------
    text, symbol : str
        As in `loop_object`.
    maker : TargetMachine
    library : str
        Text of functions that the loop calls and the machine's C library lacks.
    """
    whole = _module_for(re.sub(r"^target .*\n", "", text, flags=re.MULTILINE), maker)
    for value in (*whole.functions, *whole.global_variables):
        if not value.is_declaration and value.name != symbol and not value.name.startswith("llvm."):
            value.linkage = "private"
    whole.get_function(symbol).name = RUN
    if library:
        whole.link_in(_module_for(library, maker))
    passes = llvm.create_pass_builder(maker, llvm.create_pipeline_tuning_options(speed_level=3))
    passes.getModulePassManager().run(whole, passes)
    return whole


def _module_for(text: str, maker: llvm.TargetMachine) -> llvm.ModuleRef:
    module = llvm.parse_assembly(text)
    module.triple, module.data_layout = maker.triple, str(maker.target_data)
    return module
