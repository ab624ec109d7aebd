"""`pathway.explore` in a notebook: what Python sets, what it reads, and the cell in exported HTML."""

import html
import json
import re

import pytest

import pathway
from pathway.errors import UnknownNameError
from pathway.explorer.page import WEB, words
from tests.explorer.conftest import script_of

REST = "untreated_rest"


def test_settings_are_checked_by_name_and_unit():
    view = pathway.explore("antimir21_resensitises", members=0)
    view.move(doses={"trastuzumab": "68.7 nM"}, times={"trastuzumab": "24 h"}, knock_downs={"PTEN": "70 %"})
    assert view.state == {
        "doses": {"trastuzumab": {"amount": pytest.approx(68.7), "shift": 24.0}},
        "knock": {"PTEN": pytest.approx(0.7)},
    }
    for wrong in ({"doses": {"trastuzumap": "1 nM"}}, {"cells": {"bt474": "bt475"}}, {"arms": ["bot"]}):
        with pytest.raises(UnknownNameError, match="Did you mean"):
            view.move(**wrong)
    with pytest.raises(ValueError, match="must be a percentage"):
        view.move(knock_downs={"PTEN": "70"})


def test_the_cell_lives_on_in_exported_html(browser, tmp_path):
    nbclient, nbconvert = pytest.importorskip("nbclient"), pytest.importorskip("nbconvert")
    nbformat = pytest.importorskip("nbformat")
    code = (
        f"import pathway\nview = pathway.explore('{REST}', members=0)\nview.move(knock_downs={{'PTEN': '70 %'}})\nview"
    )
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code)])
    nbclient.NotebookClient(notebook, timeout=300, kernel_name="python3").execute()
    assert [set(one.get("data", {})) - {"text/plain"} for one in notebook.cells[0].outputs] == [
        {"text/html"},
        {"application/vnd.jupyter.widget-view+json"},
    ]
    file = tmp_path / "notebook.html"
    file.write_text(nbconvert.HTMLExporter().from_notebook_node(notebook)[0], encoding="utf-8")
    page = browser.new_page()
    page.route("http*://**", lambda route: route.abort())  # nothing but this file
    page.goto(file.as_uri())
    page.wait_for_selector("iframe[srcdoc]", timeout=60_000)
    frame = next(frame for frame in page.frames if frame.parent_frame)
    frame.wait_for_selector("html[data-hash]", state="attached", timeout=60_000)
    assert frame.evaluate("explorer.page.state") == {"knock": {"PTEN": 0.7}}
    slider = frame.locator("#knock0")
    slider.evaluate("(node) => { node.value = 20; node.dispatchEvent(new Event('input')); }")
    slider.evaluate("(node) => node.dispatchEvent(new Event('change'))")
    assert frame.evaluate("explorer.page.saved") != {"knock": {"PTEN": 0.7}}
    page.close()


MODEL = """globalThis.model = {
  values: { frame: "cell", state: {}, results: {} }, heard: [],
  get(name) { return this.values[name]; },
  set(name, value) { this.values[name] = value; },
  save_changes() { this.saved = (this.saved || 0) + 1; },
  on(name, call) { this.heard.push(call); },
  off() {},
};"""


def test_python_sets_the_page_and_reads_it(browser, page_file, tmp_path):
    """The widget's side in the browser, with a model such as anywidget hands it."""
    bridge = (WEB / "bridge.js").read_text().replace("export default", "globalThis.bridge =")
    file = tmp_path / "cell.html"
    file.write_text(
        f'<iframe id="cell" src="{page_file(REST).as_uri()}"></iframe><script>{MODEL}{bridge}'
        "globalThis.bridge.render({ model });</script>"
    )
    page = browser.new_page()
    page.goto(file.as_uri())
    page.wait_for_function("model.saved > 0", timeout=60_000)
    name = next(iter(page.evaluate("model.values.results")))
    before = page.evaluate("model.values.results")[name]
    page.evaluate("model.values.state = { knock: { PTEN: 0.7 } }; model.heard.forEach((call) => call())")
    page.wait_for_function("model.values.results && model.values.state.knock && model.saved > 2", timeout=60_000)
    after = page.evaluate("model.values.results")[name]
    assert after != before and set(after) >= {"GR", "percent_of_untreated"}
    frame = next(frame for frame in page.frames if frame.parent_frame)
    page.evaluate("model.values.state = { knock: { PTENN: 0.7 } }; model.heard.forEach((call) => call())")
    frame.wait_for_selector("#message:not([hidden])")
    assert frame.locator("#message").inner_text() == words()["unknown_settings"]
    page.close()


def test_a_cell_without_the_widget_shows_and_says_what_is_missing(monkeypatch):
    monkeypatch.setattr("pathway.explorer.widget.find_spec", lambda name: None)
    monkeypatch.setattr("pathway.extras.find_spec", lambda name: None)
    view = pathway.explore(REST, members=0)
    view.move(knock_downs={"PTEN": "70 %"})
    frame = view._repr_html_()
    assert re.search(r'sandbox="allow-scripts allow-downloads"', frame) and "allow-same-origin" not in frame
    assert json.dumps({"knock": {"PTEN": 0.7}}) in script_of(html.unescape(frame))
    with pytest.raises(ImportError, match=r"anywidget.*extra 'notebook'"):
        _ = view.results
