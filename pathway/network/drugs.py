"""What is added to the dish: ligands, antibodies, inhibitors, siRNA, miRNA mimics.

Each agent is one species here. How it acts stands with its target (a blocked kinase in `receptors`, `pi3k_akt`,
`mapk`); here is its fate and, for nucleic acids, how much of it acts in the cell. Inert controls need no species.
"""

from .language import Parameter, Quantity, Reaction, Species
from .rate_laws import saturating

_IN_MEDIUM = (
    ("trastuzumab", "trastuzumab in the medium", "chembl:CHEMBL1201585"),
    ("pertuzumab", "pertuzumab in the medium", ""),
    ("lapatinib", "lapatinib in the medium", ""),
    ("buparlisib", "buparlisib in the medium (all PI3K isoforms)", ""),
    ("alpelisib", "alpelisib in the medium (p110alpha)", ""),
    ("AKT_inhibitor", "ATP-competitive AKT inhibitor in the medium", ""),
    ("MEK_inhibitor", "MEK inhibitor in the medium", ""),
    ("mTOR_inhibitor", "mTOR kinase inhibitor in the medium", ""),
    ("EGF", "epidermal growth factor in the medium", "uniprot:P01133"),
    ("HRG", "heregulin added to the medium", "uniprot:Q02297"),
)
_LOSS = {
    "trastuzumab": "k_antibody_loss",
    "pertuzumab": "k_antibody_loss",
    "EGF": "k_ligand_loss",
    "HRG": "k_ligand_loss",
}

SPECIES = (
    *(Species(name, "nM", meaning, same_as=same) for name, meaning, same in _IN_MEDIUM),
    Species("mimic_lipoplex", "nM", "miR-21 mimic in transfection complexes, in the medium"),
    Species("miR221_lipoplex", "nM", "miR-221 mimic in transfection complexes, in the medium"),
    Species("siRNA_PTEN", "nM", "siRNA against PTEN, inside, in nM as transfected"),
    Species("siRNA_HER3", "nM", "siRNA against HER3, inside, in nM as transfected"),
    Species("siRNA_PDCD4", "nM", "siRNA against PDCD4, inside, in nM as transfected"),
)

PARAMETERS = (
    Parameter("serum", "1", "serum in the medium: 1 full medium, 0 none"),
    Parameter("k_antibody_loss", "1/h", "loss of antibody from the medium"),
    Parameter("k_inhibitor_loss", "1/h", "loss of a small molecule from the medium"),
    Parameter("k_ligand_loss", "1/h", "loss of a growth factor from the medium"),
    Parameter(
        "k_mimic_transfection", "molecules/(nM*h)", "miRNA mimic that reaches Argonaute, per complexes in the medium"
    ),
    Parameter("k_siRNA_loss", "1/h", "loss of siRNA inside, besides dilution"),
    Parameter("siRNA_cleavage", "1", "most extra decay of a transcript under siRNA, relative to undisturbed"),
    Parameter("EC50_siRNA", "nM", "siRNA at half of that"),
)


def _cleavage(agent: str) -> str:
    return f"siRNA_cleavage*{saturating(agent, 'EC50_siRNA')}"


QUANTITIES = (
    Quantity("PTEN_mRNA_cleavage", "1", _cleavage("siRNA_PTEN"), "extra decay of PTEN transcript under siRNA"),
    Quantity("HER3_mRNA_cleavage", "1", _cleavage("siRNA_HER3"), "extra decay of ERBB3 transcript under siRNA"),
    Quantity("PDCD4_mRNA_cleavage", "1", _cleavage("siRNA_PDCD4"), "extra decay of PDCD4 transcript under siRNA"),
)

REACTIONS = (
    *(
        Reaction(f"{name}_loss", f"{name} ->", f"{_LOSS.get(name, 'k_inhibitor_loss')}*{name}")
        for name, _, _ in _IN_MEDIUM
    ),
    Reaction("mimic_lipoplex_loss", "mimic_lipoplex ->", "k_lipoplex_loss*mimic_lipoplex"),
    Reaction(
        "mimic_transfection",
        "-> miR21_duplex",
        "k_mimic_transfection*mimic_lipoplex",
        assumption="A mimic is loaded like the cell's own duplex; most of a transfected dose never is.",
    ),
    Reaction("miR221_lipoplex_loss", "miR221_lipoplex ->", "k_lipoplex_loss*miR221_lipoplex"),
    Reaction("miR221_transfection", "-> miR221_RISC", "k_mimic_transfection*Argonaute_free*miR221_lipoplex"),
    Reaction("siRNA_PTEN_loss", "siRNA_PTEN ->", "(k_siRNA_loss + division_rate)*siRNA_PTEN", source="Mihaila2017"),
    Reaction("siRNA_HER3_loss", "siRNA_HER3 ->", "(k_siRNA_loss + division_rate)*siRNA_HER3", source="Mihaila2017"),
    Reaction("siRNA_PDCD4_loss", "siRNA_PDCD4 ->", "(k_siRNA_loss + division_rate)*siRNA_PDCD4", source="Mihaila2017"),
)

OBSERVABLES = ()
