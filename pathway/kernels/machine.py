"""This processor, and the others that code can be made for: what they are called, how wide their vectors are, and how
this one is given code."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterable, Mapping
from functools import cache
from itertools import count
from typing import Any

import llvmlite
import llvmlite.binding as llvm

OPTIMIZATION = 1
"""Level of LLVM's code generator. The text has no repeated work left in it, so no passes run over it; level 2 took
longer and gave the same speed."""


@cache
def _target() -> Any:
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    return llvm.Target.from_default_triple()


@cache
def _features() -> str:
    return llvm.get_host_cpu_features().flatten()


@cache
def machine_width() -> int:
    """Doubles in one vector register: 8, 4 or 2."""
    names = set(_features().split(","))
    return 8 if "+avx512f" in names else 4 if "+avx" in names else 2


@cache
def machine_identity() -> str:
    """What object code depends on besides its text: processor, its features, llvmlite."""
    return "\n".join([llvm.get_process_triple(), llvm.get_host_cpu_name(), _features(), llvmlite.__version__])


def _machine(optimization: int) -> Any:
    return _target().create_target_machine(
        cpu=llvm.get_host_cpu_name(), features=_features(), opt=optimization, reloc="pic", codemodel="default"
    )


BASELINE = "x86-64-v3"
"""What step loops are made for where the processor has it: every x86 processor since Haswell (2013) and Zen (2017) but
small ones. On wider ones they ran as fast as code of their own, and gave the same bits."""

_BASELINE_FEATURES = {
    "avx", "avx2", "bmi", "bmi2", "cx16", "f16c", "fma", "lzcnt", "movbe", "popcnt", "sahf", "sse3", "sse4.1", "sse4.2",
    "ssse3",
}  # fmt: skip


@cache
def has_baseline() -> bool:
    """Whether this processor can run code for `BASELINE`, and the operating system lets it."""
    return _BASELINE_FEATURES <= {name[1:] for name in _features().split(",") if name.startswith("+")}


def loop_machine() -> Any:
    """`BASELINE` if this processor has it, else this processor itself."""
    cpu, features = (BASELINE, "") if has_baseline() else (llvm.get_host_cpu_name(), _features())
    return _target().create_target_machine(cpu=cpu, features=features, opt=3, reloc="pic", codemodel="default")


def unfused_machine() -> Any:
    """This processor without fused multiply-add, which WebAssembly does not have: the same bits as there."""
    features = ",".join([_features(), "-fma", "-fma4", "-avx512f"])
    return _target().create_target_machine(
        cpu=llvm.get_host_cpu_name(), features=features, opt=OPTIMIZATION, reloc="pic", codemodel="default"
    )


WASM = "wasm32-unknown-unknown"
WASM_FEATURES = "+simd128,+bulk-memory,+mutable-globals,+sign-ext,+nontrapping-fptoint"
"""What browsers have since Chrome 91, Firefox 89 and Safari 16.4."""


def wasm_machine(optimization: int = OPTIMIZATION) -> Any:
    """WebAssembly with vectors of two doubles; on every processor, llvmlite brings it."""
    llvm.initialize_all_targets()
    llvm.initialize_all_asmprinters()
    target = llvm.Target.from_triple(WASM)
    return target.create_target_machine(
        cpu="", features=WASM_FEATURES, opt=optimization, reloc="static", codemodel="default"
    )


def object_code(text: str, machine: Any = None) -> bytes:
    """Machine code of an LLVM module, for this processor unless told otherwise.

    Raises
    ------
    RuntimeError
        If the text is no LLVM; that is a mistake in this room, never in a model.
    """
    return (machine or _machine(OPTIMIZATION)).emit_object(llvm.parse_assembly(text))


@cache
def _linker() -> Any:
    """Puts object code into memory.

    All sections of one object come to lie in one block. LLVM's older linker (MCJIT) asks for a block for each, and ends
    the process where large arrays have left room for them only further apart than an offset of 32 bits reaches.
    """
    # LLVM's newer linker does not know enough of Windows' object files yet.
    return llvm.create_lljit_compiler(_machine(OPTIMIZATION), use_jit_link=sys.platform != "win32")


_numbers = count()


class LoadedCode:
    """Object code in memory; it stays there as long as this lives.

    Parameters
    ----------
    objects : iterable of bytes
    names : iterable of str
        Functions whose addresses will be asked for.

    Raises
    ------
    RuntimeError
        If a function is in none of the objects.
    """

    def __init__(self, objects: Iterable[bytes], names: Iterable[str]) -> None:
        library = llvm.JITLibraryBuilder().add_current_process()
        for code in objects:
            library.add_object_img(code)
        # All at once: llvmlite takes the code out of memory when what a later look-up gives is let go.
        for name in names:
            library.export_symbol(name)
        self._linker = _linker()
        self._library = library.link(self._linker, f"code {next(_numbers)}")

    def address(self, name: str) -> int:
        return self._library[name]


def digest_of_parts(parts: Mapping[str, str]) -> str:
    """A short name for what the parts say."""
    text = "\0".join(f"{name}\1{value}" for name, value in sorted(parts.items()))
    return hashlib.sha256(text.encode()).hexdigest()[:40]
