# ruff: noqa: E501 - each row and what is said to it stand together
"""Single rows of measurements: what they come to in the model's units, and the whole line that is said to a wrong one."""

import math

import pytest

from pathway.scenario import ScenarioError
from pathway.scenario.measurement_files import read_measurements

from .test_fit_table import read
from .toy import toy_laboratory

LONG = "arm,time,observable,value,unit,error,error_kind\n"
COUNTS = "cell_line,agent,concentration,time,cell_count,cell_count__time0\n"


def point(folder, header, row):
    (found,) = read_measurements(read(folder, f"{header}{row}\n", fit=""), toy_laboratory())
    return found


@pytest.mark.parametrize(
    ("header", "row", "said"),
    [
        (LONG, "ligand,1,ligand,3,nM,-0.1,", "error -0.1 cannot be negative"),
        (LONG, "ligand,1,ligand,3,nM,0,", "error 0 would make the value exact; leave the cell empty if the error is not known"),
        (LONG, "ligand,1,ligand,3,nM,0.1,sdd", "error_kind 'sdd' is not one of 'sd', 'sem', 'cv', '%', 'sd_log'. Did you mean 'sd'?"),
        (LONG, "ligand,,ligand,3,nM,,", "time is empty"),
        (LONG, "ligand,x,ligand,3,nM,,", "time 'x' does not start with a number"),
        (LONG, "ligand,1,ligand,,nM,,", "value is empty; write NA for what was not measured"),
        (LONG, "ligand,1,ligand,inf,nM,,", "value 'inf' is not finite; write NA for what was not measured"),
        (LONG, "ligand,1,ligand,3;4,nM,,", "value '3;4' is no number; write NA for what was not measured, and <LIMIT for what was below detection"),
        (LONG, "ligand,1,ligand,2,ct,0.5,", "unit: no unit is called 'ct'; write 'a.u.' for arbitrary units"),
        (COUNTS, "slow,ligand,0.004,24,200,0", "cell_count__time0 0 must be more than zero"),
        (COUNTS, "slow,ligand,0.004,24,-200,1", "cell_count -200 cannot be negative"),
        (COUNTS, "slow,ligand,-0.004,24,200,100", "concentration -0.004 cannot be negative"),
        (COUNTS, "slow,ligand,4 h,24,200,100", "concentration '4 h': 'h' is a time, but 'uM' is a concentration"),
        (COUNTS, "slow,ligand,5 nM,24,200,100", "no arm of 'slow' is given 0.005 uM ligand. Arms: 'none', 'ligand'"),
        (COUNTS, "fast,ligand,5 nM,24,200,100", "no arm has the cells 'fast'. Cells: 'slow'"),
        (COUNTS, "slow,ligandd,4 nM,24,200,100", "no arm of 'slow' is given 0.004 uM ligandd. Did you mean 'ligand'? Arms: 'none', 'ligand'"),
    ],
)  # fmt: skip
def test_one_wrong_row(header, row, said, tmp_path):
    with pytest.raises(ScenarioError) as found:
        point(tmp_path, header, row)
    assert str(found.value).replace(f"{tmp_path}/", "") == f"points.csv:2: {said}"


def test_rows_come_in_the_units_of_the_model(tmp_path):
    a = point(tmp_path, LONG, "ligand,90 min,ligand,3,uM,0.1,sd")
    assert (a.arm, a.time, a.observable, a.kind) == ("ligand", 1.5, "ligand", "absolute")
    assert (a.value, a.error, a.error_kind) == (pytest.approx(3000.0), pytest.approx(100.0), "sd")
    b = point(tmp_path, LONG, "ligand,1,ligand,3,nM,10,%")
    assert (b.value, b.error, b.error_kind) == (3.0, pytest.approx(0.1), "cv")
    c = point(tmp_path, LONG, "ligand,1,ligand,<2,nM,,")
    assert (c.value, c.below_detection, c.saturated, c.measured) == (2.0, True, False, False)
    d = point(tmp_path, LONG, "ligand,1,twice,5,a.u.,0.1,")
    assert (d.value, d.kind, d.error) == (5.0, "arbitrary", 0.1)


def test_cycles_are_folds_and_their_limits_turn_round(tmp_path):
    a = point(tmp_path, LONG, "ligand,1,ligand,3,ddCt,0.5,")
    assert (a.value, a.error, a.error_kind) == (0.125, pytest.approx(0.5 * math.log(2.0)), "sd_log")
    b = point(tmp_path, LONG, "ligand,1,ligand,>2,ddCt,,")
    assert (b.value, b.below_detection, b.saturated) == (0.25, True, False)


def test_counts_belong_to_the_arm_of_their_dose(tmp_path):
    a = point(tmp_path, COUNTS, "slow,ligand,4 nM,24,200,100")
    assert (a.arm, a.value, a.unit, a.kind, a.fold_of_start) == ("ligand", 2.0, "1", "absolute", True)
    b = point(tmp_path, COUNTS, "slow,ligand,0.004,24,200,")
    assert (b.arm, b.value, b.unit, b.kind, b.fold_of_start) == ("ligand", 200.0, "a.u.", "arbitrary", False)
    for nothing in ("slow,,0,24,200,100", "slow,ligand,0 h,24,200,100"):
        assert point(tmp_path, COUNTS, nothing).arm == "none"
