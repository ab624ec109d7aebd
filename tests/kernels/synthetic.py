"""Reaction networks made up for tests, with every kind of rate law."""

from __future__ import annotations

import numpy as np

from pathway.equations import Model
from pathway.expressions import Expression, number, parse, symbol


def chain(size: int, seed: int = 0) -> Model:
    """Conversions, bindings, Michaelis-Menten and Hill steps between `size` species, all parameters near 1."""
    random = np.random.default_rng(seed)
    species = tuple(f"s{i}" for i in range(size))
    rates: dict[str, Expression] = {}
    changes: dict[str, dict[str, Expression]] = {name: {} for name in species}
    parameters: list[str] = []

    def reaction(formula: str, **counts: int) -> None:
        name = f"r{len(rates)}"
        rates[name] = parse(formula)
        for affected, count in counts.items():
            changes[affected][name] = number(count)

    def parameter(kind: str) -> str:
        parameters.append(f"{kind}{len(parameters)}")
        return parameters[-1]

    for i in range(size):
        a, b, c = (species[j] for j in random.choice(size, 3, replace=size < 3))
        kind = i % 4
        if kind == 0:
            reaction(f"{parameter('k')} * {a} * {b}", **{a: -1, c: 1})
        elif kind == 1:
            reaction(f"{parameter('v')} * {a} / ({parameter('K')} + {a} + {b} / {parameter('I')})", **{a: -1, c: 2})
        elif kind == 2:
            k, hill, v = parameter("K"), parameter("n"), parameter("v")
            reaction(f"{v} * {a}^{hill} / ({k}^{hill} + {a}^{hill}) * (1 + 0.1 * sin(time))", **{b: 1})
        else:
            reaction(f"{parameter('k')} * {a}^2 / (1 + {b}^3)", **{a: -2, b: 1})
        reaction(f"{parameter('d')} * {species[i]}", **{species[i]: -1})
        reaction(parameter("b"), **{species[i]: 1})
    return Model(
        name=f"chain of {size}",
        species=species,
        parameters=tuple(parameters),
        parameter_values=random.uniform(0.5, 2.0, len(parameters)),
        initial={name: number(float(value)) for name, value in zip(species, random.uniform(0.1, 2, size), strict=True)},
        rates=rates,
        stoichiometry=changes,
        observables={"total": sum((symbol(n) for n in species[1:]), symbol(species[0]))},
    )
