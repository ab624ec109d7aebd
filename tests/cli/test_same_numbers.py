"""JSON, CSV, HTML and the terminal say the same, to the last printed digit, for every command."""

import csv
import json
import math
from collections import Counter
from decimal import Decimal, InvalidOperation
from html.parser import HTMLParser
from pathlib import Path

import pytest

from pathway.cli import DONE, NOT_MET, console, main
from pathway.scenario.read import scenario_names
from tests.cli.test_analyze import PAIR
from tests.fitting.test_search import decay

QUICK = ("antimir21_resensitises", "pten_knock_down", "untreated_rest")
RAISED = "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"
NOTHING = ("", "-", "not defined", "None")


def number(text):
    """A cell as a decimal number, or None; pages write 7.6×10⁻¹³ for 7.6e-13, and 10⁶ for 1e6."""
    written = str(text).strip()
    first, ten, raised = written.partition("10") if written.endswith(tuple(RAISED)) else (written, "", "")
    try:
        power = int(raised.translate(str.maketrans(RAISED, "-0123456789"))) if ten else 0
        value = Decimal(first.removesuffix("×") or ("1" if ten else "")).scaleb(power)
    except (InvalidOperation, ValueError):
        return None
    return value if value.is_finite() else None


def agree(text, value):
    """Whether a printed number is this one, to its last digit; nothing is printed where there is nothing."""
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return str(text) in (*NOTHING, "inf", "nan")
    printed = number(text)
    if printed is None:
        return False
    half = Decimal(1).scaleb(printed.as_tuple().exponent) / 2
    return abs(printed - Decimal(value)) <= half * Decimal("1.000001") + abs(Decimal(value)) * Decimal("1e-14")


class Tables(HTMLParser):
    """Every table of a page: a list of rows of cells."""

    def __init__(self, page):
        super().__init__()
        self.tables, self.cell = [], None
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        if tag == "table":
            self.tables.append([])
        elif tag == "tr" and self.tables:
            self.tables[-1].append([])
        elif tag in ("td", "th"):
            self.cell = ""

    def handle_endtag(self, tag):
        if tag in ("td", "th") and self.cell is not None:
            self.tables[-1][-1].append(self.cell)
            self.cell = None

    def handle_data(self, data):
        if self.cell is not None:
            self.cell += data

    def under(self, *header):
        """Rows of the table whose heading begins so, by column."""
        (table,) = [t for t in self.tables if t and tuple(t[0][: len(header)]) == header]
        return [dict(zip(table[0], row, strict=True)) for row in table[1:]]


def rows_of(file):
    with open(file, newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "1000")
    return tmp_path


@pytest.fixture
def ask(here, capsys, monkeypatch):
    """Runs a command twice, for its JSON and for its terminal: the JSON, the tables on the terminal, the folder."""
    printed = []
    usual = console.print_table

    def noted(header, rows, *arguments, **words):
        printed.append([list(header), *map(list, rows)])
        usual(header, rows, *arguments, **words)

    monkeypatch.setattr(console, "print_table", noted)

    def call(*arguments):
        del printed[:]
        assert main([*arguments, "--json", "--out", "found"]) in (DONE, NOT_MET)
        content = json.loads(capsys.readouterr().out)
        assert not printed
        assert main([*arguments, "--out", "found"]) in (DONE, NOT_MET)
        out = capsys.readouterr().out
        for table in printed:
            for cell in (cell for row in table[1:] for cell in row):
                assert all(word in out for word in str(cell).split()), cell
        return content, [list(table) for table in printed], Path("found")

    return call


def check_run(name, ask):
    content, printed, folder = ask("run", name)
    page = Tables((folder / "report.html").read_text(encoding="utf-8"))
    stored = json.loads((folder / "result.json").read_text(encoding="utf-8"))
    assert {k: v for k, v in stored.items() if k != "provenance"} == {
        k: v for k, v in content.items() if k != "provenance"
    }
    arms = rows_of(folder / "arms.csv")
    summary = [dict(zip(printed[0][0], row, strict=True)) for row in printed[0][1:]]
    growth = page.under("arm", "cells", "GR [1]")
    courses = rows_of(folder / "time_courses.csv")
    readings = page.under("arm", "observable", "unit")
    assert (
        [a["arm"] for a in arms] == [s["arm"] for s in summary] == [g["arm"] for g in growth] == list(content["arms"])
    )
    for table, terminal, shown in zip(arms, summary, growth, strict=True):
        arm = content["arms"][table["arm"]]
        for key, column, word, heading in (
            ("GR", "GR [1]", "GR", "GR [1]"),
            ("percent_of_control", "percent of control [%]", "% of control", "percent of control [%]"),
            ("percent_of_untreated", "percent of untreated [%]", "% of untreated", "percent of untreated [%]"),
            ("cell_number_fold", "cell number fold [1]", "cells, fold", "cells [fold of start]"),
        ):
            assert agree(table[column], arm[key]), (table["arm"], key)
            assert agree(shown[heading], arm[key]), (table["arm"], key)
            assert word not in terminal or agree(terminal[word], arm[key]), (table["arm"], key)
        own = [row for row in courses if row["arm"] == table["arm"]]
        for name, reading in arm["observables"].items():
            column = next(c for c in own[0] if c.startswith(f"{name} ["))
            course = [row[column] for row in own]
            values = [float(text) for text in course if text]
            (seen,) = [r for r in readings if (r["arm"], r["observable"]) == (table["arm"], name)]
            for key, heading, text in (
                ("start", "start", course[0]),
                ("end", "end", course[-1]),
                ("min", "least", repr(min(values))),
                ("max", "most", repr(max(values))),
            ):
                assert agree(seen[heading], reading[key]), (name, key)
                assert reading[key] == pytest.approx(float(text), rel=1e-11, abs=1e-300), (name, key)
            ending = next((c for c in terminal if c in (name, f"{name} [{reading['unit']}]")), None)
            assert ending is None or agree(terminal[ending], reading["end"]), name
    check_expectations(content["expectations"], rows_of(folder / "expectations.csv"), printed, page)


def check_expectations(told, rows, printed, page):
    assert len(told) == len(rows)
    if not told:
        return
    shown = page.under("verdict")
    terminal = [dict(zip(printed[1][0], row, strict=True)) for row in printed[1][1:]]
    for entry, row, seen, line in zip(told, rows, shown, terminal, strict=True):
        assert agree(row["value"], entry["value"]) and agree(seen["value"], entry["value"])
        assert agree(line["value"], entry["value"])
        assert row["met"] == str(entry["met"]) and seen["verdict"] == line["verdict"]
        assert line["verdict"] == ("met" if entry["met"] else "missed")


@pytest.mark.parametrize("name", QUICK)
def test_a_run_says_the_same_everywhere(name, ask):
    check_run(name, ask)


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in scenario_names() if name not in QUICK])
def test_every_shipped_run_says_the_same_everywhere(name, ask):
    check_run(name, ask)


def numbers_in(content):
    """Every number of a JSON tree."""
    if isinstance(content, dict):
        content = list(content.values())
    if isinstance(content, list):
        for part in content:
            yield from numbers_in(part)
    elif isinstance(content, int | float) and not isinstance(content, bool):
        yield float(content)


def strangers(texts, values):
    """Printed numbers that are none of these."""
    import numpy as np

    known = np.array(sorted(set(values)))
    found = []
    for text in texts:
        printed = number(text)
        if printed is None:
            continue
        near = known[np.argsort(np.abs(known - float(printed)))[:3]] if len(known) else []
        if not any(agree(text, float(value)) for value in near):
            found.append(text)
    return found


def cells(tables, leave_out=()):
    """Cells of tables with a heading, without some columns."""
    for header, *rows in tables:
        for row in rows:
            yield from (cell for name, cell in zip(header, row, strict=True) if name not in leave_out)


def csv_tables(folder):
    for file in sorted(folder.glob("*.csv")):
        with open(file, newline="", encoding="utf-8") as stream:
            yield list(csv.reader(stream))


@pytest.mark.parametrize(
    "command", ["dose-response", "synergy", "screen", "sensitivity", "bifurcation", "explain", "single-cells"]
)
def test_an_analysis_says_the_same_everywhere(command, ask):
    Path("pair.toml").write_text(PAIR, encoding="utf-8")
    content, printed, folder = ask(command, "pair.toml")
    stored = json.loads((folder / f"{command.replace('-', '_')}.json").read_text(encoding="utf-8"))
    assert stored == {k: v for k, v in content.items() if k != "provenance"}
    told = [*numbers_in(stored)]
    undefined = Counter(entry["metric"] for entry in stored.get("undefined", ()))  # on the terminal counted
    told += map(float, undefined.values())
    table = [float(n) for cell in cells(csv_tables(folder)) if (n := number(cell)) is not None]
    assert not strangers(cells(printed), [*told, *table])
    assert not strangers(cells(csv_tables(folder)), told)


@pytest.fixture
def fitted(here, monkeypatch, capsys):
    Path("decay.yaml").write_text("format_version: 1\n", encoding="utf-8")
    monkeypatch.setattr("pathway.formats.problems.read_problem", lambda file, settings=(): decay())
    assert main(["fit", "decay.yaml", "--starts", "2", "--workers", "1"]) == DONE
    capsys.readouterr()


@pytest.mark.parametrize(
    ("arguments", "apart"),
    [
        (("fit", "decay.yaml", "--starts", "2", "--workers", "1"), ()),
        (("profile", "decay.yaml"), ()),
        (("sample", "decay.yaml", "--draws", "150", "--tune", "60", "--chains", "2", "--workers", "1"), ()),
        (("predict", "decay.yaml", "--interval", "seen in only at 8"), ()),
        (("compare-fits", "results/decay_fit", "one"), ()),
    ],
    ids=lambda value: value[0] if value else None,
)
def test_what_fitting_finds_is_the_same_everywhere(arguments, apart, fitted, ask, capsys):
    if arguments[0] == "compare-fits":
        assert main(["fit", "decay.yaml", "--starts", "1", "--workers", "1", "--out", "one"]) == DONE
        capsys.readouterr()
    content, printed, folder = ask(*arguments)
    page = Tables((folder / "report.html").read_text(encoding="utf-8"))
    table = [float(n) for cell in cells(csv_tables(folder)) if (n := number(cell)) is not None]
    told = [*numbers_in(content)]
    assert told and table
    assert not strangers(cells(printed), [*told, *table])
    kept = [t for t in page.tables if t and t[0][:2] != ["what", "which"]]
    assert not strangers(cells(kept), [*told, *table])
    keyed = {"parameter", "values", "objective", "best", "lower", "upper", "low", "high", "median"}
    spoken = [v for key in keyed for v in _under(content, key)]
    assert not strangers((format(v, ".10g") for v in spoken), table)


def _under(content, key):
    """Numbers under a key, wherever it is in the tree."""
    if isinstance(content, dict):
        for name, value in content.items():
            yield from numbers_in(value) if name == key else _under(value, key)
    elif isinstance(content, list):
        for part in content:
            yield from _under(part, key)
