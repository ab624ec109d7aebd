"""Writes what README.md says of the main experiment, and of what installing and running take, from what is kept.

python -m docs.readme           writes the block anew
python -m docs.readme --check   says whether it is up to date; exit code 3 where it is not
"""

from __future__ import annotations

import re
import sys
import textwrap
from collections.abc import Callable, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from docs import main_experiment, numbers
from docs.blocks import ROOT, PageError

README = ROOT / "README.md"
BEGIN, END = "<!-- {}: written by python -m docs.readme -->", "<!-- end -->"
OLD = 3


def costs() -> str:
    """What the two commands above it take."""
    install, first, later, bare = (
        numbers.shown(f"cost/{name}") for name in ("install", "first_run", "later_run", "without_ensemble")
    )
    return textwrap.fill(
        f"installs it ({install}) and runs the main experiment: {first} the first time, while the model is compiled, "
        f"and {later} from then on ({bare} without intervals: `--ensemble none`). A run that misses one of its "
        "published expectations says so and ends with exit code 3: nothing has failed, the model and the paper differ. "
        "The tests pass with",
        140,
    )


def experiment() -> str:
    """Picture, table and what the intervals are of."""
    content = main_experiment.recorded_run()
    met = sum(entry["met"] for entry in content["expectations"])
    number = len(content["expectations"])
    picture = f"![PTEN, pAKT, cells and GR of three dishes of the main experiment]({main_experiment.picture_file()})"
    legend = (
        "**GR**, and cells as percent of untreated ones. Chosen set: the most probable numbers given data and "
        f"findings; it meets {met} of its {number} expectations. Members: median (middle 90 %) of {_words(content)}."
    )
    return f"{picture}\n\n{main_experiment.table()}\n\n{legend}"


def _words(content: dict) -> str:
    if content["kind"] == "prior":
        return f"{content['ensemble']}, that is from the plausible ranges; no ensemble calibrated on data ships yet"
    return content["ensemble"]


BLOCKS: dict[str, Callable[[], str]] = {"costs": costs, "main experiment": experiment}


def with_blocks(text: str) -> str:
    """README with the blocks of today.

    Raises
    ------
    PageError
        If the marks of a block are not there.
    """
    for name, block in BLOCKS.items():
        begin = BEGIN.format(name)
        marked = re.compile(f"{re.escape(begin)}\n(.*?){re.escape(END)}", re.DOTALL)
        if not marked.search(text):
            raise PageError(f"{README.name}: no '{begin}' with '{END}' after it")
        text = marked.sub(lambda _, begin=begin, block=block: f"{begin}\n{block()}\n{END}", text)
    return text


def main(arguments: Sequence[str] | None = None) -> int:
    text = README.read_text(encoding="utf-8")
    today = with_blocks(text)
    if "--check" in (sys.argv[1:] if arguments is None else arguments):
        print(f"{README.name}: {'up to date' if today == text else 'run python -m docs.readme'}")
        return 0 if today == text else OLD
    README.write_text(today, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
