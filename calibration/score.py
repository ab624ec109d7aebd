"""Scores the registry of blind predictions against whatever measurements a folder holds.

    python calibration/score.py --data FOLDER

For each experiment, as a whole, by line and by quantity: number of measurements, root mean square error, rank
correlation, coverage of the 90 % interval and mean log score (of a normal distribution with the predicted mean and
spread), beside predictions without a model: no change, the mean of the lines at hand with its spread, a ridge
regression on receptors. Tables of predictions that were changed after they were registered are refused.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
from scipy import stats

from calibration.measured import key_of, measurements
from calibration.register import FOLDER, experiments

NO_CHANGE = {"log10 fold": 0.0, "relative count": 1.0, "GR": 1.0}


@dataclass(frozen=True, eq=False)
class Scored:
    """Predictions beside measurements, arrays of one length.

    Attributes
    ----------
    lines : array of str
    measured, median, low, high, mean, sd : array
    baselines : mapping of name to (mean, sd)
        nan where a baseline says nothing; its sd is nan where it has no spread.
    """

    lines: np.ndarray
    measured: np.ndarray
    median: np.ndarray
    low: np.ndarray
    high: np.ndarray
    mean: np.ndarray
    sd: np.ndarray
    baselines: Mapping[str, tuple[np.ndarray, np.ndarray]]

    def only(self, which: np.ndarray) -> Scored:
        kept = {name: (mean[which], sd[which]) for name, (mean, sd) in self.baselines.items()}
        one = (self.lines, self.measured, self.median, self.low, self.high, self.mean, self.sd)
        return Scored(*(part[which] for part in one), kept)


def root_mean_square(difference: np.ndarray) -> float:
    """nan where there is nothing."""
    return float(np.sqrt(np.mean(difference**2))) if len(difference) else float("nan")


def log_score(measured: np.ndarray, mean: np.ndarray, sd: np.ndarray) -> float:
    """Mean log density of a normal distribution; nan where there is nothing."""
    return float(np.mean(stats.norm.logpdf(measured, mean, sd))) if len(measured) else float("nan")


def scores(one: Scored) -> dict[str, float]:
    """Of the model: n, rmse, rank, coverage, log_score; of a baseline that covers all of them: rmse and log_score."""
    inside = (one.measured >= one.low) & (one.measured <= one.high)
    varied = len(one.measured) > 2 and np.ptp(one.measured) > 0 and np.ptp(one.median) > 0
    found = {
        "n": float(len(one.measured)),
        "rmse": root_mean_square(one.measured - one.median),
        "rank": float(stats.spearmanr(one.measured, one.median).statistic) if varied else float("nan"),
        "coverage": float(inside.mean()),
        "log_score": log_score(one.measured, one.mean, one.sd),
    }
    for name, (mean, sd) in one.baselines.items():
        if np.isfinite(mean).all():
            found[f"rmse {name}"] = root_mean_square(one.measured - mean)
            if np.isfinite(sd).all():
                found[f"log_score {name}"] = log_score(one.measured, mean, sd)
    return found


def registered(name: str) -> list[dict[str, str]]:
    """Rows of an experiment's table of predictions, as it was registered."""
    file = FOLDER / f"{name}.csv"
    if not (FOLDER / "registry.json").is_file():
        raise SystemExit(
            f"{FOLDER}: nothing is registered yet; calibration/register.py does it, once an ensemble is there"
        )
    stated = json.loads((FOLDER / "registry.json").read_text(encoding="utf-8"))["tables"].get(file.name)
    content = file.read_bytes()
    if hashlib.sha256(content).hexdigest() != stated:
        raise SystemExit(f"{file}: not the table that was registered; its hash differs from registry.json")
    return list(csv.DictReader(content.decode().splitlines()))


def compared(rows: Sequence[Mapping[str, str]], measured: Mapping[tuple[str, str, str, float], float]) -> Scored | None:
    """Predictions of what was measured; None where nothing was."""
    kept = [row for row in rows if key_of(row) in measured]
    if not kept:
        return None

    def column(name: str) -> np.ndarray:
        return np.array([float(row[name] or "nan") for row in kept])

    no_change = np.array([NO_CHANGE.get(row["scale"], np.nan) for row in kept])
    nothing = np.full(len(kept), np.nan)
    baselines = {
        "no change": (no_change, nothing),
        "mean of lines": (column("lines_mean"), column("lines_sd")),
        "ridge": (column("ridge_mean"), column("ridge_sd")),
    }
    values = np.array([measured[key_of(row)] for row in kept])
    lines = np.array([row["line"] for row in kept])
    return Scored(lines, values, *(column(name) for name in ("median", "low", "high", "mean", "sd")), baselines)


def told(title: str, found: Mapping[str, float]) -> str:
    numbers = [f"{name} {value:.3g}" for name, value in found.items() if name != "n"]
    return f"{title} ({found['n']:.0f}): " + ", ".join(numbers)


def parts(rows: Sequence[Mapping[str, str]], one: Scored, by: str) -> Iterable[tuple[str, Scored]]:
    """The predictions by line, or by quantity and condition's first word."""
    keys = one.lines if by == "line" else np.array([f"{r['quantity']} {r['condition'].split()[0]}" for r in rows])
    for key in dict.fromkeys(keys):
        yield str(key), one.only(keys == key)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--json", type=Path, help="write all scores there")
    chosen = parser.parse_args(arguments)
    if not chosen.data.is_dir():
        raise SystemExit(f"--data {chosen.data}: no such folder")
    everything: dict[str, dict[str, dict[str, float]]] = {}
    for name, one in experiments().items():
        if "form" not in one:
            continue
        rows, measured = registered(name), measurements(name, one, chosen.data, one["lines"])
        found = compared(rows, measured)
        if found is None:
            print(f"{name}: no measurements in {chosen.data}")
            continue
        kept = [row for row in rows if key_of(row) in measured]
        table = everything[name] = {"all": scores(found)}
        print(told(name, table["all"]))
        for by in ("line", "quantity"):
            for title, part in parts(kept, found, by):
                table[title] = scores(part)
                print("    " + told(title, table[title]))
    if chosen.json:
        chosen.json.write_text(json.dumps(everything, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
