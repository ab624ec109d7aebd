"""Right answers, computed by the model as it is now: nothing about a parameter set stands in a lesson."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from typing import Any

import numpy as np

from pathway.errors import PathwayWarning

from .lesson import Formula, Lesson
from .read import LessonError


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
        for name in formula.names & self._formulas.keys() - self._scope.keys():
            self._scope[name] = self.value(self._formulas[name])
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", PathwayWarning)
                return eval(compile(formula.text, formula.place, "eval"), self._scope)
        except Exception as error:
            raise LessonError(f"{formula.place}: '{formula.text[:80]}' cannot be computed: {error!r}") from error


@cache
def live_values(lesson: Lesson) -> LiveValues:
    """The values of a lesson, shared by all who judge its answers."""
    return LiveValues(lesson)
