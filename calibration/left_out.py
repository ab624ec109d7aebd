"""Lines predicted by chains that never saw them: writes LEFT_OUT.md.

    python calibration/left_out.py --data FOLDER --out DIR [--lines bt474 ...]      goes on after a stop

For each line a run of its own, all data of the line left out and the findings too, far smaller than that of the
ensemble. What the line's own numbers are then is what its file gives as ranges: receptor levels, genotype, PTEN.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
from scipy.special import logsumexp
from scipy.stats import norm

from calibration.agreement import table
from calibration.likelihood import baselines
from calibration.likelihood.baselines import Guess
from calibration.likelihood.data import Datum
from calibration.likelihood.evaluation import Simulated
from calibration.populations import MEASURED
from calibration.sample import run
from calibration.settling import Settings
from calibration.target import circuit_recipe
from pathway.errors import InputError
from pathway.folders import write_atomically

LIGANDS, ANTIBODY = "niepel2014_ligand_response", "growth_antibody"
SETTINGS = Settings(members=60, first=128, starting=6, burn_in=40, settled=10)
PLATEAU = "trastuzumab 288 nM"
DRAWS = 20
"""Of the noise around each member, for intervals."""


@dataclass(frozen=True, eq=False)
class Prediction:
    """What chains without a line say of its data.

    Attributes
    ----------
    line : str
    places : int array, shape (n_data,)
        Of its data in the table of the problem.
    means, spreads : array, shape (n_members, n_data)
        Of each member: what the circuit gives, and error with discrepancy.
    """

    line: str
    places: np.ndarray
    means: np.ndarray
    spreads: np.ndarray

    @property
    def middle(self) -> np.ndarray:
        return np.asarray(self.means.mean(axis=0))

    def interval(self) -> np.ndarray:
        """5 % and 95 % of the predictive distribution, shape (2, n_data)."""
        noise = np.random.default_rng(0).standard_normal((DRAWS, *self.means.shape))
        drawn = self.means + self.spreads * noise
        return np.asarray(np.quantile(drawn.reshape(-1, self.means.shape[1]), [0.05, 0.95], axis=0))

    def log_score(self, measured: np.ndarray) -> np.ndarray:
        """Logarithm of the predictive density of each datum, shape (n_data,)."""
        density = norm.logpdf(measured, self.means, self.spreads)
        return np.asarray(logsumexp(density, axis=0) - np.log(len(self.means)))


def predicted(data: Path | None, line: str, out: Path, workers: int) -> Prediction:
    """A line's data, from chains that saw none of them."""
    recipe = circuit_recipe(data, False, (line,), findings=False)
    target = recipe.make()
    problem = target.problem
    identity = {"problem": "calibration", "fingerprint": problem.fingerprint, "data": problem.data_hashes}
    drawn = run(recipe, SETTINGS, out / line, identity, workers).drawn_for(MEASURED)
    theta, simulated = target.values(drawn.z), Simulated(drawn.simulated)
    places = np.array([k for k, datum in enumerate(problem.table) if datum.line == line])
    means = problem.predictions(theta, simulated)[:, places]
    spreads = np.sqrt(problem.predictive_variance(theta, simulated)[:, places])
    return Prediction(line, places, means, spreads)


def ligands_table(data: Sequence[Datum], found: Sequence[Prediction]) -> str:
    """Folds of pAKT and pERK under EGF and HRG, beside guesses without a model."""
    measured = baselines.table_of(data, LIGANDS)
    model, low, high, score = (np.full(measured.values.shape, np.nan) for _ in range(4))
    for one in found:
        own = [k for k, place in enumerate(one.places) if data[place].set == LIGANDS]
        at = [measured.conditions.index((d.quantity, d.label, d.time)) for d in (data[k] for k in one.places[own])]
        row = measured.lines.index(one.line)
        model[row, at] = one.middle[own]
        low[row, at], high[row, at] = one.interval()[:, own]
        score[row, at] = one.log_score(np.array([data[k].value for k in one.places]))[own]
    rows_of = [measured.lines.index(one.line) for one in found]
    levels = {line: baselines.receptor_levels(line) for line in measured.lines}
    others = [baselines.mean_of_lines(measured, one.line) for one in found]
    ridge = [baselines.ridge_on_levels(measured, one.line, levels) for one in found]
    rows = []
    for quantity in ("pAKT", "pERK"):
        for ligand in ("EGF", "HRG"):
            own = [k for k, c in enumerate(measured.conditions) if c[0] == quantity and c[1].startswith(ligand)]
            truth = measured.values[np.ix_(rows_of, own)]
            errors = [
                baselines.root_mean_square_error(guess, truth)
                for guess in (
                    np.array([one.mean[own] for one in others]),
                    np.array([one.mean[own] for one in ridge]),
                    model[np.ix_(rows_of, own)],
                )
            ]
            inside = baselines.coverage(low[np.ix_(rows_of, own)], high[np.ix_(rows_of, own)], truth)
            theirs = np.mean([_score(one, own, row) for one, row in zip(others, truth, strict=True)])
            ours = float(np.nanmean(score[np.ix_(rows_of, own)]))
            rows.append(
                (quantity, ligand, truth.size, *(f"{error:.2f}" for error in errors), f"{inside:.0%}",
                 f"{theirs:.2f}", f"{ours:.2f}")
            )  # fmt: skip
    header = (
        "", "", "numbers", "mean of the other lines", "ridge on receptor levels", "circuit", "inside its 90 %",
        "log score, mean with spread", "log score, circuit",
    )  # fmt: skip
    return table(header, rows)


def _score(guess: Guess, own: Sequence[int], measured: np.ndarray) -> float:
    return baselines.log_score(Guess(guess.mean[own], guess.spread[own]), measured)


def antibody_table(data: Sequence[Datum], found: Sequence[Prediction]) -> str:
    """Trastuzumab: cells relative to untreated at the plateau, and the dose of half the effect."""
    rows, misses = [], []
    for one in found:
        for group in dict.fromkeys(data[k].group for k in one.places if data[k].kind == ANTIBODY):
            own = [k for k, place in enumerate(one.places) if data[place].group == group]
            doses = np.array([_dose(data[one.places[k]].label) for k in own])
            measured = np.array([data[one.places[k]].value for k in own])
            top = [k for k in own if data[one.places[k]].label == PLATEAU]
            if not top:
                continue
            place = one.places[top[0]]
            others = [
                d.value
                for d in data
                if d.kind == ANTIBODY and d.set == data[place].set and d.label == PLATEAU
                and d.line not in (one.line, "mcf7", "bt20")
            ]  # fmt: skip
            mean = float(np.mean(others)) if others else np.nan
            low, high = one.interval()[:, top[0]]
            at = half_effect(doses, measured), half_effect(doses, one.middle[own])
            misses.append((one.line, data[place].value, one.middle[top[0]], mean, *at))
            rows.append(
                (data[place].set, one.line, f"{data[place].value:.2f}", f"{one.middle[top[0]]:.2f} "
                 f"({low:.2f} - {high:.2f})", f"{mean:.2f}", *(f"{d:.2g}" if np.isfinite(d) else "-" for d in at))
            )  # fmt: skip
    numbers = np.array([miss[1:] for miss in misses if miss[0] not in ("mcf7", "bt20")], dtype=float)
    errors = [baselines.root_mean_square_error(numbers[:, k], numbers[:, 0]) for k in (1, 2)]
    apart = np.abs(np.log10(numbers[:, 4] / numbers[:, 3]))
    text = (
        f"\n\nPlateau of amplified lines: RMSE {errors[0]:.2f} for the circuit, {errors[1]:.2f} for the mean of the "
        f"other amplified lines. Dose of half the effect: within a factor of 3 in "
        f"{int((apart[np.isfinite(apart)] < np.log10(3)).sum())} of {int(np.isfinite(apart).sum())} runs."
    )
    header = (
        "screen", "line", "measured", "circuit (90 %)", "mean of the other amplified lines",
        "half effect, measured (nM)", "circuit",
    )  # fmt: skip
    return table(header, sorted(rows)) + text


def _dose(label: str) -> float:
    return float(label.split()[1])


def half_effect(doses: np.ndarray, values: np.ndarray) -> float:
    """Dose at which half of the effect at the highest dose is reached, between two doses on a logarithmic scale; nan
    where the effect is below a tenth or half of it is reached at the lowest dose already."""
    order = np.argsort(doses)
    logs, effect = np.log10(doses[order]), 1.0 - values[order]
    half = effect[-1] / 2
    if len(doses) < 3 or effect[-1] < 0.1 or effect[0] >= half:
        return float("nan")
    above = int(np.argmax(effect >= half))
    share = (half - effect[above - 1]) / (effect[above] - effect[above - 1])
    return float(10.0 ** (logs[above - 1] + share * (logs[above] - logs[above - 1])))


def page(data: Sequence[Datum], found: Sequence[Prediction]) -> str:
    """In Markdown."""
    measured = [np.array([data[k].value for k in one.places]) for one in found]
    rows = []
    for one, values in zip(found, measured, strict=True):
        low, high = one.interval()
        rows.append(
            (one.line, len(values), f"{baselines.coverage(low, high, values):.0%}",
             f"{one.log_score(values).mean():.2f}")
        )  # fmt: skip
    return "\n\n".join(
        [
            "# Lines that the chains never saw",
            f"Written by `python calibration/left_out.py --data FOLDER --out DIR`: {SETTINGS.members} chains for each "
            f"of {len(found)} lines, all data of the line and the findings left out, {SETTINGS.burn_in} rounds dropped "
            f"and {SETTINGS.settled} kept. Chains this short are too wide rather than too narrow (README.md).",
            "## All data of each line",
            table(("line", "numbers", "inside their 90 % intervals", "mean log score"), rows),
            "## Ligands: RMSE of log10 folds",
            ligands_table(data, found),
            "## Trastuzumab: cells relative to untreated at 288 nM",
            antibody_table(data, found),
            "",
        ]
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of the sets that are not shipped")
    parser.add_argument("--out", type=Path, required=True, help="folder of the runs")
    parser.add_argument("--lines", nargs="*", help="those with ligand data unless named")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--page", type=Path, default=Path(__file__).parent / "LEFT_OUT.md")
    given = parser.parse_args(arguments)
    try:
        data = circuit_recipe(given.data, False, (), findings=False).make().problem.table
        lines = given.lines or list(baselines.table_of(data, LIGANDS).lines)
        found = [predicted(given.data, line, given.out, given.workers) for line in lines]
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    write_atomically(given.page, page(data, found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
