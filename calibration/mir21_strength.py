"""How strongly miR-21 silences PTEN is a prior, not a measurement: what that leaves of the headline predictions.

    python calibration/mir21_strength.py --draws 400                       intervals of the main experiment
    python calibration/mir21_strength.py --tcga tcga_brca_mir21_rppa.csv   also the comparison with tumors

Draws are from the ranges of the three numbers that make the strength; everything else stays, and what is anchored is
found anew for every draw. The table of tumors is not shipped (it comes from packages under the GPL); its columns:
`mir21_rpm`, `PTEN` (log2, median-centered), `her2_status`.
"""

from __future__ import annotations

import argparse
import csv
from pathlib import Path

import numpy as np
from scipy import stats

from pathway.scenario import built_in_laboratory, read_scenario, run_scenario
from pathway.scenario.drawn_cells import DrawFailure, drawn_laboratory
from pathway.scenario.read import folder_of_scenarios

HERE = Path(__file__).parent
STRENGTH = ("K_miR21_PTEN", "faster_decay_PTEN", "lost_translation_PTEN")
SCENARIOS = {"BT-474": "antimir21_resensitises", "SK-BR-3": "antimir21_resensitises_skbr3"}


def headline(name: str, draws: int, seed: int) -> dict[str, np.ndarray]:
    """What each draw gives for the main experiment, each of shape (n_draws,); the first entry is the chosen set."""
    scenario = read_scenario(folder_of_scenarios() / f"{name}.toml")
    found: dict[str, list[float]] = {}
    for draw in range(-1, draws):
        laboratory = built_in_laboratory()
        if draw >= 0:
            laboratory = drawn_laboratory(laboratory, seed, draw, STRENGTH)
        try:
            result = run_scenario(scenario, laboratory)
        except DrawFailure:
            continue
        for key, value in readings(result).items():
            found.setdefault(key, []).append(value)
    return {key: np.array(values) for key, values in found.items()}


def readings(result) -> dict[str, float]:  # type: ignore[no-untyped-def]
    """Growth rates and untreated levels of one run."""
    arms = result.arms
    gr = {name: arms[name].growth.gr for name in ("parental", "trastuzumab", "both", "PTEN plasmid + trastuzumab")}
    start = {name: arms[name].trajectory for name in ("untreated", "parental")}
    pten = start["untreated"]["PTEN"][0] / start["parental"]["PTEN"][0]
    mir21 = start["untreated"]["miR21"][0] / start["parental"]["miR21"][0]
    return {
        "GR, parental cells, trastuzumab": gr["parental"],
        "GR, resistant cells, trastuzumab": gr["trastuzumab"],
        "GR, resistant cells, anti-miR-21 then trastuzumab": gr["both"],
        "GR, resistant cells, PTEN plasmid without the site, trastuzumab": gr["PTEN plasmid + trastuzumab"],
        "resistance: resistant minus parental (V3)": gr["trastuzumab"] - gr["parental"],
        "rescue: with anti-miR-21 minus without": gr["both"] - gr["trastuzumab"],
        "PTEN of resistant cells, relative to parental (V1)": pten,
        "miR-21 of resistant cells, relative to parental": mir21,
        "slope of ln PTEN on ln miR-21": float(np.log(pten) / np.log(mir21)),
    }


def strength_table(draws: int, seed: int) -> str:
    """The chosen set, median and 90 % of the draws, for both lines."""
    columns = {line: headline(name, draws, seed) for line, name in SCENARIOS.items()}
    lines = ["| | " + " | ".join(f"{line}, chosen | draws: median (5-95 %)" for line in columns) + " |"]
    lines.append("|" + "---|" * (1 + 2 * len(columns)))
    for key in next(iter(columns.values())):
        cells = []
        for found in columns.values():
            low, middle, high = np.quantile(found[key][1:], [0.05, 0.5, 0.95])
            cells += [f"{found[key][0]:.2f}", f"{middle:.2f} ({low:.2f} to {high:.2f})"]
        lines.append(f"| {key} | " + " | ".join(cells) + " |")
    shares = [
        f"{np.mean(found['resistance: resistant minus parental (V3)'][1:] >= 0.2):.2f}" for found in columns.values()
    ]
    lines.append("| share of draws that meet V3 (0.2 or more) | | " + " | | ".join(shares) + " |")
    return "\n".join(lines)


def tumors(file: Path) -> list[dict[str, str]]:
    """One row for each tumor with both measurements."""
    with open(file, encoding="utf-8") as stream:
        return [row for row in csv.DictReader(stream) if row["mir21_rpm"] and row["PTEN"]]


def association(rows: list[dict[str, str]]) -> dict[str, float]:
    """Rank correlation of miR-21 and PTEN protein, and the slope of one logarithm on the other."""
    mir21 = np.log2([float(row["mir21_rpm"]) for row in rows])
    pten = np.array([float(row["PTEN"]) for row in rows])
    rank, line = stats.spearmanr(mir21, pten), stats.linregress(mir21, pten)
    return {
        "n": len(rows),
        "rho": float(rank.statistic),
        "p": float(rank.pvalue),
        "slope": line.slope,
        "error": line.stderr,
    }


def tumor_table(file: Path) -> str:
    """All tumors, and the HER2-positive ones."""
    rows = tumors(file)
    groups = {"all": rows, "HER2-positive": [row for row in rows if row["her2_status"] == "positive"]}
    lines = ["| tumors | n | rank correlation | p | slope of log2 PTEN on log2 miR-21 |", "|---|---|---|---|---|"]
    for name, own in groups.items():
        a = association(own)
        slope = f"{a['slope']:+.3f} ({a['slope'] - 1.96 * a['error']:+.3f} to {a['slope'] + 1.96 * a['error']:+.3f})"
        lines.append(f"| {name} | {a['n']} | {a['rho']:+.2f} | {a['p']:.2g} | {slope} |")
    return "\n".join(lines)


def main() -> None:
    """Print both tables."""
    reader = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    reader.add_argument("--draws", type=int, default=400)
    reader.add_argument("--seed", type=int, default=1)
    reader.add_argument("--tcga", type=Path, default=None)
    asked = reader.parse_args()
    print(strength_table(asked.draws, asked.seed))
    if asked.tcga is None:
        print("\nAbsent: the table of TCGA tumors (--tcga).")
    else:
        print(f"\n{tumor_table(asked.tcga)}")


if __name__ == "__main__":
    main()
