"""The most probable parameter set of the default circuit: where the posterior is highest, all its loops at work.

    python calibration/mode.py --data FOLDER --out mode.json            finds it
    python calibration/mode.py --write mode.json                        puts it into the number files
    python calibration/mode.py --data FOLDER --out mode.json --profile V3@bt474_resistant

Members of the ensemble have some loops switched off, and each is a draw: what no data tell lies anywhere in its range.
Here every loop stands as the number files have it, and what no data tell stays in the middle of its range, since
there the prior is highest. The way up starts from the likeliest members and follows the slopes of the residuals
(Levenberg and Marquardt); measured data and findings of role "calibration" count, predictions never.

--profile leaves the findings out and holds the number of one of them at a series of values: how much log density the
measured data lose by that says how far they tell this number, whatever a sampler has explored.

The number files keep what each source says beside it, and the ensemble's 90 % interval. Afterwards
`anchor_cells.py --write` finds what is anchored.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
from scipy.optimize import minimize

from calibration.likelihood.sampled import Sampled, indicator_name
from calibration.moves import all_residuals, damped_steps, moved_coordinates, slopes_at
from calibration.populations import FINDINGS, Population, Target, judged
from calibration.sample import add_data_options
from calibration.target import CircuitTarget, circuit_recipe
from pathway import parameters
from pathway.errors import InputError, UnknownNameError, did_you_mean
from pathway.folders import json_text, write_atomically
from pathway.network.loops import LOOPS
from pathway.parameters.parameter_ensemble import (
    INDICATOR,
    SHIPPED,
    ParameterEnsemble,
    is_parameter_column,
    read_ensemble,
)
from pathway.parameters.read import HERE
from pathway.scenario.weighted import weighted_quantiles

ROUNDS = 40
ENOUGH = 0.05
"""Gain of one round, in units of log density, below which the top is reached."""
_DAMPINGS = 10.0 ** np.arange(-2.0, 4.0)
"""Tried together in each round; 0 would be the step of Gauss and Newton."""


def height(population: Population) -> np.ndarray:
    """Logarithm of prior density times likelihood, up to a constant, shape (n,); -inf where a run failed."""
    return population.totals @ FINDINGS - 0.5 * (population.z**2).sum(axis=1)


def climb_to_mode(
    target: Target, simulate: Callable[[np.ndarray], np.ndarray], start: np.ndarray,
    progress: Callable[[str], None] = lambda line: None, rounds: int = ROUNDS,
) -> Population:  # fmt: skip
    """The highest point that is reached from a start; switches stay what they are.

    Parameters
    ----------
    target : Target
    simulate : callable
        Coordinates (n, dimension) to simulated numbers (n, n_outputs).
    start : array, shape (dimension,)
    progress : callable
        Takes a line after each round.
    rounds : int
        At most.

    Returns
    -------
    Population
        Of one member.

    Raises
    ------
    InputError
        If the start cannot be simulated.
    """
    moved = moved_coordinates(target)
    best = judged_at(target, simulate, start[None])
    if not best.alive[0]:
        raise InputError("the start cannot be simulated")
    for number in range(rounds):
        before = height(best)[0]
        best = _with_best_cheap(target, best)
        trials = judged_at(target, simulate, _trials(target, simulate, best, moved))
        heights = height(trials)
        if heights.max() > height(best)[0]:
            best = trials.rows(np.array([int(np.argmax(heights))]), FINDINGS)
        gain = height(best)[0] - before
        progress(f"round {number + 1}: log-likelihood {best.totals[0].sum():.2f}, log density {height(best)[0]:.2f}")
        if gain < ENOUGH:
            break
    return best


def judged_at(target: Target, simulate: Callable[[np.ndarray], np.ndarray], z: np.ndarray) -> Population:
    """Points with their log-likelihoods."""
    return judged(target, z, simulate(z), FINDINGS)


def _trials(
    target: Target, simulate: Callable[[np.ndarray], np.ndarray], point: Population, moved: np.ndarray
) -> np.ndarray:
    """Where steps of different damping lead, shape (n_dampings, dimension)."""
    residuals = partial(all_residuals, target, FINDINGS)
    slopes = slopes_at(point, moved, simulate, residuals)[0]
    uphill = point.z[:, moved] + residuals(point.z, point.simulated) @ slopes
    trials = np.repeat(point.z, len(_DAMPINGS), axis=0)
    trials[:, moved] += np.concatenate([damped_steps(slopes, uphill, damping) for damping in _DAMPINGS])
    return trials


def _with_best_cheap(target: Target, point: Population) -> Population:
    """With the best of the coordinates that no simulation sees."""
    cheap = np.flatnonzero(target.cheap)
    if not len(cheap):
        return point

    def depth(values: np.ndarray) -> float:
        z = point.z.copy()
        z[0, cheap] = values
        value = -height(judged(target, z, point.simulated, FINDINGS))[0]
        return float(value) if np.isfinite(value) else 1e12

    z = point.z.copy()
    z[0, cheap] = minimize(depth, point.z[0, cheap], method="L-BFGS-B", options={"maxiter": 200}).x
    better = judged(target, z, point.simulated, FINDINGS)
    return better if height(better)[0] > height(point)[0] else point


class HeldNumber:
    """Measured data alone, and the number of one finding held at a value.

    Parameters
    ----------
    target : CircuitTarget
    place : int
        Of the finding in the table of findings.
    value : float
    """

    error = 0.01
    """Standard deviation with which it is held."""

    def __init__(self, target: CircuitTarget, place: int, value: float) -> None:
        self._target, self.value = target, value
        self._column = place - len(target.problem.findings.table) if target.problem.findings else 0
        self.dimension, self.cheap = target.dimension, target.cheap
        self.switches, self.strengths = target.switches, target.strengths
        self.finding = np.zeros(int((~target.finding).sum()) + 1, dtype=bool)

    def log_likelihood(self, z: np.ndarray, simulated: np.ndarray) -> np.ndarray:
        measured = self._target.log_likelihood(z, simulated)[:, ~self._target.finding]
        return np.column_stack([measured, -0.5 * self._distance(simulated) ** 2])

    def residuals(self, z: np.ndarray, simulated: np.ndarray) -> np.ndarray:
        return np.column_stack([self._target.residuals(z, simulated), self._distance(simulated)])

    def finding_residuals(self, z: np.ndarray, simulated: np.ndarray) -> np.ndarray:
        return np.zeros((len(z), 0))

    def number(self, simulated: np.ndarray) -> np.ndarray:
        """Of the finding, shape (n,)."""
        return simulated[:, self._column]

    def _distance(self, simulated: np.ndarray) -> np.ndarray:
        return (self.number(simulated) - self.value) / self.error


def number_profile(
    target: CircuitTarget, start: np.ndarray, column: str, values: Sequence[float],
    progress: Callable[[str], None] = lambda line: None,
) -> list[tuple[float, float]]:  # fmt: skip
    """For each value at which a finding's number is held: the number reached, and the highest log density of the
    measured data, up to a constant.

    Parameters
    ----------
    target : CircuitTarget
    start : array, shape (dimension,)
        The first way up starts here, each next one where the last one ended.
    column : str
        "V3@bt474_resistant"; of several numbers of a finding the first.
    values : sequence of float

    Raises
    ------
    UnknownNameError
    """
    table = target.problem.findings.table if target.problem.findings else ()
    names = [finding.column.partition(":")[2] for finding in table]
    if column not in names:
        raise UnknownNameError(f"no finding is called '{column}'.{did_you_mean(column, names)}")
    profile = []
    for value in values:
        held = HeldNumber(target, names.index(column), value)
        top = climb_to_mode(held, target.simulate, start, progress)
        start = top.z[0]
        profile.append((float(held.number(top.simulated)[0]), float(height(top)[0] - top.columns[0, -1])))
    return profile


def default_switches(prior: Sampled) -> np.ndarray:
    """1 where the number files have a loop at work, 0 where they have it off, shape (n_sampled,); nan if no switch."""
    switches = np.full(len(prior.names), np.nan)
    for loop in LOOPS:
        place = prior.place.get(indicator_name(loop.switched_off))
        if place is not None:
            entries = parameters.reference_entries()
            switches[place] = any(entries[name].value != off for name, off in loop.switched_off.items())
    return switches


def starts(target: CircuitTarget, ensemble: ParameterEnsemble, number: int) -> np.ndarray:
    """The likeliest members, with the switches of the default circuit, as coordinates, (number, dimension)."""
    prior = target.problem.prior
    likeliest = np.argsort(-ensemble.log_likelihood.sum(axis=1), kind="stable")[:number]
    values = ensemble.values[likeliest][:, [ensemble.places[name] for name in prior.names]]
    switches = default_switches(prior)
    return target.coordinates(np.where(np.isnan(switches), values, switches))


def _tell(line: str, before: str = "") -> None:
    print(before + line, file=sys.stderr, flush=True)


CALIBRATED = r"(\[{name}\]\nvalue = [^\n]*\n)(?:calibrated = [^\n]*\n)?"
"""Where an entry of a number file begins, up to what calibration put there."""


def write_values(values: Mapping[str, float], ensemble: ParameterEnsemble) -> int:
    """Put values of the circuit and its lines, with their intervals, into the number files; how many.

    Parameters
    ----------
    values : mapping
        By the names of an ensemble; nuisances, discrepancies and switches are left out, and what a loop that is
        switched off would need.
    ensemble : ParameterEnsemble
        Whose 5 % and 95 % after data and findings stand beside them.

    Notes
    -----
    Shipped files give every number in the unit of the network.
    """
    ends = weighted_quantiles(ensemble.values, ensemble.weights_findings, [0.05, 0.95])
    texts: dict[Path, str] = {}
    number = 0
    for name in filter(is_parameter_column, values):
        line, _, parameter = name.rpartition(".")
        if name.startswith(INDICATOR):
            continue
        entry = (parameters.cell_line(line).entries if line else parameters.reference_entries())[parameter]
        if entry.value == 0.0 or entry.source == parameters.ANCHORED:
            continue
        file = HERE / "cells" / f"{line}.toml" if line else HERE / "reference.toml"
        low, high = (float(ends[row, ensemble.places[name]]) for row in (0, 1))
        shown = [f"{float(np.clip(value, *entry.range)):.6g}" for value in (values[name], low, high)]
        text = "calibrated = {{ value = {}, interval = [{}, {}] }}\n".format(*shown)
        before = texts.setdefault(file, file.read_text(encoding="utf-8"))
        texts[file], count = re.subn(CALIBRATED.format(name=parameter), rf"\g<1>{text}", before)
        number += count
    for file, content in texts.items():
        write_atomically(file, content)
    return number


def main(arguments: Sequence[str] | None = None) -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_data_options(parser)
    parser.add_argument("--ensemble", type=Path, default=SHIPPED, help="whose likeliest members the way starts from")
    parser.add_argument("--starts", type=int, default=3)
    parser.add_argument("--out", type=Path, default=Path("mode.json"))
    parser.add_argument("--profile", help="a finding, as V3@bt474_resistant; starts from the mode in --out")
    parser.add_argument("--values", type=float, nargs="+", default=[0.4, 0.3, 0.2, 0.1, 0.0], help="to hold it at")
    parser.add_argument("--write", type=Path, help="a mode found before, to be put into the number files")
    given = parser.parse_args(arguments)
    if given.write:
        values = json.loads(given.write.read_text(encoding="utf-8"))
        print(f"{write_values(values, read_ensemble(given.ensemble))} numbers written; now anchor_cells.py --write")
        return 0
    target = circuit_recipe(given.data, given.shipped_only, sorted(given.without)).make()
    try:
        if given.profile:
            known = json.loads(given.out.read_text(encoding="utf-8"))
            start = target.coordinates(np.array([[known[name] for name in target.problem.names]]))[0]
            rows = number_profile(target, start, given.profile, given.values, _tell)
            print("\n".join(f"{number:.3f} {density:.2f}" for number, density in rows))
            return 0
        tops = []
        for number, start in enumerate(starts(target, read_ensemble(given.ensemble), given.starts), 1):
            tops.append(climb_to_mode(target, target.simulate, start, partial(_tell, before=f"start {number}, ")))
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    best = max(tops, key=lambda top: float(height(top)[0]))
    values = target.values(best.z)[0]
    write_atomically(given.out, json_text(dict(zip(target.problem.names, values.tolist(), strict=True))))
    heights = [round(float(height(top)[0]), 2) for top in tops]
    print(json.dumps({"log_density": heights, "log_likelihood": best.totals[0].tolist(), "written": str(given.out)}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
