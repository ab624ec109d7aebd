"""Two agents over a grid of doses in one ensemble: every reference, every scale, schedules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from pathway.scenario.experiment import Arm, Scenario
from pathway.scenario.laboratory import Laboratory

from .dishes import Amounts, Cells, agent_called, amounts, cells_of, given, log_counts, run_members, without
from .draws import Draws, Interval, chosen, interval
from .mistakes import AnalysisError, unknown
from .synergy import Excess, Surface, bliss, fit_musyc, hsa, loewe, zip_delta
from .synergy.loewe import combination_index
from .synergy.musyc import MuSyCFit
from .synergy.scales import SCALES, Flip, effects, flips, verdict

REFERENCES = ("bliss", "hsa", "loewe", "zip")
_MEANING = {"bliss": bliss, "hsa": hsa, "loewe": loewe, "zip": zip_delta}


@dataclass(frozen=True, eq=False)
class Grid:
    """A combination in one arm's cells.

    Attributes
    ----------
    scenario : Scenario
    arm : str
        The arm in whose dish the two agents are given.
    first, second : Amounts
        Without the dose 0.
    times_first, times_second : tuple of float, hours
    since, until : float, hours
        The first drug, from which growth is counted; the reading.
    log_folds : array, shape (1 + n_draws, n, m)
        Natural logarithm of cells at the end per cells at the first drug.
    scale : str
        Of the surfaces: a name of `SCALES`.
    surfaces : mapping of scale to Surface
        Of the chosen numbers.
    excess : mapping of reference to Excess
    index : masked array, shape (n, m)
        Loewe combination index.
    musyc : MuSyCFit or None
        None for grids with fewer than 16 cells.
    flips : tuple of Flip
    verdicts : mapping of scale to text
        By mean Bliss excess.
    intervals : mapping of reference to Interval
        Of the mean excess over draws.
    positive : mapping of reference to array, shape (n, m)
        Share of draws with synergy in each cell; empty without draws.
    draws : Draws
    """

    scenario: Scenario
    arm: str
    first: Amounts
    second: Amounts
    times_first: tuple[float, ...]
    times_second: tuple[float, ...]
    since: float
    until: float
    log_folds: np.ndarray
    scale: str
    surfaces: Mapping[str, Surface]
    excess: Mapping[str, Excess]
    index: np.ma.MaskedArray
    musyc: MuSyCFit | None
    flips: tuple[Flip, ...]
    verdicts: Mapping[str, str]
    intervals: Mapping[str, Interval]
    positive: Mapping[str, np.ndarray]
    draws: Draws

    @property
    def surface(self) -> Surface:
        """The surface on the scale asked for."""
        return self.surfaces[self.scale]

    def conclusion(self) -> str:
        """The verdict in one or two sentences."""
        mean = self.excess["bliss"].mean()
        text = f"{self.first.agent.name} with {self.second.agent.name}: {verdict(mean)} by Bliss"
        text += f" (mean excess {mean:+.3f} of {SCALES[self.scale]})." if mean is not None else "."
        others = {name: word for name, word in self.verdicts.items() if word != self.verdicts[self.scale]}
        if others:
            said = "; ".join(f"{word} on the scale of {name}" for name, word in others.items())
            text += f" The verdict depends on the scale of effect: {said}."
        if self.flips:
            cells = self.surface.effect[1:, 1:].size
            text += f" In {len(self.flips)} of {cells} cells synergy on one scale is antagonism on another."
        return text

    def to_dict(self) -> dict[str, Any]:
        """The JSON form."""
        first, second = self.first.agent.name, self.second.agent.name
        return {
            "scenario": self.scenario.name,
            "arm": self.arm,
            "doses": {first: [0.0, *self.first.shown], second: [0.0, *self.second.shown]},
            "units": {first: self.first.unit, second: self.second.unit},
            "axes": [first, second],
            "given_at": {first: list(self.times_first), second: list(self.times_second)},
            "since": self.since,
            "until": self.until,
            "scale": SCALES[self.scale],
            "effect": self.surface.effect.tolist(),
            "GR": self.surfaces["GR"].effect.tolist(),
            "relative_count": self.surfaces["count"].effect.tolist(),
            **{name: found.listed() for name, found in self.excess.items()},
            "combination_index": Excess("index", self.index).listed(),
            "undefined": [
                {"metric": u.metric, "row": u.row, "column": u.column, "reason": u.reason}
                for found in self.excess.values()
                for u in found.undefined
            ],
            "musyc": self.musyc and {**self.musyc.surface.to_dict(), "r_squared": self.musyc.r_squared},
            "mean_excess": {name: found.mean() for name, found in self.excess.items()},
            "mean_excess_interval": {n: [i.low, i.high] for n, i in self.intervals.items()},
            "verdicts": dict(self.verdicts),
            "flips": [{"row": f.row, "column": f.column, "excess": dict(f.excess)} for f in self.flips],
            "share_of_draws_with_synergy": {name: share.tolist() for name, share in self.positive.items()},
            "ensemble": {"kind": self.draws.kind, "draws": self.draws.count, "refused": self.draws.refused},
            "conclusion": self.conclusion(),
        }

    def rows(self) -> tuple[list[str], list[list[Any]]]:
        """The tidy table: one row for each pair of doses; empty where undefined."""
        header = [f"{a.agent.name} [{a.unit}]" for a in (self.first, self.second)]
        header += [f"effect ({self.scale}) [1]", "GR [1]", "relative count [1]"]
        header += [f"{name} excess [1]" for name in self.excess]
        listed = {name: found.listed() for name, found in self.excess.items()}
        table = []
        for i, one in enumerate((0.0, *self.first.shown)):
            for j, two in enumerate((0.0, *self.second.shown)):
                values = [float(self.surfaces[s].effect[i, j]) for s in (self.scale, "GR", "count")]
                table.append([one, two, *values, *(listed[name][i][j] for name in self.excess)])
        return header, table


def combination(
    scenario: Scenario,
    laboratory: Laboratory,
    *,
    size: tuple[int, int] = (8, 8),
    agents: tuple[str, str] | None = None,
    arm: str | None = None,
    doses: tuple[Sequence[str] | None, Sequence[str] | None] = (None, None),
    scale: str = "growth rate",
    draws: Draws | None = None,
    shift: float = 0.0,
    decades: float = 3.0,
) -> Grid:
    """A grid of two agents, read as growth from the first drug on, relative to the untreated dish.

    Parameters
    ----------
    scenario : Scenario
    laboratory : Laboratory
    size : (n, m)
        Doses of either agent, the dose 0 included.
    agents : pair of str, optional
        Two doses of the scenario; unless given the drug of `growth_rate.of` and what some arm gives with it.
    arm : str, optional
        The arm that gives both.
    doses : pair of lists of str, optional
        "0.1 ug/mL" each; three decades below the scenario's doses unless given.
    scale : str
        A name of `SCALES`.
    draws : Draws, optional
    shift : float, hours
        The second agent is given this much later than the scenario says.
    decades : float
        Of made series of doses.

    Raises
    ------
    AnalysisError
        If an agent, arm or scale does not exist or no arm gives both.
    """
    if scale not in SCALES:
        raise unknown("scale of effect", scale, SCALES)
    if min(size) < 2:
        raise AnalysisError(f"a grid of {size[0]}x{size[1]} has no combination; use 2x2 or more, for example 8x8")
    draws = draws or chosen(laboratory)
    one, two, chosen_arm = _pair(scenario, agents, arm)
    first, second = (
        amounts(
            agent_called(laboratory, scenario.doses[name].agent), texts, scenario.doses[name].written, n - 1, decades
        )
        for name, texts, n in ((one, doses[0], size[0]), (two, doses[1], size[1]))
    )
    times_first = scenario.doses[one].times
    times_second = tuple(time + shift for time in scenario.doses[two].times)
    since, until = min(*times_first, *times_second), scenario.growth_at or scenario.end
    if not since < until:
        raise AnalysisError(f"growth is read at {until:g} h, before the first drug at {since:g} h")
    (cells,) = cells_of(scenario, [without(chosen_arm, (one, two))], laboratory, draws)
    log_folds = _grown(cells, (first, second), (times_first, times_second), (since, until), laboratory, draws)
    return _judged(
        scenario, chosen_arm.name, first, second, times_first, times_second, (since, until), log_folds, scale, draws
    )


def _pair(scenario: Scenario, agents: tuple[str, str] | None, arm: str | None) -> tuple[str, str, Arm]:
    if arm is not None and arm not in [a.name for a in scenario.arms]:
        raise unknown("arm", arm, [a.name for a in scenario.arms])
    candidates = [scenario.arm(arm)] if arm else list(scenario.arms)
    if agents is not None:
        for name in agents:
            if name not in scenario.doses:
                raise unknown("dose", name, scenario.doses, "Name two [dose.NAME] tables of the scenario.")
        if agents[0] == agents[1]:
            raise AnalysisError(f"'{agents[0]}' was named twice; a combination needs two doses")
        both = [a for a in candidates if set(agents) <= set(a.doses)]
        return agents[0], agents[1], (both or candidates)[0]
    acting = {name for name, dose in scenario.doses.items() if dose.amount is not None}
    for candidate in candidates:
        drugs = [name for name in candidate.doses if name in scenario.growth_of and name in acting]
        others = [name for name in candidate.doses if name not in scenario.growth_of and name in acting]
        if drugs and others:
            return drugs[0], others[0], candidate
    raise AnalysisError(
        f"{scenario.name}: no arm gives the drug of [growth_rate] together with another agent; name two doses of the "
        "scenario with --agents NAME,NAME"
    )


def _grown(
    cells: Cells,
    series: tuple[Amounts, Amounts],
    dosing: tuple[tuple[float, ...], tuple[float, ...]],
    window: tuple[float, float],
    laboratory: Laboratory,
    draws: Draws,
) -> np.ndarray:
    """Logarithm of the growth from the first drug to the end, shape (1 + n_draws, n, m)."""
    levels = [np.concatenate([[0.0], amounts.inside]) for amounts in series]
    plans = []
    for one in levels[0]:
        for two in levels[1]:
            plan = [*cells.dish.interventions, *given(series[0].agent, one, dosing[0])]
            plan += given(series[1].agent, two, dosing[1])
            plans.append(tuple(sorted(plan, key=lambda i: i.time)))
    n = 1 + draws.count
    ensemble = run_members(
        laboratory,
        np.tile(cells.parameters, (len(plans), 1)),
        np.tile(cells.states, (len(plans), 1)),
        [plan for plan in plans for _ in range(n)],
        window,
        (),
    )
    grown = log_counts(ensemble, laboratory)
    folds = (grown[:, -1] - grown[:, 0]).reshape(len(levels[0]), len(levels[1]), n)
    folds[:, :, np.isnan(cells.states).any(axis=1)] = np.nan
    return np.moveaxis(folds, 2, 0)


def _judged(
    scenario: Scenario,
    arm: str,
    first: Amounts,
    second: Amounts,
    times_first: tuple[float, ...],
    times_second: tuple[float, ...],
    window: tuple[float, float],
    log_folds: np.ndarray,
    scale: str,
    draws: Draws,
) -> Grid:
    kept = np.isfinite(log_folds).all(axis=(1, 2)) & (log_folds[:, 0, 0] > 1e-6)
    if not kept[0]:
        raise AnalysisError(f"{scenario.name}: the untreated cells of arm '{arm}' do not grow, so there is no control")
    by_draw = {name: np.stack([effects(one, float(one[0, 0]), name) for one in log_folds[kept]]) for name in SCALES}

    def surface(effect: np.ndarray, name: str) -> Surface:
        doses = [np.array([0.0, *series.shown]) for series in (first, second)]
        return Surface(first.agent.name, second.agent.name, doses[0], doses[1], effect, SCALES[name])

    surfaces = {name: surface(values[0], name) for name, values in by_draw.items()}
    main = surfaces[scale]
    excess = {name: meaning(main) for name, meaning in _MEANING.items()}
    intervals, positive = {}, {}
    if kept.sum() > 1:
        # Loewe and ZIP solve or fit in every cell; over draws the two closed forms carry the interval.
        for name in ("bliss", "hsa"):
            each = [_MEANING[name](surface(one, scale)) for one in by_draw[scale]]
            means = [found.mean() for found in each]
            intervals[name] = interval(np.array([np.nan if mean is None else mean for mean in means]))
            positive[name] = np.mean([found.values.filled(0.0) > 0.0 for found in each[1:]], axis=0)
    return Grid(
        scenario,
        arm,
        first,
        second,
        times_first,
        times_second,
        *window,
        log_folds,
        scale,
        surfaces,
        excess,
        combination_index(main),
        fit_musyc(main) if main.effect.size >= 16 else None,
        flips(surfaces),
        {name: verdict(bliss(surfaces[name]).mean()) for name in SCALES},
        intervals,
        positive,
        draws,
    )


@dataclass(frozen=True, eq=False)
class Schedules:
    """Full doses of both agents, the second earlier or later.

    Attributes
    ----------
    shifts : tuple of float, hours
        Of the second agent against the first; negative: it goes before.
    effect, excess : array, shape (n_shifts,)
        Growth rate relative to untreated and Bliss excess, growth counted over the same window for all.
    """

    shifts: tuple[float, ...]
    effect: np.ndarray
    excess: np.ndarray


def schedules(scenario: Scenario, laboratory: Laboratory, shifts: Sequence[float], **options: Any) -> Schedules:
    """The combination's effect as the second agent is given before, with or after the first.

    Growth is counted from the earliest moment of all schedules, so that they can be compared.
    """
    one, two, arm = _pair(scenario, options.get("agents"), options.get("arm"))
    draws = chosen(laboratory)
    (cells,) = cells_of(scenario, [without(arm, (one, two))], laboratory, draws)
    first, second = (
        amounts(agent_called(laboratory, scenario.doses[n].agent), [scenario.doses[n].written], None, 1, 0.0)
        for n in (one, two)
    )
    start = min(scenario.doses[one].times)
    moments = [
        tuple(start + shift + t - min(scenario.doses[two].times) for t in scenario.doses[two].times) for shift in shifts
    ]
    window = (min(start, *(t for times in moments for t in times)), scenario.growth_at or scenario.end)
    effect, found = [], []
    for times in moments:
        folds = _grown(cells, (first, second), (scenario.doses[one].times, times), window, laboratory, draws)[0]
        share = effects(folds, float(folds[0, 0]), "growth rate")
        effect.append(share[1, 1])
        found.append(share[1, 0] * share[0, 1] - share[1, 1])
    return Schedules(tuple(float(s) for s in shifts), np.array(effect), np.array(found))
