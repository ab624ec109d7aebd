"""Pages and their data made once, Node for the core alone, Chromium for the page."""

import base64
import json
import re
import shutil
import subprocess
import zlib
from functools import cache
from pathlib import Path

import pytest

from pathway.explorer import page_data
from pathway.explorer.page import core_source, page_text
from pathway.scenario import read_scenario

HERE = Path(__file__).parent
MAIN = "antimir21_resensitises"
CHROMIUM = "/usr/bin/chromium"
SWITCHES = (
    *("--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-quic", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update"),
)


@cache
def data_of(name, members=0):
    """What the page of a scenario carries."""
    return page_data(read_scenario(name), members=members, ensemble="prior" if members else None)


@cache
def page_of(name, members=0):
    return page_text(read_scenario(name), data_of(name, members))


def script_of(text):
    """What a page runs."""
    packed = re.search(r'id="code">([^<]+)<', text).group(1)
    return zlib.decompress(base64.b64decode(packed), -15).decode()


def with_facts(data, more):
    """The data of a page with more facts."""
    raw = zlib.decompress(data, -15)
    size = int.from_bytes(raw[:4], "little")
    head = json.dumps({**json.loads(raw[4 : 4 + size]), **more}).encode()
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(len(head).to_bytes(4, "little") + head + raw[4 + size :]) + packer.flush()


@pytest.fixture(scope="session")
def script_in_node(tmp_path_factory):
    """A function that gives jobs to a script of this folder, with the page's core and a page's data: its answers."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("Node.js is not installed (node): the page's core is not run outside a browser")
    folder = tmp_path_factory.mktemp("core")
    (folder / "core.js").write_text(core_source() + "module.exports = pathwayCore;\n", encoding="utf-8")

    def run(script, file, jobs):
        command = [node, str(HERE / script), str(folder / "core.js"), str(file)]
        done = subprocess.run(command, input=json.dumps(jobs), capture_output=True, text=True, timeout=600)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return run


@pytest.fixture(scope="session")
def in_node(script_in_node, tmp_path_factory):
    """A function that runs jobs in the page's core: see run_core.js."""
    folder = tmp_path_factory.mktemp("data")

    def run(name, jobs, members=0):
        file = folder / f"{name}-{members}.bin"
        if not file.exists():
            file.write_bytes(data_of(name, members))
        return script_in_node("run_core.js", file, jobs)

    return run


@pytest.fixture(scope="session")
def browser():
    """Chromium of the distribution."""
    sync_api = pytest.importorskip("playwright.sync_api")
    if not Path(CHROMIUM).exists():
        pytest.skip(f"Chromium is not installed ({CHROMIUM}): apt-get install chromium")
    with sync_api.sync_playwright() as playwright:
        made = playwright.chromium.launch(executable_path=CHROMIUM, args=list(SWITCHES))
        yield made
        made.close()


@pytest.fixture(scope="session")
def page_file(tmp_path_factory):
    """A function that gives the file of a scenario's page."""
    folder = tmp_path_factory.mktemp("pages")

    def file(name=MAIN, members=0):
        path = folder / f"{name}-{members}.html"
        if not path.exists():
            path.write_text(page_of(name, members), encoding="utf-8")
        return path

    return file


@pytest.fixture
def opened_address(browser):
    """A function that opens an address in a window of its own; errors and requests are kept."""
    contexts = []

    def open_address(address, width=1440, **options):
        context = browser.new_context(viewport={"width": width, "height": 900}, accept_downloads=True, **options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(120_000)
        page.problems, page.requests = [], []
        page.on("pageerror", lambda error: page.problems.append(str(error)))
        page.on("console", lambda line: line.type == "error" and page.problems.append(line.text))
        page.on("request", lambda request: page.requests.append(request.url))
        page.goto(address)
        return page

    yield open_address
    for context in contexts:
        context.close()


@pytest.fixture
def opened(opened_address, page_file):
    """A function that opens a page from disk and waits for its first picture."""

    def open_page(name=MAIN, members=0, address="", width=1440, lesson=None, **options):
        file = page_file(name, members)
        if lesson:
            file = file.with_name("lesson.html")
            file.write_text(page_text(read_scenario(name), with_facts(data_of(name, members), {"lesson": lesson})))
        page = opened_address(file.as_uri() + address, width, **options)
        page.wait_for_selector("html[data-hash]", state="attached")
        return page

    return open_page
