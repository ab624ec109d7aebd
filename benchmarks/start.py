"""Start-up: a run of a new model in a fresh process, with an empty cache and with a warm one."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PROGRAMS = {
    "import numpy, scipy.integrate, sympy, matplotlib.pyplot": (
        "import numpy, scipy.integrate, sympy, matplotlib\nmatplotlib.use('Agg')\nimport matplotlib.pyplot\n"
    ),
    "pathway.simulate of Bachmann's SBML file": (
        "import sys, numpy, pathway\n"
        "model = pathway.load(sys.argv[1])\n"
        "pathway.simulate(model, numpy.linspace(0, 100, 51))\n"
    ),
    "pathway run antimir21_resensitises": (
        "import sys\nfrom pathway.cli import main\n"
        "sys.argv = ['pathway', 'run', 'antimir21_resensitises', '--out', sys.argv[2]]\n"
        "try:\n    main()\n"
        "except SystemExit as end:\n    sys.exit(0 if end.code in (None, 0, 3) else 1)\n"
    ),
    "libRoadRunner: load and simulate Bachmann's SBML file": (
        "import sys, roadrunner\nroadrunner.RoadRunner(sys.argv[1]).simulate(0, 100, 51)\n"
    ),
}


def start_times(sbml: Path, repeats: int) -> list[tuple[str, str, float]]:
    """(program, cache, median seconds)."""
    found = []
    for name, program in PROGRAMS.items():
        with tempfile.TemporaryDirectory() as folder:
            cold = _run(program, sbml, Path(folder)) if "pathway" in name else None
            warm = sorted(_run(program, sbml, Path(folder)) for _ in range(repeats))[repeats // 2]
        if cold is not None:
            found.append((name, "empty", cold))
        found.append((name, "warm" if cold is not None else "-", warm))
    return found


def _run(program: str, sbml: Path, folder: Path) -> float:
    environment = {**os.environ, "PATHWAY_CACHE_DIR": str(folder), "XDG_CACHE_HOME": str(folder)}
    environment["MPLCONFIGDIR"] = os.environ.get("MPLCONFIGDIR", str(Path.home() / ".config" / "matplotlib"))
    began = time.perf_counter()
    command = [sys.executable, "-c", program, str(sbml), str(folder / "results")]
    subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - began
