"""RAS, ERK, AP-1 and inflammation: how HER2 signalling reaches the miR-21 promoter."""

from .language import Observable, Parameter, Quantity, Reaction, Species
from .rate_laws import inhibited, saturating

SPECIES = (
    Species("RAS_GDP", "1", "RAS, inactive share", same_as="uniprot:P01112", moiety="RAS_total", start="0.8"),
    Species("RAS_GTP", "1", "RAS, active share", same_as="uniprot:P01112", moiety="RAS_total", start="0.2"),
    Species("ERK", "1", "ERK, inactive share", same_as="uniprot:P28482", moiety="ERK_total", start="0.7"),
    Species(
        "ERK_active", "1", "ERK, doubly phosphorylated share", same_as="uniprot:P28482", moiety="ERK_total", start="0.3"
    ),
    Species("SPRY", "1", "Sprouty, relative", same_as="uniprot:O43597", start="1"),
    Species("DUSP_mRNA", "1", "transcript of ERK phosphatases (DUSP1, 4, 6), relative", start="0.3"),
    Species("DUSP", "1", "ERK phosphatases that ERK itself induces, relative", same_as="uniprot:Q16828", start="0.3"),
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
    Parameter("ERK_feedback", "1", "how strongly active ERK lowers RAS activation (SOS); 0 switches the loop off"),
    Parameter("SPRY_feedback", "1", "how strongly Sprouty lowers RAS activation; 0 switches the loop off"),
    Parameter("k_SPRY", "1/h", "turnover of Sprouty"),
    Parameter("ERK_to_SPRY", "1", "gain of Sprouty synthesis by active ERK"),
    Parameter("k_ERK", "1/h", "dephosphorylation of ERK without induced phosphatases"),
    Parameter("RAS_to_ERK", "1", "phosphorylation of ERK per RAS-GTP, relative to k_ERK"),
    Parameter(
        "DUSP_feedback", "1", "how strongly induced phosphatases speed ERK's dephosphorylation; 0 switches the loop off"
    ),
    Parameter("k_DUSP_mRNA", "1/h", "turnover of the phosphatases' transcript"),
    Parameter("k_DUSP", "1/h", "turnover of the phosphatases"),
    Parameter("IC50_MEK_inhibitor", "nM", "inhibitor that blocks half of MEK"),
    Parameter("k_AP1", "1/h", "turnover of AP-1"),
    Parameter("ERK_to_AP1", "1", "AP-1 made per active ERK"),
    Parameter("PDCD4_AP1_inhibition", "1", "how strongly PDCD4 lowers AP-1; 0 switches loop B2 off"),
    Parameter("k_inflammation", "1/h", "turnover of NF-kB/STAT3 activity"),
    Parameter("inflammation_basal", "1", "NF-kB/STAT3 activity from outside the circuit"),
    Parameter("AKT_to_inflammation", "1", "NF-kB activation by AKT; 0 switches loop B4 off"),
    Parameter("IL6_to_inflammation", "1", "STAT3 activation by autocrine IL-6; 0 switches loop B5 off"),
    Parameter("K_IL6", "1", "IL-6 at half of its effect"),
    Parameter("k_IL6", "1/h", "turnover of IL-6"),
)

QUANTITIES = (
    Quantity("MEK_free", "1", inhibited("MEK_inhibitor", "IC50_MEK_inhibitor"), "share of MEK that is not blocked"),
    Quantity(
        "RAS_activation",
        "1",
        "(RAS_basal + RAS_mutant + HER2_to_RAS*HER2_signal + HER3_to_RAS*HER3_signal + EGFR_to_RAS*EGFR_signal)"
        "/(1 + ERK_feedback*ERK_active + SPRY_feedback*SPRY)",
        "activation of RAS by all receptors, after feedback",
    ),
)

REACTIONS = (
    Reaction("RAS_loading", "RAS_GDP -> RAS_GTP", "k_RAS*RAS_activation*RAS_GDP"),
    Reaction("RAS_hydrolysis", "RAS_GTP -> RAS_GDP", "k_RAS*RAS_GTP"),
    Reaction("ERK_phosphorylation", "ERK -> ERK_active", "k_ERK*RAS_to_ERK*RAS_GTP*MEK_free*ERK"),
    Reaction("ERK_dephosphorylation", "ERK_active -> ERK", "k_ERK*(1 + DUSP_feedback*DUSP)*ERK_active"),
    Reaction(
        "DUSP_transcription",
        "-> DUSP_mRNA",
        "k_DUSP_mRNA*ERK_active",
        assumption="Active ERK induces its own phosphatases within an hour, below MEK.",
        source="Nakakuki2010",
    ),
    Reaction("DUSP_mRNA_decay", "DUSP_mRNA ->", "k_DUSP_mRNA*DUSP_mRNA"),
    Reaction("DUSP_translation", "-> DUSP", "k_DUSP*DUSP_mRNA"),
    Reaction("DUSP_degradation", "DUSP ->", "k_DUSP*DUSP"),
    Reaction(
        "SPRY_synthesis",
        "-> SPRY",
        "k_SPRY*(1 + ERK_to_SPRY*ERK_active)*SPRY_silencing",
        assumption="miR-21 silences Sprouty; its transcript settles faster than the protein.",
    ),
    Reaction("SPRY_degradation", "SPRY ->", "k_SPRY*SPRY"),
    Reaction(
        "AP1_synthesis",
        "-> AP1",
        "k_AP1*ERK_to_AP1*ERK_active/(1 + PDCD4_AP1_inhibition*PDCD4)",
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
    Observable("pERK", "1", "ERK_active", "phosphorylated ERK, share of total ERK"),
    Observable("pMEK", "1", "RAS_GTP*MEK_free", "phosphorylated MEK, which follows RAS within minutes, relative"),
)
