"""How results of fitting are stored: numbers read back to the same bits, problems are not written but recognized."""

from __future__ import annotations

import hashlib
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from ..problem import Problem, ProblemError, ProblemSource


def hexadecimal_text(values: np.ndarray) -> list[str]:
    """An array of one dimension as text, shape (n,)."""
    return [float(v).hex() for v in values]


def numbers_from_hexadecimal(written: Any) -> np.ndarray:
    """What `hexadecimal_text` wrote."""
    return np.array([float.fromhex(v) for v in written], dtype=float)


def problem_to_dict(problem: Problem, with_inputs: bool = False) -> dict[str, Any]:
    """What tells a problem from others, and the values of its parameters, which what was found may have changed.

    With inputs, the files it was read from, too, if it was.
    """
    values = {p.name: float(p.value).hex() for p in problem.parameters}
    content = {"problem": problem.name, "fingerprint": problem_fingerprint(problem), "values": values}
    source = problem.source
    if with_inputs and source.inputs:
        files = {name: b64encode(content).decode() for name, content in source.inputs.items()}
        content["source"] = {"inputs": files, "settings": source.settings, "without": source.without}
    return content


def source_from_dict(content: Mapping[str, Any]) -> ProblemSource | None:
    """The files that `problem_to_dict` wrote; None if it wrote none."""
    if "source" not in content:
        return None
    source = content["source"]
    files = {name: b64decode(text, validate=True) for name, text in source["inputs"].items()}
    return ProblemSource(files, tuple(source["settings"]), tuple(source["without"]))


def problem_from_dict(content: Mapping[str, Any], problem: Problem) -> Problem:
    """The problem with the values that `problem_to_dict` wrote.

    Raises
    ------
    ProblemError
        If it is another one.
    """
    values = {name: float.fromhex(text) for name, text in content["values"].items()}
    same = replace(problem, parameters=tuple(replace(p, value=values.get(p.name, p.value)) for p in problem.parameters))
    if problem_fingerprint(same) != content["fingerprint"]:
        raise ProblemError(
            [
                f"{content['problem']}: the model, the measurements or the settings are not those it was computed from "
                "(another version of the program, or changed files): do it again"
            ]
        )
    return same


def problem_fingerprint(problem: Problem) -> str:
    """A text that differs between problems whose fits differ."""
    model = problem.model
    from pathway.expressions import to_text

    parts: list[Any] = [
        model.species,
        model.parameters,
        [float(v) for v in model.parameter_values],
        [to_text(e) for e in model.derivatives.values()],
        [to_text(e) for e in model.closed_initial.values()],
        [repr(p) for p in problem.parameters],
        [
            (e.name, [(p.start, {n: to_text(v) for n, v in p.changes.items()}) for p in e.periods])
            for e in problem.experiments
        ],
        [
            (o.name, to_text(o.formula), to_text(o.noise), o.distribution, o.transformation, o.degrees_of_freedom)
            for o in problem.observables
        ],
        [
            (
                m.observable,
                m.experiment,
                m.time,
                m.value,
                m.censored,
                m.normalization,
                m.counted,
                {n: to_text(v) for n, v in m.placeholders.items()},
            )
            for m in problem.measurements
        ],
        [repr(n) for n in problem.normalizations],
    ]
    return hashlib.sha256(repr(parts).encode()).hexdigest()
