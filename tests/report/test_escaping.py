"""What a user writes is text in every report, never HTML."""

from dataclasses import replace
from html.parser import HTMLParser

import numpy as np

from pathway.equations import Model
from pathway.expressions import parse
from pathway.fitting.problem import Measurement, Observable, Parameter, Problem
from pathway.fitting.search.multi_start import fit
from pathway.report.fit_page import findings, fit_page
from pathway.report.page import Markup, report_page, table_part, whole_page
from pathway.report.provenance import provenance
from pathway.scenario import read_scenario, run_scenario
from pathway.simulation.protocol import Experiment
from tests.scenario.toy import toy_laboratory

EVIL = '<evil a="1">&amp;'
"""A tag and an entity: neither may be read as such."""

SCENARIO = """
title = 'title EVIL'
question = 'question EVIL'
cells = "slow"
[time]
end = "24 h"
record_every = "12 h"
[dose.dose]
agent = "drug"
amount = "10 nM"
[growth_rate]
of = ["drug"]
[[arm]]
name = 'control EVIL'
changes = { mu = "1 x" }
[[arm]]
name = 'arm EVIL'
doses = ["dose"]
control = 'control EVIL'
[[expect]]
finding = 'finding EVIL'
claim = 'claim EVIL'
source = 'source EVIL'
role = "sanity"
quantity = "GR"
arm = 'arm EVIL'
below = -1
reason = 'reason EVIL'
"""


class Reader(HTMLParser):
    """Tags and text of a page as a browser has them."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.cells: list[str] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        if tag in ("td", "th"):
            self.cells.append("")

    def handle_data(self, data):
        self.text += data
        if self.tags and self.tags[-1] in ("td", "th"):
            self.cells[-1] += data


def test_cells_and_headers_of_tables_are_text_unless_they_are_markup():
    table = Reader(table_part([EVIL, "b"], [[EVIL, Markup("<i>ready</i>")], [f"{EVIL}2", 1.5]], numbers=(1,)))
    assert table.tags.count("evil") == 0 and table.tags.count("i") == 1
    assert table.cells == [EVIL, "b", EVIL, "", f"{EVIL}2", "1.5"]


def test_the_title_of_a_page_is_text():
    page = Reader(whole_page(EVIL, ["<p>ready</p>"]))
    assert "evil" not in page.tags and "p" in page.tags and EVIL in page.text


def test_a_report_of_a_run_shows_names_as_they_are_written(tmp_path):
    file = tmp_path / "toy.toml"
    file.write_text(SCENARIO.replace("EVIL", EVIL), encoding="utf-8")
    scenario = replace(read_scenario(file, (), toy_laboratory()), settings=(f"setting {EVIL}",))
    result = run_scenario(scenario, toy_laboratory())
    page = Reader(report_page(result, "<svg></svg>", provenance(["pathway", EVIL], (), {}, 1)))
    assert "evil" not in page.tags
    for place in ("title", "question", "arm", "control", "finding", "claim", "source", "setting"):
        assert f"{place} {EVIL}" in page.text, place
    for place in ("arm", "control", "finding", "claim", "source"):
        assert any(f"{place} {EVIL}" in cell for cell in page.cells), place


def test_a_report_of_a_fit_shows_names_as_they_are_written():
    model = Model(
        name="decay",
        species=("A",),
        parameters=("k",),
        parameter_values=np.array([0.3]),
        initial={"A": parse("2")},
        rates={"loss": parse("k * A")},
        stoichiometry={"A": {"loss": parse("-1")}},
    )
    problem = Problem(
        name=f"problem {EVIL}",
        model=model,
        parameters=(Parameter("k", 0.3, 0.1, 0.9, "log10", meaning=f"meaning {EVIL}"),),
        experiments=(Experiment(f"experiment {EVIL}"),),
        observables=(Observable("seen", parse("A"), parse("0.1")),),
        measurements=tuple(Measurement("seen", f"experiment {EVIL}", t, 1.5 - t / 4) for t in (0.0, 1.0, 2.0)),
    )
    found = findings(fit(problem, starts=1, workers=1))
    record = provenance(["pathway", "fit"], (), {}, 1)
    page = Reader(fit_page(found, {}, record, title=f"title {EVIL}", question=f"question {EVIL}", text=f"text {EVIL}"))
    assert "evil" not in page.tags
    for place in ("title", "question", "text", "problem", "meaning"):
        assert f"{place} {EVIL}" in page.text, place
