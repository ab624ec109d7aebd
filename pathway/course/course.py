"""The course as a whole: its title, its paths of an hour, a day and six weeks."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from .read import FOLDER


@dataclass(frozen=True)
class Stop:
    """A part of a path: when, what, and with which lesson."""

    when: str
    lesson: str
    what: str


@dataclass(frozen=True)
class TeachingPath:
    """A way through the lessons.

    Attributes
    ----------
    name : str
        "One hour", ...
    for_whom : str
    stops : sequence of Stop
    """

    name: str
    for_whom: str
    stops: Sequence[Stop]


@dataclass(frozen=True)
class Course:
    """Title, words for students and for teachers, and paths."""

    title: str
    welcome: str
    teaching: str
    paths: Sequence[TeachingPath]


@cache
def course() -> Course:
    """The course that comes with the package."""
    content = tomllib.loads((FOLDER / "course.toml").read_text(encoding="utf-8"))
    paths = [
        TeachingPath(path["name"], path["for_whom"], tuple(Stop(**stop) for stop in path["stop"]))
        for path in content["path"]
    ]
    return Course(content["title"], content["welcome"], content["teaching"], tuple(paths))
