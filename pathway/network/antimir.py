"""Anti-miR-21: it reaches the cytosol with a transfection reagent or by itself, and ties up loaded miR-21.

Binding uses up both sides, in molecules: when the anti-miR is short, miR-21 is left over.
"""

from .language import Observable, Parameter, Reaction, Species

SPECIES = (
    Species("antimiR_lipoplex", "nM", "anti-miR-21 in transfection complexes, in the medium"),
    Species("antimiR_medium", "nM", "naked anti-miR-21 in the medium"),
    Species("antimiR_endosomal", "molecules", "anti-miR-21 in endosomes"),
    Species("antimiR_cytosol", "molecules", "anti-miR-21 in the cytosol, free"),
    Species("antimiR_RISC", "molecules", "anti-miR-21 on loaded miR-21"),
)

PARAMETERS = (
    Parameter("k_lipoplex_loss", "1/h", "loss of transfection complexes from the medium"),
    Parameter("k_antimiR_transfection", "molecules/(nM*h)", "anti-miR delivered to the cytosol by complexes"),
    Parameter("k_antimiR_uptake", "molecules/(nM*h)", "naked anti-miR taken up into endosomes"),
    Parameter("k_antimiR_medium_loss", "1/h", "loss of naked anti-miR from the medium"),
    Parameter("k_antimiR_escape", "1/h", "escape of anti-miR from endosomes"),
    Parameter("k_antimiR_endosomal_loss", "1/h", "loss of anti-miR in endosomes"),
    Parameter("k_antimiR_degradation", "1/h", "degradation of anti-miR in the cytosol"),
    Parameter("k_antimiR_binding", "1/(nM*h)", "association of anti-miR with loaded miR-21"),
    Parameter("k_antimiR_release", "1/h", "dissociation of anti-miR from loaded miR-21"),
    Parameter("copies_per_nM", "molecules/nM", "molecules per cell that make 1 nM in the cytoplasm"),
)

QUANTITIES = ()

REACTIONS = (
    Reaction("antimiR_lipoplex_loss", "antimiR_lipoplex ->", "k_lipoplex_loss*antimiR_lipoplex"),
    Reaction(
        "antimiR_transfection",
        "-> antimiR_cytosol",
        "k_antimiR_transfection*antimiR_lipoplex",
        assumption="What one cell takes up does not deplete the medium.",
    ),
    Reaction("antimiR_medium_loss", "antimiR_medium ->", "k_antimiR_medium_loss*antimiR_medium"),
    Reaction("antimiR_uptake", "-> antimiR_endosomal", "k_antimiR_uptake*antimiR_medium", source="Stein2010"),
    Reaction("antimiR_escape", "antimiR_endosomal -> antimiR_cytosol", "k_antimiR_escape*antimiR_endosomal"),
    Reaction(
        "antimiR_endosomal_loss", "antimiR_endosomal ->", "(k_antimiR_endosomal_loss + division_rate)*antimiR_endosomal"
    ),
    Reaction("antimiR_loss", "antimiR_cytosol ->", "(k_antimiR_degradation + division_rate)*antimiR_cytosol"),
    Reaction(
        "antimiR_binding",
        "antimiR_cytosol + miR21_RISC -> antimiR_RISC",
        "k_antimiR_binding/copies_per_nM*antimiR_cytosol*miR21_RISC",
        assumption="Only miR-21 that is on no target is reached; bound miR-21 exchanges within minutes.",
    ),
    Reaction("antimiR_release", "antimiR_RISC -> antimiR_cytosol + miR21_RISC", "k_antimiR_release*antimiR_RISC"),
    Reaction(
        "antimiR_RISC_loss",
        "antimiR_RISC ->",
        "(miR21_decay*(1 + antimiR_directed_decay) + division_rate)*antimiR_RISC",
        assumption="The blocked complex is lost as a whole, as loaded miR-21 is, or faster.",
    ),
)

OBSERVABLES = (
    Observable(
        "antimiR_inside",
        "molecules",
        "antimiR_endosomal + antimiR_cytosol + antimiR_RISC",
        "anti-miR-21 in the cell, free and bound",
    ),
)
