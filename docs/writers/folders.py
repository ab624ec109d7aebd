"""What lies in a folder of results, from a page whose run has left one."""

from __future__ import annotations

import json

from docs.blocks import HERE

from . import markdown

HEAD = """# Folders of results

A command that computes leaves a folder, `results/NAME` unless `--out` says otherwise: numbers first, then
figures and one page that needs no other file. The folder appears as a whole or not at all. It holds only its
own files, which `manifest.json` lists with their SHA-256; whatever else you put there stays. Runs with other
settings have folders of their own; a folder that holds something else is refused unless `--force` is given.

`pathway verify DIR` compares the folder with its manifest, `pathway replay DIR` computes it again and compares
the numbers, `pathway compare DIR DIR` sets two side by side, `pathway plot DIR` draws it again.

"""
MEANINGS = {
    "report.html": "the page: figure, verdicts, growth, readings, numbers with sources; one file to send on",
    "figure.svg": "the figure, to be edited",
    "figure.png": "the figure, to be looked at",
    "time_courses.csv": "arm, time and every shown observable, with units in the header: one row for each arm and time",
    "arms.csv": "GR, percent of control and of untreated, fold of cells: one row for each arm",
    "expectations.csv": "claim, value, band and verdict: one row for each expectation",
    "parameters.csv": "every number the arms were run with, its range, source and confidence",
    "bands.csv": "5 %, 50 % and 95 % of the ensemble over time, not of PIP3 (arbitrary unit); only with an ensemble",
    "result.json": "all of it for programs",
    "provenance.json": "versions, command, settings, seed, hashes of inputs and outputs",
    "manifest.json": "what the folder is of, and the SHA-256 of every file",
    "inputs/": "the scenario, own cell lines and tables as they were",
}


def pages() -> dict[str, str]:
    """The reference of folders."""
    rows = [[f"`{name}`", meaning] for name, meaning in MEANINGS.items()]
    return {"reference/folders": HEAD + markdown.table(["file of a run", "holds"], rows)}


def files_of_a_run() -> set[str]:
    """Files that the kept first run has left, folders with a slash: what `MEANINGS` has to know."""
    outputs = json.loads((HERE / "outputs" / "pages" / "tutorials--first_experiment.json").read_text(encoding="utf-8"))
    listing = [one for output in outputs for one in output.get("commands", []) if one["command"].startswith("ls -p")]
    return set(listing[0]["output"].split())
