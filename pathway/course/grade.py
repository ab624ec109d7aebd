"""The answers of a class: judged anew by the model, tabulated by question, with the commonest wrong answer."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pathway.errors import InputError, did_you_mean
from pathway.fitting.search.processes import process_pool

from .answers import AnswerFileError, AnswerSheet, read_answers
from .experiment import ExperimentError
from .judge import AnswerError, Judgment, judge
from .lesson import Lesson, Question
from .read import LessonError
from .words import answer_text, right_answer


@dataclass(frozen=True)
class GradedAnswer:
    """What a student has reached in a question.

    Attributes
    ----------
    student, question : str
    tries : int
    right_at : int or None
        The first try that was right, from 1; None: none was.
    wrong : tuple of (str, str)
        Each wrong answer in words, and what it was answered with.
    """

    student: str
    question: str
    tries: int
    right_at: int | None
    wrong: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class GradedClass:
    """A class, graded.

    Attributes
    ----------
    students : tuple of str
    graded : tuple of GradedAnswer
    remarks : tuple of str
        Files and answers that could not be judged, one line each.
    """

    students: tuple[str, ...]
    graded: tuple[GradedAnswer, ...]
    remarks: tuple[str, ...]

    def by_question(self) -> tuple[list[str], list[list[Any]]]:
        """Header and rows: how many answered each question, rightly, at the first try, and what went wrong most."""
        header = [
            "question",
            "answered",
            "right",
            "right at first",
            "commonest wrong answer",
            "how often",
            "what it was",
        ]
        return header, [_row(name, [g for g in self.graded if g.question == name]) for name in self.questions]

    def by_student(self) -> tuple[list[str], list[list[Any]]]:
        """Header and rows: for each student and question the try that was right; 0: none was; nothing: not answered."""
        reached = {(g.student, g.question): g.right_at or 0 for g in self.graded}
        rows = [
            [
                student,
                sum(reached.get((student, q), 0) > 0 for q in self.questions),
                *(reached.get((student, q)) for q in self.questions),
            ]
            for student in self.students
        ]
        return ["student", "right", *self.questions], rows

    @property
    def questions(self) -> list[str]:
        """That anyone has answered."""
        return sorted({g.question for g in self.graded})


def grade(folder: Path, lessons: Mapping[str, Lesson], workers: int = 2) -> GradedClass:
    """Judge all answer files of a folder and the folders in it, whatever verdicts they hold.

    Parameters
    ----------
    folder : Path
    lessons : mapping of str to Lesson
    workers : int
        Processes; the lessons are shared among them.

    Raises
    ------
    AnswerFileError
        If no file of answers is there.
    """
    sheets, remarks = _sheets(folder)
    questions = {question.id: lesson for lesson in lessons.values() for question in lesson.questions}
    names = sorted({name for sheet in sheets for name in sheet.answered})
    remarks += [
        f"question {name:.20}: not in this course.{did_you_mean(name, questions)}"
        for name in names
        if name not in questions
    ]
    tasks = [
        (lesson, [(s.student, q.id, s.answered[q.id].tries) for s in sheets for q in lesson.questions if _tried(s, q)])
        for lesson in lessons.values()
    ]
    tasks = [task for task in tasks if task[1]]
    graded: list[GradedAnswer] = []
    for of_lesson, complaints in _judged(tasks, workers):
        graded += of_lesson
        remarks += complaints
    return GradedClass(tuple(sheet.student for sheet in sheets), tuple(graded), tuple(remarks))


def _tried(sheet: AnswerSheet, question: Question) -> bool:
    return question.id in sheet.answered and bool(sheet.answered[question.id].tries)


def _sheets(folder: Path) -> tuple[list[AnswerSheet], list[str]]:
    """Sheets by student, names made different, and files that could not be read."""
    if not folder.is_dir():
        raise AnswerFileError(f"{folder}: there is no such folder; expected one with the class's answer files")
    sheets: dict[str, AnswerSheet] = {}
    remarks = []
    for file in sorted(folder.rglob("*.json")):
        if file.name == "manifest.json":
            continue
        try:
            sheet = read_answers(file)
        except InputError as error:
            remarks.append(str(error))
            continue
        name, number = sheet.student, 1
        while name in sheets:
            number += 1
            name = f"{sheet.student} ({number})"
        sheets[name] = AnswerSheet(name, sheet.answered, sheet.written_by)
    if not sheets:
        raise AnswerFileError(
            remarks[0] if remarks else f"{folder}: holds no answer file (.json) of pathway.check or of the explorer"
        )
    return list(sheets.values()), remarks


Tries = list[tuple[str, str, tuple[Any, ...]]]


def _judged(tasks: Sequence[tuple[Lesson, Tries]], workers: int) -> list[tuple[list[GradedAnswer], list[str]]]:
    if workers < 2 or len(tasks) < 2:
        return [_judge_lesson(lesson, tries) for lesson, tries in tasks]
    with process_pool(min(workers, len(tasks))) as pool:
        # The last lessons are the longest: begun first, they do not keep everyone waiting.
        waiting = [pool.submit(_judge_lesson, lesson, tries) for lesson, tries in reversed(tasks)]
        return [answer.result() for answer in waiting][::-1]


def _judge_lesson(lesson: Lesson, tries: Tries) -> tuple[list[GradedAnswer], list[str]]:
    questions = {question.id: question for question in lesson.questions}
    names = dict.fromkeys(name for _, name, _ in tries)
    unjudged = {name: why for name in names if (why := _why_unjudged(lesson, questions[name]))}
    remarks = list(unjudged.values())
    known: dict[tuple[str, str], Judgment] = {}

    def judgment(student: str, name: str, answer: Any) -> Judgment:
        key = name, json.dumps(answer, sort_keys=True)
        if key not in known:
            try:
                known[key] = judge(lesson, questions[name], answer)
            except (AnswerError, ExperimentError) as error:
                remarks.append(f"{student}: {error}")
                known[key] = Judgment(False, "no answer to such a question")
        return known[key]

    graded = [
        _graded(student, name, answers, [judgment(student, name, answer) for answer in answers])
        for student, name, answers in tries
        if name not in unjudged
    ]
    return graded, remarks


def _graded(student: str, name: str, answers: Sequence[Any], judgments: Sequence[Judgment]) -> GradedAnswer:
    right_at = next((number for number, judgment in enumerate(judgments, 1) if judgment.right), None)
    wrong = tuple((answer_text(a), j.says) for a, j in zip(answers, judgments, strict=True) if not j.right)
    return GradedAnswer(student, name, len(answers), right_at, wrong)


def _why_unjudged(lesson: Lesson, question: Question) -> str:
    """Why a right answer cannot be computed here (a library that is not installed); nothing where it can."""
    try:
        right_answer(lesson, question)
    except LessonError as error:
        return f"question {question.id} is left out: {error}"
    return ""


def _row(question: str, graded: Sequence[GradedAnswer]) -> list[Any]:
    """Wrong answers that were answered alike are one: 0.41 and 0.414 are the same mistake."""
    mistakes = Counter(says or given for g in graded for given, says in dict.fromkeys(g.wrong))
    commonest, often = mistakes.most_common(1)[0] if mistakes else ("", 0)
    given = Counter(given for g in graded for given, says in g.wrong if (says or given) == commonest)
    shown = given.most_common(1)[0][0] if given else ""
    right = sum(g.right_at is not None for g in graded)
    at_first = sum(g.right_at == 1 for g in graded)
    return [question, len(graded), right, at_first, shown, often, "" if commonest == shown else commonest]
