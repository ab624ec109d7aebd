"""The page in Chromium, opened from disk: first picture, no requests, every control, exports, accessibility."""

import base64
import json
import os
import re
import subprocess
import time
from pathlib import Path

import pytest

from pathway.explorer import explorer_page
from pathway.explorer.page import WEB, page_source, words
from pathway.scenario import read_scenario
from pathway.scenario.read import scenario_names
from pathway.scenario.run import run_scenario
from tests.explorer.conftest import MAIN, page_of

LONGEST = 400_000
"""Bytes of a page with 200 members."""


def test_the_first_picture_stands_and_nothing_is_asked_for(opened, in_node):
    page = opened()
    root = page.locator("html")
    assert root.get_attribute("data-ready") == "true"
    assert page.problems == []
    assert [url for url in page.requests if not url.startswith(("file:", "data:", "blob:"))] == []
    (answer,) = in_node(MAIN, [{}])
    assert root.get_attribute("data-hash") == answer["hash"]  # the same bits in Node and Chromium


def test_the_content_policy_forbids_requests(opened):
    page = opened()
    said = page.evaluate("fetch('https://example.org/').then(() => 'went out', (error) => 'refused')")
    assert said == "refused"
    assert "default-src 'none'" in page_of(MAIN)


def numbers(page):
    return page.locator("#bars .numbers").all_inner_texts()


def slide(page, label, value):
    """Move a slider as a hand does."""
    slider = page.get_by_label(label, exact=False).first
    slider.evaluate(
        "(node, value) => { node.value = value; node.dispatchEvent(new Event('input', {bubbles: true}));"
        " node.dispatchEvent(new Event('change', {bubbles: true})); }",
        str(value),
    )


def open_all(page):
    page.evaluate("document.querySelectorAll('details').forEach((one) => (one.open = true))")


def test_every_slider_and_switch_changes_the_picture(opened):
    page = opened()
    open_all(page)
    before = page.evaluate("explorer.exports.csv()")
    moved = 0
    for slider in page.locator("#settings input[type=range]").all():
        name = slider.get_attribute("id")
        value = slider.input_value()
        other = str(round((float(slider.get_attribute("min")) + float(slider.get_attribute("max"))) / 2) + 3)
        set_value(page, name, other)
        after = page.evaluate("explorer.exports.csv()")
        assert after != before, name
        set_value(page, name, value)
        page.locator("#undo").click()
        page.locator("#undo").click()
        assert page.evaluate("explorer.exports.csv()") == before, name
        moved += 1
    assert moved >= 10
    for box in ["#loop0", "#arm4"]:
        page.locator(box).click()
        assert page.evaluate("explorer.exports.csv()") != before, box
        page.locator("#undo").click()
    assert page.problems == []


def set_value(page, name, value):
    page.evaluate(
        "([name, value]) => { const node = document.getElementById(name); node.value = value;"
        " node.dispatchEvent(new Event('input')); node.dispatchEvent(new Event('change')); }",
        [name, value],
    )


def test_other_cells_and_the_map(opened):
    page = opened()
    before = numbers(page)
    page.get_by_label("Where the scenario has").first.select_option("skbr3_resistant")
    assert numbers(page) != before
    page.locator("#mapagainst").select_option("untreated")
    page.locator("#mapof").select_option("untreated")
    labels = page.locator("#map g[role=button]:not(.switch)").all_text_contents()
    assert len(labels) > 15
    assert all(re.search(r" (1x|none)$", label) for label in labels), labels
    page.locator("#map g[role=button]:not(.switch)").first.press("Enter")
    assert page.locator("#detail .chart").count() == 1
    page.locator("#map .switch").first.press("Enter")
    assert page.evaluate("explorer.page.state.off.length") == 1
    assert page.problems == []


def test_an_address_holds_the_settings(opened, page_file):
    page = opened()
    slide(page, "trastuzumab: amount", 50)
    address, shown = page.evaluate("location.hash"), numbers(page)
    assert numbers(opened(address=address)) == shown
    other = opened(address="#" + "e30")  # {}
    assert "another version" in other.locator("#message").inner_text()
    assert other.problems == []


def test_keyboard_alone_reaches_every_control(opened):
    page = opened()
    open_all(page)
    wanted = page.evaluate(
        "[...document.querySelectorAll('button:not(:disabled), input, select, summary, g[role=button]')].length"
    )
    reached = set()
    page.locator(".skip").focus()
    for _ in range(wanted + 30):
        page.keyboard.press("Tab")
        reached.add(
            page.evaluate(
                "[...document.querySelectorAll('button:not(:disabled), input, select, summary, g[role=button]')]"
                ".indexOf(document.activeElement)"
            )
        )
    assert reached - {-1} == set(range(wanted))
    page.locator("#amount0").focus()
    before = numbers(page)
    for _ in range(10):
        page.keyboard.press("ArrowLeft")
    page.keyboard.press("Tab")
    assert numbers(page) != before
    assert "GR" in page.locator("#live").inner_text() or "PTEN" in page.locator("#live").inner_text()


def test_exports(opened, tmp_path):
    page = opened()
    slide(page, "trastuzumab: amount", 50)
    files = {}
    for button in ("toml", "csv", "svg", "png"):
        with page.expect_download() as download:
            page.locator(f"#{button}").click()
        files[button] = tmp_path / download.value.suggested_filename
        download.value.save_as(files[button])
    assert read_scenario(files["toml"]).doses["trastuzumab"].amount == pytest.approx(
        page.evaluate("explorer.page.state.doses.trastuzumab.amount"), rel=1e-12
    )
    header, first = files["csv"].read_text().splitlines()[:2]
    assert header.startswith("arm,time [h],") and first.startswith("untreated,")
    assert files["svg"].read_text().startswith("<svg")
    assert files["png"].read_bytes()[:4] == b"\x89PNG"
    assert page.problems == []


def test_a_browser_without_vectors_is_told(browser, page_file):
    context = browser.new_context()
    page = context.new_page()
    page.add_init_script("WebAssembly.validate = () => false")
    page.goto(page_file().as_uri())
    page.wait_for_selector("#message:not([hidden])")
    assert page.locator("#message").inner_text() == words()["no_simd"]
    context.close()


def test_a_copied_arm_is_moved_exported_and_removed(opened, tmp_path):
    page = opened()
    page.locator("#copyof").select_option("parental")
    page.locator("#copy").click()
    own, parental = [page.evaluate(f"explorer.page.result.growth('{name}').gr") for name in ("mine", "parental")]
    assert own == pytest.approx(parental, rel=1e-9)
    set_value(page, "copy0knock0", 70)
    slide(page, "trastuzumab_mine: amount", 60)
    moved = page.evaluate("explorer.page.result.growth('mine').gr")
    assert moved > own + 0.1  # PTEN lowered, less of the drug: they grow on
    assert page.evaluate("explorer.page.result.growth('parental').gr") == pytest.approx(parental, rel=1e-4)
    with page.expect_download() as download:
        page.locator("#toml").click()
    download.value.save_as(tmp_path / "mine.toml")
    assert run_scenario(read_scenario(tmp_path / "mine.toml")).arms["mine"].growth.gr == pytest.approx(moved, abs=1e-4)
    again = opened(address=page.evaluate("location.hash"))
    assert again.evaluate("explorer.page.result.growth('mine').gr") == pytest.approx(moved, rel=1e-9)
    page.get_by_role("button", name="Remove mine").click()
    assert page.evaluate("explorer.page.state.copies") == {}
    assert page.problems == []


def test_a_link_that_names_what_is_not_there_is_refused_whole(opened):
    whole = {"v": 1, "of": MAIN, "doses": {"trastuzumap": {"amount": 1.0}}}
    address = "#" + base64.urlsafe_b64encode(json.dumps(whole).encode()).decode().rstrip("=")
    page = opened(address=address)
    assert page.locator("#message").inner_text() == words()["other_version"]
    assert page.evaluate("explorer.page.state") == {}
    assert page.problems == []


def test_a_box_tells_its_equation_and_where_its_numbers_come_from(opened):
    page = opened()
    page.locator("#map g[role=button]", has_text="PTEN mRNA").press("Enter")
    detail = page.locator("#detail").inner_text()
    assert "miR-21 lowers PTEN mRNA: its reactions run at" in detail
    assert "faster_decay_PTEN" in page.locator("#detail .sources").inner_text()
    widths = page.locator("#map .edge").evaluate_all("(all) => all.map((one) => one.getAttribute('stroke-width'))")
    assert len(set(widths)) > 5  # resistant against parental cells: fluxes differ
    page.locator("#mapof").select_option("untreated")
    page.locator("#mapagainst").select_option("untreated")
    widths = page.locator("#map .edge").evaluate_all("(all) => all.map((one) => one.getAttribute('stroke-width'))")
    assert set(widths) == {"1.6"}


LESSON = {
    "format": "pathway-lesson-1", "number": "01", "title": "A first run", "minutes": 50, "aims": ["Read a GR"],
    "prerequisites": [], "scenario": MAIN,
    "steps": [
        {"html": "<p>Read the <em>growth</em> bars.</p>"},
        {"question": {
            "id": "01.1", "kind": "number", "ask": "<p>GR?</p>", "predict": True, "unit": "1",
            "hints": ["<p>Two numbers are given.</p>"], "explain": "<p>Rates are divided.</p>",
            "right": {"value": 0.4, "tolerance": 0.05},
            "wrong": [{"value": 0.76, "tolerance": 0.05, "says": "That is the control."},
                      {"value": 0.7, "tolerance": 0.05, "says": "You divided by untreated; GR divides rates."}],
        }},
        {"html": "<pre>GR 0.40</pre>", "after": ["01.1"]},
        {"question": {
            "id": "01.2", "kind": "order", "ask": "<p>Order</p>", "predict": False, "unit": "1", "hints": [],
            "explain": "<p>So it is.</p>", "items": ["b", "a"], "right_order": ["a", "b"],
            "wrong": [{"order": ["b", "a"], "says": "The other way round."}],
        }},
        {"question": {
            "id": "01.3", "kind": "choice", "ask": "<p>Which?</p>", "predict": False, "unit": "1", "hints": [],
            "explain": "<p>It stays.</p>", "options": [
                {"key": "a", "text": "PTEN", "right": False, "says": "PTEN falls."},
                {"key": "b", "text": "HER2", "right": True, "says": ""}],
        }},
        {"question": {
            "id": "01.4", "kind": "experiment", "ask": "<p>Make them resistant</p>", "predict": False, "unit": "1",
            "hints": [], "explain": "<p>Loss of PTEN.</p>", "goals": [{
                "reading": {"quantity": "GR", "arms": ["mine", "parental"], "how": "compare", "take": None,
                            "reduce": "end", "at": None, "from_time": None, "until": None, "relative_to": None,
                            "over": None, "partner": "", "measured": []},
                "above": 0.1, "below": None, "says": "They still respond."}],
        }},
    ],
}  # fmt: skip


def test_a_lesson_is_answered_hinted_and_exported(opened, page_file, tmp_path):
    page = opened(lesson=LESSON)

    def check(number, expected):
        box = page.locator(f"[data-question='01.{number}']")
        box.get_by_role("button", name="Check").click()
        assert expected in box.inner_text()

    box = page.locator("[data-question='01.1']")
    assert box.get_by_role("button", name="Check").count() == 0  # a prediction comes first
    assert page.get_by_text("GR 0.40").is_hidden()
    box.get_by_label("Your number").fill("0,6")
    box.get_by_role("button", name="Commit prediction").click()
    assert page.get_by_text("GR 0.40").is_visible()
    check(1, "Give an answer first.")
    for typed, expected in {
        "0.72": "GR divides rates",
        "9": "Two numbers are given",
        "0,41": "Rates are divided",
    }.items():
        box.get_by_label("Your number").fill(typed)
        check(1, expected)
    check(2, "The other way round.")
    page.get_by_role("button", name="a: earlier").click()
    check(2, "So it is.")
    page.get_by_role("radio", name="PTEN").check()
    check(3, "PTEN falls.")
    page.get_by_role("radio", name="HER2").check()
    check(3, "It stays.")
    check(4, "There is no arm mine yet")
    page.locator("#copyof").select_option("parental")
    page.locator("#copy").click()
    check(4, "They still respond.")
    set_value(page, "copy0knock0", 70)
    check(4, "Loss of PTEN.")
    page.get_by_label("Your name").fill("Ada L.")
    with page.expect_download() as download:
        page.locator("#answers").click()
    assert download.value.suggested_filename == "answers_Ada_L.json"
    download.value.save_as(tmp_path / "answers.json")
    written = json.loads((tmp_path / "answers.json").read_text())
    assert written["format"] == "pathway-answers-1" and written["student"] == "Ada L."
    assert written["answers"]["01.1"]["prediction"] == 0.6
    assert [one["verdict"] for one in written["answers"]["01.1"]["tries"]] == ["wrong", "wrong", "right"]
    last = written["answers"]["01.4"]["tries"][-1]["answer"]
    assert last["arm"]["knock_down"] == {"PTEN": "70 %"} and "trastuzumab_mine" in last["dose"]
    assert page.evaluate(OVERLAPS) == []
    assert page.problems == []


SMALL_CLOUD = 6


def test_the_cloud_comes_after_release(opened):
    page = opened(members=SMALL_CLOUD)
    page.wait_for_selector("html[data-cloud]", state="attached")
    assert page.locator("#courses path.cloud").count() > 5
    assert " to " in " ".join(numbers(page))
    assert f"{SMALL_CLOUD} draws from the plausible ranges" in page.locator("#honesty").inner_text()
    assert page.problems == []


LONGEST_NAMES = "pi3k_inhibitors"


def test_the_longest_names_of_arms_are_those_of_this_scenario():
    def longest(name):
        return max(len(arm.name) for arm in read_scenario(name).arms)

    assert max(scenario_names(), key=longest) == LONGEST_NAMES


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 768, 1440])
@pytest.mark.parametrize("name", [MAIN, LONGEST_NAMES])
def test_nothing_overlaps_and_nothing_scrolls_sideways(opened, name, width, scheme):
    page = opened(name, width=width, color_scheme=scheme)
    page.locator("#map g[role=button]:not(.switch)").nth(5).press("Enter")
    open_all(page)
    chart = page.locator("#detail .chart").bounding_box()
    assert chart["x"] + chart["width"] <= width
    inner, whole = page.evaluate("[innerWidth, document.documentElement.scrollWidth]")
    assert whole <= inner
    assert page.evaluate(OVERLAPS) == []
    folder = os.environ.get("EXPLORER_PICTURES")
    if folder:
        page.screenshot(path=str(Path(folder) / f"{name}-{width}-{scheme}.png"), full_page=True)


def test_paper_is_white_also_where_the_screen_is_dark(opened):
    page = opened(color_scheme="dark")
    ink = "getComputedStyle(document.documentElement).color"
    on_screen = page.evaluate(ink)
    page.emulate_media(media="print", color_scheme="dark")
    assert page.evaluate(ink) == "rgb(26, 26, 26)" != on_screen
    assert page.evaluate("explorer.page.dark") is False
    assert page.locator("#tools").is_hidden() and page.locator("#map").is_visible()


OVERLAPS = """() => {
  const texts = [...document.querySelectorAll('svg text, .name, .numbers, label > span, output, h1, h2, h3, .hint')]
    .filter((node) => node.textContent.trim() && node.getClientRects().length);
  // What is scrolled out of a box cannot be seen.
  const boxes = texts.map((node) => {
    const { left, right, top, bottom } = node.getBoundingClientRect(), seen = { left, right, top, bottom };
    const frame = node.closest('#settings, .scroll');
    if (frame) {
      const outer = frame.getBoundingClientRect();
      for (const side of ['left', 'top']) seen[side] = Math.max(seen[side], outer[side]);
      for (const side of ['right', 'bottom']) seen[side] = Math.min(seen[side], outer[side]);
    }
    return [node, seen];
  }).filter(([, box]) => box.right > box.left && box.bottom > box.top);
  const bad = [];
  for (let i = 0; i < boxes.length; i++) for (let j = i + 1; j < boxes.length; j++) {
    const [a, p] = boxes[i], [b, q] = boxes[j];
    if (a.contains(b) || b.contains(a)) continue;
    const wide = Math.min(p.right, q.right) - Math.max(p.left, q.left);
    const tall = Math.min(p.bottom, q.bottom) - Math.max(p.top, q.top);
    if (wide > 2 && tall > 4) bad.push(a.textContent.trim().slice(0, 40) + ' / ' + b.textContent.trim().slice(0, 40));
  }
  return bad;
}"""


def test_axe_finds_nothing(browser, page_file, tmp_path):
    """axe-core from the npm registry, run past the page's own content policy."""
    axe = axe_source(tmp_path)
    for scheme in ("light", "dark"):
        context = browser.new_context(bypass_csp=True, color_scheme=scheme)
        page = context.new_page()
        page.goto(page_file().as_uri())
        page.wait_for_selector("html[data-hash]", state="attached")
        open_all(page)
        page.add_script_tag(content=axe)
        found = page.evaluate("axe.run().then((r) => r.violations.map((v) => [v.id, v.nodes.map((n) => n.html)]))")
        assert found == [], json.dumps(found, indent=1)[:3000]
        context.close()


def axe_source(folder):
    packed = os.environ.get("AXE_CORE")
    if packed:
        return Path(packed).read_text(encoding="utf-8")
    try:
        done = subprocess.run(["npm", "pack", "axe-core@4"], cwd=folder, capture_output=True, text=True, timeout=120)
        subprocess.run(["tar", "xzf", done.stdout.split()[-1], "package/axe.min.js"], cwd=folder, check=True)
    except (OSError, IndexError, subprocess.SubprocessError):
        pytest.skip("axe-core is not to be had (npm pack axe-core)")
    return (folder / "package" / "axe.min.js").read_text(encoding="utf-8")


def test_every_sentence_is_in_the_table_and_used():
    script, shell = page_source(), (WEB / "page.html").read_text()
    asked = set(re.findall(r'say\("(\w+)"', script)) | set(re.findall(r"\{\{(\w+)\}\}", shell))
    asked |= {key for key in re.findall(r'"(\w+)"', script) if key in words()}
    table = set(words())
    assert asked - table <= {"policy", "title", "question", "style", "load", "code", "data"}
    assert table - asked == set()


MOST_LINES = "untreated_pakt_order"
"""Sixteen cell lines."""


@pytest.mark.slow
def test_a_page_with_two_hundred_members_is_small_enough(opened):
    assert len(page_of(MAIN, 200).encode()) < LONGEST
    assert len(explorer_page(read_scenario(MOST_LINES)).encode()) < LONGEST
    begun = time.monotonic()
    page = opened(members=200)
    page.wait_for_selector("html[data-cloud]", state="attached")
    assert time.monotonic() - begun < 60
