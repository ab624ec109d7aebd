"""Receptors: HER2 with trastuzumab and its traffic, HER3 and EGFR with their ligands, dimers, Src.

Dimers form within seconds to minutes, so they are quantities in rapid equilibrium with the receptors on the surface.
Signals are dimers relative to fixed reference numbers, the same for all lines.
"""

from .language import Observable, Parameter, Quantity, Reaction, Species
from .rate_laws import inhibited, saturating, switching

SPECIES = (
    Species(
        "HER2_surface",
        "molecules",
        "HER2 on the surface, free of trastuzumab",
        same_as="uniprot:P04626",
        start="0.8*HER2_level",
    ),
    Species(
        "HER2_internal",
        "molecules",
        "HER2 in endosomes, free of trastuzumab",
        same_as="uniprot:P04626",
        start="0.2*HER2_level",
    ),
    Species("HER2_trastuzumab", "molecules", "HER2 on the surface with trastuzumab bound"),
    Species("HER2_trastuzumab_internal", "molecules", "HER2 in endosomes with trastuzumab bound"),
    Species("HER3_mRNA", "1", "ERBB3 transcript, relative to the reference cell", same_as="hgnc:3431", start="1"),
    Species("HER3", "molecules", "HER3 on the surface", same_as="uniprot:P21860", start="HER3_level"),
    Species("EGFR", "molecules", "EGFR on the surface", same_as="uniprot:P00533", start="EGFR_level"),
    Species("EGFR_internal", "molecules", "EGFR in endosomes, taken up with EGF", same_as="uniprot:P00533"),
    Species("HRG_autocrine", "nM", "heregulin that the cells shed themselves (ADAM17), as their receptors meet it"),
    Species("SRC", "1", "Src, inactive share", same_as="uniprot:P12931", moiety="SRC_total", start="0.5"),
    Species("SRC_active", "1", "Src, active share", same_as="uniprot:P12931", moiety="SRC_total", start="0.5"),
)

PARAMETERS = (
    Parameter("HER2_level", "molecules", "HER2 per cell, untreated"),
    Parameter("HER3_level", "molecules", "HER3 per cell at the reference FOXO level, without ligand"),
    Parameter("EGFR_level", "molecules", "EGFR per cell, untreated"),
    Parameter("k_HER2_synthesis", "1/h", "HER2 made per hour, as a share of HER2_level"),
    Parameter("k_HER2_endocytosis", "1/h", "HER2 taken up from the surface"),
    Parameter("k_HER2_recycling", "1/h", "HER2 returned to the surface"),
    Parameter("k_HER2_degradation", "1/h", "HER2 degraded in endosomes"),
    Parameter(
        "trastuzumab_downregulation", "1", "how many times faster internal HER2 is degraded with trastuzumab bound"
    ),
    Parameter("k_trastuzumab_binding", "1/(nM*h)", "association of trastuzumab with HER2"),
    Parameter("KD_trastuzumab", "nM", "dissociation constant of trastuzumab from HER2"),
    Parameter("residual_signalling", "1", "ligand-independent signalling left to HER2 with trastuzumab bound"),
    Parameter(
        "residual_ligand_signalling", "1", "share of trastuzumab-bound HER2 that still joins ligand-bound HER3 or EGFR"
    ),
    Parameter("K_HER2_HER2", "molecules", "dissociation constant of HER2 homodimers on the surface"),
    Parameter("K_HER2_HER3", "molecules", "dissociation constant of HER2-HER3 without ligand"),
    Parameter("HRG_affinity_gain", "1", "how many times tighter HER3 binds HER2 with heregulin bound"),
    Parameter("K_HER2_EGFR", "molecules", "HER2 at which half of the EGF-bound EGFR is in HER2 dimers"),
    Parameter(
        "EGFR_homodimer_activity", "1", "signal of EGF-bound EGFR without HER2, relative to what pairing with HER2 adds"
    ),
    Parameter("KD_HRG", "nM", "dissociation constant of heregulin from HER3"),
    Parameter("KD_EGF", "nM", "dissociation constant of EGF from EGFR"),
    Parameter("KD_pertuzumab", "nM", "pertuzumab that blocks half of HER2 for heterodimers"),
    Parameter("Ki_lapatinib_HER2", "nM", "lapatinib that blocks half of the HER2 kinase, isolated"),
    Parameter("Ki_lapatinib_EGFR", "nM", "lapatinib that blocks half of the EGFR kinase, isolated"),
    Parameter("cell_shift_lapatinib", "1", "how many times more lapatinib that takes in cells"),
    Parameter("homodimer_reference", "molecules", "HER2 homodimers of the reference cell"),
    Parameter("HER3_dimer_reference", "molecules", "HER2-HER3 dimers of the reference cell"),
    Parameter("EGFR_dimer_reference", "molecules", "EGFR dimers at which the EGFR signal is 1"),
    Parameter("k_HER3_mRNA_decay", "1/h", "decay of the ERBB3 transcript"),
    Parameter("k_HER3_degradation", "1/h", "decay of HER3 without ligand"),
    Parameter("HRG_desensitisation", "1", "extra decay of HER3 with heregulin bound, relative to without"),
    Parameter("k_EGFR_degradation", "1/h", "decay of EGFR without ligand"),
    Parameter("k_EGFR_endocytosis", "1/h", "EGFR taken up from the surface with EGF bound"),
    Parameter(
        "HER2_shielding", "1", "share of that uptake that pairing with HER2 prevents; 0: HER2 does not shield EGFR"
    ),
    Parameter("k_EGFR_recycling", "1/h", "EGFR returned to the surface"),
    Parameter("k_EGFR_internal_degradation", "1/h", "EGFR degraded in endosomes"),
    Parameter("FOXO_HER3_induction", "1", "strength of the FOXO-driven ERBB3 transcription; 0 switches the loop off"),
    Parameter("K_FOXO_HER3", "1", "nuclear FOXO at half of its effect on ERBB3"),
    Parameter("FOXO_reference", "1", "nuclear FOXO of the reference cell"),
    Parameter("shedding", "nM", "most autocrine heregulin there can be; 0 switches ligand shedding off"),
    Parameter("K_shedding", "1", "AKT activity at which shedding is half of its most"),
    Parameter("k_shedding", "1/h", "how fast autocrine heregulin follows AKT activity"),
    Parameter("k_SRC", "1/h", "activation of Src by HER2"),
    Parameter("K_SRC", "1", "HER2 signal at which Src activation is half of its most"),
    Parameter("SRC_deactivation", "1", "deactivation of Src, relative to k_SRC"),
)

QUANTITIES = (
    Quantity(
        "HER2_kinase",
        "1",
        inhibited("lapatinib", "(Ki_lapatinib_HER2*cell_shift_lapatinib)"),
        "share of the HER2 kinase that is not blocked",
    ),
    Quantity(
        "EGFR_kinase",
        "1",
        inhibited("lapatinib", "(Ki_lapatinib_EGFR*cell_shift_lapatinib)"),
        "share of the EGFR kinase that is not blocked",
    ),
    Quantity(
        "HER2_pairable",
        "1",
        inhibited("pertuzumab", "KD_pertuzumab"),
        "share of HER2 that pertuzumab leaves free for heterodimers",
    ),
    Quantity("HRG_occupancy", "1", saturating("HRG + HRG_autocrine", "KD_HRG"), "share of HER3 with heregulin bound"),
    Quantity("EGF_occupancy", "1", saturating("EGF", "KD_EGF"), "share of EGFR with EGF bound"),
    Quantity(
        "HER2_signalling",
        "molecules",
        "HER2_surface + residual_signalling*HER2_trastuzumab",
        "surface HER2 that signals without ligand",
    ),
    Quantity(
        "HER2_partner",
        "molecules",
        "(HER2_surface + residual_ligand_signalling*HER2_trastuzumab)*HER2_pairable",
        "surface HER2 ready to join a ligand-bound receptor",
    ),
    Quantity(
        "HER2_homodimers",
        "molecules",
        "2*HER2_signalling**2/(4*HER2_signalling + K_HER2_HER2 + sqrt(K_HER2_HER2*(8*HER2_signalling + K_HER2_HER2)))",
        "HER2-HER2 on the surface",
    ),
    Quantity(
        "HER2_HER3_ligand_free",
        "molecules",
        "HER3*(1 - HRG_occupancy)*HER2_signalling*HER2_pairable/(K_HER2_HER3 + HER2_signalling*HER2_pairable)",
        "HER2-HER3 on the surface, without heregulin",
    ),
    Quantity(
        "HER2_HER3_ligand_bound",
        "molecules",
        "HER3*HRG_occupancy*HER2_partner/(K_HER2_HER3/HRG_affinity_gain + HER2_partner)",
        "HER2-HER3 on the surface, with heregulin",
    ),
    Quantity(
        "EGFR_with_HER2", "1", saturating("HER2_partner", "K_HER2_EGFR"), "share of EGF-bound EGFR that pairs with HER2"
    ),
    Quantity(
        "EGFR_dimers",
        "molecules",
        "EGFR*EGF_occupancy*(EGFR_homodimer_activity + EGFR_with_HER2)",
        "signalling EGFR dimers",
    ),
    Quantity("HER2_signal", "1", "HER2_kinase*HER2_homodimers/homodimer_reference", "signal of HER2 homodimers"),
    Quantity(
        "HER3_basal_signal",
        "1",
        "HER2_kinase*HER2_HER3_ligand_free/HER3_dimer_reference",
        "signal of HER2-HER3 without heregulin",
    ),
    Quantity(
        "HER3_ligand_signal",
        "1",
        "HER2_kinase*HER2_HER3_ligand_bound/HER3_dimer_reference",
        "signal of HER2-HER3 with heregulin",
    ),
    Quantity("HER3_signal", "1", "HER3_basal_signal + HER3_ligand_signal", "signal of all HER2-HER3"),
    Quantity("EGFR_signal", "1", "EGFR_kinase*EGFR_dimers/EGFR_dimer_reference", "signal of EGFR"),
    Quantity(
        "HER3_transcription",
        "1",
        f"(1 + FOXO_HER3_induction*{switching('FOXO_nuclear', 'K_FOXO_HER3')})"
        f"/(1 + FOXO_HER3_induction*{switching('FOXO_reference', 'K_FOXO_HER3')})",
        "ERBB3 transcription, relative to the reference cell",
    ),
)

REACTIONS = (
    Reaction("HER2_synthesis", "-> HER2_surface", "k_HER2_synthesis*HER2_level", source="Bouhaddou2018"),
    Reaction("HER2_endocytosis", "HER2_surface -> HER2_internal", "k_HER2_endocytosis*HER2_surface"),
    Reaction("HER2_recycling", "HER2_internal -> HER2_surface", "k_HER2_recycling*HER2_internal"),
    Reaction("HER2_degradation", "HER2_internal ->", "k_HER2_degradation*HER2_internal"),
    Reaction(
        "trastuzumab_binding",
        "HER2_surface -> HER2_trastuzumab",
        "k_trastuzumab_binding*trastuzumab*HER2_surface",
        assumption="Medium holds far more antibody than the cells bind, so trastuzumab is not used up.",
    ),
    Reaction(
        "trastuzumab_release",
        "HER2_trastuzumab -> HER2_surface",
        "k_trastuzumab_binding*KD_trastuzumab*HER2_trastuzumab",
    ),
    Reaction(
        "HER2_trastuzumab_endocytosis",
        "HER2_trastuzumab -> HER2_trastuzumab_internal",
        "k_HER2_endocytosis*HER2_trastuzumab",
        assumption="Trastuzumab travels with HER2 and does not change its uptake.",
        source="Austin2004",
    ),
    Reaction(
        "HER2_trastuzumab_recycling",
        "HER2_trastuzumab_internal -> HER2_trastuzumab",
        "k_HER2_recycling*HER2_trastuzumab_internal",
        source="Austin2004",
    ),
    Reaction(
        "HER2_trastuzumab_degradation",
        "HER2_trastuzumab_internal ->",
        "trastuzumab_downregulation*k_HER2_degradation*HER2_trastuzumab_internal",
        assumption="Sources disagree on down-regulation (none, or 60 % within an hour); the factor stays free.",
        source="FehlingKaschek2019",
    ),
    Reaction(
        "HER3_transcription_step",
        "-> HER3_mRNA",
        "k_HER3_mRNA_decay*HER3_transcription",
        assumption="FOXO in the nucleus raises ERBB3 transcription (adaptive resistance).",
        source="Garrett2013",
    ),
    Reaction("HER3_mRNA_decay", "HER3_mRNA ->", "k_HER3_mRNA_decay*(1 + HER3_mRNA_cleavage)*HER3_mRNA"),
    Reaction("HER3_translation", "-> HER3", "k_HER3_degradation*HER3_level*HER3_mRNA"),
    Reaction(
        "HER3_removal",
        "HER3 ->",
        "k_HER3_degradation*(1 + HRG_desensitisation*HRG_occupancy)*HER3",
        assumption="Ligand-bound receptor is taken up and degraded faster.",
    ),
    Reaction("EGFR_synthesis", "-> EGFR", "k_EGFR_degradation*EGFR_level"),
    Reaction("EGFR_degradation", "EGFR ->", "k_EGFR_degradation*EGFR"),
    Reaction(
        "EGFR_endocytosis",
        "EGFR -> EGFR_internal",
        "k_EGFR_endocytosis*EGF_occupancy*(1 - HER2_shielding*EGFR_with_HER2)*EGFR",
        assumption="Ligand-bound EGFR is taken up within minutes; pairing with HER2 keeps it at the surface.",
        source="Shankaran2006",
    ),
    Reaction(
        "EGFR_recycling",
        "EGFR_internal -> EGFR",
        "k_EGFR_recycling*EGFR_internal",
        assumption="Part of what was taken up comes back; in endosomes EGFR does not signal.",
        source="SorkinGoh2008",
    ),
    Reaction("EGFR_internal_degradation", "EGFR_internal ->", "k_EGFR_internal_degradation*EGFR_internal"),
    Reaction(
        "HRG_shedding",
        "-> HRG_autocrine",
        "k_shedding*shedding/(1 + AKT_activity/K_shedding)",
        assumption="Low AKT activity releases ADAM17, which sheds ErbB ligands. Shed heregulin is held at the surface "
        "(it binds heparan sulfate), so a medium change leaves it.",
        source="Gijsen2010",
    ),
    Reaction("HRG_autocrine_loss", "HRG_autocrine ->", "k_shedding*HRG_autocrine"),
    Reaction(
        "SRC_activation",
        "SRC -> SRC_active",
        f"k_SRC*{saturating('HER2_signal', 'K_SRC')}*SRC",
        source="Nagata2004",
    ),
    Reaction("SRC_inactivation", "SRC_active -> SRC", "k_SRC*SRC_deactivation*SRC_active"),
)

OBSERVABLES = (
    Observable(
        "HER2_on_surface", "molecules", "HER2_surface + HER2_trastuzumab", "HER2 on the surface, free and bound"
    ),
    Observable(
        "HER2_total",
        "molecules",
        "HER2_surface + HER2_internal + HER2_trastuzumab + HER2_trastuzumab_internal",
        "all HER2 of the cell",
    ),
    Observable("HER3_total", "molecules", "HER3", "HER3 of the cell"),
    Observable("pHER2", "1", "HER2_signal", "HER2 signal, relative to the reference cell"),
    Observable("SRC_activity", "1", "SRC_active", "active Src, share"),
)
