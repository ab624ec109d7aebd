"""What the circuit predicts for ligand courses under inhibitors of AKT and MEK, beside HPN-DREAM where it is at hand.

    python calibration/inhibitors.py                 the predictions
    python calibration/inhibitors.py --data FOLDER   judged against MD-<LINE>_main.csv (MIDAS) in FOLDER

Nothing was or may be tuned on these arms. Compared is what an inhibitor does to a readout: log2 of its mean level over
5 to 240 min with the inhibitor over that without, under the same ligand. Two guesses stand beside the model: no change,
and the mean of what the same inhibitor does in the other lines. Doses are not in the files; AKT and MEK are taken as
blocked at the high usual dose of this circuit's agents from two hours before the ligand (recalled). The third inhibitor
of those tables, PD173074, blocks FGFR, which the circuit does not have.
"""

from __future__ import annotations

import argparse
import csv
import tempfile
from collections import defaultdict
from collections.abc import Mapping
from itertools import product
from pathlib import Path

import numpy as np

from pathway.scenario import read_scenario, run_scenario

HERE = Path(__file__).parent
LINES = {"UACC-812": "uacc812", "MCF7": "mcf7", "BT-20": "bt20", "BT-549": "bt549"}
LIGANDS = {"EGF": "EGF", "HRG": "NRG1"}
INHIBITORS = {"AKT": "GSK690693", "AKT + MEK": "GSK690693_GSK1120212"}
"""What is blocked, and the name of its column without the final i."""
READOUTS = {
    "pAKT": "DV:AKT_pS473",
    "pAKT_T308": "DV:AKT_pT308",
    "AKT_substrates": "DV:PRAS40_pT246",
    "pS6K": "DV:p70S6K_pT389",
    "pERK": "DV:MAPK_pT202_Y204",
}
MINUTES = (5, 15, 30, 60, 120, 240)

Effects = dict[tuple[str, str, str, str], float]
"""Line, ligand, what is blocked, readout: log2 of the level with over that without."""


def scenario_text() -> str:
    """Every line under every ligand, with and without inhibitors."""
    doses = "".join(f'[dose.{ligand}]\nagent = "{ligand}"\namount = "10 nM"\n\n' for ligand in LIGANDS)
    doses += "".join(f'[dose.{k}]\nagent = "{k} inhibitor"\namount = "1 x"\nat = "-2 h"\n\n' for k in ("AKT", "MEK"))
    arms = ""
    for line, ligand, blocked in product(LINES, LIGANDS, ("", *INHIBITORS)):
        given = ", ".join(f'"{name}"' for name in (ligand, *blocked.split(" + ")) if name)
        arms += f'[[arm]]\nname = "{line}|{ligand}|{blocked}"\ncells = "{LINES[line]}"\ndoses = [{given}]\n\n'
    shown = ", ".join(f'"{name}"' for name in READOUTS)
    head = 'title = "Inhibitors under ligands"\ncells = "mcf7"\nmedium = { to = "serum-free", at = "-24 h" }\n\n'
    head += '[time]\nend = "4 h"\nrecord_every = "5 min"\n\n'
    return f"{head}{doses}{arms}[show]\nobservables = [{shown}]\n"


def predictions() -> Effects:
    """What the circuit gives."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "inhibitors.toml"
        file.write_text(scenario_text(), encoding="utf-8")
        result = run_scenario(read_scenario(file))
    levels = {}
    for name, arm in result.arms.items():
        line, ligand, blocked = name.split("|")
        for readout in READOUTS:
            values = np.interp(np.array(MINUTES) / 60.0, arm.times, arm.courses[readout])
            levels[line, ligand, blocked, readout] = float(np.mean(values))
    return effects(levels)


def measurements(file: Path, line: str) -> Effects:
    """What a table in MIDAS format gives; no entry for what it does not hold."""
    found: dict[tuple[str, str, str, str], list[float]] = defaultdict(list)
    with open(file, encoding="utf-8") as stream:
        for row in csv.DictReader(stream):
            given = {c[3:] for c in row if c.startswith("TR:") and not c.endswith("CellLine") and row[c] == "1"}
            ligand = next((k for k, column in LIGANDS.items() if column in given), None)
            inhibitors = {name for name in given if name.endswith("i")}
            blocked = next((k for k, column in INHIBITORS.items() if inhibitors == {f"{column}i"}), None)
            blocked = "" if not inhibitors else blocked
            if ligand is None or blocked is None or float(row["DA:ALL"]) not in MINUTES:
                continue
            for readout, column in READOUTS.items():
                if row.get(column):
                    found[line, ligand, blocked, readout].append(float(row[column]))
    return effects({key: float(np.mean(values)) for key, values in found.items()})


def effects(levels: Mapping[tuple[str, str, str, str], float]) -> Effects:
    """Logarithms of levels with an inhibitor over those without."""
    made = {}
    for (line, ligand, blocked, readout), level in levels.items():
        usual = levels.get((line, ligand, "", readout))
        if blocked and usual is not None:
            made[line, ligand, blocked, readout] = float(np.log2(level / usual))
    return made


def table(predicted: Effects, measured: Effects) -> str:
    """One row per arm, one column per readout: the model, and in brackets what was measured."""
    rows = [f"| line | ligand | blocked | {' | '.join(READOUTS)} |", "|---|---|---|" + "---|" * len(READOUTS)]
    for arm in dict.fromkeys(key[:3] for key in predicted):
        keys = [(*arm, readout) for readout in READOUTS]
        cells = [f"{predicted[k]:+.2f}" + (f" ({measured[k]:+.2f})" if k in measured else "") for k in keys]
        rows.append(f"| {' | '.join((*arm, *cells))} |")
    return "\n".join(rows)


def verdict(predicted: Effects, measured: Effects) -> str:
    """Root mean square errors of the model and of the two guesses, readout by readout."""
    rows = ["| readout | arms | model | no change | mean of the other lines |", "|---|---|---|---|---|"]
    for readout in READOUTS:
        keys = [key for key in measured if key[3] == readout]
        if not keys:
            continue
        others = [[measured[o] for o in keys if o[0] != k[0] and o[1:] == k[1:]] for k in keys]
        pairs = [(np.mean(o), measured[k]) for o, k in zip(others, keys, strict=True) if o]
        errors = [
            _rms([predicted[k] - measured[k] for k in keys]),
            _rms([measured[k] for k in keys]),
            _rms([guess - seen for guess, seen in pairs]) if pairs else np.nan,
        ]
        rows.append(f"| {readout} | {len(keys)} | {' | '.join(f'{e:.2f}' for e in errors)} |")
    return "\n".join(rows)


def _rms(values: list[float]) -> float:
    return float(np.sqrt(np.mean(np.square(values))))


HEADER = """# Ligand courses under inhibitors: predictions

Written by `python calibration/inhibitors.py [--data FOLDER]`: log2 of the mean level over 5 to 240 min with the
inhibitor over that without, under the same ligand (10 nM); in brackets what was measured, where a table was at hand.
`AKT_substrates` stands beside PRAS40, `pS6K` beside p70S6K. Nothing was tuned on these arms; that an occupied AKT keeps
its phosphates is an assumption of the circuit (`AKT_inhibitor_shield`), not a finding of it.
Not compared: {absent}."""


def main() -> None:
    """Predict, compare with what is at hand, and write INHIBITORS.md."""
    reader = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    reader.add_argument("--data", type=Path, default=None)
    reader.add_argument("--out", type=Path, default=HERE / "INHIBITORS.md")
    asked = reader.parse_args()
    predicted, measured, absent = predictions(), Effects(), []
    for line in LINES:
        file = asked.data / f"MD-{line.replace('-', '')}_main.csv" if asked.data else None
        new = measurements(file, line) if file and file.is_file() else {}
        measured |= new
        if not new:
            why = "no inhibitor in its table" if file and file.is_file() else "no table"
            absent.append(f"{line} ({why})")
    parts = [HEADER.format(absent=", ".join(absent) or "none"), table(predicted, measured)]
    if measured:
        parts += ["Root mean square errors in log2:", verdict(predicted, measured)]
    asked.out.write_text("\n\n".join(parts) + "\n", encoding="utf-8")
    print(f"written: {asked.out}")


if __name__ == "__main__":
    main()
