"""What the members of an ensemble say together: intervals, bands, shares."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from .experiment import Arm, Expectation
from .growth import Growth
from .weighted import HIGH, LOW, WeightedInterval, weighted_interval, weighted_quantiles, weighted_share


@dataclass(frozen=True)
class EnsembleOrigin:
    """Which parameter sets an ensemble was made of, so that it can be had again.

    Attributes
    ----------
    kind : str
        "prior", "calibrated", or the name of a file.
    digest : str
        What names the sets: the hash of a file, or seed and numbers of draws.
    weighting : str
        "measured" or "findings"; "" of draws that have no other weights than equal ones.
    limit : int or None
        At most so many members were taken.
    file : str
        Of a user's own.
    """

    kind: str
    digest: str = ""
    weighting: str = ""
    limit: int | None = None
    file: str = ""

    @property
    def description(self) -> str:
        """ "members of the calibrated ensemble"; "draws from the plausible ranges"."""
        if self.kind == "prior":
            return "draws from the plausible ranges"
        return f"members of the {'calibrated ensemble' if self.kind == 'calibrated' else f'ensemble {self.kind}'}"


@dataclass(frozen=True, eq=False)
class EnsembleArm:
    """An arm in every member that is alive.

    Attributes
    ----------
    arm : Arm
    times : array, shape (n_times,), hours
    courses : mapping of name to array, shape (n_members, n_times)
    count : array, shape (n_members, n_times)
        Cells, as a fold of the start.
    growth : list of Growth, or None
        As of an arm of `run`: None where the question does not apply.
    untreated : array, shape (n_members, n_times), or None
    until : float, hours
        When growth is read.
    """

    arm: Arm
    times: np.ndarray
    courses: Mapping[str, np.ndarray]
    count: np.ndarray
    growth: Sequence[Growth] | None
    untreated: np.ndarray | None
    until: float

    @property
    def gr(self) -> np.ndarray | None:
        """Shape (n_members,); nan where it is not defined."""
        return None if self.growth is None else np.array([growth.gr for growth in self.growth])

    @property
    def percent_of_control(self) -> np.ndarray | None:
        """Shape (n_members,)."""
        return None if self.growth is None else np.array([growth.percent_of_control for growth in self.growth])

    @property
    def percent_of_untreated(self) -> np.ndarray | None:
        """Shape (n_members,)."""
        if self.untreated is None:
            return None
        place = int(np.searchsorted(self.times, self.until))
        return 100.0 * self.count[:, place] / self.untreated[:, place]

    @property
    def fold(self) -> np.ndarray:
        """Cells at the end per cell at the start, shape (n_members,)."""
        return self.count[:, -1] / self.count[:, 0]

    def of_names(self, names: Sequence[str]) -> EnsembleArm:
        """Without the courses of anything else, and of growth the numbers alone: they would fill the memory."""
        courses = {name: np.ascontiguousarray(self.courses[name]) for name in names}
        growth = None if self.growth is None else [growth.without_courses() for growth in self.growth]
        count = np.ascontiguousarray(self.count)
        untreated = None if self.untreated is None else np.ascontiguousarray(self.untreated)
        return replace(self, courses=courses, count=count, growth=growth, untreated=untreated)

    def joined(self, others: Sequence[EnsembleArm]) -> EnsembleArm:
        """This arm with the members of others behind its own."""
        parts = [self, *others]
        growth = None if self.growth is None else [g for part in parts for g in part.growth or ()]
        untreated = None if self.untreated is None else np.concatenate([p.untreated for p in parts])  # type: ignore[misc]
        courses = {name: np.concatenate([part.courses[name] for part in parts]) for name in self.courses}
        count = np.concatenate([part.count for part in parts])
        return replace(self, courses=courses, count=count, growth=growth, untreated=untreated)


INTERVALS: Mapping[str, Callable[[EnsembleArm], np.ndarray | None]] = {
    "GR": lambda arm: arm.gr,
    "percent_of_control": lambda arm: arm.percent_of_control,
    "percent_of_untreated": lambda arm: arm.percent_of_untreated,
    "cell_number_fold": lambda arm: arm.fold,
}
"""Numbers of an arm that have an interval."""


@dataclass(frozen=True, eq=False)
class EnsembleVerdict:
    """What an expectation comes to in every member that is alive.

    Attributes
    ----------
    expectation : Expectation
    values : array, shape (n_members,)
        nan where it cannot be read; such a member does not meet it.
    met : bool array, shape (n_members,)
    """

    expectation: Expectation
    values: np.ndarray
    met: np.ndarray


@dataclass(frozen=True, eq=False)
class EnsembleResult:
    """A scenario in every member of an ensemble.

    Attributes
    ----------
    origin : EnsembleOrigin
        Which members.
    weights : array, shape (n_members,)
        Of those alive in all arms.
    alive : int array, shape (n_members,)
        Which of the members that were tried they are.
    arms : mapping of name to EnsembleArm
    verdicts : tuple of EnsembleVerdict
        One for each expectation of the scenario.
    refused : mapping of member to str
        Members that gave no living cells in some arm, and why.
    """

    origin: EnsembleOrigin
    weights: np.ndarray
    alive: np.ndarray
    arms: Mapping[str, EnsembleArm]
    verdicts: tuple[EnsembleVerdict, ...]
    refused: Mapping[int, str]

    def __len__(self) -> int:
        return len(self.weights)

    @property
    def asked(self) -> int:
        """Members that were tried."""
        return len(self.alive) + len(self.refused)

    @cached_property
    def intervals(self) -> Mapping[str, Mapping[str, WeightedInterval]]:
        """By arm: of each of `INTERVALS` where the question applies."""
        by_arm: dict[str, dict[str, WeightedInterval]] = {}
        for name, arm in self.arms.items():
            values = {quantity: read(arm) for quantity, read in INTERVALS.items()}
            by_arm[name] = {q: weighted_interval(v, self.weights) for q, v in values.items() if v is not None}
        return by_arm

    def bands(self, arm: str, name: str, of: str = "") -> np.ndarray:
        """5 %, 50 % and 95 % of a course at each time, shape (3, n_times).

        Parameters
        ----------
        arm : str
        name : str
            Of a quantity.
        of : str
            An arm; each member's course then counts in what that arm has at the start in the same member.
        """
        courses = self.arms[arm].courses[name]
        if of:
            courses = courses / self.arms[of].courses[name][:, :1]
        return weighted_quantiles(courses, self.weights, (LOW, 0.5, HIGH))

    @cached_property
    def shares(self) -> tuple[float, ...]:
        """For each expectation the share of the ensemble that meets it."""
        return tuple(weighted_share(verdict.met, self.weights) for verdict in self.verdicts)

    @cached_property
    def values(self) -> tuple[WeightedInterval, ...]:
        """For each expectation median and interval of its number."""
        return tuple(weighted_interval(verdict.values, self.weights) for verdict in self.verdicts)

    def shares_given(self, conditions: Collection[int]) -> tuple[float, ...]:
        """For each expectation the share among the members that meet some other ones, by their places; nan where none
        does."""
        holds = np.ones(len(self), dtype=bool)
        for place in conditions:
            holds &= self.verdicts[place].met
        weights = np.where(holds, self.weights, 0.0)
        return tuple(weighted_share(verdict.met, weights) for verdict in self.verdicts)

    def reweighted(self, weights: np.ndarray) -> EnsembleResult:
        """The same members with other weights, shape (n_asked,); they need not add up to 1."""
        return replace(self, weights=_normalized(weights[self.alive]))

    @property
    def record(self) -> dict[str, Any]:
        """For the provenance."""
        origin = self.origin
        record: dict[str, Any] = {"kind": origin.kind, "hash": origin.digest, "members": len(self), "asked": self.asked}
        record |= {"weights": origin.weighting or None, "limit": origin.limit}
        if self.refused:
            record["refused"] = {"number": len(self.refused), "first": next(iter(self.refused.values()))}
        return record


def joined_results(parts: Sequence[EnsembleResult]) -> EnsembleResult:
    """Parts of one ensemble put together; the weights add up to 1."""
    first, others = parts[0], parts[1:]
    if not others:
        return replace(first, weights=_normalized(first.weights))
    arms = {name: arm.joined([part.arms[name] for part in others]) for name, arm in first.arms.items()}
    verdicts = []
    for place, verdict in enumerate(first.verdicts):
        own = [part.verdicts[place] for part in parts]
        values, met = np.concatenate([v.values for v in own]), np.concatenate([v.met for v in own])
        verdicts.append(EnsembleVerdict(verdict.expectation, values, met))
    before = np.cumsum([0, *(part.asked for part in parts[:-1])])
    return replace(
        first,
        weights=_normalized(np.concatenate([part.weights for part in parts])),
        alive=np.concatenate([part.alive + offset for part, offset in zip(parts, before, strict=True)]),
        arms=arms,
        verdicts=tuple(verdicts),
        refused={member: reason for part in parts for member, reason in part.refused.items()},
    )


def _normalized(weights: np.ndarray) -> np.ndarray:
    """Weights that add up to 1; as they are where there is none."""
    total = weights.sum()
    return weights / total if total > 0.0 else weights
