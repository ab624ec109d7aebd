"""What to measure next on a bench whose measurements have re-weighted the ensemble."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from pathway.parameters.parameter_ensemble import ParameterEnsemble
from pathway.scenario.experiment import Expectation, Scenario
from pathway.scenario.laboratory import Laboratory
from pathway.scenario.sampled_cell_lines import parameter_sets_of_ensemble
from pathway.scenario.weighted import effective_sample_size

from .assays import select_assays
from .ranking import InformationRanking, rank_measurements

REPLICATES = 3
FEWEST = 20
"""Effective number of members below which nothing is ranked: any result would name its member."""
MOST = 600
"""Members that are asked."""


def next_measurement(
    scenario: Scenario,
    laboratory: Laboratory,
    ensemble: ParameterEnsemble,
    weights: np.ndarray,
    headlines: Iterable[tuple[Scenario, Expectation, float]],
) -> InformationRanking | None:
    """All that the bench of a scenario can measure, by what it would tell about the headline that is most open.

    Parameters
    ----------
    scenario : Scenario
        Of the bench.
    laboratory : Laboratory
    ensemble : ParameterEnsemble
    weights : array, shape (n_members,)
        After what was measured.
    headlines : iterable of (Scenario, Expectation, float)
        With the share of the ensemble that meets each.

    Returns
    -------
    InformationRanking or None
        None where no headline is open, or too few members are left.
    """
    still_open = [one for one in headlines if 0.0 < one[2] < 1.0]
    if not still_open or effective_sample_size(weights) < FEWEST:
        return None
    asked, expectation, _ = min(still_open, key=lambda one: abs(one[2] - 0.5))
    sets = parameter_sets_of_ensemble(laboratory.model, ensemble, weights, MOST)
    bench = replace(scenario, expectations=(), overlays=(), fit=None)
    return rank_measurements(expectation.claim, bench, laboratory, sets, select_assays(()), REPLICATES, asked_in=asked)
