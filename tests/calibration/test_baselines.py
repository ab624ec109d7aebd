"""Guesses without a model against worked examples and the figures that the plan of the calibration states."""

import csv
import os
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from calibration.likelihood import baselines
from calibration.likelihood.baselines import Guess, Table

DATA = Path(os.environ.get("PATHWAY_OPEN_DATA", "nowhere"))
SIX = ("SK-BR-3", "BT-474", "HCC1954", "MDA-MB-453", "AU565", "HCC1419")


def small():
    return Table(("a", "b", "c", "d"), (("pAKT", "EGF", 0.5),), np.array([[1.0], [2.0], [3.0], [7.0]]))


def test_mean_of_the_other_lines_and_its_uncertainty():
    guess = baselines.mean_of_lines(small(), "d")
    assert guess.mean[0] == pytest.approx(2.0)
    assert guess.spread[0] == pytest.approx(np.sqrt(1.0 * (1.0 + 1.0 / 3.0)))
    assert baselines.no_change(small(), "d").spread[0] == pytest.approx(np.sqrt(14.0 / 3.0))


def test_ridge_without_penalty_is_a_straight_line_and_with_much_the_mean():
    levels = {"a": [0.0], "b": [1.0], "c": [2.0], "d": [6.0]}
    assert baselines.ridge_on_levels(small(), "d", levels, 1e-9).mean[0] == pytest.approx(7.0)
    assert baselines.ridge_on_levels(small(), "d", levels, 1e9).mean[0] == pytest.approx(2.0)


def test_scores():
    measured = np.array([0.1, -0.4])
    guess = Guess(np.zeros(2), np.full(2, 0.3))
    assert baselines.log_score(guess, measured) == pytest.approx(stats.norm.logpdf(measured, 0.0, 0.3).mean())
    assert baselines.coverage(np.array([0.0, 0.0]), np.array([1.0, 1.0]), measured) == 0.5


@pytest.mark.skipif(not DATA.is_dir(), reason="PATHWAY_OPEN_DATA names no folder")
@pytest.mark.parametrize(
    ("protein", "ligand", "unchanged", "mean"),
    [
        ("pAkt", "EGF", 0.30, 0.20),
        ("pAkt", "HRG", 0.58, 0.14),
        ("pErk", "EGF", 0.65, 0.46),
        ("pErk", "HRG", 0.70, 0.29),
    ],
)
def test_six_lines_give_the_errors_that_the_plan_states(protein, ligand, unchanged, mean):
    file = DATA / "niepel2014_ligand_response" / "pERK-pAKT_fold_change.tsv"
    with open(file, encoding="utf-8") as stream:
        rows = [r for r in csv.DictReader(stream, delimiter="\t") if r["Protein Name"] == ligand]
    conditions = [(dose, t) for dose in ("1.0", "100.0") for t in (10, 30, 90)]
    values = np.full((len(SIX), len(conditions)), np.nan)
    for row in rows:
        if row["Cell Line Name"] in SIX:
            for column, (dose, t) in enumerate(conditions):
                if row["Ligand Concentration"] == dose:
                    number = float(row[f"Measured {protein}:{t}min log10(fold change)"])
                    values[SIX.index(row["Cell Line Name"]), column] = number
    table = Table(SIX, tuple((protein, dose, float(t)) for dose, t in conditions), values)
    errors = {
        guess: [guess(table, line).mean for line in SIX] for guess in (baselines.no_change, baselines.mean_of_lines)
    }
    found = [baselines.root_mean_square_error(guess, values) for guess in errors.values()]
    assert found == pytest.approx([unchanged, mean], abs=0.03)
