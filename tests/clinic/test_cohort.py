"""A small cohort as a whole: the same bits however it is spread, resumed after a stop, its shortcut measured."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose

import pathway
from pathway import parameters
from pathway.cli import DONE, NOT_MET, main
from pathway.clinic import DISCLAIMER, women
from pathway.clinic.response import CONCENTRATIONS, GrowthSurface
from pathway.clinic.simulate import CohortRequest, open_clinic_of, piece_names
from pathway.clinic.women import CUT, EDGE, women_of_piece
from pathway.errors import InputError
from pathway.folders import FolderError
from pathway.plotting.cohort_figure import plot_cohort, plot_tumors
from pathway.plotting.layout import STYLES, style_context
from tests.plotting.boxes import cut, overlapping

from .full_simulation import growth_of_full_simulation

N = 74
FILE = "women37"
MEMBERS = str(Path(parameters.__file__).parent / "calibrated.npz")


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch):
    from pathway.clinic import simulate

    for module in (women, simulate):
        monkeypatch.setattr(module, "PIECE", 30)


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        from pathway.clinic import simulate

        for module in (women, simulate):
            patch.setattr(module, "PIECE", 30)
        return pathway.cohort(
            FILE, ensemble=MEMBERS, women=N, folder=tmp_path_factory.mktemp("cohort") / "a", workers=1
        )


def contents(folder, plan):
    return [(folder / name).read_bytes() for name in piece_names(plan)]


def test_bits_do_not_depend_on_workers(found, tmp_path):
    others = pathway.cohort(FILE, ensemble=MEMBERS, women=N, folder=tmp_path / "b", workers=2)
    with ThreadPoolExecutor(2) as pool:
        elsewhere = pathway.cohort(FILE, ensemble=MEMBERS, women=N, folder=tmp_path / "c", executor=pool)
    plan = found.result.plan
    assert contents(found.folder, plan) == contents(others.folder, plan) == contents(elsewhere.folder, plan)
    assert found.to_dict() == others.to_dict()


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # of the cluster
def test_bits_are_the_same_on_a_cluster_of_two_processes(tmp_path, monkeypatch):
    from distributed import Client, LocalCluster

    monkeypatch.undo()  # other processes have pieces of the usual size
    alone = pathway.cohort(FILE, women=300, ensemble=MEMBERS, folder=tmp_path / "f", workers=1)
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster, Client(cluster) as client:
        spread = pathway.cohort(FILE, women=300, ensemble=MEMBERS, folder=tmp_path / "g", executor=client)
    plan = alone.result.plan
    assert len(piece_names(plan)) == 2
    assert contents(alone.folder, plan) == contents(spread.folder, plan)


def test_a_stopped_cohort_goes_on(found, tmp_path, monkeypatch):
    class Stopped(Exception):
        pass

    def stop(what, done, of):
        raise Stopped

    with pytest.raises(Stopped):
        pathway.cohort(FILE, ensemble=MEMBERS, women=N, folder=tmp_path / "d", workers=1, progress=stop)
    first = tmp_path / "d" / piece_names(found.result.plan)[0]
    stamp = first.stat().st_mtime_ns
    again = pathway.cohort(FILE, ensemble=MEMBERS, women=N, folder=tmp_path / "d", workers=1)
    assert first.stat().st_mtime_ns == stamp
    assert again.to_dict() == found.to_dict()


def test_a_folder_of_another_cohort_is_refused(found):
    with pytest.raises(FolderError, match="holds"):
        pathway.cohort(FILE, ensemble=MEMBERS, women=N + 1, folder=found.folder)


def test_too_few_women_are_refused(tmp_path):
    with pytest.raises(InputError, match="need at least 74"):
        pathway.cohort(FILE, ensemble=MEMBERS, women=40, folder=tmp_path / "e")


def test_the_json_form_and_the_disclaimer(found):
    content = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    for key in ("relative_risk", "p_at_least_observed"):
        assert set(content[key]) == {"associated", "causal", "edge_cut", "edge_cut_causal"}
    assert all(low <= middle <= high for low, middle, high in content["relative_risk"].values())
    assert content["women"] == N and content["cohorts"] == 4000
    assert all(set(check) == {"name", "value", "published", "met"} for check in content["checks"])
    assert content["note"] == DISCLAIMER and found.result.sentences()[0] == DISCLAIMER
    page = found.save().read_text(encoding="utf-8")
    assert DISCLAIMER in page and "edge cut" in page


def test_a_folder_is_checked_replayed_and_verified(found, capsys):
    found.save()
    file = found.folder / "inputs" / "women37.toml"
    assert main(["check", str(file)]) == DONE
    assert "traits" in capsys.readouterr().out
    assert main(["replay", str(found.folder)]) == DONE
    assert capsys.readouterr().out.strip() == "identical"
    kept = found.folder / "cohort.json"
    kept.write_text(kept.read_text(encoding="utf-8").replace('"cohorts": 4000', '"cohorts": 4001'), encoding="utf-8")
    assert main(["replay", str(found.folder)]) == NOT_MET
    assert main(["verify", str(found.folder)]) == NOT_MET
    capsys.readouterr()


@pytest.mark.parametrize("draw", [plot_cohort, plot_tumors])
def test_no_text_is_cut_or_lies_over_another_at_any_width(found, draw):
    """With a title of 130 letters, and arms of 75."""
    plan = found.result.plan
    arms = tuple(replace(arm, name=f"{k} {'an arm with a long name ' * 4}"[:75]) for k, arm in enumerate(plan.arms))
    long = replace(plan, title="A title that is long " * 6, arms=arms, follow_up_arm=arms[0].name, calibration=None)
    result = replace(found.result, plan=long)
    for style in STYLES:
        with style_context(style):
            figure = draw(result)
        assert (cut(figure), overlapping(figure)) == ([], []), style


def test_the_control_arm_has_its_published_median(found):
    assert_allclose(found.result.outcomes[0].median, 12.4, atol=0.3)  # 74 women: the median is one of them


def test_the_share_that_progressed_is_the_observed_one_in_both_circuits(found):
    for progression in found.result.progressions.values():
        assert_allclose(progression.progressed.mean(), 14 / 37, atol=1.5 / N)


def test_the_cut_edge_leaves_untreated_cells_their_pten(found):
    clinic, _ = open_clinic_of(CohortRequest(FILE, women=N, ensemble=MEMBERS))
    for cells in clinic.cells.values():
        assert_allclose(cells.markers["PTEN"], 1.0, rtol=1e-5)


def test_without_the_edge_lowering_mir21_does_not_raise_pten(found):
    """The negative control is one: imposed miR-21 lowers PTEN with the edge, and without it does not."""
    lowered = {}
    for variant, own in found.result.variants.items():
        same = ~own.carriers["PTEN_loss"]
        lowered[variant] = np.corrcoef(own.imposed[same], np.log(own.markers["PTEN"][same]))[0, 1]
    assert lowered[EDGE] < lowered[CUT]


def test_surfaces_pass_through_their_knots_and_do_not_overshoot():
    rng = np.random.default_rng(1)
    growth = np.sort(rng.random((5, len(CONCENTRATIONS))), axis=1)[:, ::-1]
    surface = GrowthSurface(growth, 1.0 - growth)
    at, occupancy = surface.at(np.tile(CONCENTRATIONS, (5, 1)))
    assert_allclose(at, growth, atol=1e-12)
    assert_allclose(occupancy, 1.0 - growth, atol=1e-12)
    fine, _ = surface.at(np.tile(np.geomspace(0.01, 2000.0, 500), (5, 1)))
    assert (np.diff(fine, axis=1) <= 1e-12).all()
    assert_allclose(fine[:, -1], growth[:, -1])


def test_the_response_surface_is_the_full_simulation_within_days():
    """Quasi-steady growth, interpolated, against every reaction of circuit and pharmacokinetics over two years: summed
    growth differs by less than 2 days of 730 in nine women of ten, and by less than 5 in all; at the end in half
    of them by less than a quarter of a day."""
    clinic, _ = open_clinic_of(CohortRequest(FILE, women=N, ensemble=MEMBERS))
    shortcut = women_of_piece(clinic, 0)[EDGE]
    full = growth_of_full_simulation(
        clinic.plan, clinic.cells[EDGE], clinic.members[shortcut.numbers], shortcut.numbers, shortcut.times
    )
    distance = np.abs(shortcut.growth[0] - full)
    assert np.quantile(distance.max(axis=1), 0.9) < 2.0 and distance.max() < 5.0
    assert np.median(distance[:, -1]) < 0.25
