"""The rules of the comparison, on tools made up for the purpose; the equations that the peers are given."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks.blocks import Measured, read, write
from benchmarks.equations import source
from benchmarks.measure import LADDER, Entry, Figure, compare, loosest
from benchmarks.table import report
from pathway.equations import Model
from pathway.expressions import number, parse


def entry(name: str, factor: float, seconds: float) -> Entry:
    """A tool whose error is `factor` times its tolerance."""
    return Entry(name, lambda rtol: factor * rtol, lambda rtol, calls: [seconds / rtol] * calls)


def test_each_tool_runs_at_the_loosest_tolerance_that_meets_the_target() -> None:
    assert loosest(entry("careful", 0.05, 1.0), 1e-5) == (1e-4, pytest.approx(5e-6))
    assert loosest(entry("careless", 20.0, 1.0), 1e-5)[0] == pytest.approx(3e-7)
    assert loosest(Entry("lost", lambda rtol: 1.0, lambda rtol, calls: []), 1e-5) == (None, 1.0)
    assert LADDER[0] == 1e-4


def test_a_tool_that_fails_is_listed_with_its_reason() -> None:
    def fail(rtol: float) -> float:
        raise RuntimeError("too many steps")

    figures = compare(
        "toy",
        "one run",
        [entry("pathway", 1.0, 1e-9), Entry("other", fail, lambda r, c: [])],
        (1e-5,),
        rounds=3,
        seconds=0.1,
    )
    text = report(Measured(figures))
    assert "| toy | 1e-05 | pathway | 1e-05 |" in text
    assert "RuntimeError: too many steps" in text


def test_ratios_are_against_pathway() -> None:
    figures = [
        Figure("toy", "one run", "pathway", 1e-5, 1e-5, 1e-6, 0.001, (0.001, 0.001)),
        Figure("toy", "one run", "other", 1e-5, 1e-7, 1e-6, 0.0125, (0.012, 0.013)),
    ]
    assert "| other | 1e-07 | 1.0e-06 | 12.5 ms | 12 ms - 13 ms | 12.50 |" in report(Measured(figures))


def test_written_equations_give_the_models_slopes() -> None:
    model = Model(
        name="toy",
        species=("a", "b"),
        parameters=("k", "n"),
        parameter_values=np.array([2.0, 1.5]),
        initial={"a": number(1), "b": number(2)},
        rate_rules={
            "a": parse("piecewise(k, time < 3 and a > 0, 0) * b / (1 + a^2) - exp(-a)"),
            "b": parse("min(a, b) - abs(b)^n"),
        },
    )
    import math

    space: dict = {"math": math}
    exec(source(model), space)
    dy = np.zeros(2)
    space["slopes"](1.0, np.array([1.0, 2.0]), dy, model.parameter_values)
    np.testing.assert_allclose(dy, [2.0 * 2.0 / 2.0 - math.exp(-1.0), 1.0 - 2.0**1.5], rtol=1e-14)


def test_a_block_is_replaced_whole_and_the_others_stay(tmp_path: Path) -> None:
    def figure(problem: str, tool: str, seconds: float) -> Figure:
        return Figure(problem, "one run", tool, 1e-5, 1e-5, 1e-6, seconds, (seconds, seconds))

    measured = Measured()
    measured.add([figure("a", "pathway", 1.0), figure("a", "other", 2.0)], "yesterday", "first")
    measured.add([figure("b", "pathway", 3.0)], "yesterday", "first")
    write(tmp_path / "kept.json", measured)
    again = read(tmp_path / "kept.json")
    assert again == measured
    again.add([figure("a", "pathway", 4.0)], "today", "second")
    assert [(f.problem, f.tool, f.seconds) for f in again.figures] == [("b", "pathway", 3.0), ("a", "pathway", 4.0)]
    assert "today" in again.blocks["a, one run"] and "yesterday" in again.blocks["b, one run"]
