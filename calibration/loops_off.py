"""What each loop and option does to the main experiment: switched off one at a time, as a Markdown table.

    python calibration/loops_off.py skbr3

Nothing is refitted or re-anchored, so a row shows what carries the result, not what is impossible without it.
"""

from __future__ import annotations

import sys

import numpy as np

from pathway import parameters
from pathway.equations import Model, network_model
from pathway.network import circuit
from pathway.simulation import Intervention, simulate, steady_state

SWITCHES = {
    "nothing": {},
    "B1 PTEN auto-activation": {"PTEN_autoactivation": 0.0},
    "B2 PDCD4 on AP-1": {"PDCD4_AP1_inhibition": 0.0},
    "B3 NFIB on miR-21": {"NFIB_repression": 0.0},
    "B4 AKT to NF-kB/STAT3": {"AKT_to_inflammation": 0.0},
    "B5 IL-6 to STAT3": {"IL6_to_inflammation": 0.0},
    "FOXO to HER3": {"FOXO_HER3_induction": 0.0},
    "S6K to adapters": {"S6K_feedback": 0.0},
    "S6K to mTORC2": {"S6K_mTORC2_feedback": 0.0},
    "ERK to RAS": {"ERK_feedback": 0.0},
    "ERK to its phosphatases": {"DUSP_feedback": 0.0},
    "Sprouty to RAS": {"SPRY_feedback": 0.0},
    "ligand shedding": {"shedding": 0.0},
    "ligand desensitization": {"HRG_desensitisation": 0.0, "k_EGFR_endocytosis": 0.0},
    "HER2 keeps EGFR at the surface": {"HER2_shielding": 0.0},
    "Src on PTEN": {"k_PTEN_phosphorylation": 0.0},
    "p110beta gain at low PTEN": {"PI3K_beta_PTEN": 0.0},
    "competing target pool": {"target_pool_size": 0.0},
    "PTENP1 decoy": {"PTENP1_copies": 0.0},
    "miR-21 on Sprouty": {"K_miR21_SPRY": 1e12},
    "miR-221": {"miR221_basal": 0.0, "miR221_extra": 0.0},
    "growth coupling of synthesis": {"synthesis_growth_coupling": 0.0},
}
TRASTUZUMAB = Intervention(0.0, add={"trastuzumab": 68.7})
ANTIMIR = Intervention(-48.0, add={"antimiR_lipoplex": 50.0})


def resting(line: str, **changes: float) -> Model:
    """A line with changes, at its untreated steady state."""
    model = network_model(line, circuit(), parameters.values(circuit(), parameters.cell_line(line)))
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


def main() -> None:
    """Print the table of one line."""
    line = sys.argv[1] if len(sys.argv) > 1 else "skbr3"
    columns = "GR parental | GR resistant | difference | both minus parental | PTEN | PTEN, resistant | miR-21 fold"
    print(f"| switched off | {columns} |")
    print("|---|---|---|---|---|---|---|---|")
    for name, changes in SWITCHES.items():
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
