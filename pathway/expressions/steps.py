"""Formulas taken apart into steps with one, two or three operands, for what works them out number by number."""

from __future__ import annotations

import math
from collections.abc import Sequence

from .graph import Expression
from .traverse import postorder

Step = tuple[str, tuple[int, ...], int]
"""Operator, places of the operands, place of the result."""

CHOICE = "choose"
"""Operator of a step with a condition, the value where it holds, and the value where it does not."""


class EvaluationSteps:
    """Several formulas as one list of steps; what they share is done once.

    Sums, products, extrema and conditions of many parts are done two by two from the left; `piecewise` is a row of
    choices, the last first.

    Parameters
    ----------
    expressions : sequence of Expression

    Attributes
    ----------
    start : list of float
        A place for every number of the work, filled with the constants (else nan).
    names : list of (int, str)
        Where the value of each symbol stands.
    steps : list of Step
        In an order in which each finds its operands.
    results : list of int
        Places of the expressions.
    """

    def __init__(self, expressions: Sequence[Expression]) -> None:
        self.start: list[float] = []
        self.names: list[tuple[int, str]] = []
        self.steps: list[Step] = []
        places: dict[int, int] = {}
        for node in postorder(expressions):
            operator, arguments = node.operator, node.arguments
            if not arguments:
                if operator == "symbol":
                    self.names.append((len(self.start), str(node.value)))
                self.start.append(math.nan if operator == "symbol" else float(node.value))  # type: ignore[arg-type]
            elif operator == "piecewise":
                self._choices([places[id(a)] for a in arguments])
            else:
                first, *others = arguments
                if others:
                    self._chain(operator, places[id(first)], [places[id(a)] for a in others])
                else:
                    self._step(operator, (places[id(first)],))
            places[id(node)] = len(self.start) - 1
        self.results = [places[id(expression)] for expression in expressions]

    def _chain(self, operator: str, last: int, others: list[int]) -> None:
        start, steps = self.start, self.steps
        for operand in others:
            steps.append((operator, (last, operand), len(start)))
            last = len(start)
            start.append(math.nan)

    def _choices(self, parts: list[int]) -> None:
        last = parts[-1]
        for value, condition in reversed(list(zip(parts[:-1:2], parts[1::2], strict=True))):
            last = self._step(CHOICE, (condition, value, last))

    def _step(self, operator: str, operands: tuple[int, ...]) -> int:
        self.steps.append((operator, operands, len(self.start)))
        self.start.append(math.nan)
        return len(self.start) - 1
