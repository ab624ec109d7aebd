"""p27 brakes and cyclin D drives the cell cycle; the cell number follows, and growth dilutes every stable molecule."""

from .language import Observable, Parameter, Quantity, Reaction, Species
from .rate_laws import steep

SPECIES = (
    Species("p27", "1", "p27 (CDKN1B), relative", same_as="uniprot:P46527", start="1"),
    Species("cyclin_D", "1", "cyclin D1, relative", same_as="uniprot:P24385", start="1"),
    Species("BIM", "1", "BIM (BCL2L11), which starts apoptosis, relative", same_as="uniprot:O43521", start="0.1"),
    Species("log_cell_number", "1", "natural logarithm of the cell number, from 0", output=True),
)

PARAMETERS = (
    Parameter("doubling_time", "h", "doubling time of the untreated parental line"),
    Parameter("mu_max", "1/h", "division rate without p27 (anchored: untreated growth is ln 2 / doubling_time)"),
    Parameter("K_growth", "1", "cyclin D per p27 at half of mu_max"),
    Parameter("k_death", "1/h", "death rate that nothing in the circuit sets; 0 in vitro"),
    Parameter("k_apoptosis", "1/h", "death rate at saturating BIM; 0 switches death by BIM off"),
    Parameter("K_BIM", "1", "BIM at half of that"),
    Parameter("k_BIM", "1/h", "turnover of BIM without ERK"),
    Parameter("ERK_to_BIM", "1", "extra decay of BIM by active ERK, at the reference"),
    Parameter("k_p27", "1/h", "turnover of p27"),
    Parameter("FOXO_to_p27", "1", "gain of p27 synthesis by nuclear FOXO"),
    Parameter("K_AKT_p27", "1", "AKT activity that halves p27"),
    Parameter("k_cyclin_D", "1/h", "turnover of cyclin D"),
    Parameter("cyclin_D_basal", "1", "cyclin D without ERK and S6K"),
    Parameter("ERK_to_cyclin_D", "1", "cyclin D made by active ERK, at the reference"),
    Parameter("S6K_to_cyclin_D", "1", "cyclin D made per active S6K"),
)

QUANTITIES = (
    Quantity("reference_growth_rate", "1/h", "log(2)/doubling_time", "growth rate of the untreated parental line"),
    Quantity(
        "reference_division_rate", "1/h", "reference_growth_rate + k_death", "divisions of the untreated parental line"
    ),
    Quantity(
        "division_rate",
        "1/h",
        "mu_max*cyclin_D/(K_growth*p27 + cyclin_D)",
        "divisions; they dilute what the cell holds",
    ),
    Quantity("death_rate", "1/h", f"k_death + k_apoptosis*{steep('BIM', 'K_BIM')}", "deaths"),
    Quantity("growth_rate", "1/h", "division_rate - death_rate", "net growth rate of the cell number"),
    Quantity(
        "needed_division_rate",
        "1/h",
        "reference_growth_rate + death_rate",
        "divisions that make up for deaths and leave the growth of the untreated parental line",
    ),
)

REACTIONS = (
    Reaction(
        "p27_synthesis",
        "-> p27",
        "k_p27*(1 + FOXO_to_p27*FOXO_nuclear)/(1 + AKT_activity/K_AKT_p27)",
        source="Brockhoff2007",
    ),
    Reaction("p27_degradation", "p27 ->", "k_p27*p27"),
    Reaction(
        "cyclin_D_synthesis",
        "-> cyclin_D",
        "k_cyclin_D*(cyclin_D_basal + ERK_to_cyclin_D*ERK_signal + S6K_to_cyclin_D*S6K_active)",
    ),
    Reaction("cyclin_D_degradation", "cyclin_D ->", "k_cyclin_D*cyclin_D", source="Bouhaddou2018"),
    Reaction(
        "BIM_synthesis",
        "-> BIM",
        "k_BIM*FOXO_nuclear",
        assumption="Nuclear FOXO makes BIM, active ERK has it degraded: it piles up where AKT and ERK both fall.",
    ),
    Reaction("BIM_degradation", "BIM ->", "k_BIM*(1 + ERK_to_BIM*ERK_signal)*BIM"),
    Reaction(
        "net_growth",
        "-> log_cell_number",
        "growth_rate",
        assumption="Trastuzumab slows the cycle and does not kill in vitro: death needs both AKT and ERK output gone.",
        source="Brockhoff2007",
    ),
)

OBSERVABLES = (
    Observable("cell_number", "1", "exp(log_cell_number)", "cells, as a fold of the start"),
    Observable("growth", "1/h", "growth_rate", "net growth rate"),
)
