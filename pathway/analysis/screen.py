"""What else would change the drug's effect? Every species, reaction and parameter turned, singly and in pairs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np

from pathway.scenario.experiment import Arm, Scenario
from pathway.scenario.growth import gr_value
from pathway.scenario.laboratory import Laboratory
from pathway.simulation import simulate_ensemble
from pathway.simulation.ensemble import worker_count
from pathway.simulation.steady import steady_states

from .dishes import checked_readouts, without
from .draws import Progress
from .mistakes import AnalysisError, unknown
from .perturbed import KINDS, Target, scalable, targets, turned

_CHUNK = 512


@dataclass(frozen=True, eq=False)
class Screen:
    """Effects of turning targets on the response to a drug.

    Attributes
    ----------
    scenario : Scenario
    arm : str
        Whose dish and drug.
    factor : float
        What every target is multiplied by: below 1 a knock-down.
    targets : tuple of Target
        Ranked by how much they change the drug's effect.
    gr : array, shape (n,)
        GR of the drug with each target turned, against the same dish without the drug.
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
    """

    scenario: Scenario
    arm: str
    factor: float
    targets: tuple[Target, ...]
    gr: np.ndarray
    baseline: float
    growth: np.ndarray
    readouts: dict[str, np.ndarray]
    readouts_baseline: dict[str, float]
    paired: tuple[int, ...]
    pairs: np.ndarray
    failed: tuple[str, ...]

    @property
    def change(self) -> np.ndarray:
        """How much each target changes GR: negative, it restores the response."""
        return self.gr - self.baseline

    def beyond(self) -> np.ndarray:
        """What pairs do beyond the sum of both alone, shape (p, p)."""
        alone = np.array([self.gr[k] for k in self.paired]) - self.baseline
        return self.pairs - self.baseline - alone[:, None] - alone[None, :]

    def best_pairs(self, count: int = 20) -> list[tuple[str, str, float]]:
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
                "GR": [[None if np.isnan(v) else float(v) for v in row] for row in self.pairs],
                "best": [{"targets": [a, b], "GR": gr} for a, b, gr in self.best_pairs()],
            },
            "failed": list(self.failed),
        }

    def rows(self) -> tuple[list[str], list[list[Any]]]:
        """The tidy table of single targets."""
        header = ["target", "kind", "factor [1]", "GR [1]", "change of GR [1]", "growth without drug [1]"]
        header += [f"{name} under drug" for name in self.readouts]
        table = []
        for k, target in enumerate(self.targets):
            others = [float(values[k]) for values in self.readouts.values()]
            numbers = [float(self.gr[k]), float(self.change[k]), float(self.growth[k])]
            table.append([target.name, target.kind, self.factor, *numbers, *others])
        return header, table


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
    progress: Progress | None = None,
) -> Screen:
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
    progress : callable, optional

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
            raise unknown("kind of target", kind, KINDS)
    names = checked_readouts(laboratory, readouts)
    bench = _Bench(scenario, laboratory, treated_arm(scenario, arm), names)
    chosen = _chosen(targets(laboratory.model, kinds), only)
    found = bench.run([[(t, factor)] for t in chosen], progress, "targets")
    baseline = bench.run([[]], None, "")
    kept = [k for k in range(len(chosen)) if np.isfinite(found["GR"][k])]
    base = float(baseline["GR"][0])
    order = sorted(kept, key=lambda k: (-abs(found["GR"][k] - base), chosen[k].name))
    ranked = [chosen[k] for k in order]
    moving = [k for k in _distinct(ranked) if abs(found["GR"][order[k]] - base) > 1e-6]
    paired = moving if pairs < 0 else moving[:pairs]
    return Screen(
        scenario,
        bench.arm.name,
        factor,
        tuple(ranked),
        found["GR"][order],
        base,
        found["growth"][order] / float(baseline["growth"][0]),
        {name: found[name][order] for name in names},
        {name: float(baseline[name][0]) for name in names},
        tuple(paired),
        _pairs(bench, [ranked[k] for k in paired], found["GR"][order][paired], factor, progress),
        tuple(chosen[k].name for k in range(len(chosen)) if k not in kept),
    )


def _pairs(
    bench: _Bench, chosen: list[Target], alone: np.ndarray, factor: float, progress: Progress | None
) -> np.ndarray:
    matrix = np.full((len(chosen), len(chosen)), np.nan)
    if not chosen:
        return matrix
    rows, columns = np.triu_indices(len(chosen), 1)
    both = bench.run(
        [[(chosen[i], factor), (chosen[j], factor)] for i, j in zip(rows, columns, strict=True)], progress, "pairs"
    )
    matrix[rows, columns] = matrix[columns, rows] = both["GR"]
    np.fill_diagonal(matrix, alone)
    return matrix


def _distinct(ranked: list[Target]) -> list[int]:
    """Places of species and reactions, a reaction left out where turning it is what turns a species."""
    of_species = {target.parameters for target in ranked if target.kind == "species"}
    return [
        k
        for k, target in enumerate(ranked)
        if target.kind == "species" or (target.kind == "reaction" and target.parameters not in of_species)
    ]


def treated_arm(scenario: Scenario, name: str | None) -> Arm:
    if not scenario.growth_of:
        raise AnalysisError(
            f"{scenario.name}: the scenario has no drug whose effect is asked; add [growth_rate] of = [...]"
        )
    drugs = set(scenario.growth_of)
    if name is not None:
        if name not in [arm.name for arm in scenario.arms]:
            raise unknown("arm", name, [arm.name for arm in scenario.arms])
        if not drugs & set(scenario.arm(name).doses):
            raise AnalysisError(
                f"arm '{name}' does not get {', '.join(sorted(drugs))}, so there is no effect to change"
            )
        return scenario.arm(name)
    treated = [arm for arm in scenario.arms if drugs & set(arm.doses)]
    if not treated:
        raise AnalysisError(f"{scenario.name}: no arm gets {', '.join(sorted(drugs))}")
    return min(treated, key=lambda arm: len(arm.doses))


def _chosen(known: list[Target], only: Sequence[str] | None) -> list[Target]:
    if only is None:
        return known
    by_name = {target.name: target for target in known}
    for name in only:
        if name not in by_name:
            raise unknown("target", name, by_name)
    return [by_name[name] for name in only]


class _Bench:
    """The treated dish and its control, to be run with any targets turned."""

    def __init__(self, scenario: Scenario, laboratory: Laboratory, arm: Arm, readouts: tuple[str, ...]) -> None:
        from pathway.scenario.run import dishes

        self.arm, self.readouts, self.count = arm, readouts, laboratory.cell_count
        control = without(arm, scenario.growth_of)
        self.treated, self.control = dishes(scenario, [arm, control], laboratory)
        self.model = scalable(laboratory.model)
        extra = len(self.model.parameters) - len(laboratory.model.parameters)
        self.parameters = np.concatenate([self.treated.parameters, np.ones(extra)])
        asked = [d for d in scenario.growth_of if d in arm.doses]
        since = min(t for d in asked for t in scenario.doses[d].times)
        self.times = (since, scenario.growth_at or scenario.end)
        self.begin = min([since, *(i.time for i in self.treated.interventions)])

    def run(
        self, choices: list[list[tuple[Target, float]]], progress: Progress | None, what: str
    ) -> dict[str, np.ndarray]:
        """GR, growth without drug and read-outs of each choice; nan where it failed."""
        chunks = [choices[k : k + _CHUNK] for k in range(0, len(choices), _CHUNK)]
        found, done = [], 0
        with ThreadPoolExecutor(worker_count(None)) as pool:
            for part, chunk in zip(pool.map(self._chunk, chunks), chunks, strict=True):
                found.append(part)
                done += len(chunk)
                if progress:
                    progress(what, done, len(choices))
        return {name: np.concatenate([part[name] for part in found]) for name in found[0]}

    def _chunk(self, choices: list[list[tuple[Target, float]]]) -> dict[str, np.ndarray]:
        rows = [turned(self.model, self.parameters, self.treated.state, choice) for choice in choices]
        parameters, starts = (np.stack([row[k] for row in rows]) for k in (0, 1))
        states, problems = steady_states(self.model, starts, parameters)
        counts, shown = [], {}
        for dish in (self.treated, self.control):
            ensemble = simulate_ensemble(
                self.model,
                self.times,
                parameters,
                start=np.nan_to_num(states),
                interventions=dish.interventions,
                observables=(*self.readouts, self.count),
                begin=self.begin,
                workers=1,
            )
            counts.append(ensemble[self.count])
            if dish is self.treated:
                shown = {name: ensemble[name][:, -1].copy() for name in self.readouts}
        treated, control = counts
        with np.errstate(all="ignore"):
            gr = gr_value(treated[:, 1], control[:, 1], treated[:, 0], control[:, 0])
            growth = np.log(control[:, 1] / control[:, 0])
        lost = list(problems)
        for values in (gr, growth, *shown.values()):
            values[lost] = np.nan
        return {"GR": gr, "growth": growth, **shown}
