"""Writes the anchored parameters of every parental line into its file; run it after any number has changed.

python calibration/anchor_cells.py            shows what would change
python calibration/anchor_cells.py --write
"""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from pathway import parameters
from pathway.scenario.built_in import circuit_model
from pathway.simulation.anchor import solve_anchors

CELLS = Path(parameters.__file__).parent / "cells"


def main() -> None:
    """Anchor each line and show, or write, the values."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="into the files of the lines")
    write = parser.parse_args().write
    for name in parameters.cell_lines():
        line = parameters.cell_line(name)
        if line.parent is not None:
            continue
        goals = {anchor.parameter: (anchor.quantity, anchor.target) for anchor in parameters.anchors_in_line(line)}
        file = CELLS / f"{name}.toml"
        text = file.read_text(encoding="utf-8")
        for parameter, value in solve_anchors(circuit_model(), goals, line.values).values.items():
            before = line.values[parameter]
            print(f"{name:12s} {parameter:22s} {before:.10g} -> {value:.10g} ({value / before - 1:+.1e})")
            text = re.sub(rf"(\[{parameter}\]\nvalue = )\S+", rf"\g<1>{value:.12g}", text)
        if write:
            file.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
