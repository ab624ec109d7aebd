"""What differs between women: distributions, one random stream a woman, and what the draws do to parameters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.special import expit, logit, ndtr

STREAMS = 8
"""Random numbers that a woman gets beside those of her traits: errors of markers, lesions, moments between visits."""


@dataclass(frozen=True)
class Trait:
    """Something that differs between women.

    Attributes
    ----------
    name : str
    parameter : str
        Of the circuit, of pharmacokinetics, or of the tumor; "" where only covariates read it.
    sd : float
        Of the logarithm (of the logit where the parameter is a share of cells).
    median : float, optional
        In the parameter's unit; None: what is there already is multiplied.
    share : float, optional
        Of women who carry it; the others are left as they are.
    factor, value : float, optional
        What carriers have: so many times as much, or this.
    source, confidence, note : str
    """

    name: str
    parameter: str = ""
    sd: float = 0.0
    median: float | None = None
    share: float | None = None
    factor: float | None = None
    value: float | None = None
    source: str = ""
    confidence: str = ""
    note: str = ""


@dataclass(frozen=True)
class Covariate:
    """A parameter that follows a trait: times (trait / its median) to a power."""

    trait: str
    parameter: str
    exponent: float
    source: str = ""


LOGIT_PARAMETERS = frozenset({"refractory_share"})
"""Shares of cells, which vary by their logit."""


@dataclass(frozen=True, eq=False)
class TraitDraws:
    """The random numbers of some women.

    Attributes
    ----------
    traits : tuple of Trait
    normals : array, shape (n_women, n_traits)
        Standard normal, correlated as the file says.
    others : array, shape (n_women, STREAMS)
        Uniform between 0 and 1.
    """

    traits: tuple[Trait, ...]
    normals: np.ndarray
    others: np.ndarray

    @cached_property
    def factors(self) -> Mapping[str, np.ndarray]:
        """What each trait multiplies by, relative to its median, shape (n_women,) each."""
        return {trait.name: _factor(trait, self.normals[:, k]) for k, trait in enumerate(self.traits)}

    def carriers(self, name: str) -> np.ndarray:
        """Who has a trait that some have, bool array of shape (n_women,)."""
        k = next(k for k, trait in enumerate(self.traits) if trait.name == name)
        return ndtr(self.normals[:, k]) < (self.traits[k].share or 0.0)

    def apply(self, values: Mapping[str, np.ndarray], covariates: Sequence[Covariate]) -> dict[str, np.ndarray]:
        """Parameters after all traits and covariates.

        Parameters
        ----------
        values : mapping of parameter to array, shape (n_women,)
            Before.
        covariates : sequence of Covariate
        """
        changed = dict(values)
        for k, trait in enumerate(self.traits):
            if trait.parameter in changed:
                changed[trait.parameter] = _applied(trait, self.normals[:, k], changed[trait.parameter])
        for covariate in covariates:
            if covariate.parameter in changed:
                changed[covariate.parameter] = (
                    changed[covariate.parameter] * self.factors[covariate.trait] ** covariate.exponent
                )
        return changed

    def apply_to_rows(self, names: Sequence[str], values: np.ndarray, covariates: Sequence[Covariate]) -> np.ndarray:
        """The same of parameters as a model has them, shape (n_women, n_parameters)."""
        applied = self.apply(dict(zip(names, values.T, strict=True)), covariates)
        return np.stack([applied[name] for name in names], axis=1)


def _factor(trait: Trait, normal: np.ndarray) -> np.ndarray:
    if trait.share is not None:
        return np.where(ndtr(normal) < trait.share, trait.factor or 1.0, 1.0)
    return np.exp(trait.sd * normal)


def _applied(trait: Trait, normal: np.ndarray, before: np.ndarray) -> np.ndarray:
    if trait.share is not None and trait.value is not None:
        return np.where(ndtr(normal) < trait.share, trait.value, before)
    if trait.parameter in LOGIT_PARAMETERS and trait.median is not None:
        return expit(logit(trait.median) + trait.sd * normal)
    return (before if trait.median is None else trait.median) * _factor(trait, normal)


def correlation_matrix(traits: Sequence[Trait], pairs: Mapping[tuple[str, str], float]) -> np.ndarray:
    """Correlations of the normals behind the traits, shape (n_traits, n_traits)."""
    names = [trait.name for trait in traits]
    matrix = np.eye(len(names))
    for (one, other), value in pairs.items():
        a, b = names.index(one), names.index(other)
        matrix[a, b] = matrix[b, a] = value
    return matrix


def draw_traits(traits: Sequence[Trait], correlations: np.ndarray, seed: int, numbers: Sequence[int]) -> TraitDraws:
    """Random numbers of women; a woman's depend on the seed and her number alone.

    Parameters
    ----------
    traits : sequence of Trait
    correlations : array, shape (n_traits, n_traits)
        Positive definite.
    seed : int
    numbers : sequence of int
    """
    lower = np.linalg.cholesky(correlations)
    streams = [np.random.default_rng([seed, number]) for number in numbers]
    independent = np.array([rng.standard_normal(len(traits)) for rng in streams]).reshape(len(streams), len(traits))
    others = np.array([rng.random(STREAMS) for rng in streams]).reshape(len(streams), STREAMS)
    return TraitDraws(tuple(traits), independent @ lower.T, others)


def independent_part(draws: TraitDraws, correlations: np.ndarray, name: str) -> np.ndarray:
    """The part of a trait's normal that no other trait tells, shape (n_women,): what differs between women for no other
    reason. It is the trait itself where nothing is correlated with it."""
    names = [trait.name for trait in draws.traits]
    k = names.index(name)
    rest = [j for j in range(len(names)) if j != k]
    coefficients = np.linalg.solve(correlations[np.ix_(rest, rest)], correlations[rest, k])
    return draws.normals[:, k] - draws.normals[:, rest] @ coefficients
