"""A lesson as a Jupyter notebook: predict, run, answer; without outputs."""

from __future__ import annotations

import json
from typing import Any

from .lesson import Lesson, Question, Text


def notebook_text(lesson: Lesson) -> str:
    """The notebook as its file holds it."""
    cells = [_cell("markdown", _head(lesson), f"{lesson.number}-head")]
    if isinstance(next(step for step in lesson.steps if not isinstance(step, Text)), Question):
        cells.append(_cell("code", "import pathway", f"{lesson.number}-import"))
    for place, (kind, step) in enumerate(lesson.steps_at_the_keyboard()):
        name = f"{lesson.number}-{place:02d}"
        if kind == "text":
            cells.append(_cell("markdown", step.markdown, name))
        elif kind == "code":
            cells.append(_cell("code", step.source, name))
        elif kind == "question":
            cells.append(_cell("markdown", question_markdown(step), name))
        elif kind == "predict":
            cells.append(_cell("code", f'pathway.check("{step.id}", prediction=...){_remark(step)}', name))
        else:
            cells.append(_cell("code", f'pathway.check("{step.id}", ...){_remark(step)}', name))
    content = {
        "cells": cells,
        "metadata": {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def question_markdown(question: Question) -> str:
    """The question with its choices."""
    first = " · *Predict first, then run what follows.*" if question.predict else ""
    unit = f" (in {question.unit})" if question.kind == "number" and question.unit != "1" else ""
    listed = [f"* **{option.key}** {option.text}" for option in question.options]
    listed += [f"* `{item}`" for item in question.items]
    options = "\n\n" + "\n".join(listed) if listed else ""
    return f"**Question {question.id}**{first}\n\n{question.ask.strip()}{unit}{options}"


def _head(lesson: Lesson) -> str:
    aims = "\n".join(f"* {aim}" for aim in lesson.aims)
    before = f"\n\nBefore it: {'; '.join(lesson.prerequisites)}." if lesson.prerequisites else ""
    return f"# {lesson.number} {lesson.title}\n\n{lesson.minutes} minutes. Afterwards you can\n\n{aims}{before}"


def _remark(question: Question) -> str:
    """What stands in place of the three dots."""
    if question.kind == "number":
        return f"  # a number{question.in_unit}"
    if question.kind == "choice":
        return "  # " + ", ".join(f'"{option.key}"' for option in question.options)
    return "  # a list of the names, each once" if question.kind == "order" else "  # mine"


def _cell(kind: str, source: str, name: str) -> dict[str, Any]:
    lines = source.splitlines(keepends=True)
    if kind == "markdown":
        return {"cell_type": "markdown", "id": name, "metadata": {}, "source": lines}
    return {"cell_type": "code", "execution_count": None, "id": name, "metadata": {}, "outputs": [], "source": lines}
