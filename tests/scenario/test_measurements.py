"""Measured points: every bad row is named, and points meet curves on one axis."""

import math
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from pathway.scenario import ScenarioError, read_scenario, run_scenario
from pathway.scenario.experiment import MeasurementTable
from pathway.scenario.measurement_files import MOST_MISTAKES
from pathway.scenario.measurements import Measurement, _modelled, scale_group

from .toy import MEASURED, toy_laboratory

EXPECT = '\n[[expect]]\nclaim = "c"\nrole = "calibration"\nquantity = "ligand"\nreduce = "rmse"\nbelow = 9\n'


def run(tmp_path, points, extra=""):
    (tmp_path / "points.csv").write_text(points, encoding="utf-8")
    (tmp_path / "toy.toml").write_text(MEASURED + extra + EXPECT, encoding="utf-8")
    laboratory = toy_laboratory()
    return run_scenario(read_scenario(tmp_path / "toy.toml", (), laboratory), laboratory)


def rmse(tmp_path, points, extra=""):
    return run(tmp_path, points, extra).verdicts[0].value


def at(time):
    """The ligand given at zero: 4 exp(-0.1 t) nM."""
    return 4 * math.exp(-0.1 * time)


def test_every_bad_row_is_named_with_its_line(tmp_path):
    points = (
        "arm,time,observable,value,unit\n# a comment\nnone,0,ligand,1,nM\nnon,0,ligand,1,nM\n"
        "none,0,ligant,1,nM\nnone,zero,ligand,1,nM\nnone,0,ligand,one,nM\nnone,0,ligand,1,h\nnone,0,ligand,nan,nM\n"
    )
    with pytest.raises(ScenarioError) as caught:
        run(tmp_path, points)
    lines = str(caught.value).splitlines()
    assert [line.split("points.csv:")[1].split(":")[0] for line in lines] == ["4", "5", "6", "7", "8", "9"]
    assert "no arm is called 'non'. Did you mean 'none'?" in lines[0]
    assert "no observable is called 'ligant'. Did you mean 'ligand'?" in lines[1]
    assert "value 'one' is no number" in lines[3] and "'h' is a time" in lines[4]


def test_missing_and_unknown_columns_are_named(tmp_path):
    with pytest.raises(ScenarioError) as caught:
        run(tmp_path, "arm,time,observable,valeu\nnone,0,ligand,1\n")
    assert "the column 'value' is missing" in str(caught.value)
    assert "unknown column 'valeu'. Did you mean 'value'?" in str(caught.value)


def test_points_with_a_unit_are_compared_as_they_are(tmp_path):
    points = f"arm,time,observable,value,unit\nligand,10 h,ligand,{at(10) + 0.5},nM\n"
    points += f"ligand,0.5 d,ligand,{(at(12) - 0.5) / 1e3},uM\n"
    assert rmse(tmp_path, points) == pytest.approx(0.5, rel=1e-4)


def test_arbitrary_units_get_the_one_factor_that_fits_best(tmp_path):
    points = "arm,time,observable,value\n" + "".join(f"ligand,{t},ligand,{7 * at(t)}\n" for t in (0, 5, 20))
    assert rmse(tmp_path, points) == pytest.approx(0.0, abs=1e-5)


def test_each_gel_has_its_own_factor(tmp_path):
    lanes = [(gel, factor, t) for gel, factor in (("A", 7.0), ("B", 0.5)) for t in (0, 5, 20)]
    points = "arm,time,observable,value,gel\n" + "".join(f"ligand,{t},ligand,{f * at(t)},{g}\n" for g, f, t in lanes)
    assert rmse(tmp_path, points, 'scale_shared_by = "gel"\n') == pytest.approx(0.0, abs=1e-5)
    assert rmse(tmp_path, points) > 0.5


def test_minmax_scales_both_sides(tmp_path):
    points = "arm,time,observable,value\n" + "".join(f"ligand,{t},ligand,{3 + 7 * at(t)}\n" for t in (0, 5, 20))
    assert rmse(tmp_path, points, 'normalize = "minmax"\n') == pytest.approx(0.0, abs=1e-5)


def test_a_lane_is_the_unit(tmp_path):
    points = "arm,time,observable,value\n" + "".join(f"ligand,{t},ligand,{7 * at(t)}\n" for t in (0, 5, 20))
    assert rmse(tmp_path, points, 'normalize = "lane: ligand 5 h"\n') == pytest.approx(0.0, abs=1e-5)


def test_loading_divides_the_signal_of_its_lane(tmp_path):
    points = "arm,time,observable,value,unit,loading\n"
    points += "".join(f"ligand,{t},ligand,{at(t) * load},nM,{load}\n" for t, load in ((0, 2.0), (5, 0.5), (20, 1.0)))
    assert rmse(tmp_path, points, 'normalize = "loading"\n') == pytest.approx(0.0, abs=1e-4)


def test_points_below_detection_are_not_compared(tmp_path):
    points = (
        f"arm,time,observable,value,unit,below_detection\nligand,10,ligand,{at(10)},nM,\nligand,40,ligand,2,nM,yes\n"
    )
    assert rmse(tmp_path, points) == pytest.approx(0.0, abs=1e-4)


@pytest.mark.parametrize(
    "words, said",
    [
        ('normalize = "mimax"', "normalize = 'mimax' is not one of"),
        ('normalize = "lane: nobody 5 h"', "names no arm"),
        ('normalize = "lane: ligand 5"', "has no unit"),
    ],
)
def test_normalisations_that_do_not_exist_are_refused(words, said, tmp_path):
    with pytest.raises(ScenarioError) as caught:
        run(tmp_path, "arm,time,observable,value\nligand,0,ligand,1\n", words + "\n")
    assert said in str(caught.value)


ARMS = {"a": SimpleNamespace(cells="slow"), "b": SimpleNamespace(cells="quick")}


@pytest.mark.parametrize(
    ("observable", "kind", "words", "group"),
    [
        ("cell_number", "arbitrary", {}, "r1"),  # a plate counts without a count at the start
        ("cell_number", "absolute", {}, ""),
        ("pAKT", "arbitrary", {}, ""),
        ("pAKT", "cycles", {}, "g1"),
        ("pAKT", "arbitrary", {"normalize": ("lane: a 0 h",)}, "g1"),
        ("pAKT", "arbitrary", {"scale_shared_by": "replicate"}, "r1"),
        ("pAKT", "arbitrary", {"scale_shared_by": "cells"}, "quick"),
        ("pAKT", "arbitrary", {"scale_shared_by": "arm"}, "b"),
        ("pAKT", "arbitrary", {"normalize": ("minmax",)}, "quick"),
        ("pAKT", "arbitrary", {"normalize": ("minmax",), "scale_shared_by": "gel"}, "quick g1"),
    ],
)
def test_what_shares_a_factor(observable, kind, words, group):
    point = Measurement("b", 0.0, observable, 1.0, kind=kind, replicate="r1", gel="g1")
    assert scale_group(point, MeasurementTable(Path("t.csv"), **words), ARMS) == group


def test_a_fold_is_of_the_value_at_time_zero():
    """4 exp(-0.1 t): a fold of what it was at zero, not of what it is an hour later."""
    times = np.array([0.0, 1.0, 10.0])
    arm = SimpleNamespace(times=times, trajectory={"ligand": 4.0 * np.exp(-0.1 * times)})
    result = SimpleNamespace(arms={"ligand": arm})
    point = Measurement("ligand", 10.0, "ligand", 0.3, fold_of_start=True)
    assert _modelled(result, point) == pytest.approx(math.exp(-1.0))
    assert _modelled(result, replace(point, fold_of_start=False)) == pytest.approx(4.0 * math.exp(-1.0))


@pytest.mark.parametrize("bad", [MOST_MISTAKES, MOST_MISTAKES + 1, MOST_MISTAKES + 5])
def test_so_many_mistakes_are_listed_and_the_others_counted(bad, tmp_path):
    with pytest.raises(ScenarioError) as caught:
        run(tmp_path, "arm,time,observable,value,unit\n" + "non,0,ligand,1,nM\n" * bad)
    lines = str(caught.value).splitlines()
    assert sum("no arm is called 'non'" in line for line in lines) == MOST_MISTAKES
    more = [line for line in lines if "more mistakes from here on" in line]
    assert len(more) == (bad > MOST_MISTAKES) and all(f"{bad - MOST_MISTAKES} more" in line for line in more)


def test_nothing_is_measured_and_less_is_not(tmp_path):
    head = "arm,time,observable,value,unit\nligand,0,ligand,4,nM\n"
    assert run(tmp_path, head + "ligand,40,ligand,0,nM\n").measurements[1].value == 0.0
    with pytest.raises(ScenarioError, match=r"ligand cannot be negative \(-0.1 nM\)"):
        run(tmp_path, head + "ligand,40,ligand,-0.1,nM\n")


def test_a_lane_is_the_unit_also_where_others_would_fit_better(tmp_path):
    """Twice as much at the start as the curve has, beside a reference of one: no factor takes that away."""
    points = f"arm,time,observable,value\nligand,0,ligand,{14 * at(0)}\nligand,5,ligand,{7 * at(5)}\n"
    found = rmse(tmp_path, points, 'normalize = "lane: ligand 5 h"\n')
    assert found == pytest.approx(at(0) / at(5) / math.sqrt(2.0), rel=1e-4)
