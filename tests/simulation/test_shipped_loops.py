"""Loops that come compiled: they fit their sources, need no numba, and are what those sources give when compiled."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from pathway.kernels import BASELINE, has_baseline, machine
from pathway.simulation import simulate, solvers, steady_state
from pathway.simulation.solvers import loops, shipped
from pathway.simulation.solvers.build import LOOPS, build_object, versions
from pathway.simulation.solvers.shipped import FOLDER, object_file, shipped_index, shipped_object
from pathway.simulation.solvers.sources import sources_digest
from tests.simulation.models import toggle

FITS = sys.platform == "linux" and has_baseline()
here_only = pytest.mark.skipif(not FITS, reason=f"the objects are for Linux on {BASELINE}")
REBUILD = "make the objects anew: python -m pathway.simulation.solvers.build"

PROGRAM = """
import sys
import numpy as np
from pathway.simulation import simulate, simulate_ensemble, steady_state
from tests.simulation.models import chain, toggle
from tests.simulation.test_adjoint import TIMES, pulled
model, times = toggle(), np.linspace(0.0, 5.0, 6)
print(simulate(model, times).end.tobytes().hex())
print(steady_state(model).tobytes().hex())
simulate_ensemble(model, times, np.tile(model.parameter_values, (9, 1)))
simulate(chain(), times, sensitivities=["k1"])
pulled(chain(), np.ones((len(TIMES), len(chain().species))), 1e-6)
print("numba" in sys.modules)
"""


@pytest.fixture
def copied(tmp_path, monkeypatch):
    """The folder of the objects, to be damaged."""
    folder = tmp_path / "objects"
    shutil.copytree(FOLDER, folder)
    monkeypatch.setattr(shipped, "FOLDER", folder)
    return folder


@pytest.mark.parametrize("cache", ["kept", "empty"])
@here_only
def test_a_fresh_process_gives_the_same_bits_without_numba(cache, tmp_path) -> None:
    here = simulate(toggle(), np.linspace(0.0, 5.0, 6)).end, steady_state(toggle())
    variables = os.environ if cache == "kept" else {**os.environ, "PATHWAY_CACHE_DIR": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True, env=variables)
    assert done.stdout.split() == [here[0].tobytes().hex(), here[1].tobytes().hex(), "False"]
    assert loops.COMPILING not in done.stderr


def test_the_objects_are_those_of_the_sources_and_of_every_loop() -> None:
    index = shipped_index()
    assert index["sources"] == sources_digest(), REBUILD
    hashes = {file.stem: hashlib.sha256(file.read_bytes()).hexdigest() for file in FOLDER.glob("*.o")}
    assert hashes == index["objects"], REBUILD
    package = Path(loops.__file__).parents[2]
    text = "".join(file.read_text(encoding="utf-8") for file in package.rglob("*.py"))
    assert sorted(re.findall(r'CompiledLoop\("(\w+)"', text)) == sorted(hashes) == sorted(LOOPS)


@here_only
def test_a_damaged_object_is_not_taken(copied) -> None:
    assert shipped_object("slopes") == (FOLDER / "slopes.o").read_bytes()
    code = bytearray(object_file("slopes").read_bytes())
    code[len(code) // 2] ^= 1
    object_file("slopes").write_bytes(code)
    object_file("adjoint").unlink()
    assert shipped_object("slopes") is None and shipped_object("adjoint") is None
    assert shipped_object("batch_loop") is not None


@here_only
@pytest.mark.parametrize(
    ("name", "answer"), [("sources_digest", "another"), ("has_baseline", False), ("shipped_index", {})]
)
def test_loops_for_others_are_not_taken(monkeypatch, name, answer) -> None:
    """Of edited sources, on an older processor, from a package without objects."""
    monkeypatch.setattr(shipped, name, lambda: answer)
    assert shipped_object("slopes") is None


@here_only
@pytest.mark.parametrize(
    "module", [pytest.param(name, marks=[] if name == "batch_loop" else pytest.mark.slow) for name in LOOPS]
)
def test_the_objects_are_what_their_sources_give(module) -> None:
    """Byte by byte; what is compiled where no object fits goes the same way."""
    made_with = shipped_index()["made_with"]
    if versions() != made_with:
        pytest.skip(f"made with {made_with}, here are {versions()}")
    assert build_object(module) == object_file(module).read_bytes(), REBUILD


@here_only
@pytest.mark.slow
def test_code_for_this_very_processor_gives_the_same_bits(monkeypatch) -> None:
    """With all that it has beyond the baseline: wider vectors round no differently."""
    times = np.linspace(0.0, 5.0, 6)
    expected = simulate(toggle(), times).values
    monkeypatch.setattr(machine, "loop_machine", lambda: machine._machine(3))
    code = build_object("rosenbrock")
    monkeypatch.setattr(loops, "shipped_object", lambda module: code)
    monkeypatch.setattr(solvers._LOOP, "_function", None)
    assert np.array_equal(simulate(toggle(), times).values, expected)
