"""The page of agreement: its tables against what the data say without a model."""

import os
from pathlib import Path

import numpy as np
import pytest

from calibration import agreement
from calibration.likelihood import problem
from pathway.parameters.parameter_ensemble import ParameterEnsemble, write_ensemble

DATA = Path(os.environ.get("PATHWAY_OPEN_DATA", "nowhere"))
at_hand = pytest.mark.skipif(not DATA.is_dir(), reason="PATHWAY_OPEN_DATA names no folder")


@pytest.fixture(scope="module")
def shipped():
    one = problem(findings=False)
    return agreement.Agreement(one, one.prior.chosen()[None])


@pytest.fixture(scope="module")
def full():
    one = problem(DATA, findings=False)
    return agreement.Agreement(one, one.prior.chosen()[None])


def rows_of(text):
    """Cells of a Markdown table by the first of each row."""
    return {
        row.split(" | ")[0].strip("| "): row.strip("| ").split(" | ") for row in text.splitlines()[2:] if "|" in row
    }


def test_every_counted_column_and_every_absent_set_is_on_the_page(shipped):
    assert list(rows_of(agreement.columns_table(shipped))) == list(shipped.problem.columns)
    text = agreement.sets_table(shipped)
    assert "hpn_dream_rppa: not in the repository" in text and "imoto2022_erbb_timecourse | 96 | yes" in text
    assert agreement.inhibitors_table(shipped) == agreement.trastuzumab_table(shipped) == "Not at hand."


def test_error_and_likelihood_of_a_column_are_those_of_its_data(shipped):
    column = "nakakuki2010_mcf7:mcf7"
    own = [k for k, datum in enumerate(shipped.problem.table) if datum.set == "nakakuki2010_mcf7"]
    cells = rows_of(agreement.columns_table(shipped))[column]
    miss = shipped.measured[own] - shipped.predicted[own]
    assert int(cells[1]) == len(own) and float(cells[2]) == pytest.approx(np.sqrt(np.mean(miss**2)), abs=6e-4)


def test_members_of_an_ensemble_are_drawn_by_their_weights(shipped, tmp_path):
    one, weights = shipped.problem, np.array([0.0, 0.75, 0.25])
    theta = one.prior.sample(3, 1)
    made = ParameterEnsemble(one.names, theta.astype(np.float32), weights, weights, np.zeros((3, 1)), ("imoto",))
    write_ensemble(tmp_path / "small.npz", made)
    rows, words = agreement.vectors(one, tmp_path / "small.npz")
    place = one.prior.place["k_PTEN"]
    times = [np.sum(np.isclose(rows[:, place], value)) for value in theta[:, place]]
    assert times == [0, 75, 25] and "small.npz" in words


@at_hand
def test_inhibitors_move_readouts_by_what_the_tables_say(full):
    """Errors of "no change" as they were known before there was a likelihood (log2, seven arms)."""
    rows = rows_of(agreement.inhibitors_table(full))
    known = {"pAKT": 1.82, "pAKT_T308": 1.47, "AKT_substrates": 0.25, "pS6K": 0.57, "pERK": 1.63}
    assert {name: int(cells[1]) for name, cells in rows.items()} == dict.fromkeys(known, 7)
    assert {name: float(cells[3]) for name, cells in rows.items()} == pytest.approx(known, abs=0.006)


@at_hand
def test_tumors_and_lines_do_not_show_less_pten_with_more_mir21(full):
    """The chosen strength of the model, about -0.37, lies outside both 95 % intervals."""
    for cells in rows_of(agreement.slopes_table(full)).values():
        slope, half = map(float, cells[1].split(" +- "))
        assert slope - half > -0.2 > float(cells[2])
