"""miR-21 is transcribed, processed, loaded into Argonaute, and silences PTEN and PDCD4.

Loaded miR-21 binds its targets by mass action and comes back when a target decays. Besides PTEN and PDCD4 it meets a
pool of other targets, the pseudogene transcript PTENP1, and NFIB, which represses its promoter. miR-221 silences PTEN
through a site of its own.
"""

from .language import Observable, Parameter, Quantity, Reaction, Species
from .rate_laws import saturating, silenced_translation, switching, synthesis_balancing_growth

SPECIES = (
    Species("miR21_primary", "molecules", "primary miR-21 transcript", same_as="hgnc:31586", start="miR21_scale/100"),
    Species(
        "miR21_duplex",
        "molecules",
        "miR-21 duplex, not loaded",
        same_as="mirbase:MIMAT0000076",
        start="miR21_scale/100",
    ),
    Species(
        "miR21_RISC",
        "molecules",
        "loaded miR-21 (in Argonaute), on no target and no anti-miR",
        same_as="mirbase:MIMAT0000076",
        start="miR21_scale",
    ),
    Species(
        "target_pool",
        "molecules",
        "sites of other miR-21 targets, without miR-21",
        moiety="target_pool_total",
        start="target_pool_size",
    ),
    Species(
        "target_pool_RISC", "molecules", "sites of other miR-21 targets, with miR-21 bound", moiety="target_pool_total"
    ),
    Species(
        "PTENP1",
        "molecules",
        "PTENP1 pseudogene transcript, without miR-21",
        same_as="hgnc:9589",
        start="PTENP1_copies",
    ),
    Species("PTENP1_RISC", "molecules", "PTENP1 transcript with miR-21 bound"),
    Species("NFIB", "1", "NFIB, relative", same_as="uniprot:O00712", start="0.7"),
    Species("miR221_RISC", "molecules", "miR-221 in Argonaute", same_as="mirbase:MIMAT0000278", start="miR221_basal"),
    Species("PTEN_mRNA", "molecules", "PTEN transcript, without miR-21", same_as="hgnc:9588", start="PTEN_mRNA_copies"),
    Species("PTEN_mRNA_RISC", "molecules", "PTEN transcript with miR-21 bound"),
    Species(
        "PDCD4_mRNA", "molecules", "PDCD4 transcript, without miR-21", same_as="hgnc:8763", start="PDCD4_mRNA_copies"
    ),
    Species("PDCD4_mRNA_RISC", "molecules", "PDCD4 transcript with miR-21 bound"),
    Species("PDCD4", "1", "PDCD4 protein, relative", same_as="uniprot:Q53EL6", start="1"),
)

PARAMETERS = (
    Parameter("synthesis_growth_coupling", "1", "share of synthesis that follows the growth rate, 0 to 1"),
    Parameter("miR21_scale", "molecules", "loaded miR-21 at a promoter activity of 1"),
    Parameter("miR21_promoter_basal", "1", "promoter activity without activators"),
    Parameter("miR21_promoter_AP1", "1", "promoter activity at saturating AP-1"),
    Parameter("K_miR21_AP1", "1", "AP-1 at half of its effect on the promoter"),
    Parameter("miR21_promoter_inflammation", "1", "promoter activity at saturating NF-kB/STAT3"),
    Parameter("K_miR21_inflammation", "1", "NF-kB/STAT3 at half of its effect on the promoter"),
    Parameter("miR21_extra_transcription", "1", "promoter activity that resistant cells have on top (mechanism open)"),
    Parameter("NFIB_repression", "1", "how strongly NFIB lowers the miR-21 promoter; 0 switches loop B3 off"),
    Parameter("k_NFIB", "1/h", "turnover of NFIB"),
    Parameter("k_miR21_processing", "1/h", "processing of primary miR-21"),
    Parameter("k_miRNA_loading", "1/h", "loading of a miRNA duplex into Argonaute"),
    Parameter("k_miRNA_decay", "1/h", "decay of loaded miRNA"),
    Parameter(
        "miR4728_stabilization",
        "1",
        "how much miR-4728 slows the decay of miR-21 at saturating ERBB2; 0 switches it off",
    ),
    Parameter("K_miR4728", "molecules", "HER2_level, standing for ERBB2 copies, at half of that"),
    Parameter("target_directed_decay", "1", "extra decay of miR-21 on a target, relative; 0 switches it off"),
    Parameter("antimiR_directed_decay", "1", "extra decay of miR-21 with anti-miR on it, relative; 0 switches it off"),
    Parameter(
        "Argonaute_scarcity", "1/molecules", "loaded miRNA that takes half of Argonaute, inverse; 0: never short"
    ),
    Parameter("k_miRNA_release", "1/h", "release of loaded miRNA from a target"),
    Parameter("K_miR21_PTEN", "molecules", "miR21_RISC at which half of the PTEN sites are bound"),
    Parameter("K_miR21_PDCD4", "molecules", "miR21_RISC at which half of the PDCD4 sites are bound"),
    Parameter("K_miR21_pool", "molecules", "miR21_RISC at which half of the other sites are bound"),
    Parameter(
        "K_miR21_SPRY",
        "molecules",
        "miR21_RISC at which half of the Sprouty sites are bound; very large: option off",
    ),
    Parameter("K_miR21_NFIB", "molecules", "miR21_RISC at which half of the NFIB sites are bound"),
    Parameter(
        "target_pool_size",
        "molecules",
        "sites of other miR-21 targets; acts through their conserved total alone; 0 switches the competition off",
    ),
    Parameter("faster_decay_PTEN", "1", "extra decay of PTEN transcript with miR-21 bound; relative to without"),
    Parameter("lost_translation_PTEN", "1", "share of translation lost on PTEN transcript with miR-21 bound"),
    Parameter("faster_decay", "1", "extra decay of other transcripts with a miRNA bound, relative to without"),
    Parameter("lost_translation", "1", "share of translation lost on other transcripts with a miRNA bound"),
    Parameter("PTEN_gene", "1", "transcription of the PTEN gene; 1 intact, less under a stable knock-down"),
    Parameter("PTEN_mRNA_copies", "molecules", "PTEN transcripts without any miRNA"),
    Parameter("k_PTEN_mRNA_decay", "1/h", "decay of PTEN transcript"),
    Parameter("PTENP1_copies", "molecules", "PTENP1 transcripts; 0 switches the decoy off"),
    Parameter("k_PTENP1_decay", "1/h", "decay of PTENP1 transcript"),
    Parameter("PDCD4_mRNA_copies", "molecules", "PDCD4 transcripts without any miRNA"),
    Parameter("k_PDCD4_mRNA_decay", "1/h", "decay of PDCD4 transcript"),
    Parameter("k_PDCD4_degradation", "1/h", "decay of PDCD4 protein"),
    Parameter("PDCD4_synthesis_scale", "1", "PDCD4 made from the full transcript, relative"),
    Parameter("S6K_PDCD4_degradation", "1", "extra PDCD4 decay driven by active S6K"),
    Parameter("miR221_basal", "molecules", "loaded miR-221 of an untreated cell"),
    Parameter(
        "miR221_extra",
        "molecules",
        "loaded miR-221 on top, for a line that overexpresses it; miR-221 is off where both are 0",
    ),
    Parameter("K_miR221_PTEN", "molecules", "loaded miR-221 at which half of the PTEN sites are bound"),
)


def _binding(target: str, half: str) -> str:
    """Association rate such that half of the sites are bound at `half` free complexes."""
    return f"k_miRNA_release/{half}*miR21_RISC*{target}"


QUANTITIES = (
    Quantity("miRNA_loss", "1/h", "k_miRNA_decay + division_rate", "loss of other loaded miRNA by decay and dilution"),
    Quantity(
        "miR21_decay",
        "1/h",
        f"k_miRNA_decay/(1 + miR4728_stabilization*{saturating('HER2_level', 'K_miR4728')})",
        "decay of loaded miR-21, which miR-4728 from an intron of ERBB2 slows",
        source="Newie2016",
    ),
    Quantity("miR21_loss_rate", "1/h", "miR21_decay + division_rate", "loss of loaded miR-21 by decay and dilution"),
    Quantity(
        "miR21_loss_on_target",
        "1/h",
        "miR21_decay*(1 + target_directed_decay) + division_rate",
        "loss of miR-21 bound to a target",
    ),
    Quantity(
        "Argonaute_free",
        "1",
        "1/(1 + Argonaute_scarcity*(miR21_RISC + PTEN_mRNA_RISC + PDCD4_mRNA_RISC + PTENP1_RISC + target_pool_RISC"
        " + antimiR_RISC + miR221_RISC))",
        "share of Argonaute that miR-21 and miR-221 leave free",
    ),
    Quantity(
        "miR21_promoter",
        "1",
        f"(miR21_promoter_basal + miR21_promoter_AP1*{switching('AP1', 'K_miR21_AP1')}"
        f" + miR21_promoter_inflammation*{switching('inflammation', 'K_miR21_inflammation')}"
        " + miR21_extra_transcription)/(1 + NFIB_repression*NFIB)",
        "activity of the miR-21 promoter",
    ),
    Quantity(
        "miR221_occupancy", "1", saturating("miR221_RISC", "K_miR221_PTEN"), "share of PTEN transcript bound by miR-221"
    ),
    Quantity(
        "PTEN_mRNA_turnover",
        "1",
        "1 + faster_decay*miR221_occupancy + PTEN_mRNA_cleavage",
        "decay of PTEN transcript without miR-21, relative to undisturbed",
    ),
    Quantity(
        "PTEN_translation",
        "1",
        "(PTEN_mRNA + (1 - lost_translation_PTEN)*PTEN_mRNA_RISC)/PTEN_mRNA_copies"
        "*(1 - lost_translation*miR221_occupancy)",
        "translation of the PTEN gene's own transcript, relative to undisturbed",
    ),
    Quantity(
        "PDCD4_translation",
        "1",
        "(PDCD4_mRNA + (1 - lost_translation)*PDCD4_mRNA_RISC)/PDCD4_mRNA_copies",
        "translation of PDCD4 transcript, relative to undisturbed",
    ),
    Quantity(
        "SPRY_silencing",
        "1",
        silenced_translation(saturating("miR21_RISC", "K_miR21_SPRY"), "faster_decay", "lost_translation"),
        "Sprouty synthesis left under miR-21",
    ),
    Quantity(
        "NFIB_silencing",
        "1",
        silenced_translation(saturating("miR21_RISC", "K_miR21_NFIB"), "faster_decay", "lost_translation"),
        "NFIB synthesis left under miR-21",
    ),
)

REACTIONS = (
    Reaction(
        "miR21_transcription",
        "-> miR21_primary",
        f"miR21_scale*{synthesis_balancing_growth('k_miRNA_decay')}*miR21_promoter",
        source="Huang2009",
    ),
    Reaction("miR21_processing", "miR21_primary -> miR21_duplex", "k_miR21_processing*miR21_primary"),
    Reaction(
        "miR21_loading",
        "miR21_duplex -> miR21_RISC",
        "k_miRNA_loading*Argonaute_free*miR21_duplex",
        source="Kingston2019",
    ),
    Reaction(
        "miR21_duplex_loss",
        "miR21_duplex ->",
        "k_miRNA_loading*(1 - Argonaute_free)*miR21_duplex",
        assumption="A duplex that finds no Argonaute is degraded as fast as it would have been loaded.",
    ),
    Reaction("miR21_loss", "miR21_RISC ->", "miR21_loss_rate*miR21_RISC", source="Kingston2019"),
    Reaction(
        "PTEN_mRNA_synthesis",
        "-> PTEN_mRNA",
        "k_PTEN_mRNA_decay*PTEN_mRNA_copies*PTEN_gene",
        assumption="A stable knock-down (shRNA, a lost allele) makes less transcript, so transcript and protein fall.",
        source="Bouhaddou2018",
    ),
    Reaction("PTEN_mRNA_decay", "PTEN_mRNA ->", "k_PTEN_mRNA_decay*PTEN_mRNA_turnover*PTEN_mRNA"),
    Reaction("PTEN_mRNA_binding", "PTEN_mRNA + miR21_RISC -> PTEN_mRNA_RISC", _binding("PTEN_mRNA", "K_miR21_PTEN")),
    Reaction("PTEN_mRNA_release", "PTEN_mRNA_RISC -> PTEN_mRNA + miR21_RISC", "k_miRNA_release*PTEN_mRNA_RISC"),
    Reaction(
        "PTEN_mRNA_silenced_decay",
        "PTEN_mRNA_RISC -> miR21_RISC",
        "k_PTEN_mRNA_decay*(PTEN_mRNA_turnover + faster_decay_PTEN)*PTEN_mRNA_RISC",
        assumption="Loaded miR-21 comes back when its target decays: one complex silences many transcripts.",
        source="Baek2008",
    ),
    Reaction("PTEN_mRNA_RISC_loss", "PTEN_mRNA_RISC -> PTEN_mRNA", "miR21_loss_on_target*PTEN_mRNA_RISC"),
    Reaction(
        "PTENP1_synthesis",
        "-> PTENP1",
        "k_PTENP1_decay*PTENP1_copies",
        assumption="Of all that acts on PTEN transcript only miR-21 meets PTENP1: neither miR-221 nor the siRNA does.",
        source="Poliseno2010",
    ),
    Reaction("PTENP1_decay", "PTENP1 ->", "k_PTENP1_decay*PTENP1"),
    Reaction(
        "PTENP1_binding",
        "PTENP1 + miR21_RISC -> PTENP1_RISC",
        _binding("PTENP1", "K_miR21_PTEN"),
        assumption="The pseudogene carries the same site as PTEN.",
        source="Poliseno2010",
    ),
    Reaction("PTENP1_release", "PTENP1_RISC -> PTENP1 + miR21_RISC", "k_miRNA_release*PTENP1_RISC"),
    Reaction(
        "PTENP1_silenced_decay", "PTENP1_RISC -> miR21_RISC", "k_PTENP1_decay*(1 + faster_decay_PTEN)*PTENP1_RISC"
    ),
    Reaction("PTENP1_RISC_loss", "PTENP1_RISC -> PTENP1", "miR21_loss_on_target*PTENP1_RISC"),
    Reaction(
        "target_pool_binding",
        "target_pool + miR21_RISC -> target_pool_RISC",
        _binding("target_pool", "K_miR21_pool"),
        assumption="Other targets are many and their number of sites is constant.",
        source="Mukherji2011",
    ),
    Reaction("target_pool_release", "target_pool_RISC -> target_pool + miR21_RISC", "k_miRNA_release*target_pool_RISC"),
    Reaction("target_pool_RISC_loss", "target_pool_RISC -> target_pool", "miR21_loss_on_target*target_pool_RISC"),
    Reaction("NFIB_synthesis", "-> NFIB", "k_NFIB*NFIB_silencing", source="Fujita2008"),
    Reaction("NFIB_degradation", "NFIB ->", "k_NFIB*NFIB"),
    Reaction("PDCD4_mRNA_synthesis", "-> PDCD4_mRNA", "k_PDCD4_mRNA_decay*PDCD4_mRNA_copies"),
    Reaction("PDCD4_mRNA_decay_step", "PDCD4_mRNA ->", "k_PDCD4_mRNA_decay*(1 + PDCD4_mRNA_cleavage)*PDCD4_mRNA"),
    Reaction(
        "PDCD4_mRNA_binding", "PDCD4_mRNA + miR21_RISC -> PDCD4_mRNA_RISC", _binding("PDCD4_mRNA", "K_miR21_PDCD4")
    ),
    Reaction("PDCD4_mRNA_release", "PDCD4_mRNA_RISC -> PDCD4_mRNA + miR21_RISC", "k_miRNA_release*PDCD4_mRNA_RISC"),
    Reaction(
        "PDCD4_mRNA_silenced_decay",
        "PDCD4_mRNA_RISC -> miR21_RISC",
        "k_PDCD4_mRNA_decay*(1 + PDCD4_mRNA_cleavage + faster_decay)*PDCD4_mRNA_RISC",
        source="Huang2009",
    ),
    Reaction("PDCD4_mRNA_RISC_loss", "PDCD4_mRNA_RISC -> PDCD4_mRNA", "miR21_loss_on_target*PDCD4_mRNA_RISC"),
    Reaction(
        "PDCD4_synthesis",
        "-> PDCD4",
        f"{synthesis_balancing_growth('k_PDCD4_degradation')}*PDCD4_synthesis_scale*PDCD4_translation",
    ),
    Reaction(
        "PDCD4_loss", "PDCD4 ->", "(k_PDCD4_degradation*(1 + S6K_PDCD4_degradation*S6K_active) + division_rate)*PDCD4"
    ),
    Reaction(
        "miR221_supply",
        "-> miR221_RISC",
        f"{synthesis_balancing_growth('k_miRNA_decay')}*(miR221_basal + miR221_extra)",
        source="Ye2014",
    ),
    Reaction("miR221_loss", "miR221_RISC ->", "miRNA_loss*miR221_RISC"),
)

OBSERVABLES = (
    Observable(
        "miR21",
        "molecules",
        "miR21_RISC + PTEN_mRNA_RISC + PDCD4_mRNA_RISC + PTENP1_RISC + target_pool_RISC + antimiR_RISC",
        "all loaded miR-21, as qPCR reads it",
    ),
    Observable(
        "miR21_free",
        "molecules",
        "miR21_RISC + PTEN_mRNA_RISC + PDCD4_mRNA_RISC + PTENP1_RISC + target_pool_RISC",
        "loaded miR-21 free of anti-miR, on its targets or on none",
    ),
    Observable(
        "PTEN_transcript", "molecules", "PTEN_mRNA + PTEN_mRNA_RISC", "PTEN transcript, with and without miR-21"
    ),
)
