"""What the identifiers of PEtab tables mean in an imported model.

A table may name a species whose amount is the state, a quantity that the file only gives through an initial
assignment, a reaction, or a local parameter; here each becomes species and parameters of the `Model`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from pathway.equations import Model
from pathway.expressions import Expression, divide, multiply, symbol, symbols
from pathway.expressions.calculus import substitute_all
from pathway.expressions.evaluation import evaluate
from pathway.fitting.noise_model import noise_mistakes
from pathway.fitting.problem import Observable, Problem, ProblemError
from pathway.simulation.protocol import Experiment, Period

from ..sbml import SbmlModel
from .tables import read_tables


def attach_model(
    declared: SbmlModel,
    path: Path,
    content: Any,
    build: Callable[[Any, Path, SbmlModel], Any],
    version: str,
) -> Problem:
    """The problem around the imported model, every identifier resolved.

    `build` makes the plain parts of the problem from the tables; see `version1` and `version2`.
    """
    parts = build(content, path, declared)
    wrong = parts.pop("wrong_measurements")
    if aliases := _aliases(content, path, declared.model, version):
        parts = _renamed(parts, aliases)
    parts = _with_meanings(parts, declared)
    model, derived = _freed(_with_outputs(declared.model, parts), declared.ruled, parts)
    experiments = tuple(_translated(e, declared, model) for e in parts["experiments"])
    _check_given(declared.model, experiments, parts)
    mistakes, problem = _problem({**parts, "model": model, "derived": derived, "experiments": experiments})
    if wrong or mistakes or problem is None:
        raise ProblemError(sorted([*wrong, *mistakes], key=_place))
    return problem


def _problem(parts: dict[str, Any]) -> tuple[list[str], Problem | None]:
    """What is wrong with the measurements, all of it together, and the problem if nothing is."""
    try:
        problem = Problem(**parts)
        return list(noise_mistakes(problem)), problem
    except ProblemError as error:
        mistakes = list(error.mistakes)
    named = {mistake.partition(": ")[0] for mistake in mistakes}
    rest = tuple(m for m in parts["measurements"] if m.source not in named)
    if rest and len(rest) < len(parts["measurements"]):
        mistakes += _problem({**parts, "measurements": rest})[0]
    return mistakes, None


def _place(mistake: str) -> tuple[str, int]:
    """File and line of a mistake, to put those of one table in order."""
    match = re.match(r"(.*?):(\d+): ", mistake)
    return (match[1], int(match[2])) if match else ("", 0)


def _check_given(model: Model, experiments: Iterable[Experiment], parts: dict[str, Any]) -> None:
    """Every measured experiment starts from numbers: those of the file, of its first period, or of the parameters."""
    unset = {n for n, v in zip(model.parameters, model.parameter_values, strict=True) if math.isnan(v)}
    for name in model.species:
        formula = model.initial[name]
        if math.isnan(evaluate(formula, dict.fromkeys(symbols(formula), 1.0))):
            unset.add(name)
    unset -= {p.name for p in parts["parameters"]}
    measured = {m.experiment for m in parts["measurements"]}
    for experiment in experiments if unset else ():
        left = unset - (experiment.periods[0].changes.keys() if experiment.periods else set())
        if left and experiment.name in measured:
            where = f"{parts['name']}: experiment '{experiment.name}'"
            raise ProblemError([f"{where} gives '{min(left)}' no value, nor does the model"])


def _aliases(content: Any, path: Path, model: Model, version: str) -> dict[str, Expression]:
    """The mapping table: names of the tables for entities of the model."""
    part = content if version == "2" else (content.get("problems") or [{}])[0]
    aliases = {}
    for row in read_tables(path.parent, part.get("mapping_files"), ("petabEntityId", "modelEntityId")):
        alias, entity = row.text("petabEntityId"), row.text("modelEntityId")
        if not entity or alias == entity:
            continue
        # A local parameter k of reaction R is called R.k there and R_k in the model.
        known = {*model.species, *model.parameters, *model.assignments}
        name = entity if entity in known else entity.replace(".", "_")
        if name not in known:
            raise ProblemError([f"{row.place}: the model has nothing called '{entity}'"])
        aliases[alias] = symbol(name)
    return aliases


def _renamed(parts: dict[str, Any], aliases: Mapping[str, Expression]) -> dict[str, Any]:
    def name(old: str) -> str:
        return str(aliases[old].value) if old in aliases else old

    return {
        **_substituted(parts, aliases),
        "parameters": tuple(replace(p, name=name(p.name)) for p in parts["parameters"]),
        "experiments": tuple(
            Experiment(
                e.name,
                tuple(
                    Period(
                        p.start,
                        dict(zip(map(name, p.changes), substitute_all(list(p.changes.values()), aliases), strict=True)),
                    )
                    for p in e.periods
                ),
            )
            for e in parts["experiments"]
        ),
    }


def _substituted(parts: dict[str, Any], meanings: Mapping[str, Expression]) -> dict[str, Any]:
    """Observables and placeholders with names replaced."""
    observables = tuple(_observable(o, meanings) for o in parts["observables"])
    measurements = tuple(
        replace(
            m,
            placeholders=dict(
                zip(m.placeholders, substitute_all(list(m.placeholders.values()), meanings), strict=True)
            ),
        )
        if m.placeholders
        else m
        for m in parts["measurements"]
    )
    return {**parts, "observables": observables, "measurements": measurements}


def _observable(o: Observable, meanings: Mapping[str, Expression]) -> Observable:
    formula, noise = substitute_all([o.formula, o.noise], meanings)
    return replace(o, formula=formula, noise=noise)


def _with_meanings(parts: dict[str, Any], declared: SbmlModel) -> dict[str, Any]:
    """Formulas may use identifiers that are no names of the model: rates of reactions, stoichiometries."""
    model = declared.model
    known = {*model.species, *model.parameters, *model.assignments, *(o.name for o in parts["observables"])}
    known |= {p.name for p in parts["parameters"]}
    meanings = {n: e for n, e in declared.values.items() if n not in known}
    return _substituted(parts, meanings) if meanings else parts


def _with_outputs(model: Model, parts: dict[str, Any]) -> Model:
    """Scales and noise levels that conditions set, although only observables mention them, join the model."""
    known = {*model.species, *model.parameters, *model.assignments}
    targets = dict.fromkeys(t for e in parts["experiments"] for p in e.periods for t in p.changes if t not in known)
    if not targets:
        return model
    observables = {o.name: symbols(o.formula, o.noise) for o in parts["observables"]}
    measured = [
        (m, observables.get(m.observable, set()) | symbols(*m.placeholders.values())) for m in parts["measurements"]
    ]
    outputs = [t for t in targets if any(t in used for _, used in measured)]
    if not outputs:
        return model
    experiments = {e.name: e for e in parts["experiments"]}
    listed = {p.name for p in parts["parameters"]}
    for m, used in measured:
        periods = experiments[m.experiment].periods if m.experiment in experiments else ()
        targets_so_far = {t for p in periods if p.start <= m.time for t in p.changes}
        for name in outputs:
            if name in used and name not in listed | targets_so_far:
                raise ProblemError([f"{m.source}: no condition of '{m.experiment}' gives '{name}' a value"])
    values = np.append(model.parameter_values, np.full(len(outputs), np.nan))
    return replace(model, parameters=(*model.parameters, *outputs), parameter_values=values)


def _freed(model: Model, ruled: frozenset[str], parts: dict[str, Any]) -> tuple[Model, dict[str, Expression]]:
    """Quantities that only an initial assignment gives become parameters where the problem sets or disturbs them.

    What a rule gives follows its formula at every time, unless the problem itself sets it.
    """
    set_now = {t for e in parts["experiments"] for p in e.periods for t in p.changes}
    set_now |= {p.name for p in parts["parameters"]}
    set_later = {t for e in parts["experiments"] for p in e.periods[1:] for t in p.changes}
    constants = set(model.parameters)
    freed: dict[str, Expression] = {}
    rules: dict[str, Expression] = {}
    for name, written in model.assignments.items():
        formula = substitute_all([written], rules)[0]
        if name in ruled and name not in set_now:
            rules[name] = formula
        elif symbols(formula) <= constants | freed.keys() and (
            name in set_now or symbols(formula) & (set_later | freed.keys())
        ):
            freed[name] = formula
    if not freed:
        return model, {}
    values = dict(zip(model.parameters, map(float, model.parameter_values), strict=True))
    for name, formula in freed.items():
        values[name] = evaluate(formula, values)
    extended = replace(
        model,
        parameters=(*model.parameters, *freed),
        parameter_values=np.array([values[n] for n in (*model.parameters, *freed)]),
        assignments={n: f for n, f in model.assignments.items() if n not in freed},
    )
    return extended, freed


def _translated(experiment: Experiment, declared: SbmlModel, model: Model) -> Experiment:
    """Changes of concentrations whose state is an amount, and of compartments around such species."""
    periods = []
    for position, period in enumerate(experiment.periods):
        changes: dict[str, Expression] = {}
        for target, value in period.changes.items():
            state, size = _amount_state(target, declared, model)
            changes[state] = value if size is None else multiply(value, substitute_all([size], period.changes)[0])
        if position:
            changes |= _kept_concentrations(period.changes, changes.keys(), declared, model)
        periods.append(Period(period.start, changes))
    return Experiment(experiment.name, tuple(periods))


def _amount_state(target: str, declared: SbmlModel, model: Model) -> tuple[str, Expression | None]:
    """The state behind a species, and the size that turns its concentration into that state."""
    if target in model.species or target in model.parameters or target not in declared.amounts:
        return target, None
    amount, concentration = declared.amounts[target], declared.values[target]
    if amount.operator != "symbol" or concentration is amount:
        return target, None
    formula = model.assignments.get(target, concentration)
    # The importer writes such a concentration as amount / size.
    if formula.operator == "divide" and formula.arguments[0] is amount:
        return str(amount.value), formula.arguments[1]
    return target, None


def _kept_concentrations(
    changes: Mapping[str, Expression], done: Iterable[str], declared: SbmlModel, model: Model
) -> dict[str, Expression]:
    """Amounts that grow with their compartment, so that a change of its size leaves concentrations as they are."""
    amounts = {}
    for name in declared.amounts:
        state, size = _amount_state(name, declared, model)
        if size is not None and state not in done and symbols(size) & changes.keys():
            amounts[state] = divide(multiply(symbol(state), substitute_all([size], changes)[0]), size)
    return amounts
