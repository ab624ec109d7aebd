"""Readers of growth screens: counts relative to untreated cells over doses of an agent."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from pathway import parameters

from .data import Arm, Datum, Group, Reading, Step
from .readers import Data, line_called, rows_of

HOURS = 72.0
NO_EFFECT = 0.1
"""nM of trastuzumab that no line answers."""


def growth_readings(line: str, species: str, amount: float, nuisance: str, hours: float) -> tuple[Reading, Reading]:
    """Growth of treated cells as logarithm of the count, and growth rate of untreated ones."""
    arm = Arm(line, (Step(hours, add=((species, amount, nuisance),)),))
    return Reading(arm, "log_cell_number", hours), Reading(Arm(line), "growth_rate")


def divisions_of(line: str, about: Mapping[str, Any], stated: float | None = None) -> tuple[float, str]:
    """Divisions of untreated cells, and the nuisance that they are multiplied by.

    By the doubling time that the line's source tells: data may not follow what was calibrated by them.
    """
    if stated is not None:
        return stated, ""
    return HOURS / parameters.cell_line(line).entries["doubling_time"].source_value, about["divisions"]


Runs = dict[tuple[str, str], list[tuple[float, float, float | None]]]
"""Dose (nM), count relative to untreated cells and, where stated, divisions of these; by line as spelled and run."""


def antibody_runs(file: Path, about: Mapping[str, Any]) -> Runs:
    """Every point of a screen of trastuzumab, run by run."""
    runs: Runs = defaultdict(list)
    for row in rows_of(file):
        if row["drug"] != about["drug"]:
            continue
        if "experiment_id" in row:
            key = row["cell_line"], row["experiment_id"]
            stated: float | None = float(row["divisions_in_assay"])
            dose, value = float(row["concentration"]), float(row["mean_relative_to_untreated"])
        else:
            key, stated = (row["cell_line_as_filed"], row["source_file"]), None
            dose, value = float(row["concentration_as_filed"]), float(row["relative_to_control"])
        runs[key].append((dose * about["to_nM"], value, stated))
    return runs


def antibody_screen(files: Sequence[Path], about: Mapping[str, Any], name: str) -> Data:
    """Trastuzumab: doses below the plateau, and the mean of those on it; lines without amplification there only."""
    data, groups, species = [], {}, parameters.agents()[about["agent"]].species or ""
    for (spelled, run), points in antibody_runs(files[0], about).items():
        line = line_called(spelled)
        amplified = spelled in about["amplified"]
        if not line or not (amplified or spelled in about["others"]):
            continue
        group = f"{name}:{line}:{run}"
        groups[group] = Group(about["offset"])
        points = sorted(point for point in points if point[0] < about["highest"])
        flat = [value for dose, value, _ in points if dose >= about["plateau"]]
        rising = [point for point in points if point[0] < about["plateau"] and amplified]
        error = max(about["error"], _scatter([v for dose, v, _ in points if dose < NO_EFFECT], flat))
        doses = [(dose, value, error) for dose, value, _ in rising]
        doses += [(about["simulated_plateau"], float(np.mean(flat)), error / np.sqrt(len(flat)))]
        factor, nuisance = divisions_of(line, about, points[0][2])
        for dose, value, error in doses:
            label = f"{about['agent']} {dose:.3g} nM"
            where = (name, line, about["kind"], group, label, "relative count", HOURS, value, error)
            readings = growth_readings(line, species, float(f"{dose:.2g}"), "", HOURS)
            data.append(Datum(*where, "relative count", readings, factor=factor, factor_nuisance=nuisance))
    return data, groups


def _scatter(low: Sequence[float], flat: Sequence[float]) -> float:
    """Standard deviation within a run, from doses without an effect and doses on the plateau."""
    parts = [np.array(part) - np.mean(part) for part in (low, flat) if len(part) > 1]
    return float(np.sqrt(sum(part @ part for part in parts) / sum(len(part) - 1 for part in parts)))


def inhibitor_screen(files: Sequence[Path], about: Mapping[str, Any], name: str) -> Data:
    """Kinase inhibitors over doses; a nuisance may turn one agent's dose into another's."""
    data, groups = [], {}
    for row in rows_of(files[0]):
        line, dose = line_called(row["line"]), float(row["dose_nM"])
        if row["line"] not in about["lines"] or dose not in about["doses"][row["drug"]]:
            continue
        species, potency = about["drugs"][row["drug"]]
        group = f"{name}:{line}:{row['drug']}"
        groups[group] = Group(about["offset"])
        factor, nuisance = divisions_of(line, about)
        label = f"{row['drug']} {dose:g} nM"
        where = (name, line, about["kind"], group, label, "relative count", HOURS)
        readings = growth_readings(line, species, dose, potency, HOURS)
        value = float(row["relative_viability"])
        data.append(
            Datum(*where, value, about["error"], "relative count", readings, factor=factor, factor_nuisance=nuisance)
        )
    return data, groups


def live_counts(files: Sequence[Path], about: Mapping[str, Any], name: str) -> Data:
    """Counts of one line at the end, relative to the untreated wells of the same replicate."""
    line, data, groups = line_called(about["line"]), [], {}
    if not line:
        return data, groups
    rows = [row for row in rows_of(files[0]) if row["drug"] == about["drug"]]
    count = {
        (row["replicate"], float(row["concentration_nM"])): float(row["final_count_relative_to_t0"]) for row in rows
    }
    for (replicate, dose), cells in count.items():
        if not dose:
            continue
        control = count[replicate, 0.0]
        group = f"{name}:{line}:{replicate}"
        groups[group] = Group(about["offset"])
        label = f"{about['drug']} {dose:g} nM"
        where = (name, line, about["kind"], group, label, "relative count", about["hours"], cells / control)
        readings = growth_readings(line, about["species"], dose, "", about["hours"])
        factor = float(np.log2(control))
        data.append(Datum(*where, about["error"], "relative count", readings, factor=factor))
    return data, groups
