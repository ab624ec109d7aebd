"""Steady states before an experiment and at infinite time, with their slopes.

A file's conserved totals need not show in its stoichiometry (sizes of compartments, rate rules), so they are found in
numbers: directions that the Jacobian never moves along, at several states.
"""

from __future__ import annotations

import ctypes

import numpy as np

from pathway.kernels import compile_model
from pathway.kernels.handles import address
from pathway.simulation.prepared import Prepared

ROUNDS = 6
"""Times that the horizon is made thirtyfold longer before giving up."""

GROWTH = 30.0
CONVERGED = 1e-10
DRIFT = 0.1
"""Newton's method may move a species by this share of its value; more, and the state had not yet settled."""


class Rest:
    """Follows runs to their steady state.

    Attributes
    ----------
    prepared : Prepared
    """

    def __init__(self, prepared: Prepared) -> None:
        self.prepared = prepared
        parts = ("right_hand_side", "jacobian", "parameter_jacobian")
        self._code = compile_model(prepared.model, 1, parts)
        kind = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * 4)
        self._functions = {part: kind(self._code.address(part)) for part in parts}
        self._jacobian_places = self._code.patterns["jacobian"]
        self._parameter_places = self._code.patterns["parameter_jacobian"]

    def slots(self, row: np.ndarray) -> np.ndarray:
        """Model parameters as the kernels read them."""
        return self._code.parameters(row)

    def _entries(self, part: str, size: int, time: float, state: np.ndarray, slots: np.ndarray) -> np.ndarray:
        made, state, moment = np.zeros(size), np.ascontiguousarray(state), np.array([time])
        if size:
            self._functions[part](address(moment), address(state), address(slots) if slots.size else 0, address(made))
        return made

    def rates(self, time: float, state: np.ndarray, slots: np.ndarray) -> np.ndarray:
        """Right-hand side, shape (n_species,)."""
        return self._entries("right_hand_side", len(state), time, state, slots)

    def jacobian(self, time: float, state: np.ndarray, slots: np.ndarray) -> np.ndarray:
        """Dense, shape (n_species, n_species)."""
        dense = np.zeros((len(state), len(state)))
        places = self._jacobian_places
        dense[places.rows, places.columns] = self._entries("jacobian", len(places), time, state, slots)
        return dense

    def totals(self, time: float, state: np.ndarray, slots: np.ndarray) -> np.ndarray:
        """Combinations of species that the rates never change, as rows, shape (n_totals, n_species)."""
        size = np.maximum(np.abs(state), 1e-3 * np.max(np.abs(state), initial=1e-12))
        rng = np.random.default_rng(0)  # any states do; the same ones each time
        many = [self.jacobian(time, size * np.exp(rng.normal(size=len(state))), slots) for _ in range(3)]
        scaled = np.concatenate([j / np.maximum(np.abs(j).max(axis=0), 1e-300) for j in many], axis=1)
        # A slow loss beside a fast gain elsewhere must not look like none: each species counts in its own pace.
        pace = np.abs(scaled).max(axis=1, initial=0.0)
        pace = np.where(pace > 0.0, pace, 1.0)
        left, values, _ = np.linalg.svd(scaled / pace[:, None], full_matrices=False)
        rank = int(np.sum(values > 1e-10 * max(values[0], 1e-300)))
        return _unmixed(left[:, rank:].T / pace)

    def settle(
        self, time: float, state: np.ndarray, slots: np.ndarray, totals: np.ndarray, wanted: np.ndarray
    ) -> np.ndarray | None:
        """Newton's method from a relaxed state; None if it leads away or nowhere."""
        y = state.copy()
        size = np.max(np.abs(state), initial=1e-300)
        for _ in range(12):
            matrix = np.concatenate([self.jacobian(time, y, slots), totals])
            right = np.concatenate([-self.rates(time, y, slots), wanted - totals @ y])
            if not (np.isfinite(matrix).all() and np.isfinite(right).all()):
                return None
            change = solve(matrix, right)
            y = y + change
            if np.all(np.abs(change) <= CONVERGED * np.abs(y) + 1e-15 * size):
                near = np.all(np.abs(y - state) <= DRIFT * np.abs(y) + 1e-6 * size)
                sound = np.all(y >= np.where(state >= 0.0, -1e-12 * size, -np.inf))
                return y if near and sound else None
        return None

    def slopes(
        self,
        time: float,
        state: np.ndarray,
        slots: np.ndarray,
        totals: np.ndarray,
        by_parameter: np.ndarray,
        before: np.ndarray,
    ) -> np.ndarray:
        """Slopes of the steady state, by the implicit function theorem, shape (n_species, n_directions)."""
        places = self._parameter_places
        forcing = np.zeros((len(state), by_parameter.shape[1]))
        entries = self._entries("parameter_jacobian", len(places), time, state, slots)
        np.add.at(forcing, places.rows, entries[:, None] * by_parameter[places.columns])
        matrix = np.concatenate([self.jacobian(time, state, slots), totals])
        return solve(matrix, np.concatenate([-forcing, totals @ before]))

    def pull_back(
        self, time: float, state: np.ndarray, slots: np.ndarray, totals: np.ndarray, bar: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """The transpose of `slopes`: derivatives by the steady state, shape (n_species, n_columns), become derivatives
        by the model parameters and by the state before."""
        matrix = np.concatenate([self.jacobian(time, state, slots), totals])
        pulled = solve_transposed(matrix, bar)
        by_rates, by_totals = pulled[: len(state)], pulled[len(state) :]
        places = self._parameter_places
        entries = self._entries("parameter_jacobian", len(places), time, state, slots)
        by_parameter = np.zeros((self._code.n_parameters, bar.shape[1]))
        np.add.at(by_parameter, places.columns, -entries[:, None] * by_rates[places.rows])
        return by_parameter, totals.T @ by_totals

    def horizon(self, time: float, state: np.ndarray, slots: np.ndarray, pace: float) -> float:
        """A time after which the slowest loss should be over."""
        losses = np.abs(np.diagonal(self.jacobian(time, state, slots)))
        losses = losses[np.isfinite(losses) & (losses > 0.0)]
        return 100.0 / float(losses.min()) if len(losses) else pace


def _unmixed(rows: np.ndarray) -> np.ndarray:
    """The same space by rows with few entries each, so that a total of many molecules does not blur one of few."""
    rows = rows / np.abs(rows).max(axis=1, keepdims=True)
    for k in range(len(rows)):
        i, j = divmod(int(np.argmax(np.abs(rows[k:]))), rows.shape[1])
        rows[[k, k + i]] = rows[[k + i, k]]
        rows[k] /= rows[k, j]
        others = np.arange(len(rows)) != k
        rows[others] -= np.outer(rows[others, j], rows[k])
    rows[np.abs(rows) < 1e-9] = 0.0
    return rows


def solve(matrix: np.ndarray, right: np.ndarray) -> np.ndarray:
    """The solution of an overdetermined but consistent system, rows scaled alike; raises LinAlgError if singular."""
    scale, columns, q, r = _factors(matrix)
    scaled = right / (scale if right.ndim == 1 else scale[:, None])
    made = np.linalg.solve(r, q.T @ scaled)
    return made / (columns if right.ndim == 1 else columns[:, None])


def solve_transposed(matrix: np.ndarray, right: np.ndarray) -> np.ndarray:
    """The transpose of the map from a right-hand side to its solution, shape (n_rows, n_columns of `right`)."""
    scale, columns, q, r = _factors(matrix)
    return (q @ np.linalg.solve(r.T, right / columns[:, None])) / scale[:, None]


def _factors(matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Scales of rows and columns, and the QR factors of what is left."""
    scale = np.abs(matrix).max(axis=1)
    scale = np.where(scale > 0.0, scale, 1.0)
    rows = matrix / scale[:, None]
    columns = np.abs(rows).max(axis=0)
    columns = np.where(columns > 0.0, columns, 1.0)
    q, r = np.linalg.qr(rows / columns)
    diagonal = np.abs(np.diagonal(r))
    if diagonal.min(initial=np.inf) < 1e-13 * diagonal.max(initial=0.0):
        raise np.linalg.LinAlgError("the steady state is not isolated: it does not follow from rates and totals")
    return scale, columns, q, r
