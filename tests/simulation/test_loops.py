"""Compiled loops are found again on disk by the next process, which then needs no compiler."""

from __future__ import annotations

import subprocess
import sys

import numpy as np

from pathway.simulation import simulate, steady_state
from tests.simulation.models import toggle

PROGRAM = """
import sys
import numpy as np
from pathway.simulation import simulate, steady_state
from tests.simulation.models import toggle
print(simulate(toggle(), np.linspace(0.0, 5.0, 6)).end.tobytes().hex())
print(steady_state(toggle()).tobytes().hex())
print("numba" in sys.modules)
"""


def test_a_fresh_process_gives_the_same_bits_without_numba() -> None:
    here = simulate(toggle(), np.linspace(0.0, 5.0, 6)).end, steady_state(toggle())
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    assert done.stdout.split() == [here[0].tobytes().hex(), here[1].tobytes().hex(), "False"]
