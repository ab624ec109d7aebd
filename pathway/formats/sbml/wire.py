"""`Declarations` as JSON and back, for the process that reads files from outside.

Formulas go as one table of nodes, so that what they share is sent once; a formula is its place in the table. What comes
back is built from the types that the records declare, never from names in the message.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, is_dataclass
from functools import cache
from types import NoneType, UnionType
from typing import Any, get_args, get_origin, get_type_hints

from pathway.expressions import Expression, postorder
from pathway.expressions.graph import graph_from_records, graph_to_records

from .declarations import Declarations


def to_json(declared: Declarations) -> dict[str, Any]:
    """Lists, dicts, strings and numbers that `from_json` understands."""
    roots: list[Expression] = []
    _plain(declared, lambda root: roots.append(root))
    place = {id(node): index for index, node in enumerate(postorder(roots))}
    return {"nodes": graph_to_records(*roots), "declared": _plain(declared, lambda root: place[id(root)])}


def from_json(message: dict[str, Any]) -> Declarations:
    """The records of a message."""
    return _built(Declarations, message["declared"], graph_from_records(message["nodes"]))


def _plain(value: Any, formula: Callable[[Expression], Any]) -> Any:
    if isinstance(value, Expression):
        return formula(value)
    if is_dataclass(value):
        return [_plain(getattr(value, field.name), formula) for field in fields(value)]
    if isinstance(value, dict):
        return {key: _plain(item, formula) for key, item in value.items()}
    if isinstance(value, set):
        return sorted(value)
    if isinstance(value, list | tuple):
        return [_plain(item, formula) for item in value]
    return value


def _built(kind: Any, value: Any, nodes: list[Expression]) -> Any:
    if isinstance(kind, UnionType):
        if value is None:
            return None
        (kind,) = (part for part in get_args(kind) if part is not NoneType)
    if kind is Expression:
        return nodes[value]
    if isinstance(kind, type) and is_dataclass(kind):
        return kind(*(_built(part, item, nodes) for part, item in zip(_types(kind), value, strict=True)))
    collection, parts = get_origin(kind), get_args(kind)
    if collection is dict:
        return {key: _built(parts[1], item, nodes) for key, item in value.items()}
    if collection is tuple and parts[-1] is not Ellipsis:
        return tuple(_built(part, item, nodes) for part, item in zip(parts, value, strict=True))
    if collection is not None:
        return collection(_built(parts[0], item, nodes) for item in value)
    return value


@cache
def _types(record: type) -> tuple[Any, ...]:
    """The type of each field, in order."""
    hints = get_type_hints(record)
    return tuple(hints[field.name] for field in fields(record))
