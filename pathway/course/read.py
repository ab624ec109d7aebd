"""From a lesson's file to a `Lesson`, or to one line about the first thing that is wrong with it.

A lesson is Markdown. Its head stands between two lines `+++` and is TOML; a block "```python" is a cell of code, a
block "```toml question" a question; everything else is text.
"""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from pathway.errors import InputError, did_you_mean
from pathway.files import read_bytes
from pathway.scenario.read import scenario_names
from pathway.toml_positions import key_lines, line_of

from .lesson import Code, Formula, Goal, Lesson, Option, Question, Text, WrongAnswer
from .schema import NEEDED, HeadTable, OptionTable, QuestionTable

FOLDER = Path(__file__).with_name("lessons")
LARGEST_FILE = 1_000_000
FENCES = ("```", "~~~")
GIVEN = frozenset({"pathway", "np", "math", "scratch"})
"""Names that a formula may use beside the lesson's values, and Python's own."""


class LessonError(InputError):
    """A lesson that cannot be used; one line with file and line."""


@cache
def lessons() -> Mapping[str, Lesson]:
    """The lessons of the course by their numbers, in teaching order."""
    return {lesson.number: lesson for lesson in map(read_lesson, sorted(FOLDER.glob("*.md")))}


def find_lesson(number_or_file: str) -> Lesson:
    """A lesson of the course by its number, or one in a file.

    Raises
    ------
    LessonError
    """
    if number_or_file in lessons():
        return lessons()[number_or_file]
    if Path(number_or_file).suffix == ".md":
        return read_lesson(Path(number_or_file))
    raise LessonError(
        f"there is no lesson '{number_or_file:.40}'.{did_you_mean(number_or_file, lessons())} "
        f"There are {', '.join(lessons())}, and files that end in .md"
    )


def read_lesson(file: Path) -> Lesson:
    """A lesson, checked.

    Raises
    ------
    LessonError
        In one line: file, line, what was found, what was expected.
    """
    text = _text_of(file)
    head_text, body, first_line = _parted(file, text)
    document, lines = _toml(file, head_text, 2), key_lines(head_text)
    head = _checked(HeadTable, document, file, lines, 1)
    if head.scenario not in scenario_names():
        line = lines.get(("scenario",), 0) + 1
        raise LessonError(
            f"{file}:{line}: no scenario is called '{head.scenario}'.{did_you_mean(head.scenario, scenario_names())}"
        )
    number = file.stem.partition("_")[0]
    values = {
        name: _formula(text, f"{file}:{line_of(('values', name), lines) + 1}") for name, text in head.values.items()
    }
    _refuse_circles(values)
    steps = tuple(_steps(file, body, first_line, number))
    lesson = Lesson(
        number, file, head.title, head.minutes, tuple(head.aims), tuple(head.prerequisites), head.scenario,
        head.teacher, values, steps,
    )  # fmt: skip
    for formula in lesson.formulas:
        _refuse_unknown_names(formula, values)
    if not lesson.questions:
        raise LessonError(f"{file}: has no question; expected a block ```toml question")
    return lesson


def _text_of(file: Path) -> str:
    try:
        return read_bytes(file, LARGEST_FILE).decode("utf-8").replace("\r\n", "\n")
    except UnicodeDecodeError:
        raise LessonError(f"{file}: not UTF-8 text; a lesson is a Markdown file") from None
    except InputError as error:
        raise LessonError(f"{file}: {error}; a lesson is a Markdown file") from None


def _parted(file: Path, text: str) -> tuple[str, str, int]:
    """Head, body, and the line on which the body begins."""
    lines = text.split("\n")
    if lines[0].strip() != "+++":
        raise LessonError(
            f"{file}:1: begins with '{lines[0][:40]}', expected a line '+++' and the lesson's title, minutes, aims"
        )
    try:
        end = next(k for k, line in enumerate(lines[1:], 1) if line.strip() == "+++")
    except StopIteration:
        raise LessonError(f"{file}:1: the head does not end; expected a second line '+++'") from None
    return "\n".join(lines[1:end]), "\n".join(lines[end + 1 :]), end + 2


def _steps(file: Path, body: str, first_line: int, number: str) -> Iterator[Text | Code | Question]:
    prose: list[str] = []
    block: list[str] | None = None
    fence, info, opened, questions = "", "", 0, 0
    for line_number, line in enumerate(body.split("\n"), first_line):
        if block is None and line.startswith(FENCES):
            block, fence, info, opened = [], line[:3], line[3:].strip(), line_number
        elif block is not None and line.rstrip() == fence:
            content = "\n".join(block)
            block = None
            if info not in ("python", "toml question"):
                prose += [f"{fence}{info}", content, fence]
                continue
            yield from _text(prose)
            prose = []
            if info == "python":
                yield Code(_compiled(file, content, opened))
            else:
                questions += 1
                yield _question(file, content, opened, f"{number}.{questions}")
        else:
            (prose if block is None else block).append(line)
    if block is not None:
        raise LessonError(f"{file}:{opened}: the block {fence}{info} does not end; expected a line {fence}")
    yield from _text(prose)


def _text(prose: list[str]) -> Iterator[Text]:
    if markdown := "\n".join(prose).strip():
        yield Text(markdown)


def _compiled(file: Path, source: str, opened: int) -> str:
    try:
        ast.parse(source)
    except SyntaxError as error:
        raise LessonError(f"{file}:{opened + (error.lineno or 1)}: not Python: {error.msg}") from None
    return source


def _question(file: Path, content: str, opened: int, name: str) -> Question:
    document, lines, place = _toml(file, content, opened + 1), key_lines(content), f"{file}:{opened}"
    read = _checked(QuestionTable, document, file, lines, opened, f"question {name}: ")
    if missing := [key for key in NEEDED[read.kind] if not getattr(read, key)]:
        raise LessonError(
            f"{place}: question {name}: '{missing[0]}' is missing; a question of kind '{read.kind}' needs it"
        )

    def at(*path: str | int) -> str:
        return f"{file}:{opened + line_of(path, lines)}"

    if any(not wrong.says for wrong in read.wrong) and read.kind != "experiment":
        raise LessonError(f"{at('wrong')}: question {name}: a wrong answer is not answered; expected 'says'")
    wrong = tuple(
        WrongAnswer(_formula(w.answer, at("wrong", k)) if isinstance(w.answer, str) else _plain(w.answer), w.says)
        for k, w in enumerate(read.wrong)
    )
    options = tuple(_option(key, option, at("option", key), name) for key, option in read.option.items())
    if options and not any(option.holds for option in options):
        raise LessonError(f"{at('option')}: question {name}: no option is right; expected 'right = true' or 'holds'")
    return Question(
        name, read.kind, read.ask, tuple(read.hints), read.explain, place, read.predict, read.unit, read.within,
        _formula(read.answer, at("answer")) if read.answer else None, wrong, options, tuple(read.items),
        tuple(_goal(goal, at("goal", k), name) for k, goal in enumerate(read.goal)), read.solution,
    )  # fmt: skip


def _option(key: str, option: OptionTable, place: str, name: str) -> Option:
    holds = _formula(option.holds, place) if option.holds else option.right
    if holds is False and not option.says:
        raise LessonError(f"{place}: question {name}: option {key} is wrong and is not answered; expected 'says'")
    if isinstance(holds, Formula) and not option.says:
        raise LessonError(f"{place}: question {name}: option {key} may be wrong and is not answered; expected 'says'")
    return Option(key, option.text, option.says, holds)


def _goal(goal: dict[str, Any], place: str, name: str) -> Goal:
    says = goal.get("says")
    if not isinstance(says, str):
        raise LessonError(f"{place}: question {name}: a goal that is missed is not answered; expected 'says'")
    return Goal({key: value for key, value in goal.items() if key != "says"}, says)


def _plain(answer: Any) -> Any:
    return tuple(answer) if isinstance(answer, list) else answer


def _formula(text: str, place: str) -> Formula:
    try:
        ast.parse(text.strip(), mode="eval")
    except SyntaxError as error:
        raise LessonError(f"{place}: '{text.strip()[:60]}' is no Python expression: {error.msg}") from None
    return Formula(text.strip(), place)


def _refuse_unknown_names(formula: Formula, values: Mapping[str, Formula]) -> None:
    import builtins

    tree = ast.parse(formula.text, mode="eval")
    bound = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    bound |= {argument.arg for node in ast.walk(tree) if isinstance(node, ast.arguments) for argument in node.args}
    known = GIVEN | values.keys() | bound | set(dir(builtins))
    for name in sorted(formula.names - known):
        near = did_you_mean(name, GIVEN | values.keys())
        raise LessonError(
            f"{formula.place}: '{name}' is not known here.{near} Expected pathway, np, math or a name of [values]"
        )


def _refuse_circles(values: Mapping[str, Formula]) -> None:
    try:
        TopologicalSorter({name: formula.names & values.keys() for name, formula in values.items()}).prepare()
    except CycleError as error:
        first = error.args[1][0]
        raise LessonError(
            f"{values[first].place}: '{first}' is computed from itself: {' <- '.join(error.args[1])}"
        ) from None


def _toml(file: Path, text: str, first_line: int) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except ValueError as error:
        match = re.search(r"at line (\d+)", str(error))
        line = first_line - 1 + (int(match.group(1)) if match else 1)
        complaint = str(error).split(" (at ")[0]
        raise LessonError(f"{file}:{line}: not TOML: {complaint[:1].lower()}{complaint[1:]}") from None


def _checked(
    kind: Any, document: dict[str, Any], file: Path, lines: Mapping[Any, int], before: int, of: str = ""
) -> Any:
    """The document as its kind, or one line about the first thing that is wrong with it."""
    try:
        return kind.model_validate(document)
    except ValidationError as error:
        # A key with a typing error is told before the key that is missing for it.
        first = min(error.errors(include_url=False), key=lambda one: one["type"] != "extra_forbidden")
    path = tuple(part for part in first["loc"] if part in _known_parts(document, first["loc"]))
    place = f"{file}:{before + line_of(path, lines) if path else before}"
    word = ".".join(map(str, path)) or "it"
    if first["type"] == "extra_forbidden":
        complaint = f"there is no key '{first['loc'][-1]}'.{did_you_mean(str(first['loc'][-1]), kind.model_fields)}"
    elif first["type"] == "missing":
        complaint = f"'{first['loc'][-1]}' is missing"
    else:
        value = f"{first['input']!r}"[:60]
        complaint = f"'{word}' is {value}; {first['msg'][:1].lower()}{first['msg'][1:]}"
    raise LessonError(f"{place}: {of}{complaint}")


def _known_parts(document: Any, path: tuple[Any, ...]) -> list[Any]:
    """The beginning of a path that is in the document."""
    parts: list[Any] = []
    for part in path:
        try:
            document = document[part]
        except (KeyError, IndexError, TypeError):
            break
        parts.append(part)
    return parts
