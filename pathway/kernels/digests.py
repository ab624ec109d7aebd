"""A name for what a model says, so that compiled code is found again."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from pathway.equations import Model
from pathway.expressions import Expression, postorder


def formulas_digest(named: Iterable[tuple[str, Expression | None]]) -> str:
    """A hash of labelled formulas; shared subexpressions are read once."""
    pairs = list(named)
    position: dict[Expression, int] = {}
    records = []
    for index, node in enumerate(postorder([formula for _, formula in pairs if formula is not None])):
        position[node] = index
        value = node.value.hex() if isinstance(node.value, float) else node.value
        records.append((node.operator, value, *[position[a] for a in node.arguments]))
    labels = [(label, None if formula is None else position[formula]) for label, formula in pairs]
    return hashlib.sha256(repr((records, labels)).encode()).hexdigest()


def dynamics_digest(model: Model) -> str:
    """A hash of everything that right-hand sides and their derivatives depend on; parameter values do not count."""

    def named() -> Iterable[tuple[str, Expression | None]]:
        for name in model.species:
            yield f"species {name}", None
        for name in model.parameters:
            yield f"parameter {name}", None
        for name, formula in model.assignments.items():
            yield f"assignment {name}", formula
        for name, formula in model.rates.items():
            yield f"rate {name}", formula
        for name, changes in model.stoichiometry.items():
            for reaction, count in changes.items():
                yield f"change {name}\0{reaction}", count
        for name, formula in model.rate_rules.items():
            yield f"rule {name}", formula
        for name, formula in model.algebraic.items():
            yield f"residual {name}", formula

    return formulas_digest(named())


def events_digest(model: Model) -> str:
    """A hash of the events."""

    def named() -> Iterable[tuple[str, Expression | None]]:
        for event in model.events:
            yield f"trigger {event.name}", event.trigger
            yield "delay", event.delay
            yield "priority", event.priority
            for name, formula in event.assignments.items():
                yield f"sets {name}", formula

    return formulas_digest(named())


@cache
def sources_digest() -> str:
    """A hash of the code that writes code: this room, the derivatives and the graph of formulas."""
    package = Path(__file__).parents[1]
    return files_digest((Path(__file__).parent, package / "equations", package / "expressions"))


def files_digest(rooms: Iterable[Path]) -> str:
    """A hash of the Python files of some folders, in their order."""
    digest = hashlib.sha256()
    for room in rooms:
        for path in sorted(room.glob("*.py")):
            digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()
