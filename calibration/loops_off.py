"""What each loop and option does to the main experiment: switched off one at a time, as a Markdown table.

    python calibration/loops_off.py skbr3
    python calibration/loops_off.py skbr3 --ensemble calibrated       in every member, with interval and share

Nothing is refitted or re-anchored, so a row shows what carries the result, not what is impossible without it. A member
whose own number switches a loop off already has a contribution of zero from it.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np

from pathway import parameters
from pathway.equations import Model, network_model
from pathway.network import circuit
from pathway.scenario import built_in_laboratory, read_scenario
from pathway.scenario.ensembles import WEIGHTS, open_parameter_sets
from pathway.scenario.experiment import Scenario
from pathway.scenario.members import NoMembersError, run_members
from pathway.scenario.plain_words import median_with_interval, percent_text
from pathway.scenario.sampled_cell_lines import ParameterSets
from pathway.scenario.weighted import weighted_interval, weighted_share
from pathway.simulation import Intervention, simulate, steady_state

TRASTUZUMAB = Intervention(0.0, add={"trastuzumab": 68.7})
ANTIMIR = Intervention(-48.0, add={"antimiR_lipoplex": 50.0})


def resting(line: str, **changes: float) -> Model:
    """A line with changes, at its untreated steady state."""
    model = network_model(line, circuit(), parameters.parameter_values(circuit(), parameters.cell_line(line)))
    changed = model.with_parameters(changes)
    return changed.with_initial_values(steady_state(changed))


def growth_ratio(model: Model, *before: Intervention) -> float:
    """GR of 120 h of trastuzumab against the same cells without it."""
    grown = []
    for doses in ([*before, TRASTUZUMAB], list(before)):
        run = simulate(model, [-48.0, 0.0, 120.0], start=-48.0, interventions=doses)
        log_cells = run["log_cell_number"]
        grown.append(log_cells[2] - log_cells[1])
    return float(2 ** (grown[0] / grown[1]) - 1)


def level(model: Model, name: str) -> float:
    """An observable of the resting cells."""
    return float(np.asarray(simulate(model, [0.0, 1e-6])[name])[0])


# In every member of an ensemble

SCENARIOS = {"bt474": "antimir21_resensitises", "skbr3": "antimir21_resensitises_skbr3"}
ARMS = ("trastuzumab", "both", "parental")
CARRIED = 0.05
"""GR: what a loop adds or takes counts from here on."""


def members_without(scenario: Scenario, sets: ParameterSets, changes: Mapping[str, float]) -> np.ndarray:
    """GR of resistant cells minus parental, and minus that with anti-miR, shape (2, n_members); nan where cells die."""
    laboratory = built_in_laboratory()
    written = {name: f"{value:g} {laboratory.parameters[name]}".removesuffix(" 1") for name, value in changes.items()}
    arms = tuple(replace(a, changes={**a.changes, **written}) for a in scenario.arms if a.name in ARMS)
    numbers = np.full((2, len(sets)), np.nan)
    try:
        runs = run_members(replace(scenario, arms=arms, expectations=(), overlays=()), laboratory, sets)
    except NoMembersError:
        return numbers
    resistant, both, parental = (runs.arms[name].gr for name in ARMS)
    numbers[:, runs.alive] = resistant - parental, resistant - both
    return numbers


def contribution_rows(
    scenario: Scenario, sets: ParameterSets, loops: Mapping[str, Mapping[str, float]]
) -> list[list[str]]:
    """For each loop: both numbers without it, by how much it raises them in each member, and in what share of the
    ensemble that is `CARRIED` or more."""
    usual = members_without(scenario, sets, {})
    rows = [["nothing", *(median_with_interval(weighted_interval(v, sets.weights)) for v in usual), *["-"] * 4]]
    for name, changes in loops.items():
        without = members_without(scenario, sets, changes)
        row = [name, *(median_with_interval(weighted_interval(v, sets.weights)) for v in without)]
        for gained in usual - without:
            known = np.where(np.isfinite(gained), sets.weights, 0.0)
            row.append(median_with_interval(weighted_interval(gained, sets.weights)))
            row.append(percent_text(weighted_share(np.nan_to_num(gained) >= CARRIED, known)))
        rows.append(row)
    return rows


def print_contributions(line: str, sets: ParameterSets) -> None:
    """The table of one line over an ensemble."""
    numbers = ("resistant minus parental", "resistant minus both")
    header = ["switched off", *numbers, *(f"{w} {n}" for n in numbers for w in ("it adds to", f"{CARRIED} or more to"))]
    loops = {loop.name: loop.switched_off for loop in circuit().loops}
    table: Sequence[Sequence[str]] = [header, ["---"] * len(header)]
    for row in [*table, *contribution_rows(read_scenario(SCENARIOS[line]), sets, loops)]:
        print(f"| {' | '.join(row)} |", flush=True)


def main() -> None:
    """Print the table of one line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("line", nargs="?", default="skbr3", help="a parental line")
    parser.add_argument("--ensemble", help="'calibrated', 'prior' or a file (.npz): in every member")
    parser.add_argument("--weights", choices=WEIGHTS, default=WEIGHTS[0])
    parser.add_argument("--members", type=int, default=200)
    given = parser.parse_args()
    line = given.line
    if given.ensemble:
        if line not in SCENARIOS:
            parser.error(f"{line}: over an ensemble one of {', '.join(SCENARIOS)}")
        model = built_in_laboratory().model
        print_contributions(line, open_parameter_sets(model, given.ensemble, given.weights, given.members))
        return
    columns = "GR parental | GR resistant | difference | both minus parental | PTEN | PTEN, resistant | miR-21 fold"
    print(f"| switched off | {columns} |")
    print("|---|---|---|---|---|---|---|---|")
    for name, changes in [("nothing", {}), *((loop.name, loop.switched_off) for loop in circuit().loops)]:
        parental, resistant = resting(line, **changes), resting(f"{line}_resistant", **changes)
        sensitive, spared, both = growth_ratio(parental), growth_ratio(resistant), growth_ratio(resistant, ANTIMIR)
        pten = level(parental, "PTEN"), level(resistant, "PTEN")
        fold = level(resistant, "miR21") / level(parental, "miR21")
        print(
            f"| {name} | {sensitive:.2f} | {spared:.2f} | {spared - sensitive:.2f} | {both - sensitive:+.2f} "
            f"| {pten[0]:.2f} | {pten[1]:.2f} | {fold:.1f} |"
        )


if __name__ == "__main__":
    main()
