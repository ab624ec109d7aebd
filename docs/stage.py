"""The source of the site: pages from here and there under one roof, links set right, outputs put beneath."""

from __future__ import annotations

import posixpath
import re
import shutil
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path, PurePosixPath
from textwrap import wrap

from docs import numbers
from docs.blocks import HERE, OUTPUTS, ROOT, Block, PageError, blocks_of, commands_of, is_recorded, with_outputs
from docs.page_runs import WIDTH
from docs.writers import written_pages
from docs.writers.markdown import fence

ELSEWHERE = {
    "CONTRIBUTING.md": "develop/contributing.md",
    "SECURITY.md": "develop/security.md",
    "CHANGELOG.md": "develop/changelog.md",
    "pathway/network/MODEL.md": "reference/model.md",
    "pathway/parameters/TUNING.md": "explanation/tuning.md",
    "calibration/README.md": "explanation/calibration.md",
    "calibration/RESULT.md": "explanation/calibration_result.md",
    "calibration/AGREEMENT.md": "explanation/agreement.md",
    "calibration/AMPLITUDES.md": "explanation/amplitudes.md",
    "calibration/LEFT_OUT.md": "explanation/left_out.md",
    "benchmarks/RESULTS.md": "explanation/benchmarks.md",
    "benchmarks/FITTING.md": "explanation/benchmarks_fitting.md",
    "benchmarks/COLLECTION.md": "explanation/benchmarks_collection.md",
    "benchmarks/SEARCH.md": "explanation/benchmarks_search.md",
    "tests/fuzz/README.md": "develop/fuzz.md",
}
"""Pages of the site that stand elsewhere in the repository; one that is not there yet is left out."""
FOLDERS = {
    "docs/decisions": "decisions/index.md",
    "notebooks": "tutorials/lessons/index.md",
    "scenarios": "gallery/index.md",
}
"""Folders that a page may point to, and the pages that show them."""
PICTURES = (".png", ".svg")

NOT_RUN = """\
:::{note}
What the commands of this page answer has not been recorded yet.
:::
"""

_LINK = re.compile(r"(!?)\[((?:[^\[\]]|\[[^\]]*\])*)\]\(([^()\s]+)\)")
_NUMBER = re.compile(r"\{\{([^{}]+/[^{}]+)\}\}")
_CODE = re.compile(r"(^```.*?^```$|`[^`\n]+`)", re.MULTILINE | re.DOTALL)


def stage(folder: Path) -> list[str]:
    """Write the source of the site into an empty folder; the documents written.

    Raises
    ------
    PageError
        If a page points to nothing, or shows outputs that are not kept.
    """
    sources = page_sources()
    for place, page in sources.items():
        _write(folder / place, staged_text(page, place, sources))
    for document, text in written().items():
        _write(folder / f"{document}.md", text)
    for name in ("_static", "outputs"):
        shutil.copytree(HERE / name, folder / name)
    for picture in (file for file in HERE.rglob("*.png") if OUTPUTS not in file.parents):
        place = folder / picture.relative_to(HERE)
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(picture, place)
    return sorted(str(path.relative_to(folder).with_suffix("")) for path in folder.rglob("*.md"))


def page_sources() -> dict[str, Path]:
    """Pages that somebody has written, by their place in the site."""
    own = [page for page in HERE.rglob("*.md") if OUTPUTS not in page.parents]
    pages = {page.relative_to(HERE).as_posix(): page for page in own}
    return pages | {place: ROOT / page for page, place in ELSEWHERE.items() if (ROOT / page).is_file()}


def staged_text(page: Path, place: str, sources: Mapping[str, Path]) -> str:
    """A page with its links, numbers and outputs."""
    text = page.read_text(encoding="utf-8")
    text = _outside_of_code(text, lambda part: _with_numbers(_with_links(part, page, place, sources)))
    return text_with_outputs(text, page, place)


def _write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")


def _outside_of_code(text: str, change: Callable[[str], str]) -> str:
    parts = _CODE.split(text)
    return "".join(part if k % 2 else change(part) for k, part in enumerate(parts))


def _with_numbers(text: str) -> str:
    return _NUMBER.sub(lambda match: numbers.shown(match.group(1)), text)


def _with_links(text: str, page: Path, place: str, sources: Mapping[str, Path]) -> str:
    """Links between files of the repository as links between pages; to a file that is no page, its path as code."""

    def linked(match: re.Match[str]) -> str:
        picture, words, target = match.groups()
        path, _, anchor = target.partition("#")
        if not path or "://" in path or path.startswith("mailto:"):
            return match.group(0)
        there = _place_of(path, page, place, sources)
        if there is None:
            return f"{words} (`{_repository_path(path, page)}`)" if not words.startswith("`") else words
        back = posixpath.relpath(there, posixpath.dirname(place) or ".")
        return f"{picture}[{words}]({back}{'#' + anchor if anchor else ''})"

    return _LINK.sub(linked, text)


def _repository_path(path: str, page: Path) -> str:
    return (page.parent / path).resolve().relative_to(ROOT).as_posix()


def _place_of(path: str, page: Path, place: str, sources: Mapping[str, Path]) -> str | None:
    """Where in the site a link of a page leads; None to a file of the repository that is no page.

    Raises
    ------
    PageError
        If there is nothing at its end.
    """
    target = (page.parent / path).resolve()
    for there, source in sources.items():
        if source == target:
            return there
    if target.is_relative_to(ROOT) and target.exists():
        relative = target.relative_to(ROOT).as_posix()
        if relative in FOLDERS:
            return FOLDERS[relative]
        if relative.startswith("docs/") and target.suffix in PICTURES:
            return relative.removeprefix("docs/")
        shown = {"scenarios": ".toml", "notebooks": ".ipynb"}
        top = PurePosixPath(relative).parts[0]
        if shown.get(top) == target.suffix and target.parent.parent == ROOT:
            return f"{'gallery' if top == 'scenarios' else 'tutorials/lessons'}/{target.stem}.md"
        return None
    there = posixpath.normpath(posixpath.join(posixpath.dirname(place), path))
    if there in sources or there.removesuffix(".md") in written():
        return there
    raise PageError(f"{page}: '{path}' leads nowhere")


@cache
def written() -> Mapping[str, str]:
    """The pages that are written from data, by document."""
    return written_pages()


def text_with_outputs(text: str, page: Path, place: str) -> str:
    """Every fence that can be run as what a reader sees: what is typed, and what comes of it."""
    depth = "../" * place.count("/")
    shown, end = [], 0
    if blocks_of(text) and not is_recorded(page):
        title, _, rest = text.partition("\n\n")
        text = f"{title}\n\n{NOT_RUN}\n{rest}"
    for block, output in with_outputs(page, text):
        shown += [text[end : block.start], _SHOWN[block.kind](block, output, f"{depth}outputs/pages")]
        end = block.end
    return "".join([*shown, text[end:]])


def _file(block: Block, output: Mapping, pictures: str) -> str:
    language = {"toml": "toml", "csv": "text", "py": "python"}.get(block.argument.rpartition(".")[2], "text")
    return fence(block.body, language, block.argument)


def _run(block: Block, output: Mapping, pictures: str) -> str:
    if not output:
        return fence("\n".join(commands_of(block)), "sh")
    parts = []
    for one in output["commands"]:
        parts.append(fence(one["command"], "sh"))
        if one["output"] and not block.silent:
            parts.append(f":::{{div}} output\n{fence(_as_in_a_terminal(one['output']))}:::\n")
        if one["exit"]:
            parts.append(f"[exit code {one['exit']}]{{.exit}}\n")
    return "\n".join(parts)


def _as_in_a_terminal(text: str) -> str:
    """Lines that are too long go on in the next."""
    lines = [line if len(line) <= WIDTH else "\n".join(wrap(line, WIDTH)) for line in text.splitlines()]
    return "\n".join(lines)


def _python(block: Block, output: Mapping, pictures: str) -> str:
    parts = [fence(block.body, "python")]
    if output.get("text", "").strip():
        parts.append(f":::{{div}} output\n{fence(output['text'])}:::\n")
    if output.get("picture"):
        parts.append(f"```{{image}} {pictures}/{output['picture']}\n:alt: What the lines above draw\n```\n")
    return "\n".join(parts)


def _picture(block: Block, output: Mapping, pictures: str) -> str:
    if not output:
        return ""
    alt = " ".join(block.body.split())
    return f"```{{figure}} {pictures}/{output['picture']}\n:alt: {alt}\n:figclass: wide\n\n{alt}\n```\n"


_SHOWN = {"file": _file, "run": _run, "python": _python, "picture": _picture}
