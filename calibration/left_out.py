"""Lines and experiments predicted by chains that never saw them: writes LEFT_OUT.md.

    python calibration/left_out.py --data FOLDER --out DIR [--only bt474 gray_trastuzumab ...]   goes on after a stop

For each line and for each set a run of its own, all its data left out and the findings too, far smaller than that of
the ensemble. What a line's own numbers are then is what its file gives as ranges: receptor levels, genotype, PTEN.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

os.environ.setdefault("OMP_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
from scipy.special import logsumexp
from scipy.stats import norm

from calibration import between_lines
from calibration.agreement import table
from calibration.between_lines import Kind, Miss, kind_of, spreads_between_lines
from calibration.likelihood import baselines
from calibration.likelihood.data import Datum
from calibration.likelihood.evaluation import Simulated
from calibration.measured import half_effect_of
from calibration.populations import MEASURED
from calibration.sample import add_worker_options, run
from calibration.settling import Settings
from calibration.target import circuit_recipe
from pathway.errors import InputError
from pathway.folders import write_atomically

LIGANDS, ANTIBODY = "niepel2014_ligand_response", "growth_antibody"
SETTINGS = Settings(members=60, first=128, starting=6, burn_in=40, settled=10)
PLATEAU = "trastuzumab 288 nM"
UNAMPLIFIED = ("mcf7", "bt20")
FEWEST = 10
DRAWS = 20
"""Of the noise around each member, for intervals."""


@dataclass(frozen=True, eq=False)
class Prediction:
    """What chains without a line or a set say of its data.

    Attributes
    ----------
    name : str
    places : int array, shape (n_data,)
        Of its data in the table of the problem.
    means, spreads : array, shape (n_members, n_data)
        Of each member: what the circuit gives, and error with discrepancy.
    between : array, shape (n_data,), or float
        Spread between lines that comes on top (between_lines.py).
    """

    name: str
    places: np.ndarray
    means: np.ndarray
    spreads: np.ndarray
    between: np.ndarray | float = 0.0

    @property
    def middle(self) -> np.ndarray:
        return np.asarray(self.means.mean(axis=0))

    def interval(self) -> np.ndarray:
        """5 % and 95 % of the predictive distribution, shape (2, n_data)."""
        noise = np.random.default_rng(0).standard_normal((DRAWS, *self.means.shape))
        drawn = self.means + np.hypot(self.spreads, self.between) * noise
        return np.asarray(np.quantile(drawn.reshape(-1, self.means.shape[1]), [0.05, 0.95], axis=0))

    def holds(self, measured: np.ndarray) -> np.ndarray:
        """Which data lie inside their intervals, shape (n_data,)."""
        low, high = self.interval()
        return np.asarray((measured >= low) & (measured <= high))

    def misses(self, data: Sequence[Datum]) -> list[Miss]:
        """How far each datum lies off, and the variance that is claimed without a spread between lines."""
        variance = self.means.var(axis=0) + (self.spreads**2).mean(axis=0)
        own = [data[place] for place in self.places]
        return [
            Miss(self.name, kind_of(datum), datum.value - middle, claimed)
            for datum, middle, claimed in zip(own, self.middle, variance, strict=True)
        ]

    def widened(self, data: Sequence[Datum], spreads: Mapping[Kind, float]) -> Prediction:
        """With the spread between lines that the kinds of its data have."""
        return replace(self, between=np.array([spreads.get(kind_of(data[place]), 0.0) for place in self.places]))

    def log_score(self, measured: np.ndarray) -> np.ndarray:
        """Logarithm of the predictive density of each datum, shape (n_data,)."""
        density = norm.logpdf(measured, self.means, np.hypot(self.spreads, self.between))
        return np.asarray(logsumexp(density, axis=0) - np.log(len(self.means)))


def predicted(data: Path | None, name: str, out: Path, workers: int, dask: str | None = None) -> Prediction:
    """A line's or a set's data, from chains that saw none of them."""
    recipe = circuit_recipe(data, False, (name,), findings=False)
    target = recipe.make()
    problem = target.problem
    identity = {"problem": "calibration", "fingerprint": problem.fingerprint, "data": problem.data_hashes}
    drawn = run(recipe, SETTINGS, out / name, identity, workers, dask=dask).drawn_for(MEASURED)
    theta, simulated = target.values(drawn.z), Simulated(drawn.simulated)
    places = np.array([k for k, datum in enumerate(problem.table) if name in (datum.set, datum.line)])
    means = problem.predictions(theta, simulated)[:, places]
    spreads = np.sqrt(problem.predictive_variance(theta, simulated)[:, places])
    return Prediction(name, places, means, spreads)


def ligands_table(data: Sequence[Datum], predictions: Sequence[Prediction]) -> str:
    """Folds of pAKT and pERK under EGF and HRG, beside guesses without a model."""
    measured = baselines.table_of(data, LIGANDS)
    levels = {line: baselines.receptor_levels(line) for line in measured.lines}
    numbers: dict[tuple[str, str], list[list[float]]] = {}
    for one in predictions:
        others = baselines.mean_of_lines(measured, one.name)
        ridge = baselines.ridge_on_levels(measured, one.name, levels)
        values = np.array([data[place].value for place in one.places])
        within, narrow = one.holds(values), replace(one, between=0.0).holds(values)
        score = one.log_score(values)
        for k, place in enumerate(one.places):
            datum = data[place]
            if datum.set != LIGANDS:
                continue
            at = measured.conditions.index((datum.quantity, datum.label, datum.time))
            theirs = norm.logpdf(datum.value, others.mean[at], others.spread[at])
            numbers.setdefault((datum.quantity, datum.label[:3]), []).append(
                [datum.value, others.mean[at], ridge.mean[at], one.middle[k], within[k], narrow[k], theirs, score[k]]
            )
    rows = []
    for (quantity, ligand), own in sorted(numbers.items()):
        truth, *guesses, within, narrow, theirs, ours = np.array(own).T
        errors = [baselines.root_mean_square_error(guess, truth) for guess in guesses]
        rows.append(
            (quantity, ligand, len(own), *(f"{error:.2f}" for error in errors),
             f"{within.mean():.0%} ({narrow.mean():.0%})",
             f"{theirs.mean():.2f}", f"{ours.mean():.2f}")
        )  # fmt: skip
    header = (
        "", "", "numbers", "mean of the other lines", "ridge on receptor levels", "circuit",
        "inside its 90 % (without the spread between lines)", "log score, mean with spread", "log score, circuit",
    )  # fmt: skip
    return table(header, rows)


class Plateau(NamedTuple):
    """One run of a screen in one line: cells relative to untreated at the highest dose, and the dose of half the
    effect (nM, nan where there is none); measured, predicted, and the mean of the other amplified lines."""

    screen: str
    line: str
    measured: float
    predicted: float
    interval: np.ndarray
    mean_of_others: float
    half_measured: float
    half_predicted: float


def plateaus(data: Sequence[Datum], one: Prediction) -> Iterator[Plateau]:
    """Of every run in which the line was taken to the plateau."""
    for group in dict.fromkeys(data[k].group for k in one.places if data[k].kind == ANTIBODY):
        own = [k for k, place in enumerate(one.places) if data[place].group == group]
        own.sort(key=lambda k: _dose(data[one.places[k]]))
        curve, top = [data[one.places[k]] for k in own], own[-1]
        if curve[-1].label != PLATEAU:
            continue
        others = [
            datum.value
            for datum in data
            if (datum.kind, datum.set, datum.label) == (ANTIBODY, curve[0].set, PLATEAU)
            and datum.line not in (one.name, *UNAMPLIFIED)
        ]
        doses = np.array([_dose(datum) for datum in curve])
        values = np.array([datum.value for datum in curve]), one.middle[own]
        halves = (10.0 ** half_effect_of(doses, each, each[-1]) for each in values)
        mean = float(np.mean(others)) if others else np.nan
        yield Plateau(curve[0].set, one.name, curve[-1].value, one.middle[top], one.interval()[:, top], mean, *halves)


def antibody_table(data: Sequence[Datum], predictions: Sequence[Prediction]) -> str:
    """Trastuzumab: cells relative to untreated at the plateau, and the dose of half the effect."""
    every = sorted((run for one in predictions for run in plateaus(data, one)), key=lambda run: run[:2])
    rows = [
        (run.screen, run.line, f"{run.measured:.2f}", f"{run.predicted:.2f} ({run.interval[0]:.2f} to "
         f"{run.interval[1]:.2f})", f"{run.mean_of_others:.2f}",
         *(f"{half:.2g}" if np.isfinite(half) else "-" for half in run[-2:]))
        for run in every
    ]  # fmt: skip
    amplified = [run for run in every if run.line not in UNAMPLIFIED]
    measured = np.array([run.measured for run in amplified])
    errors = [
        baselines.root_mean_square_error(np.array(guess), measured)
        for guess in ([run.predicted for run in amplified], [run.mean_of_others for run in amplified])
    ]
    apart = [abs(np.log10(run.half_predicted / run.half_measured)) for run in amplified]
    near, known = (sum(one < limit for one in apart) for limit in (np.log10(3.0), np.inf))
    header = (
        "screen", "line", "measured", "circuit (90 %)", "mean of the other amplified lines",
        "half effect, measured (nM)", "circuit",
    )  # fmt: skip
    return table(header, rows) + (
        f"\n\nPlateau of amplified lines: RMSE {errors[0]:.2f} for the circuit, {errors[1]:.2f} for the mean of the "
        f"other amplified lines. Dose of half the effect, where both have one: within a factor of 3 in {near} of "
        f"{known} runs."
    )


def _dose(datum: Datum) -> float:
    """nM, of a label "trastuzumab 288 nM"."""
    return float(datum.label.split()[1])


def every_table(data: Sequence[Datum], predictions: Sequence[Prediction]) -> str:
    """All data of each line or set."""
    rows = []
    for one in predictions:
        values = np.array([data[k].value for k in one.places])
        within, narrow = (each.holds(values).mean() for each in (one, replace(one, between=0.0)))
        baseline, compared = baselines.score_of_other_lines(data, one.places)
        beside = f"{baseline / compared:.2f} ({compared})" if compared else "-"
        share = f"{within:.0%} ({narrow:.0%})" if np.any(one.between) else f"{within:.0%}"
        rows.append((one.name, len(values), share, f"{one.log_score(values).mean():.2f}", beside))
    header = ("left out", "numbers", "inside their 90 % intervals", "mean log score", "mean with spread of other lines")
    return table(header, rows)


def page(data: Sequence[Datum], lines: Sequence[Prediction], sets: Sequence[Prediction]) -> str:
    """In Markdown."""
    misses = all_misses(data, lines)
    spreads = ", ".join(f"{kind} of {what} {sd:.2f}" for (kind, what), sd in spreads_between_lines(misses).items())
    lines = [line.widened(data, spreads_between_lines(misses, without=line.name)) for line in lines]
    parts = [
        "# Lines and experiments that the chains never saw",
        f"Written by `python calibration/left_out.py --data FOLDER --out DIR`: {SETTINGS.members} chains for each, all "
        f"its data and the findings left out, {SETTINGS.burn_in} rounds dropped and {SETTINGS.settled} kept. Chains "
        "this short are too wide rather than too narrow (README.md). Beside their score that of the mean with spread "
        "of the other lines, in parentheses for how many numbers two other lines are at hand.",
        "## Lines",
        f"The fitted discrepancy is that of lines whose own numbers were fitted with it. What a line of which nothing "
        f"was seen adds is told, for each, by the other lines that were left out: {spreads}. It counts "
        "in the intervals and scores below, and shares without it stand in parentheses.",
        every_table(data, lines),
        "### Ligands: RMSE of log10 folds",
        ligands_table(data, lines),
        "### Trastuzumab: cells relative to untreated at 288 nM",
        antibody_table(data, lines),
    ]
    if sets:
        parts += ["## Experiments", every_table(data, sets)]
    return "\n\n".join(parts) + "\n"


def all_misses(data: Sequence[Datum], lines: Sequence[Prediction]) -> list[Miss]:
    """Of all lines that were left out."""
    return [miss for line in lines for miss in line.misses(data)]


def _large_sets(data: Sequence[Datum]) -> list[str]:
    """Sets of so many numbers that a mean score says something."""
    return [name for name, count in Counter(datum.set for datum in data).items() if count >= FEWEST]


def main(arguments: Sequence[str] | None = None) -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of the sets that are not shipped")
    parser.add_argument("--out", type=Path, required=True, help="folder of the runs")
    parser.add_argument(
        "--only", nargs="*", help="lines and sets; unless named, lines with ligand data, and sets of 10 numbers or more"
    )
    add_worker_options(parser)
    parser.add_argument("--page", type=Path, default=Path(__file__).parent / "LEFT_OUT.md")
    given = parser.parse_args(arguments)
    try:
        problem = circuit_recipe(given.data, False, (), findings=False).make().problem
        names = given.only or [*baselines.table_of(problem.table, LIGANDS).lines, *_large_sets(problem.table)]
        predictions = [predicted(given.data, name, given.out, given.workers, given.dask) for name in names]
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    known = {datum.line for datum in problem.table}
    lines, sets = ([one for one in predictions if (one.name in known) == is_line] for is_line in (True, False))
    write_atomically(given.page, page(problem.table, lines, sets))
    spreads = spreads_between_lines(all_misses(problem.table, lines))
    write_atomically(given.page.with_name(between_lines.FILE.name), between_lines.text_of(spreads))
    return 0


if __name__ == "__main__":
    sys.exit(main())
