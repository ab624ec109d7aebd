"""Start-up: a run of a new model in a fresh process, with an empty cache and with a warm one."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PROGRAMS = {
    "import numpy, scipy.integrate, sympy, matplotlib.pyplot": (
        "import numpy, scipy.integrate, sympy, matplotlib\nmatplotlib.use('Agg')\nimport matplotlib.pyplot\n"
    ),
    "pathway.simulate of an SBML file of 30 species": (
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
    "pathway --help": "import sys\nfrom pathway.cli import main\nsys.argv = ['pathway', '--help']\nmain()\n",
    "libRoadRunner: load and simulate that file": (
        "import sys, roadrunner\nroadrunner.RoadRunner(sys.argv[1]).simulate(0, 100, 51)\n"
    ),
}


def start_times(sbml: Path, repeats: int) -> list[tuple[str, str, float, float]]:
    """(program, cache, median seconds, seconds of a processor); the programs with warm caches are asked in turn."""
    with tempfile.TemporaryDirectory() as folder:
        own = [name for name in PROGRAMS if "pathway" in name]
        for name in PROGRAMS:  # Python's own compiled files are there wherever a package is installed
            _run(PROGRAMS[name], sbml, Path(folder), "elsewhere")
        cold = {name: _run(PROGRAMS[name], sbml, Path(folder), f"empty {k}") for k, name in enumerate(own)}
        warm: dict[str, list[tuple[float, float]]] = {name: [] for name in PROGRAMS}
        for _ in range(repeats):
            for name, program in PROGRAMS.items():
                warm[name].append(_run(program, sbml, Path(folder), "elsewhere"))
    rows = []
    for name in PROGRAMS:
        if name in cold:
            rows.append((name, "empty", *cold[name]))
        rows.append((name, "warm" if name in cold else "-", *sorted(warm[name])[repeats // 2]))
    return rows


def _run(program: str, sbml: Path, folder: Path, cache: str) -> tuple[float, float]:
    """Seconds, and seconds of a processor."""
    own = str(folder / cache)
    environment = {**os.environ, "PATHWAY_CACHE_DIR": own, "XDG_CACHE_HOME": own}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    environment["PYTHONPYCACHEPREFIX"] = str(folder / "python")
    environment["MPLCONFIGDIR"] = os.environ.get("MPLCONFIGDIR", str(Path.home() / ".config" / "matplotlib"))
    before = _processor_seconds()
    began = time.perf_counter()
    command = [sys.executable, "-c", program, str(sbml), str(folder / "results")]
    subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - began, _processor_seconds() - before


def _processor_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
