"""What the committed fit gave in the earlier circuit and is still used; the courses beside today's numbers."""

import json

import numpy as np
import pytest

from pathway import parameters
from pathway.formats.problems import read_problem

from .scripts import FOLDER, script

RESULT = FOLDER / "RESULT.json"


@pytest.fixture(scope="module")
def courses():
    return script("time_courses")


@pytest.fixture(scope="module")
def result():
    return json.loads(RESULT.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def points(courses, result):
    """The shipped sets at the chosen numbers, with the noise of the committed fit."""
    problem = read_problem(courses.SCENARIO)
    studies = ("", "_in_imoto2022_ligands", "_in_nakakuki2010_mcf7")

    def value(name, chosen):
        noise = (result[name + study]["value"] for study in studies if name + study in result)
        return next(noise, chosen) if name.startswith("sigma") else chosen

    chosen = map(value, problem.names, problem.nominal)
    return courses.points_of(problem, np.fromiter(chosen, dtype=float))


def test_numbers_that_are_still_those_of_the_fit_stand_with_their_interval(result):
    lines = {name: parameters.cell_line(name).entries for name in parameters.cell_lines()}
    kept = 0
    for name, found in result.items():
        parameter, _, line = name.partition("_level_")
        entries = lines.get(line, parameters.reference()) if line else parameters.reference()
        entry = entries.get(f"{parameter}_level" if line else name)
        if entry is None or entry.source != "fit":
            continue
        kept += 1
        assert entry.value == pytest.approx(found["value"], rel=2e-3), name
        assert entry.interval == pytest.approx((found["lower"], found["upper"]), rel=2e-2), name
        assert entry.confidence == "fitted"
    assert kept == sum(e.source == "fit" for e in parameters.reference().values()) + sum(
        lines[name][f"{receptor}_level"].source == "fit"
        for name in lines
        if parameters.cell_line(name).parent is None
        for receptor in ("EGFR", "HER2", "HER3")
    )


@pytest.mark.parametrize("line", ["SK-BR-3", "BT-474", "MCF7"])
def test_courses_scaled_to_their_own_range_are_followed(courses, points, line):
    """Shapes alone; amplitudes are the likelihood's matter."""
    own = [p for p in points if p.line == line and p.counted]
    assert len(own) > 20
    assert courses.rms(p.simulated - p.measured for p in own) < 0.25


@pytest.mark.parametrize("line", ["BT-474", "MCF7", "SK-BR-3"])
def test_pAKT_lasts_longer_under_heregulin_than_under_EGF(points, line):
    left = {}
    for ligand in ("EGF", "HRG"):
        course = [p for p in points if (p.line, p.ligand, p.observable) == (line, ligand, "pAKT")]
        values = [p.simulated for p in sorted(course, key=lambda p: p.minutes)]
        left[ligand] = values[-1] / max(values)
    assert left["HRG"] > left["EGF"]


def test_points_that_the_scaling_makes_and_held_out_lines_do_not_count(points):
    assert not any(p.counted for p in points if p.line == "MDA-MB-231" or p.measured in (0.0, 1.0))


def test_sets_that_are_absent_are_named(courses, tmp_path):
    arms, absent = courses.prepared(tmp_path, tmp_path)
    assert arms == [] and len(absent) == 2
    assert "HCC1954" in absent[0] and "UACC-812" in absent[1]


def test_a_set_at_hand_is_scaled_per_observable_and_joins_the_scenario(courses, tmp_path):
    course = ((0.0, 2.0), (5.0, 4.0), (15.0, 3.0))
    rows = [("UACC-812 EGF", t, o, value, None) for o in ("pAKT", "pERK", "pMEK") for t, value in course]
    courses.write_long(tmp_path / "hpn_uacc812.csv", rows)
    written = (tmp_path / "hpn_uacc812.csv").read_text(encoding="utf-8").splitlines()
    assert written[1:4] == ["UACC-812 EGF,0 min,pAKT,0,", "UACC-812 EGF,5 min,pAKT,1,", "UACC-812 EGF,15 min,pAKT,0.5,"]
    problem = read_problem(courses.with_more(["UACC-812 EGF"], tmp_path, counted=False))
    new = [m for m in problem.measurements if m.experiment == "UACC-812 EGF"]
    assert len(new) == 9 and not any(m.counted for m in new)
