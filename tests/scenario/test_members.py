"""Every member of an ensemble at once, against `run` with cell lines that a user has written from its numbers."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest

import pathway
from pathway.parameters.parameter_ensemble import write_ensemble
from pathway.scenario import built_in_laboratory, read_scenario
from pathway.scenario.built_in import circuit_model
from pathway.scenario.ensemble_result import EnsembleOrigin, EnsembleResult
from pathway.scenario.members import NoMembersError, parameter_sets_for, run_members
from pathway.scenario.result import Result
from pathway.scenario.sampled_cell_lines import ParameterSets, parameter_sets_of_ensemble
from tests.parameters.ensembles import drawn_ensemble, written

EXPERIMENT = """
title = "all that an arm can be told"
cells = "bt474_resistant"
[time]
end = "72 h"
record_every = "6 h"
[dose.oligo]
agent = "anti-miR-21 (transfected)"
amount = "50 nM"
at = "-24 h"
[dose.t]
agent = "trastuzumab"
amount = "10 ug/mL"
[dose.wash]
agent = "medium change"
at = "48 h"
[growth_rate]
of = ["trastuzumab"]
[[arm]]
name = "plain"
doses = ["t"]
[[arm]]
name = "both"
doses = ["oligo", "t", "wash"]
[[arm]]
name = "parental"
cells = "bt474"
doses = ["t"]
[[arm]]
name = "changed"
doses = ["t"]
changes = { k_PTEN = "0.5 x", synthesis_growth_coupling = "0" }
[[arm]]
name = "changed later"
doses = ["t"]
changes = { k_PTEN = { to = "0.3 x", at = "12 h" } }
[[arm]]
name = "lowered"
doses = ["t"]
knock_down = { PTEN = "60 %" }
[[arm]]
name = "lowered later"
doses = ["t"]
knock_down = { PTEN = { by = "60 %", at = "10 h" } }
[show]
observables = ["PTEN", "pAKT"]
[[expect]]
claim = "a difference"
role = "prediction"
quantity = "GR"
compare = "plain vs parental"
above = 0.1
[[expect]]
claim = "a ratio of observables that are not shown"
role = "sanity"
quantity = "p27"
ratio = "both / plain"
reduce = "max"
below = 1.2
[[expect]]
claim = "all species"
role = "sanity"
quantity = "every species"
arm = "plain"
reduce = "min"
above = -1e-9
[[expect]]
claim = "an order over arms, with a quantity that is not shown"
role = "prediction"
quantity = "GR"
rank_with = "p27"
below = 1.0
"""
COUNT = 6


@cache
def sets() -> ParameterSets:
    ensemble = drawn_ensemble(COUNT, seed=3, spread=0.25)
    return parameter_sets_of_ensemble(circuit_model(), ensemble, ensemble.weights_measured)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("members")
    (made / "experiment.toml").write_text(EXPERIMENT, encoding="utf-8")
    return made


@pytest.fixture(scope="module")
def together(folder: Path) -> EnsembleResult:
    return run_members(read_scenario(folder / "experiment.toml"), built_in_laboratory(), sets())


def alone(folder: Path, member: int) -> Result:
    """The same experiment with the member's own lines, as files."""
    ensemble = drawn_ensemble(COUNT, seed=3, spread=0.25)
    parent = written(folder, ensemble, member, "bt474")
    child = written(folder, ensemble, member, "bt474_resistant", parent=parent.name)
    text = EXPERIMENT.replace('"bt474_resistant"', f'"./{child.name}"').replace('"bt474"', f'"./{parent.name}"')
    file = folder / f"experiment_{member}.toml"
    file.write_text(text, encoding="utf-8")
    return pathway.run(file)


@pytest.mark.parametrize("member", [0, 3, 5])
def test_a_member_is_run_like_lines_written_from_its_numbers(
    member: int, folder: Path, together: EnsembleResult
) -> None:
    assert len(together) == COUNT and not together.refused
    expected = alone(folder, member)
    for name, arm in expected.arms.items():
        own = together.arms[name]
        assert arm.growth and own.growth and own.gr is not None and own.percent_of_untreated is not None
        assert own.gr[member] == pytest.approx(arm.growth.gr, abs=1e-4), name
        assert own.growth[member].percent_of_control == pytest.approx(arm.growth.percent_of_control, rel=1e-4), name
        assert own.percent_of_untreated[member] == pytest.approx(arm.percent_of_untreated, rel=1e-4), name
        for observable, course in arm.courses.items():
            assert own.courses[observable][member] == pytest.approx(course, rel=1e-4), (name, observable)
    for verdict, found in zip(expected.verdicts, together.verdicts, strict=True):
        assert found.values[member] == pytest.approx(verdict.value, rel=1e-4, abs=1e-4)
        assert bool(found.met[member]) == verdict.met


def test_intervals_and_shares_are_of_the_weight(together: EnsembleResult) -> None:
    weights, gr = together.weights, together.arms["plain"].gr
    assert gr is not None and weights.sum() == pytest.approx(1.0)
    ranked = np.argsort(gr)
    below = np.cumsum(weights[ranked])
    interval = together.intervals["plain"]["GR"]
    assert interval.median == gr[ranked][np.argmax(below >= 0.5 - 1e-12)]
    assert interval.low == gr[ranked][np.argmax(below >= 0.05 - 1e-12)]
    differences = gr - together.arms["parental"].gr  # type: ignore[operator]
    assert together.verdicts[0].values == pytest.approx(differences)
    assert together.shares[0] == pytest.approx(weights[differences >= 0.1].sum())
    # Given the first expectation, only members that meet it count.
    given = together.shares_given([0])
    holds = differences >= 0.1
    met = together.verdicts[1].met
    if holds.any():
        assert given[0] == 1.0
        assert given[1] == pytest.approx(weights[holds & met].sum() / weights[holds].sum())
    bands = together.bands("plain", "PTEN")
    assert (bands[0] <= bands[1]).all() and (bands[1] <= bands[2]).all()


def test_pieces_put_together_are_the_whole(
    folder: Path, together: EnsembleResult, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pathway.scenario.members.AT_ONCE", 4)
    whole = run_members(read_scenario(folder / "experiment.toml"), built_in_laboratory(), sets())
    assert whole.weights == pytest.approx(together.weights)
    assert whole.shares == pytest.approx(together.shares)
    assert whole.arms["both"].gr == pytest.approx(together.arms["both"].gr, rel=1e-9)
    assert whole.asked == COUNT


def test_members_without_living_cells_are_left_out_and_told(folder: Path) -> None:
    def values_of(line: object) -> np.ndarray:
        rows = sets().values_of(line)  # type: ignore[arg-type]
        rows[[1, 4]] = np.nan
        return rows

    ill = ParameterSets(EnsembleOrigin("ill"), sets().weights, values_of)
    found = run_members(read_scenario(folder / "experiment.toml"), built_in_laboratory(), ill)
    assert len(found) == 4 and set(found.refused) == {1, 4} and "bt474" in found.refused[1]
    assert found.record["members"] == 4 and found.record["refused"]["number"] == 2
    dead = ParameterSets(
        EnsembleOrigin("dead"), sets().weights, lambda line: np.full_like(sets().values_of(line), np.nan)
    )
    with pytest.raises(NoMembersError, match="no member of the ensemble"):
        run_members(read_scenario(folder / "experiment.toml"), built_in_laboratory(), dead)


def test_courses_that_would_fill_the_memory_cost_members_and_are_told(
    folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    write_ensemble(tmp_path / "six.npz", drawn_ensemble(COUNT))
    scenario, laboratory = read_scenario(folder / "experiment.toml"), built_in_laboratory()
    sets, remark = parameter_sets_for(scenario, laboratory, str(tmp_path / "six.npz"), "measured", COUNT)
    assert sets is not None and len(sets) == COUNT and remark == ""
    # Seven arms, 18 times (every 6 h from -24 to 72 h, and 10 h), two observables and two counts, 8 bytes each.
    monkeypatch.setattr("pathway.scenario.members.LARGEST", 3.5 * 7 * 18 * 4 * 8)
    sets, remark = parameter_sets_for(scenario, laboratory, str(tmp_path / "six.npz"), "measured", COUNT)
    assert sets is not None and len(sets) <= 3 and f"and not {COUNT}: courses of more would fill the memory" in remark
    assert parameter_sets_for(scenario, laboratory, "none", "measured", COUNT) == (None, "")
