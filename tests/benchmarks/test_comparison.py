"""The rules of the comparison, on tools made up for the purpose; the equations that the peers are given."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

import pathway
from benchmarks import measure, problems, reference
from benchmarks.blocks import Facts, Measured, read, write
from benchmarks.equations import right_hand_side, source
from benchmarks.measure import SHARES, Entry, Figure, Scan, Settings, compare, ratio_of_rounds
from benchmarks.small import MODELS
from benchmarks.table import report, versions
from docs import numbers
from docs.blocks import PageError
from pathway.equations import Model
from pathway.expressions import number, parse


def entry(name: str, factor: float, seconds: float, **words) -> Entry:
    """A tool whose error is `factor` times its tolerance, and which is cheapest where both tolerances are loose."""

    def error(settings: Settings) -> float:
        return factor * settings.rtol * max(1.0, (settings.share or 1.0) / 0.1)

    def time(settings: Settings, calls: int) -> list[float]:
        return [seconds * settings.rtol**-0.25 * (settings.share or 1.0) ** -0.05] * calls

    return Entry(name, error, time, **words)


def test_each_tool_runs_at_its_cheapest_settings_that_meet_the_target() -> None:
    careful = Scan(entry("careful", 0.05, 1.0)).best(1e-5)
    assert careful == Settings(1e-4, 0.1)  # looser absolute tolerances would ask for a tighter relative one
    careless = Scan(entry("careless", 20.0, 1.0)).best(1e-5)
    assert careless is not None and careless.rtol == pytest.approx(3e-7)
    assert Scan(Entry("lost", lambda s: 1.0, lambda s, calls: [])).best(1e-5) is None


def test_the_absolute_tolerance_is_the_tools_own_best() -> None:
    """A tool that needs a tight one gets it, one that gains by a loose one gets that."""

    def error(settings: Settings) -> float:
        return 1e-6 if settings.share == 1e-5 else 1.0

    assert Scan(Entry("needs", error, lambda s, calls: [1.0] * calls)).best(1e-5) == Settings(measure.LADDER[0], 1e-5)
    gains = Entry("gains", lambda s: 0.1 * s.rtol, lambda s, calls: [1.0 / (s.share or 1.0)] * calls)
    best = Scan(gains).best(1e-5)
    assert best is not None and best.share == max(SHARES)


def test_another_method_is_taken_where_it_is_cheaper_and_left_where_it_is_hopeless() -> None:
    asked: list[str] = []

    def tool(cost: dict[str, float]) -> Entry:
        def error(settings: Settings) -> float:
            asked.append(settings.method)
            return settings.rtol

        return Entry("two", error, lambda s, calls: [cost[s.method]] * calls, ("BDF", "Adams"))

    best = Scan(tool({"BDF": 2.0, "Adams": 1.0})).best(1e-5)
    assert best is not None and best.method == "Adams" and "Adams" in asked
    asked.clear()
    best = Scan(tool({"BDF": 1.0, "Adams": 100.0})).best(1e-5)
    assert best is not None and best.method == "BDF" and "Adams" not in asked


def test_a_tool_that_fails_is_listed_with_its_reason() -> None:
    def fail(settings: Settings) -> float:
        raise RuntimeError("too many steps")

    entries = [entry("pathway", 1.0, 1e-9), Entry("other", fail, lambda r, c: [])]
    text = report(Measured(compare("toy", "one run", entries, (1e-5,), rounds=3, seconds=0.1)))
    assert "| toy | 1e-05 | pathway |" in text
    assert "| toy | other | one run, 1e-05 | RuntimeError: too many steps |" in text


def figure(tool: str, rounds: tuple[float, ...], problem: str = "toy", what: str = "one run") -> Figure:
    made = Figure(problem, what, tool, 1e-5, 1e-5, 1e-6)
    made.measured(list(rounds), 1)
    return made


def test_the_interval_of_a_ratio_goes_from_one_order_statistic_to_another() -> None:
    own = figure("pathway", (1.0,) * 9)
    other = figure("other", (5.0, 1.0, 2.0, 3.0, 4.0, 6.0, 7.0, 8.0, 90.0))
    # Of nine, the second to the eighth hold the median with 1 - 2 (1 + 9) / 2^9 = 96 %.
    assert ratio_of_rounds(other, own) == (5.0, 2.0, 8.0)
    # Noise that slows both in the same round cancels.
    slowed = (1.0, 9.0, 1.0, 5.0, 1.0, 1.0, 3.0)
    assert ratio_of_rounds(figure("other", tuple(2 * t for t in slowed)), figure("pathway", slowed)) == (2.0, 2.0, 2.0)


def test_losses_are_shown_as_plainly_as_gains() -> None:
    measured = Measured(
        [
            figure("pathway", (2.0,) * 7),
            figure("other", (1.0,) * 7),
            figure("slow", (9.0,) * 7),
            figure("pathway", (1.0,) * 7, "second"),
            figure("other", (3.0,) * 7, "second"),
        ],
        facts={"toy": Facts(species=5), "second": Facts(species=6)},
    )
    text = report(measured)
    assert "| toy | 5 | 2 s; other **0.5 (0.5 - 0.5)** |" in text
    assert "| second | 6 | 1 s; other 3 (3 - 3) |" in text
    assert "is faster in 1 of 2 comparisons, slower in 1, and in 0" in text
    assert " Not faster: toy (one run, 1e-05: 0.50, other)." in text


def test_a_problem_without_a_reference_is_named_with_the_reason() -> None:
    text = report(Measured(facts={"odd": Facts(source="a file", refused="NoReference: algebraic equations")}))
    assert "| odd | a file |" in text and "**none**: NoReference: algebraic equations" in text


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
    expected = [2.0 * 2.0 / 2.0 - math.exp(-1.0), 1.0 - 2.0**1.5]
    space: dict = {"math": math}
    exec(source(model), space)
    for slopes in (space["slopes"], right_hand_side(model)):
        dy = np.zeros(2)
        slopes(1.0, np.array([1.0, 2.0]), dy, model.parameter_values)
        np.testing.assert_allclose(dy, expected, rtol=1e-14)


def test_a_block_is_replaced_whole_and_the_others_stay(tmp_path: Path) -> None:
    measured = Measured(facts={"a": Facts("somewhere", 3)}, earlier=[figure("AMICI", (5.0, 6.0), "old")])
    measured.add([figure("pathway", (1.0,), "a"), figure("other", (2.0,), "a")], "yesterday", "first")
    measured.add([figure("pathway", (3.0,), "b")], "yesterday", "first")
    write(tmp_path / "kept.json", measured)
    again = read(tmp_path / "kept.json")
    assert again == measured
    again.add([figure("pathway", (4.0,), "a")], "today", "second")
    assert [(f.problem, f.tool, f.seconds) for f in again.figures] == [("b", "pathway", 3.0), ("a", "pathway", 4.0)]
    assert "today" in again.blocks["a, one run"] and "yesterday" in again.blocks["b, one run"]


def test_division_halves_a_cell_at_known_moments(tmp_path: Path) -> None:
    """The model with events against its closed form: mass doubles every log(2)/growth from 1, and is halved then."""
    problem = problems.problem("division", tmp_path)
    truth = reference.reference(problem)
    growth = problem.model.parameter_values[problem.model.parameter_index("growth")]
    doublings = growth * problem.times / math.log(2.0)
    np.testing.assert_allclose(truth[:, 0], 2.0 ** (doublings % 1.0), rtol=1e-9)


def test_mass_action_conserves_its_total_and_is_not_stiff() -> None:
    model, end, _ = MODELS["mass_action"]()
    slopes = right_hand_side(model)

    def at(y: np.ndarray) -> np.ndarray:
        dy = np.empty_like(y)
        slopes(0.0, y, dy, model.parameter_values)
        return dy

    y = model.initial_values
    jacobian = np.column_stack([(at(y + h) - at(y - h)) / 2e-6 for h in 1e-6 * np.eye(len(y))])
    assert abs(at(y).sum()) < 1e-12
    assert np.abs(np.linalg.eigvals(jacobian)).max() * end < 1e3


def test_the_page_names_the_version_of_what_is_measured() -> None:
    (sentence,) = versions()
    assert f"pathway {pathway.__version__}, numpy {np.__version__}, " in sentence


def test_pages_show_parts_of_what_was_measured_and_no_others() -> None:
    kept = read(Path(problems.__file__).with_name("RESULTS.json"))
    rows = numbers.shown("benchmark/starts").splitlines()
    assert rows[2:] == [f"| {name} | {cache} | {wall:.2f} | {cpu:.2f} |" for name, cache, wall, cpu in kept.starts]
    with pytest.raises(PageError, match="summary, overhead, starts"):
        numbers.shown("benchmark/weather")
