"""What carries a difference between two cultures to a reading, and which terms read it."""

from .language import Influence

_ON_PIP3 = ("pAKT", "pAKT_T308", "PIP3", "AKT_substrates", "pS6K", "growth", "p27", "log_cell_number")
_ON_AKT = ("pAKT", "pAKT_T308", "AKT_substrates", "pS6K", "growth", "p27", "log_cell_number")
_ON_S6K = ("pS6K",)
_ON_GROWTH = ("growth", "log_cell_number")
_ON_PTEN = ("PTEN", "PTEN_active")

INFLUENCES = (
    Influence("PTEN", ("PTEN_active",), ("PIP3_by_PTEN", "PI3K_beta"), "restoring PTEN", _ON_PIP3),
    Influence(
        "HER3 signal", ("HER3_basal_signal", "HER3_ligand_signal"), ("PI3K_drive",), "setting the HER3 signal", _ON_PIP3
    ),
    Influence("EGFR signal", ("EGFR_signal",), ("PI3K_drive",), "setting the EGFR signal", _ON_PIP3),
    Influence(
        "adapters (S6K feedback)",
        ("IRS1",),
        ("PI3K_alpha", "PI3K_beta"),
        "setting the adapters that S6K wears down",
        _ON_PIP3,
    ),
    Influence(
        "mTORC2 (S6K feedback)",
        ("mTORC2_activity",),
        ("AKT_S473_phosphorylation", "AKT_S473_phosphorylation_second"),
        "setting mTORC2",
        _ON_AKT,
    ),
    Influence("ERK", ("ERK_signal",), ("S6K_activation",), "setting ERK", _ON_S6K),
    Influence("ERK", ("ERK_signal",), ("S6K_activation", "cyclin_D_synthesis"), "setting ERK", _ON_GROWTH),
    Influence("BIM", ("BIM",), ("death_rate",), "setting BIM", _ON_GROWTH),
    Influence("miR-21", ("miR21_RISC",), ("PTEN_mRNA_binding",), "setting free miR-21", _ON_PTEN),
    Influence(
        "miR-221", ("miR221_occupancy",), ("PTEN_mRNA_turnover", "PTEN_translation"), "setting miR-221", _ON_PTEN
    ),
    Influence(
        "growth",
        ("division_rate",),
        (
            "PTEN_synthesis",
            "PTEN_loss",
            "PTEN_phosphorylated_loss",
            "miRNA_loss",
            "miR21_loss_rate",
            "miR21_loss_on_target",
        ),
        "setting the growth rate",
        _ON_PTEN,
    ),
    Influence("Src", ("SRC_active",), ("PTEN_phosphorylation",), "setting Src", _ON_PTEN),
)
