"""The dose-response of an agent in the arms of a scenario."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from pathway.scenario.controls import without_doses
from pathway.scenario.experiment import Arm, Scenario
from pathway.scenario.growth import gr_value
from pathway.scenario.laboratory import Laboratory

from .arms_under_draws import (
    DoseLevels,
    DosingRegimen,
    arms_under_draws,
    checked_readouts,
    dose_interventions,
    dose_levels,
    dosing_regimen,
    find_agent,
    find_doses,
    log_cell_counts,
    simulate_draws,
)
from .dose_response import CountMetrics, GRMetrics, count_metrics, gr_metrics, json_number
from .draws import DrawInterval, ParameterDraws, draw_interval, draws_of_chosen_values
from .mistakes import AnalysisError, unknown_name_error


@dataclass(frozen=True, eq=False)
class ArmDoseResponse:
    """One arm's response.

    Attributes
    ----------
    arm : str
    gr, relative_count : array, shape (1 + n_draws, n_doses)
        At the time of reading, against the same dish without the agent.
    gr_over_time : array, shape (1 + n_draws, n_doses, n_times)
        From the first dose until each time.
    readouts : mapping of name to array, shape (1 + n_draws, n_doses)
    readouts_without : mapping of name to array, shape (1 + n_draws,)
        Without the agent.
    metrics : GRMetrics
        Of the chosen numbers.
    counts : CountMetrics
    intervals : mapping of metric to DrawInterval
    """

    arm: str
    gr: np.ndarray
    relative_count: np.ndarray
    gr_over_time: np.ndarray
    readouts: Mapping[str, np.ndarray]
    readouts_without: Mapping[str, np.ndarray]
    metrics: GRMetrics
    counts: CountMetrics
    intervals: Mapping[str, DrawInterval]


@dataclass(frozen=True, eq=False)
class DoseSeries:
    """Responses of several arms to the same doses.

    Attributes
    ----------
    scenario : Scenario
    doses : DoseLevels
    since, until : float, hours
        First dose; time of reading.
    times : array, shape (n_times,), hours
    series : mapping of arm to ArmDoseResponse
    draws : ParameterDraws
    units : mapping of read-out to unit text
    """

    scenario: Scenario
    doses: DoseLevels
    since: float
    until: float
    times: np.ndarray
    series: Mapping[str, ArmDoseResponse]
    draws: ParameterDraws
    units: Mapping[str, str]

    def to_dict(self) -> dict[str, Any]:
        """The JSON form."""
        return {
            "scenario": self.scenario.name,
            "agent": self.doses.agent.name,
            "doses": list(self.doses.shown),
            "units": {"dose": self.doses.unit, "time": "h", **self.units},
            "since": self.since,
            "until": self.until,
            "times": self.times.tolist(),
            "ensemble": self.draws.to_dict(),
            "arms": {name: _series_dict(series) for name, series in self.series.items()},
        }

    def rows(self) -> tuple[list[str], list[list[Any]]]:
        """The tidy table: one row for each arm and dose."""
        names = list(next(iter(self.series.values())).readouts)
        header = [
            "arm",
            f"{self.doses.agent.name} [{self.doses.unit}]",
            "GR [1]",
            "GR low [1]",
            "GR high [1]",
            "GR median [1]",
        ]
        header += ["relative count [1]", *(f"{n} [{self.units[n]}]" for n in names)]
        table = []
        for name, series in self.series.items():
            for k, dose in enumerate(self.doses.shown):
                gr = draw_interval(series.gr[:, k])
                others = [float(series.readouts[n][0, k]) for n in names]
                count = float(series.relative_count[0, k])
                table.append([name, dose, gr.value, gr.low, gr.high, gr.median, count, *others])
        return header, table

    def rows_over_time(self) -> tuple[list[str], list[list[Any]]]:
        """GR from the first dose until each time: one row for each arm, dose and time."""
        table = [
            [name, dose, float(time), float(series.gr_over_time[0, k, t])]
            for name, series in self.series.items()
            for k, dose in enumerate(self.doses.shown)
            for t, time in enumerate(self.times)
            if np.isfinite(series.gr_over_time[0, k, t])
        ]
        return ["arm", f"{self.doses.agent.name} [{self.doses.unit}]", "time [h]", "GR [1]"], table


def _course(series: ArmDoseResponse) -> list[list[float | None]]:
    """GR until each time for each dose, of the chosen numbers; None at the first dose, where nothing has grown yet."""
    return [[json_number(float(value)) for value in row] for row in series.gr_over_time[0]]


def _series_dict(series: ArmDoseResponse) -> dict[str, Any]:
    def curve(values: np.ndarray) -> dict[str, Any]:
        intervals = [draw_interval(column) for column in values.T]
        drawn = {end: [getattr(i, end) for i in intervals] for end in ("low", "high", "median")}
        return {"value": [json_number(i.value) for i in intervals], **(drawn if values.shape[0] > 1 else {})}

    return {
        "GR": curve(series.gr),
        "relative_count": curve(series.relative_count),
        "GR_over_time": _course(series),
        "observables": {name: curve(values) for name, values in series.readouts.items()},
        "metrics": series.metrics.to_dict(),
        "count_metrics": series.counts.to_dict(),
        "intervals": {name: interval.to_dict() for name, interval in series.intervals.items()},
    }


def dose_series(
    scenario: Scenario,
    laboratory: Laboratory,
    *,
    agent: str | None = None,
    doses: Sequence[str] | None = None,
    arms: Sequence[str] | None = None,
    readouts: Iterable[str] | None = None,
    at: float | None = None,
    draws: ParameterDraws | None = None,
    steps: int = 9,
    decades: float = 4.0,
) -> DoseSeries:
    """GR, counts and read-outs over doses of an agent, in every arm that is asked for.

    Parameters
    ----------
    scenario : Scenario
    laboratory : Laboratory
    agent : str, optional
        An agent, all of whose doses are varied together, or a dose of the scenario; the first that `growth_rate.of`
        names unless given. An agent that the scenario does not give is given at time zero.
    doses : sequence of str, optional
        "0.1 ug/mL" each; a series below the scenario's dose unless given.
    arms : sequence of str, optional
        All arms that get the agent unless given.
    readouts : iterable of str, optional
        Read at the end beside GR; those the scenario shows unless given.
    at : float, optional
        Hours; the scenario's own time of reading unless given.
    draws : ParameterDraws, optional
    steps, decades : int, float
        Of a made series of doses.

    Raises
    ------
    AnalysisError
        If agent, arm or read-out does not exist, or the scenario has no dose that could be varied.
    """
    draws = draws or draws_of_chosen_values(laboratory)
    name = _what_is_varied(scenario, laboratory, agent)
    chosen_arms = _arms(scenario, find_doses(scenario, name), arms)
    courses = {arm.name: dosing_regimen(scenario, arm, name) for arm in chosen_arms}
    varied = laboratory.agents[next(iter(courses.values())).agent]
    series = dose_levels(varied, doses, _higher(courses[chosen_arms[0].name].written, varied), steps, decades)
    shown = [n for n in scenario.observables if n != laboratory.cell_count]
    names = checked_readouts(laboratory, readouts if readouts is not None else shown)
    until = at if at is not None else (scenario.growth_at or scenario.end)
    starts = [course.times[0] for course in courses.values()]
    since = min(starts)
    if not max(starts) < until:
        raise AnalysisError(f"GR is read at {until:g} h, before the first dose at {max(starts):g} h; read it later")
    times = np.unique(np.concatenate([np.arange(since, until, max((until - since) / 20.0, 1e-9)), starts, [until]]))
    responses = {}
    bare = [without_doses(arm, courses[arm.name].doses) for arm in chosen_arms]
    for cells in arms_under_draws(scenario, bare, laboratory, draws):
        name = cells.setup.arm.name
        responses[name] = _one_arm(cells, series, courses[name], times, names, laboratory, draws)
    units = {n: laboratory.units[n] for n in names}
    return DoseSeries(scenario, series, since, until, times, responses, draws, units)


def _what_is_varied(scenario: Scenario, laboratory: Laboratory, name: str | None) -> str:
    """An agent, or a dose of the scenario."""
    if name is None:
        if not scenario.growth_of:
            raise AnalysisError(
                f"{scenario.name}: the scenario does not say whose effect is asked; add [growth_rate] of = [...] or "
                "name the agent with --agent"
            )
        name = scenario.growth_of[0]
    if name not in scenario.doses:
        find_agent(laboratory, name)
    return name


def _higher(written: str | None, agent: Any) -> str | None:
    """Ten times the scenario's dose, or the usual one if that is more, so that the plateau is seen; none off record."""
    from pathway.units import conversion_factor, parse_quantity

    if agent.species is None or written is None or not written.strip() or written.rstrip().endswith("x"):
        return None
    value, unit = parse_quantity(written)
    shown_in = conversion_factor(unit, agent.unit, agent.molar_mass) if unit else 1.0
    top = 10.0 * max(value, (agent.usual or 0.0) / shown_in)
    if agent.highest is not None:
        top = min(top, max(value, agent.highest / shown_in))
    return f"{top:.6g} {unit}"


def _arms(scenario: Scenario, varied: Sequence[str], names: Sequence[str] | None) -> list[Arm]:
    if names is not None:
        known = [arm.name for arm in scenario.arms]
        for name in names:
            if name not in known:
                raise unknown_name_error("arm", name, known)
        return [scenario.arm(name) for name in names]
    # An agent that no arm gets is tried on the cells of the first arm.
    return [arm for arm in scenario.arms if set(varied) & set(arm.doses)] or [scenario.arms[0]]


def _one_arm(
    cells: Any,
    doses: DoseLevels,
    course: DosingRegimen,
    times: np.ndarray,
    names: tuple[str, ...],
    laboratory: Laboratory,
    draws: ParameterDraws,
) -> ArmDoseResponse:
    levels = [0.0, *doses.inside]
    plans = [plan for dose in levels for plan in cells.with_added_doses(dose_interventions(doses.agent, dose, course))]
    n = 1 + draws.count
    ensemble = simulate_draws(
        laboratory,
        np.tile(cells.parameters, (len(levels), 1)),
        np.tile(cells.states, (len(levels), 1)),
        plans,
        times,
        names,
    )
    grown = log_cell_counts(ensemble, laboratory).reshape(len(levels), n, len(times))
    grown[:, np.isnan(cells.states).any(axis=1)] = np.nan
    start = int(np.searchsorted(times, course.times[0]))
    folds = np.exp(grown - grown[:, :, start : start + 1])
    gr_course = np.full((n, len(levels) - 1, len(times)), np.nan)
    for k in range(len(levels) - 1):
        gr_course[:, k] = gr_value(folds[k + 1], folds[0], np.ones_like(folds[0]))
    gr, count = gr_course[:, :, -1], (folds[1:, :, -1] / folds[0, :, -1]).T
    gr_course[:, :, : start + 1] = np.nan
    values = {m: ensemble[m].reshape(len(levels), n, len(times))[:, :, -1] for m in names}
    shown = np.array(doses.shown)
    metrics = gr_metrics(shown, gr[0])
    counts = count_metrics(shown, count[0])
    return ArmDoseResponse(
        cells.setup.arm.name,
        gr,
        count,
        gr_course,
        {m: v[1:].T for m, v in values.items()},
        {m: v[0] for m, v in values.items()},
        metrics,
        counts,
        _intervals(shown, gr, count, metrics, counts) if n > 1 else {},
    )


def _intervals(
    doses: np.ndarray, gr: np.ndarray, count: np.ndarray, metrics: GRMetrics, counts: CountMetrics
) -> dict[str, DrawInterval]:
    kept = np.isfinite(gr).all(axis=1)
    kept[0] = False
    each = [gr_metrics(doses, row) for row in gr[kept]]
    each_count = [count_metrics(doses, row) for row in count[kept]]
    intervals = {}
    for name in ("gr50", "gr_max", "gr_inf", "gec50", "h_gr", "gr_aoc"):
        intervals[name] = draw_interval(np.array([getattr(metrics, name), *(getattr(m, name) for m in each)]))
    intervals["ic50"] = draw_interval(np.array([counts.ic50, *(m.ic50 for m in each_count)]))
    return intervals
