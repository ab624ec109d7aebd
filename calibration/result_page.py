"""Writes RESULT.md: what the runs of sample.py found, and how far they can be trusted.

    python calibration/result_page.py DIR [DIR ...] [EARLIER.npz] --data FOLDER

Runs, and the ensembles that earlier ones left, are compared with each other; all other tables are of all together.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np

from calibration.agreement import table
from calibration.populations import FINDINGS, MEASURED, TARGETS, History, Population
from calibration.sample import add_data_options
from calibration.stored import WAVES, pooled, read_runs
from calibration.target import CircuitTarget, circuit_recipe
from pathway.errors import InputError
from pathway.folders import write_atomically
from pathway.scenario.weighted import weighted_quantiles

NARROW, UNINFORMED = 0.5, 0.9
GR_APART, SHARES_APART = 0.03, 0.05
"""Runs agree if medians and shares differ by no more."""


@dataclass(frozen=True, eq=False)
class Draws:
    """All members of some runs, with one weight for each of three targets."""

    target: CircuitTarget
    history: History

    @cached_property
    def every(self) -> Population:
        return self.history.merged(FINDINGS)

    @cached_property
    def weights(self) -> dict[str, np.ndarray]:
        return {name: self.history.weights(temperature) for name, temperature in TARGETS.items()}

    @cached_property
    def values(self) -> np.ndarray:
        return self.target.values(self.every.z)

    @cached_property
    def findings(self) -> np.ndarray:
        """The number of each finding, shape (n_members, n_findings)."""
        table = self.target.problem.findings.table if self.target.problem.findings else ()
        return self.every.simulated[:, self.every.simulated.shape[1] - len(table) :].astype(float)

    def median(self, numbers: np.ndarray, name: str, shares: Sequence[float] = (0.05, 0.5, 0.95)) -> np.ndarray:
        """Weighted quantiles of one number for a target; nan rows do not count."""
        return weighted_quantiles(numbers, self.weights[name], shares)


def page(target: CircuitTarget, runs: Sequence[Draws], together: Draws, logs: Sequence[dict]) -> str:
    """The page, in Markdown."""
    parts = [
        _head(target, together, logs),
        _runs_apart(target, runs),
        _triple(target, together),
        _discrepancies(target, together),
        _widths(target, together),
        _waves(logs),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _interval(low: float, middle: float, high: float) -> str:
    return f"{middle:.3g} ({low:.3g} - {high:.3g})"


def _head(target: CircuitTarget, together: Draws, logs: Sequence[dict]) -> str:
    problem = target.problem
    absent = f" Not at hand: {'; '.join(problem.absent)}." if problem.absent else ""
    return (
        "# The calibrated ensemble\n\n"
        "Written by `python calibration/result_page.py` from the stored pieces of `calibration/sample.py`.\n\n"
        f"{len(logs)} run(s) at hand, {sum(one['runs'] for one in logs)} simulated vectors of {target.dimension} "
        f"quantities, {sum(one['processor_seconds'] for one in logs) / 3600:.2f} processor hours of simulation. "
        f"{int(problem.counted.sum())} measured numbers in {len(problem.sets)} sets and {int(target.finding.sum())} "
        f"findings of role `calibration`; findings of role `prediction` are not seen.{absent} "
        "Intervals are 5 % to 95 %."
    )


def _agree(values: Sequence[float], apart: float) -> str:
    return "yes" if max(values) - min(values) <= apart else "**no**"


def _inside(draws: Draws, place: int) -> np.ndarray:
    """Which members have their number in the band of a finding, shape (n_members,)."""
    assert draws.target.problem.findings is not None
    expectation = draws.target.problem.findings.table[place].expectation
    numbers = draws.findings[:, place]
    inside = np.isfinite(numbers)
    with np.errstate(invalid="ignore"):
        if expectation.above is not None:
            inside &= numbers > expectation.above
        if expectation.below is not None:
            inside &= numbers < expectation.below
    return inside


def _met(draws: Draws, place: int, name: str) -> float:
    """Weighted share of members whose number lies in the band of a finding."""
    return float(draws.weights[name] @ _inside(draws, place))


def _share_of_chains(draws: Draws, place: int, name: str) -> tuple[float, float]:
    """That share, and its standard error if chains were independent of each other."""
    ends = np.cumsum([len(population.z) for population in draws.history.populations])
    inside = np.split(_inside(draws, place), ends[:-1])
    own = [k for k, p in enumerate(draws.history.populations) if (p.temperature == TARGETS[name]).all()]
    by_chain = np.mean([inside[k] for k in own], axis=0)
    return float(by_chain.mean()), float(by_chain.std() / np.sqrt(len(by_chain)))


def _errors_apart(target: CircuitTarget, runs: Sequence[Draws], name: str) -> float:
    """Root mean square, over findings, of the distance of two runs' shares in standard errors of chains."""
    assert target.problem.findings is not None
    pairs = [[_share_of_chains(draws, k, name) for draws in runs] for k in range(len(target.problem.findings.table))]
    apart = [(one[0] - two[0]) / max(np.hypot(one[1], two[1]), 1e-9) for one, two in pairs]
    return float(np.sqrt(np.mean(np.square(apart))))


def _why_apart(target: CircuitTarget, runs: Sequence[Draws]) -> str:
    """How far two runs lie apart for the number of their chains."""
    if len(runs) != 2 or any(len(draws.history.populations) < 3 for draws in runs):
        return ""
    errors = [_errors_apart(target, runs, name) for name in ("measured", "findings")]
    chains = sum(len(draws.history.last(MEASURED).z) for draws in runs)
    worth = [chains / max(error, 1.0) ** 2 for error in errors]
    return (
        f" Shares lie {errors[0]:.1f} standard errors apart after measured data and {errors[1]:.1f} after the findings "
        f"(root mean square; 1 if chains were independent), so that {chains} chains are worth {worth[0]:.0f} and "
        f"{worth[1]:.0f} independent draws: chains that gave way to others early in the burn-in share ancestors."
    )


def _runs_apart(target: CircuitTarget, runs: Sequence[Draws]) -> str:
    if len(runs) < 2 or target.problem.findings is None:
        return ""
    rows = []
    for place, finding in enumerate(target.problem.findings.table):
        for name in ("measured", "findings"):
            medians = [draws.median(draws.findings[:, place], name)[1] for draws in runs]
            shares = [_met(draws, place, name) for draws in runs]
            allowed = GR_APART * max(1.0, abs(medians[0]))
            rows.append(
                (finding.column.removeprefix("finding:"), finding.expectation.claim, name,
                 ", ".join(f"{median:.3g}" for median in medians), _agree(medians, allowed),
                 ", ".join(f"{share:.0%}" for share in shares), _agree(shares, SHARES_APART))
            )  # fmt: skip
    medians, shares = (sum(row[k] == "yes" for row in rows) for k in (4, 6))
    return (
        "## Independent runs\n\n"
        f"{len(runs)} runs, each with starts of its own. Medians within {GR_APART} (of the number where that is above "
        f"1): {medians} of {len(rows)}; shares within {SHARES_APART:.0%}: {shares} of {len(rows)}. Where runs differ, "
        f"the pooled share is no better known than they tell apart.{_why_apart(target, runs)}\n\n"
        + table(["finding", "number", "after", "median of each run", "agree", "share that meets it", "agree"], rows)
    )


def _triple(target: CircuitTarget, draws: Draws) -> str:
    if target.problem.findings is None:
        return ""
    rows = []
    for place, finding in enumerate(target.problem.findings.table):
        cells = [draws.median(draws.findings[:, place], name) for name in TARGETS]
        shares = [_met(draws, place, name) for name in TARGETS]
        spread = max(cells[0][2] - cells[0][0], 1e-9)
        silent = abs(cells[1][1] - cells[0][1]) < 0.1 * spread and 0.8 < (cells[1][2] - cells[1][0]) / spread < 1.25
        rows.append(
            (finding.column.removeprefix("finding:"), finding.expectation.claim, *(_interval(*cell) for cell in cells),
             " / ".join(f"{share:.0%}" for share in shares), "no measurement informs this" if silent else "")
        )  # fmt: skip
    return (
        "## Each finding under the prior, after measured data, after the findings too\n\n"
        + table(["finding", "number", "prior", "measured", "findings", "share that meets it", ""], rows)
        + "\n\nThe share of a finding after the findings contains the finding itself and proves nothing of it."
    )


def _discrepancies(target: CircuitTarget, draws: Draws) -> str:
    """Fitted discrepancy beside the error of measurement, by kind and set."""
    problem = target.problem
    errors: dict[tuple[str, str], list[float]] = defaultdict(list)
    for datum, counted in zip(problem.table, problem.counted, strict=True):
        if counted:
            errors[(datum.kind, datum.set)].append(datum.error)
    places = {name: k for k, name in enumerate(problem.names)}
    rows = []
    for (kind, one), own in sorted(errors.items()):
        low, middle, high = draws.median(draws.values[:, places[f"discrepancy.{kind}"]], "measured")
        error = float(np.median(own))
        beyond = "the structure is wrong here" if low > error else "comparable" if high > error else "within the error"
        rows.append((one, kind, len(own), f"{error:.3g}", _interval(low, middle, high), beyond))
    return (
        "## Discrepancy beside the error of measurement\n\n"
        "On the scale of each set (logarithms to base 10 for folds). Where the whole interval lies above the typical "
        "error, the circuit misses the data by more than these are uncertain.\n\n"
        + table(["set", "kind", "numbers", "median error", "discrepancy", ""], rows)
    )


def _widths(target: CircuitTarget, draws: Draws) -> str:
    """Width of each quantity after the data over that before, in quantiles of the prior."""
    problem = target.problem
    z = draws.every.z
    rows = []
    for name, column, switch in zip(problem.names, z.T, problem.is_indicator, strict=True):
        values = draws.values[:, list(problem.names).index(name)]
        if switch:
            shares = [float(draws.weights[n] @ values) for n in TARGETS]
            rows.append((2.0, (name, *(f"on in {share:.0%}" for share in shares), "", "switch")))
            continue
        spans = {n: float(np.ptp(draws.median(column, n, (0.05, 0.95)))) for n in ("measured", "findings")}
        ratio = spans["measured"] / 3.29
        cells = [_interval(*draws.median(values, n)) for n in TARGETS]
        note = "no measurement informs this" if ratio > UNINFORMED else "told by data" if ratio < NARROW else ""
        rows.append((ratio, (name, *cells, f"{ratio:.2f} / {spans['findings'] / 3.29:.2f}", note)))
    rows.sort(key=lambda row: row[0])
    informed = sum(ratio < NARROW for ratio, _ in rows)
    silent = sum(UNINFORMED < ratio < 2.0 for ratio, _ in rows)
    return (
        "## What the data tell of each quantity\n\n"
        f"Width of the 90 % interval over the prior's, in standard normal quantiles of the prior: below {NARROW} for "
        f"{informed} of {len(rows)} quantities, above {UNINFORMED} for {silent}.\n\n"
        + table(["quantity", "prior", "measured", "findings", "width, measured / findings", ""], [r for _, r in rows])
    )


def _waves(logs: Sequence[dict]) -> str:
    parts = [
        "## Chains\n\nEach starts where a draw of the prior and the data agree best, and moves until it has forgotten "
        "its start: the log-likelihood must stand where the populations begin to count."
    ]
    for number, one in enumerate(logs, start=1):
        settings = one["settings"]
        parts.append(
            f"Run {number}: {one['runs']} vectors, {one['prior_draws_simulated']:.1%} of prior draws can be simulated; "
            f"{settings['members']} chains, {settings['burn_in']} rounds dropped, {settings['settled']} kept."
        )
        parts.append(_settling(one["waves"]))
    return "\n\n".join(parts)


def _settling(waves: Sequence[dict]) -> str:
    rows = [
        (f"{w['findings']:.0f}", f"{w['acceptance']:.0%}", f"{w['step']:.3f}",
         f"{w['log_likelihood']:.1f}", f"{w['log_likelihood_findings']:.1f}")
        for w in waves[:: max(1, len(waves) // 24)]
    ]  # fmt: skip
    names = ["findings", "moves taken", "step", "median log-likelihood, measured", "of findings"]
    return table(names, rows)


def main(arguments: Sequence[str] | None = None) -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", type=Path, nargs="+")
    add_data_options(parser)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "RESULT.md")
    given = parser.parse_args(arguments)
    target = circuit_recipe(given.data, given.shipped_only, sorted(given.without)).make()
    try:
        runs = read_runs(given.runs, target)
        together = Draws(target, pooled(runs))
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    logs = [json.loads((place / WAVES).read_text(encoding="utf-8")) for place in given.runs if place.is_dir()]
    write_atomically(given.out, page(target, [Draws(target, run) for run in runs], together, logs))
    return 0


if __name__ == "__main__":
    sys.exit(main())
