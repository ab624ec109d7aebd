"""Draws what the ensemble gives beside what was measured, for the documentation.

    python calibration/figures.py --data FOLDER [--members 200] [--out docs/calibration]

`trastuzumab.png`: growth over dose in every line at hand, both screens. `plateau.png`: growth at the plateau by line.
`untreated_pAKT.png`: the order of untreated pAKT over all lines. `ligands.png`: folds of pAKT and pERK. Bands and
whiskers are 5 to 95 % of the ensemble, the median in the middle; points are measurements.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from scipy import stats

from calibration.likelihood.data import Arm, Datum, Reading
from calibration.likelihood.manifest import manifest
from calibration.likelihood.readers import line_called, rows_of, untreated_levels
from calibration.likelihood.screens import antibody_runs
from calibration.measured import (
    Key,
    files_of,
    growth_curves,
    key_of_datum,
    measurements,
    plateau_of,
    rounded_hours,
)
from calibration.register import experiments, growth_rates, ligand_folds, simulated_members, unmeasured
from pathway import parameters
from pathway.parameters.parameter_ensemble import SHIPPED, ParameterEnsemble, read_ensemble

ROOT = Path(__file__).resolve().parents[1]
GRAY, UHN, LEVELS = "gray_trastuzumab", "uhn_trastuzumab", "niepel2014_receptor_levels"
MODEL, FIRST, SECOND = "#4c72b0", "#c44e52", "#dd8452"
AMPLIFIED = ("skbr3", "bt474", "au565", "hcc1419", "mda_mb_453")
OTHERS = ("mcf7", "bt20", "mda_mb_231", "bt549")

Bands = dict[Key, np.ndarray]
"""5, 50 and 95 % of the ensemble by line, condition, quantity and time."""


def bands(data: Sequence[Datum], ensemble: ParameterEnsemble, members: int) -> Bands:
    """What the members give, without errors of measurement."""
    problem = unmeasured("figures", data)
    centre = problem.predictions(*simulated_members(problem, ensemble, members, 1))
    percents = np.nanpercentile(centre, [5.0, 50.0, 95.0], axis=0)
    return {key_of_datum(datum): percents[:, k] for k, datum in enumerate(problem.table)}


def title_of(line: str) -> str:
    return parameters.cell_line(line).title


def measured_growth(data: Path) -> dict[str, list[tuple[str, np.ndarray, np.ndarray]]]:
    """By line: screen, doses (nM) and GR of every run, the highest dose left out."""
    by_line: dict[str, list[tuple[str, np.ndarray, np.ndarray]]] = {}
    gray, uhn = (manifest()["set"][name] for name in (GRAY, UHN))
    for files, _ in files_of(GRAY, gray, data):
        rows = [row for row in rows_of(files[0]) if gray["to_nM"] * float(row["concentration"]) < gray["highest"]]
        for run in dict.fromkeys(row["experiment_id"] for row in rows):
            for line, curve in growth_curves([r for r in rows if r["experiment_id"] == run], gray["drug"]).items():
                by_line.setdefault(line, []).append(("Gray", np.array(list(curve)), np.array(list(curve.values()))))
    for files, _ in files_of(UHN, uhn, data):
        for (spelled, _), points in antibody_runs(files[0], uhn).items():
            shown = [(dose, count) for dose, count, _ in points if 0.0 < dose < uhn["highest"]]
            if line_called(spelled) and shown:
                by_line.setdefault(line_called(spelled), []).append(("UHN (relative count)", *np.array(shown).T))
    return by_line


def trastuzumab(given: Bands, doses: Sequence[float], measured: Mapping[str, list], file: Path) -> None:
    lines = [line for line in (*AMPLIFIED, *OTHERS) if line in measured]
    figure, axes = plt.subplots(2, 5, figsize=(12.0, 5.0), sharex=True, sharey=True, layout="constrained")
    for axis in axes.flat[len(lines) :]:
        axis.set_axis_off()
    for axis, line in zip(axes.flat, lines, strict=False):
        curve = np.array([given[line, label_of(dose), "growth", 72.0] for dose in doses])
        axis.fill_between(doses, curve[:, 0], curve[:, 2], color=MODEL, alpha=0.25, lw=0)
        axis.plot(doses, curve[:, 1], color=MODEL, label="computed, median and 90 %")
        for screen, where, values in measured[line]:
            color = FIRST if screen == "Gray" else SECOND
            axis.plot(where, values, "o", ms=3, color=color, label=f"measured, {screen}")
        axis.set(xscale="log", ylim=(-0.5, 1.3), title=title_of(line))
        axis.axhline(1.0, color="0.7", lw=0.7, zorder=0)
    for axis in axes[-1]:
        axis.set_xlabel("trastuzumab (nM)")
    for axis in axes[:, 0]:
        axis.set_ylabel("GR after 72 h")
    shown = {
        label: handle for axis in axes.flat for handle, label in zip(*axis.get_legend_handles_labels(), strict=True)
    }
    figure.legend(shown.values(), shown.keys(), loc="outside lower center", ncols=3, frameon=False)
    figure.savefig(file, dpi=150)
    plt.close(figure)


def label_of(dose: float) -> str:
    return experiments()["trastuzumab"]["label"].format(dose=dose)


def plateau(given: Bands, measured: Mapping[str, list], dose: float, file: Path) -> None:
    """Growth at the plateau by line; measured where a line is at hand."""
    lines = [line for line in parameters.cell_lines() if (line, label_of(dose), "growth", 72.0) in given]
    lines.sort(key=lambda line: given[line, label_of(dose), "growth", 72.0][1])
    figure, axis = plt.subplots(figsize=(6.0, 4.8), layout="constrained")
    for place, line in enumerate(lines):
        _interval(axis, given[line, label_of(dose), "growth", 72.0], place)
        for screen, doses, values in measured.get(line, []):
            if screen == "Gray":
                level = plateau_of(doses, values, manifest()["set"][GRAY])
                axis.plot(level, place, "o", ms=4, color=FIRST, label="measured, one run each")
    _name_lines(axis, lines)
    axis.axvline(1.0, color="0.7", lw=0.7, zorder=0)
    axis.set(xlabel="GR under trastuzumab at the plateau, 72 h")
    shown = dict(zip(*reversed(axis.get_legend_handles_labels()), strict=True))
    figure.legend(shown.values(), shown.keys(), loc="outside lower center", ncols=2, frameon=False)
    figure.savefig(file, dpi=150)
    plt.close(figure)


def _interval(axis: Any, quantiles: np.ndarray, place: int) -> None:
    low, middle, high = quantiles
    whiskers = [[middle - low], [high - middle]]
    axis.errorbar(middle, place, xerr=whiskers, fmt="s", ms=4, lw=1, color=MODEL, label="computed, median and 90 %")


def _name_lines(axis: Any, lines: Sequence[str]) -> None:
    """Lines up the side, those without PTEN marked."""
    lost = {line for line in lines if parameters.cell_line(line).entries["PTEN_synthesis_scale"].value == 0.0}
    axis.set_yticks(range(len(lines)), [title_of(line) + (" (PTEN lost)" if line in lost else "") for line in lines])


def untreated(given: Bands, data: Path, file: Path) -> None:
    """Untreated pAKT by line, measured and computed side by side, in the order of the measurement."""
    about = manifest()["set"][LEVELS]
    files = next((files for files, _ in files_of(LEVELS, about, data)), None)
    if files is None:
        raise SystemExit(f"{data}: holds no {about['file']}")
    every = {**about, "lines": parameters.cell_lines()}
    seen = {datum.line: datum.value for datum in untreated_levels(files, every, LEVELS)[0]}
    lines = sorted(seen, key=lambda line: seen[line])
    figure, (left, right) = plt.subplots(1, 2, figsize=(8.0, 4.8), sharey=True, layout="constrained")
    left.plot([seen[line] for line in lines], range(len(lines)), "o", ms=4, color=FIRST)
    for place, line in enumerate(lines):
        _interval(right, given[line, "untreated", "pAKT", 0.0], place)
    _name_lines(left, lines)
    rank = stats.spearmanr([seen[x] for x in lines], [given[x, "untreated", "pAKT", 0.0][1] for x in lines]).statistic
    left.set(xlabel="measured pAKT, log10 of arbitrary units")
    right.set(xlabel="computed pAKT, share of total", xscale="log")
    right.set_xticks([0.05, 0.1, 0.2, 0.4], ["0.05", "0.1", "0.2", "0.4"], minor=False)
    right.set_xticks([], minor=True)
    figure.suptitle(f"Untreated pAKT over {len(lines)} lines: rank correlation {rank:.2f}", fontsize=11)
    figure.savefig(file, dpi=150)
    plt.close(figure)


def ligands(given: Bands, data: Path, file: Path) -> None:
    asked = experiments()["ligand_responses"]
    minutes = asked["minutes"]
    seen = measurements("ligand_responses", asked, data, parameters.cell_lines())
    lines = list(dict.fromkeys(line for line, label, *_ in seen if label.endswith(" 100 ng/mL")))
    if not lines:
        raise SystemExit(f"{data}: holds no folds under ligands")
    figure, axes = plt.subplots(
        2, len(lines), figsize=(2.2 * len(lines), 5.0), sharex=True, sharey=True, layout="constrained"
    )
    for column, line in enumerate(lines):
        for axis, quantity in zip(axes[:, column], ("pAKT", "pERK"), strict=True):
            for agent, color in (("EGF", FIRST), ("HRG", MODEL)):
                keys = [(line, f"{agent} 100 ng/mL", quantity, rounded_hours(m / 60.0)) for m in minutes]
                curve = np.array([given[key] for key in keys])
                axis.fill_between(minutes, curve[:, 0], curve[:, 2], color=color, alpha=0.2, lw=0)
                axis.plot(minutes, curve[:, 1], color=color, label=f"{agent}, computed")
                axis.plot(minutes, [seen[key] for key in keys], "o", color=color, ms=4, label=f"{agent}, measured")
            axis.axhline(0.0, color="0.7", lw=0.7, zorder=0)
        axes[0, column].set_title(title_of(line))
        axes[1, column].set_xlabel("minutes")
    for axis, quantity in zip(axes[:, 0], ("pAKT", "pERK"), strict=True):
        axis.set_ylabel(f"{quantity}, log10 fold")
    figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=4, frameon=False)
    figure.savefig(file, dpi=150)
    plt.close(figure)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--members", type=int, default=200)
    parser.add_argument("--ensemble", type=Path, default=SHIPPED)
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "calibration")
    chosen = parser.parse_args(arguments)
    ensemble = read_ensemble(chosen.ensemble)
    chosen.out.mkdir(parents=True, exist_ok=True)
    sets, asked = manifest()["set"], experiments()
    antibody, ligand = asked["trastuzumab"], asked["ligand_responses"]
    lines = [line for line in parameters.cell_lines() if parameters.cell_line(line).parent is None]
    growth = [d for line in lines for d in growth_rates(sets[antibody["set"]], antibody, line)]
    folds = [d for line in lines for d in ligand_folds(sets[ligand["set"]], ligand, line)]
    rest = [_level(line, quantity) for line in lines for quantity in ("pAKT",)]
    given = bands([*growth, *folds, *rest], ensemble, chosen.members)
    measured = measured_growth(chosen.data)
    trastuzumab(given, antibody["nM"], measured, chosen.out / "trastuzumab.png")
    plateau(given, measured, 288.0, chosen.out / "plateau.png")
    untreated(given, chosen.data, chosen.out / "untreated_pAKT.png")
    ligands(given, chosen.data, chosen.out / "ligands.png")


def _level(line: str, quantity: str) -> Datum:
    reading = Reading(Arm(line), quantity)
    return Datum(
        "asked",
        line,
        "untreated_level",
        f"{line}:{quantity}",
        "untreated",
        quantity,
        0.0,
        np.nan,
        0.1,
        "level",
        (reading,),
    )


if __name__ == "__main__":
    main()
