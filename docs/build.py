"""The documentation site, offline, in one command.

    python -m docs.build [--out build/docs]

Needs the extra `docs`. Pages are gathered in OUT/source and built into OUT/html; a warning, or a link that
leads nowhere, is an error.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import time
from collections.abc import Sequence
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from docs import scenario_runs
from docs.blocks import HERE, ROOT, PageError
from docs.links import complaints
from docs.stage import stage
from docs.writers.markdown import EXPLORERS

FAILED = 1


def build(out: Path) -> tuple[int, list[str]]:
    """Build the site anew; how many pages it has, and what is wrong with it.

    Raises
    ------
    PageError
        If the pages cannot be gathered.
    """
    from sphinx.cmd.build import build_main

    shutil.rmtree(out, ignore_errors=True)
    documents = stage(out / "source")
    jobs = str(min(os.cpu_count() or 1, 2))
    options = ["-b", "html", "-W", "--keep-going", "-q", "-j", jobs, "-c", str(HERE), "-d", str(out / "doctrees")]
    code = build_main([*options, str(out / "source"), str(out / "html")])
    write_explorers(out / "html")
    wrong = [*(["Sphinx has warned, see above"] if code else []), *complaints(out / "html")]
    return len(documents), wrong


def write_explorers(site: Path) -> None:
    """The explorer of every scenario of the gallery, for the frame in its page; without a cloud, to stay small."""
    from pathway.explorer import explorer_page
    from pathway.scenario import read_scenario

    folder = site / EXPLORERS
    folder.mkdir(parents=True, exist_ok=True)
    for name in scenario_runs.recorded():
        (folder / f"{name}.html").write_text(explorer_page(read_scenario(name), members=0), encoding="utf-8")


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m docs.build", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "docs")
    out = parser.parse_args(arguments).out
    begin = time.monotonic()
    try:
        pages, wrong = build(out)
    except PageError as error:
        wrong = [str(error)]
    for line in wrong:
        print(line, file=sys.stderr)
    if wrong:
        return FAILED
    print(f"{out / 'html' / 'index.html'}: {pages} pages in {time.monotonic() - begin:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
