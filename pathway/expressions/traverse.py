"""Walks over the nodes of formulas, whatever builds the nodes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol, TypeVar, cast


class Node(Protocol):
    """What a walk knows of a node: see `graph.Expression`."""

    operator: str
    value: float | str | None

    @property
    def arguments(self) -> tuple[Node, ...]:
        """The operands."""
        ...


AnyNode = TypeVar("AnyNode", bound=Node)


def postorder(roots: Iterable[AnyNode]) -> list[AnyNode]:
    """Every node below the roots once, arguments before the nodes that use them.

    Does not recurse: formulas from files may be nested deeper than Python's stack.
    """
    seen: set[int] = set()
    order: list[AnyNode] = []
    pending = [(root, False) for root in reversed(list(roots))]
    while pending:
        node, expanded = pending.pop()
        if expanded:
            order.append(node)
        elif id(node) not in seen:
            seen.add(id(node))
            pending.append((node, True))
            pending.extend((argument, False) for argument in reversed(cast("tuple[AnyNode, ...]", node.arguments)))
    return order


def symbols(*roots: Node) -> frozenset[str]:
    """Names of all symbols below the roots."""
    return frozenset(str(node.value) for node in postorder(roots) if node.operator == "symbol")
