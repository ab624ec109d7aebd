"""Right answers, computed by the model as it is now: nothing about a parameter set stands in a lesson."""

from __future__ import annotations

import atexit
import math
import shutil
import warnings
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import numpy as np

from pathway.errors import InputError, PathwayWarning

from .lesson import Formula, Lesson
from .read import LessonError

SCRATCH = "scratch"
"""What formulas call a folder for computations that leave one."""


class LiveValues:
    """The values of a lesson, each computed once, when an answer first needs it."""

    def __init__(self, lesson: Lesson) -> None:
        self._formulas: Mapping[str, Formula] = lesson.values
        # Formulas are written as users write, with the names that users have.
        self._scope: dict[str, Any] = {"pathway": import_module("pathway"), "np": np, "math": math}

    def value(self, formula: Formula) -> Any:
        """What a formula comes to.

        Raises
        ------
        LessonError
            If it cannot be computed.
        """
        for name in (formula.names & (self._formulas.keys() | {SCRATCH})) - self._scope.keys():
            self._scope[name] = _scratch_folder() if name == SCRATCH else self.value(self._formulas[name])
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", PathwayWarning)
                return eval(compile(formula.text, formula.place, "eval"), self._scope)
        except Exception as error:
            # An extra that is not installed, or what our own errors say, is told as it is.
            reason = str(error) if isinstance(error, ImportError | InputError) else repr(error)
            raise LessonError(f"{formula.place}: '{formula.text[:80]}' cannot be computed: {reason}") from error


def _scratch_folder() -> Path:
    """An empty folder that goes with this process."""
    folder = mkdtemp(prefix="pathway_course_")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Path(folder)


@cache
def live_values(lesson: Lesson) -> LiveValues:
    """The values of a lesson, shared by all who judge its answers."""
    return LiveValues(lesson)
