"""Pages of the course as HTML: sheets to print, teacher's notes, solutions. Self-contained; nothing is fetched."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from html import escape
from pathlib import Path
from typing import Any

from .course import TeachingPath, course
from .judge import number_key, right_options, wrong_orders
from .lesson import Lesson, Question, Text
from .words import answer_text, explanation, right_answer

STYLE = Path(__file__).with_name("pages.css")


@cache
def _markdown() -> Any:
    from markdown_it import MarkdownIt

    # Texts of teachers may hold anything: tags in them are shown, not obeyed.
    return MarkdownIt("commonmark", {"html": False}).enable("table")


def html_of(markdown: str) -> str:
    """Markdown as HTML in which no tag of the text is obeyed."""
    return str(_markdown().render(markdown.strip()))


def page(title: str, body: Iterable[str]) -> str:
    """A whole HTML document."""
    style = STYLE.read_text(encoding="utf-8")
    return (
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n<title>{escape(title)}</title>\n'
        f"<style>\n{style}</style>\n</head>\n<body>\n<main>\n" + "\n".join(body) + "\n</main>\n</body>\n</html>\n"
    )


def sheet(lesson: Lesson) -> str:
    """What a student gets on paper: texts and questions with room to write; no code, no answer."""
    body = [
        f'<p class="name">{escape(course().title)}<span>Name: </span></p>',
        f"<h1>{lesson.number} {escape(lesson.title)}</h1>",
        f"<p>{lesson.minutes} minutes. Afterwards you can:</p>",
        _list(lesson.aims),
    ]
    for step in lesson.steps:
        if isinstance(step, Text):
            body.append(html_of(_lower(step.markdown)))
        elif isinstance(step, Question):
            body.append(_question_box(step))
    return page(f"{lesson.number} {lesson.title}", body)


def solutions(lessons: Sequence[Lesson], version: str) -> str:
    """Right answers, computed now, with tolerances and with the wrong answers that are answered."""
    body = [
        "<h1>Solutions</h1>",
        f"<p>Computed by pathway {escape(version)} with its own numbers; another version may give others.</p>",
    ]
    for lesson in lessons:
        body.append(f"<h2>{lesson.number} {escape(lesson.title)}</h2>")
        body += [_solution(lesson, question) for question in lesson.questions]
    return page("Solutions", body)


def teachers_notes(lessons: Sequence[Lesson]) -> str:
    """How to teach it: paths of an hour, a day and six weeks, and notes to each lesson."""
    body = [f"<h1>Teacher's notes</h1><p>{escape(course().title)}</p>", html_of(course().teaching)]
    body += [_path(path, {lesson.number: lesson for lesson in lessons}) for path in course().paths]
    body.append("<h2>Lesson by lesson</h2>")
    for lesson in lessons:
        body.append(f"<h3>{lesson.number} {escape(lesson.title)}, {lesson.minutes} minutes</h3>")
        body.append(_list(lesson.aims))
        before = "; ".join(lesson.prerequisites) or "nothing"
        body.append(f"<p>Before it: {escape(before)}.</p>{html_of(lesson.teacher)}")
    return page("Teacher's notes", body)


def overview(
    lessons: Sequence[Lesson], links: Sequence[Sequence[tuple[str, str]]], extra: Sequence[tuple[str, str]]
) -> str:
    """The first page of a course's site: each lesson with its links (text, address)."""
    body = [f"<h1>{escape(course().title)}</h1>", html_of(course().welcome)]
    for lesson, ways in zip(lessons, links, strict=True):
        shown = " · ".join(f'<a href="{escape(place)}">{escape(text)}</a>' for text, place in ways)
        body.append(
            f"<h2>{lesson.number} {escape(lesson.title)}</h2>"
            f"<p>{lesson.minutes} minutes. {shown}</p>{_list(lesson.aims)}"
        )
    body += [f'<p><a href="{escape(place)}">{escape(text)}</a></p>' for text, place in extra]
    return page(course().title, body)


def _question_box(question: Question) -> str:
    options = "".join(f"<li><b>{o.key}</b> {inline_html(o.text)}</li>" for o in question.options)
    options += "".join(f"<li>{escape(item)}</li>" for item in question.items)
    lines = [f'<p class="line">My prediction{question.in_unit}:</p>'] if question.predict else []
    lines += [f'<p class="line">My answer{question.in_unit}:</p>', '<p class="line">because</p>']
    listed = f'<ul class="options">{options}</ul>' if options else ""
    inside = f"<h3>Question {question.id}</h3>{html_of(question.ask)}{listed}{''.join(lines)}"
    return f'<section class="question">{inside}</section>'


def _solution(lesson: Lesson, question: Question) -> str:
    rows = [f"<p><b>{inline_html(right_answer(lesson, question))}</b></p>", html_of(explanation(lesson, question))]
    if answered := [
        f"<li><b>{escape(given)}</b>: {inline_html(says)}</li>" for given, says in wrong_answers(lesson, question)
    ]:
        rows.append(f"<p>Wrong answers that are answered:</p><ul>{''.join(answered)}</ul>")
    rows.append(f"<p>Hints: {' / '.join(inline_html(hint) for hint in question.hints)}</p>")
    return f'<section class="question"><h3>{question.id}</h3>{html_of(question.ask)}{"".join(rows)}</section>'


def wrong_answers(lesson: Lesson, question: Question) -> list[tuple[str, str]]:
    """Wrong answers and what each is answered with, as the model of now has them."""
    if question.kind == "number":
        return [(answer_text(value), says) for value, _, says in number_key(lesson, question).wrong]
    if question.kind == "choice":
        holds = right_options(lesson, question)
        return [(option.key, option.says) for option in question.options if not holds[option.key]]
    if question.kind == "order":
        return [(", ".join(order), says) for order, says in wrong_orders(lesson, question)]
    return [("a goal is missed", goal.says) for goal in question.goals]


def _path(path: TeachingPath, lessons: dict[str, Lesson]) -> str:
    rows = "".join(
        f"<tr><td>{escape(stop.when)}</td><td>{stop.lesson} {escape(lessons[stop.lesson].title)}</td>"
        f"<td>{inline_html(stop.what)}</td></tr>"
        for stop in path.stops
    )
    return (
        f"<h2>{escape(path.name)}</h2><p>{escape(path.for_whom)}</p>"
        f"<table><thead><tr><th>When</th><th>Lesson</th><th>What</th></tr></thead><tbody>{rows}</tbody></table>"
    )


def _list(items: Iterable[str]) -> str:
    return "<ul>" + "".join(f"<li>{inline_html(item)}</li>" for item in items) + "</ul>"


def inline_html(text: str) -> str:
    """A line of Markdown as HTML in which no tag of the text is obeyed."""
    return str(_markdown().renderInline(text))


def _lower(markdown: str) -> str:
    """Headings one level down: the page has its own title."""
    return "\n".join(f"#{line}" if line.startswith("#") else line for line in markdown.split("\n"))
