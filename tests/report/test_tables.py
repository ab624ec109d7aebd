"""Tables of a run: values as used, and no cell that a spreadsheet would execute."""

import csv
import io

import pytest

import pathway
from pathway.parameters import cell_line
from pathway.report.tables import csv_text, parameters_used


@pytest.mark.parametrize(
    ("cell", "written"),
    [
        ("=1+1", "'=1+1"),
        ('=HYPERLINK("http://x")', '\'=HYPERLINK("http://x")'),
        ("+cmd|' /C calc'!A0", "'+cmd|' /C calc'!A0"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("-2+3", "'-2+3"),
        ("\t=1", "'\t=1"),
        ("-1.5", "-1.5"),
        ("-72 h", "-72 h"),
        ("+24 h", "+24 h"),
        ("-72 h+A1", "'-72 h+A1"),
        ("-A1", "'-A1"),
        (-1.5, "-1.5"),
        (-1e-300, "-1e-300"),
        ("untreated", "untreated"),
        (None, ""),
    ],
)
def test_a_text_that_looks_like_a_formula_stays_text(cell, written):
    (header, row) = csv.reader(io.StringIO(csv_text(["=name", "b"], [[cell, 1.0]])))
    assert header == ["'=name", "b"] and row == [written, "1"]


def test_parameters_are_written_as_used():
    """Half of the line's k_PTEN is what the arm was run with, and the line's own stands beside it."""
    of_line = cell_line("bt474").values["k_PTEN"]
    result = pathway.run("pten_knock_down", settings={"changes.k_PTEN": "0.5 x"})
    header, rows = parameters_used(result)
    columns = [header.index(name) for name in ("arms", "value", "value of the line")]
    found = [tuple(row[k] for k in columns) for row in rows if row[header.index("parameter")] == "k_PTEN"]
    for arms, value, usual in found:
        for name in arms.split("; "):
            arm = result.arms[name]
            assert value == arm.parameters[arm.model.parameter_index("k_PTEN")]
        assert usual == pytest.approx(of_line, rel=1e-9)
    assert found[0][1] == pytest.approx(0.5 * of_line, rel=1e-9)
