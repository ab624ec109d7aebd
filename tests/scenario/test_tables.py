"""Tables as programs and people write them: every number is read as it is meant, or its row is named."""

import json
import random

import pytest

from pathway.cli import BAD_INPUT, DONE, main
from pathway.scenario import ScenarioError
from pathway.scenario.inventory import column_entries
from pathway.scenario.numerals import NumberFormat

from .test_fit_table import complaints, points_of, read
from .toy import MEASURED, toy_laboratory


def values(folder, points, data=""):
    return [p.value for p in points_of(folder, points, data)]


def rows(*numbers, sign=";"):
    """A wide file with these numbers, hour after hour."""
    return f"arm{sign}time{sign}ligand [a.u.]\n" + "".join(
        f"ligand{sign}{k} h{sign}{n}\n" for k, n in enumerate(numbers)
    )


@pytest.mark.parametrize(
    ("numbers", "meant"),
    [
        (("1.000", "200", "300,5"), [1000, 200, 300.5]),
        (("12.500", "2.100", "950,0"), [12500, 2100, 950]),
        (("1.234.567", "2.100", "950"), [1234567, 2100, 950]),
        (("1.234,5", "2.100", "950"), [1234.5, 2100, 950]),
        (("1,234.5", "2,100", "950"), [1234.5, 2100, 950]),
        (("0.500", "2.100", "950"), [0.5, 2.1, 950]),
        (("0,500", "2,100", "950"), [0.5, 2.1, 950]),
        (("1.5", "1,000", "<2,000"), [1.5, 1000, 2000]),
        (("1,5e3", "1.000", "-2,5"), [1500, 1000, -2.5]),
        (("1200", "1300", "950"), [1200, 1300, 950]),
        (("1234.567", "2.100", "950"), [1234.567, 2.1, 950]),
    ],
)  # fmt: skip
def test_one_number_that_can_be_read_in_one_way_only_decides_for_the_file(tmp_path, numbers, meant):
    assert values(tmp_path, rows(*numbers)) == pytest.approx(meant)


def test_the_decimal_sign_of_times_decides_too(tmp_path):
    points = "arm;time;ligand [a.u.]\nligand;0,5 h;1.000\nligand;1 h;2.000\n"
    assert values(tmp_path, points) == [1000, 2000]


def test_between_commas_the_decimal_sign_is_a_dot(tmp_path):
    assert values(tmp_path, rows("12.500", "2.100", "950", sign=",")) == [12.5, 2.1, 950]


@pytest.mark.parametrize("sign", [";", "\t"])
def test_what_nothing_decides_is_not_guessed_at(tmp_path, sign):
    told = complaints(tmp_path, rows("12.500", "2.100", "950", sign=sign))
    assert [line.partition(" '")[0] for line in told] == ["points.csv:2: ligand [a.u.]", "points.csv:3: ligand [a.u.]"]
    assert "may be 12.500 or 12500" in told[0] and 'decimal = "."' in told[0]
    points = rows("12.500", "2.100", "950", sign=sign)
    assert values(tmp_path, points, 'decimal = "."\n') == [12.5, 2.1, 950]
    assert values(tmp_path, points, 'decimal = ","\n') == [12500, 2100, 950]


def test_two_decimal_signs_in_one_file_are_named(tmp_path):
    (told,) = complaints(tmp_path, rows("1,5", "2,5", "3.5"))
    assert told == ("points.csv:4: ligand [a.u.] '3.5' has a dot as its decimal sign, but line 2 has a comma ('1,5')")


@pytest.mark.parametrize(
    "header",
    [
        "ligand [a.u.],ligand [a.u.]",
        "ligand [a.u.],ligand (a.u.)",
        "ligand [a.u.],ligand error,ligand error",
        "ligand [a.u.],time [h]",
    ],
)
def test_no_column_hides_another(tmp_path, header):
    points = f"arm,time,{header}\nligand,0,1000,1100,5\n"[: None if header.count(",") > 1 else -3] + "\n"
    (told,) = complaints(tmp_path, points)
    assert told.startswith("points.csv:1: two columns ")


@pytest.mark.parametrize("cell", ["#N/A", "NaN", "n.d.", "-", "#DIV/0!", "1_000", "\u0661", "1e999", "1 000", "5 nM"])
def test_what_is_no_number_is_named(tmp_path, cell):
    for sign in (",", ";"):
        (told,) = complaints(tmp_path, rows("1", cell, "3", sign=sign))
        assert told.startswith("points.csv:3: value "), told


def test_a_row_that_begins_with_an_error_of_a_spreadsheet_is_no_comment(tmp_path):
    points = "ligand [a.u.],arm,time\n1,ligand,0\n#N/A,ligand,1\n# a comment\n3,ligand,2\n"
    (told,) = complaints(tmp_path, points)
    assert told.startswith("points.csv:3: value '#N/A'")


def test_limits_and_cells_without_a_measurement_are_counted(tmp_path):
    scenario = read(tmp_path, rows("1,5", "<0,1", "NA", "", ">2.000,0"))
    (entry,) = column_entries(scenario, toy_laboratory())
    assert (entry["decimal_sign"], entry["thousands_sign"], entry["values"]) == (",", ".", 3)
    (column,) = [c for c in entry["columns"] if c["name"] == "ligand [a.u.]"]
    assert column == {
        "name": "ligand [a.u.]",
        "filled": 4,
        "numbers": 1,
        "limits": 2,
        "not_measured": 1,
        "least": 0.1,
        "greatest": 2000.0,
        "unit": None,
    }


@pytest.mark.parametrize("column", ["loading", "total", "error"])
def test_only_measured_values_can_be_limits(tmp_path, column):
    points = f"arm,time,observable,value,unit,{column}\nligand,1,ligand,3,nM,<5\n"
    (told,) = complaints(tmp_path, points)
    assert told.startswith(f"points.csv:2: {column} '<5' is a limit")


GELS = "arm,time,observable,value,gel\n"


@pytest.mark.parametrize(
    ("points", "line", "said"),
    [
        (GELS + 'ligand,0,ligand,1,"A\nligand,1,ligand,2,A\n', 2, "a quotation mark is missing"),
        (GELS + 'ligand,0,ligand,1,"A\nligand,1,ligand,2,A"\n', 2, "a cell goes on over the end"),
        (GELS + 'ligand,0,ligand,1,"A"B\n', 2, "a quotation mark stands within a cell"),
        (f"arm,time,observable,value\nligand,0,ligand,{'1' * 131_073}\n", 2, "a cell has more than 131072 characters"),
        ("arm,time,observable,value\nligand,0,ligand,1\0\n", 2, "not text: it has null characters"),
        ("arm,time,observable,value\rligand,0,ligand,x\r", 2, "value 'x' is no number"),
    ],
)  # fmt: skip
def test_rows_do_not_vanish_in_cells(tmp_path, points, line, said):
    (told,) = complaints(tmp_path, points)
    assert told.startswith(f"points.csv:{line}: ") and said in told


def test_nothing_of_a_file_outside_the_folder_is_shown(tmp_path):
    (tmp_path / "secret").write_text("root:x:0:0:the secret\nmore\n")
    (tmp_path / "inside").mkdir()
    text = MEASURED.replace("points.csv", "../secret")
    (told,) = complaints(tmp_path / "inside", text=text)
    assert told.startswith("../secret:1: this cannot be read as measurements") and "root" not in told
    (tmp_path / "inside" / "points.csv").unlink()
    (tmp_path / "inside" / "link.csv").symlink_to(tmp_path / "secret")
    (told,) = complaints(tmp_path / "inside", text=MEASURED.replace("points.csv", "link.csv"))
    assert "root" not in told


def test_mistakes_of_form_and_of_meaning_come_together(tmp_path):
    told = complaints(tmp_path, rows("1", "x", "3") + "nobody;1 h;4\nligand;5 h;1;2\n")
    assert [line.split(":")[1] for line in told] == ["3", "5", "6"]


def test_no_value_is_lost_or_changed_on_its_way_through_a_spreadsheet(tmp_path):
    """40 random files: what one program writes in its country's way is what is read, or a row is named."""
    draw = random.Random(11)
    refused = 0
    for _ in range(40):
        decimal, between = draw.choice([(".", ","), (".", ";"), (",", ";"), (",", "\t"), (".", "\t")])
        thousands = draw.choice(["", {",": ".", ".": ","}[decimal]]) if between != "," else ""
        numbers = [round(10 ** draw.uniform(-1, 6), draw.choice([0, 1, 2, 3])) for _ in range(draw.randint(2, 6))]
        written = [f"{n:,.{draw.choice([0, 1, 2, 3])}f}" for n in numbers]
        meant = [float(w.replace(",", "")) for w in written]
        swap = str.maketrans({".": decimal, ",": thousands})
        try:
            found = values(tmp_path, rows(*(w.translate(swap) for w in written), sign=between))
        except ScenarioError as error:
            refused += 1
            assert all("nothing in this file decides" in str(m) for m in error.mistakes)
        else:
            assert found == pytest.approx(meant), written
    assert refused < 12


CIRCUIT = """title = "t"
cells = "bt474"
[time]
end = "48 h"
record_every = "0.5 h"
[dose.lapatinib]
agent = "lapatinib"
amount = "1 uM"
[[arm]]
name = "untreated"
[[arm]]
name = "lapatinib"
doses = ["lapatinib"]
[data]
file = "d.csv"
[fit]
parameters = ["k_PI3K"]
"""


def test_check_tells_what_was_understood(tmp_path, capsys):
    (tmp_path / "s.toml").write_text(CIRCUIT)
    table = tmp_path / "d.csv"
    table.write_text("arm;time;pAKT [a.u.]\nuntreated;0 h;1.000\nlapatinib;1 h;200\nlapatinib;4 h;300,5\n")
    assert main(["check", str(tmp_path / "s.toml")]) == DONE
    told = capsys.readouterr().out
    assert "decimal sign ',', thousands sign '.'" in told
    assert "pAKT [a.u.]: 3 values in 3 cells; 200 to 1000" in told
    assert main(["check", "--json", str(tmp_path / "s.toml")]) == DONE
    (entry,) = json.loads(capsys.readouterr().out)["files"].values()
    assert entry["tables"][0]["columns"][2]["greatest"] == 1000.0
    table.write_text("arm,time,pAKT [a.u.],pAKT [a.u.]\nuntreated,0 h,1000,1100\nlapatinib,1 h,200,210\n")
    assert main(["check", str(tmp_path / "s.toml")]) == BAD_INPUT
    assert "d.csv:1: two columns hold pAKT: 'pAKT [a.u.]', 'pAKT [a.u.]'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("cells", "signs"),
    [(["0,25", "300,5"], (",", "")), (["1.234,5", "n.d."], (",", ".")), (["0.5", "not measured"], (".", ""))],
)
def test_a_sign_between_thousands_is_told_where_one_occurs(cells, signs):
    read, mistakes = NumberFormat.of([(k, "value", cell) for k, cell in enumerate(cells, start=2)])
    assert (read.decimal, read.thousands, mistakes) == (*signs, [])
