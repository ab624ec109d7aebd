"""Cell lines under many parameter sets, against lines written out as files and read as a user's own."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from pathway import parameters
from pathway.errors import InputError
from pathway.parameters.parameter_ensemble import ParameterEnsemble, write_ensemble
from pathway.scenario import built_in_laboratory
from pathway.scenario.built_in import cell_line_values, circuit_model
from pathway.scenario.ensembles import EnsembleError, default_ensemble, open_parameter_sets
from pathway.scenario.sampled_cell_lines import (
    SampledCellLines,
    parameter_sets_from_ranges,
    parameter_sets_of_ensemble,
    resampled_members,
    systematic_resampling,
    with_anchored_parameters,
)
from pathway.simulation import steady_state
from pathway.simulation.formulas import evaluate_names
from tests.parameters.ensembles import drawn_ensemble, written

MODEL = circuit_model()
SPREAD = 0.25
"""Of the ranges: enough to move every number, and few members that are no cells."""


@cache
def cells(count: int = 4) -> tuple[ParameterEnsemble, SampledCellLines]:
    ensemble = drawn_ensemble(count, seed=3, spread=SPREAD)
    weights = np.full(count, 1.0 / count)
    return ensemble, SampledCellLines(built_in_laboratory(), parameter_sets_of_ensemble(MODEL, ensemble, weights))


def test_a_member_is_the_line_that_its_numbers_make(tmp_path: Path) -> None:
    ensemble, drawn = cells()
    for member in (0, 2):
        file = written(tmp_path, ensemble, member, "bt474")
        assert drawn.line("bt474").parameters[member] == pytest.approx(cell_line_values(file.name, tmp_path), rel=2e-6)
        child = written(tmp_path, ensemble, member, "bt474_resistant", parent=file.name)
        values = cell_line_values(child.name, tmp_path)
        assert drawn.line("bt474_resistant").parameters[member] == pytest.approx(values, rel=2e-6)
        rest = steady_state(MODEL, values)
        assert drawn.line("bt474_resistant").states[member] == pytest.approx(rest, rel=1e-4, abs=1e-9)


def test_a_resistant_line_takes_over_what_is_anchored_in_its_parent() -> None:
    _, drawn = cells()
    places = [MODEL.parameter_index(anchor.parameter) for anchor in parameters.anchors()]
    assert np.array_equal(
        drawn.line("bt474_resistant").parameters[:, places], drawn.line("bt474").parameters[:, places]
    )


def test_a_line_of_ones_own_is_anchored_in_each_member(tmp_path: Path) -> None:
    """It doubles at its own time, whatever the member's other numbers are."""
    text = 'doubling_time = "50 h"\nHER2_level = "9e5 molecules"\n[line]\ntitle = "own"\nparent = "bt474"\n'
    (tmp_path / "own.toml").write_text(text, encoding="utf-8")
    _, drawn = cells()
    own = drawn.line("own.toml", tmp_path)
    assert own.alive.all()
    assert own.parameters[:, MODEL.parameter_index("HER2_level")] == pytest.approx(9e5)
    for row, state in zip(own.parameters, own.states, strict=True):
        growth, pten = evaluate_names(MODEL, ["growth_rate", "PTEN"], np.array(0.0), state, row)
        assert np.log(2.0) / growth == pytest.approx(50.0, rel=1e-5)
        # Its growth is its own; its PTEN is what its numbers make of its parent's synthesis.
        assert 0.3 < pten < 3.0


def test_a_loop_that_a_member_lacks_is_switched_off_in_every_line() -> None:
    ensemble, _ = cells()
    with_loop = replace(
        ensemble,
        names=(*ensemble.names, "loop.PTEN_autoactivation", "loop.K_miR21_SPRY"),
        values=np.concatenate([ensemble.values, [[1.0, 1.0], [0.0, 1.0], [1.0, 0.0], [0.0, 0.0]]], axis=1),
    )
    sets = parameter_sets_of_ensemble(MODEL, with_loop, np.full(4, 0.25))
    for name in ("bt474", "bt474_resistant"):
        line = parameters.cell_line(name)
        plain = parameter_sets_of_ensemble(MODEL, ensemble, np.full(4, 0.25)).values_of(line)
        rows = sets.values_of(line)
        auto, sprouty = (MODEL.parameter_index(n) for n in ("PTEN_autoactivation", "K_miR21_SPRY"))
        assert rows[:, auto] == pytest.approx(plain[:, auto] * [1.0, 0.0, 1.0, 0.0])
        assert rows[:, sprouty] == pytest.approx([plain[0, sprouty], plain[1, sprouty], 1e12, 1e12])


def test_draws_from_the_ranges_depend_on_their_number_alone() -> None:
    line = parameters.cell_line("bt474")
    some = parameter_sets_from_ranges(MODEL, 5, [0, 1, 2, 3]).values_of(line)
    assert np.array_equal(parameter_sets_from_ranges(MODEL, 5, [3, 1]).values_of(line), some[[3, 1]])
    low, high = np.array([line.entries[name].range for name in MODEL.parameters]).T
    drawn = [line.entries[n].source not in ("scenario", parameters.ANCHORED) for n in MODEL.parameters]
    assert ((some >= low * (1 - 1e-12)) & (some <= high * (1 + 1e-12)))[:, drawn].all()


def test_members_stand_in_a_sample_as_often_as_their_weights_say() -> None:
    random = np.random.default_rng(1)
    weights = random.random(50) ** 4
    weights[[3, 17]] = 0.0
    weights /= weights.sum()
    times = np.bincount(systematic_resampling(weights, 1000), minlength=50)
    assert (np.abs(times - 1000 * weights) <= 1.0).all() and times[[3, 17]].tolist() == [0, 0]
    members, own = resampled_members(weights, 20)
    assert len(members) <= 20 and own.sum() == pytest.approx(1.0) and (own * 20 == np.round(own * 20)).all()
    members, own = resampled_members(weights, None)
    assert len(members) == 48 and own == pytest.approx(weights[members])


def test_a_member_that_is_no_cell_is_told_and_not_used() -> None:
    ensemble, _ = cells()
    values = ensemble.values.copy()
    values[1, ensemble.places["bt474.HER2_level"]] = np.nan
    drawn = SampledCellLines(
        built_in_laboratory(), parameter_sets_of_ensemble(MODEL, replace(ensemble, values=values), np.ones(4) / 4)
    )
    assert drawn.line("bt474_resistant").alive.tolist() == [True, False, True, True]
    assert drawn.reason(1).startswith("bt474: ")


def test_an_ensemble_that_carries_its_anchors_gives_the_same_cells() -> None:
    ensemble, drawn = cells()
    carried = with_anchored_parameters(built_in_laboratory(), ensemble)
    assert {"bt474.mu_max", "skbr3.PTEN_synthesis_scale"} <= set(carried.names)
    again = SampledCellLines(built_in_laboratory(), parameter_sets_of_ensemble(MODEL, carried, np.full(4, 0.25)))
    assert again.line("bt474").parameters == pytest.approx(drawn.line("bt474").parameters, rel=1e-5)
    assert again.line("bt474").states == pytest.approx(drawn.line("bt474").states, rel=1e-4, abs=1e-9)


def test_a_laboratory_without_entries_has_no_ensemble() -> None:
    bare = replace(built_in_laboratory(), line_of=None)
    with pytest.raises(InputError, match="an ensemble needs cell lines"):
        SampledCellLines(bare, parameter_sets_from_ranges(MODEL, 1, [0])).line("bt474")


def test_words_for_ensembles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shipped = tmp_path / "shipped.npz"
    monkeypatch.setattr("pathway.parameters.parameter_ensemble.SHIPPED", shipped)
    assert default_ensemble() == (None, "")
    with pytest.raises(EnsembleError, match="no calibrated ensemble comes with this version"):
        open_parameter_sets(MODEL, "calibrated")
    digest = write_ensemble(shipped, drawn_ensemble(6))
    usual, remark = default_ensemble()
    assert usual is not None and (usual.digest, remark) == (digest, "")
    sets = open_parameter_sets(MODEL, "calibrated")
    assert (len(sets), sets.origin.kind, sets.origin.digest) == (6, "calibrated", digest)
    assert len(open_parameter_sets(MODEL, "calibrated", count=3)) <= 3
    assert open_parameter_sets(MODEL, str(shipped)).origin.kind == "shipped.npz"
    assert len(open_parameter_sets(MODEL, "prior", count=5)) == 5
    with pytest.raises(EnsembleError, match="Did you mean 'calibrated'"):
        open_parameter_sets(MODEL, "calibarted")
    with pytest.raises(EnsembleError, match=r"no weights are called 'finding'\. Did you mean 'findings'"):
        open_parameter_sets(MODEL, "calibrated", weights="finding")
    shipped.write_bytes(b"nothing")
    usual, remark = default_ensemble()
    assert usual is None and "no intervals" in remark
