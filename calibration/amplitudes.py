"""Peak fold, time of the peak and share at rest of pERK, pMEK and pAKT, beside every raw set of ligand courses.

    python calibration/amplitudes.py --data FOLDER       writes AMPLITUDES.md: half a minute

The likelihood reads the sets and says what the circuit gives for each of their points; FOLDER holds the sets as it
expects them. Courses that were scaled to 0-1 at their source have no amplitude and are left out.
"""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np

from calibration.likelihood import problem
from calibration.likelihood.baselines import root_mean_square_error
from calibration.likelihood.data import Datum
from pathway import parameters
from pathway.scenario.built_in import cell_line_values, circuit_model
from pathway.simulation import Intervention, simulate, steady_state

HERE = Path(__file__).parent
OBSERVABLES = ("pERK", "pAKT", "pMEK")
STARVED_FOR = 24.0
HEAD = """# Amplitudes under ligands: measured and computed

Written by `python calibration/amplitudes.py --data FOLDER`, from the chosen numbers. A fold is over the same cells' own
control, after a day without serum; *peak* is the largest among the measured times, computed folds with the background
that the likelihood allows for put in, as the assay would show them. RMSE: of log10 fold, all times.

"""


def rest_shares() -> dict[tuple[str, str], tuple[float, float]]:
    """Share of the total, by line and observable: untreated in full medium, and after a day without serum."""
    model, shares = circuit_model(), {}
    for line in (name for name in parameters.cell_lines() if parameters.cell_line(name).parent is None):
        values = cell_line_values(line)
        rest = steady_state(model, values)
        serum_free = [Intervention(-STARVED_FOR, set={"serum": 0.0})]
        course = simulate(model, [-STARVED_FOR - 1, 0.0], start=-STARVED_FOR - 1, parameters=values, initial=rest,
                          interventions=serum_free)  # fmt: skip
        shares |= {(line, name): tuple(map(float, course[name])) for name in OBSERVABLES}
    return shares


def peak(folds: dict[float, list[float]]) -> tuple[float, float]:
    """The largest mean fold, and its time in minutes."""
    means = {time: float(np.mean(values)) for time, values in folds.items()}
    time = max(means, key=lambda t: means[t])
    return 10 ** means[time], 60 * time


def rows(data: Sequence[Datum], computed: np.ndarray) -> list[str]:
    """A row of the table for each set, line, treatment and observable."""
    measured_by, computed_by = (defaultdict(lambda: defaultdict(list)) for _ in range(2))
    for datum, value in zip(data, computed, strict=True):
        if datum.scale == "log10 fold" and datum.quantity in OBSERVABLES and "inhibitor" not in datum.label:
            key = datum.set, datum.line, datum.label, datum.quantity
            measured_by[key][datum.time].append(datum.value)
            computed_by[key][datum.time].append(float(value))
    markdown = []
    for key, measured in measured_by.items():
        (fold, at), (own, own_at) = peak(measured), peak(computed_by[key])
        means = [[np.mean(folds[t]) for t in measured] for folds in (computed_by[key], measured)]
        error = root_mean_square_error(*map(np.array, means))
        markdown.append(f"| {' | '.join(key)} | {fold:.1f} | {at:.0f} | {own:.1f} | {own_at:.0f} | {error:.2f} |")
    return markdown


def page(data: Sequence[Datum], computed: np.ndarray) -> str:
    """AMPLITUDES.md."""
    text = HEAD + "| line | " + " | ".join(f"{o} full, starved" for o in OBSERVABLES) + " |\n|---|---|---|---|\n"
    shares = rest_shares()
    for line in dict.fromkeys(line for line, _ in shares):
        cells = " | ".join("{:.3f}, {:.3f}".format(*shares[line, name]) for name in OBSERVABLES)
        text += f"| {line} | {cells} |\n"
    text += "\n| set | line | ligand | observable | measured peak | min | computed peak | min | RMSE |\n"
    return text + "|---|---|---|---|---|---|---|---|---|\n" + "\n".join(rows(data, computed)) + "\n"


def main() -> None:
    """Write the page."""
    reader = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    reader.add_argument("--data", type=Path, required=True)
    likelihood = problem(reader.parse_args().data, findings=False)
    (HERE / "AMPLITUDES.md").write_text(
        page(likelihood.table, likelihood.before_offsets(likelihood.prior.chosen()[None])[0]),
        encoding="utf-8",
    )


if __name__ == "__main__":
    main()
