"""A problem of 600 species, 601 parameters and 300 conditions keeps within the memory of a small computer."""

import json
import subprocess
import sys

import pytest

SPECIES, CONDITIONS = 600, 300
MEASURED = range(0, SPECIES, 60)

ASKED = """
import json, resource, sys
from pathlib import Path
import numpy as np
from pathway.fitting.objective import Objective
from pathway.formats.petab import read_petab

problem = read_petab(sys.argv[1], lint=False)
objective = Objective(problem)
x = problem.to_scale(problem.nominal)
slopes = objective.backwards(x).gradient
step = np.zeros(len(x))
step[[0, 7, 60, -1]] = 1e-4
change = (objective.value(x + step) - objective.value(x - step)) / 2.0
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20  # from KiB
print(json.dumps({"change": change, "by_slopes": float(slopes @ step), "gibibytes": peak}))
"""


def ring(folder):
    """A ring of conversions under 300 doses, ten species measured at three moments."""
    antimony = pytest.importorskip("antimony")
    lines = ["model ring()", "compartment c = 1", "dose = 1"]
    for k in range(SPECIES):
        lines += [f"species S{k} in c = {1.0 if k == 0 else 0.1}", f"k{k} = 1"]
        lines.append(f"R{k}: S{k} -> S{(k + 1) % SPECIES}; k{k} * dose * S{k}")
    antimony.clearPreviousLoads()
    assert antimony.loadAntimonyString("\n".join([*lines, "end"])) >= 0
    names = [*(f"k{k}" for k in range(SPECIES)), "scale"]
    points = [(c, k, t) for c in range(CONDITIONS) for k in MEASURED for t in (1, 5, 20)]
    files = {
        "model.xml": antimony.getSBMLString("ring"),
        "problem.yaml": "format_version: 1\nparameter_file: parameters.tsv\nproblems:\n- sbml_files: [model.xml]\n"
        "  condition_files: [conditions.tsv]\n  observable_files: [observables.tsv]\n"
        "  measurement_files: [measurements.tsv]\n",
        "parameters.tsv": "parameterId\tparameterScale\tlowerBound\tupperBound\tnominalValue\testimate\n"
        + "".join(f"{name}\tlog10\t1e-3\t1e3\t{1.0 + 0.03 * (i % 7)}\t1\n" for i, name in enumerate(names)),
        "conditions.tsv": "conditionId\tdose\n" + "".join(f"c{k}\t{0.2 + 0.01 * k}\n" for k in range(CONDITIONS)),
        "observables.tsv": "observableId\tobservableFormula\tnoiseFormula\n"
        + "".join(f"o{k}\tscale * S{k}\t0.1\n" for k in MEASURED),
        "measurements.tsv": "observableId\tsimulationConditionId\ttime\tmeasurement\n"
        + "".join(f"o{k}\tc{c}\t{t}\t0.2\n" for c, k, t in points),
    }
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder / "problem.yaml"


@pytest.mark.slow
def test_the_slopes_of_600_parameters_fit_into_2_gibibytes(tmp_path):
    """Forward slopes of it once asked for 32; a search walks backwards."""
    made = subprocess.run(
        [sys.executable, "-c", ASKED, str(ring(tmp_path))], capture_output=True, text=True, check=True, timeout=900
    )
    found = json.loads(made.stdout)
    assert found["by_slopes"] == pytest.approx(found["change"], rel=1e-4)
    assert found["gibibytes"] < 2.0
