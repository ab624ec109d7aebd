"""The course: lessons, each from one file, with answers that the model judges."""

from .check import CheckedAnswer, check
from .lesson import Lesson, Question
from .page_lesson import page_lesson
from .read import LessonError, find_lesson, lessons, read_lesson

__all__ = [
    "CheckedAnswer",
    "Lesson",
    "LessonError",
    "Question",
    "check",
    "find_lesson",
    "lessons",
    "page_lesson",
    "read_lesson",
]
