"""Every key of a scenario file, from the schema that checks it."""

from __future__ import annotations

import json
import types
import typing
from collections.abc import Iterator
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from pathway.scenario import schema
from pathway.scenario.structure import SECTIONS

from . import markdown

HEAD = """# The scenario file

One TOML file is one experiment: cells, doses, arms, what is shown and what is expected. A quantity is text with
its unit (`"10 ug/mL"`, `"-48 h"`), a share has a percent sign (`"80 %"`), and `"4 x"` is four times the usual.
Nothing in the file is ever executed. `pathway check FILE` names every mistake with its line; `pathway new FILE`
writes one to start from.

This page is written from `pathway/scenario/schema.py`, which also checks the files; editors read the same from
`pathway/scenario/schema.json`. Keys marked ● must be there.

"""


def pages() -> dict[str, str]:
    """The reference of the scenario file."""
    parts = [_section(path, model) for model, path in first_places().items()]
    return {"reference/scenario_file": HEAD + "\n".join(parts)}


def first_places() -> dict[type[BaseModel], tuple[str | int, ...]]:
    """Every table of a scenario file, and where it stands first."""
    places: dict[type[BaseModel], tuple[str | int, ...]] = {}
    for path, model in SECTIONS.items():
        places.setdefault(model, path)
    return places


def _section(path: tuple[str, ...], model: type[BaseModel]) -> str:
    title, words = _title(path), " ".join((model.__doc__ or "").split())
    kinds = typing.get_type_hints(model, include_extras=True)
    rows = [_row(field.alias or name, field, kinds[name]) for name, field in model.model_fields.items()]
    return f"({_label(path)})=\n## {title}\n\n{words}\n\n{markdown.table(['key', 'kind', 'what it says'], rows)}"


def _label(path: tuple[str, ...]) -> str:
    return markdown.anchor("key-" + "-".join(path or ("top",)))


def _title(path: tuple[str, ...]) -> str:
    """How the author writes the place: [dose.NAME], [[arm]]."""
    if not path:
        return "At the top"
    lists = {"arm", "expect"}
    names = ["NAME" if part == "*" and path[k - 1] not in lists else part for k, part in enumerate(path)]
    inner = ".".join(part for part in names if part != "*")
    if path in (("arm", "*"), ("expect", "*")):
        return f"`[[{path[0]}]]`"
    return f"`{inner}` of an arm" if path[0] in lists and len(path) > 2 and path[0] == "arm" else f"`[{inner}]`"


def _row(key: str, field: FieldInfo, kind: Any) -> list[str]:
    must = " ●" if field.is_required() else ""
    return [f"`{key}`{must}", _kind(kind), " ".join(_explanation(field))]


def _explanation(field: FieldInfo) -> Iterator[str]:
    """Meaning, usual value and example."""
    if field.description:
        yield markdown.sentences(_closed(field.description))
    elif inner := _inner_description(field):
        yield markdown.sentences(_closed(inner))
    default = field.get_default(call_default_factory=True)
    if default is not PydanticUndefined and default not in (None, [], {}, False, ""):
        yield f"Usually {markdown.code(json.dumps(default, ensure_ascii=False))}."
    if field.examples:
        yield "Such as " + ", ".join(markdown.code(json.dumps(e, ensure_ascii=False)) for e in field.examples) + "."


def _closed(text: str) -> str:
    return text if text.endswith((".", "?")) else f"{text}."


def _inner_description(field: FieldInfo) -> str:
    """What an annotated kind of value says of itself."""
    for annotation in (field.annotation, *get_args(field.annotation)):
        for extra in get_args(annotation)[1:]:
            if isinstance(extra, FieldInfo) and extra.description:
                return extra.description
    return ""


def _kind(annotation: Any) -> str:
    """The kind of value in words."""
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is typing.Annotated:
        return _annotated(inner)
    if origin in (Union, types.UnionType):
        kinds = dict.fromkeys(_kind(one) for one in inner if one is not type(None))
        return " or ".join(kinds)
    if origin is Literal:
        return " ".join(markdown.code(json.dumps(word)) for word in inner)
    if origin is list:
        return f"list of {_kind(inner[0])}"
    if origin is dict:
        return f"table of {_kind(inner[1])}"
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return _link(annotation)
    names = {str: "text", int: "whole number", float: "number", bool: "true or false", object: "anything"}
    return names[annotation]


def _annotated(inner: tuple[Any, ...]) -> str:
    words = {schema.Amount: "quantity", schema.Time: "time"}
    return next((word for kind, word in words.items() if get_args(kind) == inner), None) or _kind(inner[0])


def _link(model: type[BaseModel]) -> str:
    path = first_places().get(model)
    return "table" if path is None else f"[table](#{_label(path)})"
