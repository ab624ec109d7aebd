"""What people write who know the bench and not yet the file, and what to write instead."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

_EXPOSURE = "an exposure ends with a dose of 'medium change'"
_GENOTYPE = "a genotype belongs to a cell line: pathway new my_line.toml --cells NAME"
_MORE = "more or less of something is a parameter, changes = { NAME = \"3 x\" }, or an agent such as 'PTEN plasmid'"
_SIRNA = 'siRNA in nM is a dose with agent = "siRNA PTEN"; a blot that shows 80 % less is knock_down'
_BEFORE = 'time zero is fixed, and what comes before it has a negative time: at = "-24 h"'
_KEYS: Mapping[str, Mapping[str, Iterable[str]]] = {
    "Dose": {
        _EXPOSURE: ("duration", "until", "stop", "end", "length"),
        "write amount": ("concentration", "conc", "dose", "quantity", "value", "level"),
        "write agent": ("drug", "compound", "name", "substance", "inhibitor"),
        "write at": ("time", "start", "when", "from"),
        "write every": ("interval", "repeat_every", "period"),
        "write times": ("repeat", "repeats", "count", "number"),
    },
    "Arm": {
        _GENOTYPE: ("mutation", "mutations", "genotype"),
        _MORE: ("over_express", "overexpress", "overexpression", "over_expression", "overexpressed", "expression"),
        _SIRNA: ("sirna", "siRNA", "shrna", "shRNA", "knock_out", "knockout"),
        "write doses": ("treatment", "treatments", "drugs", "agents", "drug", "agent", "dose"),
        "write cells": ("line", "cell_line", "cell"),
        "write changes": ("parameters", "set", "parameter"),
    },
    "TimeSection": {
        _BEFORE: ("start", "begin", "from"),
        "write end": ("duration", "length", "total", "until"),
        "write record_every": ("step", "interval", "every", "resolution"),
    },
    "ScenarioFile": {
        "write cells": ("cell_line", "line", "cell"),
        "write [dose.NAME], one table for each": ("doses", "treatment", "treatments", "drugs"),
        "write [[arm]], one for each": ("arms", "condition", "conditions", "dishes"),
        'write show = { observables = ["pAKT"] }': ("observables", "readouts", "measure", "plot"),
        'write time = { end = "72 h" }': ("duration", "end"),
    },
}
"""By the section of the schema: what to do instead, and the keys for which it is said."""

OTHER_READINGS: Mapping[str, tuple[str, ...]] = {
    "pAKT": ("p-AKT", "phospho-AKT", "AKT pS473", "pAKT473"),
    "pERK": ("p-ERK", "phospho-ERK", "ERK1/2 phosphorylation"),
    "GR": ("growth rate", "growth rate inhibition", "GR value"),
    "percent_of_control": ("viability", "relative viability", "relative cell count"),
    "cell_number": ("cell count", "confluence", "confluency", "cells"),
    "PTEN": ("PTEN protein",),
    "miR21": ("miR-21", "hsa-miR-21-5p", "mir21-5p"),
}
"""What is read, and what it is called elsewhere."""

_TOML = {
    "unclosed inline table": "is a comma missing between two entries, or a bracket at the end?",
    "unclosed array": "is a comma missing between two entries, or a bracket at the end?",
    "invalid value": "text and quantities stand in quotation marks",
}


def instead_of_key(section: str, key: str) -> str:
    """What to write instead of a key that a section of the schema does not have; "" where that is not known."""
    for remedy, keys in _KEYS.get(section, {}).items():
        if key in keys:
            return f" {remedy[0].upper()}{remedy[1:]}."
    return ""


def instead_of_list(key: str) -> str:
    """What to do where a key takes one thing and was given several."""
    if key == "at":
        return "; one time: repeat with every and times, or write a dose for each time"
    return "; one line: another one stands on its arm, cells = ..." if key == "cells" else ""


def instead_of_protein(name: str) -> str:
    """What to do about something that is lowered, but not as a protein is."""
    micro = name.lower().replace("-", "").startswith("mir")
    return " A microRNA is lowered by an agent: 'anti-miR-21 (transfected)'." if micro else ""


def broken_toml(complaint: str) -> str:
    """What a complaint of the TOML reader usually comes from."""
    remedy = _TOML.get(complaint.lower(), "")
    return f": {remedy}" if remedy else ""
