"""Two agents over a grid of doses in one ensemble, judged by every reference, on every scale, over all draws."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain

import numpy as np

from pathway.scenario.controls import without_doses
from pathway.scenario.experiment import Arm, Scenario
from pathway.scenario.laboratory import Laboratory

from .arms_under_draws import (
    ArmUnderDraws,
    DoseLevels,
    DosingRegimen,
    arms_under_draws,
    dose_interventions,
    dose_levels,
    dosing_regimen,
    find_agent,
    find_doses,
    log_cell_counts,
    simulate_draws,
)
from .draws import DrawInterval, ParameterDraws, Progress, draw_interval, draws_of_chosen_values
from .grid import CombinationGrid
from .mistakes import AnalysisError, unknown_name_error
from .synergy import (
    EffectSurface,
    ExcessSurface,
    bliss_excess,
    fit_musyc,
    highest_single_agent_excess,
    loewe_excess,
    zip_delta,
    zip_deltas,
)
from .synergy.loewe import combination_index
from .synergy.musyc import MuSyCFit
from .synergy.scales import SCALES, effects_on_scale, synergy_verdict, verdict_flips

_MEANING = {"bliss": bliss_excess, "hsa": highest_single_agent_excess, "loewe": loewe_excess, "zip": zip_delta}


def combination_grid(
    scenario: Scenario,
    laboratory: Laboratory,
    *,
    size: tuple[int, int] = (8, 8),
    agents: tuple[str, str] | None = None,
    arm: str | None = None,
    doses: tuple[Sequence[str] | None, Sequence[str] | None] = (None, None),
    scale: str = "growth rate",
    draws: ParameterDraws | None = None,
    decades: float = 3.0,
    progress: Progress | None = None,
) -> CombinationGrid:
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
    draws : ParameterDraws, optional
    decades : float
        Of made series of doses.
    progress : callable, optional

    Raises
    ------
    AnalysisError
        If an agent, arm or scale does not exist or no arm gives both.
    """
    if scale not in SCALES:
        raise unknown_name_error("scale of effect", scale, SCALES)
    if min(size) < 2:
        raise AnalysisError(f"a grid of {size[0]}x{size[1]} has no combination; use 2x2 or more, for example 8x8")
    draws = draws or draws_of_chosen_values(laboratory)
    one, two, chosen_arm = pair_and_arm(scenario, agents, arm)
    courses = dosing_regimen(scenario, chosen_arm, one), dosing_regimen(scenario, chosen_arm, two)
    first, second = (
        dose_levels(find_agent(laboratory, course.agent), texts, course.written, n - 1, decades)
        for course, texts, n in zip(courses, doses, size, strict=True)
    )
    since, until = min(course.times[0] for course in courses), scenario.growth_until
    if not since < until:
        raise AnalysisError(f"growth is read at {until:g} h, before the first drug at {since:g} h")
    (cells,) = arms_under_draws(
        scenario, [without_doses(chosen_arm, courses[0].doses + courses[1].doses)], laboratory, draws
    )
    log_folds = log_growth_grid(cells, (first, second), courses, (since, until), laboratory, draws)
    kept = np.isfinite(log_folds).all(axis=(1, 2)) & (log_folds[:, 0, 0] > 1e-6)
    if not kept[0]:
        raise AnalysisError(
            f"{scenario.name}: the untreated cells of arm '{chosen_arm.name}' do not grow, so there is no control"
        )
    by_scale = {
        name: np.stack([effects_on_scale(one, float(one[0, 0]), name) for one in log_folds[kept]]) for name in SCALES
    }
    surfaces = {name: _surface(first, second, values[0], name) for name, values in by_scale.items()}
    main, drawn = surfaces[scale], by_scale[scale][1:]
    musyc = fit_musyc(main) if main.effect.size >= 16 else None
    excess = {name: meaning(main) for name, meaning in _MEANING.items()}
    spread = _over_draws([_surface(first, second, one, scale) for one in drawn], excess, musyc, progress)
    return CombinationGrid(
        scenario, chosen_arm.name, first, second, courses[0].times, courses[1].times, since, until, log_folds, scale,
        surfaces, excess, combination_index(main), musyc, verdict_flips(surfaces),
        {name: synergy_verdict(bliss_excess(surfaces[name]).mean()) for name in SCALES}, *spread, drawn, draws,
    )  # fmt: skip


def _surface(first: DoseLevels, second: DoseLevels, effect: np.ndarray, scale: str) -> EffectSurface:
    doses = [np.array([0.0, *series.shown]) for series in (first, second)]
    return EffectSurface(first.agent.name, second.agent.name, doses[0], doses[1], effect, SCALES[scale])


_TOGETHER = 25
"""Surfaces whose ZIP curves are fitted at once."""


def _over_draws(
    surfaces: Sequence[EffectSurface],
    excess: Mapping[str, ExcessSurface],
    musyc: MuSyCFit | None,
    progress: Progress | None,
) -> tuple[dict[str, DrawInterval], dict[str, np.ma.MaskedArray]]:
    """Intervals of mean excess and of MuSyC's numbers, and the share of draws with synergy in each cell."""
    if not surfaces:
        return {}, {}
    values: dict[str, list[float]] = {name: [_or_nan(own.mean())] for name, own in excess.items()}
    cells: dict[str, list[np.ma.MaskedArray]] = {name: [] for name in excess}
    if musyc is not None:
        values |= {name: [value] for name, value in musyc.potency_and_efficacy().items()}
    zipped = [delta for k in range(0, len(surfaces), _TOGETHER) for delta in zip_deltas(surfaces[k : k + _TOGETHER])]
    for done, surface in enumerate(surfaces):
        for name, meaning in _MEANING.items():
            drawn = zipped[done] if name == "zip" else meaning(surface)
            values[name].append(_or_nan(drawn.mean()))
            cells[name].append(drawn.values > 0.0)
        if musyc is not None:
            for name, value in fit_musyc(surface, start=musyc.surface).determined().items():
                values[name].append(value)
        if progress:
            progress("draws judged", done + 1, len(surfaces))
    positive = {name: np.ma.stack(each).mean(axis=0) for name, each in cells.items()}
    return {name: draw_interval(np.array(each)) for name, each in values.items()}, positive


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
        raise unknown_name_error("arm", arm, [a.name for a in scenario.arms])
    candidates = [scenario.arm(arm)] if arm else list(scenario.arms)
    if agents is not None:
        known = dict.fromkeys([*(dose.agent for dose in scenario.doses.values()), *scenario.doses])
        for name in agents:
            if name not in known:
                raise unknown_name_error("agent given here and no dose", name, known, "Name two that an arm is given.")
        one, two = (set(find_doses(scenario, name)) for name in agents)
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


def log_growth_grid(
    cells: ArmUnderDraws,
    series: tuple[DoseLevels, DoseLevels],
    courses: tuple[DosingRegimen, DosingRegimen],
    window: tuple[float, float],
    laboratory: Laboratory,
    draws: ParameterDraws,
) -> np.ndarray:
    """Two agents in a dish: logarithm of the growth within a window, shape (1 + n_draws, n, m).

    Parameters
    ----------
    cells : ArmUnderDraws
        Without the two agents.
    series, courses : pairs of DoseLevels and of DosingRegimen
        How much and when; the dose 0 is added.
    window : (from, until), hours
    laboratory : Laboratory
    draws : ParameterDraws
    """
    levels = [np.concatenate([[0.0], amounts.inside]) for amounts in series]
    plans = []
    for one in levels[0]:
        for two in levels[1]:
            doses = [dose_interventions(series[k].agent, amount, courses[k]) for k, amount in enumerate((one, two))]
            plans += cells.with_added_doses(chain(*doses))
    n, dishes = 1 + draws.count, levels[0].size * levels[1].size
    ensemble = simulate_draws(
        laboratory,
        np.tile(cells.parameters, (dishes, 1)),
        np.tile(cells.states, (dishes, 1)),
        plans,
        window,
        (),
    )
    grown = log_cell_counts(ensemble, laboratory)
    folds = (grown[:, -1] - grown[:, 0]).reshape(len(levels[0]), len(levels[1]), n)
    folds[:, :, np.isnan(cells.states).any(axis=1)] = np.nan
    return np.moveaxis(folds, 2, 0)
