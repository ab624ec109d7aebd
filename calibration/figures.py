"""Draws what the ensemble gives beside what was measured, for the documentation.

    python calibration/figures.py --data FOLDER [--members 200] [--out docs/calibration]

`trastuzumab.png`: growth over dose in every line at hand, each screen in its own unit. `plateau.png`: growth at the
plateau by line. `untreated_pAKT.png`: the order of untreated pAKT over all lines. `ligands.png`: folds of pAKT and
pERK. Bands and whiskers are 5 to 95 % of the ensemble, the median in the middle; points are measurements.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
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
from calibration.register import (
    HOURS,
    experiments,
    growth_rates,
    ligand_folds,
    relative_counts,
    simulated_members,
    unmeasured,
)
from pathway import parameters
from pathway.parameters.parameter_ensemble import SHIPPED, ParameterEnsemble, read_ensemble

ROOT = Path(__file__).resolve().parents[1]
GRAY, UHN, LEVELS = "gray_trastuzumab", "uhn_trastuzumab", "niepel2014_receptor_levels"
MODEL, FIRST, SECOND = "#4c72b0", "#c44e52", "#dd8452"
COUNT, TOP = "relative count", (-0.5, 1.3)
"""What the second screen counts, and the ends of the axis of growth."""
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


Screen = dict[str, dict[float, list[float]]]
"""By line and dose (nM): the value of each run of a screen."""


def gray_screen(data: Path) -> Screen:
    """GR after 72 h, the highest dose left out."""
    about, runs = manifest()["set"][GRAY], _empty_screen()
    for files, _ in files_of(GRAY, about, data):
        rows = [row for row in rows_of(files[0]) if about["to_nM"] * float(row["concentration"]) < about["highest"]]
        for run in dict.fromkeys(row["experiment_id"] for row in rows):
            for line, curve in growth_curves([r for r in rows if r["experiment_id"] == run], about["drug"]).items():
                for dose, value in curve.items():
                    runs[line][dose].append(value)
    return runs


def uhn_screen(data: Path) -> Screen:
    """Counts relative to untreated cells after a time that is not stated, the highest dose left out."""
    about, runs = manifest()["set"][UHN], _empty_screen()
    for files, _ in files_of(UHN, about, data):
        for (spelled, _), points in antibody_runs(files[0], about).items():
            for dose, count, _ in points:
                if line_called(spelled) and 0.0 < dose < about["highest"]:
                    runs[line_called(spelled)][float(f"{dose:.2g}")].append(count)
    return runs


def _empty_screen() -> Screen:
    return defaultdict(lambda: defaultdict(list))


def trastuzumab(given: Bands, doses: Sequence[float], gray: Screen, uhn: Screen, file: Path) -> None:
    """Each screen in its own unit: GR, or counts relative to untreated cells, for which members know the duration."""
    lines = [line for line in (*AMPLIFIED, *OTHERS) if line in gray]
    panels = [(line, "growth", gray) for line in lines] + [(line, COUNT, uhn) for line in lines if line in uhn]
    rows = -(-len(panels) // 4)
    figure, axes = plt.subplots(rows, 4, figsize=(10.0, 2.5 * rows), sharex=True, layout="constrained")
    for axis in axes.flat[len(panels) :]:
        axis.set_axis_off()
    for axis, (line, quantity, screen) in zip(axes.flat, panels, strict=False):
        curve = np.array([given[line, label_of(dose), quantity, HOURS] for dose in doses])
        axis.fill_between(doses, curve[:, 0], curve[:, 2], color=MODEL, alpha=0.25, lw=0)
        axis.plot(doses, curve[:, 1], color=MODEL, label="computed, median and 90 %")
        color, name = (FIRST, "Gray") if screen is gray else (SECOND, "UHN")
        _mean_and_range(axis, screen[line], color, f"{name} screen, mean and range of runs")
        axis.set_title(title_of(line), fontsize=10)
        axis.set(xscale="log", ylim=TOP if screen is gray else (0.0, TOP[1]))
        axis.set_ylabel("GR after 72 h" if screen is gray else "cells, share of untreated", fontsize=8)
        axis.axhline(1.0, color="0.7", lw=0.7, zorder=0)
        axis.tick_params(labelbottom=True, labelsize=8)
    figure.supxlabel("trastuzumab (nM)", fontsize=10)
    shown = {
        label: handle for axis in axes.flat for handle, label in zip(*axis.get_legend_handles_labels(), strict=True)
    }
    figure.legend(shown.values(), shown.keys(), loc="outside upper center", ncols=3, frameon=False, fontsize=8)
    figure.savefig(file, dpi=150)
    plt.close(figure)


def _mean_and_range(axis: Any, runs: Mapping[float, Sequence[float]], color: str, label: str) -> None:
    """Mean over runs at each dose and from the least to the greatest of them; an arrow where these leave the panel."""
    doses = np.array(sorted(runs))
    low, mean, high = np.array([(min(runs[d]), np.mean(runs[d]), max(runs[d])) for d in doses]).T
    inside = (mean > TOP[0]) & (mean < TOP[1])
    whiskers = np.stack([mean - low, high - mean])[:, inside]
    axis.errorbar(doses[inside], mean[inside], yerr=whiskers, fmt="o", ms=3, lw=0.8, color=color, label=label)
    for sign, edge, beyond in (("^", TOP[1], mean >= TOP[1]), ("v", TOP[0], mean <= TOP[0])):
        if beyond.any():  # nothing at all would take all room from the layout
            axis.plot(doses[beyond], np.full(beyond.sum(), edge), sign, ms=4, color=color, clip_on=False)


def label_of(dose: float) -> str:
    return experiments()["trastuzumab"]["label"].format(dose=dose)


def plateau(given: Bands, gray: Screen, dose: float, file: Path) -> None:
    """Growth at the plateau by line; measured where a line is at hand."""
    lines = [line for line in parameters.cell_lines() if (line, label_of(dose), "growth", HOURS) in given]
    lines.sort(key=lambda line: given[line, label_of(dose), "growth", HOURS][1])
    figure, axis = plt.subplots(figsize=(6.0, 4.8), layout="constrained")
    for place, line in enumerate(lines):
        _interval(axis, given[line, label_of(dose), "growth", HOURS], place)
        for run in _curves(gray.get(line, {})):
            level = plateau_of(*run, manifest()["set"][GRAY])
            axis.plot(level, place, "o", ms=4, color=FIRST, label="measured, one run each")
    _name_lines(axis, lines)
    axis.axvline(1.0, color="0.7", lw=0.7, zorder=0)
    axis.set(xlabel="GR under trastuzumab at the plateau, 72 h")
    shown = dict(zip(*reversed(axis.get_legend_handles_labels()), strict=True))
    figure.legend(shown.values(), shown.keys(), loc="outside lower center", ncols=2, frameon=False)
    figure.savefig(file, dpi=150)
    plt.close(figure)


def _curves(runs: Mapping[float, Sequence[float]]) -> list[tuple[np.ndarray, np.ndarray]]:
    """Doses and values of each run."""
    count = max(map(len, runs.values()), default=0)
    held = [[(dose, values[k]) for dose, values in sorted(runs.items()) if k < len(values)] for k in range(count)]
    return [tuple(np.array(points).T) for points in held]  # type: ignore[misc]


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
    counts = [replace(datum, quantity=COUNT) for line in lines for datum in relative_counts(sets[UHN], antibody, line)]
    given = bands([*growth, *counts, *folds, *rest], ensemble, chosen.members)
    gray = gray_screen(chosen.data)
    trastuzumab(given, antibody["nM"], gray, uhn_screen(chosen.data), chosen.out / "trastuzumab.png")
    plateau(given, gray, 288.0, chosen.out / "plateau.png")
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
