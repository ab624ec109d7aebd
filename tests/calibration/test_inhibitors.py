"""What the circuit predicts under inhibitors, and how a table of measurements is read and judged beside it."""

import math

import pytest

from .scripts import script

HEAD = "TR:MCF7:CellLine,TR:EGF,TR:NRG1,TR:GSK690693i,TR:GSK690693_GSK1120212i,TR:PD173074i,DA:ALL,DV:AKT_pS473\n"


@pytest.fixture(scope="module")
def inhibitors():
    return script("inhibitors")


@pytest.fixture(scope="module")
def predicted(inhibitors):
    return inhibitors.predictions()


def test_a_table_gives_the_logarithm_of_the_change_under_the_same_ligand(inhibitors, tmp_path):
    rows = [
        "1,1,0,0,0,0,5,2",
        "1,1,0,0,0,0,60,4",
        "1,1,0,1,0,0,5,11",
        "1,1,0,1,0,0,60,13",
        "1,1,0,0,0,1,5,99",  # the circuit has no FGFR
        "1,1,0,1,0,0,0,99",  # before the ligand
        "1,0,0,1,0,0,5,99",  # no ligand
        "1,0,1,0,0,0,5,3",
        "1,0,1,0,1,0,5,3",
    ]
    file = tmp_path / "MD-MCF7_main.csv"
    file.write_text(HEAD + "\n".join(rows) + "\n", encoding="utf-8")
    assert inhibitors.measurements(file, "MCF7") == pytest.approx(
        {("MCF7", "EGF", "AKT", "pAKT"): math.log2(12 / 3), ("MCF7", "HRG", "AKT + MEK", "pAKT"): 0.0}
    )


def test_errors_of_the_model_and_of_both_guesses(inhibitors):
    seen = {(line, "EGF", "AKT", "pAKT"): value for line, value in (("MCF7", 1.0), ("BT-20", 3.0))}
    said = inhibitors.verdict({key: 1.0 for key in seen}, seen).splitlines()[-1]
    assert said == f"| pAKT | 2 | {math.sqrt(2):.2f} | {math.sqrt(5):.2f} | 2.00 |"


@pytest.mark.parametrize("line", ["UACC-812", "MCF7", "BT-20", "BT-549"])
def test_inhibitors_act_on_what_they_block(predicted, line):
    for ligand in ("EGF", "HRG"):
        assert predicted[line, ligand, "AKT", "AKT_substrates"] < -0.5
        assert abs(predicted[line, ligand, "AKT", "pERK"]) < 0.1
        assert predicted[line, ligand, "AKT + MEK", "pERK"] < -2.0
        assert predicted[line, ligand, "AKT", "pAKT"] > 0.0
