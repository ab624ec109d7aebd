"""The page's core in Node against the package: every shipped scenario, random settings, exported files."""

import json
import math
import shutil
import subprocess

import numpy as np
import pytest
from numpy.testing import assert_allclose

from pathway.errors import InputError, NumericalError
from pathway.explorer import ExplorerError
from pathway.explorer.module import engine_of
from pathway.explorer.page import core_source
from pathway.scenario import read_scenario
from pathway.scenario.read import scenario_names
from pathway.scenario.run import RELATIVE_TOLERANCE, run_scenario
from tests.explorer.conftest import MAIN, data_of

TOLERANCE = 1e-5
"""What a finding may be apart: two builds of one loop."""


@pytest.mark.parametrize("name", scenario_names())
def test_every_finding_of_a_scenario_has_the_number_of_a_run(in_node, name):
    (answer,) = in_node(name, [{}])
    result = run_scenario(read_scenario(name))
    for verdict, here in zip(result.verdicts, answer["expectations"], strict=True):
        value, other = verdict.value, number(here["value"])
        assert math.isnan(value) == math.isnan(other), verdict.expectation.claim
        assert math.isnan(value) or abs(value - other) <= TOLERANCE * max(abs(value), 1.0), verdict.expectation.claim
        assert here["met"] == verdict.met, verdict.expectation.claim
    for arm in result.arms.values():
        here = answer["arms"][arm.arm.name]
        for quantity, value in here["ends"].items():
            assert_allclose(number(value), np.asarray(arm.trajectory[quantity])[-1], rtol=TOLERANCE, atol=1e-9)
        if arm.growth is not None:
            assert_allclose(number(here["gr"]), arm.growth.gr, rtol=TOLERANCE, atol=TOLERANCE)
        if arm.percent_of_untreated is not None:
            assert_allclose(here["untreated"], arm.percent_of_untreated, rtol=TOLERANCE)


def number(value):
    return math.nan if value is None or value == "NaN" else float(value)


def test_runs_take_the_steps_of_the_native_loop(in_node):
    (answer,) = in_node(MAIN, [{}])
    result = run_scenario(read_scenario(MAIN))
    for arm in result.arms.values():
        assert abs(answer["arms"][arm.arm.name]["steps"] - arm.trajectory.statistics.steps) <= 3


def test_the_same_settings_give_the_same_bits(in_node):
    """Whatever was computed before them in the same memory."""
    other = {"state": {"doses": {"trastuzumab": {"amount": 1.0}}, "knock": {"PTEN": 0.5}}}
    first, _, again, anew = in_node(MAIN, [{}, other, {}, {"fresh": True}])
    assert first["hash"] == again["hash"] == anew["hash"]


def test_arms_that_a_move_does_not_touch_keep_their_bits(in_node):
    """They are not computed again; what is computed again sits beside others in the lanes."""
    moved = {"state": {"doses": {"anti_mir21": {"amount": 30.0}}}}
    anew, _, going_on, back = in_node(MAIN, [moved, {}, {**moved, "goes_on": True}, {"goes_on": True}])
    assert going_on == {**anew, "microseconds": going_on["microseconds"]}
    assert back["hash"] != going_on["hash"]


RANDOM = np.random.default_rng(20261130)


def random_state():
    """Settings within the reach of the sliders."""
    state = {"doses": {}, "knock": {}, "scale": {}}
    for dose, most in {"trastuzumab": 687.0, "anti_mir21": 200.0, "plasmid": 3.0}.items():
        state["doses"][dose] = {"amount": float(most * 10 ** RANDOM.uniform(-3.0, 0.0))}
    state["doses"]["trastuzumab"]["shift"] = float(RANDOM.integers(-48, 49))
    for protein in RANDOM.choice(["PTEN", "HER3", "EGFR", "PDCD4"], size=RANDOM.integers(0, 3), replace=False):
        state["knock"][str(protein)] = float(np.round(RANDOM.uniform(0.05, 0.9), 2))
    if RANDOM.random() < 0.5:
        state["scale"]["faster_decay_PTEN"] = float(np.round(RANDOM.uniform(0.2, 1.1), 3))
    if RANDOM.random() < 0.3:
        state["cells"] = {"bt474": str(RANDOM.choice(["skbr3", "mda_mb_453", "au565"]))}
    if RANDOM.random() < 0.3:
        state["off"] = [str(RANDOM.choice(["FOXO to HER3", "S6K to adapters", "B3 NFIB on miR-21"]))]
    return state


def moved_files(states, folder):
    """What the page would export for each of these settings."""
    (folder / "core.js").write_text(core_source() + "module.exports = pathwayCore;\n", encoding="utf-8")
    (folder / "data.bin").write_bytes(data_of(MAIN))
    (folder / "states.json").write_text(json.dumps(states))
    script = f"""
const fs = require("fs"), zlib = require("zlib"), folder = {json.dumps(str(folder))};
const core = require(folder + "/core.js")();
const {{ facts }} = core.open(new Uint8Array(zlib.inflateRawSync(fs.readFileSync(folder + "/data.bin"))));
JSON.parse(fs.readFileSync(folder + "/states.json")).forEach((state, k) =>
  fs.writeFileSync(folder + "/moved" + k + ".toml", core.scenarioToml(facts, state, "moved")));
"""
    subprocess.run([shutil.which("node"), "-e", script], check=True, timeout=60)
    return [folder / f"moved{k}.toml" for k in range(len(states))]


def worst_apart(in_node, states, folder, *, page, native):
    """The largest difference between settings computed by the page's core and their exported files run by the package.

    Ends of all quantities, relative to the end; courses, to their largest value; growth as it is. Where the page says
    that cells fail, the package must refuse, and the other way round.
    """
    plan = read_scenario(MAIN)
    options = {"relative": page}
    worst = 0.0
    for first in range(0, len(states), 50):
        some = states[first : first + 50]
        answers = in_node(MAIN, [{"state": state, "options": options, "courses": plan.observables} for state in some])
        for state, answer, file in zip(some, answers, moved_files(some, folder), strict=True):
            failed = [name for name, here in answer["arms"].items() if "failed" in here]
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr("pathway.scenario.run.RELATIVE_TOLERANCE", native)
                if failed:
                    with pytest.raises((InputError, NumericalError)):
                        run_scenario(read_scenario(file))
                    continue
                result = run_scenario(read_scenario(file))
            apart = dict(differences(result, answer, plan.observables))
            where = max(apart, key=apart.get)
            worst = max(worst, apart[where])
            assert not math.isnan(apart[where]), (state, where)
            print(f"{apart[where]:.1e} {where} {state}")  # of the setting that is furthest off
    return worst


def differences(result, answer, courses):
    largest: dict[str, float] = {}
    for arm in result.arms.values():
        for quantity in answer["arms"][arm.arm.name]["ends"]:
            course = np.abs(np.asarray(arm.trajectory[quantity])).max()
            largest[quantity] = max(largest.get(quantity, 0.0), float(course), 1e-30)
    for name, arm in result.arms.items():
        here = answer["arms"][name]
        for quantity, value in here["ends"].items():
            native = np.asarray(arm.trajectory[quantity])
            # What has all but gone, a drug after a wash, is compared with what there was of it in some arm; net
            # growth, which can be negative, with its largest value: near 0 it has no relative error.
            scale = np.abs(native).max() if quantity == "growth" else max(abs(native[-1]), 1e-3 * largest[quantity])
            yield (name, quantity), abs(number(value) - native[-1]) / scale
        for quantity in courses:
            native = np.asarray(arm.trajectory[quantity])
            course = np.array([number(value) for value in here["courses"][quantity]])
            yield (
                (name, quantity, "course"),
                np.abs(course - native).max() / max(np.abs(native).max(), 1e-3 * largest[quantity]),
            )
        if arm.growth is not None:
            yield (name, "GR"), abs(number(here["gr"]) - arm.growth.gr)


APART = 1e-6
"""Of two runs at the tolerance of `pathway run`."""


def test_an_exported_file_runs_with_the_numbers_of_the_page(in_node, tmp_path):
    states = [random_state() for _ in range(4)]
    assert worst_apart(in_node, states, tmp_path, page=RELATIVE_TOLERANCE, native=RELATIVE_TOLERANCE) < APART


@pytest.mark.slow
def test_fifty_exported_files_run_with_the_numbers_of_the_page(in_node, tmp_path):
    states = [random_state() for _ in range(50)]
    assert worst_apart(in_node, states, tmp_path, page=RELATIVE_TOLERANCE, native=RELATIVE_TOLERANCE) < APART


def test_random_settings_on_release_are_right(in_node, tmp_path):
    states = [random_state() for _ in range(6)]
    assert worst_apart(in_node, states, tmp_path, page=1e-5, native=1e-9) < 1e-4


@pytest.mark.slow
def test_a_thousand_random_settings_on_release_are_right(in_node, tmp_path):
    states = [random_state() for _ in range(1000)]
    assert worst_apart(in_node, states, tmp_path, page=1e-5, native=1e-9) < 1e-4


def test_a_model_with_events_is_refused_by_name():
    from pathway.equations import Event, Model
    from pathway.expressions import less, symbol
    from pathway.expressions import number as constant

    model = Model(
        name="clock", species=("x",), parameters=(), parameter_values=np.zeros(0), initial={"x": constant(1.0)},
        rates={"r": symbol("x")}, stoichiometry={"x": {"r": constant(1.0)}},
        events=(Event("bell", less(constant(2.0), symbol("x")), {"x": constant(1.0)}),),
    )  # fmt: skip
    with pytest.raises(ExplorerError, match=r"'clock' has events \(bell"):
        engine_of(model, ["x"])


def test_members_of_the_cloud_are_those_of_the_package(in_node):
    """Draws from the ranges: cells anchored anew by Python, kept in single precision, against the package's own run."""
    from pathway.scenario.built_in import built_in_laboratory
    from pathway.scenario.sampled_cell_lines import SampledCellLines, parameter_sets_from_ranges
    from pathway.simulation import simulate
    from pathway.simulation.steady import steady_states

    laboratory, count = built_in_laboratory(), 4
    (answers,) = in_node(MAIN, [{"options": {"members": list(range(count))}}], members=count)
    cells = SampledCellLines(laboratory, parameter_sets_from_ranges(laboratory.model, 1, range(count)))
    line, model = cells.line("bt474"), laboratory.model
    assert len(answers) == count
    for member in range(count):
        here = answers[member]["arms"]["parental untreated"]
        if not line.alive[member]:
            assert "failed" in here
            continue
        p = line.parameters[member]
        rest, problems = steady_states(model, simulate_start(model, p)[None], p[None], width=1)
        assert not problems
        run = simulate(model, [120.0], start=-96.0, parameters=p, initial=rest[0])
        # Single precision: seven digits of each number.
        assert_allclose(here["ends"]["PTEN"], run["PTEN"][-1], rtol=1e-4)
        assert_allclose(here["ends"]["pAKT"], run["pAKT"][-1], rtol=1e-4)


def simulate_start(model, p):
    from pathway.simulation.prepared import prepare_model

    return prepare_model(model).starts(p)
