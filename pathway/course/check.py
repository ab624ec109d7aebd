"""`pathway.check`: an answer judged, a hint after a wrong one, and both kept on the student's disk."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pathway.errors import UnknownNameError, did_you_mean, public_function

from .answers import COURSE, AnswerSheet, course_folder, keep_answers, kept_answers
from .experiment import experiment_tables
from .judge import judge, number_key
from .lesson import Lesson, Question
from .pages import inline_html
from .read import lessons, read_lesson
from .words import answer_text, explanation

OWN_LESSONS = "lessons"
"""Folder of a course in which lessons of the teacher's own lie."""


@dataclass(frozen=True, repr=False)
class CheckedAnswer:
    """What is said to an answer; shows itself in a notebook.

    Attributes
    ----------
    question : str
    right : bool or None
        None: there was no answer yet, or only a prediction.
    sentences : tuple of str
    """

    question: str
    right: bool | None
    sentences: tuple[str, ...]

    def __repr__(self) -> str:
        return "\n".join(self.sentences)

    def _repr_html_(self) -> str:
        color = {True: "#1b7837", False: "#b35806", None: "#888"}[self.right]
        lines = "".join(f"<div>{inline_html(sentence)}</div>" for sentence in self.sentences)
        return f'<div style="border-left: 4px solid {color}; padding: 0.2em 0.8em">{lines}</div>'


@public_function
def check(question: str, answer: Any = ..., *, prediction: Any = None) -> CheckedAnswer:
    """Judge an answer to a question of the course; a wrong one is answered, each further one with one more hint.

    The right answer is computed by the model as it is now. Within the folder of `pathway teach start`, answers and
    predictions are kept in its `answers.json`; nothing leaves the machine.

    Parameters
    ----------
    question : str
        Its number: "03.2" is the second of lesson 03.
    answer : number, str, list of str, or mapping, optional
        A number in the unit that the question names, the letter of a choice, the names of an order, or an arm of a
        scenario. `...`: none yet.
    prediction : optional
        What the student expects before running the code; it is kept, not judged.

    Returns
    -------
    CheckedAnswer
        `.right`, `.sentences`; shows itself in a notebook.

    Raises
    ------
    UnknownNameError
        If there is no such question.
    AnswerError, ExperimentError
        If the answer is none to such a question; one line. It does not count as a try.

    Examples
    --------
    >>> import pathway
    >>> pathway.check("02.1", "c").right is None
    False
    """
    folder = course_folder(Path.cwd())
    lesson, asked = find_question(question, folder)
    sheet = kept_answers(folder) if folder else AnswerSheet("")
    if answer is ... and (prediction is None or prediction is ...):
        what = "answer" if prediction is None else "prediction"
        return CheckedAnswer(asked.id, None, (f"{asked.id}: no {what} yet. Write it in place of the three dots.",))
    if answer is ...:
        return _predicted(asked, _plain(asked, prediction), sheet, folder)
    plain = _plain(asked, answer)
    judgment = judge(lesson, asked, plain)
    sheet = sheet.with_try(asked.id, plain)
    if folder:
        keep_answers(folder, sheet)
    answered = sheet.answered[asked.id]
    sentences = [f"{asked.id}: {'right' if judgment.right else 'not yet'}."]
    if judgment.right:
        sentences += [explanation(lesson, asked)]
        if asked.predict and answered.prediction is not None:
            sentences += [_compared(lesson, asked, answered.prediction)]
    else:
        sentences += [judgment.says] if judgment.says else []
        shown = asked.hints[: len(answered.tries)]
        sentences += [f"Hint: {shown[-1]}"] if shown else []
    return CheckedAnswer(asked.id, judgment.right, tuple(sentences))


def find_question(name: str, folder: Path | None = None) -> tuple[Lesson, Question]:
    """A question by its number, among the course's lessons and those of the teacher's own in a course's folder.

    Raises
    ------
    UnknownNameError
    """
    known = dict(lessons())
    files = sorted((folder / OWN_LESSONS).glob("*.md")) if folder else []
    known.update({lesson.number: lesson for lesson in map(read_lesson, files)})
    questions = {q.id: (lesson, q) for lesson in known.values() for q in lesson.questions}
    word = str(name).strip()
    if word not in questions:
        number = word.partition(".")[0]
        there = f" Lesson {number} has {', '.join(q.id for q in known[number].questions)}" if number in known else ""
        near = there or did_you_mean(word, questions) or f" There are {next(iter(questions))} to {list(questions)[-1]}"
        raise UnknownNameError(f"there is no question '{word:.40}'.{near}")
    return questions[word]


def _predicted(question: Question, prediction: Any, sheet: AnswerSheet, folder: Path | None) -> CheckedAnswer:
    noted = sheet.with_prediction(question.id, prediction)
    counted = noted.answered[question.id].prediction
    if folder:
        keep_answers(folder, noted)
    where = "" if folder else f" (It is not kept: this is no {COURSE} folder of pathway teach start.)"
    first = "" if counted == prediction else " The first prediction counts."
    return CheckedAnswer(
        question.id, None, (f"{question.id}: predicted {answer_text(counted)}.{first} Now run what follows.{where}",)
    )


def _compared(lesson: Lesson, question: Question, prediction: Any) -> str:
    if question.kind == "number" and isinstance(prediction, int | float):
        right = number_key(lesson, question).right
        return f"You predicted {answer_text(prediction)}; the model says {answer_text(right)}."
    came = "so it is" if judge(lesson, question, prediction).right else "it came otherwise"
    return f"You predicted {answer_text(prediction)}: {came}."


def _plain(question: Question, answer: Any) -> Any:
    """An answer as a file can hold it."""
    if question.kind == "experiment":
        return experiment_tables(answer)
    if hasattr(answer, "item") and getattr(answer, "ndim", None) == 0:
        return answer.item()
    return list(answer) if isinstance(answer, tuple) else answer
