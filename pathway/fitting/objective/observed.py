"""Simulated measurements, from what the runs recorded: values, noise, and their slopes by the chain rule.

Everything the formulas read lies in one pool of numbers: what names stand for in measurements ("given"), the recorded
moments, states and model parameters. So slopes by the estimated parameters are products of two matrices: how the
formulas depend on the pool (sparse, always in the same places), and how the pool moves with the parameters.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from pathway.expressions import Expression
from pathway.kernels import CompiledBatches, FormulaBatch, SparseProduct, compile_batches
from pathway.simulation.protocol.outputs import BatchOutputs, RunOutputs
from pathway.simulation.protocol.parameter_map import ParameterMapping

from .normalizers import Normalizer
from .observable_groups import ObservableGroup


class ValuePool:
    """The numbers that formulas of measurements read.

    Attributes
    ----------
    given : ParameterMapping
        What names stand for, each different formula once.
    outputs : int array, shape (n_measurements,)
        The recorded moment that belongs to each measurement.
    """

    def __init__(
        self,
        groups: Sequence[ObservableGroup],
        outputs: np.ndarray,
        times: np.ndarray,
        sizes: tuple[int, int],
        names: Mapping[str, int],
    ) -> None:
        n_species, n_parameters = sizes
        given: dict[Expression, int] = {}
        for group in groups:
            for formulas in group.given.values():
                for formula in formulas:
                    given.setdefault(formula, len(given))
        self.given = ParameterMapping(list(given), names)
        self.n_given, self.n_outputs, self.outputs, self._place = len(given), len(times), outputs, given
        self._times = times if any(group.timed for group in groups) else np.zeros(0)
        self._with_parameters = any(group.constants for group in groups)
        self._first_state = len(given) + len(self._times)
        self._first_parameter = self._first_state + len(times) * n_species
        self._n_species, self._n_parameters = n_species, n_parameters

    def inputs(self, group: ObservableGroup) -> tuple[list[str], np.ndarray]:
        """Names that a group's formulas use, and where each stands in each measurement, shape (n_inputs, n_rows)."""
        outputs = self.outputs[group.rows]
        places = {n: self._first_state + outputs * self._n_species + k for n, k in group.species.items()}
        places |= {n: self._first_parameter + outputs * self._n_parameters + k for n, k in group.constants.items()}
        places |= {n: self.given_places(group, n) for n in group.given}
        if group.timed:
            places["time"] = self.n_given + outputs
        return list(places), np.array(list(places.values()), dtype=int).reshape(-1, len(group))

    def given_places(self, group: ObservableGroup, name: str) -> np.ndarray:
        """Which of the given numbers a name means in each measurement of a group."""
        return np.array([self._place[formula] for formula in group.given[name]], dtype=int)

    def filled(self, recorded: RunOutputs | BatchOutputs, q: np.ndarray) -> np.ndarray:
        """The pool of each point, from what was recorded there and all parameters, shape (n_points, n_names)."""
        parts = [self.given.values(q), recorded.states.reshape(len(q), -1)]
        if len(self._times):
            parts.insert(1, np.broadcast_to(self._times, (len(q), len(self._times))))
        if self._with_parameters:
            parts.append(recorded.parameters.reshape(len(q), -1))
        return np.concatenate(parts, axis=1)

    def give(self, pools: np.ndarray, q: np.ndarray) -> None:
        """Put other parameters into pools, in place; what was recorded stays."""
        pools[:, : self.n_given] = self.given.values(q)


@dataclass(frozen=True, eq=False)
class EstimatedPlaces:
    """What moves with the estimated parameters.

    Attributes
    ----------
    species, constants : int arrays
        Species and model parameters whose slopes are recorded, sorted.
    places : int array, shape (n_names,)
        Position of each of the problem's parameters among the estimated ones, or -1.
    n_estimated : int
    """

    species: np.ndarray
    constants: np.ndarray
    places: np.ndarray
    n_estimated: int


class ObservedValues:
    """Simulated values and noises of all measurements, in the order of the groups.

    Attributes
    ----------
    pool : ValuePool
    axes : tuple of Normalizer
        Normalizations of simulated values.
    """

    def __init__(
        self, groups: Sequence[ObservableGroup], pool: ValuePool, axes: tuple[Normalizer, ...], moving: EstimatedPlaces
    ) -> None:
        self.pool, self.axes, self.moving = pool, axes, moving
        inputs = [pool.inputs(g) for g in groups]
        plain = [FormulaBatch(names, g.formulas, places) for g, (names, places) in zip(groups, inputs, strict=True)]
        sloped = [
            FormulaBatch(names, [*g.formulas, *g.derivatives], places)
            for g, (names, places) in zip(groups, inputs, strict=True)
        ]
        self._plain, self._sloped = compile_batches([plain, sloped])
        self._plain_places, self._sloped_places = (
            simulated_and_noise_places(self._plain),
            simulated_and_noise_places(self._sloped),
        )
        self.n = self._plain_places.shape[1]
        self._factors(groups)

    def _factors(self, groups: Sequence[ObservableGroup]) -> None:
        """How the formulas depend on recorded states, on recorded model parameters, and on the given numbers."""
        pool, moving, n = self.pool, self.moving, self.n
        entries: tuple[list[np.ndarray], ...] = ([], [], [])
        for g, places in zip(groups, self._sloped.places, strict=True):
            outputs = pool.outputs[g.rows]
            for (formula, name), sources in zip(g.slopes, places[2:], strict=True):
                rows = formula * n + np.arange(g.rows.start, g.rows.stop)
                if name in g.species:
                    columns = outputs * len(moving.species) + np.searchsorted(moving.species, g.species[name])
                    entries[0].append(np.stack([rows, columns, sources]))
                elif name in g.given:
                    entries[2].append(np.stack([rows, pool.given_places(g, name), sources]))
                elif g.constants[name] in moving.constants:
                    columns = outputs * len(moving.constants) + np.searchsorted(moving.constants, g.constants[name])
                    entries[1].append(np.stack([rows, columns, sources]))
        widths = pool.n_outputs * len(moving.species), pool.n_outputs * len(moving.constants), pool.n_given
        none = np.zeros((3, 0), dtype=int)
        products = []
        for parts, width in zip(entries, widths, strict=True):
            rows, columns, sources = np.concatenate([none, *parts], axis=1)
            products.append(SparseProduct(rows, columns, sources, 2 * n, width))
        self._of_states, self._of_constants, self._of_given = products
        slot, parameter = pool.given.pattern.T
        self._given_sources = np.flatnonzero(moving.places[parameter] >= 0)
        self._given_at = slot[self._given_sources], moving.places[parameter[self._given_sources]]

    def values(self, pools: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Simulated values and noises, each of shape (n_points, n)."""
        both = self._plain(pools).take(self._plain_places, axis=1)
        for simulated in both[:, 0]:
            for axis in self.axes:
                axis.apply(simulated)
        return both[:, 0], both[:, 1]

    def sloped(self, pools: np.ndarray, recorded: RunOutputs, q: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Simulated values and noises at one point, shape (2, n), and their slopes by the estimated parameters, in
        natural units, shape (2, n, n_estimated); states whose slopes were not recorded stand still."""
        results, n_estimated = self._sloped(pools)[0], self.moving.n_estimated
        both = results[self._sloped_places]
        slopes = np.zeros((2 * self.n, n_estimated))
        for factor, moved in (
            (self._of_states, recorded.state_slopes),
            (self._of_constants, recorded.parameter_slopes),
            (self._of_given, self._given_slopes(q)),
        ):
            if moved is not None:
                factor.add(results, np.ascontiguousarray(moved), slopes)
        slopes = slopes.reshape(2, self.n, n_estimated)
        for axis in self.axes:
            axis.apply(both[0], slopes[0])
        return both, slopes

    def pulled(
        self, pools: np.ndarray, recorded: RunOutputs, q: np.ndarray, weights: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The transpose of the slopes of `sloped`: derivatives by simulated values and noises, shape (2, n), become
        derivatives by recorded states, recorded model parameters and, directly, estimated parameters."""
        results, moving = self._sloped(pools)[0], self.moving
        if self.axes:
            weights = weights.copy()
            for axis in self.axes:
                axis.back(results[self._sloped_places[0]], weights[0])
        weights = weights.ravel()
        by_states, by_parameters = np.zeros(recorded.states.shape), np.zeros(recorded.parameters.shape)
        states = self._of_states.transposed(results, weights)
        by_states[:, moving.species] = states.reshape(self.pool.n_outputs, len(moving.species))
        constants = self._of_constants.transposed(results, weights)
        by_parameters[:, moving.constants] = constants.reshape(self.pool.n_outputs, len(moving.constants))
        return by_states, by_parameters, self._of_given.transposed(results, weights) @ self._given_slopes(q)

    def _given_slopes(self, q: np.ndarray) -> np.ndarray:
        """How the given numbers move with the estimated parameters, shape (n_given, n_estimated)."""
        slopes = np.zeros((self.pool.n_given, self.moving.n_estimated))
        slopes[self._given_at] = self.pool.given.slopes(q)[self._given_sources]
        return slopes


def simulated_and_noise_places(batches: CompiledBatches) -> np.ndarray:
    """Where all simulated values stand, and all noises, shape (2, n)."""
    return np.concatenate([np.zeros((2, 0), dtype=int), *(places[:2] for places in batches.places)], axis=1)
