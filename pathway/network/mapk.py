"""RAS, ERK, AP-1 and inflammation: how HER2 signalling reaches the miR-21 promoter."""

from .language import Observable, Parameter, Quantity, Reaction, Species
from .rate_laws import inhibited, saturating, serum_dependent_share

SPECIES = (
    Species("RAS_GDP", "1", "RAS, inactive share", same_as="uniprot:P01112", moiety="RAS_total", start="0.8"),
    Species("RAS_GTP", "1", "RAS, active share", same_as="uniprot:P01112", moiety="RAS_total", start="0.2"),
    Species("MEK", "1", "MEK, inactive share", same_as="uniprot:Q02750", moiety="MEK_total", start="0.7"),
    Species("MEK_active", "1", "MEK, phosphorylated share", same_as="uniprot:Q02750", moiety="MEK_total", start="0.3"),
    Species("ERK", "1", "ERK without phosphate, share", same_as="uniprot:P28482", moiety="ERK_total", start="0.7"),
    Species(
        "ERK_single",
        "1",
        "ERK with one of its two phosphates, share",
        same_as="uniprot:P28482",
        moiety="ERK_total",
        start="0.2",
    ),
    Species(
        "ERK_active", "1", "ERK with both phosphates, share", same_as="uniprot:P28482", moiety="ERK_total", start="0.1"
    ),
    Species("SPRY", "1", "Sprouty, relative", same_as="uniprot:O43597", start="1"),
    Species("DUSP_mRNA", "1", "transcript of ERK phosphatases (DUSP1, 4, 6), relative", start="1"),
    Species("DUSP", "1", "ERK phosphatases that ERK itself induces, relative", same_as="uniprot:Q16828", start="1"),
    Species("AP1", "1", "AP-1 activity, relative", start="0.5"),
    Species("inflammation", "1", "NF-kB and STAT3 activity, lumped", start="1"),
    Species("IL6", "1", "interleukin 6 that the cells make, relative", same_as="uniprot:P05231", start="1"),
)

PARAMETERS = (
    Parameter("k_RAS", "1/h", "turnover of RAS-GTP"),
    Parameter("RAS_basal", "1", "activation of RAS without receptors"),
    Parameter("RAS_mutant", "1", "activation of RAS by an oncogenic allele (RASV12); 0 in these lines"),
    Parameter("HER2_to_RAS", "1", "activation of RAS by the HER2 signal"),
    Parameter("HER3_to_RAS", "1", "activation of RAS by the HER3 signal"),
    Parameter("EGFR_to_RAS", "1", "activation of RAS by the EGFR signal"),
    Parameter("RAS_starved", "1", "share of the activation of RAS by ligand-free receptors that is left without serum"),
    Parameter("ERK_reference", "1", "active ERK of the reference cell, untreated, in full medium"),
    Parameter("ERK_feedback", "1", "how strongly active ERK lowers RAS activation (SOS); 0 switches the loop off"),
    Parameter("RAF_feedback", "1", "how strongly active ERK lowers RAF; 0 switches the loop off"),
    Parameter("SPRY_feedback", "1", "how strongly Sprouty lowers RAS activation; 0 switches the loop off"),
    Parameter("k_SPRY", "1/h", "turnover of Sprouty"),
    Parameter("ERK_to_SPRY", "1", "gain of Sprouty synthesis by active ERK, at the reference"),
    Parameter("k_MEK", "1/h", "dephosphorylation of MEK"),
    Parameter("RAS_to_MEK", "1", "phosphorylation of MEK by RAF per RAS-GTP, relative to k_MEK"),
    Parameter(
        "k_ERK", "1/h", "dephosphorylation of either ERK site without induced phosphatases, little ERK in their way"
    ),
    Parameter("MEK_to_ERK", "1", "phosphorylation of either ERK site per active MEK, relative to k_ERK"),
    Parameter("K_ERK_phosphatase", "1", "phosphorylated ERK at which half of its phosphatases are busy"),
    Parameter(
        "DUSP_feedback", "1", "how strongly induced phosphatases speed ERK's dephosphorylation; 0 switches the loop off"
    ),
    Parameter("k_DUSP_mRNA", "1/h", "turnover of the phosphatases' transcript"),
    Parameter("k_DUSP", "1/h", "turnover of the phosphatases"),
    Parameter("IC50_MEK_inhibitor", "nM", "inhibitor that blocks half of MEK, isolated"),
    Parameter("cell_shift_MEK_inhibitor", "1", "how many times more MEK inhibitor that takes in cells"),
    Parameter("k_AP1", "1/h", "turnover of AP-1"),
    Parameter("ERK_to_AP1", "1", "AP-1 made by active ERK, at the reference"),
    Parameter("PDCD4_AP1_inhibition", "1", "how strongly PDCD4 lowers AP-1; 0 switches loop B2 off"),
    Parameter("k_inflammation", "1/h", "turnover of NF-kB/STAT3 activity"),
    Parameter("inflammation_basal", "1", "NF-kB/STAT3 activity from outside the circuit"),
    Parameter("AKT_to_inflammation", "1", "NF-kB activation by AKT; 0 switches loop B4 off"),
    Parameter("IL6_to_inflammation", "1", "STAT3 activation by autocrine IL-6; 0 switches loop B5 off"),
    Parameter("K_IL6", "1", "IL-6 at half of its effect"),
    Parameter("k_IL6", "1/h", "turnover of IL-6"),
)

QUANTITIES = (
    Quantity(
        "MEK_free",
        "1",
        inhibited("MEK_inhibitor", "(IC50_MEK_inhibitor*cell_shift_MEK_inhibitor)"),
        "share of MEK that is not blocked",
    ),
    Quantity("ERK_signal", "1", "ERK_active/ERK_reference", "active ERK, relative to the reference cell"),
    Quantity(
        "serum_on_RAS",
        "1",
        serum_dependent_share("RAS_starved"),
        "activation of RAS by ligand-free receptors, relative to full medium",
    ),
    Quantity(
        "RAS_activation",
        "1",
        "(RAS_basal + RAS_mutant + serum_on_RAS*(HER2_to_RAS*HER2_signal + HER3_to_RAS*HER3_basal_signal)"
        " + HER3_to_RAS*HER3_ligand_signal + EGFR_to_RAS*EGFR_signal)"
        "/(1 + ERK_feedback*ERK_signal + SPRY_feedback*SPRY)",
        "activation of RAS by all receptors, after feedback",
    ),
    Quantity(
        "RAF_activity", "1", "RAS_GTP/(1 + RAF_feedback*ERK_signal)", "RAF that RAS-GTP activates, after feedback"
    ),
    Quantity("MEK_on_ERK", "1/h", "k_ERK*MEK_to_ERK*MEK_active*MEK_free", "phosphorylation of either ERK site"),
    Quantity(
        "ERK_phosphatase",
        "1/h",
        "k_ERK*(1 + DUSP_feedback*DUSP)/(1 + (ERK_single + ERK_active)/K_ERK_phosphatase)",
        "dephosphorylation of either ERK site",
    ),
)

REACTIONS = (
    Reaction("RAS_loading", "RAS_GDP -> RAS_GTP", "k_RAS*RAS_activation*RAS_GDP"),
    Reaction("RAS_hydrolysis", "RAS_GTP -> RAS_GDP", "k_RAS*RAS_GTP"),
    Reaction(
        "MEK_phosphorylation",
        "MEK -> MEK_active",
        "k_MEK*RAS_to_MEK*RAF_activity*MEK",
        assumption="RAF phosphorylates both sites of MEK in one encounter; MEK runs short where RAS is strong.",
    ),
    Reaction("MEK_dephosphorylation", "MEK_active -> MEK", "k_MEK*MEK_active"),
    Reaction(
        "ERK_phosphorylation",
        "ERK -> ERK_single",
        "MEK_on_ERK*ERK",
        assumption="MEK lets go of ERK after each phosphate; both sites are alike.",
    ),
    Reaction("ERK_phosphorylation_second", "ERK_single -> ERK_active", "MEK_on_ERK*ERK_single"),
    Reaction(
        "ERK_dephosphorylation",
        "ERK_single -> ERK",
        "ERK_phosphatase*ERK_single",
        assumption="ERK with one phosphate and with both compete for the same phosphatases.",
    ),
    Reaction("ERK_dephosphorylation_second", "ERK_active -> ERK_single", "ERK_phosphatase*ERK_active"),
    Reaction(
        "DUSP_transcription",
        "-> DUSP_mRNA",
        "k_DUSP_mRNA*ERK_signal",
        assumption="Active ERK induces its own phosphatases within an hour, below MEK.",
        source="Nakakuki2010",
    ),
    Reaction("DUSP_mRNA_decay", "DUSP_mRNA ->", "k_DUSP_mRNA*DUSP_mRNA"),
    Reaction("DUSP_translation", "-> DUSP", "k_DUSP*DUSP_mRNA"),
    Reaction("DUSP_degradation", "DUSP ->", "k_DUSP*DUSP"),
    Reaction(
        "SPRY_synthesis",
        "-> SPRY",
        "k_SPRY*(1 + ERK_to_SPRY*ERK_signal)*SPRY_silencing",
        assumption="miR-21 silences Sprouty; its transcript settles faster than the protein.",
    ),
    Reaction("SPRY_degradation", "SPRY ->", "k_SPRY*SPRY"),
    Reaction(
        "AP1_synthesis",
        "-> AP1",
        "k_AP1*ERK_to_AP1*ERK_signal/(1 + PDCD4_AP1_inhibition*PDCD4)",
        assumption="PDCD4 keeps AP-1 down (loop B2 with miR-21).",
    ),
    Reaction("AP1_degradation", "AP1 ->", "k_AP1*AP1", source="Bouhaddou2018"),
    Reaction(
        "inflammation_onset",
        "-> inflammation",
        "k_inflammation*(inflammation_basal + AKT_to_inflammation*AKT_activity"
        f" + IL6_to_inflammation*{saturating('IL6', 'K_IL6')})",
        source="DeMattosArruda2015",
    ),
    Reaction("inflammation_decline", "inflammation ->", "k_inflammation*inflammation"),
    Reaction("IL6_synthesis", "-> IL6", "k_IL6*inflammation", source="DeMattosArruda2015"),
    Reaction("IL6_degradation", "IL6 ->", "k_IL6*IL6"),
)

OBSERVABLES = (
    Observable("pERK", "1", "ERK_active", "doubly phosphorylated ERK, share of total ERK"),
    Observable("pMEK", "1", "MEK_active", "phosphorylated MEK, share of total MEK"),
)
