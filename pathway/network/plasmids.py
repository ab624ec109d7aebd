"""PTEN on a plasmid, on top of the cell's own gene: without the miR-21 site, or with it as the control."""

from .language import Parameter, Quantity, Reaction, Species
from .rate_laws import saturating

SPECIES = (
    Species("PTEN_plasmid", "ug/mL", "PTEN plasmid without the miR-21 site, inside, as transfected"),
    Species("PTEN_plasmid_3UTR", "ug/mL", "PTEN plasmid with the miR-21 site, inside, as transfected"),
)

PARAMETERS = (
    Parameter("k_plasmid_loss", "1/h", "loss of plasmid from selected cells"),
    Parameter(
        "plasmid_strength", "mL/ug", "transcript from a plasmid, relative to the gene's own without miRNA, per dose"
    ),
)

QUANTITIES = (
    Quantity(
        "PTEN_site_occupancy",
        "1",
        saturating("miR21_RISC", "K_miR21_PTEN"),
        "share of plasmid transcript with the miR-21 site that is bound; binding settles within minutes",
    ),
    Quantity(
        "PTEN_plasmid_translation",
        "1",
        "plasmid_strength*(PTEN_plasmid + PTEN_plasmid_3UTR*(1 - lost_translation_PTEN*PTEN_site_occupancy)"
        "*(1 - lost_translation*miR221_occupancy)"
        "/(1 + faster_decay_PTEN*PTEN_site_occupancy + faster_decay*miR221_occupancy))",
        "translation of plasmid transcripts, relative to the undisturbed gene",
    ),
)


REACTIONS = (
    Reaction(
        "PTEN_plasmid_loss",
        "PTEN_plasmid ->",
        "k_plasmid_loss*PTEN_plasmid",
        assumption="Plasmid cells are selected, so growth does not dilute the plasmid.",
        source="Gong2011",
    ),
    Reaction("PTEN_plasmid_3UTR_loss", "PTEN_plasmid_3UTR ->", "k_plasmid_loss*PTEN_plasmid_3UTR", source="Gong2011"),
)

OBSERVABLES = ()
