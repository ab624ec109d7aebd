"""A system of equations to be solved for some symbols as others change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from pathway.expressions import Expression, symbols
from pathway.expressions.arrays import ArrayEvaluator
from pathway.expressions.calculus import directional_derivative
from pathway.expressions.evaluation import Evaluator
from pathway.expressions.graph import ONE, is_number

from ..mistakes import AnalysisError


class ContinuationSystem:
    """`residuals = 0`, solved for as many unknowns, over one parameter.

    Parameters
    ----------
    unknowns : sequence of str
    residuals : sequence of Expression
        As many as unknowns; of a dynamic system the time derivatives, in the same order.
    parameter : str
        The symbol that changes.
    constants : mapping of name to float
        Values of all other symbols.
    dynamic : bool
        Whether residuals are time derivatives of the unknowns, so that eigenvalues tell stability.
    """

    def __init__(
        self,
        unknowns: Sequence[str],
        residuals: Sequence[Expression],
        parameter: str,
        constants: Mapping[str, float],
        dynamic: bool = True,
    ) -> None:
        self.unknowns, self.residuals = tuple(unknowns), tuple(residuals)
        self.parameter, self.constants, self.dynamic = parameter, dict(constants), dynamic
        used = frozenset().union(*(symbols(formula) for formula in self.residuals))
        if missing := used - set(self.unknowns) - {parameter} - self.constants.keys():
            raise AnalysisError(f"no value for {', '.join(sorted(missing))}")
        if len(self.unknowns) != len(self.residuals):
            raise AnalysisError(f"{len(self.residuals)} equations for {len(self.unknowns)} unknowns")
        self.entries, slopes = self._derivatives()
        self._values = Evaluator(self.residuals)
        self._slopes, self._many_slopes = (
            Evaluator([*self.residuals, *slopes]),
            ArrayEvaluator([*self.residuals, *slopes]),
        )

    def _derivatives(self) -> tuple[list[tuple[int, int]], list[Expression]]:
        """Places and formulas of the entries of d residual / d (unknowns, parameter) that are not zero."""
        places, formulas = [], []
        for column, name in enumerate((*self.unknowns, self.parameter)):
            rows = [i for i, formula in enumerate(self.residuals) if name in symbols(formula)]
            slopes = directional_derivative([self.residuals[i] for i in rows], {name: ONE})
            for row, slope in zip(rows, slopes, strict=True):
                if not is_number(slope, 0.0):
                    places.append((row, column))
                    formulas.append(slope)
        return places, formulas

    def with_constants(self, constants: Mapping[str, float]) -> ContinuationSystem:
        """The same equations at other constants, without deriving them again."""
        system = object.__new__(ContinuationSystem)
        system.__dict__ = dict(self.__dict__)
        system.constants = {**self.constants, **constants}
        return system

    def _known(self, state: np.ndarray, at: float) -> dict[str, float]:
        return {**self.constants, **dict(zip(self.unknowns, state.tolist(), strict=True)), self.parameter: float(at)}

    def residual(self, state: np.ndarray, at: float) -> np.ndarray:
        """The residuals, shape (n,)."""
        return np.array(self._values(self._known(state, at)))

    def linearized(self, state: np.ndarray, at: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Residuals (n,), their derivatives by the unknowns (n, n) and by the parameter (n,)."""
        numbers = np.array(self._slopes(self._known(state, at)))
        n = len(self.unknowns)
        matrix = np.zeros((n, n + 1))
        rows, columns = zip(*self.entries, strict=True)
        matrix[rows, columns] = numbers[n:]
        return numbers[:n], matrix[:, :n], matrix[:, n]

    def linearized_over(
        self, states: np.ndarray, at: np.ndarray | float, constants: Mapping[str, np.ndarray]
    ) -> tuple[np.ndarray, np.ndarray]:
        """Residuals (k, n) and Jacobians (k, n, n) of many members at once.

        Parameters
        ----------
        states : array, shape (k, n)
        at : array (k,) or float
        constants : mapping of name to array, shape (k,)
            Overrides the system's own values.
        """
        unknowns = dict(zip(self.unknowns, states.T, strict=True))
        numbers = self._many_slopes({**self.constants, **constants, **unknowns, self.parameter: at})
        members, n = states.shape
        residuals = np.stack([np.broadcast_to(f, members) for f in numbers[:n]], axis=1)
        jacobians = np.zeros((members, n, n))
        for (row, column), entry in zip(self.entries, numbers[n:], strict=True):
            if column < n:
                jacobians[:, row, column] = entry
        return residuals, jacobians

    def solve(self, guess: np.ndarray, at: float, tolerance: float = 1e-12, most: int = 60) -> np.ndarray | None:
        """The solution that Newton's method reaches from a guess, None where it reaches none."""
        state = np.array(guess, dtype=float)
        scale = np.maximum(np.abs(state), 1e-6)
        for _ in range(most):
            residual, jacobian, _ = self.linearized(state, at)
            if not np.isfinite(residual).all():
                return None
            try:
                step = np.linalg.solve(jacobian, -residual)
            except np.linalg.LinAlgError:
                return None
            state = state + step * min(1.0, 10.0 / max(float(np.abs(step / scale).max()), 1e-300))
            scale = np.maximum(np.abs(state), 1e-6 * np.abs(state).max() + 1e-12)
            if float(np.abs(step / scale).max()) < tolerance:
                return state
        return None
