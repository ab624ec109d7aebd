# ruff: noqa: E501 - lists of inputs are kept in rows
"""Files that come from outside, each kind with a way to make many of them and to give them to the program."""

from __future__ import annotations

import os
import random
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tests.formats.test_petab_mistakes import FILES as PETAB
from tests.formats.test_petab_mistakes import MODEL as PETAB_MODEL

from .mutate import TEXTS, junk, mutated, scrambled, to_toml, varied

ROOT = Path(__file__).parents[2]
SECRET = "SECRET-7391,SECRET-7391"
"""Stands in files outside the folder; no message may show it."""

Files = dict[str, bytes]


@dataclass(frozen=True)
class Kind:
    """A kind of input.

    Attributes
    ----------
    make : callable
        Random numbers -> files by name.
    commands : callable
        Random numbers and the files -> commands, which are given one after the other as long as they succeed.
    """

    make: Callable[[random.Random], Files]
    commands: Callable[[random.Random, Files], list[list[str]]]


@cache
def scenarios() -> list[dict]:
    """Those that come with the package, and one with measurements."""
    files = sorted((ROOT / "scenarios").glob("*.toml"))
    return [tomllib.loads(file.read_text(encoding="utf-8")) for file in files] + [MEASURED] * 8 + [RANKED] * 8


MEASURED: dict = {
    "title": "t",
    "cells": "bt474",
    "time": {"end": "6 h", "record_every": "1 h"},
    "dose": {"l": {"agent": "lapatinib", "amount": "1 uM", "at": "0 h", "every": "2 h", "times": 2}},
    "arm": [{"name": "none"}, {"name": "drug", "doses": ["l"], "knock_down": {"PTEN": "80 %"}}],
    "show": {"observables": ["pAKT", "cell_number"]},
    "data": {"file": "table.csv", "normalize": "lane: none 0 h", "scale_shared_by": "gel"},
    "fit": {
        "parameters": ["k_PI3K"],
        "parameter": {"k_AKT_dephosphorylation": {"range": ["1 1/h", "3000 1/h"], "prior": "range"}},
        "observable": {"pAKT": {"scale": "normalized", "noise": 0.1}},
        "hold_out": [],
    },
    "analyze": {"screen": {"factor": 0.2}},
}
RANKED = {
    **{key: value for key, value in MEASURED.items() if key not in ("data", "fit", "analyze")},
    "question": "q",
    "caveats": ["c"],
    "medium": {"to": "serum-free", "at": "-24 h"},
    "arm": [{"name": "none"}, {"name": "drug", "doses": ["l"]}, {"name": "grown", "medium": "full", "changes": {"k_PI3K": "2 x"}}],
    "growth_rate": {"of": ["lapatinib"]},
    "expect": [
        {"claim": "a", "role": "calibration", "quantity": "pAKT", "rank_with": {"none": 1, "drug": 2.5, "grown": 7}, "above": 0.1},
        {"claim": "b", "role": "prediction", "quantity": "pAKT", "rank_with": "PTEN", "below": 0.9, "headline": True},
        {"claim": "c", "role": "prediction", "quantity": "GR", "arm": "drug", "below": 1, "over": {"quantity": "GR", "arm": "none"}},
    ],
}  # fmt: skip
"""What scenarios have learned since: media, ranks of arms by measured numbers, headlines."""
KEYS = [
    "doses", "amount", "every", "times", "at", "fit", "data", "expect", "cells", "range", "prior", "noise", "scale", "start",
    "parameter", "observable", "hold_out", "growth_rate", "control", "knock_down", "changes", "decimal", "normalize", "file",
    "reduce", "over", "quantity", "above", "below", "from", "until", "arm", "compare", "ratio", "take", "shared", "anchors",
    "allow", "record_every", "end", "name", "analyze", "question", "source", "note", "distribution", "center", "spread",
    "rank_with", "medium", "headline", "caveats", "to", "by", "claim", "role", "finding", "relative_to", "until", "shared",
    "noise_shared_by", "scale_shared_by", "offset", "degrees_of_freedom", "compares_with", "reason", "show", "observables",
]  # fmt: skip


def table(draw: random.Random) -> bytes:
    """Measurements as programs and people write them."""
    sign = draw.choice([",", ",", ";", "\t"])
    decimal = draw.choice([".", ".", ","]) if sign != "," else "."
    columns = draw.choice(
        [
            ["arm", "time", "pAKT [a.u.]", "PTEN [a.u.]"],
            ["arm", "time", "observable", "value", "unit", "gel", "error", "replicate"],
            ["arm", "time [min]", "observable", "value", "unit", "loading", "below_detection"],
            ["cell_line", "agent", "concentration", "time", "cell_count", "cell_count__time0"],
        ]
    )
    columns = [*columns, *(draw.choice(columns) for _ in range(draw.random() < 0.05))]
    rows = [columns] + [[_cell(draw, c, decimal) for c in columns] for _ in range(draw.randint(0, 8))]
    made = "\n".join(sign.join(row) for row in rows) + "\n"
    content = made.encode(draw.choice(["utf-8"] * 40 + ["utf-16", "utf-8-sig"]), "replace")
    return scrambled(content, draw) if draw.random() < 0.2 else content


def _cell(draw: random.Random, column: str, decimal: str) -> str:
    if draw.random() < 0.01:
        return draw.choice(TEXTS)
    number = f"{draw.uniform(0, 2000):.{draw.randint(0, 3)}f}".replace(".", decimal)
    usual = {
        "arm": ["none", "drug"],
        "time": [f"{draw.uniform(0, 6):.2f}".replace(".", decimal), "1 h", "30 min"],
        "time [min]": [str(draw.randint(0, 360))],
        "observable": ["pAKT", "PTEN"],
        "unit": ["a.u."] * 9 + ["nM", ""],
        "gel": ["A", "B"],
        "replicate": ["1", "2", "3", "4", "5"],
        "below_detection": ["", "yes"],
        "cell_line": ["bt474", "BT-474"],
        "agent": ["lapatinib", ""],
        "concentration": ["1", "0", "1 uM", "1000 nM"],
    }.get(column)
    measured = column == "value" or column.endswith("[a.u.]")
    gaps = [f"<{number}", "NA", *([""] if column != "value" else [])] if measured else ["", "NA"]
    return draw.choice(usual or [number] * 12 + ([] if column in ("cell_count", "loading") else gaps))


def make_scenario(draw: random.Random) -> Files:
    """A scenario with its table."""
    document, gently = draw.choice(scenarios()), draw.random() < 0.3
    document = varied(document, draw) if gently else mutated(document, draw, KEYS)
    text = to_toml(document).encode("utf-8", "replace")
    if not gently and draw.random() < 0.15:
        text = scrambled(text, draw)
    return {"input.toml": text, "table.csv": TABLE if gently else table(draw)}


def scenario_commands(draw: random.Random, files: Files) -> list[list[str]]:
    """Check it, sometimes with a setting, seldom run it."""
    options = ["--json"] if draw.random() < 0.3 else []
    if draw.random() < 0.2:
        key = draw.choice(
            [*KEYS, "dose.l.amount", "arm.drug.cells", "time.end", "fit.parameters", "k_PI3K", "a.b.c.d", "", "."]
        )
        options += ["--set", f"{key}={junk(draw)}".replace("\0", "")]
    commands = [["check", "input.toml", *options]]
    if draw.random() < 0.05:
        commands.append(["run", "input.toml", "--json", "--out", "out", *_ensemble_options(draw)])
    elif draw.random() < 0.02:
        commands.append(["explore", "input.toml", "--out", "page.html", *_ensemble_options(draw)])
    return commands


def _ensemble_options(draw: random.Random) -> list[str]:
    """A few members of the prior, or a word that stands for nothing."""
    word = draw.choice(["none", "none", "none", "prior", "calibrated", "input.toml", "no.npz", junk_word(draw)])
    options = ["--ensemble", word, "--members", draw.choice(["2", "3", "3", "3", junk_word(draw)])]
    return options if draw.random() < 0.95 else []


def junk_word(draw: random.Random) -> str:
    """A word of a command line that somebody might have typed."""
    return draw.choice(TEXTS).replace("\0", "")


@cache
def lines() -> list[dict]:
    """Cell lines that come with the package."""
    files = sorted((ROOT / "pathway/parameters/cells").glob("*.toml"))
    return [tomllib.loads(file.read_text(encoding="utf-8")) for file in files]


LINE_KEYS = [
    "value",
    "unit",
    "range",
    "interval",
    "source",
    "confidence",
    "note",
    "parent",
    "title",
    "line",
    "anchor",
    "x",
]


def make_line(draw: random.Random) -> Files:
    """A cell line of a user, and a scenario that uses it."""
    document, gently = draw.choice(lines()), draw.random() < 0.3
    document = varied(document, draw) if gently else mutated(document, draw, LINE_KEYS)
    text = to_toml(document).encode("utf-8", "replace")
    if not gently and draw.random() < 0.2:
        text = scrambled(text, draw)
    scenario = {**MEASURED, "cells": "line.toml"}
    if draw.random() < 0.7:
        scenario = {k: v for k, v in scenario.items() if k not in ("data", "fit", "analyze")}
    return {"line.toml": text, "input.toml": to_toml(scenario).encode(), "table.csv": TABLE}


TABLE = b"arm,time,pAKT [a.u.],gel\nnone,0,1,A\ndrug,2,3,A\n"


def line_commands(draw: random.Random, files: Files) -> list[list[str]]:
    """What reads a line."""
    return [["check", "input.toml"], *([["show", "cells", "line.toml"]] if draw.random() < 0.3 else [])]


def make_table(draw: random.Random) -> Files:
    """A table for one and the same scenario."""
    scenario = {**MEASURED, "data": {"file": "table.csv"}}
    if draw.random() < 0.3:
        scenario["data"]["normalize"] = draw.choice(["loading", "minmax", "minmax", "lane: none 1 h"])
    if draw.random() < 0.5:
        del scenario["fit"]
    return {"input.toml": to_toml(scenario).encode(), "table.csv": table(draw)}


def table_commands(draw: random.Random, files: Files) -> list[list[str]]:
    """Check it; what was understood is held against the cells by `harness`."""
    return [["check", "input.toml", "--json"]]


@cache
def models() -> list[bytes]:
    """Small SBML models with every construct, and those of the public suite where it is at hand."""
    suite = Path(os.environ.get("SBML_TEST_SUITE", "no such folder"))
    cases = [file.read_bytes() for file in sorted(suite.glob("*/?????.xml"))]
    return [*([PETAB_MODEL.encode()] * 3), *([EVERYTHING.encode()] * 3), *(c for c in cases if len(c) < 20_000)]


EVERYTHING = """<?xml version="1.0" encoding="UTF-8"?>
<sbml xmlns="http://www.sbml.org/sbml/level3/version2/core" level="3" version="2"><model id="m" substanceUnits="u" timeUnits="second">
<listOfFunctionDefinitions><functionDefinition id="f"><math xmlns="http://www.w3.org/1998/Math/MathML"><lambda><bvar><ci>x</ci></bvar><apply><times/><ci>x</ci><cn type="rational">1<sep/>2</cn></apply></lambda></math></functionDefinition></listOfFunctionDefinitions>
<listOfUnitDefinitions><unitDefinition id="u"><listOfUnits><unit kind="mole" exponent="1" scale="-9" multiplier="1"/></listOfUnits></unitDefinition></listOfUnitDefinitions>
<listOfCompartments><compartment id="c" size="1" constant="false" spatialDimensions="3"/></listOfCompartments>
<listOfSpecies><species id="A" compartment="c" initialConcentration="1" hasOnlySubstanceUnits="false" boundaryCondition="false" constant="false"/>
<species id="B" compartment="c" initialAmount="2" hasOnlySubstanceUnits="true" boundaryCondition="true" constant="false"/></listOfSpecies>
<listOfParameters><parameter id="k" value="0.5" constant="true" units="u"/><parameter id="p" value="1" constant="false"/><parameter id="q" constant="false"/></listOfParameters>
<listOfInitialAssignments><initialAssignment symbol="p"><math xmlns="http://www.w3.org/1998/Math/MathML"><apply><plus/><ci>k</ci><cn>1</cn></apply></math></initialAssignment></listOfInitialAssignments>
<listOfRules><assignmentRule variable="q"><math xmlns="http://www.w3.org/1998/Math/MathML"><apply><power/><ci>A</ci><cn type="integer">2</cn></apply></math></assignmentRule>
<rateRule variable="c"><math xmlns="http://www.w3.org/1998/Math/MathML"><cn type="e-notation">1<sep/>-2</cn></math></rateRule></listOfRules>
<listOfReactions><reaction id="R" reversible="false"><listOfReactants><speciesReference id="s" species="A" stoichiometry="1" constant="true"/></listOfReactants>
<listOfProducts><speciesReference species="B" stoichiometry="2" constant="true"/></listOfProducts><listOfModifiers><modifierSpeciesReference species="B"/></listOfModifiers>
<kineticLaw><math xmlns="http://www.w3.org/1998/Math/MathML"><apply><times/><ci>h</ci><apply><ci>f</ci><ci>A</ci></apply></apply></math><listOfLocalParameters><localParameter id="h" value="3"/></listOfLocalParameters></kineticLaw></reaction></listOfReactions>
<listOfEvents><event id="e" useValuesFromTriggerTime="true"><trigger initialValue="true" persistent="true"><math xmlns="http://www.w3.org/1998/Math/MathML"><apply><geq/><csymbol encoding="text" definitionURL="http://www.sbml.org/sbml/symbols/time">t</csymbol><cn>0.3</cn></apply></math></trigger>
<delay><math xmlns="http://www.w3.org/1998/Math/MathML"><cn>0.1</cn></math></delay><priority><math xmlns="http://www.w3.org/1998/Math/MathML"><cn>1</cn></math></priority>
<listOfEventAssignments><eventAssignment variable="p"><math xmlns="http://www.w3.org/1998/Math/MathML"><apply><minus/><ci>A</ci><cn>1</cn></apply></math></eventAssignment></listOfEventAssignments></event></listOfEvents>
</model></sbml>
"""
OPERATORS = [
    "plus",
    "minus",
    "times",
    "divide",
    "power",
    "root",
    "log",
    "ln",
    "exp",
    "factorial",
    "floor",
    "piecewise",
    "and",
    "not",
]
OPERATORS += ["xor", "eq", "lt", "sin", "arcsec", "min", "quotient", "rem", "implies", "abs", "csch"]
ATTRIBUTES = [
    "-1",
    "0",
    "1e300",
    "-1e300",
    "NaN",
    "INF",
    "true",
    "A",
    "k",
    "",
    "x y",
    "2147483647",
    "1e-300",
    "time",
    "\u00e9",
]


def make_sbml(draw: random.Random) -> Files:
    """A model with attributes, elements, operators, numbers and text changed."""
    import re

    text = draw.choice(models()).decode()
    for _ in range(draw.randint(1, 3)):
        choice = draw.random()
        if choice < 0.3:
            found = list(re.finditer(r'(?<==)"[-+\d.eE]+"', text))
            new = f'"{draw.choice([draw.uniform(-3, 3), draw.randint(-3, 3), 0, 1e300, "NaN", "INF"])}"'
        elif choice < 0.4:
            found = list(re.finditer(r'(?<==)"[^"]*"', text))
            new = f'"{draw.choice(ATTRIBUTES)}"'
        elif choice < 0.6:
            found, new = list(re.finditer(r"(?<=<)[a-z]+(?=/>)", text)), draw.choice(OPERATORS)
        elif choice < 0.75:
            found = list(re.finditer(r"(?<=>)[^<>\n]+(?=<)", text))
            names = re.findall(r'\bid="(\w+)"', text)
            new = draw.choice([*names, *names, *ATTRIBUTES, "1<sep/>0", "f", "f(x)", "99999999999999999999"])
        elif choice < 0.95:
            found = list(re.finditer(r"<(\w+)\b[^<>]*?/>|<(\w+)\b[^<>/]*>.*?</\2>", text, re.DOTALL))
            new = draw.choice(["", "TWICE"])
        else:
            return {"model.xml": scrambled(text.encode(), draw)}
        if found:
            match = draw.choice(found)
            put = match.group() * 2 if new == "TWICE" else new
            text = text[: match.start()] + put + text[match.end() :]
    return {"model.xml": text.encode("utf-8", "replace")}


def sbml_commands(draw: random.Random, files: Files) -> list[list[str]]:
    """Load it; simulate some of those that can be loaded."""
    return [["load", "model.xml"], *([["simulate", "model.xml"]] if draw.random() < 0.1 else [])]


def make_petab(draw: random.Random) -> Files:
    """A PEtab problem with cells, rows, columns or the list of files changed."""
    import yaml

    version = draw.choice([1, 2])
    files = {name: text.encode() for name, text in PETAB[version].items()} | {"model.xml": PETAB_MODEL.encode()}
    for _ in range(draw.choice([1, 1, 2])):
        name = draw.choice([n for n in files if n != "model.xml"])
        if name.endswith(".yaml"):
            document = mutated(yaml.safe_load(PETAB[version][name]), draw, list(yaml.safe_load(PETAB[version][name])))
            files[name] = yaml.safe_dump(document, allow_unicode=True).encode("utf-8", "replace")
            if draw.random() < 0.2:
                files[name] = scrambled(files[name], draw)
        elif draw.random() < 0.1:
            files[name] = scrambled(files[name], draw)
        else:
            rows = [line.split("\t") for line in files[name].decode("utf-8", "replace").split("\n")]
            row = draw.choice(rows)
            usual = ["", "k", "A", "B", "sigma", "zero", "inf", "low", "0", "1", "-1", f"{draw.uniform(-2, 20):.3g}"]
            row[draw.randrange(len(row))] = draw.choice(draw.choice([usual, TEXTS]))
            files[name] = "\n".join("\t".join(row) for row in rows).encode("utf-8", "replace")
    return files


def petab_commands(draw: random.Random, files: Files) -> list[list[str]]:
    """Check it."""
    return [["check", "problem.yaml"]]


def make_sedml(draw: random.Random) -> Files:
    """A scenario that is to be written as SED-ML: names and times that XML has to bear."""
    document = {k: v for k, v in MEASURED.items() if k not in ("data", "fit", "analyze")}
    return {"input.toml": to_toml(mutated(document, draw, KEYS, most=2)).encode("utf-8", "replace")}


def sedml_commands(draw: random.Random, files: Files) -> list[list[str]]:
    """Write it."""
    return [["check", "input.toml"], ["export", "input.toml", "--to", "sedml", "--out", "exported"]]


DOCUMENTS = {
    "scenario": Kind(make_scenario, scenario_commands),
    "cell line": Kind(make_line, line_commands),
    "table": Kind(make_table, table_commands),
    "sbml": Kind(make_sbml, sbml_commands),
    "sedml": Kind(make_sedml, sedml_commands),
    "petab": Kind(make_petab, petab_commands),
}
"""Files that people write; `stored.py` has those that the program writes."""
