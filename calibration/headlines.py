"""Each headline number of the main experiment three times: before data, after measured data, after the findings too.

python calibration/headlines.py [--write]      prints the table, or puts it into docs/explanation/evidence.md
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np

from calibration.agreement import table
from calibration.loops_off import SCENARIOS
from pathway.equations import Model
from pathway.folders import write_atomically
from pathway.parameters import cell_line
from pathway.parameters.parameter_ensemble import SHIPPED, read_ensemble
from pathway.scenario import built_in_laboratory, read_scenario, run_scenario
from pathway.scenario.ensemble_result import EnsembleResult
from pathway.scenario.ensembles import CALIBRATED, WEIGHTS, open_parameter_sets
from pathway.scenario.members import run_members
from pathway.scenario.plain_words import format_number, median_with_interval, percent_text
from pathway.scenario.sampled_cell_lines import ParameterSets, parameter_sets_of_prior_draws
from pathway.scenario.weighted import weighted_interval, weighted_share

EVIDENCE = Path(__file__).resolve().parents[1] / "docs" / "explanation" / "evidence.md"
ARMS = {
    "parental": "parental",
    "resistant": "trastuzumab",
    "resistant, anti-miR-21 too": "both",
    "resistant, PTEN plasmid": "PTEN plasmid + trastuzumab",
}
FINDINGS = {
    "V3, resistant cells spared": ("V3",),
    "V4, response restored": ("V4",),
    "V4 among members with V3": ("V4", "V3"),
    "V28, deaths below 3 % of divisions": ("V28",),
    "V3 among members with V28": ("V3", "V28"),
}
"""A share of members, or of those that meet the second finding."""
MEMBERS = 1000


def share(result: EnsembleResult, finding: str, given: str | None = None) -> str:
    """Of the weight of members that meet a finding of role "calibration" in all its numbers, in percent; of those alone
    that meet another one."""

    def met(name: str) -> np.ndarray:
        own = [v.met for v in result.verdicts if (v.expectation.finding, v.expectation.role) == (name, "calibration")]
        return np.logical_and.reduce(own)

    return percent_text(weighted_share(met(finding), result.weights * (met(given) if given else 1.0)))


def three_sets(model: Model) -> Iterator[ParameterSets]:
    """The draws before any data, and the members after measured data and after the findings too."""
    yield parameter_sets_of_prior_draws(model, read_ensemble(SHIPPED), MEMBERS)
    for weights in WEIGHTS:
        yield open_parameter_sets(model, CALIBRATED, weights, MEMBERS)


def rows() -> list[list[str]]:
    """The table, without its header."""
    laboratory = built_in_laboratory()
    numbers, shares = [], []
    for line, name in SCENARIOS.items():
        scenario = read_scenario(name)
        chosen = run_scenario(scenario, laboratory)
        every = replace(scenario, overlays=())
        results = [run_members(every, laboratory, sets) for sets in three_sets(laboratory.model)]
        label = cell_line(line).title
        for title, arm in ARMS.items():
            medians = (median_with_interval(weighted_interval(one.arms[arm].gr, one.weights)) for one in results)
            growth = chosen.arms[arm].growth
            numbers.append([f"{label}, {title}", format_number(growth.gr) if growth else "-", *medians])
        for title, asked in FINDINGS.items():
            met = all(v.met for v in chosen.verdicts if v.expectation.finding == asked[0])
            shares.append([f"{label}: {title}", "met" if met else "missed", *(share(one, *asked) for one in results)])
    return numbers + shares


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table, or write it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true")
    given = parser.parse_args(arguments)
    text = table(("", "chosen set", "before data", "after measured data", "after the findings too"), rows())
    if not given.write:
        print(text)
        return
    before = EVIDENCE.read_text(encoding="utf-8")
    after, count = re.subn(r"(<!-- headlines -->\n).*?(\n<!-- end -->)", rf"\g<1>{text}\g<2>", before, flags=re.DOTALL)
    if not count:
        sys.exit(f"{EVIDENCE}: no place for the table, <!-- headlines --> ... <!-- end -->")
    write_atomically(EVIDENCE, after)


if __name__ == "__main__":
    main()
