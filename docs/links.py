"""Looks at every link of the built site."""

from __future__ import annotations

from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

_LOADED = {("link", "href"), ("script", "src"), ("img", "src"), ("source", "src"), ("iframe", "src")}


class _Page(HTMLParser):
    """What a page points to, what it loads, and what can be pointed to in it."""

    def __init__(self) -> None:
        super().__init__()
        self.targets: list[str] = []
        self.loaded: list[str] = []
        self.anchors: set[str] = set()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        for name, value in attributes:
            if value is None:
                continue
            if name == "id" or (tag == "a" and name == "name"):
                self.anchors.add(value)
            elif tag == "a" and name == "href":
                self.targets.append(value)
            elif (tag, name) in _LOADED and ("rel", "canonical") not in attributes:
                self.loaded.append(value)


def pages_of(site: Path) -> dict[Path, _Page]:
    """Every page of a built site, read."""
    pages = {}
    for file in sorted(set(site.rglob("*.html")) - set((site / "_static").rglob("*.html"))):
        pages[file.resolve()] = page = _Page()
        page.feed(file.read_text(encoding="utf-8"))
    return pages


def complaints(site: Path) -> list[str]:
    """One line for each link that leads nowhere, and each thing loaded from elsewhere: the site needs no network."""
    pages = pages_of(site)
    return [line for file, page in pages.items() for line in _of_page(file, page, pages, site.resolve())]


def _of_page(file: Path, page: _Page, pages: dict[Path, _Page], site: Path) -> Iterator[str]:
    here = file.relative_to(site)
    for target in dict.fromkeys([*page.targets, *page.loaded]):
        split = urlsplit(target)
        if split.scheme or split.netloc:
            if target in page.loaded and split.scheme != "data":
                yield f"{here}: loads {target}"
            continue
        there = (file.parent / unquote(split.path)).resolve() if split.path else file
        if not there.exists():
            yield f"{here}: {target} leads nowhere"
        elif split.fragment and there in pages and unquote(split.fragment) not in pages[there].anchors:
            yield f"{here}: {target}: there is no such place"
