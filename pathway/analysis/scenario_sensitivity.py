"""Which parameters decide a reading of an arm, over the ranges of the table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from pathway import parameters as tables
from pathway.equations import Model
from pathway.scenario.arms import ArmSetup, arm_setups
from pathway.scenario.experiment import Arm, Scenario
from pathway.scenario.growth import gr_value
from pathway.scenario.laboratory import Laboratory
from pathway.simulation import Intervention, simulate_ensemble
from pathway.simulation.pieces import PieceRunner
from pathway.simulation.steady import steady_states

from .arms_under_draws import arms_under_draws, checked_readouts
from .control import TimeSensitivities, sensitivities_over_time
from .draws import ParameterDraws, Progress, draws_of_chosen_values
from .global_sensitivity import ParameterRanges
from .mistakes import AnalysisError, unknown_name_error
from .screen import control_arm, treated_arm

_CHUNK = 2048
CHOICES = ("fitted", "assumed", "inferred", "measured", "all")


def parameter_ranges(
    laboratory: Laboratory, cells: str, folder: Path, which: Sequence[str] = ("fitted",)
) -> ParameterRanges:
    """Plausible ranges of a line's parameters.

    Parameters
    ----------
    laboratory : Laboratory
    cells : str
    folder : Path
    which : sequence of str
        Confidences ("fitted": the free ones of the calibration), "all", or names of parameters.

    Raises
    ------
    AnalysisError
        If a name is neither.
    """
    from pathway.scenario.built_in import open_cell_line

    entries = open_cell_line(cells, folder).entries
    anchored = {anchor.parameter for anchor in tables.anchors()}
    names = []
    for word in which:
        if word in CHOICES:
            names += [
                n
                for n in laboratory.model.parameters
                if n not in anchored and entries[n].source != "scenario" and word in ("all", entries[n].confidence)
            ]
        elif word in entries:
            names.append(word)
        else:
            raise unknown_name_error("parameter", word, [*CHOICES, *entries])
    usable = [n for n in dict.fromkeys(names) if entries[n].range[0] < entries[n].range[1]]
    low, high = (np.array([entries[n].range[k] for n in usable]) for k in (0, 1))
    return ParameterRanges(tuple(usable), low, high, low > 0)


def parameter_ranges_of_draws(
    laboratory: Laboratory, draws: ParameterDraws, cells: str, folder: Path
) -> ParameterRanges:
    """The middle 95 % of a posterior as ranges of its parameters, each by itself.

    How parameters go together in the posterior is lost: the box around its draws is larger than they are.
    """
    rows = draws.of_line(cells, folder)
    values = rows[:, [laboratory.model.parameter_index(name) for name in draws.names]]
    low, high = np.quantile(values, [0.025, 0.975], axis=0)
    moving = low < high
    names = tuple(name for name, moves in zip(draws.names, moving, strict=True) if moves)
    return ParameterRanges(names, low[moving], high[moving], low[moving] > 0)


def time_sensitivities(
    scenario: Scenario,
    laboratory: Laboratory,
    arm: Arm,
    readings: Sequence[str],
    names: Sequence[str],
    *,
    draws: ParameterDraws | None = None,
    progress: Progress | None = None,
    steps: int = 25,
    runner: PieceRunner | None = None,
) -> list[TimeSensitivities]:
    """Relative sensitivities of readings of an arm to parameters over the time of the scenario.

    Parameters
    ----------
    scenario : Scenario
    laboratory : Laboratory
    arm : Arm
    readings, names : sequence of str
        What is read, and the parameters.
    draws : ParameterDraws, optional
        Those without an untreated resting state are left out.
    progress : callable, optional
    steps : int
        Times.
    runner : PieceRunner, optional
        Who does the work; threads of this process unless given.

    Raises
    ------
    AnalysisError
        If a reading does not exist or no parameter is named.
    """
    readings = checked_readouts(laboratory, readings)
    if not names:
        raise _nothing_chosen()
    (cells,) = arms_under_draws(scenario, [arm], laboratory, draws or draws_of_chosen_values(laboratory))
    begin = min([scenario.start, *(i.time for i in cells.interventions(0))])
    times = np.linspace(begin, scenario.end, steps)
    kept = [k for k, state in enumerate(cells.states) if k == 0 or np.isfinite(state).all()]
    draws_kept = [(cells.parameters[k], cells.states[k], cells.interventions(k)) for k in kept]
    work = partial(_courses_of_draw, laboratory.model, readings, tuple(names), times, begin)
    parts = (runner or PieceRunner()).kept("draws", work, draws_kept, (readings, names, times, begin))
    courses: list[list[np.ndarray]] = [[] for _ in readings]
    for done, part in enumerate(parts):
        for name, own in zip(readings, courses, strict=True):
            own.append(part[name])
        if progress and done:
            progress("draws", done, len(kept) - 1)
    return [
        _with_interval(TimeSensitivities(name, tuple(names), times, first), drawn)
        for name, (first, *drawn) in zip(readings, courses, strict=True)
    ]


def _courses_of_draw(
    model: Model, readings: Sequence[str], names: Sequence[str], times: np.ndarray, begin: float,
    draw: tuple[np.ndarray, np.ndarray, Sequence[Intervention]],
) -> dict[str, np.ndarray]:  # fmt: skip
    """Relative sensitivities of each reading at one draw's parameters, from its state at rest."""
    row, state, plan = draw
    return {
        name: sensitivities_over_time(model, row, state, name, names, times, plan, begin).values for name in readings
    }


def _with_interval(first: TimeSensitivities, values: Sequence[np.ndarray]) -> TimeSensitivities:
    if len(values) < 2:
        return first
    low, high, median = np.quantile(values, [0.025, 0.975, 0.5], axis=0, method="inverted_cdf")
    return replace(first, low=low, high=high, median=median)


def _nothing_chosen() -> AnalysisError:
    return AnalysisError("no parameter with a range was chosen; use --parameters fitted, all, or names")


@dataclass(frozen=True, eq=False)
class ReadingFunction:
    """A reading of an arm as a function of parameters.

    Attributes
    ----------
    scenario : Scenario
    laboratory : Laboratory
    arm : Arm
    names : tuple of str
        Parameters that are varied.
    quantity : str
        "GR", or anything readable, at the end.
    tolerance : float
        Relative, of each run.
    """

    scenario: Scenario
    laboratory: Laboratory
    arm: Arm
    names: tuple[str, ...]
    quantity: str
    tolerance: float = 1e-4

    def __call__(
        self, samples: np.ndarray, progress: Progress | None = None, runner: PieceRunner | None = None
    ) -> np.ndarray:
        """Readings at samples, shape (k, n_names) -> (k,); nan where a member failed."""
        chunks = [samples[k : k + _CHUNK] for k in range(0, len(samples), _CHUNK)]
        plan = self._plan()
        parts, done = [], 0
        of = self.names, self.quantity, self.tolerance, plan
        for part in (runner or PieceRunner()).kept("members", partial(self._chunk, *plan), chunks, of):
            parts.append(part["readings"])
            done += len(part["readings"])
            if progress:
                progress("members", done, len(samples))
        return np.concatenate(parts)

    def _plan(self) -> tuple[list[ArmSetup], tuple[float, float], float]:
        control = control_arm(self.arm, self.scenario)
        arms = [self.arm, control.arm] if self.quantity == "GR" else [self.arm]
        setups = arm_setups(self.scenario, arms, self.laboratory)
        times = (control.since, self.scenario.growth_until)
        begin = min([control.since, *(i.time for setup in setups for i in setup.interventions)])
        return setups, times, begin

    def _chunk(
        self, setups: Sequence[ArmSetup], times: tuple[float, float], begin: float, samples: np.ndarray
    ) -> dict[str, np.ndarray]:
        model, count = self.laboratory.model, self.laboratory.cell_count
        shown = count if self.quantity == "GR" else self.quantity
        places = [model.parameter_index(name) for name in self.names]
        values: list[np.ndarray] = []
        failures: set[int] = set()
        rested: dict[bytes, tuple[np.ndarray, np.ndarray]] = {}
        for setup in setups:
            # What the control has otherwise than the arm, it keeps by the same factor.
            rows = np.tile(setup.parameters, (len(samples), 1))
            rows[:, places] = samples * _ratio(setup.parameters[places], setups[0].parameters[places])
            if (key := rows.tobytes()) not in rested:
                states, problems = steady_states(model, np.tile(setup.state, (len(samples), 1)), rows)
                failures |= set(problems)
                rested[key] = rows, np.nan_to_num(states)
            rows, start = rested[key]
            ensemble = simulate_ensemble(
                model,
                times,
                rows,
                initial=start,
                interventions=setup.interventions,
                observables=(shown,),
                start=begin,
                workers=1,
                relative_tolerance=self.tolerance,
            )
            values.append(ensemble[shown])
        if self.quantity == "GR":
            with np.errstate(all="ignore"):
                readings = gr_value(values[0][:, 1], values[1][:, 1], values[0][:, 0], values[1][:, 0])
        else:
            readings = values[0][:, 1].copy()
        readings[list(failures)] = np.nan
        return {"readings": readings}


def _ratio(own: np.ndarray, of: np.ndarray) -> np.ndarray:
    return np.divide(own, of, out=np.ones_like(own), where=of != 0.0)


def reading_function(
    scenario: Scenario,
    laboratory: Laboratory,
    names: Sequence[str],
    *,
    arm: str | None = None,
    quantity: str = "GR",
) -> ReadingFunction:
    """The reading of an arm as a function of named parameters.

    Raises
    ------
    AnalysisError
        If arm or read-out does not exist, or no arm gets the drug whose GR is asked.
    """
    if not names:
        raise _nothing_chosen()
    if quantity != "GR":
        checked_readouts(laboratory, [quantity])
    return ReadingFunction(scenario, laboratory, treated_arm(scenario, arm), tuple(names), quantity)
