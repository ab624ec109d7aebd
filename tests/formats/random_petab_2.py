"""Random PEtab 2 problems that mix events, delays, periods, pre-equilibration and overrides, each from one seed.

Moments lie on a grid of quarters, so that triggers of time, delays that end and periods that begin often meet. Every
event has a priority of its own: which of two equal ones goes first is a matter of chance.
"""

from __future__ import annotations

import math
import random
from pathlib import Path

import antimony
import yaml

from .random_petab import Draw, forget_unused, write_table

END = 8.0
KEPT = ("flag", "switch", "level", "gain")
"""What events and conditions set besides species."""


def random_problem_2(seed: int, folder: Path, switching: bool = False) -> Path:
    """Write the files of one problem, with a rate that switches at an estimated level if asked; the YAML file."""
    draw = Draw(random.Random(f"periods {seed}"))
    model = _model(draw, seed, switching)
    conditions, experiments = _experiments(draw)
    observables = [
        {"observableId": f"obs_{name}", "observableFormula": formula, "noiseFormula": "0.1"}
        for name, formula in {**{n: n for n in (*draw.species, *KEPT)}, "mixed": "total + k_0 * level"}.items()
    ]
    forget_unused(draw, [*conditions, *observables])
    tables = {
        "conditions.tsv": conditions,
        "experiments.tsv": experiments,
        "observables.tsv": observables,
        "measurements.tsv": _measurements(draw, observables, experiments),
        "parameters.tsv": [
            {"parameterId": n, "lowerBound": 0.01, "upperBound": 20, "nominalValue": v, "estimate": "true"}
            for n, v in draw.nominal.items()
        ],
    }
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model.xml").write_text(model, encoding="utf-8")
    for name, rows in tables.items():
        write_table(folder / name, rows)
    content = {
        "format_version": "2.0.0",
        "model_files": {"random": {"language": "sbml", "location": "model.xml"}},
        **{f"{name[:-5]}_files": [name] for name in tables},
    }
    path = folder / f"random_{seed}.yaml"
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    return path


def _quarter(draw: Draw, low: float, high: float) -> float:
    return draw.chance.randint(round(4 * low), round(4 * high)) / 4


# The model


def _model(draw: Draw, seed: int, switching: bool) -> str:
    draw.lines += [f"model random_{seed}()", f"compartment C = {draw.chance.choice((1.0, 0.8, 2.5))}"]
    for k in range(draw.chance.randint(2, 4)):
        name = f"S{k}"
        draw.lines.append(f"{'substanceOnly ' if draw.odds(0.25) else ''}species {name} in C")
        draw.lines.append(
            f"{name} = {draw.parameter('start')} + 0.2"
            if k == 0 and draw.odds(0.4)
            else f"{name} = {draw.number(0.2, 2.0)}"
        )
        draw.species.append(name)
    draw.lines += ["flag = 0", "switch = 0", "level = 0.5", "gain = 1", "lag = 1", "bar = 0.8", "start = 1"]
    draw.lines += [f"var {name}" for name in KEPT]
    for k, name in enumerate(draw.species):
        draw.lines += [f"k_{k} = 0.5", f"In{k}: -> {name}; C * ({draw.number(0.05, 0.4)} + 0.3 * gain * level)"]
        loss = draw.chance.choice((f"{name}", f"{name} * (0.5 + flag)", f"{name} / (0.5 + {name}) + 0.2 * {name}"))
        draw.lines.append(f"Out{k}: {name} -> ; C * {draw.parameter(f'k_{k}', 0.3, 1.5)} * {loss}")
    for k, (left, right) in enumerate(zip(draw.species, draw.species[1:], strict=False)):
        draw.lines.append(f"Step{k}: {left} -> {right}; C * {draw.number(0.1, 0.8)} * {left}")
    draw.lines.append(f"total := {' + '.join(draw.species)}")
    if draw.odds(0.3):
        draw.lines += ["memory = 0.4", f"memory' = 0.5 * ({draw.chance.choice(draw.species)} - memory)"]
        draw.species.append("memory")
    if switching:
        edge = draw.parameter("edge", 0.5, 1.2)
        draw.lines += ["edge = 1", f"Switched: -> S0; C * piecewise(0.4, S1 > {edge}, 0.1)"]
    for k in range(draw.chance.randint(1, 5)):
        draw.lines.append(_event(draw, k))
    draw.lines.append("end")
    antimony.clearPreviousLoads()
    if antimony.loadAntimonyString("\n".join(draw.lines)) < 0:
        raise ValueError(antimony.getLastError() + "\n" + "\n".join(draw.lines))
    return str(antimony.getSBMLString(f"random_{seed}"))


def _event(draw: Draw, k: int) -> str:
    some, other = draw.chance.choice(draw.species), draw.chance.choice(draw.species)
    moment = _quarter(draw, 0.0, 6.0)
    trigger = draw.chance.choice(
        (
            f"time >= {moment}",
            f"time > {moment}",
            f"{some} < {draw.number(0.3, 0.8)}",
            f"{some} > {draw.number(0.6, 1.5)}",
            f"{some} > {draw.parameter('bar', 0.5, 1.5)}",
            "flag > 0.5",
            "switch > 0.5 && level > 0.2",
            f"{some} > {draw.number(0.4, 1.2)} && flag < 0.5",
            f"time >= {moment} && {some} < {draw.number(0.5, 1.5)}",
            f"time >= {moment} && time < {moment + _quarter(draw, 0.25, 2.0)}",
            f"total > {draw.number(1.0, 4.0)} || switch > 0.5",
        )
    )
    delay = draw.chance.choice(
        (
            "",
            "",
            f"{_quarter(draw, 0.25, 3.0)} after",
            f"{draw.parameter('lag', 0.3, 2.0)} after",
            f"(0.5 + 0.2 * {other}) after",
        )
    )
    what = draw.chance.choice(
        (
            f"{some} = {some} + {draw.number(0.2, 1.5)}",
            f"{some} = {draw.number(0.1, 0.8)} * {some} + 0.05",
            f"{some} = {other} + 0.1, {other} = 0.2 + 0.5 * {some}" if some != other else f"{some} = 1",
            "flag = 1 - flag",
            f"switch = {draw.chance.choice((0, 1))}, level = level * 0.5 + 0.3",
            f"level = 0.3 + 0.4 * {other} / (1 + {other})",
            f"gain = {draw.number(0.2, 2.0)}, {some} = 1.1",
            "level = 0.1 + 0.05 * time / (1 + 0.1 * time)",
        )
    )
    priority = f"{10 * (k + 1)}" if draw.odds(0.6) else f"{10 * (k + 1)} - 40 * level / (1 + level)"
    options = [
        f"priority={priority}",
        f"t0={draw.chance.choice(('true', 'false'))}",
        f"persistent={draw.chance.choice(('true', 'true', 'false'))}",
        f"fromTrigger={draw.chance.choice(('true', 'false'))}",
    ]
    return f"E{k}: at {delay} ({trigger}), {', '.join(options)}: {what}"


# The tables


def _experiments(draw: Draw) -> tuple[list[dict[str, object]], list[dict[str, object]]]:
    conditions: list[dict[str, object]] = []
    experiments: list[dict[str, object]] = []
    for e in range(draw.chance.randint(1, 3)):
        starts = [0.0 if draw.odds(0.8) else 1.0]
        starts += sorted({_quarter(draw, 1.25, END - 1.0) for _ in range(draw.chance.randint(0, 3))})
        starts = [-math.inf, *starts] if draw.odds(0.5) else starts
        for k, start in enumerate(starts):
            names = [f"c{e}_{k}_{part}" for part in range(draw.chance.choice((0, 1, 1, 2)))]
            targets = draw.chance.sample((*draw.species, *KEPT), 2)
            for name, target in zip(names, targets, strict=False):
                value = _first_value(draw) if k == 0 else _later_value(draw, target)
                conditions.append({"conditionId": name, "targetId": target, "targetValue": value})
            for name in names or [""]:
                experiments.append({"experimentId": f"e{e}", "time": _written(start), "conditionId": name})
    if not conditions:
        conditions.append({"conditionId": "unused", "targetId": "level", "targetValue": 1})
    return conditions, experiments


def _written(time: float) -> object:
    return "-inf" if time == -math.inf else time


def _first_value(draw: Draw) -> str:
    return draw.chance.choice((f"{draw.number(0.1, 2.0)}", f"0.5 * {draw.parameter('dose')}", "0", "1"))


def _later_value(draw: Draw, target: str) -> str:
    some = draw.chance.choice(draw.species)
    return draw.chance.choice(
        (
            f"{draw.number(0.1, 2.0)}",
            "0",
            "1",
            f"{target} + {draw.parameter('dose')}",
            f"0.5 * {target} + 0.1",
            f"0.2 + {some} / (1 + {some})",
            "0.1 + 0.1 * time",
        )
    )


def _measurements(draw: Draw, observables: list, experiments: list) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    for name in dict.fromkeys(row["experimentId"] for row in experiments):
        starts = [row["time"] for row in experiments if row["experimentId"] == name and row["time"] != "-inf"]
        times = sorted({*(draw.number(min(starts), END) for _ in range(6)), *starts, min(starts), END})
        for time in times:
            rows += [
                {"observableId": o["observableId"], "experimentId": name, "time": time, "measurement": 1.0}
                for o in observables
            ]
    return rows
