"""What an ensemble says of each finding: before any data, after measured data, and after the project's findings too.

A finding that entered the weights says nothing by its own share; it is told as it is when it alone is left out. A
prediction is told among the members that meet what it rests on: the calibration findings of its scenario.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from pathway.equations import Model
from pathway.parameters.parameter_ensemble import ParameterEnsemble

from .ensemble_result import EnsembleResult
from .ensembles import MEMBERS, SEED
from .experiment import Expectation, Scenario
from .laboratory import Laboratory
from .members import NoMembersError, run_members
from .run import Progress
from .sampled_cell_lines import (
    ParameterSets,
    parameter_sets_from_ranges,
    parameter_sets_of_ensemble,
    parameter_sets_of_prior_draws,
    resampled_members,
)
from .weighted import WeightedInterval, distribution_distance, effective_sample_size

STAGES = ("prior", "measured", "findings")
CHANCE = 1.36
"""Of the Kolmogorov-Smirnov distance of two samples of one distribution: 5 % lie above this over the root of their
number."""


@dataclass(frozen=True)
class EvidenceStage:
    """An expectation over the members with one set of weights."""

    share: float
    value: WeightedInterval

    def to_dict(self) -> dict[str, Any]:
        """The JSON form."""
        ends = self.value.ends
        median = None if ends is None else self.value.median
        return {"share": None if np.isnan(self.share) else self.share, "median": median, "interval": ends}


@dataclass(frozen=True)
class FindingShares:
    """What an ensemble says of one expectation.

    Attributes
    ----------
    stages : mapping of "prior", "measured", "findings" to EvidenceStage
        Those that were asked for, and in which there are living cells.
    given_calibration : float or None
        After measured data, among the members that meet the other expectations of role calibration of the scenario; nan
        where none does, None where there are none or this is no prediction.
    without_itself : float or None
        After findings, with this finding alone left out; None where it is not among them.
    informed : bool or None
        Whether measured data move the number more than chance does; None where not both are known.
    """

    stages: Mapping[str, EvidenceStage] = field(default_factory=dict)
    given_calibration: float | None = None
    without_itself: float | None = None
    informed: bool | None = None

    def to_dict(self) -> dict[str, Any]:
        """The JSON form; entries of a verdict."""
        measured = self.stages["measured"].to_dict() if "measured" in self.stages else {}
        given, left_out = (
            None if share is None or np.isnan(share) else share
            for share in (self.given_calibration, self.without_itself)
        )
        return {
            "share_of_ensemble": measured.get("share"),
            "median": measured.get("median"),
            "interval": measured.get("interval"),
            "share_given_calibration": given,
            "share_without_itself": left_out,
            "stages": {name: stage.to_dict() for name, stage in self.stages.items()},
            "informed": self.informed,
        }


NOTHING_KNOWN = FindingShares()


@dataclass(frozen=True, eq=False)
class ResampledMembers:
    """Members of an ensemble chosen once for all of its weights.

    Attributes
    ----------
    rows : int array
    factors : array
        What a weight of the ensemble is multiplied by, because of how the members were chosen.
    """

    rows: np.ndarray
    factors: np.ndarray

    @classmethod
    def of(cls, ensemble: ParameterEnsemble, count: int | None) -> ResampledMembers:
        """At most `count` members, as many of one weight as of the other."""
        mixture = 0.5 * (ensemble.weights_measured + ensemble.weights_findings)
        rows, own = resampled_members(mixture, count)
        return cls(rows, own / mixture[rows])

    def weights(self, weights: np.ndarray) -> np.ndarray:
        """The weights of the chosen members."""
        return weights[self.rows] * self.factors


def finding_shares(
    scenario: Scenario,
    laboratory: Laboratory,
    ensemble: ParameterEnsemble,
    *,
    members: int | None = MEMBERS,
    prior: bool = False,
    progress: Progress | None = None,
) -> list[FindingShares]:
    """What an ensemble says of each expectation of a scenario.

    Parameters
    ----------
    scenario : Scenario
    laboratory : Laboratory
    ensemble : ParameterEnsemble
    members : int or None
        At most so many, of the ensemble and of the prior; None: all.
    prior : bool
        Whether draws from the plausible ranges are run as well: those of the ensemble's file, or draws from the ranges.
    progress : callable (what, done, of), optional
    """
    model = laboratory.model
    chosen = ResampledMembers.of(ensemble, members)
    sets = _sets(model, ensemble, chosen)
    run = partial(_results, scenario, laboratory, progress=progress)
    after = run(sets)
    before = run(_prior_sets(model, ensemble, members)) if prior else None
    if after is None:
        return [NOTHING_KNOWN] * len(scenario.expectations)
    by_stage = {
        "measured": after.reweighted(chosen.weights(ensemble.weights_measured)),
        "findings": after.reweighted(chosen.weights(ensemble.weights_findings)),
    }
    if before is not None:
        by_stage = {"prior": before, **by_stage}
    return [
        FindingShares(
            stages={name: EvidenceStage(results.shares[k], results.values[k]) for name, results in by_stage.items()},
            given_calibration=_given_calibration(scenario, by_stage["measured"], k),
            without_itself=_without_itself(ensemble, after, chosen, expectation, k),
            informed=None if before is None else _informed(before, by_stage["measured"], k),
        )
        for k, expectation in enumerate(scenario.expectations)
    ]


def _sets(model: Model, ensemble: ParameterEnsemble, chosen: ResampledMembers) -> ParameterSets:
    weights = np.zeros(len(ensemble))
    weights[chosen.rows] = 1.0 / len(chosen.rows)
    return parameter_sets_of_ensemble(model, ensemble, weights)


def _prior_sets(model: Model, ensemble: ParameterEnsemble, members: int | None) -> ParameterSets:
    if len(ensemble.prior_values):
        return parameter_sets_of_prior_draws(model, ensemble, members)
    return parameter_sets_from_ranges(model, SEED, range(members or len(ensemble)))


def _results(
    scenario: Scenario, laboratory: Laboratory, sets: ParameterSets, progress: Progress | None
) -> EnsembleResult | None:
    try:
        return run_members(scenario, laboratory, sets, progress)
    except NoMembersError:
        return None


def _given_calibration(scenario: Scenario, measured: EnsembleResult, place: int) -> float | None:
    if scenario.expectations[place].role != "prediction":
        return None
    others = [k for k, e in enumerate(scenario.expectations) if e.role == "calibration" and k != place]
    return measured.shares_given(others)[place] if others else None


def _without_itself(
    ensemble: ParameterEnsemble, after: EnsembleResult, chosen: ResampledMembers, expectation: Expectation, place: int
) -> float | None:
    verdict = expectation.finding
    if verdict is None or not ensemble.findings_of(verdict).any():
        return None
    return after.reweighted(chosen.weights(ensemble.weights_without(verdict))).shares[place]


def _informed(before: EnsembleResult, after: EnsembleResult, place: int) -> bool:
    """Whether the number is distributed otherwise after the data, beyond what so few members show by chance."""
    numbers = [effective_sample_size(result.weights) for result in (before, after)]
    if min(numbers) <= 0.0:
        return False
    distance = distribution_distance(
        before.verdicts[place].values, before.weights, after.verdicts[place].values, after.weights
    )
    return distance > CHANCE * float(np.sqrt(1.0 / numbers[0] + 1.0 / numbers[1]))
