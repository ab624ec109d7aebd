"""Feedback loops and options of the circuit, what switches each off, and where a second stable state is looked for."""

from collections.abc import Mapping

from .language import FeedbackLoop

LOOPS = (
    FeedbackLoop(
        "B1 PTEN auto-activation", {"PTEN_autoactivation": 0.0}, "active PTEN reactivates PTEN", may_switch=True
    ),
    FeedbackLoop(
        "B2 PDCD4 on AP-1",
        {"PDCD4_AP1_inhibition": 0.0},
        "AP-1 makes miR-21, miR-21 lowers PDCD4, PDCD4 lowers AP-1",
        may_switch=True,
    ),
    FeedbackLoop(
        "B3 NFIB on miR-21", {"NFIB_repression": 0.0}, "miR-21 lowers NFIB, NFIB lowers miR-21", may_switch=True
    ),
    FeedbackLoop(
        "B4 AKT to NF-kB/STAT3",
        {"AKT_to_inflammation": 0.0},
        "AKT raises NF-kB/STAT3, which makes miR-21, which lowers PTEN, which lowers AKT",
        may_switch=True,
    ),
    FeedbackLoop(
        "B5 IL-6 to STAT3",
        {"IL6_to_inflammation": 0.0},
        "NF-kB/STAT3 makes IL-6, IL-6 activates STAT3, STAT3 makes miR-21",
        may_switch=True,
    ),
    FeedbackLoop("FOXO to HER3", {"FOXO_HER3_induction": 0.0}, may_switch=True),
    FeedbackLoop("S6K to adapters", {"S6K_feedback": 0.0}, may_switch=True),
    FeedbackLoop("S6K to mTORC2", {"S6K_mTORC2_feedback": 0.0}),
    FeedbackLoop("ERK to RAS", {"ERK_feedback": 0.0}),
    FeedbackLoop("ERK to RAF", {"RAF_feedback": 0.0}),
    FeedbackLoop("ERK to its phosphatases", {"DUSP_feedback": 0.0}),
    FeedbackLoop("Sprouty to RAS", {"SPRY_feedback": 0.0}),
    FeedbackLoop("ligand shedding", {"shedding": 0.0}),
    FeedbackLoop("ligand desensitization", {"HRG_desensitisation": 0.0, "k_EGFR_endocytosis": 0.0}),
    FeedbackLoop("HER2 keeps EGFR at the surface", {"HER2_shielding": 0.0}),
    FeedbackLoop("Src on PTEN", {"k_PTEN_phosphorylation": 0.0}, may_switch=True),
    FeedbackLoop("p110beta gain at low PTEN", {"PI3K_beta_PTEN": 0.0}, may_switch=True),
    FeedbackLoop("competing target pool", {"target_pool_size": 0.0}),
    FeedbackLoop("PTENP1 decoy", {"PTENP1_copies": 0.0}),
    FeedbackLoop("miR-21 on Sprouty", {"K_miR21_SPRY": 1000000000000.0}),
    FeedbackLoop("miR-221", {"miR221_basal": 0.0, "miR221_extra": 0.0}, may_switch=True),
    FeedbackLoop("death by BIM", {"k_apoptosis": 0.0}),
    FeedbackLoop("miR-4728 on miR-21", {"miR4728_stabilization": 0.0}),
    FeedbackLoop("miR-21 degraded on its targets", {"target_directed_decay": 0.0}),
    FeedbackLoop("miR-21 degraded with anti-miR", {"antimiR_directed_decay": 0.0}),
    FeedbackLoop("limited Argonaute", {"Argonaute_scarcity": 0.0}),
    FeedbackLoop("growth coupling of synthesis", {"synthesis_growth_coupling": 0.0}, may_switch=True),
)

DRIVE = "miR21_extra_transcription"
"""The miR-21 drive: promoter activity that resistant cells have on top."""

COMPARED = (
    "miR21_RISC",
    "PTEN_active",
    "AKT_T308_S473",
    "PDCD4",
    "NFIB",
    "inflammation",
    "AP1",
    "PTEN_phosphorylated",
)
"""Species by which two stable states are told apart."""

_MIRNA = ("miR21_primary", "miR21_duplex", "miR21_RISC")
EXTREME_STARTS: Mapping[str, Mapping[float, tuple[str, ...]]] = {
    "resistant": {
        100.0: _MIRNA,
        0.01: ("PDCD4", "PDCD4_mRNA", "NFIB", "PTEN_active", "PTEN_phosphorylated", "PTEN_mRNA"),
        5.0: ("inflammation", "IL6", "AP1", "PIP3"),
    },
    "sensitive": {
        0.001: _MIRNA,
        2.0: ("PDCD4", "NFIB", "PTEN_active", "PTEN_mRNA"),
        0.02: ("inflammation", "IL6", "AP1", "PIP3", "PTEN_phosphorylated"),
    },
    "inactive PTEN": {0.001: ("PTEN_active",)},
    "inflamed": {30.0: ("inflammation", "IL6"), 0.1: ("NFIB",)},
}
"""Starts far apart: what the usual amounts are multiplied by."""
RANDOM_STARTS = (*_MIRNA, "PDCD4", "NFIB", "inflammation", "IL6", "AP1", "PTEN_active", "PTEN_phosphorylated")
"""Species that random starts scatter."""

MIR21_TO_PTEN: Mapping[str, float] = {"faster_decay_PTEN": 0.0, "lost_translation_PTEN": 0.0}
"""What cuts the edge from miR-21 to PTEN: miR-21 still binds the transcript, and nothing follows."""
