"""What of a model can come to rest, and the equations that hold there.

Left out are what nothing reads (pure outputs: they may grow for ever and nobody minds) and, state by state, what is
zero and stays zero (complexes of a drug that was not given). Of what is left, conserved totals take the place of the
equations that they make redundant; both are read off the terms of the rates, in the numbers that stand there, so that a
slow loss beside a fast exchange is never taken for none.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from pathway.equations import Model
from pathway.equations.model import TIME
from pathway.equations.terms import RateTerms, rate_terms
from pathway.equations.totals import null_combinations
from pathway.expressions import Expression, number, symbols
from pathway.expressions.arrays import evaluate_arrays
from pathway.expressions.calculus import gradients, substitute_all, term_magnitudes
from pathway.expressions.graph import ZERO, is_number
from pathway.kernels import CompiledModel, compile_model

from .prepared import PreparedModel, prepare_model
from .solvers.batch import evaluate_kernel_rows

MOST_BLOCKS = 200
"""Sets of equations kept with a model."""

MOST_PATTERNS = 5000
"""Sets of what is zero of which it is kept which terms they leave."""

MOST_PATHS = 2000


@dataclass(frozen=True, eq=False)
class SteadyEquations:
    """Steady-state equations for one set of species that are present.

    Attributes
    ----------
    solved : int array
        Species that are solved for.
    totals : array, shape (n_totals, n_species)
        Combinations of them that stay what they are.
    replaced : int array, shape (n_totals,)
        Positions among `solved` whose equations the totals replace.
    tied : int array
        Outputs that follow from the others by a conserved total.
    ties : array, shape (n_tied, n_species)
        These totals, with coefficient 1 at the output.
    loose : int array
        Outputs that do not, and that are not said to go on for ever.
    follow : tuple of int array
        Positions among `solved`: those with an algebraic rule, and the others.
    reduction : tuple (int array, int array, array)
        Among the others: one species per total, the rest, and how the former follow the latter (subtracted).
    """

    solved: np.ndarray
    totals: np.ndarray
    replaced: np.ndarray
    tied: np.ndarray
    ties: np.ndarray
    loose: np.ndarray
    follow: tuple[np.ndarray, np.ndarray]
    reduction: tuple[np.ndarray, np.ndarray, np.ndarray]

    def matrix(self, jacobians: np.ndarray) -> np.ndarray:
        """Jacobians, shape (..., n_species, n_species), with the totals in place, shape (..., n_solved, n_solved)."""
        matrix = jacobians[..., self.solved[:, None], self.solved]
        matrix[..., self.replaced, :] = self.totals[:, self.solved]
        return matrix


@dataclass(frozen=True, eq=False)
class SteadyPath:
    """The way on which a steady state was reached, where it matters.

    Attributes
    ----------
    start : array, shape (n_species,)
    begin, elapsed : float
    decided : bool array, shape (n_species,)
        Species that the way decides.
    """

    start: np.ndarray
    begin: float
    elapsed: float
    decided: np.ndarray


class SteadyModel:
    """A model on its way to rest, without its events.

    Parameters
    ----------
    model : Model

    Attributes
    ----------
    prepared : PreparedModel
        What is run.
    kept : int array
        Its species, as positions in the model.
    outputs : bool array
        Which of them nothing reads.
    """

    def __init__(self, model: Model) -> None:
        self.kept = np.arange(len(model.species))
        part = _restricted(model, list(model.species)) if model.events else model
        greedy = {name for name in model.outputs if name in symbols(model.derivatives[name])}
        if greedy:
            names = [name for name in model.species if name not in greedy]
            self.kept = np.array([model.species.index(name) for name in names], dtype=np.int64)
            part = _restricted(part, names)
        self.prepared: PreparedModel = prepare_model(part)
        self.model = part
        self.driven = any(TIME in symbols(f) for f in part.derivatives.values())
        read = symbols(*part.derivatives.values()) | set(part.algebraic)
        self.outputs = np.array([n not in read or n in model.outputs for n in part.species], dtype=bool)
        self.n_outputs = int(self.outputs.sum())
        self.algebraic = np.array([n in part.algebraic for n in part.species], dtype=bool)
        self._equations: dict[Hashable, SteadyEquations] = {}
        self._active: dict[bytes, np.ndarray] = {}
        self._term_active: dict[tuple[int, bytes], bool] = {}
        self._term_slopes: dict[tuple[str, ...], tuple[np.ndarray, list[Expression]]] = {}
        self._paths: dict[tuple[bytes, bytes], SteadyPath] = {}

    # Numbers.

    def rates(self, states: np.ndarray, parameters: np.ndarray, time: float) -> np.ndarray:
        """Right-hand sides, shape (n_members, n_species)."""
        kernels = self.prepared.kernels(1)
        where = np.array([time]), states, parameters
        return evaluate_kernel_rows(kernels, kernels.right_hand_side, kernels.n_species, *where)

    def jacobians(self, states: np.ndarray, parameters: np.ndarray, time: float | np.ndarray) -> np.ndarray:
        """Dense Jacobians, shape (n_members, n_species, n_species), at one time or at that of each member."""
        kernels, pattern = self.prepared.kernels(1), self.prepared.pattern
        where = np.atleast_1d(time), states, parameters
        entries = evaluate_kernel_rows(kernels, kernels.jacobian, kernels.n_jacobian, *where)
        n = kernels.n_species
        dense = np.zeros((len(states), n, n))
        dense[:, pattern.rows, pattern.columns] = entries
        return dense

    def parameter_slopes(self, states: np.ndarray, parameters: np.ndarray, time: float | np.ndarray) -> np.ndarray:
        """Partial derivatives of the rates by all parameters, shape (n_members, n_species, n_parameters)."""
        # Kept with the prepared model, which is made anew where a copy is opened: addresses mean nothing elsewhere.
        code, kernels = self.prepared.once(_parameter_jacobian), self.prepared.kernels(1)
        pattern = code.patterns["parameter_jacobian"]
        where = np.atleast_1d(time), states, parameters
        entries = evaluate_kernel_rows(kernels, code.address("parameter_jacobian"), len(pattern), *where)
        dense = np.zeros((*states.shape, len(self.model.parameters)))
        dense[:, pattern.rows, pattern.columns] = entries
        return dense

    def absent(self, states: np.ndarray, jacobians: np.ndarray, starts: np.ndarray | float = 0.0) -> np.ndarray:
        """Which species are zero, began at zero and, as far as the rates tell, stay zero, (n_members, n_species)."""
        zero = (states == 0.0) & (starts == 0.0) & ~self.outputs & ~self.algebraic
        while zero.any():
            produced = zero & ((jacobians != 0.0) & ~zero[:, None, :]).any(axis=2)
            if not produced.any():
                break
            zero &= ~produced
        return zero

    # The ways to steady states.

    def remember(self, state: np.ndarray, parameters: np.ndarray, path: SteadyPath) -> None:
        """Keep the way to a state for its slopes."""
        if len(self._paths) >= MOST_PATHS:
            # The oldest go: another thread may be about to ask for what it has just found.
            for key in list(self._paths)[: MOST_PATHS // 2]:
                self._paths.pop(key, None)
        self._paths[state.tobytes(), parameters.tobytes()] = path

    def path_to(self, state: np.ndarray, parameters: np.ndarray) -> SteadyPath | None:
        """The way to a state, if it matters and was found here."""
        return self._paths.get((state.tobytes(), parameters.tobytes()))

    # Equations.

    def equations(self, absent: np.ndarray, parameters: np.ndarray) -> SteadyEquations:
        """The equations without absent species, shape (n_species,), at these parameters; kept by what matters."""
        active = self._active_terms(absent, parameters)
        key = absent.tobytes(), active.tobytes(), parameters[self._sizes].tobytes()
        equations = self._equations.get(key)
        if equations is None:
            if len(self._equations) >= MOST_BLOCKS:
                self._equations.clear()
            equations = self._equations[key] = self._derived(absent, active, parameters)
        return equations

    def grouped(self, absent: np.ndarray, parameters: np.ndarray) -> list[tuple[SteadyEquations, np.ndarray]]:
        """Equations, and the members that have them; absent species of shape (n_members, n_species)."""
        groups: dict[int, tuple[SteadyEquations, list[int]]] = {}
        for k in range(len(parameters)):
            equations = self.equations(absent[k], parameters[k])
            groups.setdefault(id(equations), (equations, []))[1].append(k)
        return [(equations, np.array(members)) for equations, members in groups.values()]

    @cached_property
    def terms(self) -> RateTerms:
        """The rates, taken apart."""
        return rate_terms(self.model)

    @cached_property
    def _sizes(self) -> np.ndarray:
        """Parameters that stand in coefficients (sizes of compartments)."""
        used = symbols(*(coefficient for _, _, coefficient in self.terms.entries))
        return np.array([k for k, name in enumerate(self.model.parameters) if name in used], dtype=int)

    def coefficients(self, parameters: np.ndarray) -> np.ndarray:
        """Which term changes which species by how much, shape (n_species, n_terms)."""
        values = dict(zip(self.model.parameters, map(float, parameters), strict=True))
        formulas = [coefficient for _, _, coefficient in self.terms.entries]
        matrix = np.zeros((len(self.model.species), len(self.terms.terms)))
        for (row, column, _), value in zip(self.terms.entries, evaluate_arrays(formulas, values), strict=True):
            matrix[row, column] += value
        return matrix

    def _active_terms(self, absent: np.ndarray, parameters: np.ndarray) -> np.ndarray:
        """Terms that are not zero whatever the species that are there, bool, shape (n_terms,)."""
        zero = np.concatenate([absent, parameters == 0.0])
        known = self._active.get(zero.tobytes())
        if known is None:
            if len(self._active) >= MOST_PATTERNS:
                self._active.clear()
            known = np.array([self._is_active(term, zero) for term in range(len(self.terms.terms))], dtype=bool)
            self._active[zero.tobytes()] = known
        return known

    def _is_active(self, term: int, zero: np.ndarray) -> bool:
        """Whether one term is left where some species and parameters are zero; of these its own alone matter."""
        own = self._read_by_terms[term]
        gone = own[zero[own]]
        key = term, gone.tobytes()
        if key not in self._term_active:
            names = self.model.species + self.model.parameters
            left = substitute_all([self.terms.terms[term]], {names[k]: ZERO for k in gone})
            self._term_active[key] = not is_number(left[0], 0.0)
        return self._term_active[key]

    @cached_property
    def _read_by_terms(self) -> list[np.ndarray]:
        """Which species and, counted on, parameters stand in each term."""
        place = {name: k for k, name in enumerate(self.model.species + self.model.parameters)}
        return [np.array(sorted(place[n] for n in symbols(term) if n in place), dtype=int) for term in self.terms.terms]

    def _derived(self, absent: np.ndarray, active: np.ndarray, parameters: np.ndarray) -> SteadyEquations:
        names = self.model.species
        matrix = self.coefficients(parameters)[:, active]
        solved = np.flatnonzero(~absent & ~self.outputs)
        outputs = np.flatnonzero(self.outputs)
        movable = solved[~self.algebraic[solved]]
        inner, tied, ties = null_combinations(matrix, movable, outputs)
        totals, pivots = reduced_rows(inner, self._usual_sizes)
        dependent = np.searchsorted(movable, pivots)
        free = np.setdiff1d(np.arange(len(movable)), dependent)
        among = totals[:, movable]
        slopes = np.linalg.solve(among[:, dependent], among[:, free]) if len(totals) else among
        return SteadyEquations(
            solved=solved,
            totals=totals,
            replaced=np.searchsorted(solved, pivots),
            tied=tied,
            ties=ties,
            loose=np.array([k for k in outputs if k not in tied and names[k] not in self.model.outputs], dtype=int),
            follow=(np.flatnonzero(self.algebraic[solved]), np.flatnonzero(~self.algebraic[solved])),
            reduction=(dependent, free, slopes),
        )

    @cached_property
    def _usual_sizes(self) -> np.ndarray:
        """How large the species usually are: a total of many molecules must not blur one of few."""
        with np.errstate(all="ignore"):
            values = np.abs(self.prepared.starts(np.array(self.model.parameter_values)))
        values = np.where(np.isfinite(values), values, 0.0)
        return np.maximum(values, 1e-6 * np.max(values, initial=1e-300))

    # Terms, in numbers.

    def term_scales(self, state: np.ndarray, parameters: np.ndarray, time: float) -> np.ndarray:
        """What the terms of each rate add up to without their signs, shape (n_species,)."""
        return self._evaluated(self._scale_formulas, state, parameters, time)

    @cached_property
    def _scale_formulas(self) -> list[Expression]:
        return term_magnitudes(list(self.model.derivatives.values()))

    def term_values(self, state: np.ndarray, parameters: np.ndarray, time: float) -> np.ndarray:
        """Shape (n_terms,)."""
        return self._evaluated(list(self.terms.terms), state, parameters, time)

    def term_derivatives(
        self, by: tuple[str, ...], state: np.ndarray, parameters: np.ndarray, time: float
    ) -> np.ndarray:
        """Derivatives of the terms by species or parameters, shape (n_terms, n_by)."""
        places, formulas = self._term_derivatives(by)
        derivatives = np.zeros((len(self.terms.terms), len(by)))
        derivatives[places[:, 0], places[:, 1]] = self._evaluated(formulas, state, parameters, time)
        return derivatives

    def _term_derivatives(self, by: tuple[str, ...]) -> tuple[np.ndarray, list[Expression]]:
        if by not in self._term_slopes:
            rows = gradients(self.terms.terms, by)
            places = [(row, by.index(name)) for row, gradient in enumerate(rows) for name in gradient]
            formulas = [slope for gradient in rows for slope in gradient.values()]
            self._term_slopes[by] = np.array(places, dtype=int).reshape(-1, 2), formulas
        return self._term_slopes[by]

    def _evaluated(
        self, formulas: list[Expression], state: np.ndarray, parameters: np.ndarray, time: float
    ) -> np.ndarray:
        values = dict(zip(self.model.species, map(float, state), strict=True)) | {TIME: time}
        values |= dict(zip(self.model.parameters, map(float, parameters), strict=True))
        return np.array(evaluate_arrays(formulas, values), dtype=float).reshape(len(formulas))


def steady_model(model: Model) -> SteadyModel:
    """The model's steady-state equations; kept with the model."""
    return prepare_model(model).once(SteadyModel)


def _parameter_jacobian(model: Model) -> CompiledModel:
    return compile_model(model, 1, ("parameter_jacobian",))


def _restricted(model: Model, names: list[str]) -> Model:
    """The model of some species that do not depend on the others, without events."""
    reactions = {r for name in names for r in model.stoichiometry.get(name, {})}

    def closed(formulas: dict[str, Expression]) -> dict[str, Expression]:
        return dict(zip(formulas, model.closed(formulas.values()), strict=True))

    return replace(
        model,
        species=tuple(names),
        initial={n: number(0.0) for n in names},
        rates=closed({r: f for r, f in model.rates.items() if r in reactions}),
        stoichiometry={n: closed(dict(model.stoichiometry[n])) for n in names if n in model.stoichiometry},
        rate_rules=closed({n: f for n, f in model.rate_rules.items() if n in names}),
        algebraic=closed({n: f for n, f in model.algebraic.items() if n in names}),
        assignments={},
        observables={},
        events=(),
        outputs=frozenset(name for name in model.outputs if name in names),
    )


def reduced_rows(rows: np.ndarray, sizes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The same space by rows with few entries each, and the column that each row alone has; largest amounts first."""
    rows, pivots = rows.copy(), np.zeros(len(rows), dtype=int)
    for k in range(len(rows)):
        i, j = divmod(int(np.argmax(np.abs(rows[k:]) * sizes)), rows.shape[1])
        rows[[k, k + i]] = rows[[k + i, k]]
        rows[k] /= rows[k, j]
        others = np.arange(len(rows)) != k
        rows[others] -= np.outer(rows[others, j], rows[k])
        pivots[k] = j
    rows[np.abs(rows) < 1e-9] = 0.0
    return rows, pivots
