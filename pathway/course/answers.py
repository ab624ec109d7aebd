"""The file of a student's answers: written by `pathway.check` and by the explorer, read by `pathway teach grade`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pathway.errors import InputError
from pathway.files import read_bytes
from pathway.folders import json_text, read_manifest, write_atomically

FORMAT = "pathway-answers-1"
COURSE = "course"
"""Kind of folder that `pathway teach start` leaves; answers are kept in it."""
FILE = "answers.json"
LARGEST_FILE = 4_000_000


class AnswerFileError(InputError):
    """A file of answers that cannot be read; one line."""


@dataclass(frozen=True)
class Answered:
    """What a student has answered to one question.

    Attributes
    ----------
    prediction : any or None
    tries : tuple
        Answers in their order.
    """

    prediction: Any = None
    tries: tuple[Any, ...] = ()


@dataclass(frozen=True)
class AnswerSheet:
    """All answers of a student.

    Attributes
    ----------
    student : str
    answered : mapping of question ("03.2") to Answered
    written_by : str
    """

    student: str
    answered: Mapping[str, Answered] = field(default_factory=dict)
    written_by: str = "pathway"

    def with_prediction(self, question: str, prediction: Any) -> AnswerSheet:
        """The sheet with a prediction; the first one counts."""
        known = self.answered.get(question, Answered())
        if known.prediction is not None:
            return self
        return replace(self, answered={**self.answered, question: replace(known, prediction=prediction)})

    def with_try(self, question: str, answer: Any) -> AnswerSheet:
        """The sheet with one more answer."""
        known = self.answered.get(question, Answered())
        return replace(self, answered={**self.answered, question: replace(known, tries=(*known.tries, answer))})

    def text(self) -> str:
        """As the file holds it."""
        answers = {
            question: {"prediction": a.prediction, "tries": [{"answer": one} for one in a.tries]}
            for question, a in self.answered.items()
        }
        return json_text({"format": FORMAT, "student": self.student, "written_by": self.written_by, "answers": answers})


def read_answers(file: Path) -> AnswerSheet:
    """The answers in a file; a student without a name is called as the file, or as its folder.

    Raises
    ------
    AnswerFileError
    """
    try:
        content = json.loads(read_bytes(file, LARGEST_FILE).decode("utf-8"))
    except (InputError, ValueError, RecursionError) as error:
        raise AnswerFileError(
            f"{file}: cannot be read as answers ({error}); expected what pathway.check writes"
        ) from None
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        declared = content.get("format") if isinstance(content, dict) else None
        raise AnswerFileError(f"{file}: format {declared!r:.40}, expected '{FORMAT}'")
    answers = content.get("answers")
    if not isinstance(answers, dict):
        raise AnswerFileError(f"{file}: 'answers' is missing; expected a table by question")
    name = str(content.get("student") or "").strip() or (file.parent.name if file.name == FILE else file.stem)
    answered = {question: _answered(file, question, one) for question, one in answers.items()}
    return AnswerSheet(name, answered, str(content.get("written_by") or ""))


def _answered(file: Path, question: str, content: Any) -> Answered:
    tries = content.get("tries", []) if isinstance(content, dict) else None
    if not isinstance(tries, list) or not all(isinstance(one, dict) and "answer" in one for one in tries):
        raise AnswerFileError(f"{file}: question {question:.20}: expected a list 'tries', each with an 'answer'")
    return Answered(content.get("prediction"), tuple(one["answer"] for one in tries))


def course_folder(start: Path) -> Path | None:
    """The course that a folder belongs to; None outside of one."""
    for folder in (start, *start.parents):
        try:
            manifest = read_manifest(folder)
        except InputError:
            continue
        if manifest is not None and manifest.kind == COURSE:
            return folder
    return None


def keep_answers(folder: Path, sheet: AnswerSheet) -> None:
    """Write the answers of a course's folder."""
    write_atomically(folder / FILE, sheet.text())


def kept_answers(folder: Path) -> AnswerSheet:
    """The answers of a course's folder; an empty sheet where there are none yet.

    Raises
    ------
    AnswerFileError
        If the file is there and cannot be read: it is not written over.
    """
    file = folder / FILE
    return read_answers(file) if file.exists() else AnswerSheet("")
