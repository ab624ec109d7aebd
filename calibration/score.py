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

from calibration.likelihood import baselines
from calibration.likelihood.baselines import Guess
from calibration.measured import key_of, measurements
from calibration.register import FOLDER, experiments


@dataclass(frozen=True, eq=False)
class Scored:
    """Predictions beside measurements, arrays of one length.

    Attributes
    ----------
    lines, quantities : array of str
        A quantity with the first word of its condition.
    measured, median, low, high : array
    guess : Guess
        Mean and spread of the predictions.
    baselines : mapping of name to Guess
        nan where a baseline says nothing; its spread is nan where it has none.
    """

    lines: np.ndarray
    quantities: np.ndarray
    measured: np.ndarray
    median: np.ndarray
    low: np.ndarray
    high: np.ndarray
    guess: Guess
    baselines: Mapping[str, Guess]

    def only(self, which: np.ndarray) -> Scored:
        columns = (self.lines, self.quantities, self.measured, self.median, self.low, self.high)
        guess, *others = (Guess(*(part[which] for part in one)) for one in (self.guess, *self.baselines.values()))
        return Scored(*(column[which] for column in columns), guess, dict(zip(self.baselines, others, strict=True)))


def scores(one: Scored) -> dict[str, float]:
    """Of the model: n, rmse, rank, coverage, log_score; of a baseline that covers all of them: rmse and log_score."""
    varied = len(one.measured) > 2 and np.ptp(one.measured) > 0 and np.ptp(one.median) > 0
    values = {
        "n": float(len(one.measured)),
        "rmse": baselines.root_mean_square_error(one.median, one.measured),
        "rank": float(stats.spearmanr(one.measured, one.median).statistic) if varied else float("nan"),
        "coverage": baselines.coverage(one.low, one.high, one.measured),
        "log_score": baselines.log_score(one.guess, one.measured),
    }
    for name, guess in one.baselines.items():
        if np.isfinite(guess.mean).all():
            values[f"rmse {name}"] = baselines.root_mean_square_error(guess.mean, one.measured)
            if np.isfinite(guess.spread).all():
                values[f"log_score {name}"] = baselines.log_score(guess, one.measured)
    return values


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

    unchanged = np.array([baselines.UNCHANGED.get(row["scale"], np.nan) for row in kept])
    guesses = {
        "no change": Guess(unchanged, np.full(len(kept), np.nan)),
        "mean of lines": Guess(column("lines_mean"), column("lines_sd")),
        "ridge": Guess(column("ridge_mean"), column("ridge_sd")),
    }
    return Scored(
        np.array([row["line"] for row in kept]),
        np.array([f"{row['quantity']} {row['condition'].split()[0]}" for row in kept]),
        np.array([measured[key_of(row)] for row in kept]),
        *(column(name) for name in ("median", "low", "high")),
        Guess(column("mean"), column("sd")),
        guesses,
    )


def line_of_scores(title: str, values: Mapping[str, float]) -> str:
    numbers = [f"{name} {value:.3g}" for name, value in values.items() if name != "n"]
    return f"{title} ({values['n']:.0f}): " + ", ".join(numbers)


def parts(one: Scored) -> Iterable[tuple[str, Scored]]:
    """The predictions by line, then by quantity and condition's first word."""
    for keys in (one.lines, one.quantities):
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
        compared_rows = compared(rows, measured)
        if compared_rows is None:
            print(f"{name}: no measurements in {chosen.data}")
            continue
        table = everything[name] = {"all": scores(compared_rows)}
        print(line_of_scores(name, table["all"]))
        for title, part in parts(compared_rows):
            table[title] = scores(part)
            print("    " + line_of_scores(title, table[title]))
    if chosen.json:
        chosen.json.write_text(json.dumps(everything, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
