"""The smallest model of the idea: five states, to be written by hand in fifteen lines.

What the full circuit does in 69 states, lumped: miR-21 follows its supply, PTEN follows miR-21, PIP3 balances PI3K
against PTEN, pAKT follows PIP3, and the cell number grows with pAKT. Feedbacks are frozen at one value for
untreated and one for treated cells, which is where the error comes from: GR of parental, resistant, and resistant cells
without miR-21 is within 0.13 of the full circuit's (tests/network/test_minimal.py). `calibration/reduce_circuit.py`
derives the numbers, and writes them here.

    from scipy.integrate import solve_ivp
    def rates(t, y, miR21=1.0, drug=0.0):
        miR, PTEN, PIP3, pAKT, n = y
        return [0.0365 * (miR21 - miR),
                0.0313 * (1.174 / (1 + 0.174 * miR) - PTEN),
                50.1 * (1 - 0.301 * drug / (1.47 + drug)) - 37.9 * PTEN * PIP3 / (0.122 + PIP3) - 17.4 * PIP3,
                29 * (0.654 * PIP3 / (3.57 + PIP3) - pAKT),
                0.0459 * (pAKT - 0.00145) / (pAKT + 0.191)]
    parental  = [1.0, 1.0, 0.947, 0.137, 0.0]
    resistant = [4.97, 0.629, 1.6, 0.202, 0.0]
    treated = solve_ivp(rates, (0, 120), resistant, "LSODA", args=(resistant[0], 68.7))
"""

import sys
from functools import cache

from .join import join_modules
from .language import Network, Observable, Parameter, Reaction, Species
from .rate_laws import saturating

SPECIES = (
    Species("miR21", "1", "miR-21, relative to untreated parental cells", start="miR21_supply"),
    Species("PTEN", "1", "PTEN, relative to untreated parental cells", start="1"),
    Species("PIP3", "1", "PIP3, in model units", start="1"),
    Species("pAKT", "1", "AKT phosphorylated at S473, share", start="max_pAKT/2"),
    Species("log_cell_number", "1", "natural logarithm of the cell number, from 0", output=True),
)

PARAMETERS = (
    Parameter("miR21_supply", "1", "level that miR-21 goes to: 1 parental, about 5 resistant, 0 under anti-miR"),
    Parameter("k_miR21", "1/h", "loss of miR-21 by decay and dilution"),
    Parameter("k_PTEN_turnover", "1/h", "loss of PTEN by decay and dilution"),
    Parameter("silencing", "1", "how strongly miR-21 lowers PTEN"),
    Parameter("PI3K_flux", "1/h", "PIP3 made in untreated cells"),
    Parameter("trastuzumab", "nM", "trastuzumab in the medium"),
    Parameter("trastuzumab_effect", "1", "share of the PIP3 flux that trastuzumab takes away at most"),
    Parameter("EC50_trastuzumab", "nM", "trastuzumab at half of its effect"),
    Parameter("k_PTEN", "1/h", "PIP3 removed by PTEN at saturation"),
    Parameter("Km_PTEN", "1", "PIP3 at half of the PTEN rate"),
    Parameter("k_SHIP", "1/h", "PIP3 removed without PTEN"),
    Parameter("k_pAKT", "1/h", "how fast pAKT follows PIP3"),
    Parameter("max_pAKT", "1", "pAKT at saturating PIP3"),
    Parameter("K_pAKT", "1", "PIP3 at half of that"),
    Parameter("growth_max", "1/h", "growth rate at plenty of pAKT"),
    Parameter("pAKT_needed", "1", "pAKT at which cells neither grow nor shrink in number"),
    Parameter("K_growth", "1", "with twice pAKT_needed added: pAKT at half of the highest growth rate"),
)

QUANTITIES = ()

REACTIONS = (
    Reaction("miR21_made", "-> miR21", "k_miR21*miR21_supply"),
    Reaction("miR21_lost", "miR21 ->", "k_miR21*miR21"),
    Reaction("PTEN_made", "-> PTEN", "k_PTEN_turnover*(1 + silencing)/(1 + silencing*miR21)"),
    Reaction("PTEN_lost", "PTEN ->", "k_PTEN_turnover*PTEN"),
    Reaction(
        "PIP3_by_PI3K", "-> PIP3", f"PI3K_flux*(1 - trastuzumab_effect*{saturating('trastuzumab', 'EC50_trastuzumab')})"
    ),
    Reaction("PIP3_by_PTEN", "PIP3 ->", f"k_PTEN*PTEN*{saturating('PIP3', 'Km_PTEN')}"),
    Reaction("PIP3_by_SHIP", "PIP3 ->", "k_SHIP*PIP3"),
    Reaction("pAKT_made", "-> pAKT", f"k_pAKT*max_pAKT*{saturating('PIP3', 'K_pAKT')}"),
    Reaction("pAKT_lost", "pAKT ->", "k_pAKT*pAKT"),
    Reaction("growth", "-> log_cell_number", "growth_max*(pAKT - pAKT_needed)/(pAKT + K_growth)"),
)

OBSERVABLES = (Observable("cell_number", "1", "exp(log_cell_number)", "cells, as a fold of the start"),)


@cache
def minimal_circuit() -> Network:
    """The five-state teaching model, names and units checked."""
    return join_modules((sys.modules[__name__],))
