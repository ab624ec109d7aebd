"""The site is built, and everything that pages show is run again."""

import importlib.util
import time

import pytest

from docs import links, record

needs_sphinx = pytest.mark.skipif(importlib.util.find_spec("sphinx") is None, reason="extra `docs` is not installed")


@pytest.mark.slow
@needs_sphinx
@pytest.mark.filterwarnings("ignore")  # of Sphinx and its extensions
def test_the_site_builds_without_a_warning_or_a_broken_link(tmp_path):
    from docs.build import build

    begin = time.process_time()
    pages, wrong = build(tmp_path / "site")
    assert wrong == [] and pages > 60
    assert time.process_time() - begin < 300


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", record.everything())
def test_what_is_kept_is_what_comes_out(name):
    assert record.compare(name) == ""


def test_broken_links_and_things_loaded_from_elsewhere_are_found(tmp_path):
    (tmp_path / "a.html").write_text(
        '<h1 id="top"></h1><a href="b.html">b</a><a href="#top">t</a><a href="#no">n</a><a href="c.html">c</a>'
        '<a href="https://example.org">e</a><script src="https://example.org/x.js"></script>'
    )
    (tmp_path / "b.html").write_text('<a href="a.html#top">a</a><a href="a.html#gone">a</a>')
    assert links.complaints(tmp_path) == [
        "a.html: #no: there is no such place",
        "a.html: c.html leads nowhere",
        "a.html: loads https://example.org/x.js",
        "b.html: a.html#gone: there is no such place",
    ]
