"""Fits the circuit to public ligand courses, judges the fit, and writes RESULT.md.

    python calibration/time_courses.py                   fit, profiles, each experiment left out in turn: ten minutes
    python calibration/time_courses.py --data FOLDER     the same with the sets that are not shipped

The fit is `pathway fit scenarios/calibration.toml`; this script adds the questions that come after it. FOLDER may hold
`hcc1954_rppa_timecourse.csv` (Bender 2010, GPL) and `MD-UACC812_main.csv` (HPN-DREAM); what is absent is named.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from itertools import pairwise, repeat
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")  # small matrices: more threads only wait for each other

import numpy as np
from scipy import stats

from pathway.fitting.objective import Objective
from pathway.fitting.problem import Problem
from pathway.fitting.search.multi_start import fit
from pathway.fitting.search.plan import Plan
from pathway.fitting.search.processes import process_pool
from pathway.fitting.uncertainty.profiles import profile
from pathway.formats.problems import read_problem

HERE = Path(__file__).parent
SCENARIO = HERE.parent / "scenarios" / "calibration.toml"
NUMBERS = HERE.parent / "pathway" / "parameters"
FITTED_LINES = ("SK-BR-3", "BT-474", "MCF7")
BLOTS = "imoto2022_ligands"


@dataclass(frozen=True)
class Point:
    """One measured point with what the model gives for it, both scaled to 0-1 within their panel.

    Attributes
    ----------
    line, ligand, observable, study : str
    minutes, measured, simulated, residual : float
        The residual is in units of its noise.
    counted : bool
        Whether it is in the fit: not held out, and not a 0 or 1 that the scaling makes.
    """

    line: str
    ligand: str
    observable: str
    study: str
    minutes: float
    measured: float
    simulated: float
    residual: float
    counted: bool


def points_of(problem: Problem, natural: np.ndarray) -> list[Point]:
    """Every measurement beside its simulation at natural parameter values."""
    found = Objective(problem).compare(natural)
    made = []
    for m, simulated, residual in zip(problem.measurements, found.simulated, found.residual, strict=True):
        line, ligand = m.experiment.rsplit(" ", 1)
        observable, _, study = m.observable.partition(" in ")
        made.append(
            Point(
                line,
                ligand,
                observable,
                study or study_of(m.source),
                60 * m.time,
                m.value,
                simulated,
                residual,
                m.counted,
            )
        )
    return made


def study_of(source: str) -> str:
    """The stem of the file that a measurement stands in."""
    return Path(source.rsplit(":", 1)[0]).stem


def best_fit(problem: Problem, starts: int, seed: int) -> np.ndarray:
    """The best parameters, natural units, shape (n_estimated,)."""
    plan = Plan(include_nominal=True, candidates=10)
    found = fit(problem, starts=starts, seed=seed, workers=1, plan=plan)
    values = np.array([found.best.parameters[name] for name in problem.names])
    spread = sorted(round(float(v), 2) for v in found.objectives)
    print(f"{problem.name}: {starts} starts end at {spread}", flush=True)
    return values


def rms(values: Iterable[float]) -> float:
    """Root of the mean square."""
    return float(np.sqrt(np.mean(np.square(list(values)))))


# Tables


def table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A Markdown table."""
    lines = [f"| {' | '.join(header)} |", f"|{'---|' * len(header)}"]
    return "\n".join([*lines, *(f"| {' | '.join(map(str, row))} |" for row in rows)])


def panels(points: Sequence[Point]) -> dict[tuple[str, str, str], list[Point]]:
    """Points by line, study and observable: what was scaled together."""
    made = defaultdict(list)
    for p in points:
        made[p.line, p.study, p.observable].append(p)
    return dict(made)


def agreement(points: Sequence[Point]) -> str:
    """Chi-square per point, trend of the residuals, and normalized error of every panel."""
    rows = []
    for (line, study, observable), own in panels(points).items():
        counted = [p for p in own if p.counted]
        chi = f"{np.mean([p.residual**2 for p in counted]):.2f}" if counted else "held out"
        error = rms(p.simulated - p.measured for p in own)
        rows.append((line, observable, study, len(counted) or len(own), chi, f"{error:.3f}"))
    return table(("line", "observable", "data", "points", "chi-square per point", "normalized error"), rows)


def lines_table(points: Sequence[Point]) -> str:
    """The same for each fitted line, with tests of the residuals."""
    rows = []
    for line in dict.fromkeys(p.line for p in points if p.counted):
        own = [p for p in points if p.line == line and p.counted]
        trend = stats.spearmanr([p.minutes for p in own], [p.residual for p in own])
        chi = np.mean([p.residual**2 for p in own])
        rows.append(
            (line, len(own), f"{chi:.2f}", f"{trend.statistic:+.2f} (p = {trend.pvalue:.2f})", f"{sequence(own):.2f}")
        )
    header = ("line", "points", "chi-square per point", "residuals against time, rank correlation", "neighbors")
    return table(header, rows)


def sequence(points: Sequence[Point]) -> float:
    """Correlation of neighboring residuals of one course: near 0 if nothing is left to explain."""
    courses = defaultdict(list)
    for p in points:
        courses[p.study, p.observable, p.ligand].append(p)
    pairs = []
    for own in courses.values():
        values = [p.residual for p in sorted(own, key=lambda p: p.minutes)]
        pairs += list(pairwise(values))
    left, right = np.array(pairs).T
    return float(left @ right / np.sqrt((left @ left) * (right @ right)))


def order_table(points: Sequence[Point]) -> str:
    """What is left at the last common time of the highest value of each course."""
    rows = []
    for line in (*FITTED_LINES, "MDA-MB-231"):
        for observable in ("pAKT", "pERK"):
            own = [p for p in points if (p.line, p.observable, p.study) == (line, observable, BLOTS)]
            shares = []
            for ligand in ("EGF", "HRG"):
                course = sorted((p for p in own if p.ligand == ligand), key=lambda p: p.minutes)
                for kind in ("measured", "simulated"):
                    values = [getattr(p, kind) for p in course]
                    shares.append(f"{values[-1]:.2f}")
            rows.append((line, observable, *shares))
    header = ("line", "observable", "EGF measured", "EGF model", "HRG measured", "HRG model")
    return table(header, rows)


# Uncertainty


def intervals(problem: Problem, natural: np.ndarray, workers: int) -> tuple[str, dict[str, dict[str, Any]]]:
    """Each parameter with its 95 % profile interval, beside what the prior alone allowed."""
    rows, kept = [], {}
    at = problem.to_scale(natural)
    profiles = profile(Objective(problem), at, points=20, workers=workers, progress=sys.stdout)
    for p, value, it in zip(problem.estimated, natural, profiles.values(), strict=True):
        own = it.upper / it.lower
        prior = np.exp(2 * 1.96 * p.prior.numbers[1] * np.log(10)) if p.prior else np.nan
        # Both bounds are the prior's 95 %: an interval nearly as wide says that the data add nothing.
        share = np.log(own) / np.log(prior) if p.prior else np.nan
        verdict = "noise" if p.prior is None else "prior" if share > 0.85 else it.verdict
        said = f"{it.lower:.3g} - {it.upper:.3g}"
        rows.append((p.name, f"{value:.4g}", said, "" if p.prior is None else f"{share:.2f}", verdict))
        kept[p.name] = {"value": float(value), "lower": it.lower, "upper": it.upper, "verdict": verdict}
    header = ("parameter", "value", "95 % interval", "width / prior's", "verdict")
    return table(header, rows), kept


# One experiment left out


def without(problem: Problem, arm: str) -> Problem:
    """The same problem with an arm that is simulated and compared but does not count."""
    made = tuple(replace(m, counted=m.counted and m.experiment != arm) for m in problem.measurements)
    return replace(problem, name=f"without {arm}", measurements=made)


def from_there(problem: Problem, natural: np.ndarray) -> Problem:
    """The same problem, whose first start is at these natural values."""
    values = dict(zip(problem.names, map(float, natural), strict=True))
    made = tuple(replace(p, value=values.get(p.name, p.value)) for p in problem.parameters)
    return replace(problem, parameters=made)


def predicted(problem: Problem, arm: str, starts: int) -> tuple[float, float, float]:
    """Error of an arm that was left out: of the model, and of two ways of guessing without one."""
    part = without(problem, arm)
    points = [p for p in points_of(part, best_fit(part, starts, 3)) if p.study == BLOTS and p.minutes > 0]
    mine = [p for p in points if f"{p.line} {p.ligand}" == arm]
    others = [p for p in points if p.line in FITTED_LINES and f"{p.line} {p.ligand}" != arm]

    def guess(p: Point, same_ligand: bool) -> float:
        alike = [q for q in others if (q.observable, q.minutes) == (p.observable, p.minutes)]
        return float(np.mean([q.measured for q in alike if q.ligand == p.ligand or not same_ligand]))

    model = rms(p.simulated - p.measured for p in mine)
    every, same = (rms(guess(p, same) - p.measured for p in mine) for same in (False, True))
    return model, every, same


def left_out(problem: Problem, starts: int, pool: Executor) -> str:
    """Each experiment of each line predicted from the others, against two ways of guessing without a model."""
    arms = [f"{line} {ligand}" for line in FITTED_LINES for ligand in ("EGF", "HRG")]
    rows = []
    for arm, errors in zip(arms, pool.map(predicted, repeat(problem), arms, repeat(starts)), strict=True):
        model, *guesses = errors
        said = "better than both" if model < min(guesses) else "better than one" if model < max(guesses) else "worse"
        rows.append((arm, *(f"{e:.3f}" for e in errors), said))
    header = (
        "left out",
        "model",
        "mean of all other experiments",
        "mean of the same ligand in other lines",
        "the model is",
    )
    return table(header, rows)


# Sets that are not shipped


def prepared(folder: Path | None, here: Path) -> tuple[list[str], list[str]]:
    """Long tables of the sets at hand, written to `here`; the arms they need, and what is absent."""
    arms, absent = [], []
    bender = folder / "hcc1954_rppa_timecourse.csv" if folder else None
    hpn = folder / "MD-UACC812_main.csv" if folder else None
    if bender and bender.is_file():
        write_long(here / "bender2010_hcc1954.csv", of_bender(bender))
        arms += ["HCC1954 EGF", "HCC1954 HRG"]
    else:
        absent.append("HCC1954 (Bender 2010, GPL): hcc1954_rppa_timecourse.csv")
    if hpn and hpn.is_file():
        write_long(here / "hpn_uacc812.csv", of_hpn(hpn))
        arms += ["UACC-812 EGF", "UACC-812 HRG"]
    else:
        absent.append("UACC-812 (HPN-DREAM, terms of the primary release not settled): MD-UACC812_main.csv")
    return arms, absent


Row = tuple[str, float, str, float, float | None]
"""Arm, minutes, observable, value, error."""


def of_bender(file: Path) -> list[Row]:
    """Mean over biological replicates, and their standard deviation."""
    sites = {"pAKT_S473": "pAKT", "pERK12_T202Y204": "pERK", "pMEK_S217S221": "pMEK"}
    found: dict[tuple[str, float, str], dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    with open(file, encoding="utf-8") as stream:
        for row in csv.DictReader(stream):
            if row["site"] in sites and row["stimulus"] in ("EGF", "HRG"):
                key = (row["stimulus"], float(row["time_min"]), sites[row["site"]])
                found[key][row["bio_replicate"]].append(float(row["norm_centered"]))
    means = {key: [float(np.mean(v)) for v in own.values()] for key, own in found.items()}
    return [
        (f"HCC1954 {s}", t, o, float(np.mean(v)), float(np.std(v, ddof=1))) for (s, t, o), v in sorted(means.items())
    ]


def of_hpn(file: Path) -> list[Row]:
    """Arms without an inhibitor, two hours."""
    columns = {"DV:AKT_pS473": "pAKT", "DV:MAPK_pT202_Y204": "pERK", "DV:MEK1_pS217_S221": "pMEK"}
    made: list[Row] = []
    with open(file, encoding="utf-8") as stream:
        for row in csv.DictReader(stream):
            inhibited = any(row[c] == "1" for c in row if c.startswith("TR:") and c.endswith("i"))
            ligand = "EGF" if row["TR:EGF"] == "1" else "HRG" if row["TR:NRG1"] == "1" else ""
            if ligand and not inhibited and float(row["DA:ALL"]) <= 120:
                made += [
                    (f"UACC-812 {ligand}", float(row["DA:ALL"]), name, float(row[column]), None)
                    for column, name in columns.items()
                ]
    return made


def write_long(file: Path, rows: Sequence[Row]) -> None:
    """Values scaled to 0-1 within each observable, as the other sets are."""
    observables = {row[2] for row in rows}
    span = {o: (min(r[3] for r in rows if r[2] == o), max(r[3] for r in rows if r[2] == o)) for o in observables}
    with open(file, "w", encoding="utf-8") as stream:
        stream.write("arm,time,observable,value,error\n")
        for arm, minutes, observable, value, error in rows:
            low, high = span[observable]
            scaled = "" if error is None else f"{error / (high - low):.6g}"
            stream.write(f"{arm},{minutes:g} min,{observable},{(value - low) / (high - low):.6g},{scaled}\n")


def with_more(arms: Sequence[str], here: Path, counted: bool) -> Path:
    """The scenario with further arms and tables of measurements, counted or only compared."""
    text = SCENARIO.read_text(encoding="utf-8")
    cells = {"HCC1954": "hcc1954", "UACC-812": "uacc812"}
    for name in arms:
        line, ligand = name.rsplit(" ", 1)
        arm = f'[[arm]]\nname = "{name}"\ncells = "{cells[line]}"\ndoses = ["{ligand}"]\n\n'
        text = text.replace("[show]", arm + "[show]", 1)
    text = text.replace('file = "', f'file = "{SCENARIO.parent}/')
    for file in sorted(here.glob("*.csv")):
        text = text.replace("[fit]\n", f'[[data]]\nfile = "{file}"\nnormalize = "minmax"\n\n[fit]\n', 1)
    if not counted:
        held = ", ".join(f'"{name}"' for name in arms)
        text = text.replace("hold_out = [", f"hold_out = [{held}, ", 1)
    for o in ("pAKT", "pERK", "pMEK"):  # no errors are known for single measurements
        text += f'\n[fit.observable."{o} in hpn_uacc812"]\nnoise = "constant"\n' if "UACC-812 EGF" in arms else ""
    made = here / f"calibration_{'all' if counted else 'compared'}.toml"
    made.write_text(text, encoding="utf-8")
    return made


def without_the_others(
    problem: Problem, natural: np.ndarray, arms: Sequence[str], here: Path, starts: int, pool: Executor
) -> str:
    """What the shipped sets alone give, and how they predict the others."""
    shipped = read_problem(SCENARIO)
    best = best_fit(shipped, starts, 1)
    found = dict(zip(shipped.names, best, strict=True))
    compared = read_problem(with_more(arms, here, False))
    at = np.array([found.get(p.name, p.value) for p in compared.estimated])
    new = [p for p in points_of(compared, at) if f"{p.line} {p.ligand}" in arms]
    values = dict(zip(problem.names, natural, strict=True))
    shared = [n for n in shipped.names if n in values and not n.startswith("sigma")]
    rows = [(n, f"{values[n]:.4g}", f"{found[n]:.4g}") for n in shared]
    moved = table(("parameter", "all sets", "shipped sets alone"), rows)
    return "\n\n".join(
        (
            lines_table(points_of(shipped, best)),
            f"One experiment left out:\n\n{left_out(from_there(shipped, best), starts, pool)}",
            f"The other sets, predicted:\n\n{agreement(new)}",
            moved,
        )
    )


# Into the number files


def write_numbers(kept: dict[str, dict[str, Any]]) -> None:
    """Values and intervals into `reference.toml` and the lines' own files; `anchor_cells.py` comes after it."""
    for name, found in kept.items():
        parameter, _, line = name.partition("_level_")
        if name.startswith("sigma") or line == "mda_mb_231":
            continue
        file = NUMBERS / "cells" / f"{line}.toml" if line else NUMBERS / "reference.toml"
        head = f"[{parameter}_level]\n" if line else f"[{parameter}]\n"
        before, rest = file.read_text(encoding="utf-8").split(head, 1)
        entry, after = rest.split("\n\n", 1)
        low, value, high = (rounded(found[key], n) for key, n in (("lower", 3), ("value", 4), ("upper", 3)))
        others = [row for row in entry.splitlines() if not row.startswith(("value", "interval"))]
        rows = [f"value = {value}", *others[:2], f"interval = [{low}, {high}]", *others[2:]]
        file.write_text(before + head + "\n".join(rows) + "\n\n" + after, encoding="utf-8")


def rounded(value: float, digits: int) -> float:
    """To so many significant digits."""
    return float(f"{value:.{digits}g}")


HEADER = """# The circuit against public ligand courses

Written by `python calibration/time_courses.py{asked}`; the fit of the shipped sets alone is
`pathway fit scenarios/calibration.toml`. Used: Imoto 2022 and Nakakuki 2010, as shipped{more}.
{absent}Every course is scaled to 0-1 within its panel, model and data alike; points that the scaling makes 0 or 1 do
not count. Noise is the stated error and one constant per study and observable, in squares, shared by all lines of
a study (the constant alone in UACC-812, where no errors are known). Ligands are taken as 10 nM, which two of them
do not state. Normalized error: root mean square over all points of a panel.
"""
SETS = {"HCC1954": "HCC1954 of Bender 2010 (not shipped: GPL)", "UACC-812": "UACC-812 of HPN-DREAM (not shipped)"}


def main() -> None:
    """Fit, judge, write."""
    reader = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    reader.add_argument("--data", type=Path, default=None)
    reader.add_argument("--starts", type=int, default=2)
    reader.add_argument("--workers", type=int, default=os.cpu_count())
    reader.add_argument("--out", type=Path, default=HERE / "RESULT.md")
    reader.add_argument("--write", action="store_true", help="values and intervals into pathway/parameters too")
    asked = reader.parse_args()
    with tempfile.TemporaryDirectory() as name, process_pool(asked.workers) as pool:
        here = Path(name)
        arms, absent = prepared(asked.data, here)
        problem = read_problem(with_more(arms, here, True) if arms else SCENARIO)
        natural = best_fit(problem, asked.starts, 1)
        points = points_of(problem, natural)
        written, kept = intervals(problem, natural, asked.workers)
        sections = {
            "Parameters": written,
            "Agreement, line by line": lines_table(points),
            "Agreement, panel by panel": agreement(points),
            "Lasting or transient: what stands at 120 min, 1 being the highest value of the panel": order_table(points),
            "One experiment left out: root mean square error, times after 0": left_out(
                from_there(problem, natural), asked.starts, pool
            ),
        }
        if arms:
            sections["The shipped sets alone"] = without_the_others(problem, natural, arms, here, asked.starts, pool)
    used = [SETS[line] for line in dict.fromkeys(arm.rsplit(" ", 1)[0] for arm in arms)]
    head = HEADER.format(
        asked=" --data FOLDER" if asked.data else "",
        more="".join(f", {u}" for u in used),
        absent=f"Absent: {'; '.join(absent)}.\n" if absent else "",
    )
    parts = [head, *(f"## {title}\n\n{text}\n" for title, text in sections.items())]
    asked.out.write_text("\n".join(parts), encoding="utf-8")
    asked.out.with_suffix(".json").write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
    if asked.write:
        write_numbers(kept)
    print(f"written: {asked.out}")


if __name__ == "__main__":
    import time_courses  # workers find its functions in a module, not in the main program

    time_courses.main()
