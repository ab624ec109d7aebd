"""What a user's own measurements make of an ensemble: other weights for its members, and other headline numbers."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from pathway.parameters.parameter_ensemble import ParameterEnsemble
from pathway.scenario.experiment import Expectation, Scenario
from pathway.scenario.laboratory import Laboratory
from pathway.scenario.members import run_members
from pathway.scenario.sampled_cell_lines import parameter_sets_of_ensemble
from pathway.scenario.weighted import WeightedInterval, effective_sample_size

from .member_likelihood import MemberLikelihoods, member_log_likelihoods
from .population_monte_carlo import DrawOptions
from .refinement import Refinement, refine

HEADLINES = ("antimir21_resensitises", "antimir21_resensitises_skbr3")
"""Scenarios whose headline numbers are asked before and after."""

FEWEST = 50
"""Effective number of members below which intervals are not to be trusted."""

FEWEST_AROUND = 20
"""Of the members that new vectors were moved from, below which numbers that the measurements do not see are not."""

NEW_VECTORS = DrawOptions().most
"""Drawn at most where too few members are left."""

HEADLINE_VECTORS = 400
"""New vectors that headline numbers are asked of."""

SURVIVING = 0.99
"""Of the weight: the fewest members that have so much survive."""

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class HeadlineChange:
    """A headline number of a scenario before and after the measurements.

    Attributes
    ----------
    scenario : str
    expectation : Expectation
    before, after : WeightedInterval
    share_before, share_after : float
        Of the ensemble that meets the expectation.
    """

    scenario: str
    expectation: Expectation
    before: WeightedInterval
    after: WeightedInterval
    share_before: float
    share_after: float


@dataclass(frozen=True, eq=False)
class Reweighting:
    """An ensemble before and after a user's measurements.

    Attributes
    ----------
    before, after : ParameterEnsemble
    likelihoods : MemberLikelihoods
    which : str
        The weights that the headline numbers have: "measured" or "findings".
    refinement : Refinement or None
        New vectors, where too few members were left; headline numbers after the measurements are theirs.
    headlines : tuple of HeadlineChange
    """

    before: ParameterEnsemble
    after: ParameterEnsemble
    likelihoods: MemberLikelihoods
    which: str
    refinement: Refinement | None = None
    headlines: tuple[HeadlineChange, ...] = ()

    def weights(self, ensemble: ParameterEnsemble) -> np.ndarray:
        """Those that count, shape (n_members,)."""
        return ensemble.weights_measured if self.which == "measured" else ensemble.weights_findings

    @property
    def effective_numbers(self) -> tuple[float, float]:
        """Before and after."""
        return effective_sample_size(self.weights(self.before)), effective_sample_size(self.weights(self.after))

    @property
    def survivors(self) -> np.ndarray:
        """The fewest members that have 99 % of the weight, heaviest first."""
        weights = self.weights(self.after)
        order = np.argsort(-weights, kind="stable")
        enough = int(np.searchsorted(np.cumsum(weights[order]), SURVIVING * weights.sum() * (1 - 1e-12))) + 1
        return order[:enough]

    @property
    def gain(self) -> float:
        """What the measurements told, in nats: Kullback-Leibler divergence of the weights after from those before."""
        after, before = self.weights(self.after), self.weights(self.before)
        counted = after > 0.0
        return float(np.sum(after[counted] * np.log(after[counted] / before[counted])))

    @cached_property
    def outcome(self) -> ParameterEnsemble:
        """The new vectors where there are any, or else the re-weighted members."""
        return self.after if self.refinement is None else self.refinement.ensemble(self.after, self.which)

    @property
    def warning(self) -> str:
        """Where too little is left to carry an interval; empty where enough is."""
        after, new = self.effective_numbers[1], self.refinement
        if new is None and after < FEWEST:
            return (
                f"an effective number of {after:.1f} members is left, fewer than {FEWEST}: the intervals after the "
                f"measurements are not to be trusted. {_ELSEWHERE}"
            )
        if new is not None and new.effective_number < FEWEST:
            return (
                f"{new.drawn} new vectors come to an effective number of {new.effective_number:.1f}, fewer than "
                f"{FEWEST}: the intervals after the measurements are not to be trusted. {_ELSEWHERE}"
            )
        if new is not None and new.members_around < FEWEST_AROUND:
            return (
                f"in what the measurements do not see the new vectors are as an effective number of "
                f"{new.members_around:.1f} members, fewer than {FEWEST_AROUND}: intervals of numbers that hang on that "
                "are too narrow"
            )
        return ""


_ELSEWHERE = (
    "The measurements ask for parameters elsewhere: search there by `pathway fit` without --ensemble, and draw around "
    "what is found by `pathway sample`"
)


def reweight(
    scenario: Scenario,
    laboratory: Laboratory,
    ensemble: ParameterEnsemble,
    which: str = "measured",
    asked: Sequence[Scenario] = (),
    progress: Progress | None = None,
    new_vectors: int = NEW_VECTORS,
) -> Reweighting:
    """Weights of an ensemble times the likelihood of a scenario's measurements; new vectors where these leave an
    effective number of fewer than `FEWEST` members.

    Parameters
    ----------
    scenario : Scenario
        With `[fit]` and `[data]`.
    laboratory : Laboratory
    ensemble : ParameterEnsemble
    which : str
        "measured" or "findings": the weights of the headline numbers; both are made anew.
    asked : sequence of Scenario
        Whose headline numbers are compared.
    progress : callable, optional
    new_vectors : int
        At most; 0: none.

    Raises
    ------
    ParameterError
        If these measurements are in the weights already, or exclude every member.
    ProblemError, ScenarioError
        If the measurements cannot be judged.
    """
    every = parameter_sets_of_ensemble(laboratory.model, ensemble, np.ones(len(ensemble)))
    likelihoods = member_log_likelihoods(scenario, laboratory, every, progress)
    after = ensemble.reweighted(likelihoods.values, f"user:{scenario.name}:{_measurements_digest(scenario)}")
    about = {**after.about, "reweighted": [*after.about.get("reweighted", ()), after.columns[-1]]}
    reweighting = Reweighting(ensemble, replace(after, about=about), likelihoods, which)
    if reweighting.effective_numbers[1] < FEWEST and new_vectors > 0:
        options = DrawOptions(most=new_vectors)
        before = reweighting.weights(ensemble)
        new = refine(scenario, laboratory, ensemble, before, likelihoods, options, progress)
        reweighting = replace(reweighting, refinement=new)
    changes = [change for one in asked for change in _changes(reweighting, one, laboratory, progress)]
    return replace(reweighting, headlines=tuple(changes))


def _measurements_digest(scenario: Scenario) -> str:
    digest = hashlib.sha256()
    for overlay in scenario.overlays:
        digest.update(overlay.file.read_bytes())
    return digest.hexdigest()[:12]


def _changes(
    reweighting: Reweighting, scenario: Scenario, laboratory: Laboratory, progress: Progress | None
) -> Iterator[HeadlineChange]:
    """Headline numbers of a scenario before and after; where there are no new vectors, of the same runs."""
    if not any(expectation.headline for expectation in scenario.expectations):
        return
    before, after = reweighting.weights(reweighting.before), reweighting.weights(reweighting.after)
    counted = np.flatnonzero(before + after > 0.0)
    only = replace(reweighting.before, values=reweighting.before.values[counted])
    sets = parameter_sets_of_ensemble(laboratory.model, only, np.ones(len(counted)))
    runs = run_members(scenario, laboratory, sets, progress)
    one, two = runs.reweighted(before[counted]), runs.reweighted(after[counted])
    if reweighting.refinement is not None:
        outcome = reweighting.outcome
        sets = parameter_sets_of_ensemble(laboratory.model, outcome, reweighting.weights(outcome), HEADLINE_VECTORS)
        two = run_members(scenario, laboratory, sets, progress)
    for place, expectation in enumerate(scenario.expectations):
        if expectation.headline:
            yield HeadlineChange(
                scenario.name,
                expectation,
                one.values[place],
                two.values[place],
                one.shares[place],
                two.shares[place],
            )
