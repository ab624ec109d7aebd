"""The ensemble that comes with the package: it fits this circuit and these numbers, and a run takes it by itself."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import pathway
from pathway.parameters import cell_line, cell_lines, reference_entries
from pathway.parameters.parameter_ensemble import ParameterEnsemble, read_ensemble
from pathway.scenario.plain_words import headline_sentences
from pathway.scenario.weighted import effective_sample_size

FILE = Path(pathway.__file__).parent / "parameters" / "calibrated.npz"
pytestmark = pytest.mark.skipif(not FILE.is_file(), reason="no ensemble ships yet")


@pytest.fixture(scope="module")
def ensemble() -> ParameterEnsemble:
    return read_ensemble(FILE)


def test_it_belongs_to_this_circuit_and_these_numbers(ensemble: ParameterEnsemble) -> None:
    assert ensemble.remark == ""
    assert {"seed", "command"} <= set(ensemble.about)
    assert not [name for name in ensemble.names if name.partition(".")[0] == "switch"]


def test_it_has_a_thousand_distinct_members_and_its_weights_are_spread(ensemble: ParameterEnsemble) -> None:
    assert len(np.unique(ensemble.values, axis=0)) >= 1000
    for weights in (ensemble.weights_measured, ensemble.weights_findings):
        assert effective_sample_size(weights) >= 50.0


def test_it_is_small_enough_to_ship() -> None:
    assert FILE.stat().st_size < 20_000_000


def test_it_carries_what_is_anchored_in_every_parental_line(ensemble: ParameterEnsemble) -> None:
    parental = [name for name in cell_lines() if not name.endswith("_resistant")]
    assert {f"{name}.mu_max" for name in parental} <= set(ensemble.names)


def test_the_number_files_hold_its_chosen_set(ensemble: ParameterEnsemble) -> None:
    for name, value in zip(ensemble.names, ensemble.chosen, strict=True):
        line, _, parameter = name.rpartition(".")
        entries = cell_line(line).entries if line in cell_lines() else reference_entries()
        entry = None if line and line not in cell_lines() else entries[parameter]
        if entry is not None and entry.stated is not None:
            assert entry.value == pytest.approx(value, rel=1e-5), name


def test_a_run_takes_it_unless_told_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pathway.parameters.parameter_ensemble.SHIPPED", FILE)
    result = pathway.run("antimir21_resensitises_skbr3", members=60)
    assert result.ensemble is not None and result.ensemble.origin.kind == "calibrated"
    assert len(result.ensemble) >= 40 and len(result.ensemble.refused) <= 0.1 * result.ensemble.asked
    low, high = result.ensemble.intervals["both"]["GR"].ends  # type: ignore[misc]
    assert -1.0 < low <= high < 1.3
    assert "members of the calibrated ensemble" in headline_sentences(result)[0]
