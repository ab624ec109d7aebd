"""Small faults of a Python file: each one change of its syntax tree."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
SIGNS: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
}
REMOVABLE = (ast.Assign, ast.AugAssign, ast.Return, ast.Raise, ast.Expr)


@dataclass(frozen=True)
class Mutant:
    """One fault: `place` and `choice` find it in the tree, the rest tells a person."""

    file: str
    line: int
    kind: str
    place: int
    choice: int
    text: str

    @property
    def name(self) -> str:
        """Stays the same as long as the file does."""
        return f"{self.file}:{self.line}:{self.kind}:{self.place}:{self.choice}"


def mutants_of(file: str, source: str) -> list[Mutant]:
    """Every fault of a file, in the order of its nodes."""
    tree = ast.parse(source)
    idle, lines = _idle(tree), source.splitlines()
    found = []
    for place, node in enumerate(ast.walk(tree)):
        if id(node) in idle:
            continue
        for choice, kind in enumerate(_kinds(node)):
            line = getattr(node, "lineno", 0)
            found.append(Mutant(file, line, kind, place, choice, lines[line - 1].strip() if line else ""))
    return found


def mutated(source: str, mutant: Mutant) -> str:
    """The text of the file with the fault."""
    tree = ast.parse(source)
    node = next(n for k, n in enumerate(ast.walk(tree)) if k == mutant.place)
    new = _changed(node, mutant.choice)
    if new is not node:
        for parent in ast.walk(tree):
            for field, value in ast.iter_fields(parent):
                if value is node:
                    setattr(parent, field, new)
                elif isinstance(value, list):
                    setattr(parent, field, [new if item is node else item for item in value])
    return ast.unparse(ast.fix_missing_locations(tree))


def _idle(tree: ast.Module) -> set[int]:
    """Nodes that say nothing at run time: docstrings, annotations, imports, `__all__`, texts of errors."""
    found: set[int] = set()

    def leave(node: ast.AST | None) -> None:
        if node is not None:
            found.update(id(inner) for inner in ast.walk(node))

    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            leave(node)
        elif isinstance(node, ast.AnnAssign):
            leave(node.annotation)
        elif isinstance(node, ast.arg):
            leave(node.annotation)
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            leave(node.returns)
            for decorator in node.decorator_list:
                leave(decorator)
        elif isinstance(node, ast.JoinedStr):
            leave(node)
        elif isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "__all__":
            leave(node)
    return found


def _kinds(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Compare):
        yield from ("comparison" for op in node.ops if type(op) in COMPARISONS)
    elif isinstance(node, ast.BinOp) and type(node.op) in SIGNS:
        yield "sign"
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        yield "sign"
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        yield "not"
    elif isinstance(node, ast.BoolOp):
        yield "and/or"
    elif isinstance(node, ast.Constant) and type(node.value) in (int, float):
        yield "constant"
    elif isinstance(node, REMOVABLE):
        yield "statement"


def _changed(node: ast.AST, choice: int) -> ast.AST:
    if isinstance(node, ast.Compare):
        known = [k for k, op in enumerate(node.ops) if type(op) in COMPARISONS]
        node.ops[known[choice]] = COMPARISONS[type(node.ops[known[choice]])]()
        return node
    if isinstance(node, ast.BinOp):
        node.op = SIGNS[type(node.op)]()
        return node
    if isinstance(node, ast.UnaryOp):
        return node.operand
    if isinstance(node, ast.BoolOp):
        node.op = ast.Or() if isinstance(node.op, ast.And) else ast.And()
        return node
    if isinstance(node, ast.Constant):
        return ast.Constant(node.value + 1)  # type: ignore[operator]
    return ast.Pass()
