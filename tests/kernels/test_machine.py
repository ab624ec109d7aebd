"""Object code in memory."""

from __future__ import annotations

import subprocess
import sys

import pytest

from pathway.kernels import machine

APART = """
import ctypes
import mmap

from pathway.kernels import machine

code = machine.object_code("define double @scaled(double %x) { %y = fmul double %x, 0.3 ret double %y }")
kind = ctypes.CFUNCTYPE(ctypes.c_double, ctypes.c_double)
system = ctypes.CDLL(None)
system.mmap.restype = ctypes.c_void_p
system.mmap.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long)
system.munmap.argtypes = (ctypes.c_void_p, ctypes.c_size_t)


def reserve(size):
    return system.mmap(None, size, 0, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, -1, 0)


loaded = [machine.LoadedCode([code], ["scaled"])]
# Leave holes of one page, 3 GiB apart, and none above them: the next blocks of one page come to lie in these.
page, apart = mmap.PAGESIZE, 3 << 30
block = reserve(16 * apart)
while reserve(page) > block:
    pass
for k in range(16):
    system.munmap(block + k * apart, page)
loaded += [machine.LoadedCode([code], ["scaled"]) for _ in range(8)]
assert [kind(one.address("scaled"))(2.0) for one in loaded] == [0.6] * 9
"""


@pytest.mark.skipif(sys.platform != "linux", reason="fills the address space as Linux hands it out")
def test_code_and_its_constants_stay_together_where_only_distant_holes_are_left() -> None:
    subprocess.run([sys.executable, "-c", APART], check=True, timeout=60)


def test_a_function_that_is_not_there_is_an_error() -> None:
    code = machine.object_code("define void @one() { ret void }")
    with pytest.raises(RuntimeError, match="two"):
        machine.LoadedCode([code], ["one", "two"])
