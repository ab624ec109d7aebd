"""Writes the registry of blind predictions: what the ensemble says of experiments before anyone sees the measurements.

    python calibration/register.py --data FOLDER [--members 400] [--seed 1] [--ensemble FILE]

One table for each experiment of `registry/experiments.toml`, and `registry/registry.json` with the hash of every
table, of the ensemble and of the circuit. A line is built as a user would build it: receptor levels, genotype, PTEN
and doubling time of its own file, drawn from their ranges; everything else is the member's. Where no datum of a kind
is known of a line, the spread between lines comes on top (between_lines.py). FOLDER holds the measurements at hand,
of which the mean over lines and a ridge regression on receptor levels are written beside the predictions. `score.py`
scores.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import io
import json
import sys
import tomllib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np

from calibration import likelihood
from calibration.between_lines import FILE, kind_of, read_spreads
from calibration.likelihood import Problem, Simulated
from calibration.likelihood.baselines import Guess, Table, mean_of_lines, receptor_levels, ridge_on_levels
from calibration.likelihood.data import Arm, DataSet, Datum, Group, Reading, Step
from calibration.likelihood.manifest import manifest
from calibration.likelihood.readers import fold, inhibited_arm, ligand_arm, ligand_dose
from calibration.likelihood.screens import HOURS, divisions_of, growth_readings
from calibration.measured import HALF_EFFECT, PLATEAU, half_effect_of, key_of, measurements, plateau_of
from pathway import parameters
from pathway.folders import write_atomically
from pathway.parameters.parameter_ensemble import SHIPPED, ParameterEnsemble, circuit_hash, read_ensemble

FOLDER = Path(__file__).resolve().parent / "registry"
COLUMNS = ("line", "seen", "condition", "quantity", "time_h", "scale", "median", "low", "high", "mean", "sd")
GUESSES = ("lines_mean", "lines_sd", "ridge_mean", "ridge_sd")
LEVEL = 0.9

Form = Any
"""A function from an experiment's table, the set's table and a line to the data that it would give."""


def experiments() -> Mapping[str, Mapping[str, Any]]:
    """Tables of `experiments.toml`."""
    return tomllib.loads((FOLDER / "experiments.toml").read_text(encoding="utf-8"))


# What an experiment would measure


def _datum(about: Mapping[str, Any], one: Mapping[str, Any], line: str, *what: Any, kind: str = "kind") -> Datum:
    label, quantity, hours, scale, readings = what
    group = f"{line}:{quantity}"
    error = about.get("error", 0.1)
    return Datum(one["set"], line, about[kind], group, label, quantity, hours, np.nan, error, scale, readings)


def ligand_folds(about: Mapping[str, Any], one: Mapping[str, Any], line: str) -> Iterable[Datum]:
    for agent, amount in ((a, x) for a in ("EGF", "HRG") for x in one["ng_per_mL"]):
        arm = ligand_arm(line, 1.5, ligand_dose(agent, amount))
        for quantity, hours in _courses(one):
            yield _datum(
                about, one, line, f"{agent} {amount:g} ng/mL", quantity, hours, "log10 fold", fold(arm, quantity, hours)
            )


def both_ligands(about: Mapping[str, Any], one: Mapping[str, Any], line: str) -> Iterable[Datum]:
    arm = ligand_arm(line, 1.0, ("EGF", about["dose"]), ("HRG", about["dose"]))
    for quantity, hours in _courses(one):
        yield _datum(about, one, line, "EGF+HRG", quantity, hours, "log10 fold", fold(arm, quantity, hours))


def inhibited_folds(about: Mapping[str, Any], one: Mapping[str, Any], line: str) -> Iterable[Datum]:
    for ligand, agents in ((x, a) for x in about["ligands"].values() for a in one["arms"][line]):
        plain, arm = ligand_arm(line, 4.0, (ligand, about["dose"])), inhibited_arm(line, agents, ligand, about)
        for quantity in (q for q in about["sites"].values() if q not in about["not_with_inhibitor"]):
            kind = "downstream_kind" if quantity in about["downstream"] else "kind"
            for hours in (minutes / 60.0 for minutes in one["minutes"]):
                readings = Reading(arm, quantity, hours), Reading(plain, quantity, 0.0)
                label = " + ".join([ligand, *agents])
                yield _datum(about, one, line, label, quantity, hours, "log10 fold", readings, kind=kind)


def relative_counts(about: Mapping[str, Any], one: Mapping[str, Any], line: str) -> Iterable[Datum]:
    for datum in growth_rates(about, one, line):
        divisions, nuisance = divisions_of(line, about)
        yield replace(datum, scale="relative count", factor=divisions, factor_nuisance=nuisance)


def growth_rates(about: Mapping[str, Any], one: Mapping[str, Any], line: str) -> Iterable[Datum]:
    species = parameters.agents()[one["agent"]].species or ""
    for dose in one["nM"]:
        readings = growth_readings(line, species, dose, "", HOURS)
        yield _datum(about, one, line, one["label"].format(dose=dose), "growth", HOURS, "GR", readings)


def knock_downs(about: Mapping[str, Any], one: Mapping[str, Any], line: str) -> Iterable[Datum]:
    plain = ligand_arm(line, 1.0, ("EGF", about["dose"]))
    for targets in [[], *one["knock_downs"]]:
        known = [experiments()["targets"][target] for target in targets]
        scale = tuple((name, target["left"]) for target in known for name in target["scales"])
        first = (Step(one["hours"], scale=scale),) if scale else ()
        arm = Arm(line, (*first, *plain.steps))
        for quantity, hours in _courses(one):
            readings = Reading(arm, quantity, hours), Reading(plain, quantity, 0.0)
            label = "EGF + si" + ", si".join(targets) if targets else "EGF"
            yield _datum(about, one, line, label, quantity, hours, "log10 fold", readings)


def _courses(one: Mapping[str, Any]) -> Iterable[tuple[str, float]]:
    return ((quantity, minutes / 60.0) for quantity in one["quantities"] for minutes in one["minutes"])


FORMS: Mapping[str, Form] = {
    form.__name__: form
    for form in (ligand_folds, both_ligands, inhibited_folds, relative_counts, growth_rates, knock_downs)
}


# From members to a table


def spread_between_lines(data: Sequence[Datum], known: Collection[tuple[str, str]]) -> np.ndarray:
    """What lines add of which no datum of the kind is known, (line, kind of data); shape (n_data,)."""
    spreads = read_spreads()
    return np.array([0.0 if (d.line, d.kind) in known else spreads.get(kind_of(d), 0.0) for d in data])


def unmeasured(name: str, data: Sequence[Datum], offset: float = 0.0) -> Problem:
    """Data that do not count; those of a group share an offset of this standard deviation."""
    groups = {datum.group: Group(offset) for datum in data}
    return Problem([DataSet(name, "", False, tuple(data), groups)], (), without={datum.set for datum in data})


def problem_of(one: Mapping[str, Any]) -> Problem:
    """An experiment as data that do not count."""
    about = manifest()["set"][one["set"]]
    data = [datum for line in one["lines"] for datum in FORMS[one["form"]](about, one, line)]
    return unmeasured(one["set"], data, about.get("offset", 0.0))


def simulated_members(
    problem: Problem, ensemble: ParameterEnsemble, members: int, seed: int
) -> tuple[np.ndarray, Simulated]:
    """Members of equal weight that can be simulated; what the ensemble does not know is drawn from its range."""
    theta, simulated = problem.simulated_alive(problem.prior.members_of(ensemble, problem.prior.sample(members, seed)))
    if len(theta) < 0.5 * members:
        name = problem.sets[0].name
        raise SystemExit(f"{name}: {members - len(theta)} of {members} members could not be simulated")
    return theta, simulated


def predicted(
    one: Mapping[str, Any], ensemble: ParameterEnsemble, members: int, seed: int, known: Collection[tuple[str, str]]
) -> list[dict[str, Any]]:
    """Rows of an experiment's table; a measurement's error and the discrepancy of its kind are in the intervals."""
    problem = problem_of(one)
    theta, simulated = simulated_members(problem, ensemble, members, seed)
    centre = problem.predictions(theta, simulated)
    spread = np.sqrt(problem.predictive_variance(theta, simulated) + spread_between_lines(problem.table, known) ** 2)
    draws = centre + spread * np.random.default_rng([seed, 1]).standard_normal(centre.shape)
    rows = [_row(datum, one, draws[:, k]) for k, datum in enumerate(problem.table)]
    if one["form"] == "growth_rates":
        rows += [row for line in one["lines"] for row in _curve_rows(one, line, problem, centre, draws)]
    return rows


def _row(datum: Datum, one: Mapping[str, Any], draws: np.ndarray) -> dict[str, Any]:
    what = {"condition": datum.label, "quantity": datum.quantity, "time_h": f"{datum.time:.6g}", "scale": datum.scale}
    return {"line": datum.line, "seen": _seen(one, datum.line), **what, **_summary(draws)}


def _summary(draws: np.ndarray) -> dict[str, str]:
    tail = 50.0 * (1.0 - LEVEL)
    low, median, high = np.percentile(draws, [tail, 50.0, 100.0 - tail])
    numbers = {"median": median, "low": low, "high": high, "mean": draws.mean(), "sd": draws.std(ddof=1)}
    return {name: f"{value:.6g}" for name, value in numbers.items()}


def _seen(one: Mapping[str, Any], line: str) -> str:
    return "partly" if line in one["partly_seen"] else "blind"


def _curve_rows(
    one: Mapping[str, Any], line: str, problem: Problem, centre: np.ndarray, draws: np.ndarray
) -> Iterable[dict[str, Any]]:
    """A line's plateau, and the dose of half of the effect among members that have an effect."""
    places = [k for k, datum in enumerate(problem.table) if datum.line == line]
    about, doses = manifest()["set"][one["set"]], np.array(one["nM"])
    what = {"line": line, "seen": _seen(one, line), "time_h": "72"}
    plateau = {"condition": PLATEAU, "quantity": "growth", "scale": "GR"}
    yield {**what, **plateau, **_summary(plateau_of(doses, draws[:, places], about))}
    levels = plateau_of(doses, centre[:, places], about)
    halves = [half_effect_of(doses, c, level) for c, level in zip(centre[:, places], levels, strict=True)]
    known = np.array(halves)[np.isfinite(halves)]
    if len(known) >= 20:
        half = {"condition": HALF_EFFECT, "quantity": "dose", "scale": "log10 nM"}
        yield {**what, **half, **_summary(known)}


def with_baselines(name: str, one: Mapping[str, Any], rows: list[dict[str, Any]], folder: Path) -> list[dict[str, Any]]:
    """The rows with what the lines at hand alone would say."""
    hand = one.get("at_hand", [line for line in parameters.cell_lines() if line not in one["lines"]])
    seen = measurements(name, one, folder, hand)
    keys = [key_of(row) for row in rows]
    at_hand, conditions = tuple(dict.fromkeys(key[0] for key in seen)), tuple(dict.fromkeys(key[1:] for key in keys))
    for line in one["lines"] if seen else ():
        lines = (*at_hand, line)
        values = np.array([[seen.get((known, *c), np.nan) for c in conditions] for known in lines])
        table, levels = Table(lines, conditions, values), {known: receptor_levels(known) for known in lines}
        guesses = mean_of_lines(table, line), ridge_on_levels(table, line, levels)
        for row, key in zip(rows, keys, strict=True):
            if key[0] == line:
                row |= _guessed(guesses, conditions.index(key[1:]))
    return rows


def _guessed(guesses: Sequence[Guess], place: int) -> dict[str, str]:
    numbers = [number[place] for guess in guesses for number in guess]
    return {c: "" if np.isnan(x) else f"{x:.6g}" for c, x in zip(GUESSES, numbers, strict=True)}


def _table(rows: Sequence[Mapping[str, Any]]) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, (*COLUMNS, *GUESSES), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--members", type=int, default=400)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--ensemble", type=Path, default=SHIPPED)
    chosen = parser.parse_args(arguments)
    ensemble = read_ensemble(chosen.ensemble)
    known = {(datum.line, datum.kind) for datum in likelihood.problem(chosen.data).table}
    hashes = {}
    for name, one in experiments().items():
        if "form" not in one:
            continue
        rows = predicted(one, ensemble, chosen.members, chosen.seed, known)
        table = _table(with_baselines(name, one, rows, chosen.data))
        write_atomically(FOLDER / f"{name}.csv", table)
        hashes[f"{name}.csv"] = hashlib.sha256(table).hexdigest()
        print(f"{name}: {len(table.splitlines()) - 1} numbers")
    about = {
        "tables": hashes,
        "ensemble": ensemble.digest,
        "circuit": circuit_hash(),
        "members": chosen.members,
        "seed": chosen.seed,
        "weights": "after measured data only",
        "between_lines": hashlib.sha256(FILE.read_bytes()).hexdigest(),
    }
    write_atomically(FOLDER / "registry.json", (json.dumps(about, indent=1) + "\n").encode())


if __name__ == "__main__":
    main()
