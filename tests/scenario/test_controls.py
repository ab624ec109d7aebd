"""What GR compares with, against closed forms and against the formula applied to two simulations of their own.

In the toy laboratory growth is mu (1 - block d / (K + d)) and the drug stays until the medium is changed, so that the
logarithm of a count is a sum over stretches of constant drug.
"""

import math
import re
from itertools import pairwise

import numpy as np
import pytest
from numpy.testing import assert_allclose

from pathway.analysis.arms_under_draws import dosing_regimen
from pathway.analysis.combination import combination_grid, pair_and_arm
from pathway.analysis.dose_series import dose_series
from pathway.analysis.scenario_sensitivity import reading_function
from pathway.analysis.screen import screen
from pathway.cli.run import print_summary
from pathway.report.tables import arm_table
from pathway.scenario import ScenarioError, read_scenario, run_scenario
from pathway.scenario.controls import matched_control, untreated_arm

from .toy import BLOCK, K_DRUG, MU, toy_laboratory

HEAD = 'title = "t"\ncells = "slow"\n[time]\nend = "96 h"\n'
PULSES = (
    '[dose.first]\nagent = "drug"\namount = "10 nM"\n'
    '[dose.wash]\nagent = "medium change"\nat = "24 h"\nevery = "48 h"\n'
    '[dose.second]\nagent = "drug"\namount = "5 nM"\nat = "48 h"\n'
    '[dose.l]\nagent = "ligand"\namount = "4 nM"\nat = "-6 h"\n'
    '[growth_rate]\nof = ["drug"]\n'
    '[[arm]]\nname = "none"\n'
    '[[arm]]\nname = "washed"\ndoses = ["wash"]\n'
    '[[arm]]\nname = "pulsed"\ndoses = ["first", "second", "wash"]\n'
)


def scenario_of(tmp_path, text, settings=(), laboratory=None):
    file = tmp_path / "toy.toml"
    file.write_text(HEAD + text, encoding="utf-8")
    return read_scenario(file, settings, laboratory or toy_laboratory())


def run(tmp_path, text, settings=()):
    return run_scenario(scenario_of(tmp_path, text, settings), toy_laboratory())


def grown(*stretches):
    """Logarithm of the fold over stretches of (hours, drug)."""
    return sum(hours * MU * (1 - BLOCK * drug / (K_DRUG + drug)) for hours, drug in stretches)


def test_all_doses_of_an_agent_are_left_out_of_the_control(tmp_path):
    """Pulses written as tables of their own under names of their own, with washes that arm and control both get."""
    arm = run(tmp_path, PULSES).arms["pulsed"]
    log_fold = grown((24, 10), (24, 0), (24, 5), (24, 0))
    assert_allclose(arm.growth.gr, 2 ** (log_fold / (96 * MU)) - 1, rtol=1e-5)
    assert_allclose(arm.growth.percent_of_control, 100 * math.exp(log_fold - 96 * MU), rtol=1e-5)
    assert (arm.growth.control, arm.growth.since) == ("washed", 0.0)


def test_a_repeated_schedule_written_once_is_the_same_as_written_out(tmp_path):
    once = '[dose.p]\nagent = "drug"\namount = "4 nM"\nevery = "24 h"\ntimes = 3\n'
    names = [f"p{k}" for k in range(3)]
    each = "".join(f'[dose.{n}]\nagent = "drug"\namount = "4 nM"\nat = "{24 * k} h"\n' for k, n in enumerate(names))
    of = '[growth_rate]\nof = ["drug"]\n[[arm]]\nname = "a"\ndoses = '
    results = [run(tmp_path, once + of + '["p"]\n'), run(tmp_path, each + of + f"{names}\n")]
    log_fold = grown((24, 4), (24, 8), (48, 12))
    for result in results:
        assert_allclose(result.arms["a"].growth.gr, 2 ** (log_fold / (96 * MU)) - 1, rtol=1e-5)
        assert result.arms["a"].growth.control == "without drug"


def test_an_arm_to_which_the_question_does_not_apply_has_a_dash(tmp_path, capsys):
    result = run(tmp_path, PULSES + '[[arm]]\nname = "ligand"\ndoses = ["l"]\n')
    content = result.to_dict()["arms"]
    for name in ("none", "washed", "ligand"):
        assert [content[name][key] for key in ("GR", "percent_of_control", "control")] == [None, None, None]
        assert_allclose(content[name]["percent_of_untreated"], 100.0, rtol=1e-5)
    header, rows = arm_table(result)
    table = [dict(zip(header, row, strict=True)) for row in rows]
    assert [row["GR [1]"] is None for row in table] == [True, True, False, True]
    print_summary(result)
    told = capsys.readouterr().out
    assert [line.split()[1:4] for line in told.splitlines() if line.split()[:1] == ["ligand"]] == [["-", "-", "-"]]


def test_percent_of_untreated_is_of_the_same_line_without_doses_and_knock_downs(tmp_path):
    """No arm of the scenario is such a dish of the quick line, so that it is run beside them."""
    text = (
        '[dose.d]\nagent = "drug"\namount = "10 nM"\n[dose.before]\nagent = "drug"\namount = "5 nM"\nat = "-24 h"\n'
        '[growth_rate]\nof = ["d"]\nat = "72 h"\n[[arm]]\nname = "none"\n'
        '[[arm]]\nname = "slow"\ndoses = ["before", "d"]\n'
        '[[arm]]\nname = "quick"\ncells = "quick"\ndoses = ["before", "d"]\nknock_down = { protein = "50 %" }\n'
        '[[arm]]\nname = "half"\ndoses = ["d"]\nchanges = { mu = "0.5 x" }\n'
    )
    result = run(tmp_path, text)
    lost = (24 * (1 - 5 / 15 * BLOCK) + 72 * (1 - 15 / 25 * BLOCK) - 96) * MU
    assert_allclose(result.arms["slow"].percent_of_untreated, 100 * math.exp(lost), rtol=1e-5)
    assert_allclose(result.arms["quick"].percent_of_untreated, 100 * math.exp(2 * lost), rtol=1e-5)
    # Lasting changes make other cells; they keep theirs.
    assert_allclose(result.arms["half"].percent_of_untreated, 100 * math.exp(-0.5 * 72 * MU * BLOCK / 2), rtol=1e-5)
    # A named dose is that dose alone: the control keeps the one before.
    gr = 2 ** ((1 - BLOCK * 15 / 25) / (1 - BLOCK * 5 / 15)) - 1
    assert_allclose([result.arms[n].growth.gr for n in ("slow", "quick")], gr, rtol=1e-5)
    assert result.arms["slow"].growth.control == "without d"
    arm = result.scenario.arm("quick")
    assert (
        untreated_arm(arm, result.scenario).knock_downs == {} and untreated_arm(arm, result.scenario).cells == "quick"
    )


def test_two_agents_are_left_out_together_and_an_own_control_stands_over_the_matched_one(tmp_path):
    text = (
        '[dose.d]\nagent = "drug"\namount = "10 nM"\nat = "24 h"\n[dose.l]\nagent = "ligand"\namount = "4 nM"\n'
        '[growth_rate]\nof = ["drug", "ligand"]\n[[arm]]\nname = "none"\n'
        '[[arm]]\nname = "both"\ndoses = ["d", "l"]\n[[arm]]\nname = "l"\ndoses = ["l"]\n'
        '[[arm]]\nname = "against l"\ndoses = ["d", "l"]\ncontrol = "l"\n'
        '[[arm]]\nname = "quick"\ncells = "quick"\ncontrol = "none"\n'
    )
    arms = run(tmp_path, text).arms
    # The ligand does nothing to growth; the window begins with it.
    assert_allclose(arms["both"].growth.gr, 2 ** (grown((24, 0), (72, 10)) / (96 * MU)) - 1, rtol=1e-5)
    assert (arms["both"].growth.since, arms["both"].growth.control) == (0.0, "none")
    assert_allclose(arms["against l"].growth.gr, 2 ** (grown((1, 10)) / MU) - 1, rtol=1e-5)
    assert (arms["against l"].growth.since, arms["against l"].growth.control) == (24.0, "l")
    # Another line as its own control: twice as many doublings.
    assert_allclose(arms["quick"].growth.gr, 3.0, rtol=1e-5)


def test_names_that_are_neither_get_the_nearest(tmp_path):
    def told(of):
        with pytest.raises(ScenarioError) as error:
            scenario_of(tmp_path, PULSES.replace('of = ["drug"]', f"of = {of}"))
        return str(error.value).splitlines()

    (line,) = told('["drugg"]')
    assert "toy.toml:21: no agent given here and no dose is called 'drugg'. Did you mean 'drug'?" in line
    (line,) = told('["vehicle"]')
    assert "no dose gives 'vehicle'; given here: 'drug', 'medium change', 'ligand'" in line
    swapped = PULSES.replace("dose.l]", "dose.drug]")
    with pytest.raises(ScenarioError, match=r"'drug' is an agent, and the name of a dose of 'ligand': rename \[dose"):
        scenario_of(tmp_path, swapped)


def test_percent_of_untreated_can_be_expected(tmp_path):
    expect = '[[expect]]\nclaim = "c"\nrole = "sanity"\nquantity = "{}"\narm = "pulsed"\nbelow = 99\n{}'
    text = PULSES + expect.format("percent_of_untreated", "") + expect.format("percent_of_control", 'at = "48 h"\n')
    end, later = run(tmp_path, text).verdicts
    assert_allclose(end.value, 100 * math.exp(grown((24, 10), (24, 0), (24, 5), (24, 0)) - 96 * MU), rtol=1e-5)
    assert_allclose(later.value, 100 * math.exp(grown((24, 10), (24, 0)) - 48 * MU), rtol=1e-5)


def test_a_dose_series_varies_all_doses_of_the_agent_as_each_arm_gets_them(tmp_path):
    late = '[[arm]]\nname = "late"\ndoses = ["second"]\n'
    laboratory = toy_laboratory()
    scenario = scenario_of(tmp_path, PULSES + late)
    found = dose_series(scenario, laboratory, doses=["2 nM", "5 nM", "10 nM"])
    assert list(found.series) == ["pulsed", "late"]
    # The second pulse is half of the first, whatever the first is.
    for k, dose in enumerate((2.0, 5.0, 10.0)):
        log_fold = grown((24, dose), (24, 0), (24, dose / 2), (24, 0))
        assert_allclose(found.series["pulsed"].gr[0, k], 2 ** (log_fold / (96 * MU)) - 1, rtol=1e-4)
        assert_allclose(found.series["late"].gr[0, k], 2 ** (grown((1, dose)) / MU) - 1, rtol=1e-4)
    late_course = found.series["late"].gr_over_time[0, 0]
    assert np.isnan(late_course[found.times <= 48]).all() and np.isfinite(late_course[found.times > 48]).all()


def test_a_grid_varies_all_doses_of_both_agents(tmp_path):
    scenario = scenario_of(tmp_path, PULSES + '[[arm]]\nname = "both"\ndoses = ["first", "second", "wash", "l"]\n')
    one, two, arm = pair_and_arm(scenario, None, None)
    assert (one, two, arm.name) == ("drug", "ligand", "both")
    assert dosing_regimen(scenario, arm, "drug").doses == ("first", "second")
    grid = combination_grid(scenario, toy_laboratory(), size=(3, 2))
    log_fold = grown((6, 0), (24, 10), (24, 0), (24, 5), (24, 0))
    assert_allclose(grid.surfaces["growth rate"].effect[-1, -1], log_fold / (102 * MU), rtol=1e-4)


def test_screen_and_sensitivity_read_the_gr_of_the_run(tmp_path):
    """Also against a control of other cells."""
    text = PULSES + '[[arm]]\nname = "half"\ndoses = ["first"]\nchanges = { mu = "0.5 x" }\ncontrol = "none"\n'
    scenario, laboratory = scenario_of(tmp_path, text), toy_laboratory()
    result = run_scenario(scenario, laboratory)
    for name in ("pulsed", "half"):
        gr = result.arms[name].growth.gr
        found = screen(scenario, laboratory, arm=name, kinds=("parameter",), factor=0.5, readouts=())
        assert_allclose(found.baseline, gr, rtol=1e-4)
        # Half of mu, in arm and control: the same GR.
        assert_allclose(found.gr[[t.name for t in found.targets].index("mu")], gr, rtol=1e-4)
        value = result.arms[name].parameters[laboratory.model.parameter_index("mu")]
        asked = reading_function(scenario, laboratory, ["mu"], arm=name)
        assert_allclose(asked(np.array([[value], [3 * value]])), gr, rtol=2e-3)


def test_pulsed_trastuzumab_is_compared_by_the_formula(tmp_path):
    """Two runs without any question, and the formula worked out from their counts."""
    text = (
        'title = "t"\ncells = "bt474"\n[time]\nend = "120 h"\nrecord_every = "12 h"\n'
        '[dose.pulse]\nagent = "trastuzumab"\namount = "10 ug/mL"\nat = "0 h"\n'
        '[dose.again]\nagent = "trastuzumab"\namount = "10 ug/mL"\nat = "72 h"\n'
        '[dose.wash]\nagent = "medium change"\nat = "24 h"\nevery = "72 h"\n{}'
        '[[arm]]\nname = "pulsed"\ndoses = ["pulse", "again", "wash"]\n{}[show]\nobservables = ["cell_number"]\n'
    )
    file = tmp_path / "pulses.toml"

    def counts(of, arm):
        file.write_text(text.format(of, arm))
        return run_scenario(read_scenario(file))

    asked = counts('[growth_rate]\nof = ["trastuzumab"]\n', "").arms["pulsed"]
    plain = counts("", '[[arm]]\nname = "medium"\ndoses = ["wash"]\n').arms
    treated, control = (plain[name].courses["cell_number"] for name in ("pulsed", "medium"))
    gr = 2 ** (math.log2(treated[-1] / treated[0]) / math.log2(control[-1] / control[0])) - 1
    assert_allclose(asked.growth.gr, gr, rtol=1e-6)
    assert 0.3 < gr < 0.9
    assert matched_control(asked.arm, read_scenario(file)) is None


def drug_over_time(doses, washes, end, start):
    """Stretches of (hours, drug) of doses {(time, amount)} and washes, from `start` to `end`; a wash goes first."""
    moments = sorted({start, end, *(t for t, _ in doses), *washes})
    present, stretches = 0.0, []
    for begin, after in pairwise(moments):
        present = 0.0 if begin in washes else present
        present += sum(amount for time, amount in doses if time == begin)
        stretches.append((begin, after, present))
    return stretches


def log_fold(stretches, since, until, speed):
    return speed * grown(*((min(b, until) - max(a, since), d) for a, b, d in stretches if b > since and a < until))


def random_schedules(seed):
    """A scenario of one arm with random schedules, and its GR, percent of control and of untreated by hand."""
    rng = np.random.default_rng(seed)
    end = float(rng.integers(48, 121))
    of_agent = bool(rng.integers(2))
    until = float(rng.integers(int(end / 2), end + 1))
    quick = bool(rng.integers(2))
    doses, washes, text = [], set(), ""
    for k in range(int(rng.integers(1, 5))):
        first, every = float(rng.integers(-24, int(end / 2))), float(rng.integers(4, 30))
        times = [first + every * n for n in range(int(rng.integers(1, 4))) if first + every * n < end]
        wash = k > 0 and rng.random() < 0.3
        amount = float(rng.integers(1, 40))
        repeats = f'every = "{every:g} h"\ntimes = {len(times)}\n' if len(times) > 1 else ""
        given = 'agent = "medium change"' if wash else f'agent = "drug"\namount = "{amount:g} nM"'
        text += f'[dose.d{k}]\n{given}\nat = "{first:g} h"\n{repeats}'
        if wash:
            washes |= set(times)
        else:
            doses += [(f"d{k}", time, amount) for time in times]
    asked = {name for name, _, _ in doses} if of_agent else {doses[0][0]}
    text += f'[growth_rate]\nof = {["drug"] if of_agent else sorted(asked)}\nat = "{until:g} h"\n'
    names = sorted({*(name for name, _, _ in doses), *re.findall(r"dose[.](d[0-9])", text)})
    text += f'[[arm]]\nname = "a"\ndoses = {names}\n' + ('cells = "quick"\n' if quick else "")
    text = text.replace("'", '"')
    start = min([0.0, *(t for _, t, _ in doses), *washes])
    own = drug_over_time([(t, a) for _, t, a in doses], washes, end, start)
    control = drug_over_time([(t, a) for n, t, a in doses if n not in asked], washes, end, start)
    since, speed = min(t for n, t, _ in doses if n in asked), 2.0 if quick else 1.0
    until = max(until, since)
    of_own, of_control = (log_fold(s, since, until, speed) for s in (own, control))
    gr = 2 ** (of_own / of_control) - 1 if until > since else None
    percent = 100 * math.exp(log_fold(own, start, until, speed) - log_fold(control, start, until, speed))
    bare = 100 * math.exp(log_fold(own, start, until, speed) - speed * MU * (until - start))
    return text, end, gr, percent, bare, since < until


def check_random_schedules(tmp_path, seed):
    text, end, gr, percent, bare, defined = random_schedules(seed)
    if not defined:
        return
    arm = run(tmp_path, text, [f"time.end={end:g} h"]).to_dict()["arms"]["a"]
    assert arm["GR"] == pytest.approx(gr, rel=2e-5, abs=2e-5), text
    assert arm["percent_of_control"] == pytest.approx(percent, rel=2e-5), text
    assert arm["percent_of_untreated"] == pytest.approx(bare, rel=2e-5), text


@pytest.mark.parametrize("seed", range(12))
def test_random_schedules_follow_the_closed_form(tmp_path, seed):
    check_random_schedules(tmp_path, seed)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(300))
def test_many_random_schedules_follow_the_closed_form(tmp_path, seed):
    check_random_schedules(tmp_path, 1000 + seed)
