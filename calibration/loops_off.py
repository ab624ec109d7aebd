"""What each loop and option does to the main experiment: switched off one at a time, as a Markdown table.

    python calibration/loops_off.py skbr3

Nothing is refitted or re-anchored, so a row shows what carries the result, not what is impossible without it.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np

from pathway import parameters
from pathway.equations import Model, network_model
from pathway.network import circuit
from pathway.simulation import Intervention, simulate, steady_state

TRASTUZUMAB = Intervention(0.0, add={"trastuzumab": 68.7})
ANTIMIR = Intervention(-48.0, add={"antimiR_lipoplex": 50.0})


def resting(line: str, **changes: float) -> Model:
    """A line with changes, at its untreated steady state."""
    model = network_model(line, circuit(), parameters.parameter_values(circuit(), parameters.cell_line(line)))
    changed = model.with_parameters(changes)
    return changed.with_initial_values(steady_state(changed))


def growth_ratio(model: Model, *before: Intervention) -> float:
    """GR of 120 h of trastuzumab against the same cells without it."""
    grown = []
    for doses in ([*before, TRASTUZUMAB], list(before)):
        run = simulate(model, [-48.0, 0.0, 120.0], start=-48.0, interventions=doses)
        log_cells = run["log_cell_number"]
        grown.append(log_cells[2] - log_cells[1])
    return float(2 ** (grown[0] / grown[1]) - 1)


def level(model: Model, name: str) -> float:
    """An observable of the resting cells."""
    return float(np.asarray(simulate(model, [0.0, 1e-6])[name])[0])


def main() -> None:
    """Print the table of one line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("line", nargs="?", default="skbr3", help="a parental line")
    line = parser.parse_args().line
    columns = "GR parental | GR resistant | difference | both minus parental | PTEN | PTEN, resistant | miR-21 fold"
    print(f"| switched off | {columns} |")
    print("|---|---|---|---|---|---|---|---|")
    for name, changes in [("nothing", {}), *((loop.name, loop.switched_off) for loop in circuit().loops)]:
        parental, resistant = resting(line, **changes), resting(f"{line}_resistant", **changes)
        sensitive, spared, both = growth_ratio(parental), growth_ratio(resistant), growth_ratio(resistant, ANTIMIR)
        pten = level(parental, "PTEN"), level(resistant, "PTEN")
        fold = level(resistant, "miR21") / level(parental, "miR21")
        print(
            f"| {name} | {sensitive:.2f} | {spared:.2f} | {spared - sensitive:.2f} | {both - sensitive:+.2f} "
            f"| {pten[0]:.2f} | {pten[1]:.2f} | {fold:.1f} |"
        )


if __name__ == "__main__":
    main()
