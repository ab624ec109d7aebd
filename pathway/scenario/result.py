"""What a run has found, and the forms in which it leaves the room."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from pathway.equations import Model
from pathway.errors import UnknownNameError, did_you_mean
from pathway.extras import pandas
from pathway.notebook import html_table, listed
from pathway.numerals import finite_or_none
from pathway.parameters import Entry

from .ensemble_result import INTERVALS, EnsembleResult
from .experiment import Arm, Expectation, Scenario
from .growth import Growth
from .run_plan import TimelineEntry
from .weighted import WeightedInterval


@dataclass(frozen=True, eq=False)
class ArmResult:
    """One dish after the experiment.

    Attributes
    ----------
    arm : Arm
    model : Model
        Shared by all arms.
    parameters : array, shape (n_parameters,)
        Of the arm's cells, with its changes and knock-downs: the numbers it was run with.
    usual : array, shape (n_parameters,)
        Of its line without them.
    entries : mapping of parameter to Entry
        Range and source of the line's numbers, where they are known.
    times : array, shape (n_times,), hours
    trajectory
        Any species, quantity or observable by name.
    courses : mapping of observable to array, shape (n_times,)
        The scenario's shown observables.
    count : array, shape (n_times,)
        Cells, as a fold of the start.
    growth : Growth or None
        None if the scenario asks for no GR, and of an arm to which the question does not apply.
    timeline_entries : tuple of TimelineEntry
    untreated : array, shape (n_times,), or None
        Cells of the untreated dish of the same line; None if the scenario asks for no GR.
    until : float, hours
        When growth is read.
    """

    arm: Arm
    model: Model
    parameters: np.ndarray
    usual: np.ndarray
    entries: Mapping[str, Entry]
    times: np.ndarray
    trajectory: Any
    courses: Mapping[str, np.ndarray]
    count: np.ndarray
    growth: Growth | None
    timeline_entries: tuple[TimelineEntry, ...]
    untreated: np.ndarray | None = None
    until: float = math.nan

    @property
    def percent_of_untreated(self) -> float | None:
        """Cells per hundred of the untreated dish of the same line, when growth is read; None if no GR is asked."""
        if self.untreated is None:
            return None
        place = int(np.searchsorted(self.times, self.until))
        return 100.0 * float(self.count[place] / self.untreated[place])

    @property
    def fold(self) -> float:
        """Cells at the end per cell at the start."""
        return float(self.count[-1] / self.count[0])

    def __repr__(self) -> str:
        gr = f"GR {self.growth.gr:.3g}, " if self.growth else ""
        return f"<Arm '{self.arm.name}' of {self.arm.cells}: {gr}{self.fold:.3g} cells for each at the start>"


class Arms(dict[str, ArmResult]):
    """Arms by name, in the order of the scenario."""

    def __missing__(self, name: str) -> ArmResult:
        raise UnknownNameError(f"no arm is called '{name}'.{did_you_mean(str(name), self)} Arms: {', '.join(self)}")

    def __repr__(self) -> str:
        return f"<{len(self)} arms: {listed(map(repr, self))}>"

    def _repr_html_(self) -> str:
        header = ["arm", "cells", "GR", "% of untreated", "cells, fold"]
        rows = [
            [name, arm.arm.cells, arm.growth and arm.growth.gr, arm.percent_of_untreated, arm.fold]
            for name, arm in self.items()
        ]
        return html_table(header, rows)


@dataclass(frozen=True)
class Verdict:
    """What became of an expectation.

    Attributes
    ----------
    expectation : Expectation
    value : float
        nan where it could not be read.
    met : bool
    reason : str or None
        Why it is missed.
    prior_pass_fraction : float or None
        Share of draws from the parameters' ranges that meet it.
    share_of_ensemble : float or None
        Share of the ensemble that meets it; None where the run had none.
    interval : WeightedInterval or None
        Of the value over the ensemble.
    """

    expectation: Expectation
    value: float
    met: bool
    reason: str | None = None
    prior_pass_fraction: float | None = None
    share_of_ensemble: float | None = None
    interval: WeightedInterval | None = None

    def to_dict(self) -> dict[str, Any]:
        """The JSON form."""
        expectation = self.expectation
        return {
            "finding": expectation.finding,
            "claim": expectation.claim,
            "role": expectation.role,
            "source": expectation.source,
            "quantity": expectation.reading.quantity,
            "value": finite_or_none(self.value),
            "above": expectation.above,
            "below": expectation.below,
            "met": self.met,
            "reason": self.reason,
            "compares_with": expectation.compares_with,
            "prior_pass_fraction": self.prior_pass_fraction,
            "share_of_ensemble": self.share_of_ensemble,
            "median": finite_or_none(self.interval.median) if self.interval else None,
            "interval": self.interval.ends if self.interval else None,
        }


@dataclass(frozen=True, eq=False)
class Result:
    """A scenario and what came of it; `ensemble` is the same in every member of an ensemble, where one was asked."""

    scenario: Scenario
    arms: Mapping[str, ArmResult]
    verdicts: tuple[Verdict, ...]
    units: Mapping[str, str]
    measurements: Sequence[Any] = ()
    ensemble: EnsembleResult | None = None

    def interval(self, arm: str, quantity: str) -> WeightedInterval | None:
        """Of one of `INTERVALS` over the ensemble; None where there is none, or the question does not apply."""
        self.arms[arm]  # an unknown one is refused with the nearest names
        if quantity not in INTERVALS and quantity not in self.units:
            near = did_you_mean(str(quantity), INTERVALS)
            raise UnknownNameError(f"no interval of '{quantity}'.{near} There are {', '.join(INTERVALS)}")
        return self.ensemble.intervals[arm].get(quantity) if self.ensemble else None

    def with_ensemble(self, ensemble: EnsembleResult) -> Result:
        """The same result beside what the members of an ensemble say."""
        judged = zip(self.verdicts, ensemble.shares, ensemble.values, strict=True)
        verdicts = tuple(
            replace(verdict, share_of_ensemble=share, interval=interval) for verdict, share, interval in judged
        )
        return replace(self, verdicts=verdicts, ensemble=ensemble)

    @property
    def times(self) -> np.ndarray:
        """Hours, shape (n_times,); the same for all arms."""
        return next(iter(self.arms.values())).times

    @property
    def all_met(self) -> bool:
        """Whether every expectation is met."""
        return all(verdict.met for verdict in self.verdicts)

    def columns(self) -> tuple[list[str], list[list[Any]]]:
        """The tidy table: header with units, one row for each arm and time."""
        names = list(self.scenario.observables)
        header = ["arm", "time [h]", *(header_with_unit(name, self.units) for name in names)]
        has_growth = any(arm.growth for arm in self.arms.values())
        header += ["cell number fold [1]"] if "cell_number" not in names else []
        header += ["GR [1]", "GR instantaneous [1]"] if has_growth else []
        rows: list[list[Any]] = []
        for name, arm in self.arms.items():
            courses = [arm.courses[n] for n in names]
            courses += [arm.count / arm.count[0]] if "cell_number" not in names else []
            if has_growth:
                missing = np.full(len(arm.times), np.nan)
                courses += [arm.growth.course, arm.growth.instantaneous] if arm.growth else [missing, missing]
            rows += [[name, *map(float, row)] for row in zip(arm.times, *courses, strict=True)]
        return header, rows

    def to_dataframe(self) -> Any:
        """One row for each arm and time, columns with their units, as a pandas table."""
        header, rows = self.columns()
        return pandas().DataFrame(rows, columns=header)

    def to_dict(self) -> dict[str, Any]:
        """The JSON form, without provenance."""
        return {
            "scenario": self.scenario.name,
            "title": self.scenario.title,
            "arms": {name: self._arm_dict(arm) for name, arm in self.arms.items()},
            "expectations": [verdict.to_dict() for verdict in self.verdicts],
        }

    def _arm_dict(self, arm: ArmResult) -> dict[str, Any]:
        def summary(name: str) -> dict[str, Any]:
            course = arm.courses[name]
            numbers = {"start": course[0], "end": course[-1], "min": course.min(), "max": course.max()}
            return {**{k: finite_or_none(float(v)) for k, v in numbers.items()}, "unit": self.units[name]}

        return {
            "GR": finite_or_none(arm.growth.gr) if arm.growth else None,
            "cell_number_fold": finite_or_none(arm.fold),
            "percent_of_untreated": None
            if arm.percent_of_untreated is None
            else finite_or_none(arm.percent_of_untreated),
            "percent_of_control": finite_or_none(arm.growth.percent_of_control) if arm.growth else None,
            "control": arm.growth.control if arm.growth else None,
            **self._interval_dict(arm.arm.name),
            "observables": {name: summary(name) for name in self.scenario.observables},
        }

    def _interval_dict(self, arm: str) -> dict[str, Any]:
        """ "GR_median", "GR_interval" and so on; None without an ensemble."""
        entries: dict[str, Any] = {}
        for quantity in INTERVALS:
            interval = self.interval(arm, quantity)
            entries[f"{quantity}_median"] = finite_or_none(interval.median) if interval else None
            entries[f"{quantity}_interval"] = interval.ends if interval else None
        return entries

    def __repr__(self) -> str:
        met = sum(verdict.met for verdict in self.verdicts)
        verdicts = f", {met} of {len(self.verdicts)} expectations met" if self.verdicts else ""
        return f"<Result of '{self.scenario.name}': {len(self.arms)} arms, {len(self.times)} times{verdicts}>"


def header_with_unit(name: str, units: Mapping[str, str]) -> str:
    """Column header or axis label: "PTEN [1]"."""
    return f"{name} [{units.get(name, '1')}]"
