"""What the code of a lesson prints and draws, run now: for pages whose readers have no Python."""

from __future__ import annotations

import ast
import base64
import io
import os
import warnings
from collections.abc import Iterator
from contextlib import chdir, redirect_stdout
from html import escape
from tempfile import TemporaryDirectory
from typing import Any

from .lesson import Code, Lesson
from .read import LessonError

DOTS_PER_INCH = 70
"""Of pictures: a page is one file, and is sent about."""


def code_outputs(lesson: Lesson) -> list[str]:
    """HTML of what each cell of code gives, in their order; nothing for a cell that is silent.

    Raises
    ------
    LessonError
        If a cell fails; names it.
    """
    os.environ.setdefault("MPLBACKEND", "agg")  # no window for a figure
    scope: dict[str, Any] = {"__name__": "lesson"}
    shown: list[str] = []
    with TemporaryDirectory(ignore_cleanup_errors=True) as folder, chdir(folder), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for number, step in enumerate((step for step in lesson.steps if isinstance(step, Code)), 1):
            try:
                shown.append(_output(step.source, scope))
            except Exception as error:
                raise LessonError(f"{lesson.file}: cell {number} of its code fails: {error!r}") from error
    return shown


def _output(source: str, scope: dict[str, Any]) -> str:
    """What a cell prints, then what its last line shows, as a notebook does."""
    tree = ast.parse(source)
    last = tree.body[-1] if tree.body else None
    expression = ast.Expression(last.value) if isinstance(last, ast.Expr) else None
    if expression:
        tree.body.pop()
    known = {id(value) for value in scope.values()}
    printed = io.StringIO()
    with redirect_stdout(printed):
        exec(compile(tree, "lesson", "exec"), scope)
        value = eval(compile(expression, "lesson", "eval"), scope) if expression else None
    return "".join([*_text(printed.getvalue()), *_shown(value, scope, known)])


def _text(text: str) -> Iterator[str]:
    if text.strip():
        yield f"<pre>{escape(text.rstrip())}</pre>"


def _shown(value: Any, scope: dict[str, Any], known: set[int]) -> Iterator[str]:
    """The last value, or else the figures that the cell has made."""
    if hasattr(value, "savefig"):
        yield _picture(value)
    elif hasattr(value, "_repr_html_"):
        yield value._repr_html_()
    else:
        figures = [
            one for one in scope.values() if hasattr(one, "savefig") and hasattr(one, "axes") and id(one) not in known
        ]
        yield from map(_picture, figures)
        if value is not None and not figures:
            yield from _text(repr(value))


def _picture(figure: Any) -> str:
    """A figure inside the page, in few colors."""
    from PIL import Image

    drawn, small = io.BytesIO(), io.BytesIO()
    figure.savefig(drawn, format="png", dpi=DOTS_PER_INCH)
    Image.open(drawn).convert("RGB").quantize(64).save(small, format="png", optimize=True)
    data = base64.b64encode(small.getvalue()).decode("ascii")
    return f'<img alt="What the code of the lesson draws" src="data:image/png;base64,{data}">'
