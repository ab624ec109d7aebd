"""Writes what README.md says of the main experiment from the outputs that are kept.

python -m docs.readme           writes the block anew
python -m docs.readme --check   says whether it is up to date; exit code 3 where it is not
"""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from docs import main_experiment
from docs.blocks import ROOT, PageError

README = ROOT / "README.md"
BEGIN, END = "<!-- main experiment: written by python -m docs.readme -->", "<!-- end -->"
_BLOCK = re.compile(f"{re.escape(BEGIN)}\n(.*?){re.escape(END)}", re.DOTALL)
OLD = 3


def block() -> str:
    """Picture, table and what the intervals are of."""
    content = main_experiment.kept()
    met = sum(entry["met"] for entry in content["expectations"])
    number = len(content["expectations"])
    picture = f"![PTEN, pAKT, cells and GR of three dishes of the main experiment]({main_experiment.picture_file()})"
    told = (
        f"Bold: one chosen set of numbers, which meets {met} of its {number} expectations. "
        f"Ranges and shares: {_words(content)}."
    )
    return f"{picture}\n\n{main_experiment.table()}\n\n{told}"


def _words(content: dict) -> str:
    if content["kind"] == "prior":
        return f"{content['ensemble']}, that is from the plausible ranges; no ensemble calibrated on data ships yet"
    return content["ensemble"]


def with_block(text: str) -> str:
    """README with the block of today.

    Raises
    ------
    PageError
        If the marks of the block are not there.
    """
    if not _BLOCK.search(text):
        raise PageError(f"{README.name}: no '{BEGIN}' with '{END}' after it")
    return _BLOCK.sub(lambda _: f"{BEGIN}\n{block()}\n{END}", text)


def main(arguments: Sequence[str] | None = None) -> int:
    text = README.read_text(encoding="utf-8")
    today = with_block(text)
    if "--check" in (sys.argv[1:] if arguments is None else arguments):
        print(f"{README.name}: {'up to date' if today == text else 'run python -m docs.readme'}")
        return 0 if today == text else OLD
    README.write_text(today, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
