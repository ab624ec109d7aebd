"""Pages that can be run: files, commands, Python and pictures in the order in which a reader meets them.

A page says what is done; what came of it is kept in `outputs/pages/` and put beneath by the build. Four kinds of fence:

    {file} NAME       a file, as the reader would write it
    {run}             commands, one a line; `exit=3` where another exit code than 0 belongs there, `silent` hides output
    {python}          lines of one session for the whole page; a last expression is shown, a figure drawn
    {picture} FILE    a picture that the commands have left; the body says what is seen
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
OUTPUTS = HERE / "outputs"

_FENCE = re.compile(r"^```\{(file|run|python|picture)\}[ ]*([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


class PageError(Exception):
    """A page that cannot be built from what is kept."""


@dataclass(frozen=True)
class Block:
    """One fence of a page.

    Attributes
    ----------
    kind : str
        "file", "run", "python" or "picture".
    argument : str
        What stands behind the kind.
    body : str
    start, end : int
        Where it stands in the page's text.
    """

    kind: str
    argument: str
    body: str
    start: int
    end: int

    @property
    def exit_code(self) -> int:
        """The exit code that the last of its commands ends with."""
        stated = re.search(r"\bexit=(\d+)", self.argument)
        return int(stated.group(1)) if stated else 0

    @property
    def silent(self) -> bool:
        """Whether its output is left out."""
        return "silent" in self.argument.split()

    @property
    def said(self) -> dict[str, str]:
        """What has to be the same when outputs are put beneath it."""
        return {"kind": self.kind, "argument": self.argument, "body": self.body}


def blocks_of(text: str) -> list[Block]:
    """The fences of a page in their order."""
    return [Block(m[1], m[2].strip(), m[3], m.start(), m.end()) for m in _FENCE.finditer(text)]


def commands_of(block: Block) -> list[str]:
    """The commands of a `{run}` fence; a line that ends in a backslash goes on in the next."""
    return [line for line in block.body.replace("\\\n", "").splitlines() if line.strip()]


def page_name(page: Path) -> str:
    """Under which name the outputs of a page are kept: "howto--washes"."""
    return "--".join(page.relative_to(HERE).with_suffix("").parts)


def _kept_file(page: Path) -> Path:
    return OUTPUTS / "pages" / f"{page_name(page)}.json"


def keep_content(content: Any, file: Path) -> Path:
    """Write what came of a run as JSON, one entry a line; the file."""
    file.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return file


def is_recorded(page: Path) -> bool:
    """Whether a page has been run; one that is new shows what is typed alone, and says so."""
    return _kept_file(page).is_file()


def kept_outputs(page: Path) -> list[dict[str, Any]]:
    """What the fences of a page have given, in their order."""
    return json.loads(_kept_file(page).read_text(encoding="utf-8"))


def with_outputs(page: Path, text: str) -> Iterator[tuple[Block, Mapping[str, Any]]]:
    """Every fence with its kept output; an empty one of a page that has not been run yet.

    Raises
    ------
    PageError
        If a fence is not the one that was run.
    """
    blocks = blocks_of(text)
    if not blocks:
        return
    if not is_recorded(page):
        yield from ((block, {}) for block in blocks)
        return
    outputs = kept_outputs(page)
    again = f"run: python -m docs.record {page.relative_to(HERE)}"
    if len(blocks) != len(outputs):
        raise PageError(f"{page}: {len(blocks)} fences, outputs of {len(outputs)} are kept; {again}")
    for block, output in zip(blocks, outputs, strict=True):
        if block.said != output["said"]:
            line = text.count("\n", 0, block.start) + 1
            raise PageError(f"{page}:{line}: this {{{block.kind}}} is not what was run; {again}")
        yield block, output
