"""Two agents over a grid of doses in one ensemble, judged by every reference, on every scale, over all draws."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from pathway.scenario.controls import without
from pathway.scenario.experiment import Arm, Scenario
from pathway.scenario.laboratory import Laboratory

from .draws import Draws, Interval, Progress, chosen, interval
from .grid import Grid
from .mistakes import AnalysisError, unknown
from .synergy import Excess, Surface, bliss, fit_musyc, hsa, loewe, zip_delta, zip_deltas
from .synergy.loewe import combination_index
from .synergy.musyc import MuSyCFit
from .synergy.scales import SCALES, effects, flips, verdict
from .variants import (
    Amounts,
    Cells,
    Dosing,
    agent_called,
    amounts,
    cells_of,
    doses_called,
    dosing,
    given,
    log_counts,
    run_members,
)

_MEANING = {"bliss": bliss, "hsa": hsa, "loewe": loewe, "zip": zip_delta}


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
    decades: float = 3.0,
    progress: Progress | None = None,
) -> Grid:
    """A grid of two agents, read as growth from the first drug on, relative to the untreated dish.

    Parameters
    ----------
    scenario : Scenario
    laboratory : Laboratory
    size : (n, m)
        Doses of either agent, the dose 0 included.
    agents : pair of str, optional
        Two agents, each with all its doses in the arm, or doses of the scenario; unless given the drug of
        `growth_rate.of` and what some arm gives with it.
    arm : str, optional
        The arm that gives both.
    doses : pair of lists of str, optional
        "0.1 ug/mL" each; three decades below the scenario's doses unless given.
    scale : str
        A name of `SCALES`.
    draws : Draws, optional
    decades : float
        Of made series of doses.
    progress : callable, optional

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
    one, two, chosen_arm = pair_and_arm(scenario, agents, arm)
    courses = dosing(scenario, chosen_arm, one), dosing(scenario, chosen_arm, two)
    first, second = (
        amounts(agent_called(laboratory, course.agent), texts, course.written, n - 1, decades)
        for course, texts, n in zip(courses, doses, size, strict=True)
    )
    since, until = min(course.times[0] for course in courses), scenario.growth_until
    if not since < until:
        raise AnalysisError(f"growth is read at {until:g} h, before the first drug at {since:g} h")
    (cells,) = cells_of(scenario, [without(chosen_arm, courses[0].doses + courses[1].doses)], laboratory, draws)
    log_folds = grown(cells, (first, second), courses, (since, until), laboratory, draws)
    kept = np.isfinite(log_folds).all(axis=(1, 2)) & (log_folds[:, 0, 0] > 1e-6)
    if not kept[0]:
        raise AnalysisError(
            f"{scenario.name}: the untreated cells of arm '{chosen_arm.name}' do not grow, so there is no control"
        )
    by_scale = {name: np.stack([effects(one, float(one[0, 0]), name) for one in log_folds[kept]]) for name in SCALES}
    surfaces = {name: _surface(first, second, values[0], name) for name, values in by_scale.items()}
    main, drawn = surfaces[scale], by_scale[scale][1:]
    musyc = fit_musyc(main) if main.effect.size >= 16 else None
    excess = {name: meaning(main) for name, meaning in _MEANING.items()}
    spread = _over_draws([_surface(first, second, one, scale) for one in drawn], excess, musyc, progress)
    return Grid(
        scenario, chosen_arm.name, first, second, courses[0].times, courses[1].times, since, until, log_folds, scale,
        surfaces, excess, combination_index(main), musyc, flips(surfaces),
        {name: verdict(bliss(surfaces[name]).mean()) for name in SCALES}, *spread, drawn, draws,
    )  # fmt: skip


def _surface(first: Amounts, second: Amounts, effect: np.ndarray, scale: str) -> Surface:
    doses = [np.array([0.0, *series.shown]) for series in (first, second)]
    return Surface(first.agent.name, second.agent.name, doses[0], doses[1], effect, SCALES[scale])


_TOGETHER = 25
"""Surfaces whose ZIP curves are fitted at once."""


def _over_draws(
    surfaces: Sequence[Surface], excess: Mapping[str, Excess], musyc: MuSyCFit | None, progress: Progress | None
) -> tuple[dict[str, Interval], dict[str, np.ma.MaskedArray]]:
    """Intervals of mean excess and of MuSyC's numbers, and the share of draws with synergy in each cell."""
    if not surfaces:
        return {}, {}
    values: dict[str, list[float]] = {name: [_or_nan(found.mean())] for name, found in excess.items()}
    cells: dict[str, list[np.ma.MaskedArray]] = {name: [] for name in excess}
    if musyc is not None:
        values |= {name: [value] for name, value in musyc.potency_and_efficacy().items()}
    zipped = [found for k in range(0, len(surfaces), _TOGETHER) for found in zip_deltas(surfaces[k : k + _TOGETHER])]
    for done, surface in enumerate(surfaces):
        for name, meaning in _MEANING.items():
            found = zipped[done] if name == "zip" else meaning(surface)
            values[name].append(_or_nan(found.mean()))
            cells[name].append(found.values > 0.0)
        if musyc is not None:
            for name, value in fit_musyc(surface, start=musyc.surface).determined().items():
                values[name].append(value)
        if progress:
            progress("draws judged", done + 1, len(surfaces))
    positive = {name: np.ma.stack(each).mean(axis=0) for name, each in cells.items()}
    return {name: interval(np.array(each)) for name, each in values.items()}, positive


def _or_nan(value: float | None) -> float:
    return np.nan if value is None else value


def pair_and_arm(scenario: Scenario, agents: tuple[str, str] | None, arm: str | None) -> tuple[str, str, Arm]:
    """The two agents or doses that are combined, and the arm; the drug and what some arm gives with it unless named.

    Raises
    ------
    AnalysisError
        If a name does not exist or no arm gives both.
    """
    if arm is not None and arm not in [a.name for a in scenario.arms]:
        raise unknown("arm", arm, [a.name for a in scenario.arms])
    candidates = [scenario.arm(arm)] if arm else list(scenario.arms)
    if agents is not None:
        known = dict.fromkeys([*(dose.agent for dose in scenario.doses.values()), *scenario.doses])
        for name in agents:
            if name not in known:
                raise unknown("agent given here and no dose", name, known, "Name two that an arm is given.")
        one, two = (set(doses_called(scenario, name)) for name in agents)
        if one & two:
            raise AnalysisError(f"'{agents[0]}' and '{agents[1]}' are the same; a combination needs two")
        both = [a for a in candidates if one & set(a.doses) and two & set(a.doses)]
        return agents[0], agents[1], (both or candidates)[0]
    for candidate in candidates:
        acting = [name for name in candidate.doses if scenario.doses[name].amount is not None]
        drugs = [name for name in acting if name in scenario.growth_doses]
        others = [name for name in acting if name not in scenario.growth_doses]
        if drugs and others:
            return _called(drugs, others, scenario), _called(others, drugs, scenario), candidate
    raise AnalysisError(
        f"{scenario.name}: no arm gives the drug of [growth_rate] together with another agent; name two agents or "
        "doses of the scenario with --agents NAME,NAME"
    )


def _called(doses: Sequence[str], others: Sequence[str], scenario: Scenario) -> str:
    """The agent of the first dose, with all its doses; the dose alone where the other side has some of it too."""
    agent = scenario.doses[doses[0]].agent
    return doses[0] if agent in {scenario.doses[name].agent for name in others} else agent


def grown(
    cells: Cells,
    series: tuple[Amounts, Amounts],
    courses: tuple[Dosing, Dosing],
    window: tuple[float, float],
    laboratory: Laboratory,
    draws: Draws,
) -> np.ndarray:
    """Two agents in a dish: logarithm of the growth within a window, shape (1 + n_draws, n, m).

    Parameters
    ----------
    cells : Cells
        Without the two agents.
    series, courses : pairs of Amounts and of Dosing
        How much and when; the dose 0 is added.
    window : (from, until), hours
    laboratory : Laboratory
    draws : Draws
    """
    levels = [np.concatenate([[0.0], amounts.inside]) for amounts in series]
    plans = []
    for one in levels[0]:
        for two in levels[1]:
            plan = [*cells.setup.interventions, *given(series[0].agent, one, courses[0])]
            plan += given(series[1].agent, two, courses[1])
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
