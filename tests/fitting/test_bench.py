"""A scenario's problem simulates what the scenario's own run gives, at any parameters, and counts what it should."""

import math

import numpy as np
import pytest
from scipy import stats

import pathway
from pathway.fitting.laboratory.cells import fitted_cell_lines
from pathway.fitting.laboratory.scenario_problem import problem_of_scenario
from pathway.fitting.objective import Objective
from pathway.fitting.objective.assembled import simulation_plan
from pathway.fitting.problem import ProblemError
from pathway.parameters import cell_line, cell_line_file, reference_entries
from pathway.scenario import built_in_laboratory, read_scenario, run_scenario
from pathway.scenario.measurements import model_value_at
from pathway.simulation.protocol.runner import Runner
from tests.scenario.toy import EXPERIMENT, toy_laboratory

CIRCUIT = """
title = "Everything an arm can hold"
cells = "bt474"
[time]
end = "72 h"
record_every = "3 h"
[dose.oligo]
agent = "anti-miR-21 (transfected)"
amount = "50 nM"
at = "-24 h"
[dose.drug]
agent = "trastuzumab"
amount = "10 ug/mL"
every = "24 h"
times = 2
[dose.wash]
agent = "medium change"
at = "24 h"
[[arm]]
name = "untreated"
[[arm]]
name = "washed"
doses = ["oligo", "drug", "wash"]
[[arm]]
name = "resistant"
cells = "bt474_resistant"
doses = ["drug"]
[[arm]]
name = "knocked down"
cells = "skbr3"
doses = ["drug"]
knock_down = { PTEN = "80 %" }
[[arm]]
name = "changed"
changes = { k_PI3K = "0.5 x", k_FOXO = { to = "2 x", at = "12 h" } }
knock_down = { HER3 = { by = "50 %", at = "24 h" } }
[data]
file = "points.csv"
"""
ARMS = ("untreated", "washed", "resistant", "knocked down", "changed")
OBSERVABLES = {"pAKT": "1", "PTEN": "1", "cell_number": "1", "miR21": "molecules"}


def files(folder, scenario, points):
    (folder / "points.csv").write_text(points, encoding="utf-8")
    (folder / "bench.toml").write_text(scenario, encoding="utf-8")
    return folder / "bench.toml"


def every_arm(folder, fit):
    rows = ["arm,time,observable,value,unit"]
    rows += [f"{arm},{time} h,{o},1,{u}" for arm in ARMS for time in (0, 30, 72) for o, u in OBSERVABLES.items()]
    return read_scenario(files(folder, CIRCUIT + fit, "\n".join(rows) + "\n"))


def sharp(problem):
    return Objective(problem, Runner(simulation_plan(problem), relative_tolerance=1e-10))


def own_run(scenario, problem):
    """Each measured point's value in the scenario's own run."""
    result = run_scenario(scenario)
    return np.array([model_value_at(result, m.experiment, m.time, m.observable) for m in problem.measurements])


FIT = (
    '[fit]\nparameters = ["k_PTEN_degradation"]\n[fit.parameter.k_PI3K]\nshared = "factor"\nrange = ["0.2 x", "5 x"]\n'
)


def test_arms_knock_downs_and_washes_are_those_of_the_run(tmp_path):
    scenario = every_arm(tmp_path, FIT)
    problem = problem_of_scenario(scenario)
    assert problem.names[:2] == ("k_PTEN_degradation", "factor_k_PI3K")
    assert sharp(problem).compare().simulated == pytest.approx(own_run(scenario, problem), rel=1e-4)


def test_anchors_and_knock_downs_hold_while_parameters_move(tmp_path):
    problem = problem_of_scenario(every_arm(tmp_path, FIT))
    moved = problem.nominal.copy()
    moved[:2] = 1.4 * moved[0], 0.7
    made = dict(
        zip(
            ((m.experiment, m.observable, m.time) for m in problem.measurements),
            sharp(problem).compare(moved).simulated,
            strict=True,
        )
    )
    # PTEN is counted in units of the untreated parental line, and that line doubles at its doubling time.
    assert made["untreated", "PTEN", 0.0] == pytest.approx(1.0, rel=1e-6)
    doublings = math.log2(made["untreated", "cell_number", 72.0] / made["untreated", "cell_number", 0.0])
    assert 72.0 / doublings == pytest.approx(cell_line("bt474").values["doubling_time"], rel=1e-6)
    assert made["knocked down", "PTEN", 0.0] == pytest.approx(0.2, rel=1e-6)
    nominal = dict(
        zip(
            ((m.experiment, m.observable, m.time) for m in problem.measurements),
            sharp(problem).compare().simulated,
            strict=True,
        )
    )
    assert abs(made["resistant", "PTEN", 0.0] / nominal["resistant", "PTEN", 0.0] - 1.0) > 1e-3


def test_a_line_written_of_resistant_cells_is_anchored_in_its_parents(tmp_path):
    """Fitted once more it runs as the written line does, and its anchors follow as in the first fit."""
    points = "arm,time,observable,value,unit\n"
    points += "".join(f"resistant,{t} h,{o},1,{u}\n" for t in (0, 30, 72) for o, u in OBSERVABLES.items())
    text = CIRCUIT.partition("[[arm]]")[0] + '[[arm]]\nname = "resistant"\ncells = "CELLS"\ndoses = ["drug"]\n'
    text += '[data]\nfile = "points.csv"\n[fit]\nparameters = ["k_PTEN_degradation", "k_S6K"]\n'
    first = read_scenario(files(tmp_path, text.replace("CELLS", "bt474_resistant"), points))
    once = problem_of_scenario(first)
    moved = [p.value * factor for p, factor in zip(once.estimated[:2], (1.3, 0.8), strict=True)]
    best = dict(zip(once.names, [*moved, *once.nominal[2:]], strict=True))
    (tmp_path / "mine.toml").write_text(fitted_cell_lines(first, built_in_laboratory(), best, {})["bt474_resistant"])
    again = read_scenario(files(tmp_path, text.replace("CELLS", "./mine.toml"), points))
    twice = problem_of_scenario(again)
    assert sharp(twice).compare().simulated == pytest.approx(own_run(again, twice), rel=1e-6)
    back = [*once.nominal[:2], *twice.nominal[2:]]
    assert sharp(twice).compare(back).simulated == pytest.approx(sharp(once).compare().simulated, rel=1e-6)
    rewritten = fitted_cell_lines(again, built_in_laboratory(), dict(zip(twice.names, back, strict=True)), {})[
        "./mine.toml"
    ]
    (tmp_path / "back.toml").write_text(rewritten)
    found, usual = cell_line_file(tmp_path / "back.toml").values, cell_line("bt474_resistant").values
    assert {n: found[n] for n in usual} == pytest.approx(usual, rel=1e-5)


def test_fits_of_own_lines_over_several_files_run_as_the_scenario_does(tmp_path):
    """A resistant version of a line of one's own: anchors follow in the parent's file, and what is written stays so."""
    receptors = {n: cell_line("skbr3").values[n] for n in ("HER2_level", "EGFR_level", "HER3_level", "doubling_time")}
    units = {"doubling_time": "h"}
    text = '[line]\ntitle = "Mine"\n' + "".join(
        f'[{n}]\nvalue = {1.1 * v!r}\nunit = "{units.get(n, "molecules")}"\nsource = "own"\nconfidence = "measured"\n'
        for n, v in receptors.items()
    )
    (tmp_path / "lines").mkdir()
    (tmp_path / "lines" / "mine.toml").write_text(text)
    child = 'line.parent = "mine.toml"\nmiR21_extra_transcription = "3"\n'
    (tmp_path / "lines" / "resistant.toml").write_text(child)
    points = "arm,time,observable,value,unit\n"
    points += "".join(f"resistant,{t} h,{o},1,{u}\n" for t in (0, 30, 72) for o, u in OBSERVABLES.items())
    plan = CIRCUIT.partition("[[arm]]")[0] + '[[arm]]\nname = "resistant"\ncells = "CELLS"\ndoses = ["drug"]\n'
    plan += '[data]\nfile = "points.csv"\n[fit]\nparameters = ["k_PTEN_degradation", "k_S6K"]\n'
    scenario = read_scenario(files(tmp_path, plan.replace("CELLS", "lines/resistant.toml"), points))
    problem = problem_of_scenario(scenario)
    assert sharp(problem).compare().simulated == pytest.approx(own_run(scenario, problem), rel=1e-4)
    moved = [p.value * factor for p, factor in zip(problem.estimated[:2], (1.3, 0.8), strict=True)]
    best = dict(zip(problem.names, [*moved, *problem.nominal[2:]], strict=True))
    (tmp_path / "out").mkdir()
    written = fitted_cell_lines(scenario, built_in_laboratory(), best, {}, tmp_path / "out")["lines/resistant.toml"]
    assert 'parent = "../lines/mine.toml"' in written
    (tmp_path / "out" / "fitted.toml").write_text(written)
    again = read_scenario(files(tmp_path, plan.replace("CELLS", "out/fitted.toml"), points))
    found = sharp(problem).compare([*moved, *problem.nominal[2:]]).simulated
    assert own_run(again, problem) == pytest.approx(found, rel=1e-4)
    slower = child + 'doubling_time = "60 h"\n'
    (tmp_path / "lines" / "resistant.toml").write_text(slower)
    scenario = read_scenario(files(tmp_path, plan.replace("CELLS", "lines/resistant.toml"), points))
    with pytest.raises(ProblemError, match="doubling_time of its own cannot be fitted while anchors follow"):
        problem_of_scenario(scenario)


def test_a_lost_gene_stays_lost_and_the_line_keeps_its_doubling_time(tmp_path):
    arms = CIRCUIT.index('[[arm]]\nname = "washed"'), CIRCUIT.index("[data]")
    lost = CIRCUIT[: arms[0]].replace('cells = "bt474"', 'cells = "bt549"') + CIRCUIT[arms[1] :] + FIT
    doubled = f"{cell_line('bt549').values['doubling_time']!r} h"
    rows = [
        f"untreated,{time},{name},1,1"
        for time, name in (("0 h", "PTEN"), ("0 h", "cell_number"), (doubled, "cell_number"))
    ]
    points = "\n".join(["arm,time,observable,value,unit", *rows, ""])
    problem = problem_of_scenario(read_scenario(files(tmp_path, lost, points)))
    moved = problem.nominal.copy()
    moved[:2] = 1.4 * moved[0], 0.7
    assert sharp(problem).compare(moved).simulated == pytest.approx([0.0, 1.0, 2.0], rel=1e-6)


def test_slopes_through_rest_and_steering_agree_with_differences(tmp_path):
    problem = problem_of_scenario(every_arm(tmp_path, FIT))
    objective, x = sharp(problem), problem.to_scale(problem.nominal)
    gradient = objective(x).gradient
    for k in range(2):
        step = 1e-4 * np.eye(len(x))[k]
        slope = (objective.value(x + step) - objective.value(x - step)) / 2e-4
        # Beside slopes as steep as the others, what a difference of values leaves of a flat one is their noise.
        assert gradient[k] == pytest.approx(slope, rel=1e-4, abs=1e-7 * np.abs(gradient).max())


@pytest.mark.parametrize(
    ("prior", "start", "center"), [("range", "0.02 1/h", 0.02), ("middle", "0.02 1/h", 0.03**0.5 / 10)]
)
def test_a_prior_is_most_probable_at_its_center(tmp_path, prior, start, center):
    text = f'[fit]\nprior = "{prior}"\n[fit.parameter.k_PTEN_degradation]\nstart = "{start}"\n'
    text += 'range = ["0.01 1/h", "0.03 1/h"]\n'
    (p,) = [p for p in problem_of_scenario(every_arm(tmp_path, text)).parameters if p.name == "k_PTEN_degradation"]
    assert p.value == 0.02 and p.prior.on_scale
    at = np.log10(center)
    assert p.prior.slopes(at)[0] == pytest.approx(0.0, abs=1e-9)
    assert p.prior.draw(np.array([0.975])) - at == pytest.approx(0.5 * np.log10(3.0), rel=1e-5)


def test_bounds_and_priors_are_those_of_the_number_files(tmp_path):
    text = '[fit]\nparameters = ["k_PTEN_degradation"]\n[fit.parameter.k_PI3K]\nshared = "no"\nprior = "none"\n'
    problem = problem_of_scenario(every_arm(tmp_path, text))
    by_name = {p.name: p for p in problem.parameters}
    entry = reference_entries()["k_PTEN_degradation"]
    assert (by_name["k_PTEN_degradation"].lower, by_name["k_PTEN_degradation"].upper) == entry.range
    low, high = 10 ** by_name["k_PTEN_degradation"].prior.draw(np.array([0.025, 0.975]))
    assert high / low == pytest.approx(entry.range[1] / entry.range[0], rel=1e-5)
    # The resistant line has its parent's value; SK-BR-3 its own.
    assert {n for n in problem.names if n.startswith("k_PI3K")} == {"k_PI3K_bt474", "k_PI3K_skbr3"}
    assert by_name["k_PI3K_skbr3"].value == cell_line("skbr3").values["k_PI3K"]
    assert by_name["k_PI3K_bt474"].prior is None


# The toy: a protein made and lost, a ligand lost, all in closed form

K_LOSS = '[fit.parameter.k_loss]\nrange = ["0.01 1/h", "1 1/h"]\nprior = "none"\n'


def toy_problem(folder, points, data="", fit="", loss=K_LOSS):
    text = EXPERIMENT + f'[data]\nfile = "points.csv"\n{data}\n[fit]\n{fit}\n{loss}'
    scenario = read_scenario(files(folder, text, points), (), toy_laboratory())
    return problem_of_scenario(scenario, toy_laboratory())


def curve(times):
    return 4.0 * np.exp(-0.1 * np.asarray(times, dtype=float))


def log_density(problem, **values):
    objective = sharp(problem)
    at = [values.get(n, v) for n, v in zip(problem.names, problem.nominal, strict=True)]
    return objective.compare(at).log_likelihood


def test_gels_share_a_scale_and_limits_are_censored(tmp_path):
    points = (
        "arm,time,observable,value,unit,gel,loading,below_detection,saturated\n"
        "ligand,0,ligand,90,a.u.,A,2,,\nligand,5,ligand,>40,a.u.,A,1,,\nligand,10,ligand,20,a.u.,B,0.5,,\n"
        "ligand,40,ligand,<2,a.u.,B,1,,\nligand,20,ligand,30,a.u.,B,1,,yes\nligand,30,ligand,3,a.u.,A,2,yes,\n"
    )
    problem = toy_problem(tmp_path, points, 'normalize = "loading"\nscale_shared_by = "gel"')
    assert set(problem.names) == {"k_loss", "scale_ligand_A", "scale_ligand_B", "sigma_ligand"}
    scale = {"A": 11.0, "B": 9.0}
    made = log_density(problem, scale_ligand_A=11.0, scale_ligand_B=9.0, sigma_ligand=2.0)
    normal = stats.norm(scale=2.0)
    expected = normal.logpdf(45 - 11 * curve(0)) + normal.logsf(40 - scale["A"] * curve(5))
    expected += normal.logpdf(40 - 9 * curve(10)) + normal.logcdf(2 - 9 * curve(40))
    expected += normal.logsf(30 - 9 * curve(20)) + normal.logcdf(1.5 - 11 * curve(30))
    assert made == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize(
    ("words", "logpdf"),
    [
        ('distribution = "normal"', lambda v, y: stats.norm.logpdf(v, y, 0.3)),
        ('distribution = "log-normal"', lambda v, y: stats.lognorm.logpdf(v, 0.3, scale=y)),
        ('distribution = "laplace"', lambda v, y: stats.laplace.logpdf(v, y, 0.3)),
        ('distribution = "student-t"\ndegrees_of_freedom = 3', lambda v, y: stats.t.logpdf(v, 3, y, 0.3)),
    ],
)
def test_noise_kinds(tmp_path, words, logpdf):
    values = {0: 3.8, 10: 1.6, 20: 0.5}
    points = "arm,time,observable,value,unit\n" + "".join(f"ligand,{t},ligand,{v},nM\n" for t, v in values.items())
    problem = toy_problem(tmp_path, points, loss=K_LOSS + f"[fit.observable.ligand]\n{words}\n")
    assert set(problem.names) == {"k_loss", "sigma_ligand"}
    expected = sum(logpdf(v, curve(t)) for t, v in values.items())
    assert log_density(problem, sigma_ligand=0.3) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize(
    ("noise", "names", "deviation"),
    [
        ('"given"', {}, lambda y: 0.2),
        ('"scaled"', {"factor_error_ligand": 2.0}, lambda y: 0.4),
        ('"added"', {"sigma_ligand": 0.3}, lambda y: math.hypot(0.2, 0.3)),
        ('"constant"', {"sigma_ligand": 0.3}, lambda y: 0.3),
        ('"proportional"', {"share_ligand": 0.2}, lambda y: 0.2 * y),
        ('"combined"', {"share_ligand": 0.2, "sigma_ligand": 0.3}, lambda y: math.hypot(0.2 * y, 0.3)),
        ("0.5", {}, lambda y: 0.5),
    ],
)
def test_noise_levels(tmp_path, noise, names, deviation):
    values = {0: 3.8, 10: 1.6, 20: 0.5}
    rows = "".join(f"ligand,{t},ligand,{v},nM,0.2,sd\n" for t, v in values.items())
    points = "arm,time,observable,value,unit,error,error_kind\n" + rows
    problem = toy_problem(tmp_path, points, loss=K_LOSS + f"[fit.observable.ligand]\nnoise = {noise}\n")
    assert set(problem.names) == {"k_loss", *names}
    expected = sum(stats.norm.logpdf(v, curve(t), deviation(curve(t))) for t, v in values.items())
    assert log_density(problem, **names) == pytest.approx(expected, rel=1e-6)


def test_minmax_scales_the_model_and_its_two_points_do_not_count(tmp_path):
    values = {0: 9.0, 5: 6.0, 10: 4.0, 20: 1.0}
    points = "arm,time,observable,value\n" + "".join(f"ligand,{t},ligand,{v}\n" for t, v in values.items())
    problem = toy_problem(tmp_path, points, 'normalize = "minmax"')
    made = sharp(problem).compare()
    y = curve(list(values))
    assert made.simulated == pytest.approx((y - y.min()) / (y.max() - y.min()), rel=1e-6, abs=1e-9)
    assert made.counted.tolist() == [False, True, True, False]


def test_a_reference_lane_is_a_free_scale_or_normalizes_the_model(tmp_path):
    rows = [
        ("ligand", t, f * v, gel) for gel, f in (("A", 7.0), ("B", 3.0)) for t, v in ((0, 4.1), (5, 2.3), (10, 1.5))
    ]
    points = "arm,time,observable,value,gel\n" + "".join(f"{a},{t},ligand,{v},{g}\n" for a, t, v, g in rows)
    free = toy_problem(tmp_path, points, 'normalize = "lane: ligand 0 h"')
    assert set(free.names) == {"k_loss", "scale_ligand_A", "scale_ligand_B", "sigma_ligand"}
    assert [m.value for m in free.measurements[:3]] == pytest.approx([1.0, 2.3 / 4.1, 1.5 / 4.1])
    words = K_LOSS + '[fit.observable.ligand]\nscale = "normalized"\n'
    exact = toy_problem(tmp_path, points, 'normalize = "lane: ligand 0 h"', loss=words)
    made = sharp(exact).compare()
    assert made.simulated == pytest.approx(np.tile(curve([0, 5, 10]) / 4.0, 2), rel=1e-6)
    assert made.counted.tolist() == [False, True, True] * 2


def test_cycles_of_a_qpcr_are_folds_that_scatter_as_logarithms(tmp_path):
    cycles = {0: 0.0, 10: 1.4, 20: 2.9}
    rows = "".join(f"ligand,{t},ligand,{c},ddCt,0.3\n" for t, c in cycles.items())
    problem = toy_problem(tmp_path, "arm,time,observable,value,unit,error\n" + rows)
    assert set(problem.names) == {"k_loss", "scale_ligand"}
    expected = sum(stats.lognorm.logpdf(2.0**-c, 0.3 * math.log(2.0), scale=0.25 * curve(t)) for t, c in cycles.items())
    assert log_density(problem, scale_ligand=0.25) == pytest.approx(expected, rel=1e-6)


def test_an_offset_is_what_a_reading_shows_at_zero(tmp_path):
    rows = "".join(f"ligand,{t},ligand,{5 + 3 * curve(t)},a.u.\n" for t in (0, 5, 10, 20, 40))
    words = K_LOSS + '[fit.observable.ligand]\noffset = "free"\nnoise = 0.1\n'
    problem = toy_problem(tmp_path, "arm,time,observable,value,unit\n" + rows, loss=words)
    # The scenario's own parameters made the points, so what the readings add is found before any search.
    begun = dict(zip(problem.names, problem.nominal, strict=True))
    assert begun["scale_ligand"] == pytest.approx(3.0, rel=1e-3) and begun["offset_ligand"] == pytest.approx(
        5.0, rel=1e-3
    )


def test_arms_that_are_held_out_are_compared_but_do_not_count(tmp_path):
    points = "arm,time,observable,value,unit\nligand,5,ligand,3,nM\nnone,5,protein,50,nM\n"
    words = K_LOSS + "[fit.observable.ligand]\nnoise = 0.5\n[fit.observable.protein]\nnoise = 0.5\n"
    held = toy_problem(tmp_path, points, fit='hold_out = ["none"]', loss=words)
    assert [m.counted for m in held.measurements] == [True, False]
    assert sharp(held).compare().log_likelihood == pytest.approx(stats.norm.logpdf(3.0, curve(5), 0.5), rel=1e-6)


def test_a_held_out_gel_has_the_factor_that_suits_the_fit(tmp_path):
    """Gels A and B see the ligand 3-fold and 7-fold, lost at 0.2/h; the nominal rate is 0.1/h, and B does not count."""
    lost = {t: 4.0 * math.exp(-0.2 * t) for t in (1, 5, 10, 20)}
    points = "arm,time,gel,ligand [a.u.]\n"
    points += "".join(f"ligand,{t},A,{3 * v}\ntwin,{t},B,{7 * v}\n" for t, v in lost.items())
    text = EXPERIMENT + '[[arm]]\nname = "twin"\ndoses = ["l"]\n[data]\nfile = "points.csv"\nscale_shared_by = "gel"\n'
    text += '[fit]\nhold_out = ["twin"]\n' + K_LOSS
    problem = problem_of_scenario(read_scenario(files(tmp_path, text, points), (), toy_laboratory()), toy_laboratory())
    found = pathway.fit(problem, starts=2, workers=1)
    assert found.best.parameters["k_loss"] == pytest.approx(0.2, rel=1e-3)
    value = {p.name: p.value for p in found.problem.parameters}["scale_ligand_B"]
    assert value == pytest.approx(7.0, rel=1e-3)
    assert abs({p.name: p.value for p in problem.parameters}["scale_ligand_B"] / 7.0 - 1.0) > 0.05
    held = sharp(found.problem).compare(found.problem.from_scale(found.best.x))
    assert held.simulated == pytest.approx([m.value for m in found.problem.measurements], rel=1e-2)


def test_plate_counts_are_matched_to_arms_and_are_folds_of_their_start(tmp_path):
    text = EXPERIMENT.replace('name = "ligand"\ndoses = ["l"]', 'name = "drugged"\ndoses = ["d", "early"]').replace(
        '[dose.l]\nagent = "ligand"\namount = "4 nM"',
        '[dose.d]\nagent = "drug"\namount = "10 nM"\n[dose.early]\nagent = "ligand"\namount = "1 nM"\nat = "-24 h"',
    )
    text = text.replace('doses = ["d", "early"]', 'doses = ["d"]') + '[[arm]]\nname = "early"\ndoses = ["early"]\n'
    text += '[data]\nfile = "points.csv"\n[fit.parameter.mu]\nrange = ["0.005 1/h", "0.1 1/h"]\n'
    points = (
        "cell_line,agent,concentration,time,replicate,cell_count,cell_count__time0\n"
        "Slow,drug,0.01,48,1,1500,1000\nSlow,-,0,48,1,2600,1000\nslow,drug,0.01,48,2,1400,950\n"
    )
    scenario = read_scenario(files(tmp_path, text, points), (), toy_laboratory())
    problem = problem_of_scenario(scenario, toy_laboratory())
    assert [m.experiment for m in problem.measurements] == ["drugged", "none", "drugged"]
    assert problem.measurements[0].value == 1.5
    # The scenario begins a day earlier; a count at time zero is the unit all the same.
    slowed = 0.02 * (1.0 - 0.8 * 0.5)
    expected = np.exp([48 * slowed, 48 * 0.02, 48 * slowed])
    assert sharp(problem).compare().simulated == pytest.approx(expected, rel=1e-6)


def test_a_scenario_without_a_fit_is_told_so(tmp_path):
    scenario = read_scenario(files(tmp_path, EXPERIMENT, ""), (), toy_laboratory())
    with pytest.raises(ProblemError, match=r"there is no \[fit\] table"):
        problem_of_scenario(scenario, toy_laboratory())
