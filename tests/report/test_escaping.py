"""What a user writes is text in every report, never HTML."""

from dataclasses import replace
from html.parser import HTMLParser
from types import SimpleNamespace

import numpy as np
from markupsafe import Markup

from pathway.equations import Model
from pathway.expressions import parse
from pathway.fitting.problem import Measurement, Observable, Parameter, Problem
from pathway.fitting.search.multi_start import fit
from pathway.report import DeferredFigure, Report, ReportOrigin
from pathway.report.fit import fit_report
from pathway.report.pages import page_text
from pathway.report.problem_files import ProblemFiles
from pathway.report.provenance import provenance
from pathway.report.run import run_report
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


def record(*words):
    return provenance(["pathway", *words], (), {}, 1)


def plain_page(**more):
    return page_text(Report("kind", {"of": "it"}, more.pop("title", "title"), ReportOrigin(), **more), {}, record())


def test_cells_and_headers_of_tables_are_text_unless_they_are_markup():
    table = [EVIL, "b"], [[EVIL, Markup("<i>ready</i>")], [f"{EVIL}2", 1.5]]
    page = Reader(plain_page(tables={"table": table}).partition("<h2>Where this")[0])
    assert page.tags.count("evil") == 0 and page.tags.count("i") == 1
    assert [cell.strip() for cell in page.cells] == [EVIL, "b", EVIL, "", f"{EVIL}2", "1.5"]


def test_titles_sentences_and_captions_are_text():
    drawing = {"figure": DeferredFigure(lambda: None, f"caption {EVIL}")}
    report = Report("kind", {"of": "it"}, EVIL, ReportOrigin(), figures=drawing, sentences=[f"sentence {EVIL}"])
    page = Reader(page_text(report, {"figure": "<svg></svg>"}, record(EVIL)))
    assert "evil" not in page.tags and "svg" in page.tags
    for place in ("caption", "sentence", "pathway"):
        assert f"{place} {EVIL}" in page.text, place


def test_a_report_of_a_run_shows_names_as_they_are_written(tmp_path):
    file = tmp_path / "toy.toml"
    file.write_text(SCENARIO.replace("EVIL", EVIL), encoding="utf-8")
    scenario = replace(read_scenario(file, (), toy_laboratory()), settings=(f"setting {EVIL}",))
    result = run_scenario(scenario, toy_laboratory())
    page = Reader(page_text(run_report(result, tmp_path), {"figure": "<svg></svg>"}, record(EVIL)))
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
    source = ProblemFiles(scenario=SimpleNamespace(**{k: f"{k} {EVIL}" for k in ("title", "question", "text")}))
    page = Reader(page_text(fit_report(fit(problem, starts=1, workers=1), source), {}, record()))
    assert "evil" not in page.tags
    for place in ("title", "question", "text", "problem", "meaning"):
        assert f"{place} {EVIL}" in page.text, place
