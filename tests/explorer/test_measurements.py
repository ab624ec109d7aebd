"""A user's own measurements in the page: read, weighed and asked as `pathway fit --ensemble` does."""

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pathway.cli import DONE, main
from pathway.explorer import page_data
from pathway.explorer.page import page_text
from pathway.fitting.laboratory.member_likelihood import member_log_likelihoods
from pathway.parameters.parameter_ensemble import SHIPPED, read_ensemble, write_ensemble
from pathway.planning.assays import select_assays
from pathway.planning.information import expected_information_gain, resolved_noise
from pathway.planning.ranking import rank_measurements
from pathway.scenario import built_in_laboratory, read_scenario
from pathway.scenario.experiment import MeasurementTable
from pathway.scenario.fit_data import data_mistakes
from pathway.scenario.measurement_files import read_file, table_context
from pathway.scenario.measurements import normalized_points
from pathway.scenario.sampled_cell_lines import parameter_sets_of_ensemble
from pathway.scenario.weighted import effective_sample_size
from tests.explorer.conftest import MAIN

FIT = "fit_a_blot"
COUNT = 20

BLOT = """arm,time,observable,value,unit
untreated,0 h,pAKT,1000,a.u.
trastuzumab,24 h,pAKT,700,a.u.
both,24 h,pAKT,500,a.u.
parental,24 h,pAKT,380,a.u.
both,2 d,pAKT,480,a.u.
untreated,0 h,PTEN,210,a.u.
both,48 h,PTEN,340,a.u.
parental,48 h,PTEN,420,a.u.
"""
FILES = {
    "blot": BLOT,
    "errors": """arm,time [h],observable,value,unit,error,error_kind
untreated,0,pAKT,1000,a.u.,300,sd
trastuzumab,24,pAKT,700,a.u.,30,%
both,24,pAKT,500,a.u.,0.3,cv
both,24,PTEN,1.2,1,0.4,sd
""",
    "cycles": """arm;time;observable;value;unit;gel
untreated;24 h;miR21;0,0;ddCt;p1
both;24 h;miR21;1,25;ddCt;p1
parental;24 h;miR21;2,5;ddCt;p1
untreated;48 h;miR21;0,1;ddCt;p2
both;48 h;miR21;1,5;ddCt;p2
""",
    "counts": """arm,time,observable,value,unit,replicate
untreated,0 h,cell_number,5000,a.u.,1
untreated,72 h,cell_number,21000,a.u.,1
both,72 h,cell_number,9000,a.u.,1
untreated,0 h,cell_number,4000,a.u.,2
untreated,72 h,cell_number,17000,a.u.,2
both,72 h,cell_number,8000,a.u.,2
""",
    "plate": """cell_line,agent,concentration,time,cell_count,cell_count__time0
BT-474_resistant,,0,72,4.2,1
BT-474_resistant,trastuzumab,68.7129 nM,72,3.5,1
BT-474_resistant,anti-miR-21 (transfected),0.05,72,3.4,1
""",
    "limits": """arm,time,observable,value,unit
untreated,0 h,pAKT,1000,a.u.
trastuzumab,24 h,pAKT,700,a.u.
both,24 h,pAKT,<500,a.u.
parental,24 h,pAKT,<400,a.u.
trastuzumab,48 h,pAKT,800,a.u.
both,48 h,pAKT,480,a.u.
trastuzumab,48 h,PTEN,>0.8,1
both,48 h,PTEN,1.1,1
""",
}


def ensemble_of(count, even=True):
    """Members of the shipped ensemble, with weights of their own."""
    shipped = read_ensemble(SHIPPED)
    weights = np.full(count, 1.0) if even else np.random.default_rng(4).random(count) + 0.1
    weights /= weights.sum()
    return replace(
        shipped,
        values=shipped.values[:count],
        weights_measured=weights,
        weights_findings=weights,
        log_likelihood=shipped.log_likelihood[:count],
    )


@pytest.fixture(scope="session")
def weighing(script_in_node, tmp_path_factory):
    """A function that weighs, in the page's core in Node, the members of a scenario's page; see weigh_members.js."""
    folder = tmp_path_factory.mktemp("weighing")

    def run(name, jobs, count=COUNT, even=True):
        data = folder / f"{Path(name).stem}-{count}-{even}.bin"
        if not data.exists():
            write_ensemble(folder / "members.npz", ensemble_of(max(count, 1), even))
            data.write_bytes(
                page_data(read_scenario(name), members=count, ensemble=str(folder / "members.npz"))
                if count
                else page_data(read_scenario(name), members=0)
            )
        return script_in_node("weigh_members.js", data, jobs)

    return run


def as_a_scenario(toml, name, text, folder):
    """What the page saves for the command, with the file beside it."""
    (folder / name).write_text(text, encoding="utf-8")
    (folder / "mine.toml").write_text(toml, encoding="utf-8")
    return folder / "mine.toml"


def weights_of_the_package(scenario, ensemble):
    laboratory = built_in_laboratory()
    sets = parameter_sets_of_ensemble(laboratory.model, ensemble, np.ones(len(ensemble)))
    found = member_log_likelihoods(scenario, laboratory, sets)
    return ensemble.reweighted(found.values, "user:mine").weights_measured


EXACT = 1e-6


def test_weights_are_those_of_the_command(weighing, tmp_path, capsys):
    """The very command, on the file that the page saves, the dropped CSV and the members that the page carries; weights
    before them differ."""
    (answer,) = weighing(MAIN, [{"text": BLOT, "file": "blot.csv"}], even=False)
    file = as_a_scenario(answer["toml"], "blot.csv", BLOT, tmp_path)
    write_ensemble(tmp_path / "members.npz", ensemble_of(COUNT, even=False))
    command = ["fit", str(file), "--ensemble", str(tmp_path / "members.npz"), "--refine", "0", "--json"]
    command += ["--out", str(tmp_path / "out")]
    assert main(command) == DONE
    told = json.loads(capsys.readouterr().out)
    after = read_ensemble(tmp_path / "out" / "ensemble.npz").weights_measured
    assert np.abs(after - answer["weights"]).max() < EXACT
    assert np.ptp(after) > 0.05  # these measurements tell members apart
    assert told["effective_number"]["after"] == pytest.approx(answer["effective"], rel=1e-5)
    assert told["information_gain_nats"] == pytest.approx(answer["gain"], rel=1e-5)
    assert told["survivors"] == answer["survivors"]


@pytest.mark.parametrize("kind", [name for name in FILES if name != "blot"])
def test_every_kind_of_file_is_weighed_as_by_the_package(weighing, tmp_path, kind):
    name = f"{kind}.csv"
    (answer,) = weighing(MAIN, [{"text": FILES[kind], "file": name}])
    scenario = read_scenario(as_a_scenario(answer["toml"], name, FILES[kind], tmp_path))
    expected = weights_of_the_package(scenario, ensemble_of(COUNT))
    assert np.abs(expected - answer["weights"]).max() < EXACT
    assert np.ptp(expected) > 1e-3


def test_the_fit_of_a_scenario_says_how_its_page_weighs(weighing, tmp_path):
    """One lane in each row, divided by loading, a factor for each gel, logarithms: what the tables of the file say."""
    own = read_scenario(FIT)
    text = own.overlays[0].file.read_text()
    (answer,) = weighing(FIT, [{"text": text, "file": "fit_a_blot.csv"}])
    expected = weights_of_the_package(own, ensemble_of(COUNT))
    assert np.abs(expected - answer["weights"]).max() < EXACT
    saved = read_scenario(as_a_scenario(answer["toml"], "fit_a_blot.csv", text, tmp_path))
    assert saved.fit == own.fit and saved.overlays[0].normalize == own.overlays[0].normalize


def test_what_has_been_moved_and_chosen_counts_and_is_saved(weighing, tmp_path):
    """A knock-down, another dose, loading and gels, which the scenario's own file does not know of."""
    text = """arm,time,observable,value,unit,gel,loading
untreated,24 h,pAKT,1000,a.u.,A,1.1
both,24 h,pAKT,700,a.u.,A,0.9
parental,24 h,pAKT,300,a.u.,A,1.0
untreated,48 h,pAKT,2000,a.u.,B,1.0
both,48 h,pAKT,1200,a.u.,B,1.2
"""
    state = {"doses": {"anti_mir21": {"amount": 10.0}}, "knock": {"HER3": 0.4}}
    chosen = {"loading": True, "shared": "gel"}
    jobs = [{"text": text, "file": "g.csv", "state": state, "chosen": chosen}, {"text": text, "file": "g.csv"}]
    answer, plain = weighing(MAIN, jobs)
    assert np.abs(np.subtract(answer["weights"], plain["weights"])).max() > 1e-3
    scenario = read_scenario(as_a_scenario(answer["toml"], "g.csv", text, tmp_path))
    assert scenario.overlays[0].scale_shared_by == "gel" and scenario.overlays[0].normalize == ("loading",)
    assert np.abs(weights_of_the_package(scenario, ensemble_of(COUNT)) - answer["weights"]).max() < EXACT


WRONG = {
    "columns": "arm,time,observabel,value\nboth,0 h,pAKT,1\n",
    "no unit": "arm,time,observable,value\nboth,0 h,pAKT,1\n",
    "arm": "arm,time,observable,value,unit\nbothh,0 h,pAKT,1,a.u.\nuntreatd,0 h,pAKT,1,a.u.\n",
    "observable": "arm,time,observable,value,unit\nboth,0 h,pAKTT,1,a.u.\nboth,0 h,cell_nubmer,1,a.u.\n",
    "text": "arm,time,observable,value,unit\nboth,0 h,pAKT,much,a.u.\nboth,24 h,pAKT,,a.u.\nboth,2 h,pAKT,nan,a.u.\n",
    "formulas": "arm,time,observable,value,unit\n=1+1,0 h,pAKT,1,a.u.\nboth,0 h,pAKT,=A1,a.u.\n@x,-1 h,+b,-c,a.u.\n",
    "late": "arm,time,observable,value,unit\nboth,900 h,pAKT,1,a.u.\nboth,-900 h,pAKT,1,a.u.\nboth,soon,pAKT,1,a.u.\n",
    "twice": "arm,time,observable,value,unit\nboth,0 h,pAKT,1,a.u.\nboth,0 h,pAKT,2,a.u.\n",
    "negative": "arm,time,observable,value,unit\nboth,0 h,PTEN,-1,1\nuntreated,0 h,PTEN,1,1\n",
    "no error": "arm,time,observable,value,unit,error\nboth,0 h,PTEN,1,1,0\nuntreated,0 h,PTEN,1,1,-2\n",
    "kind": "arm,time,observable,value,unit,error,error_kind\nboth,0 h,PTEN,1,1,0.1,sdd\n",
    "flag": "arm,time,observable,value,unit,saturated\nboth,0 h,PTEN,1,1,maybe\nboth,2 h,PTEN,<1,1,yes\n",
    "long row": "arm,time,observable,value,unit\nboth,0 h,PTEN,1,1,9\n",
    "quote": 'arm,time,observable,value,unit\nboth,0 h,"PTEN,1,1\n',
    "within": 'arm,time,observable,value,unit\nboth,0 h,"PTEN"x,1,1\n',
    "empty": "",
    "no rows": "arm,time,observable,value,unit\n",
    "open": "arm;time;observable;value;unit\nboth;0 h;PTEN;1.000;1\n",
    "mixed": "arm;time;observable;value;unit\nboth;0 h;PTEN;1,5;1\nboth;2 h;PTEN;1.52;1\n",
    "alone": "arm,time,observable,value,unit\nboth,0 h,pAKT,1,a.u.\n",
    "limits": "arm,time,observable,value,unit\nboth,0 h,PTEN,<1,1\n",
    "cells": "cell_line,agent,concentration,time,cell_count\nMCF7,,0,24,1\nbt474,trastuzumb,1,24,1\n",
    "wide": "arm,time,pAKT [a.u.],pAKTT [a.u.]\nboth,0 h,1,2\n",
}


def as_the_package_reads(text, folder, name="x.csv"):
    """Points and mistakes (line, text) of a file without [data] options, as a scenario with [fit] is checked."""
    file = folder / name
    file.write_text(text, encoding="utf-8")
    laboratory = built_in_laboratory()
    scenario = replace(read_scenario(MAIN), overlays=(MeasurementTable(file),))
    bench = replace(table_context(scenario, laboratory), units_needed=True, folder=folder)
    read = read_file(scenario.overlays[0], bench)
    points = normalized_points(read.points, scenario.overlays, bench.arms) if not read.mistakes else ()
    bare = replace(scenario, file=folder / "x.toml")
    found, _ = data_mistakes(bare, {}, laboratory)
    return points, [(m.line, m.text) for m in (read.mistakes or found)]


def test_what_is_wrong_with_a_file_is_told_in_the_words_of_the_package(weighing, tmp_path):
    answers = weighing(MAIN, [{"text": text, "file": "x.csv"} for text in WRONG.values()], count=0)
    for (name, text), answer in zip(WRONG.items(), answers, strict=True):
        _, expected = as_the_package_reads(text, tmp_path)
        assert expected, name
        assert [tuple(one) for one in answer["mistakes"]] == expected, name


def test_what_is_right_is_read_as_by_the_package(weighing, tmp_path):
    fields = ("arm", "time", "observable", "kind", "replicate", "gel", "error", "error_kind", "fold_of_start")
    answers = weighing(MAIN, [{"text": text, "file": "x.csv", "only_read": True} for text in FILES.values()], count=0)
    for (name, text), answer in zip(FILES.items(), answers, strict=True):
        points, mistakes = as_the_package_reads(text, tmp_path)
        assert not mistakes and not answer["mistakes"], name
        for point, here in zip(points, answer["points"], strict=True):
            assert {field: here[field] for field in fields} == {field: getattr(point, field) for field in fields}
            assert here["value"] == pytest.approx(point.value, rel=1e-14)
            assert (here["below"], here["saturated"]) == (point.below_detection, point.saturated)


def test_what_the_page_leaves_to_the_command_is_said(weighing):
    mixed = "arm,time,observable,value,unit,error\nboth,0 h,pAKT,1,a.u.,0.1\nboth,2 h,pAKT,1,a.u.,\n"
    hidden = "arm,time,observable,value,unit\nboth,0 h,AKT,1,nM\n"
    other = {"copies": {"mine": {"of": "both", "cells": "skbr3", "doses": []}}}
    copied = "arm,time,observable,value,unit\nmine,0 h,PTEN,1,1\nboth,0 h,PTEN,1,1\n"
    jobs = [{"text": mixed, "file": "m.csv"}, {"text": hidden, "file": "h.csv"},
            {"text": copied, "file": "c.csv", "state": other}]  # fmt: skip
    answers = weighing(MAIN, jobs)
    assert [len(answer["mistakes"]) for answer in answers] == [1, 1, 1]
    assert "all errors or none, 'pathway fit' both" in answers[0]["mistakes"][0][1]
    assert answers[1]["mistakes"][0][1].startswith("AKT is not computed in this page, but by 'pathway fit'.")
    assert "no members; take the scenario's own" in answers[2]["mistakes"][0][1]
    blot = read_scenario(FIT).overlays[0].file.read_text()
    fits = {"noise": "proportional", "offset": "free", "distribution": "student-t", "scale": "normalized"}
    for word, value in fits.items():
        script = f"facts.document.fit.observable.pAKT = {json.dumps({word: value})}"
        (answer,) = weighing(FIT, [{"text": blot, "file": "fit_a_blot.csv", "before": script}])
        assert f'does not weigh with {word} = "{value}"' in answer["mistakes"][0][1]


def test_files_that_do_harm_elsewhere_do_none(weighing):
    """Thousands of wrong rows, cells without end: an answer at once, no longer than a page."""
    rows = "".join(f"arm number {k},0 h,pAKT,1,a.u.\n" for k in range(5000))
    long = f"arm,time,observable,value,unit\n{'x' * 500_000},0 h,pAKT,1,a.u.\n"
    many = "arm,time,observable,value,unit\n" + "both,0 h,pAKT,1,a.u.\n" * 6000
    jobs = [{"text": "arm,time,observable,value,unit\n" + rows, "file": "x.csv"}, {"text": long, "file": "x.csv"}]
    jobs += [{"text": many, "file": "x.csv"}, {"text": "\0\1\2" * 1000, "file": "x.csv"}]
    wrong, endless, much, binary = weighing(MAIN, jobs, count=0)
    assert len(wrong["mistakes"]) == 21 and wrong["mistakes"][-1][1] == "... and 4980 more mistakes from here on"
    assert len(endless["mistakes"][0][1]) < 1000
    assert much["mistakes"] == [[1, "this file has 6000 rows; this page reads at most 5000"]]
    assert "null characters" in binary["mistakes"][0][1]


FLAT = "arm,time,observable,value,unit,error\n" + "".join(
    f"{arm},{time} h,pAKT,{value},a.u.,900\n"
    for arm, value in (("untreated", 1000), ("trastuzumab", 900), ("both", 600), ("parental", 500))
    for time in (24, 72, 120)
)


def test_headline_numbers_and_the_next_measurement_are_those_of_the_package(weighing):
    """Same members, weights of the page: intervals, shares, and what each measurement tells, before chance is taken off
    (the orders of chance differ)."""
    from pathway.scenario.members import run_members

    count = 40
    (answer,) = weighing(MAIN, [{"text": FLAT, "file": "f.csv", "ask": True}], count=count)
    laboratory, scenario, members = built_in_laboratory(), read_scenario(MAIN), ensemble_of(count)
    sets = parameter_sets_of_ensemble(laboratory.model, members, members.weights_measured)
    weights = np.array(answer["weights"])
    assert effective_sample_size(weights) > 20
    runs = run_members(scenario, laboratory, sets)
    assert len(runs) == count
    after = runs.reweighted(weights)
    for told in answer["asked"]["headlines"]:
        interval = after.values[told["place"]]
        assert told["after"]["interval"] == pytest.approx([interval.low, interval.median, interval.high], abs=2e-3)
        assert told["after"]["share"] == pytest.approx(after.shares[told["place"]], abs=1e-9)
    following = answer["asked"]["next"]
    bench = replace(scenario, expectations=(), overlays=(), fit=None)
    weighted = replace(sets, weights=weights)
    ranking = rank_measurements(
        following["claim"], bench, laboratory, weighted, select_assays(()), 3, asked_in=scenario
    )
    here = {(r["quantity"], tuple(r["arms"]), r["time"], r["assay"]): r for r in following["ranked"]}
    assert len(here) == len(ranking.ranked) > 100
    for one in ranking.ranked:
        design = one.design
        noise = resolved_noise(design.contrast.value, design.noise / np.sqrt(3), weights)
        told = expected_information_gain(ranking.answers, design.contrast.value, noise, weights)
        own = here[(design.question.quantity, design.question.arms, design.time, design.assay.name)]
        assert own["told"] == pytest.approx(told, abs=2e-3), design.label
        assert own["nats"] == pytest.approx(one.nats, abs=0.05), design.label


LONGEST_SECONDS = 3.0


@pytest.mark.slow
def test_a_thousand_members_are_weighed_in_three_seconds_of_the_processor(weighing):
    """In the browser's own engine (V8, in Node), steady states included, whether few members survive or most."""
    jobs = [{"text": text, "file": "x.csv"} for text in (BLOT, FLAT, FILES["limits"])]
    answers = weighing(MAIN, jobs, count=1000)
    assert [len(answer["weights"]) for answer in answers] == [1000] * 3
    print([round(answer["seconds"], 2) for answer in answers])
    assert max(answer["seconds"] for answer in answers) < LONGEST_SECONDS


# The page.


@pytest.fixture(scope="session")
def page_with_members(tmp_path_factory):
    folder = tmp_path_factory.mktemp("members")
    write_ensemble(folder / "members.npz", ensemble_of(COUNT))
    scenario = read_scenario(MAIN)
    text = page_text(scenario, page_data(scenario, members=COUNT, ensemble=str(folder / "members.npz")))
    (folder / "page.html").write_text(text, encoding="utf-8")
    return folder / "page.html"


@pytest.fixture
def with_file(opened_address, page_with_members):
    """A function that opens the page and waits for its cloud."""

    def opened(width=1440, scheme="light"):
        page = opened_address(page_with_members.as_uri(), width, color_scheme=scheme)
        page.wait_for_selector("html[data-cloud]", state="attached")
        return page

    return opened


def give(page, name, text):
    page.set_input_files("#minefile", {"name": name, "mimeType": "text/csv", "buffer": text.encode()})


def weighed(page):
    page.wait_for_selector("html[data-weighed]", state="attached")
    return page.evaluate("explorer.page.mine.weighed.weights")


def test_a_dropped_file_weighs_the_members_of_the_page(with_file, weighing, tmp_path):
    page = with_file()
    before, requests = page.locator("#bars .numbers").all_inner_texts(), len(page.requests)
    page.evaluate(
        """(text) => {
          const data = new DataTransfer();
          data.items.add(new File([text], "blot.csv", { type: "text/csv" }));
          document.body.dispatchEvent(new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true }));
        }""",
        BLOT,
    )
    found = weighed(page)
    (answer,) = weighing(MAIN, [{"text": BLOT, "file": "blot.csv"}])
    assert found == pytest.approx(answer["weights"], rel=1e-9)  # another exp and log, so not the same bits
    result = page.locator("#mineresult")
    assert f"{len(answer['survivors'])} have 99 % of the weight" in result.inner_text()
    assert "fewer than 50" in page.locator("#minewarning").inner_text()
    assert page.locator("#mineheadlines li").count() == 2
    assert "effective number" in page.locator("#live").inner_text()
    page.wait_for_selector("html[data-cloud]", state="attached")
    assert page.locator("#bars .numbers").all_inner_texts() != before
    assert "weighted by blot.csv" in page.locator("#honesty").inner_text()
    with page.expect_download() as download:
        page.locator("#minetoml").click()
    download.value.save_as(tmp_path / "mine.toml")
    assert (tmp_path / "mine.toml").read_text() == page.evaluate("explorer.page.mine.weighed.toml")
    with page.expect_download() as download:
        page.locator("#mineweights").click()
    download.value.save_as(tmp_path / "weights.csv")
    assert len((tmp_path / "weights.csv").read_text().splitlines()) == COUNT + 1
    page.locator("#mineforget").click()
    page.wait_for_selector("html[data-cloud]", state="attached")
    assert page.locator("#bars .numbers").all_inner_texts() == before
    assert result.inner_text() == "" and page.evaluate("document.activeElement.id") == "minechoose"
    assert page.requests[requests:] == [] and page.problems == []


def test_a_wrong_file_is_told_line_by_line_and_nothing_of_it_is_run(with_file):
    page = with_file()
    give(page, "<b>x</b>.csv", "arm,time,observable,value,unit\n<img src=x onerror=alert(1)>,0 h,pAKT,1,a.u.\n")
    told = page.locator("#minemistakes li")
    told.wait_for()
    assert "<b>x</b>.csv, line 2: no arm is called '<img src=x onerror=alert(1)>'" in told.inner_text()
    assert page.locator("#mine img").count() == 0
    assert page.locator("#minemistakes").get_attribute("role") == "alert"
    give(page, "huge.csv", "x" * 2_000_001)
    page.get_by_text("this file has 2000001 bytes; this page reads at most 2000000").wait_for()
    give(page, "blot.csv", BLOT)
    assert len(weighed(page)) == COUNT and told.count() == 0
    assert page.problems == []


def test_other_ways_of_reading_a_file_weigh_anew(with_file):
    page = with_file()
    text = "arm,time,observable,value,unit,gel\n" + "".join(
        f"{arm},{time} h,pAKT,{value},a.u.,{gel}\n"
        for arm, value in (("untreated", 1000), ("both", 600), ("parental", 500))
        for time, gel in ((24, "A"), (72, "B"))
    )
    give(page, "gels.csv", text)
    first = weighed(page)
    page.evaluate("delete document.documentElement.dataset.weighed")
    page.locator("#minehow").evaluate("(node) => (node.open = true)")
    page.locator("#mineshared").select_option("gel")
    assert weighed(page) != first
    page.locator("#mineloading").check()
    page.get_by_text("normalize = \"loading\" needs a value in the column 'loading'").first.wait_for()
    page.locator("#mineloading").uncheck()
    page.locator("#mineheadlines").wait_for()
    page.locator("#arm4").evaluate("(node) => node.click()")  # builds the results anew
    assert "gels.csv" in page.locator("#mineresult").inner_text()
    assert page.locator("#mineshared").input_value() == "gel"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 1440])
def test_the_card_fits_is_reached_by_keyboard_and_clean_to_axe(with_file, tmp_path, width, scheme):
    from tests.explorer.test_page import OVERLAPS, axe_source

    page = with_file(width, scheme)
    give(page, "blot.csv", BLOT)
    weighed(page)
    page.evaluate("document.querySelectorAll('details').forEach((one) => (one.open = true))")
    inner, whole = page.evaluate("[innerWidth, document.documentElement.scrollWidth]")
    assert whole <= inner
    assert page.evaluate(OVERLAPS) == []
    page.locator("#minechoose").focus()
    reached = []
    for _ in range(12):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.id"))
    assert {"mineshared", "mineloading", "mineweights", "minetoml", "mineforget"} <= set(reached)
    page.evaluate(axe_source(tmp_path))  # evaluated, as the page's policy allows no script to be added
    found = page.evaluate("axe.run('#mine').then((r) => r.violations.map((v) => [v.id, v.nodes.map((n) => n.html)]))")
    assert found == [], json.dumps(found, indent=1)[:3000]


def test_a_page_without_members_asks_for_no_file(opened):
    page = opened()
    assert page.locator("#mine").count() == 0
    assert re.search(r"No cloud comes", page.locator("#honesty").inner_text())
