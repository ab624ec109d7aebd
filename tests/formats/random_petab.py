"""Random PEtab 1 problems that mix what collections of published problems contain, each from one seed."""

from __future__ import annotations

import math
import random
import re
from dataclasses import dataclass, field
from pathlib import Path

import antimony
import libsbml
import yaml

Rows = list[dict[str, object]]
END = 8.0
OBJECTIVE_PRIORS = (
    "uniform",
    "normal",
    "laplace",
    "logNormal",
    "logLaplace",
    "parameterScaleUniform",
    "parameterScaleNormal",
    "parameterScaleLaplace",
)


@dataclass
class Draw:
    """What has been drawn so far."""

    chance: random.Random
    lines: list[str] = field(default_factory=list)
    species: list[str] = field(default_factory=list)
    rates: list[str] = field(default_factory=list)
    constants: list[str] = field(default_factory=list)
    readable: list[str] = field(default_factory=list)
    nominal: dict[str, float] = field(default_factory=dict)
    moves: bool = False  # an input, or an event, by the time: no rest before such runs
    size: float = 1.0
    pace: float = 1.0

    def odds(self, share: float) -> bool:
        return self.chance.random() < share

    def number(self, low: float, high: float) -> float:
        return round(self.chance.uniform(low, high), 3)

    def amount(self, low: float, high: float) -> float:
        """A concentration, in whatever unit the problem has."""
        return float(f"{self.number(low, high) * self.size:.6g}")

    def moment(self, low: float, high: float) -> float:
        """A time, in whatever unit the problem has."""
        return float(f"{self.number(low, high) / self.pace:.6g}")

    def parameter(self, name: str, low: float = 0.2, high: float = 2.0) -> str:
        """A parameter of the problem, with its nominal value."""
        self.nominal.setdefault(name, float(f"{self.chance.uniform(low, high):.4g}"))
        return name


def random_problem(seed: int, folder: Path) -> Path:
    """Write the files of one problem; the YAML file."""
    draw = Draw(random.Random(seed))
    draw.size = draw.chance.choice((1.0, 1.0, 1e-6, 1e4))
    draw.pace = draw.chance.choice((1.0, 1.0, 1e-3, 50.0))
    model = _model(draw, seed)
    conditions, rests = _conditions(draw)
    observables = _observables(draw)
    measurements = _measurements(draw, observables, conditions, rests)
    forget_unused(draw, [*conditions.values(), *rests.values(), *observables, *measurements])
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model.xml").write_text(model, encoding="utf-8")
    half = len(measurements) // 2 if draw.odds(0.3) else len(measurements)
    tables = {
        "conditions.tsv": [*conditions.values(), *rests.values()],
        "observables.tsv": observables,
        "measurements.tsv": measurements[:half],
        "parameters.tsv": _parameters(draw),
    }
    if half < len(measurements):
        tables["more.tsv"] = measurements[half:]
    for name, rows in tables.items():
        write_table(folder / name, rows)
    content = {
        "format_version": 1,
        "parameter_file": "parameters.tsv",
        "problems": [
            {
                "sbml_files": ["model.xml"],
                "condition_files": ["conditions.tsv"],
                "observable_files": ["observables.tsv"],
                "measurement_files": [n for n in tables if n in ("measurements.tsv", "more.tsv")],
            }
        ],
    }
    path = folder / f"random_{seed}.yaml"
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    return path


def forget_unused(draw: Draw, rows: Rows) -> None:
    """Choices that were drawn and not taken have no place in the parameter table."""
    text = "\n".join([*draw.lines, *(str(value) for row in rows for value in row.values())])
    used = set(re.findall(r"\w+", text))
    draw.nominal = {name: value for name, value in draw.nominal.items() if name in used}


def write_table(path: Path, rows: list[dict[str, object]]) -> None:
    columns = list(dict.fromkeys(name for row in rows for name in row))
    lines = ["\t".join(columns), *("\t".join(str(row.get(c, "")) for c in columns) for row in rows)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


# The model


def _model(draw: Draw, seed: int) -> str:
    n = draw.chance.randint(3, 6)
    cell = draw.number(0.5, 2.5) if draw.odds(0.5) else 1.0
    draw.lines += [
        "function hill(x, h, k)",
        "x^h / (k^h + x^h)",
        "end",
        f"model random_{seed}()",
        f"compartment C = {cell}",
    ]
    draw.lines += [f"size = {draw.size}", f"pace = {draw.pace}"]
    _inputs(draw)
    for k in range(n):
        _species(draw, f"S{k}")
    _reactions(draw)
    _rules(draw)
    _events(draw)
    # A number that the parameter table overrides, one that only the model has, one that nothing reads.
    draw.lines += ["k_own = 0.37", "unread = 4.2", "end"]
    if draw.odds(0.3):
        draw.parameter("unread")
    antimony.clearPreviousLoads()
    if antimony.loadAntimonyString("\n".join(draw.lines)) < 0:
        raise ValueError(antimony.getLastError() + "\n" + "\n".join(draw.lines))
    text = str(antimony.getSBMLString(f"random_{seed}"))
    if draw.odds(0.6):
        return text
    # Most published problems are of level 2.
    document = libsbml.readSBMLFromString(text)
    return libsbml.writeSBMLToString(document) if document.setLevelAndVersion(2, 4, False) else text


def _inputs(draw: Draw) -> None:
    """What acts on the chain: by the condition, by the time, between moments that may be estimated."""
    draw.lines += ["dose = 0.5", f"t_on = {0.3 / draw.pace}", f"t_off = {4.2 / draw.pace}", "lag = 1"]
    kind = draw.chance.choice(("constant", "constant", "window", "ramp", "lag", "boundary"))
    draw.moves = kind not in ("constant", "boundary")
    if kind == "constant":
        draw.lines.append("u := dose")
    elif kind == "boundary":
        draw.lines += ["species $Bath in C", "Bath = 0.4 * size", "u := dose + 0.1 * Bath / size"]
        draw.readable.append("Bath")
    elif kind == "ramp":
        on, off = draw.moment(0.5, 2.0), draw.moment(3.0, 6.0)
        pieces = f"dose * time / {on}, time < {on}, dose, time <= {off}, dose * exp(pace * ({off} - time))"
        draw.lines.append(f"u := piecewise({pieces})")
    elif kind == "lag":
        draw.parameter("lag", 0.5 / draw.pace, 2.0 / draw.pace)
        draw.lines.append("u := piecewise(0.05, time < lag, dose * (1 - exp(pace * (lag - time))))")
    else:
        draw.lines.append("u := piecewise(dose, (time >= t_on) && (time < t_off), 0.05)")
        if draw.odds(0.5):
            draw.parameter("t_off", 3.0 / draw.pace, 6.0 / draw.pace)
    draw.readable.append("u")


def _species(draw: Draw, name: str) -> None:
    substance = "substanceOnly " if draw.odds(0.25) else ""
    draw.lines.append(f"{substance}species {name} in C")
    value = draw.amount(0.3, 3.0)
    if draw.odds(0.3):
        draw.lines.append(f"{name} = size * ({draw.parameter(f'start_{name}')}{' + 0.25' if draw.odds(0.3) else ''})")
        draw.lines.append(f"start_{name} = 1")
    elif draw.odds(0.2):
        draw.lines.append(f"{name} = {value} / C")
    elif draw.species and draw.odds(0.3):
        draw.lines.append(f"{name} = 0.5 * {draw.species[-1]} + k_own * size")
    else:
        draw.lines.append(f"{name} = {value}")
    draw.species.append(name)
    draw.readable.append(name)


def _reactions(draw: Draw) -> None:
    """A chain there and back, made and lost at its ends: it comes to rest wherever it starts."""
    for k, (left, right) in enumerate(zip(draw.species, draw.species[1:], strict=False)):
        there, back = f"k_{k}", f"r_{k}"
        draw.lines += [f"{there} = 0.7", f"{back} = 0.4"]
        draw.parameter(there)
        if draw.odds(0.6):
            draw.parameter(back)
        forms = (
            f"{there} * {left}",
            f"{there} * {left} * (0.2 + u)",
            f"{there} * {left} / (0.5 + {left} / size)",
            f"{there} * {left} * hill({draw.chance.choice(draw.species)}, 2, 0.8 * size) + 0.05 * {left}",
        )
        draw.lines.append(f"F{k}: {left} -> {right}; C * pace * ({draw.chance.choice(forms)})")
        draw.lines.append(f"B{k}: {right} -> {left}; C * pace * {back} * {right}")
    if draw.odds(0.7):
        draw.lines += ["k_in = 0.3", "k_out = 0.5", f"In: -> {draw.species[0]}; C * pace * size * (k_in + 0.2 * u)"]
        draw.lines.append(f"Out: {draw.species[-1]} -> ; C * pace * k_out * {draw.species[-1]}")
        # Each is lost by itself too, or saturated steps could pile up what comes in without end.
        draw.lines += [f"L_{name}: {name} -> ; C * pace * 0.15 * {name}" for name in draw.species]
        draw.parameter("k_in")
        draw.parameter("k_out")
    else:
        draw.lines.append("k_in = 0.3; k_out = 0.5")
        draw.lines.append(
            f"Loss: {draw.species[-1]} -> {draw.species[0]}; C * pace * k_out * k_own * {draw.species[-1]}"
        )
        draw.parameter("k_out")


def _rules(draw: Draw) -> None:
    some = draw.chance.sample(draw.species, 2)
    draw.lines.append(f"total := {some[0]} + {some[1]}")
    draw.lines.append(f"share := {some[0]} / (total + k_own * size)")
    draw.readable += ["total", "share"]
    if draw.odds(0.3):
        draw.lines += ["memory = 0.4 * size", f"memory' = 0.5 * pace * ({some[0]} - memory)"]
        draw.readable.append("memory")
    if draw.odds(0.3):
        draw.lines += ["twice = 2 * k_0", f"Extra: {some[1]} -> {some[0]}; C * pace * 0.1 * twice * {some[1]}"]


def _events(draw: Draw) -> None:
    if not draw.odds(0.35):
        return
    draw.moves = True
    name = draw.chance.choice(draw.species)
    draw.lines += ["pulse = 1", "moment = 2", "gain = 1", "var gain"]
    draw.lines.append(f"Gained: -> {name}; C * pace * 0.1 * size * gain")
    when = draw.chance.choice((f"time > {draw.moment(1.0, 5.0)}", "time >= moment", f"{name} < 0.4 * size"))
    if when == "time >= moment":
        draw.parameter("moment", 1.0 / draw.pace, 5.0 / draw.pace)
    what = draw.chance.choice(
        (
            f"{name} = {name} + 0.5 * size",
            f"{name} = 0.3 * {name} + size * {draw.parameter('pulse')}",
            "gain = 3",
            f"gain = 0, {name} = 1.5 * size",
        )
    )
    draw.lines.append(f"at ({when}): {what}")


# The tables


def _conditions(draw: Draw) -> tuple[dict[str, dict[str, object]], dict[str, dict[str, object]]]:
    """Conditions to simulate, and those to rest in before; NaN: what the rest, or the model, has left."""
    columns = ["dose"]
    columns += ["t_off"] if draw.odds(0.3) and "t_off" not in draw.nominal else []
    columns += ["Bath"] if "Bath" in draw.readable else []
    columns += ["k_own"] if draw.odds(0.3) else []
    columns += draw.chance.sample(draw.species, draw.chance.randint(0, 2))
    columns += ["C"] if draw.odds(0.25) else []
    size = draw.number(0.6, 2.0)
    made, rests = {}, {}
    for k in range(draw.chance.randint(1, 5)):
        row: dict[str, object] = {"conditionId": f"c{k}"}
        row |= {c: _cell(draw, c, k) for c in columns}
        if "C" in columns:  # one size for all: what a later one does to amounts, version 1 leaves open
            row["C"] = size
        made[f"c{k}"] = row
    if draw.odds(0.5) and not draw.moves:
        for k in range(draw.chance.randint(1, 2)):
            row = {"conditionId": f"rest{k}"} | {c: _cell(draw, c, 9) for c in columns}
            rests[f"rest{k}"] = row | ({"C": size} if "C" in columns else {})
    return made, rests


def _cell(draw: Draw, column: str, k: int) -> object:
    if column in draw.species or column == "Bath":
        if draw.odds(0.35):
            return draw.chance.choice(("NaN", "", "nan"))
        return (
            draw.parameter(f"init_{column}", 0.2 * draw.size, 2.0 * draw.size)
            if draw.odds(0.4)
            else draw.amount(0.2, 2.0)
        )
    if column == "dose" and draw.odds(0.3):
        return draw.parameter(f"dose_{k % 2}", 0.2, 1.5)
    if column == "t_off":
        return (
            draw.parameter(f"t_off_{k % 2}", 3.0 / draw.pace, 6.0 / draw.pace)
            if draw.odds(0.5)
            else draw.moment(3.0, 6.0)
        )
    return 0 if column == "dose" and draw.odds(0.3) else draw.number(0.1, 1.5)


def _observables(draw: Draw) -> Rows:
    rows: Rows = []
    for k in range(draw.chance.randint(1, 4)):
        name, read = f"obs_{k}", _reading(draw)
        scale, shift = f"observableParameter1_{name}", f"observableParameter2_{name}"
        formula = draw.chance.choice(
            (
                f"{read} + 0.05",
                f"{draw.parameter(f'scale_{k}')} * {read} + 0.05",
                f"{scale} * {read} + 0.1",
                f"{scale} * ({read} + {draw.chance.choice(draw.species)} / size) + {shift}",
                f"log10({read}^2 + 2) * {draw.parameter('scale_all')}",
                f"{scale} * {read} / ({read} + k_0) + {draw.parameter(f'offset_{k}')}",
            )
        )
        noise = draw.chance.choice(
            (
                str(draw.number(0.05, 0.5)),
                f"noiseParameter1_{name}",
                draw.parameter(f"sd_{k}", 0.1, 0.6),
                f"noiseParameter1_{name} + noiseParameter2_{name} * {read}",
                f"{draw.parameter('sd_all', 0.1, 0.6)} * noiseParameter1_{name}",
                f"sqrt({draw.parameter(f'sd_{k}', 0.1, 0.6)}^2 + (0.1 * {read})^2)",
            )
        )
        row: dict[str, object] = {"observableId": name, "observableFormula": formula, "noiseFormula": noise}
        if draw.odds(0.6):
            row["observableTransformation"] = draw.chance.choice(("lin", "log", "log10"))
        if draw.odds(0.4):
            row["noiseDistribution"] = draw.chance.choice(("normal", "laplace"))
        if draw.odds(0.3):
            row["observableName"] = f"reading {k}"
        rows.append(row)
    return rows


def _reading(draw: Draw) -> str:
    name = draw.chance.choice(draw.readable)
    return name if name in ("u", "share") else f"({name} / size)"


def _measurements(draw: Draw, observables: Rows, conditions: dict, rests: dict) -> Rows:
    rows: Rows = []
    several = draw.odds(0.5)
    for condition in conditions:
        rest = draw.chance.choice([*rests, ""]) if rests else ""
        for observable in observables:
            times: list[float] = [draw.moment(0.0, END) for _ in range(draw.chance.randint(1, 4))]
            times += [0.0] if draw.odds(0.3) else []
            times += [math.inf] if draw.odds(0.2) and not draw.moves else []
            for replicate in range(2 if draw.odds(0.3) else 1):
                for time in times:
                    rows.append(_measurement(draw, observable, condition, rest, time, replicate, several))
    return rows


def _measurement(
    draw: Draw, observable: dict[str, object], condition: str, rest: str, time: float, replicate: int, several: bool
) -> dict[str, object]:
    name = observable["observableId"]
    row: dict[str, object] = {"observableId": name}
    if rest:
        row["preequilibrationConditionId"] = rest
    row |= {
        "simulationConditionId": condition,
        "measurement": draw.number(0.1, 3.0),
        "time": "inf" if time == math.inf else time,
    }
    text = f"{observable['observableFormula']} {observable['noiseFormula']}"
    for kind, column, low, high in (
        ("observable", "observableParameters", 0.5, 2.0),
        ("noise", "noiseParameters", 0.1, 0.5),
    ):
        count = sum(f"{kind}Parameter{k}_{name}" in text for k in (1, 2))
        given = [
            draw.parameter(f"{kind}_{name}_{k}_{condition if several else 'all'}", low, high)
            if draw.odds(0.6)
            else str(draw.number(low, high))
            for k in range(count)
        ]
        if given:
            row[column] = ";".join(given)
    if draw.odds(0.5):
        row |= {"replicateId": f"rep{replicate}", "datasetId": f"{name}_{condition}"}
    return row


def _parameters(draw: Draw) -> Rows:
    rows: Rows = []
    for name, value in draw.nominal.items():
        scale = draw.chance.choice(("lin", "log", "log10"))
        low, high = value / 20.0, value * 20.0
        row: dict[str, object] = {
            "parameterId": name,
            "parameterScale": scale,
            "lowerBound": low,
            "upperBound": high,
            "nominalValue": value,
            "estimate": int(draw.odds(0.8)),
        }
        if draw.odds(0.2):
            row["parameterName"] = f"the {name}"
        if draw.odds(0.3):
            kind = draw.chance.choice(OBJECTIVE_PRIORS)
            row |= {
                "objectivePriorType": kind,
                "objectivePriorParameters": _prior_numbers(kind, scale, low, high, value),
            }
        if draw.odds(0.3):
            kind = draw.chance.choice(OBJECTIVE_PRIORS)
            numbers = _prior_numbers(kind, scale, low, high, value)
            row |= {"initializationPriorType": kind, "initializationPriorParameters": numbers}
        rows.append(row)
    if not any(row["estimate"] for row in rows):
        rows[0]["estimate"] = 1
    return rows


def _prior_numbers(kind: str, scale: str, low: float, high: float, value: float) -> str:
    to_scale = {"lin": lambda v: v, "log": math.log, "log10": math.log10}[scale]
    if kind == "uniform":
        return f"{low};{high}"
    if kind == "parameterScaleUniform":
        return f"{to_scale(low)};{to_scale(high)}"
    if kind.startswith("parameterScale"):
        return f"{to_scale(1.1 * value)};0.5"
    return f"{math.log(1.2 * value)};0.4" if kind.startswith("log") else f"{1.2 * value};{0.5 * value}"
