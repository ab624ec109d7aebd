"""Readers of open data: one function for each format, from files and the set's table in `sets.toml` to data."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from statistics import NormalDist
from typing import Any

import numpy as np

from pathway import parameters

from .arms import starved
from .data import STARVATION, Arm, Datum, Group, Reading, Step

Data = tuple[list[Datum], dict[str, Group]]
Reader = Callable[[Sequence[Path], Mapping[str, Any], str], Data]

NULL_LIGANDS = ("PDGF-BB", "VEGF165", "SCF", "NGF-beta", "EFNA1")
"""Ligands that most breast lines do not answer: what their folds scatter by is noise."""


def line_called(name: str) -> str:
    """The built-in line that a file names in some spelling; "" if there is none."""
    return {_bare(line): line for line in parameters.cell_lines()}.get(_bare(name), "")


def _bare(name: str) -> str:
    return "".join(letter for letter in name.lower() if letter.isalnum())


def rows_of(file: Path, delimiter: str = ",") -> list[dict[str, str]]:
    """Rows of a table with a header; lines that begin with # are left out."""
    with open(file, encoding="utf-8", newline="") as stream:
        return list(csv.DictReader((row for row in stream if not row.startswith("#")), delimiter=delimiter))


def ligand_arm(line: str, hours: float, *given: tuple[str, float]) -> Arm:
    """Starved cells, then ligands (species, nM)."""
    return Arm(line, (starved(STARVATION), starved(hours, tuple((name, amount, "") for name, amount in given))))


def fold(arm: Arm, quantity: str, hours: float) -> tuple[Reading, Reading]:
    """A quantity at a time, and at the beginning of the arm's last step."""
    return Reading(arm, quantity, hours), Reading(arm, quantity, 0.0)


# Ligand responses


def ligand_dose(agent: str, ng_per_mL: float) -> tuple[str, float]:
    """Species and nM."""
    known = parameters.agents()[agent]
    return known.species or "", 1e3 * ng_per_mL / known.molar_mass


def niepel_folds(files: Sequence[Path], about: Mapping[str, Any], name: str) -> Data:
    """Folds of pAKT and pERK at 10, 30, 90 min under 1 and 100 ng/mL."""
    folds, raw = (rows_of(file, "\t") for file in files)
    floors, noise = _floors(raw), _null_scatter(folds)
    data, groups = [], {}
    for row in folds:
        line, agent = line_called(row["Cell Line Name"]), about["ligands"].get(row["Protein Name"])
        if not line or agent is None:
            continue
        amount = float(row["Ligand Concentration"])
        arm = ligand_arm(line, 1.5, ligand_dose(agent, amount))
        label = f"{agent} {amount:g} ng/mL"
        for protein, quantity in (("pAkt", "pAKT"), ("pErk", "pERK")):
            group = f"{name}:{line}:{quantity}"
            groups[group] = Group(about["offset"])
            floor = floors.get((row["Cell Line Name"], protein), 0.0)
            for minutes in (10, 30, 90):
                value = float(row[f"Measured {protein}:{minutes}min log10(fold change)"])
                where = (name, line, about["kind"], group, label, quantity, minutes / 60.0, value, noise[protein])
                readings = fold(arm, quantity, minutes / 60.0)
                data.append(Datum(*where, "log10 fold", readings, "niepel_floor" if floor else "", floor))
    return data, groups


def _floors(raw: Iterable[Mapping[str, str]]) -> dict[tuple[str, str], float]:
    """Where a line's lowest level stands three times or more in the table: floor over control, at most 1."""
    levels: dict[tuple[str, str], list[float]] = defaultdict(list)
    control = {}
    for row in raw:
        for protein in ("pAkt", "pErk"):
            key = row["Cell Line Name"], protein
            levels[key] += [float(row[f"Measured {protein}:{t}min log10(a.u.)"]) for t in (10, 30, 90)]
            control[key] = float(row[f"Control {protein} (a.u.)"])
    lowest = {key: min(values) for key, values in levels.items()}
    repeated = {key for key, values in levels.items() if sum(abs(v - lowest[key]) < 1e-9 for v in values) >= 3}
    return {key: min(1.0, 10.0 ** (lowest[key] - control[key])) for key in repeated}


def _null_scatter(folds: Iterable[Mapping[str, str]]) -> dict[str, float]:
    """Robust standard deviation of log10 folds under `NULL_LIGANDS`, by protein."""
    scatter = {}
    rows = [row for row in folds if row["Protein Name"] in NULL_LIGANDS]
    for protein in ("pAkt", "pErk"):
        values = [float(row[f"Measured {protein}:{t}min log10(fold change)"]) for row in rows for t in (10, 30, 90)]
        scatter[protein] = float(np.median(np.abs(values - np.median(values))) / NormalDist().inv_cdf(0.75))
    return scatter


def scaled_courses(files: Sequence[Path], about: Mapping[str, Any], name: str) -> Data:
    """Courses scaled to 0-1 over both ligands (the long tables of `scenarios/`)."""
    data, groups = [], {}
    for row in rows_of(files[0]):
        spelled, ligand = row["arm"].rsplit(" ", 1)
        if spelled not in about["lines"]:
            continue
        line, hours, quantity = line_called(spelled), float(row["time"].split()[0]) / 60.0, row["observable"]
        group = f"{name}:{line}:{quantity}"
        groups[group] = Group(about["offset"], about["gain"], scaled=True)
        error = float(np.hypot(float(row["error"]), about["error"]))
        where = (name, line, about["kind"], group, ligand, quantity, hours, float(row["value"]), error)
        reading = Reading(ligand_arm(line, 2.0, (ligand, about["dose"])), quantity, hours)
        data.append(Datum(*where, "level", (reading,)))
    return data, groups


def bender_raw(files: Sequence[Path], about: Mapping[str, Any], name: str) -> Data:
    """Raw intensities of HCC1954: means of biological replicates of log10."""
    seen: dict[tuple[str, int, str], dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for row in rows_of(files[0]):
        if row["site"] in about["sites"] and float(row["raw_intensity"]) > 0.0:
            key = row["stimulus"], int(float(row["time_min"])), about["sites"][row["site"]]
            seen[key][row["bio_replicate"]].append(float(np.log10(float(row["raw_intensity"]))))
    replicates = {key: [float(np.mean(one)) for one in by.values()] for key, by in seen.items()}
    data, groups, line = [], {}, line_called("HCC1954")
    for quantity in about["sites"].values():
        group = f"{name}:{line}:{quantity}"
        groups[group] = Group(about["offset"])
        control = np.mean([np.mean(values) for key, values in replicates.items() if key[1:] == (0, quantity)])
        for (stimulus, minutes, own), values in sorted(replicates.items()):
            if own != quantity or minutes not in about["minutes"]:
                continue
            error = float(np.hypot(np.std(values, ddof=1) / np.sqrt(len(values)), about["error"]))
            arm = ligand_arm(line, 1.0, *((ligand, about["dose"]) for ligand in stimulus.split("+")))
            value = float(np.mean(values) - control)
            where = (name, line, about["kind"], group, stimulus, quantity, minutes / 60.0, value, error)
            background = f"bender_background_{quantity}"
            data.append(Datum(*where, "log10 fold", fold(arm, quantity, minutes / 60.0), background))
    return data, groups


def hpn_courses(files: Sequence[Path], about: Mapping[str, Any], name: str) -> Data:
    """Courses under ligands, with and without inhibitors that were there before; all share the gain of their site."""
    data, groups = [], {}
    for file, spelled in zip(files, about["lines"], strict=True):
        line, seen = line_called(spelled), {}
        for row in rows_of(file):
            given = {c[3:] for c in row if c.startswith("TR:") and not c.endswith("CellLine") and row[c] == "1"}
            seen[frozenset(given), int(float(row["DA:ALL"]))] = row
        for (given, minutes), row in sorted(seen.items(), key=lambda item: (sorted(item[0][0]), item[0][1])):
            blocked, stimuli = [g for g in given if g.endswith("i")], [g for g in given if not g.endswith("i")]
            if len(stimuli) != 1 or stimuli[0] not in about["ligands"] or minutes not in about["minutes"]:
                continue
            if any(one not in about["inhibitors"] for one in blocked) or (minutes == 0 and stimuli[0] != "EGF"):
                continue
            ligand = about["ligands"][stimuli[0]]
            agents = about["inhibitors"][blocked[0]] if blocked else []
            plain = ligand_arm(line, 4.0, (ligand, about["dose"]))
            arm = inhibited_arm(line, agents, ligand, about) if agents else plain
            for column, quantity in about["sites"].items():
                if f"DV:{column}" not in row or (blocked and quantity in about["not_with_inhibitor"]):
                    continue
                group = f"{name}:{line}:{quantity}"
                groups[group] = Group(about["offset"], about["gain"])
                control = float(seen[frozenset(), 0][f"DV:{column}"])
                lowest = min(float(one[f"DV:{column}"]) for one in seen.values()) / control
                value = float(np.log10(float(row[f"DV:{column}"]) / control))
                label = " + ".join([ligand, *agents])
                kind = about["downstream_kind" if quantity in about["downstream"] else "kind"]
                where = (name, line, kind, group, label, quantity, minutes / 60.0, value, about["error"])
                readings = Reading(arm, quantity, minutes / 60.0), Reading(plain, quantity, 0.0)
                data.append(Datum(*where, "log10 fold", readings, f"hpn_background_{quantity}", lowest))
    return data, groups


def inhibited_arm(line: str, agents: Sequence[str], ligand: str, about: Mapping[str, Any]) -> Arm:
    """Starved cells, then inhibitors of a dose that is a nuisance, then a ligand."""
    given = tuple((species, 1.0, f"hpn_{species}") for species in agents)
    before = starved(about["before"], given)
    return Arm(line, (starved(STARVATION), before, starved(4.0, ((ligand, about["dose"], ""),))))


# Levels


def untreated_levels(files: Sequence[Path], about: Mapping[str, Any], name: str) -> Data:
    """A level over untreated lines, in one unit that is not known."""
    data, asked = [], {line_called(spelled) for spelled in about["lines"]}
    for row in rows_of(files[0], "\t"):
        line = line_called(row["Cell Line Name"])
        if line and line in asked:
            where = (name, line, about["kind"], name, "untreated", about["quantity"], 0.0)
            reading = Reading(Arm(line), about["quantity"])
            data.append(Datum(*where, float(row[about["column"]]), about["error"], "log10 level", (reading,)))
    return data, {name: Group(about["offset"])}


def copies(files: Sequence[Path], about: Mapping[str, Any], name: str) -> Data:
    """Copies of miR-21 in untreated lines."""
    data = []
    for spelled, number in about["lines"].items():
        line = line_called(spelled)
        where = (name, line, about["kind"], name, "untreated", "miR21", 0.0, float(np.log10(number)), about["error"])
        data.append(Datum(*where, "log10 level", (Reading(Arm(line), "miR21"),)))
    return data, {name: Group(about["offset"])}


def mimic(files: Sequence[Path], about: Mapping[str, Any], name: str) -> Data:
    """Transcripts under a miR-21 mimic: the middle of a bracket, half of its width as error."""
    line = line_called(about["line"])
    given = ((parameters.agents()["miR-21 mimic"].species or "", 1.0, "hela_mimic"),)
    arm, data, groups = Arm(line, (Step(about["hours"], add=given),)), [], {}
    for gene, (low, high) in about["brackets"].items():
        parts = [f"{gene}_mRNA", f"{gene}_mRNA_RISC"]
        readings = tuple(Reading(arm, part, t) for t in (about["hours"], 0.0) for part in parts)
        value, error = 0.5 * np.log(low * high), 0.5 * np.log(high / low)
        group = f"{name}:{gene}"
        groups[group] = Group(0.0)
        where = (name, line, about["kind"], group, "miR-21 mimic", f"{gene}_mRNA", about["hours"])
        data.append(Datum(*where, float(value), float(error), "log ratio", readings))
    return data, groups


def correlation(files: Sequence[Path], about: Mapping[str, Any], name: str) -> Data:
    """Slope of log2 PTEN on log2 miR-21 over tumors or lines, beside that of untreated resistant and parental cells."""
    first, second = about["columns"]
    pairs = [(row[first], row[second]) for row in rows_of(files[0]) if row[first] and row[second]]
    x, y = np.array(pairs, dtype=float).T
    x = x if about["log2"][0] else np.log2(x)
    slope, _ = np.polyfit(x, y, 1)
    left = y - np.polyval(np.polyfit(x, y, 1), x)
    error = float(np.sqrt((left @ left) / (len(x) - 2) / np.sum((x - x.mean()) ** 2)))
    resistant, parent = Arm("bt474_resistant"), Arm("bt474")
    readings = tuple(Reading(arm, quantity) for quantity in ("PTEN", "miR21") for arm in (resistant, parent))
    where = (name, "", about["kind"], name, "untreated", "PTEN on miR-21", 0.0, float(slope), error)
    return [Datum(*where, "log slope", readings)], {name: Group(0.0)}
