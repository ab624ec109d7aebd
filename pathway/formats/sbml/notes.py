"""What annotates an exported model: SBO terms, identifiers.org resources, words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import libsbml

SPECIES_TERMS = {
    "uniprot": "SBO:0000252",
    "hgnc": "SBO:0000250",
    "mirbase": "SBO:0000250",
    "chebi": "SBO:0000247",
    "chembl": "SBO:0000247",
    "chembl.compound": "SBO:0000247",
}
"""Polypeptide, ribonucleic acid, simple chemical: the material, by the database that identifies a species."""

FUNCTIONAL_TERMS = {"hgnc": "SBO:0000278", "mirbase": "SBO:0000316"}
"""Messenger RNA, microRNA. Outside the branch that the attribute `sboTerm` of a species allows, so annotations."""

OTHER_SPECIES = "SBO:0000240"
"""Material entity."""

REACTION_TERMS = {
    "transcription": "SBO:0000183",
    "translation": "SBO:0000184",
    "dephosphorylation": "SBO:0000330",
    "phosphorylation": "SBO:0000216",
    "degradation": "SBO:0000179",
    "decay": "SBO:0000179",
    "dilution": "SBO:0000179",
    "release": "SBO:0000180",
    "binding": "SBO:0000177",
    "loading": "SBO:0000177",
    "synthesis": "SBO:0000393",
    "uptake": "SBO:0000185",
    "endocytosis": "SBO:0000185",
    "recycling": "SBO:0000185",
    "export": "SBO:0000185",
    "import": "SBO:0000185",
}
"""By a word in the reaction's name; the first that fits."""

OTHER_REACTION = "SBO:0000176"
"""Biochemical reaction."""

PARAMETER_TERMS = {
    "k_": "SBO:0000009",
    "KD_": "SBO:0000282",
    "Ki_": "SBO:0000261",
    "K_": "SBO:0000281",
}
"""Kinetic, dissociation, inhibitory and equilibrium constants, by how the name begins."""

OTHER_PARAMETER = "SBO:0000002"
"""Quantitative parameter of a systems description."""

_RESOURCES = {"chembl": "chembl.compound", "chebi": "CHEBI", "mirbase": "mirbase.mature"}


@dataclass(frozen=True)
class Note:
    """What is said about one element.

    Attributes
    ----------
    term : str
        SBO term.
    identities : tuple of str
        Compact identifiers, "uniprot:P60484".
    kinds : tuple of str
        Compact identifiers of what it is an instance of, "SBO:0000278".
    sources : tuple of str
        Compact identifiers of what it was taken from, "doi:10.1038/...".
    words : str
        Shown as a note.
    """

    term: str = ""
    identities: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    words: str = ""


@dataclass(frozen=True)
class ModelNotes:
    """Notes of quantities and of reactions by name, and those of the model itself."""

    elements: Mapping[str, Note] = field(default_factory=dict)
    reactions: Mapping[str, Note] = field(default_factory=dict)
    taxon: str = ""
    title: str = ""
    license_words: str = ""


def identifiers_org_address(compact: str) -> str:
    """ "uniprot:P60484" -> "https://identifiers.org/uniprot:P60484"."""
    space, _, accession = compact.partition(":")
    if space == "mirbase" and accession.startswith("MI") and not accession.startswith("MIMAT"):
        return f"https://identifiers.org/mirbase:{accession}"
    return f"https://identifiers.org/{_RESOURCES.get(space, space)}:{accession}"


def annotate(element: Any, note: Note | None, default_term: str = "") -> None:
    """Put a note on a libSBML element."""
    note = note or Note()
    if term := note.term or default_term:
        element.setSBOTerm(term)
    if note.identities or note.kinds or note.sources:
        if not element.isSetMetaId():
            element.setMetaId(f"meta_{element.getId()}")
        _add_resources(element, libsbml.BQB_IS, note.identities)
        _add_resources(element, libsbml.BQB_IS_VERSION_OF, note.kinds)
        _add_resources(element, libsbml.BQB_IS_DESCRIBED_BY, note.sources)
    if note.words:
        element.setNotes(f'<p xmlns="http://www.w3.org/1999/xhtml">{_escaped(note.words)}</p>')


def _add_resources(element: Any, qualifier: int, identifiers: tuple[str, ...]) -> None:
    if identifiers:
        term = libsbml.CVTerm(libsbml.BIOLOGICAL_QUALIFIER)
        term.setBiologicalQualifierType(qualifier)
        for compact in identifiers:
            term.addResource(identifiers_org_address(compact))
        element.addCVTerm(term)


def annotate_model(model: Any, notes: ModelNotes) -> None:
    """Taxon, title and licence of the whole model."""
    model.setMetaId("meta_model")
    if notes.taxon:
        term = libsbml.CVTerm(libsbml.BIOLOGICAL_QUALIFIER)
        term.setBiologicalQualifierType(libsbml.BQB_HAS_TAXON)
        term.addResource(identifiers_org_address(notes.taxon))
        model.addCVTerm(term)
    if words := " ".join(w for w in (notes.title, notes.license_words) if w):
        model.setNotes(f'<p xmlns="http://www.w3.org/1999/xhtml">{_escaped(words)}</p>')


def _escaped(words: str) -> str:
    return words.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def species_term(same_as: str) -> str:
    """The SBO term of a species from what it is the same as."""
    return SPECIES_TERMS.get(same_as.split(":")[0], OTHER_SPECIES)


def functional_terms(same_as: str) -> tuple[str, ...]:
    """Further SBO terms of a species: what it does as a molecule."""
    term = FUNCTIONAL_TERMS.get(same_as.split(":")[0])
    return (term,) if term else ()


def reaction_term(name: str) -> str:
    """The SBO term of a reaction from its name."""
    return next((term for word, term in REACTION_TERMS.items() if word in name), OTHER_REACTION)


def parameter_term(name: str) -> str:
    """The SBO term of a parameter from its name."""
    return next((term for start, term in PARAMETER_TERMS.items() if name.startswith(start)), OTHER_PARAMETER)
