"""New vectors where measurements leave too few members of an ensemble: what is drawn, and the ensemble made of it.

The ensemble is a sample of what is known without the measurements; of a new vector nobody has worked out how likely it
makes the data behind the ensemble. A density that the members stand for takes the place of that.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from pathway.parameters.normal_coordinates import NormalCoordinates
from pathway.parameters.parameter_ensemble import ParameterEnsemble
from pathway.scenario.experiment import Scenario
from pathway.scenario.laboratory import Laboratory
from pathway.scenario.sampled_cell_lines import parameter_sets_of_ensemble
from pathway.scenario.weighted import effective_sample_size

from .ensemble_density import EnsembleDensity
from .member_likelihood import MemberLikelihoods, member_log_likelihoods
from .population_monte_carlo import DrawOptions, Evaluations, population_monte_carlo

_NEGLIGIBLE = 1e-6
"""Of the largest weight."""


@dataclass(frozen=True, eq=False)
class Refinement:
    """Vectors between the members of an ensemble, and what measurements make of them.

    Attributes
    ----------
    values : array, shape (n_vectors, n_names)
        In the columns of the ensemble. Of anchored parameters as in the member that a vector was moved from: a run
        seeks them anew from there.
    weights : array, shape (n_vectors,)
        They add up to 1.
    log_likelihood : array, shape (n_vectors,)
    around : int array, shape (n_vectors,)
        The member that each was moved from.
    directions : int
        Along which members were moved.
    drawn : int
    """

    values: np.ndarray
    weights: np.ndarray
    log_likelihood: np.ndarray
    around: np.ndarray
    directions: int
    drawn: int

    @property
    def effective_number(self) -> float:
        """Of the vectors."""
        return effective_sample_size(self.weights)

    @property
    def members_around(self) -> float:
        """Effective number of the members that the vectors were moved from."""
        return effective_sample_size(np.bincount(self.around, self.weights))

    def ensemble(self, reweighted: ParameterEnsemble, which: str) -> ParameterEnsemble:
        """The vectors in the place of the re-weighted members.

        Parameters
        ----------
        reweighted : ParameterEnsemble
            Its last column is the likelihood of the measurements.
        which : str
            The weights that the vectors have, "measured" or "findings"; the others stay with the members. Likelihoods
            of other data are unknown of the vectors: those columns are gone.
        """
        others = reweighted.weights_findings if which == "measured" else reweighted.weights_measured
        kept = np.flatnonzero(others > 0.0)
        own = np.concatenate([self.weights, np.zeros(len(kept))])
        rest = np.concatenate([np.zeros(len(self.weights)), others[kept]])
        measured, findings = (own, rest) if which == "measured" else (rest, own)
        facts = {"weights": which, "drawn": self.drawn, "directions": self.directions}
        facts |= {"effective_number": self.effective_number, "members_around": self.members_around}
        return replace(
            reweighted,
            values=np.concatenate([self.values, reweighted.values[kept]]),
            weights_measured=measured,
            weights_findings=findings,
            log_likelihood=np.concatenate([self.log_likelihood, reweighted.log_likelihood[kept, -1]])[:, None],
            columns=reweighted.columns[-1:],
            chosen=self.values[int(np.argmax(self.weights))],
            about={**reweighted.about, "refined": facts},
        )


def refine(
    scenario: Scenario,
    laboratory: Laboratory,
    ensemble: ParameterEnsemble,
    weights: np.ndarray,
    likelihoods: MemberLikelihoods,
    options: DrawOptions,
    progress: Callable[[str, int, int], None] | None = None,
) -> Refinement | None:
    """New vectors for the measurements of a scenario.

    Parameters
    ----------
    scenario : Scenario
        With `[fit]` and `[data]`.
    laboratory : Laboratory
    ensemble : ParameterEnsemble
    weights : array, shape (n_members,)
        Before the measurements.
    likelihoods : MemberLikelihoods
        Of the members.
    options : DrawOptions
    progress : callable, optional

    Returns
    -------
    Refinement or None
        None where the ensemble has nothing that could be moved, or no new vector can be likelihood.
    """
    coordinates = NormalCoordinates.of(ensemble)
    if len(coordinates.columns) < 1 or np.count_nonzero(weights) < 2:
        return None
    start = Evaluations(likelihoods.values, likelihoods.deviations, likelihoods.noise)
    noise = likelihoods.noise[int(np.argmax(likelihoods.values))]
    places = coordinates.of_values(ensemble.values)
    density = EnsembleDensity.of_members(places, weights, likelihoods.deviations, noise)
    drawn = 0

    def values_of(members: np.ndarray, steps: np.ndarray) -> np.ndarray:
        return coordinates.placed(ensemble.values[members], density.moved(members, steps))

    def evaluate(members: np.ndarray, steps: np.ndarray) -> Evaluations:
        nonlocal drawn
        before, drawn = drawn, drawn + len(members)
        vectors = replace(ensemble, values=values_of(members, steps))
        sets = parameter_sets_of_ensemble(laboratory.model, vectors, np.ones(len(members)))

        def report(what: str, done: int, of: int) -> None:
            if progress is not None:
                progress("new vectors", before + done, options.most)

        likelihood = member_log_likelihoods(scenario, laboratory, sets, report)
        if not np.isfinite(likelihood.values).any():
            nothing = np.full((len(members), start.noise.shape[1]), np.nan)
            return Evaluations(likelihood.values, nothing, nothing)
        return Evaluations(likelihood.values, likelihood.deviations, likelihood.noise)

    draws, drawn_weights = population_monte_carlo(density, start, evaluate, options)
    kept = np.flatnonzero(drawn_weights > _NEGLIGIBLE * drawn_weights.max())
    if not len(kept):
        return None
    own = drawn_weights[kept] / drawn_weights[kept].sum()
    return Refinement(
        values_of(draws.members[kept], draws.steps[kept]),
        own,
        draws.log_likelihood[kept],
        draws.members[kept],
        density.directions.shape[1],
        len(draws.members),
    )
