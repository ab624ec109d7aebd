"""PI3K makes PIP3, PTEN removes it, AKT reads it; S6K and FOXO answer back.

Every branch that answers is a loop of its own: S6K lowers the adapters (IRS1), S6K lowers mTORC2, PTEN helps itself
against Src. PIP3 is counted in a unit of its own, since sources disagree on copies by two orders.
"""

from .language import Observable, Parameter, Quantity, Reaction, Species
from .rate_laws import fading, inhibited, saturating, serum_dependent_share, synthesis_balancing_growth

SPECIES = (
    Species(
        "IRS1", "1", "IRS1 and other adapters that S6K wears down, relative", same_as="uniprot:P35568", start="0.5"
    ),
    Species(
        "PIP3",
        "1",
        "phosphatidylinositol trisphosphate, in arbitrary units",
        same_as="chebi:16618",
        start="0.1",
        arbitrary_unit=True,
    ),
    Species(
        "PTEN_active",
        "1",
        "PTEN at the membrane, relative to total PTEN of the parental line",
        same_as="uniprot:P60484",
        start="0.5",
    ),
    Species("PTEN_phosphorylated", "1", "PTEN phosphorylated by Src, inactive", same_as="uniprot:P60484", start="0.5"),
    Species("AKT", "1", "AKT without phosphate, share", same_as="uniprot:P31749", moiety="AKT_total", start="0.7"),
    Species(
        "AKT_T308",
        "1",
        "AKT phosphorylated at T308 only, share",
        same_as="uniprot:P31749",
        moiety="AKT_total",
        start="0.1",
    ),
    Species(
        "AKT_S473",
        "1",
        "AKT phosphorylated at S473 only, share",
        same_as="uniprot:P31749",
        moiety="AKT_total",
        start="0.1",
    ),
    Species(
        "AKT_T308_S473",
        "1",
        "AKT phosphorylated at both sites, share",
        same_as="uniprot:P31749",
        moiety="AKT_total",
        start="0.1",
    ),
    Species(
        "FOXO_nuclear", "1", "FOXO3 in the nucleus, share", same_as="uniprot:O43524", moiety="FOXO_total", start="0.5"
    ),
    Species(
        "FOXO_cytoplasmic",
        "1",
        "FOXO3 in the cytoplasm, share",
        same_as="uniprot:O43524",
        moiety="FOXO_total",
        start="0.5",
    ),
    Species("S6K", "1", "S6 kinase, inactive share", same_as="uniprot:P23443", moiety="S6K_total", start="0.5"),
    Species("S6K_active", "1", "S6 kinase, active share", same_as="uniprot:P23443", moiety="S6K_total", start="0.5"),
)

PARAMETERS = (
    Parameter("k_IRS1", "1/h", "turnover of IRS1"),
    Parameter("S6K_feedback", "1", "how strongly active S6K lowers the adapters; 0 switches the loop off"),
    Parameter("k_PI3K", "1/h", "PIP3 made per unit of active PI3K"),
    Parameter("PI3K_alpha_gain", "1", "p110alpha activity at a saturating receptor signal"),
    Parameter("K_PI3K_alpha", "1", "receptor signal at half of the p110alpha activity"),
    Parameter("EGFR_to_PI3K", "1", "weight of the EGFR signal on PI3K, relative to HER3"),
    Parameter(
        "PI3K_alpha_starved",
        "1",
        "share of the ligand-free and of the mutant p110alpha activity that is left without serum",
    ),
    Parameter("PI3K_beta_starved", "1", "share of the p110beta activity that is left without serum"),
    Parameter("PIK3CA_mutant", "1", "activity of mutant p110alpha in full medium, outside all feedback"),
    Parameter("PI3K_beta_gain", "1", "p110beta activity at high PTEN"),
    Parameter("PI3K_beta_PTEN", "1", "how much p110beta gains when PTEN is lost; 0 leaves it constant"),
    Parameter("K_PI3K_beta", "1", "active PTEN at half of that gain"),
    Parameter("IC50_buparlisib", "nM", "buparlisib that blocks half of PI3K, all isoforms, isolated"),
    Parameter("cell_shift_buparlisib", "1", "how many times more buparlisib that takes in cells"),
    Parameter("IC50_alpelisib_alpha", "nM", "alpelisib that blocks half of p110alpha, isolated"),
    Parameter("IC50_alpelisib_beta", "nM", "alpelisib that blocks half of p110beta, isolated"),
    Parameter("cell_shift_alpelisib", "1", "how many times more alpelisib that takes in cells"),
    Parameter("k_PTEN", "1/h", "PIP3 removed by a full complement of active PTEN at saturation"),
    Parameter("Km_PTEN", "1", "PIP3 at half of the PTEN rate"),
    Parameter("k_SHIP", "1/h", "PIP3 removed without PTEN (SHIP and others)"),
    Parameter("PTEN_synthesis_scale", "1", "sets total PTEN of the untreated parental line to 1 (anchored)"),
    Parameter("k_PTEN_degradation", "1/h", "decay of PTEN protein"),
    Parameter("k_PTEN_phosphorylation", "1/h", "inactivation of PTEN by active Src; 0 switches it off"),
    Parameter("k_PTEN_dephosphorylation", "1/h", "reactivation of phosphorylated PTEN"),
    Parameter("PTEN_autoactivation", "1", "active PTEN speeds its own reactivation; 0 switches loop B1 off"),
    Parameter("k_T308", "1/h", "phosphorylation of AKT T308 by PDK1 per unit of PIP3"),
    Parameter("k_S473", "1/h", "phosphorylation of AKT S473 by mTORC2 at saturating PIP3"),
    Parameter("K_S473", "1", "PIP3 at half of the S473 rate"),
    Parameter("k_AKT_dephosphorylation", "1/h", "dephosphorylation of either AKT site"),
    Parameter(
        "T308_stability", "1", "dephosphorylation of T308 where S473 is phosphorylated, relative to where it is not"
    ),
    Parameter("AKT_T308_activity", "1", "activity of AKT with T308 alone, relative to both sites"),
    Parameter("IC50_AKT_inhibitor", "nM", "ATP-competitive inhibitor that blocks half of AKT, isolated"),
    Parameter("cell_shift_AKT_inhibitor", "1", "how many times more AKT inhibitor that takes in cells"),
    Parameter("AKT_inhibitor_shield", "1", "dephosphorylation left to AKT with the inhibitor bound"),
    Parameter("IC50_mTOR_inhibitor", "nM", "kinase inhibitor that blocks half of mTORC1 and mTORC2, isolated"),
    Parameter("cell_shift_mTOR_inhibitor", "1", "how many times more mTOR inhibitor that takes in cells"),
    Parameter("S6K_mTORC2_feedback", "1", "how strongly active S6K lowers mTORC2; 0 switches the loop off"),
    Parameter("k_FOXO", "1/h", "return of FOXO to the nucleus"),
    Parameter("K_FOXO_AKT", "1", "AKT activity at which half of FOXO is outside the nucleus"),
    Parameter("k_S6K", "1/h", "inactivation of S6K"),
    Parameter("K_S6K", "1", "AKT activity at which half of S6K is active, without ERK"),
    Parameter("ERK_to_S6K", "1", "gain of S6K activation by active ERK, at the reference"),
)

QUANTITIES = (
    Quantity(
        "mTOR_free",
        "1",
        inhibited("mTOR_inhibitor", "(IC50_mTOR_inhibitor*cell_shift_mTOR_inhibitor)"),
        "share of mTOR that is not blocked",
    ),
    Quantity("mTORC2_activity", "1", "mTOR_free/(1 + S6K_mTORC2_feedback*S6K_active)", "activity of mTORC2"),
    Quantity(
        "AKT_inhibitor_bound",
        "1",
        saturating("AKT_inhibitor", "IC50_AKT_inhibitor*cell_shift_AKT_inhibitor"),
        "share of AKT with the inhibitor bound",
    ),
    Quantity(
        "AKT_activity",
        "1",
        "(AKT_T308_S473 + AKT_T308_activity*AKT_T308)*(1 - AKT_inhibitor_bound)",
        "AKT activity on its substrates",
    ),
    Quantity(
        "AKT_phosphatase",
        "1/h",
        "k_AKT_dephosphorylation*(1 - (1 - AKT_inhibitor_shield)*AKT_inhibitor_bound)",
        "dephosphorylation of AKT; an occupied active site shields the phosphates",
    ),
    Quantity(
        "PI3K_free",
        "1",
        inhibited("buparlisib", "(IC50_buparlisib*cell_shift_buparlisib)"),
        "share of PI3K that no pan-inhibitor blocks",
    ),
    Quantity(
        "serum_on_PI3K_alpha",
        "1",
        serum_dependent_share("PI3K_alpha_starved"),
        "ligand-free signal to p110alpha and activity of its mutant, relative to full medium",
    ),
    Quantity(
        "serum_on_PI3K_beta",
        "1",
        serum_dependent_share("PI3K_beta_starved"),
        "p110beta activity, relative to full medium",
    ),
    Quantity(
        "PI3K_drive",
        "1",
        "serum_on_PI3K_alpha*HER3_basal_signal + HER3_ligand_signal + EGFR_to_PI3K*EGFR_signal",
        "receptor signal to p110alpha",
    ),
    Quantity(
        "PI3K_alpha",
        "1",
        f"(PI3K_alpha_gain*{saturating('PI3K_drive', 'K_PI3K_alpha')}*IRS1 + serum_on_PI3K_alpha*PIK3CA_mutant)"
        "*PI3K_free/(1 + alpelisib/(IC50_alpelisib_alpha*cell_shift_alpelisib))",
        "activity of p110alpha",
    ),
    Quantity(
        "PI3K_beta",
        "1",
        f"serum_on_PI3K_beta*PI3K_beta_gain*(1 + PI3K_beta_PTEN*{fading('PTEN_active', 'K_PI3K_beta')})*IRS1"
        "*PI3K_free/(1 + alpelisib/(IC50_alpelisib_beta*cell_shift_alpelisib))",
        "activity of p110beta",
    ),
    Quantity(
        "PTEN_synthesis",
        "1/h",
        f"{synthesis_balancing_growth('k_PTEN_degradation')}*PTEN_synthesis_scale"
        "*(PTEN_translation + PTEN_plasmid_translation)",
        "PTEN protein made",
    ),
)

REACTIONS = (
    Reaction(
        "IRS1_synthesis",
        "-> IRS1",
        "k_IRS1/(1 + S6K_feedback*S6K_active)",
        assumption="S6K lowers the adapters through their turnover, hence over hours.",
        source="RodrikOutmezguine2011",
    ),
    Reaction("IRS1_degradation", "IRS1 ->", "k_IRS1*IRS1", source="Bouhaddou2018"),
    Reaction("PIP3_by_PI3K", "-> PIP3", "k_PI3K*(PI3K_alpha + PI3K_beta)", assumption="PIP2 is never short."),
    Reaction("PIP3_by_PTEN", "PIP3 ->", f"k_PTEN*PTEN_active*{saturating('PIP3', 'Km_PTEN')}"),
    Reaction("PIP3_by_SHIP", "PIP3 ->", "k_SHIP*PIP3"),
    Reaction("PTEN_translation_step", "-> PTEN_active", "PTEN_synthesis"),
    Reaction("PTEN_loss", "PTEN_active ->", "(k_PTEN_degradation + division_rate)*PTEN_active", source="Bouhaddou2018"),
    Reaction(
        "PTEN_phosphorylated_loss", "PTEN_phosphorylated ->", "(k_PTEN_degradation + division_rate)*PTEN_phosphorylated"
    ),
    Reaction(
        "PTEN_phosphorylation",
        "PTEN_active -> PTEN_phosphorylated",
        "k_PTEN_phosphorylation*SRC_active*PTEN_active",
        source="Nagata2004",
    ),
    Reaction(
        "PTEN_dephosphorylation",
        "PTEN_phosphorylated -> PTEN_active",
        "k_PTEN_dephosphorylation*(1 + PTEN_autoactivation*PTEN_active)*PTEN_phosphorylated",
        assumption="Active PTEN dephosphorylates its neighbors (loop B1).",
        source="Faratian2009",
    ),
    Reaction("AKT_T308_phosphorylation", "AKT -> AKT_T308", "k_T308*PIP3*AKT"),
    Reaction("AKT_T308_phosphorylation_second", "AKT_S473 -> AKT_T308_S473", "k_T308*PIP3*AKT_S473"),
    Reaction(
        "AKT_S473_phosphorylation", "AKT -> AKT_S473", f"k_S473*mTORC2_activity*{saturating('PIP3', 'K_S473')}*AKT"
    ),
    Reaction(
        "AKT_S473_phosphorylation_second",
        "AKT_T308 -> AKT_T308_S473",
        f"k_S473*mTORC2_activity*{saturating('PIP3', 'K_S473')}*AKT_T308",
    ),
    Reaction("AKT_T308_dephosphorylation", "AKT_T308 -> AKT", "AKT_phosphatase*AKT_T308"),
    Reaction(
        "AKT_T308_dephosphorylation_second",
        "AKT_T308_S473 -> AKT_S473",
        "AKT_phosphatase*T308_stability*AKT_T308_S473",
        assumption="Phosphorylated S473 shields T308.",
    ),
    Reaction("AKT_S473_dephosphorylation", "AKT_S473 -> AKT", "AKT_phosphatase*AKT_S473"),
    Reaction("AKT_S473_dephosphorylation_second", "AKT_T308_S473 -> AKT_T308", "AKT_phosphatase*AKT_T308_S473"),
    Reaction("FOXO_export", "FOXO_nuclear -> FOXO_cytoplasmic", "k_FOXO*AKT_activity/K_FOXO_AKT*FOXO_nuclear"),
    Reaction("FOXO_import", "FOXO_cytoplasmic -> FOXO_nuclear", "k_FOXO*FOXO_cytoplasmic"),
    Reaction(
        "S6K_activation",
        "S6K -> S6K_active",
        "k_S6K*AKT_activity/K_S6K*(1 + ERK_to_S6K*ERK_signal)*mTOR_free*S6K",
    ),
    Reaction("S6K_inactivation", "S6K_active -> S6K", "k_S6K*S6K_active"),
)

OBSERVABLES = (
    Observable("pAKT", "1", "AKT_S473 + AKT_T308_S473", "AKT phosphorylated at S473, share of total AKT"),
    Observable("pAKT_T308", "1", "AKT_T308 + AKT_T308_S473", "AKT phosphorylated at T308, share of total AKT"),
    Observable(
        "AKT_phosphorylated", "1", "AKT_T308 + AKT_S473 + AKT_T308_S473", "AKT with any phosphate, share of total AKT"
    ),
    Observable("AKT_substrates", "1", "AKT_activity", "AKT activity on its substrates (pPRAS40, pFOXO)"),
    Observable(
        "PTEN", "1", "PTEN_active + PTEN_phosphorylated", "total PTEN protein, relative to the untreated parental line"
    ),
    Observable(
        "PTEN_active_share",
        "1",
        "PTEN_active/(PTEN_active + PTEN_phosphorylated)",
        "share of PTEN that is active; not defined without any PTEN",
    ),
    Observable("pS6K", "1", "S6K_active", "active S6 kinase, share"),
)
