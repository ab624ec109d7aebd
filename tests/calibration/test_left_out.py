"""Predictions for lines that chains never saw, against closed forms."""

from types import SimpleNamespace

import numpy as np
import pytest
from scipy.stats import norm

from calibration.left_out import Prediction, antibody_table, ligands_table


def test_a_predictive_distribution_holds_members_and_their_noise():
    rng = np.random.default_rng(0)
    means = rng.normal(0.3, 0.4, size=(4000, 1))
    one = Prediction("x", np.array([0]), means, np.full((4000, 1), 0.3))  # together normal, sd 0.5
    assert one.middle == pytest.approx([0.3], abs=0.03)
    assert one.interval()[:, 0] == pytest.approx(norm(0.3, 0.5).ppf([0.05, 0.95]), abs=0.03)
    assert one.log_score(np.array([1.0])) == pytest.approx(norm(0.3, 0.5).logpdf([1.0]), abs=0.03)


def fold(line, quantity, label, value):
    return SimpleNamespace(
        set="niepel2014_ligand_response", kind="ligand_fold", line=line, quantity=quantity, label=label, time=0.5,
        value=value, group=line,
    )  # fmt: skip


def test_the_circuit_stands_beside_guesses_that_see_the_other_lines_alone():
    lines = {"skbr3": 0.2, "bt474": 0.4, "mcf7": 0.9}
    data = [
        fold(line, q, f"{ligand} 1", v)
        for line, v in lines.items()
        for q in ("pAKT", "pERK")
        for ligand in ("EGF", "HRG")
    ]
    own = np.arange(4)
    text = ligands_table(data, [Prediction("skbr3", own, np.full((50, 4), 0.25), np.full((50, 4), 0.1))])
    row = next(line for line in text.splitlines() if line.startswith("| pAKT | EGF"))
    cells = [cell.strip() for cell in row.strip("|").split("|")]
    assert cells[2] == "1" and cells[3] == "0.45" and cells[5] == "0.05" and cells[6] == "100% (100%)"
    assert float(cells[8]) == pytest.approx(norm(0.25, 0.1).logpdf(0.2), abs=0.006)


def test_plateaus_are_compared_with_other_amplified_lines_of_the_same_screen():
    def datum(line, dose, value):
        return SimpleNamespace(
            set="screen", kind="growth_antibody", line=line, label=f"trastuzumab {dose:g} nM", value=value, group=line
        )

    curve = [(0.01, 1.0), (1, 0.9), (10, 0.8), (288, 0.7)]
    data = [datum("skbr3", *one) for one in curve] + [datum("bt474", 288, 0.6), datum("mcf7", 288, 1.0)]
    means = np.tile([1.0, 0.95, 0.85, 0.75], (20, 1))
    text = antibody_table(data, [Prediction("skbr3", np.arange(4), means, np.full((20, 4), 0.05))])
    cells = [cell.strip() for cell in text.splitlines()[2].strip("|").split("|")]
    assert cells[:3] == ["screen", "skbr3", "0.70"] and cells[3].startswith("0.75 (0.6") and cells[4] == "0.60"
    assert float(cells[5]) == pytest.approx(10**0.5, rel=0.02)  # half of 0.3 between 0.1 at 1 nM and 0.2 at 10 nM
    assert "RMSE 0.05 for the circuit, 0.10 for the mean" in text and "factor of 3 in 1 of 1" in text
