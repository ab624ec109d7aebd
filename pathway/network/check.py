"""Does a network fit together: names, units of every rate and every sum, conserved moieties."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from fractions import Fraction

from pathway.errors import did_you_mean
from pathway.expressions import Expression, FormulaError, parse, postorder, symbols, to_text
from pathway.units import ONE, Unit, UnitError, dimension_in_words, unit

from .language import TIME_UNIT, Network, NetworkError, Observable


def network_mistakes(network: Network) -> list[str]:
    """Everything that is wrong with a network, one line each; empty if all is well."""
    # A later check would only repeat an earlier complaint in other words.
    for check in (_unreadable, _doubled_names, _unknown_names):
        if mistakes := list(check(network)):
            return mistakes
    return [*_units(network), *_moieties(network), *_facts(network)]


def _doubled_names(network: Network) -> Iterator[str]:
    named = [entry.name for entry in network.declared if not isinstance(entry, Observable)]
    for name, count in Counter(named).items():
        if count > 1:
            yield f"'{name}' is declared {count} times"
    for kind, names in (
        ("reaction", [entry.name for entry in network.reactions]),
        ("observable", [entry.name for entry in network.observables]),
    ):
        for name, count in Counter(names).items():
            if count > 1:
                yield f"{kind} '{name}' is declared {count} times"


def _unreadable(network: Network) -> Iterator[str]:
    """Formulas, equations and units that cannot be parsed at all."""
    for entry in network.declared:
        try:
            unit(entry.unit)
        except UnitError as error:
            yield f"'{entry.name}': {error}"
    for place, text in _texts(network):
        try:
            parse(text)
        except FormulaError as error:
            yield f"{place}: {error}"
    for reaction in network.reactions:
        try:
            _ = reaction.sides
        except NetworkError as error:
            yield str(error)


def _texts(network: Network) -> Iterator[tuple[str, str]]:
    for species in network.species:
        yield f"start of '{species.name}'", species.start
    for entry in network.formulas:
        yield f"formula of '{entry.name}'", entry.formula
    for reaction in network.reactions:
        yield f"reaction '{reaction.name}': the rate", reaction.rate


def _unknown_names(network: Network) -> Iterator[str]:
    species = {entry.name for entry in network.species}
    parameters = {entry.name for entry in network.parameters}
    for entry in network.species:
        yield from _unknown(f"start of '{entry.name}'", symbols(parse(entry.start)), parameters)
    known = species | parameters | {"time"}
    for quantity in network.quantities:
        # A quantity may use those declared before it, so a circle cannot arise.
        yield from _unknown(f"formula of '{quantity.name}'", symbols(quantity.expression), known)
        known = known | {quantity.name}
    for observable in network.observables:
        yield from _unknown(f"formula of '{observable.name}'", symbols(observable.expression), known)
    for reaction in network.reactions:
        yield from _unknown(f"reaction '{reaction.name}'", symbols(reaction.expression), known)
        for side in reaction.sides:
            yield from _unknown(f"reaction '{reaction.name}'", frozenset(side), species)


def _unknown(place: str, used: frozenset[str], known: set[str]) -> Iterator[str]:
    for name in sorted(used - known):
        yield f"{place}: '{name}' is not declared.{did_you_mean(name, known)}"


class _Misfit(Exception):
    """Two units that do not go together, with the terms that carry them."""


def _units(network: Network) -> Iterator[str]:
    known = {name: unit(text) for name, text in network.units.items()}
    known["time"] = hour = unit(TIME_UNIT)
    for species in network.species:
        yield from _misfit(f"start of '{species.name}'", parse(species.start), known, known[species.name], species.unit)
    for entry in network.formulas:
        yield from _misfit(f"formula of '{entry.name}'", entry.expression, known, unit(entry.unit), entry.unit)
    for reaction in network.reactions:
        for name in reaction.changes:
            text = f"{network.units[name]}/{TIME_UNIT}, as '{name}' demands"
            place = f"reaction '{reaction.name}': the rate"
            yield from _misfit(place, reaction.expression, known, known[name] / hour, text)


def _misfit(place: str, formula: Expression, known: Mapping[str, Unit], wanted: Unit, text: str) -> Iterator[str]:
    try:
        given = formula_unit(formula, known)
    except _Misfit as misfit:
        yield f"{place}: {misfit}"
        return
    if given is not None and not given.equals(wanted):
        yield f"{place} '{to_text(formula)}' is {_in_words(given)}, but should be {text} ({_in_words(wanted)})"


def _in_words(measure: Unit) -> str:
    words = dimension_in_words(measure)
    return words if measure.factor == 1.0 else f"{words} of size {measure.factor:.4g}"


def formula_unit(formula: Expression, known: Mapping[str, Unit]) -> Unit | None:
    """The unit of a formula, None for a bare zero (which fits everywhere).

    Whole numbers are plain numbers. Terms of a sum must agree in size too: adding nM to uM is a mistake here, since
    rates are computed with the numbers as they stand.
    """
    units: dict[int, Unit | None] = {}
    for node in postorder([formula]):
        if node.operator == "symbol":
            units[id(node)] = known[str(node.value)]
        elif node.operator == "number":
            units[id(node)] = None if node.value == 0.0 else ONE
        else:
            units[id(node)] = _unit_of_node(node, [units[id(a)] for a in node.arguments])
    return units[id(formula)]


def _unit_of_node(node: Expression, inner: list[Unit | None]) -> Unit | None:
    if node.operator == "multiply":
        product = ONE
        for factor in inner:
            product = product * (factor or ONE)
        return product
    if node.operator == "divide":
        return (inner[0] or ONE) / (inner[1] or ONE)
    if node.operator in ("power", "sqrt"):
        return _unit_of_power(node, inner)
    if node.operator in ("abs", "floor", "ceil"):
        return inner[0]
    if node.operator in ("add", "min", "max"):
        return _shared(node, list(node.arguments), inner)
    if node.operator == "piecewise":
        return _shared(node, [*node.arguments[:-1:2], node.arguments[-1]], [*inner[:-1:2], inner[-1]])
    if node.operator in ("less", "less_equal", "equal", "not_equal"):
        _shared(node, list(node.arguments), inner)
        return ONE
    for argument, carried in zip(node.arguments, inner, strict=True):
        if carried is not None and not carried.equals(ONE):
            raise _Misfit(f"'{node.operator}' needs a plain number, but '{to_text(argument)}' is {_in_words(carried)}")
    return ONE


def _unit_of_power(node: Expression, inner: list[Unit | None]) -> Unit:
    basis = inner[0] or ONE
    if node.operator == "sqrt":
        return basis ** Fraction(1, 2)
    exponent = node.arguments[1]
    if exponent.operator == "number":
        return basis ** Fraction(float(exponent.value)).limit_denominator(1000)  # type: ignore[arg-type]
    for carried, part in zip(inner, node.arguments, strict=True):
        if carried is not None and not carried.equals(ONE):
            raise _Misfit(f"'{to_text(part)}' in a power with a variable exponent must be a plain number")
    return ONE


def _shared(node: Expression, parts: list[Expression], inner: list[Unit | None]) -> Unit | None:
    """The unit all parts share, or a misfit that names the first part that differs."""
    carried = [(part, own) for part, own in zip(parts, inner, strict=True) if own is not None]
    if not carried:
        return None
    first, wanted = carried[0]
    for part, other in carried[1:]:
        if not other.equals(wanted):
            one, another = f"'{to_text(first)}' is {_in_words(wanted)}", f"'{to_text(part)}' is {_in_words(other)}"
            raise _Misfit(f"in '{to_text(node)}', {one} but {another}")
    return wanted


def _moieties(network: Network) -> Iterator[str]:
    belongs = {s.name: [m.strip() for m in s.moiety.split(",")] for s in network.species if s.moiety}
    for reaction in network.reactions:
        balance: Counter[str] = Counter()
        for name, count in reaction.changes.items():
            for moiety in belongs.get(name, ()):
                balance[moiety] += count
        for moiety, surplus in balance.items():
            if surplus:
                verb = "makes" if surplus > 0 else "loses"
                yield f"reaction '{reaction.name}': '{reaction.equation}' {verb} {abs(surplus)} of conserved '{moiety}'"


def _facts(network: Network) -> Iterator[str]:
    """Names in loops, influences and the map that nothing declares."""
    parameters = {parameter.name for parameter in network.parameters}
    reactions = {reaction.name for reaction in network.reactions}
    readable = {entry.name for entry in (*network.species, *network.formulas)}
    nodes, carriers = {node.name for node in network.map_nodes}, {influence.name for influence in network.influences}
    for loop in network.loops:
        yield from _absent(f"loop '{loop.name}'", "parameter", loop.switched_off, parameters)
    for influence in network.influences:
        yield from _absent(f"influence '{influence.name}'", "species or quantity", influence.sources, readable)
        yield from _absent(
            f"influence '{influence.name}'", "reaction or quantity", influence.places, reactions | readable
        )
        yield from _absent(f"influence '{influence.name}'", "reading", influence.reaches, readable)
    for node in network.map_nodes:
        yield from _absent(f"box '{node.name}' of the map", "species or quantity", [node.quantity], readable)
    for edge in network.map_edges:
        place = f"arrow from '{edge.start}' to '{edge.end}' of the map"
        yield from _absent(place, "box", (edge.start, edge.end), nodes)
        yield from _absent(place, "reaction", edge.reactions, reactions)
        yield from _absent(place, "influence", edge.influences, carriers)


def _absent(place: str, kind: str, names: Iterable[str], known: Collection[str]) -> Iterator[str]:
    for name in names:
        if name not in known:
            yield f"{place}: no {kind} is called '{name}'.{did_you_mean(name, known)}"
