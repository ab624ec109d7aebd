"""`[fit]` and its measurements: every mistake in a line of its own, with file and line, all of them together."""

import re
from pathlib import Path
from types import SimpleNamespace

import pytest

from pathway.cli import BAD_INPUT, DONE, main
from pathway.scenario import ScenarioError, read_scenario
from pathway.scenario.experiment import FitObservable
from pathway.scenario.fit_data import observable_choice_for
from pathway.scenario.fit_plan import formula_name
from pathway.scenario.inventory import draw_inventory
from pathway.scenario.measurement_files import read_measurements

from .toy import MEASURED, toy_laboratory

GOOD = '[fit.parameter.k_loss]\nrange = ["0.01 1/h", "1 1/h"]\n'
ROW = "arm,time,observable,value,unit\nligand,1,ligand,3,nM\n"


def read(folder, points=ROW, fit=GOOD, text=MEASURED):
    (folder / "points.csv").write_text(points, encoding="utf-8")
    (folder / "toy.toml").write_text(text + fit, encoding="utf-8")
    return read_scenario(folder / "toy.toml", (), toy_laboratory())


def complaints(folder, *arguments, **options):
    with pytest.raises(ScenarioError) as told:
        read(folder, *arguments, **options)
    return [line.replace(str(folder) + "/", "") for line in str(told.value).splitlines()]


def test_every_mistake_of_rows_and_table_comes_with_its_line_in_one_go(tmp_path):
    points = (
        "arm,time,observable,value,unit,replicate\n"
        "ligand,1,ligand,3,nM,1\n"
        "ligand,49,ligand,3,nM,1\n"  # after the end
        "ligand,-1,ligand,3,nM,1\n"  # before the start
        "ligand,2,ligant,3,nM,1\n"  # no such observable
        "ligand,3,ligand,-3,nM,1\n"  # a negative concentration
        "ligand,1 h,ligand,4,nM,1\n"  # again
        "ligand,5,ligand,3,,1\n"  # no unit
        "ligand,6,ligand,3,h,1\n"  # a wrong unit
        "lignad,6,ligand,3,nM,1\n"  # no such arm
    )
    fit = (
        '[fit]\nparameters = ["k_los"]\nhold_out = ["non"]\n'
        '[fit.parameter.k_loss]\nrange = ["0.2 1/h", "1 1/h"]\n'
        "[fit.observable.twice]\nnoise = 0.1\n"
    )
    told = complaints(tmp_path, points, fit)
    expected = [
        r"points.csv:3: time 49 h lies after the end of the scenario \(48 h\)",
        r"points.csv:4: time -1 h lies before the first moment of the scenario",
        r"points.csv:5: no observable is called 'ligant'. Did you mean 'ligand'\?",
        r"points.csv:6: ligand cannot be negative \(-3 nM\)",
        r"points.csv:7: the same arm, time, observable, replicate and gel stand on line 2",
        r"points.csv:8: no unit for ligand; write its unit \(nM\) or 'a.u.'",
        r"points.csv:9: unit: 'h' is a time",
        r"points.csv:10: no arm is called 'lignad'. Did you mean 'ligand'\?",
        r"toy.toml:17: no parameter is called 'k_los'. Did you mean 'k_loss'\?",
        r"toy.toml:18: no arm is called 'non'. Did you mean 'none'\?",
        r"toy.toml:19: k_loss: the value of slow, 0.1, is outside its bounds 0.2 to 1",
        r"toy.toml:21: twice is never measured. Measured: 'ligand'",
    ]
    assert len(told) == len(expected)
    for pattern in expected:
        assert any(re.match(pattern, line) for line in told), pattern


@pytest.mark.parametrize(
    ("fit", "said"),
    [
        ("[fit]\n", "toy.toml:16: [fit] names no parameter to estimate"),
        ('[fit]\nparameters = ["k_loss"]\n', "k_loss has no range of its own"),
        (GOOD.replace("1/h", "nM"), "k_loss: "),
        (GOOD.replace('"0.01 1/h", "1 1/h"', '"1 1/h", "1 1/h"'), "leaves nothing to estimate"),
        (GOOD.replace('"0.01 1/h", "1 1/h"', '"1 1/h", "0.1 1/h"'), "the lowest comes first"),
        (GOOD + 'prior = { center = "5 1/h", spread = 1 }\n', "k_loss: the prior's center, 5, is outside the bounds"),
        (GOOD + 'prior = { center = "0.1 1/h", spread = -1 }\n', "k_loss: spread = -1 of the prior"),
        ("[fit]\nparameters = [3]\n", "toy.toml:17: parameters holds the number 3; expected names in quotes"),
        ('[fit]\nparameters = "k_loss"\n', "toy.toml:17: [fit.parameters] is 'k_loss', expected a list"),
        (GOOD + "[fit.observable.ligant]\nnoise = 1\n", "no observable is called 'ligant'. Did you mean 'ligand'?"),
        (GOOD.replace('"0.01 1/h", ', ""), "must hold two entries"),
        (GOOD + 'scale = "log"\n', "scale = 'log' is not one of 'log10', 'linear'"),
        (GOOD + 'start = "2 1/h"\n', "k_loss: the start, 2, is outside its bounds 0.01 to 1"),
        (GOOD + 'prior = { center = "0.1 1/h", spread = "0.1 1/h" }\n', "the sd of the logarithm"),
        (GOOD + 'prior = { distribution = "normal", center = "0.1 1/h", spread = 0.1 }\n', "needs a unit"),
        (GOOD + '[fit.observable.ligand]\nnoise = "given"\n', "points.csv:2: ligand has no error"),
        (GOOD + '[fit.observable.ligand]\nscale = "normalized"\n', 'needs normalize = "minmax"'),
        (GOOD + '[fit.observable.ligand]\nnoise = -1\n', "noise = -1 must be more than zero"),
        (GOOD + '[fit.observable."ligand in point"]\nnoise = 1\n', "no [data] has the file 'point'. Did you mean"),
        (GOOD + '[fit]\nhold_out = ["ligand"]\n', "every measured arm is held out"),
    ],
)  # fmt: skip
def test_what_a_table_cannot_say(tmp_path, fit, said):
    told = complaints(tmp_path, fit=fit)
    assert len(told) == 1
    assert said in told[0]


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ("ligand,1,ligand,<0.1,nM,,,yes\n", "cannot be below detection and saturated at once"),
        ("ligand,1,ligand,1,a.u.,,0,\n", "loading 0 must be more than zero"),
        ("ligand,1,ligand,1,a.u.,,,\n", "needs a value in the column 'loading'"),
        ("ligand,1,ligand,,a.u.,,1,\n", "value is empty"),
        ("ligand,inf,ligand,1,a.u.,,1,\n", "time 'inf' is not finite"),
        ("ligand,1,ligand,1,a.u.,,1,perhaps\n", "saturated is 'perhaps'; expected yes or nothing"),
    ],
)
def test_rows_that_cannot_be(tmp_path, rows, said):
    text = MEASURED + 'normalize = "loading"\n'
    told = complaints(tmp_path, "arm,time,observable,value,unit,gel,loading,saturated\n" + rows, text=text)
    assert len(told) == 1 and told[0].startswith("points.csv:2: ") and said in told[0]


LANES = "arm,time,observable,value,unit,gel\nligand,0,ligand,4,a.u.,A\nligand,5,ligand,2,a.u.,A\n"


@pytest.mark.parametrize(
    ("points", "data", "told"),
    [
        ("", "", "1: this file is empty"),
        ("arm,time,value\nligand,1,1\n", "", "1: the column 'observable' is missing"),
        ("arm,time\nligand,1\n", "", "1: the columns 'observable', 'value' are missing"),
        (ROW.replace("ligand,3", "ligand,ten"), "", "2: value 'ten' is no number"),
        (ROW.replace("ligand,3", 'ligand,"3,5"'), "", "2: value '3,5' is no number; the decimal sign is a dot"),
        (ROW.replace("ligand,3", "ligand,3,5"), "", "2: 6 cells under 5 columns; the decimal sign is a dot"),
        (ROW.replace("ligand,3", "ligand,NaN"), "", "2: value 'NaN' is not finite; write NA"),
        (ROW.replace("ligand,1,", "ligand,1 mM,"), "", "2: time '1 mM': 'mM' is"),
        (
            ROW.replace("ligand,1,", "ligand,2880,"),
            "",
            "2: time 2880 h lies after the end of the scenario (48 h); a number",
        ),
        (ROW.replace("unit", "unit,error").replace("nM", "nM,0"), "", "2: error 0 would make the value exact"),
        (
            "arm,time,lignad [nM]\nligand,1,3\n",
            "",
            "1: column 'lignad [nM]': no observable is called 'lignad'. Did you",
        ),
        ("arm,time,ligand [nM],ligand [a.u.]\nligand,1,3,4\n", "", "1: two columns hold ligand"),
        ("arm,time,ligand [nM],\nligand,1,3,4\n", "", "1: column 4 has no name"),
        (
            LANES + "ligand,6,ligand,2,a.u.,\n",
            'scale_shared_by = "gel"',
            "4: no gel, which other rows of this file have",
        ),
        (LANES + "ligand,6,ligand,2,a.u.,B\n", 'scale_shared_by = "gel"', "4: ligand on gel B: a single arm and time"),
        (
            LANES.replace("ligand,4", "ligand,>4").replace("ligand,2", "ligand,>2"),
            "",
            "2: ligand: every point is a limit",
        ),
        (
            "arm,time,observable,value,unit,total\nligand,0,ligand,4,a.u.,1\nligand,5,ligand,2,a.u.,\n",
            'normalize = "total"',
            "3: no total, which other rows of this file have",
        ),
        (
            "cell_line,agent,concentration,time,cell_count\nslow,ligant,0.004,24,9\n",
            "",
            "2: no arm of 'slow' is given 0.004 uM ligant. Did you mean 'ligand'?",
        ),
        ("cell_line,agent,concentration,time,cell_count\nslow,,0,24,-9\n", "", "2: cell_count -9 cannot be negative"),
    ],
)
def test_files_that_cannot_be(tmp_path, points, data, told):
    found = complaints(tmp_path, points, text=MEASURED + data + "\n")
    assert len(found) == 1 and found[0].startswith("points.csv:" + told)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"PK\x03\x04 and so on", "1: this is a workbook, not text; save it as 'CSV UTF-8'"),
        (ROW.encode("utf-16"), "1: not UTF-8 text (it is UTF-16)"),
        (ROW.replace("nM", "\u00b5M").encode("latin-1"), "2: not UTF-8 text; save it as 'CSV UTF-8'"),
    ],
)
def test_files_that_are_no_text(tmp_path, content, told):
    (tmp_path / "points.csv").write_bytes(content)
    (tmp_path / "toy.toml").write_text(MEASURED + GOOD, encoding="utf-8")
    with pytest.raises(ScenarioError) as found:
        read_scenario(tmp_path / "toy.toml", (), toy_laboratory())
    assert f"points.csv:{told}" in str(found.value)


@pytest.mark.parametrize(
    "points",
    [
        "Arm;Time;Observable;Value;Unit\nligand;0,5 h;ligand;1,5;nM\nligand;2 h;ligand;NA;nM\n",
        "sep=;\narm;time;observable;value;unit\nligand;0.5;ligand;1.5;nM\n;;;;\n",
        "arm\ttime [min]\tligand [nM]\tprotein [nM]\nligand\t30\t1,5\tNA\n",
        "\ufeffarm,time,observable,value,unit,,\nligand,30 min,ligand,1.5,nM,,\n,,,,,,\n",
        "arm,time (d),ligand (pM)\nligand,0.0208333333333,1500\n",
        "arm,time,observable,value [uM]\nligand,0.5,ligand,0.0015\n",
    ],
)
def test_what_spreadsheets_write(tmp_path, points):
    """Semicolons, tabs, decimal commas, empty columns and rows, a unit in the name of a column, NA."""
    (found,) = points_of(tmp_path, points)
    assert (found.arm, found.observable, found.kind) == ("ligand", "ligand", "absolute")
    assert (found.time, found.value) == pytest.approx((0.5, 1.5))


def test_a_concentration_may_have_its_unit(tmp_path):
    """0.6 ug/mL of 150,000 g/mol are 4 nM."""
    text = MEASURED.replace('agent = "ligand"\namount = "4 nM"', 'agent = "drug"\namount = "4 nM"')
    assert text != MEASURED
    head, tail = "cell_line,agent,concentration", ",time,cell_count\n"
    for header, dose in (("", "0.004"), (" [nM]", "4"), ("", "4 nM"), (" [ug/mL]", "0.6")):
        counts = f"{head}{header}{tail}slow,drug,{dose},24,900\nslow,drug,{dose},48,1200\n"
        made = read_measurements(read(tmp_path, counts, text=text), toy_laboratory())
        assert [p.value for p in made] == [900, 1200]


def test_nothing_has_a_concentration_in_any_unit(tmp_path):
    counts = "cell_line,agent,concentration [ug/mL],time,cell_count\nslow,,0,24,900\nslow,,0,48,1200\n"
    assert [p.arm for p in points_of(tmp_path, counts)] == ["none", "none"]


def test_what_was_understood_is_told(tmp_path):
    """A line for each observable: values and limits, arms, times, gels, and how they meet the model."""
    points = LANES + "none,6 h,ligand,<1,a.u.,A\nligand,1,protein,5,nM,\n"
    scenario = read(tmp_path, points, text=MEASURED + 'scale_shared_by = "gel"\n')
    assert draw_inventory(scenario, toy_laboratory()).splitlines() == [
        "points.csv: ligand in arbitrary units: 2 values and 1 limit; 2 arms, from 0 to 6 h; 1 gel; 1 free factor",
        "points.csv: protein in nM: 1 value; 1 arm, at 1 h",
        "  4 rows; columns between commas; decimal sign '.', thousands sign none",
        "    arm: 4 cells, 2 different",
        "    time: 4 values in 4 cells; 0 to 6 h",
        "    observable: 4 cells, 2 different",
        "    value: 3 values, 1 limit in 4 cells; 1 to 5",
        "    unit: 4 cells, 2 different",
        "    gel: 3 cells, 1 different",
    ]
    bare = read(tmp_path, ROW, fit="", text=MEASURED.partition("[data]")[0])
    assert draw_inventory(bare, toy_laboratory()) == ""


def test_of_many_mistakes_the_first_are_told(tmp_path):
    told = complaints(tmp_path, ROW + "".join(f"ligand,{k},ligant,3,nM\n" for k in range(30)))
    assert len(told) == 21 and told[-1].startswith("points.csv:23: ... and 10 more mistakes")


def test_lines_that_differ_need_a_word(tmp_path):
    text = MEASURED.replace('name = "none"', 'name = "none"\ncells = "quick"')
    fit = '[fit.parameter.mu]\nrange = ["0.01 1/h", "1 1/h"]\n'
    told = complaints(tmp_path, fit=fit, text=text)
    assert "the cell lines differ in mu (quick 0.04, slow 0.02)" in told[0]
    assert read(tmp_path, fit=fit + 'shared = "no"\n', text=text).fit.parameters[0].shared == "no"


def test_a_gel_without_its_reference_lane_is_named(tmp_path):
    points = "arm,time,observable,value,gel\nligand,0,ligand,2,A\nligand,5,ligand,1,A\nligand,5,ligand,1,B\n"
    told = complaints(tmp_path, points, text=MEASURED + 'normalize = "lane: ligand 0 h"\n')
    assert told == ["points.csv:4: ligand: the reference lane 'ligand' at 0 h was not measured on gel B"]
    limit = points.replace("0,ligand,2,A", "0,ligand,>2,A").replace("ligand,5,ligand,1,B\n", "")
    told = complaints(tmp_path, limit, text=MEASURED + 'normalize = "lane: ligand 0 h"\n')
    assert "at 0 h is beyond a limit on gel A" in told[0]


def points_of(folder, points, data=""):
    scenario = read(folder, points, text=MEASURED + data)
    return read_measurements(scenario, toy_laboratory())


def test_a_wide_file_is_the_same_as_a_long_one(tmp_path):
    long = (
        "arm,time,observable,value,unit,gel,error\n"
        "ligand,0,ligand,4000,pM,A,100\nligand,0,protein,7,a.u.,A,\n"
        "ligand,5,ligand,<10,pM,A,\nligand,5,protein,6,a.u.,A,\n"
    )
    wide = (
        "# a comment\narm,time,gel,ligand [pM],ligand error,protein [a.u.]\nligand,0,A,4000,100,7\nligand,5,A,<10,,6\n"
    )

    def told(points):
        return [(p.arm, p.time, p.observable, p.value, p.error, p.below_detection, p.gel) for p in points]

    found = told(points_of(tmp_path, wide))
    assert found == told(points_of(tmp_path, long))
    assert found[0][:3] == ("ligand", 0.0, "ligand") and found[0][3:5] == pytest.approx((4.0, 0.1))


def test_signals_are_divided_by_loading_then_by_the_lane(tmp_path):
    points = (
        "arm,time,observable,value,unit,gel,loading,total,error,error_kind\n"
        "ligand,0,ligand,80,a.u.,A,2,4,8,sd\nligand,5,ligand,30,a.u.,A,1,5,20,%\nligand,0,ligand,9,a.u.,B,3,1,,\n"
        "ligand,5,ligand,3,a.u.,B,2,1,,\n"
    )
    made = points_of(tmp_path, points, 'normalize = ["loading", "lane: ligand 0 h"]\n')
    assert [p.value for p in made] == pytest.approx([1.0, 0.75, 1.0, 0.5])
    assert [p.deviation for p in made] == pytest.approx([0.1, 0.15, 0.0, 0.0])
    ratios = points_of(tmp_path, points, 'normalize = "total"\n')
    assert [p.value for p in ratios] == pytest.approx([20.0, 6.0, 9.0, 3.0])


def test_several_files_each_with_its_own_normalization(tmp_path):
    (tmp_path / "more.csv").write_text("arm,time,observable,value\nligand,0,protein,5\nligand,9,protein,3\n")
    text = MEASURED.replace("[data]", "[[data]]") + '[[data]]\nfile = "more.csv"\nnormalize = "minmax"\n'
    scenario = read(tmp_path, text=text)
    made = read_measurements(scenario, toy_laboratory())
    assert [(p.table, p.observable, p.value) for p in made] == [
        (0, "ligand", 3.0),
        (1, "protein", 1.0),
        (1, "protein", 0.0),
    ]


def test_plate_counts_without_an_arm_are_named(tmp_path):
    points = (
        "cell_line,agent,concentration,time,cell_count\nslow,ligand,0.004,24,900\n"
        "slow,ligand,4,24,900\nSLOW,ligant,0.004,24,900\nquick,,0,24,900\n"
    )
    told = complaints(tmp_path, points)
    assert "points.csv:3: no arm of 'slow' is given 4 uM ligand" in told[0]
    assert "points.csv:4: no arm of 'SLOW' is given 0.004 uM ligant" in told[1]
    assert "points.csv:5: no arm has the cells 'quick'" in told[2]
    assert len(told) == 3


def test_check_knows_the_table(tmp_path, capsys):
    (tmp_path / "points.csv").write_text(
        "arm,time,observable,value,unit\ncontrol,0,pAKT,2,a.u.\ncontrol,1,pAKT,3,a.u.\n"
    )
    text = 'title = "t"\ncells = "bt474"\n[time]\nend = "2 h"\n[[arm]]\nname = "control"\n[data]\nfile = "points.csv"\n'
    (tmp_path / "a.toml").write_text(text + '[fit]\nparameters = ["k_PI3K"]\n')
    assert main(["check", str(tmp_path / "a.toml")]) == DONE
    (tmp_path / "b.toml").write_text(text + '[fit]\nparameters = ["k_PI3"]\n')
    capsys.readouterr()
    assert main(["check", str(tmp_path / "b.toml")]) == BAD_INPUT
    assert "b.toml:10: no parameter is called 'k_PI3'. Did you mean 'k_PI3K'" in capsys.readouterr().err


def test_beside_a_mistake_of_the_experiment_measurements_are_not_judged(tmp_path):
    told = complaints(tmp_path, points=ROW.replace("3,nM", "-3,nM"), text=MEASURED.replace('"slow"', '"slo"', 1))
    assert len(told) == 1 and "'slo'" in told[0] and "Did you mean 'slow'?" in told[0]


@pytest.mark.parametrize(("stated", "used"), [("none", "none"), (2.5, 2.5), (None, "normalized")])
def test_a_stated_scale_goes_before_that_of_the_axis(stated, used):
    point, overlay = SimpleNamespace(table=0, observable="ligand", kind="absolute"), SimpleNamespace(axis="minmax")
    overlay.file = Path("points.csv")
    assert observable_choice_for(point, [overlay], {"ligand": FitObservable(scale=stated)}).scale == used


@pytest.mark.parametrize(
    ("file", "name"),
    [("./my_line.toml", "my_line"), ("a-b c.toml", "a_b_c"), ("../2ä3.toml", "2_3"), ("ä.toml", "x"), ("---", "x")],
)
def test_the_name_of_a_file_becomes_one_for_formulas(file, name):
    assert formula_name(file) == name
