"""Small faults of a Python file: each one change of its syntax tree."""

from __future__ import annotations

import ast
import copy
import hashlib
from collections import Counter
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
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


@dataclass(frozen=True)
class Mutant:
    """One fault.

    Attributes
    ----------
    file : str
        From the root of the tree.
    within : str
        Function or method around it, as Python qualifies it; "" at the level of the module, a class for what stands in
        its body.
    kind : str
        What is changed.
    text : str
        The line.
    number : int
        Among the faults of the same kind in the same function and line of the same text.
    digest : str
        Of the function, or of the file for what stands in none: a verdict holds while it stays the same.
    place, choice : int
        Where it is in the syntax tree.
    lines : tuple of int
        Of the statement: a test that passes one of them may notice.
    in_function : bool
        In the body of a function: it can be put into a program that runs.
    """

    file: str
    within: str
    kind: str
    text: str
    number: int
    digest: str
    place: int
    choice: int
    lines: tuple[int, ...]
    in_function: bool

    @property
    def name(self) -> str:
        """Stays the same while other functions change."""
        return f"{self.file}:{self.within}:{self.kind}:{self.number}:{self.text}"

    def order(self, seed: int) -> str:
        """Sorted by this, faults stand in the order that the seed decides."""
        return hashlib.sha256(f"{seed} {self.name}".encode()).hexdigest()


def mutants_of(file: str, source: str) -> list[Mutant]:
    """Every fault of a file, in the order of its nodes."""
    tree = ast.parse(source)
    places = {id(node): place for place, node in enumerate(ast.walk(tree))}
    idle, lines = _idle(tree), source.splitlines()
    count: Counter[tuple[str, str, str]] = Counter()
    of_file, digests = _digest(tree), {}
    found = []
    for node, statement, within, function in _visited(tree, None, "", None):
        if id(node) in idle:
            continue
        if function is not None and id(function) not in digests:
            digests[id(function)] = _digest(function)
        for choice, kind in enumerate(_kinds(node)):
            text = lines[node.lineno - 1].strip()
            number = count[within, kind, text]
            count[within, kind, text] += 1
            digest = of_file if function is None else digests[id(function)]
            place = places[id(node)]
            range_ = _lines(statement)
            found.append(Mutant(file, within, kind, text, number, digest, place, choice, range_, function is not None))
    return found


def mutated(source: str, mutant: Mutant) -> ast.Module:
    """The file with the fault."""
    tree = ast.parse(source)
    node = next(n for k, n in enumerate(ast.walk(tree)) if k == mutant.place)
    new = _changed(node, mutant.choice)
    if new is not node:
        ast.copy_location(new, node)
        for parent in ast.walk(tree):
            for field, value in ast.iter_fields(parent):
                if value is node:
                    setattr(parent, field, new)
                elif isinstance(value, list):
                    setattr(parent, field, [new if item is node else item for item in value])
    return ast.fix_missing_locations(tree)


def _digest(node: ast.AST) -> str:
    return hashlib.sha256(ast.dump(node).encode()).hexdigest()[:12]


def _visited(
    node: ast.AST, statement: ast.stmt | None, within: str, function: ast.AST | None
) -> Iterator[tuple[ast.AST, ast.stmt, str, ast.AST | None]]:
    """Each node with the statement, the name of what is around it, and the outermost function in whose body it is."""
    if isinstance(node, ast.stmt):
        statement = node
    if statement is not None and hasattr(node, "lineno"):
        yield node, statement, within, function
    inner = within
    if isinstance(node, (*FUNCTIONS, ast.ClassDef)):
        inner = f"{within}.{node.name}" if within else node.name
    for field, value in ast.iter_fields(node):
        is_body = field == "body" and isinstance(node, FUNCTIONS)
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST):
                own = function or (node if is_body else None)
                named = inner if field == "body" else within
                yield from _visited(child, statement, named, own)


def _lines(statement: ast.stmt) -> tuple[int, ...]:
    """Of a simple statement, or of the head of one that holds others."""
    body = getattr(statement, "body", None)
    last = body[0].lineno - 1 if isinstance(body, list) and body else statement.end_lineno
    return tuple(range(statement.lineno, max(statement.lineno, last or 0) + 1))


def _idle(tree: ast.Module) -> set[int]:
    """Nodes that say nothing at run time, or are not run as Python.

    Docstrings, annotations, imports, `__all__`, texts of errors, functions that numba compiles.
    """
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
        elif isinstance(node, FUNCTIONS):
            leave(node.returns)
            for decorator in node.decorator_list:
                leave(decorator)
            if any("njit" in ast.unparse(decorator) for decorator in node.decorator_list):
                leave(node)
        elif isinstance(node, ast.JoinedStr):
            leave(node)
        elif isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
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
        return copy.copy(node.operand)
    if isinstance(node, ast.BoolOp):
        node.op = ast.Or() if isinstance(node.op, ast.And) else ast.And()
        return node
    if isinstance(node, ast.Constant):
        return ast.Constant(node.value + 1)  # type: ignore[operator]
    return ast.Pass()
