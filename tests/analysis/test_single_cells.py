"""Single cells of the circuit: counts scatter as counts do, means are those without chance."""

import numpy as np
import pytest

from pathway.analysis.mistakes import AnalysisError
from pathway.analysis.scenario_cells import single_cells
from pathway.analysis.single_cells import TitrationCurve, simulate_population, titration_curve, titration_thresholds


def test_transcripts_scatter_as_counts_do(laboratory, untreated):
    found = simulate_population(
        laboratory, untreated.parameters, untreated.state, np.arange(0, 41, 4.0), n_cells=600, seed=4
    )
    counts = found.cells["PTEN_mRNA"][:, -1]
    assert counts.mean() == pytest.approx(float(found.course["PTEN_mRNA"][-1]), rel=0.06)
    # Free and bound transcript together are born and die one by one: Poisson.
    both = counts + found.cells["PTEN_mRNA_RISC"][:, -1]
    assert both.var() / both.mean() == pytest.approx(1.0, abs=0.2)
    assert found.protein()[:, -1].mean() == pytest.approx(float(found.course["PTEN"][-1]), rel=0.02)


def test_arms_as_single_cells_follow_what_runs_without_chance(scenario, laboratory):
    found = single_cells(scenario, laboratory, arms=["both"], n_cells=200, transcription=[1.0, 30000.0])
    cells = found.populations["both"]
    counts, usual = cells.transcripts(), cells.usual_transcripts()
    # Means of 200 counts near Poisson: their error is sqrt(mean / 200).
    assert np.abs(counts.mean(axis=0) - usual).max() < 5 * np.sqrt(usual.max() / 200)
    assert found.titration.repression[0] > 2 and found.titration.repression[1] < 2
    assert "transcripts per cell" in found.lines()[0] and len(found.rows()[1]) == counts.shape[1]
    assert len(found.to_dict()["arms"]["both"]["PTEN"]["end"]) == 200


def test_the_threshold_of_a_titration_is_where_half_of_the_repression_is_lost():
    # Repression 1 + 4 / (1 + x / 100): half of the 4-fold excess is lost at x = 100 (1 + 2 * x0 / 100) or so.
    x = np.geomspace(1, 1e4, 41)
    free = np.stack([x / (1 + 4 / (1 + x / 100)), x])
    found = TitrationCurve(x, free, np.sqrt(free), free)
    assert found.threshold() == pytest.approx(102, rel=0.02)
    flat = TitrationCurve(x, np.stack([x / 5, x]), np.sqrt(free), np.stack([x / 5, x]))
    assert flat.threshold() is None and "nowhere used up" in flat.text(26000)


def test_bad_questions_are_refused_in_words(scenario, laboratory):
    for options, words in (
        ({"arms": ["botth"]}, "Did you mean 'both'"),
        ({"n_cells": 1}, "at least 2 cells"),
        ({"step": 0.0}, "step above 0 h"),
        ({"count": "protein"}, "no way of counting"),
        ({"transcription": [0.0, 1.0]}, "above 0"),
    ):
        with pytest.raises(AnalysisError, match=words):
            single_cells(scenario, laboratory, **options)


def test_the_threshold_without_chance_is_that_of_many_cells(laboratory, untreated):
    # With dozens of free transcripts at the lowest, means of 100 cells are sharp.
    folds = [30.0, 300.0, 3000.0, 30000.0]
    counted = titration_curve(
        laboratory, untreated.parameters, untreated.state, folds, n_cells=100, hours=60.0
    ).threshold()
    sets = untreated.parameters[None], untreated.state[None]
    assert titration_thresholds(laboratory, *sets, folds)[0] == pytest.approx(counted, rel=0.05)
    assert titration_thresholds(laboratory, *sets, [1.0, 2.0])[0] == np.inf
    assert np.isnan(titration_thresholds(laboratory, sets[0], np.full_like(sets[1], np.nan), folds)[0])
