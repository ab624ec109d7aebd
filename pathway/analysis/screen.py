"""What else would change the drug's effect? Every species, reaction and parameter turned, singly and in pairs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from pathway.equations import Model
from pathway.scenario.controls import GrowthControl, matched_control
from pathway.scenario.experiment import Arm, Scenario
from pathway.scenario.growth import gr_value
from pathway.scenario.laboratory import Laboratory
from pathway.simulation import Intervention, simulate_ensemble
from pathway.simulation.pieces import PieceRunner
from pathway.simulation.steady import steady_states

from .arms_under_draws import arms_under_draws, checked_readouts
from .draws import DrawInterval, ParameterDraws, Progress, draw_interval, draws_of_chosen_values
from .mistakes import AnalysisError, unknown_name_error
from .scaled_model import KINDS, PerturbationTarget, perturbation_targets, scalable_model, scaled_values

_CHUNK = 512
_LEAST = 1e-6
"""Change of GR below which a target does nothing."""
_SAME = 1e-5
"""Relative difference of all read-outs below which two targets do the same."""
_BEST_PAIRS = 20


@dataclass(frozen=True, eq=False)
class ScreenResult:
    """Effects of turning targets on the response to a drug.

    Attributes
    ----------
    scenario : Scenario
    arm : str
        Whose dish and drug.
    factor : float
        What every target is multiplied by: below 1 a knock-down.
    targets : tuple of PerturbationTarget
        Ranked by how much they change the drug's effect.
    gr : array, shape (n,)
        GR of the arm with each target turned, against its control with the same target turned.
    baseline : float
        GR without any target turned.
    growth : array, shape (n,)
        Growth without the drug, relative to the unturned cells: 1 unchanged.
    readouts : mapping of name to array, shape (n,)
        Under the drug, at the end.
    readouts_baseline : mapping of name to float
    paired : tuple of int
        Places of the targets that were combined.
    pairs : array, shape (p, p)
        GR with both turned; on the diagonal one alone. Empty without a pair screen.
    failed : tuple of str
        Targets whose cells have no resting state or could not be simulated.
    intervals : tuple of DrawInterval, length n
        Of the change of GR over draws, each against the unturned cells of the same draw.
    pair_intervals : mapping of (target, target) to DrawInterval
        Of the change of GR by the best pairs.
    draws : ParameterDraws
    """

    scenario: Scenario
    arm: str
    factor: float
    targets: tuple[PerturbationTarget, ...]
    gr: np.ndarray
    baseline: float
    growth: np.ndarray
    readouts: dict[str, np.ndarray]
    readouts_baseline: dict[str, float]
    paired: tuple[int, ...]
    pairs: np.ndarray
    failed: tuple[str, ...]
    intervals: tuple[DrawInterval, ...]
    pair_intervals: Mapping[tuple[str, str], DrawInterval]
    draws: ParameterDraws

    @property
    def change(self) -> np.ndarray:
        """How much each target changes GR: negative, it restores the response."""
        return self.gr - self.baseline

    def same_as(self, place: int) -> list[PerturbationTarget]:
        """Targets further down that do the same: a protein, its synthesis and the parameter before it."""
        return [self.targets[k] for k in range(place + 1, len(self.targets)) if self._alike(place, k)]

    def unlike(self) -> list[int]:
        """Places of targets without those that do the same as one before."""
        kept: list[int] = []
        for k in range(len(self.targets)):
            if not any(self._alike(other, k) for other in kept):
                kept.append(k)
        return kept

    def _alike(self, one: int, other: int) -> bool:
        columns = (self.gr, self.growth, *self.readouts.values())
        moved = abs(self.change[one]) > _LEAST
        return bool(moved and all(abs(c[one] - c[other]) <= _SAME * max(abs(c[one]), 1e-12) for c in columns))

    def beyond(self) -> np.ndarray:
        """What pairs do beyond the sum of both alone, shape (p, p)."""
        alone = np.array([self.gr[k] for k in self.paired]) - self.baseline
        return self.pairs - self.baseline - alone[:, None] - alone[None, :]

    def best_pairs(self, count: int = _BEST_PAIRS) -> list[tuple[str, str, float]]:
        """The pairs with the strongest response, and their GR."""
        rows, columns = np.triu_indices(len(self.paired), 1)
        values = self.pairs[rows, columns]
        order = [k for k in np.argsort(values, kind="stable") if np.isfinite(values[k])][:count]
        names = [self.targets[k].name for k in self.paired]
        return [(names[rows[k]], names[columns[k]], float(values[k])) for k in order]

    def to_dict(self) -> dict[str, Any]:
        """The JSON form."""
        entries = [
            {
                "target": target.name,
                "kind": target.kind,
                "GR": float(self.gr[k]),
                "change": float(self.change[k]),
                **self.intervals[k].ends("change_"),
                "growth_without_drug": float(self.growth[k]),
                **{name: float(values[k]) for name, values in self.readouts.items()},
            }
            for k, target in enumerate(self.targets)
        ]
        names = [self.targets[k].name for k in self.paired]
        return {
            "scenario": self.scenario.name,
            "arm": self.arm,
            "factor": self.factor,
            "baseline": {"GR": self.baseline, **self.readouts_baseline},
            "targets": entries,
            "pairs": {
                "targets": names,
                "GR": _rows(self.pairs),
                "change": _rows(self.pairs - self.baseline),
                "beyond_sum": _rows(self.beyond()),
                "best": [
                    {"targets": [a, b], "GR": gr, **self.pair_interval(a, b).ends("change_")}
                    for a, b, gr in self.best_pairs()
                ],
            },
            "failed": list(self.failed),
            "ensemble": self.draws.to_dict(),
        }

    def pair_interval(self, one: str, two: str) -> DrawInterval:
        """Of the change of GR by a pair; without ends where no draws were asked for."""
        return self.pair_intervals.get((one, two), DrawInterval(float("nan")))

    def rows(self) -> tuple[list[str], list[list[Any]]]:
        """The tidy table of single targets."""
        header = ["target", "kind", "factor [1]", "GR [1]", "change of GR [1]", "low", "high", "median"]
        header += ["growth without drug [1]", *(f"{name} under drug" for name in self.readouts)]
        table = []
        for k, target in enumerate(self.targets):
            others = [float(values[k]) for values in self.readouts.values()]
            change = [float(self.change[k]), *self.intervals[k].ends().values()]
            table.append(
                [target.name, target.kind, self.factor, float(self.gr[k]), *change, float(self.growth[k]), *others]
            )
        return header, table

    def pair_rows(self) -> tuple[list[str], list[list[Any]]]:
        """The tidy table of pairs; intervals of the change of GR stand at the best pairs only, as its header says."""
        names, beyond = [self.targets[k].name for k in self.paired], self.beyond()
        header = ["target", "with", "GR [1]", "beyond the sum of both [1]", "change of GR [1]"]
        header += [f"{end} (best {_BEST_PAIRS} pairs only)" for end in DrawInterval(0.0).ends()]
        rows, columns = np.triu_indices(len(names), 1)
        return header, [
            [
                names[i], names[j], float(self.pairs[i, j]), float(beyond[i, j]),
                float(self.pairs[i, j]) - self.baseline, *self.pair_interval(names[i], names[j]).ends().values(),
            ]
            for i, j in zip(rows, columns, strict=True)
        ]  # fmt: skip


def _rows(values: np.ndarray) -> list[list[float | None]]:
    """A matrix for JSON."""
    return [[None if np.isnan(v) else float(v) for v in row] for row in values]


def screen(
    scenario: Scenario,
    laboratory: Laboratory,
    *,
    arm: str | None = None,
    factor: float = 0.2,
    kinds: Sequence[str] = KINDS,
    only: Sequence[str] | None = None,
    pairs: int = 0,
    readouts: Iterable[str] = ("pAKT", "PTEN"),
    draws: ParameterDraws | None = None,
    progress: Progress | None = None,
    runner: PieceRunner | None = None,
) -> ScreenResult:
    """Turn every target and ask for the drug's effect again.

    Parameters
    ----------
    scenario : Scenario
    laboratory : Laboratory
    arm : str, optional
        An arm that gets the drug of [growth_rate]; the first that gets nothing else unless given.
    factor : float
        0.2 is a knock-down by 80 %; above 1 turns up.
    kinds : sequence of str
        Of `KINDS`.
    only : sequence of str, optional
        Names of targets.
    pairs : int
        So many of the strongest targets are also combined in pairs; a negative number combines all that matter.
    readouts : iterable of str
    draws : ParameterDraws, optional
        Single targets and the best pairs get intervals.
    progress : callable, optional
    runner : PieceRunner, optional
        Who does the work; threads of this process unless given.

    Raises
    ------
    AnalysisError
        If arm, kind or target does not exist, or the factor is no change.
    """
    if not factor >= 0.0 or factor == 1.0:
        raise AnalysisError(
            f"a factor of {factor:g} is no knock-down; use 0 to 1, for example 0.2 for 80 %, or above 1"
        )
    for kind in kinds:
        if kind not in KINDS:
            raise unknown_name_error("kind of target", kind, KINDS)
    names = checked_readouts(laboratory, readouts)
    bench = _Bench(
        scenario, laboratory, treated_arm(scenario, arm), names, draws or draws_of_chosen_values(laboratory), progress,
        runner or PieceRunner(),
    )  # fmt: skip
    targets = _chosen(perturbation_targets(laboratory.model, kinds), only)
    readings = bench.run([[(t, factor)] for t in targets], what="targets")
    baseline = bench.run([[]])
    kept = [k for k in range(len(targets)) if np.isfinite(readings["GR"][k])]
    base = float(baseline["GR"][0])
    order = sorted(kept, key=lambda k: (-abs(readings["GR"][k] - base), targets[k].name))
    ranked = tuple(targets[k] for k in order)
    gr = readings["GR"][order]
    moving = [k for k in _distinct(ranked) if abs(gr[k] - base) > _LEAST]
    paired = moving if pairs < 0 else moving[:pairs]
    single = bench.intervals([[(target, factor)] for target in ranked], "draws")
    result = ScreenResult(
        scenario, bench.arm.name, factor, ranked, gr, base, readings["growth"][order] / float(baseline["growth"][0]),
        {name: readings[name][order] for name in names}, {name: float(baseline[name][0]) for name in names},
        tuple(paired), _pairs(bench, [ranked[k] for k in paired], gr[paired], factor),
        tuple(targets[k].name for k in range(len(targets)) if k not in kept), single, {}, bench.draws,
    )  # fmt: skip
    by_name = {ranked[k].name: ranked[k] for k in paired}
    best = [(one, two) for one, two, _ in result.best_pairs()]
    spread = bench.intervals([[(by_name[one], factor), (by_name[two], factor)] for one, two in best], "draws of pairs")
    return replace(result, pair_intervals=dict(zip(best, spread, strict=True)))


def _pairs(bench: _Bench, paired: list[PerturbationTarget], alone: np.ndarray, factor: float) -> np.ndarray:
    matrix = np.full((len(paired), len(paired)), np.nan)
    if not paired:
        return matrix
    rows, columns = np.triu_indices(len(paired), 1)
    both = bench.run(
        [[(paired[i], factor), (paired[j], factor)] for i, j in zip(rows, columns, strict=True)], what="pairs"
    )
    matrix[rows, columns] = matrix[columns, rows] = both["GR"]
    np.fill_diagonal(matrix, alone)
    return matrix


def _distinct(ranked: Sequence[PerturbationTarget]) -> list[int]:
    """Places of species and reactions, a reaction left out where turning it is what turns a species."""
    of_species = {target.parameters for target in ranked if target.kind == "species"}
    return [
        k
        for k, target in enumerate(ranked)
        if target.kind == "species" or (target.kind == "reaction" and target.parameters not in of_species)
    ]


def treated_arm(scenario: Scenario, name: str | None) -> Arm:
    """An arm with a GR: the one of this name, or the one with the fewest doses among those that get the drug.

    Raises
    ------
    AnalysisError
        If there is no such arm, or no effect is asked in it.
    """
    if not scenario.compares_growth:
        raise AnalysisError(
            f"{scenario.name}: the scenario has no drug whose effect is asked; add [growth_rate] of = [...]"
        )
    drugs = ", ".join(sorted(scenario.growth_of)) or "the drug of [growth_rate]"
    if name is not None:
        if name not in [arm.name for arm in scenario.arms]:
            raise unknown_name_error("arm", name, [arm.name for arm in scenario.arms])
        if matched_control(scenario.arm(name), scenario) is None:
            raise AnalysisError(f"arm '{name}' does not get {drugs}, so there is no effect to change")
        return scenario.arm(name)
    compared = [arm for arm in scenario.arms if matched_control(arm, scenario)]
    treated = [arm for arm in compared if set(scenario.growth_doses) & set(arm.doses)] or compared
    if not treated:
        raise AnalysisError(f"{scenario.name}: no arm gets {drugs}")
    return min(treated, key=lambda arm: len(arm.doses))


def control_arm(arm: Arm, scenario: Scenario) -> GrowthControl:
    """What a treated arm is compared with.

    Raises
    ------
    AnalysisError
        If the arm has no GR, or it is read before the arm and its control part.
    """
    control = matched_control(arm, scenario)
    if control is None:
        raise AnalysisError(f"arm '{arm.name}' has no control, so it has no GR")
    if not control.since < scenario.growth_until:
        raise AnalysisError(f"GR is read at {scenario.growth_until:g} h, before the first dose at {control.since:g} h")
    return control


def _chosen(known: list[PerturbationTarget], only: Sequence[str] | None) -> list[PerturbationTarget]:
    if only is None:
        return known
    by_name = {target.name: target for target in known}
    for name in only:
        if name not in by_name:
            raise unknown_name_error("target", name, by_name)
    return [by_name[name] for name in only]


Choice = list[tuple[PerturbationTarget, float]]
"""Targets that are turned together, with their factors."""


class _Bench:
    """The treated dish and its control, to be run with any targets turned, in any draw."""

    def __init__(
        self, scenario: Scenario, laboratory: Laboratory, arm: Arm, readouts: tuple[str, ...], draws: ParameterDraws,
        progress: Progress | None, runner: PieceRunner,
    ) -> None:  # fmt: skip
        self.arm, self.draws, self.progress, self.runner = arm, draws, progress, runner
        control = control_arm(arm, scenario)
        self.cells = arms_under_draws(scenario, [arm, control.arm], laboratory, draws)
        begin = min([control.since, *(i.time for cells in self.cells for i in cells.interventions(0))])
        times = control.since, scenario.growth_until
        self.dishes = _Dishes(scalable_model(laboratory.model), readouts, laboratory.cell_count, times, begin)

    def run(self, choices: Sequence[Choice], *, what: str = "") -> dict[str, np.ndarray]:
        """GR, growth without drug and read-outs of each choice at the chosen numbers; nan where it failed."""
        cells = self._drawn(0)
        chunks = [choices[k : k + _CHUNK] for k in range(0, len(choices), _CHUNK)]
        results, done = [], 0
        parts = self._kept(what, partial(self.dishes.run, cells), chunks, cells)
        for part, chunk in zip(parts, chunks, strict=True):
            results.append(part)
            done += len(chunk)
            if what and self.progress:
                self.progress(what, done, len(choices))
        return {name: np.concatenate([part[name] for part in results]) for name in results[0]}

    def intervals(self, choices: Sequence[Choice], what: str) -> tuple[DrawInterval, ...]:
        """Of the change of GR by each choice over the draws."""
        if not choices:
            return ()
        rows = []
        draws = [self._drawn(draw) for draw in range(1 + self.draws.count)]
        for part in self._kept(what, partial(self.dishes.changes, choices), draws, choices):
            rows.append(part["change"])
            if self.progress and self.draws.count:
                self.progress("draws screened", len(rows), len(draws))
        return tuple(draw_interval(column) for column in np.stack(rows, axis=1))

    def _kept(self, what: str, work: Any, items: Sequence[Any], of: Any) -> Iterator[Mapping[str, np.ndarray]]:
        d = self.dishes
        return self.runner.kept(what.replace(" ", "_"), work, items, (of, d.readouts, d.times, d.begin))

    def _drawn(self, draw: int) -> _BothDishes:
        return tuple(_Drawn(c.parameters[draw], c.states[draw], c.interventions(draw)) for c in self.cells)


class _Drawn(NamedTuple):
    """A dish in one draw: parameters, shape (n_parameters,), state at rest, shape (n_species,), and what is done."""

    parameters: np.ndarray
    state: np.ndarray
    interventions: tuple[Intervention, ...]


_BothDishes = tuple[_Drawn, ...]
"""The treated one and its control in one draw."""


@dataclass(frozen=True, eq=False)
class _Dishes:
    """What all pieces of a screen share.

    Attributes
    ----------
    model : Model
        With a factor for every target.
    readouts : tuple of str
    count : str
        The observable that counts cells.
    times : (since, until), hours
    begin : float, hours
    """

    model: Model
    readouts: tuple[str, ...]
    count: str
    times: tuple[float, float]
    begin: float

    def changes(self, choices: Sequence[Choice], both: _BothDishes) -> dict[str, np.ndarray]:
        """The change of GR by each choice."""
        gr = self.run(both, [[], *choices])["GR"]
        return {"change": gr[1:] - gr[0]}

    def run(self, both: _BothDishes, choices: Sequence[Choice]) -> dict[str, np.ndarray]:
        """GR, growth without drug and read-outs of each choice; nan where it failed."""
        alike = np.array_equal(both[0].parameters, both[1].parameters)
        resting = [self._rest(choices, cells) for cells in (both[:1] if alike else both)]
        failures = sorted({k for _, _, failed in resting for k in failed})
        counts, shown = [], {}
        for dish, cells in enumerate(both):
            parameters, states, _ = resting[0 if alike else dish]
            ensemble = simulate_ensemble(
                self.model,
                self.times,
                parameters,
                initial=np.nan_to_num(states),
                interventions=cells.interventions,
                observables=(*self.readouts, self.count),
                start=self.begin,
                workers=1,
            )
            counts.append(ensemble[self.count])
            if dish == 0:
                shown = {name: ensemble[name][:, -1].copy() for name in self.readouts}
        drugged, control = counts
        with np.errstate(all="ignore"):
            gr = gr_value(drugged[:, 1], control[:, 1], drugged[:, 0], control[:, 0])
            growth = np.log(control[:, 1] / control[:, 0])
        for values in (gr, growth, *shown.values()):
            values[failures] = np.nan
        return {"GR": gr, "growth": growth, **shown}

    def _rest(self, choices: Sequence[Choice], cells: _Drawn) -> tuple[np.ndarray, np.ndarray, list[int]]:
        """Parameters and states at rest of a dish, and which choices have no rest."""
        extra = len(self.model.parameters) - len(cells.parameters)
        parameters = np.pad(cells.parameters, (0, extra), constant_values=1.0)
        rows = [scaled_values(self.model, parameters, cells.state, choice) for choice in choices]
        values, starts = (np.stack([row[k] for row in rows]) for k in (0, 1))
        states, problems = steady_states(self.model, np.nan_to_num(starts), values)
        return values, states, list(problems) if np.isfinite(cells.state).all() else list(range(len(choices)))
