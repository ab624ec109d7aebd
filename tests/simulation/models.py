"""Small models for the tests of this room."""

from __future__ import annotations

import numpy as np

from pathway.equations import Model
from pathway.expressions import parse


def model_of(
    name: str, equations: dict[str, str], start: dict[str, float | str], parameters: dict[str, float], **more: object
) -> Model:
    """A model of rate rules written as text."""
    algebraic = {n: parse(f) for n, f in dict(more.pop("algebraic", {})).items()}  # type: ignore[call-overload]
    assignments = {n: parse(f) for n, f in dict(more.pop("assignments", {})).items()}  # type: ignore[call-overload]
    observables = {n: parse(f) for n, f in dict(more.pop("observables", {})).items()}  # type: ignore[call-overload]
    return Model(
        name=name,
        species=tuple(start),
        parameters=tuple(parameters),
        parameter_values=np.array(list(parameters.values()), dtype=float),
        initial={n: parse(str(v)) for n, v in start.items()},
        rate_rules={n: parse(f) for n, f in equations.items()},
        algebraic=algebraic,
        assignments=assignments,
        observables=observables,
        **more,  # type: ignore[arg-type]
    )


def chain() -> Model:
    """A -> B -> C with rates k1, k2."""
    return model_of(
        "chain",
        {"A": "-k1*A", "B": "k1*A - k2*B", "C": "k2*B"},
        {"A": 10.0, "B": 0.0, "C": 0.0},
        {"k1": 0.7, "k2": 0.2},
        assignments={"total": "A + B + C"},
        observables={"share": "B / total", "twice_A": "2*A"},
    )


def chain_solution(t: np.ndarray, a: float = 10.0, k1: float = 0.7, k2: float = 0.2) -> np.ndarray:
    """The closed form of `chain` from (a, 0, 0)."""
    first = a * np.exp(-k1 * t)
    second = a * k1 / (k2 - k1) * (np.exp(-k1 * t) - np.exp(-k2 * t))
    return np.stack([first, second, a - first - second], axis=-1)


def toggle() -> Model:
    """A gene switch of two repressors with dimers, dilution and a marker, from reactions."""
    rates = {
        "make_U": "a / (1 + V^2)",
        "make_V": "b / (1 + U^2)",
        "lose_U": "d*U",
        "lose_V": "d*V",
        "bind": "kon*U*F",
        "part": "koff*C",
    }
    changes = {
        "U": {"make_U": 1, "lose_U": -1, "bind": -1, "part": 1},
        "V": {"make_V": 1, "lose_V": -1},
        "F": {"bind": -1, "part": 1},
        "C": {"bind": 1, "part": -1},
    }
    values = {"a": 4.0, "b": 4.0, "d": 1.0, "kon": 50.0, "koff": 20.0}
    return Model(
        name="toggle",
        species=tuple(changes),
        parameters=tuple(values),
        parameter_values=np.array(list(values.values())),
        initial={"U": parse("2"), "V": parse("0.5"), "F": parse("1"), "C": parse("0")},
        rates={n: parse(f) for n, f in rates.items()},
        stoichiometry={s: {r: parse(str(v)) for r, v in row.items()} for s, row in changes.items()},
        observables={"bound": parse("C / (C + F)")},
    )
