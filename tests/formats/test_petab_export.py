"""Scenarios with measurements as PEtab problems: the petab library accepts them, and read back they say the same.

Reference for every simulation is the scenario's own run.
"""

import math
import warnings

import numpy as np
import pytest

from pathway.cli import BAD_INPUT, DONE, main
from pathway.expressions import parse
from pathway.fitting.laboratory.scenario_problem import problem_of_scenario
from pathway.fitting.objective import Objective
from pathway.fitting.objective.assembled import simulation_plan
from pathway.fitting.problem import Measurement, Observable, Parameter, Problem
from pathway.formats.errors import FormatError
from pathway.formats.petab import read_petab
from pathway.formats.petab.export import scenario_files
from pathway.formats.petab.write import problem_files
from pathway.formats.sbml.notes import ModelNotes
from pathway.parameters import cell_line, reference_entries
from pathway.scenario import built_in_laboratory, read_scenario
from pathway.scenario.arms import arm_setups
from pathway.scenario.measurement_files import read_measurements
from pathway.simulation import simulate
from pathway.simulation.protocol import Experiment, Period
from pathway.simulation.protocol.runner import Runner
from tests.formats.written import written
from tests.simulation.models import model_of

BENCH = """title = "Everything an arm can hold"
cells = "bt474"

[time]
end = "72 h"

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
name = "oligo, then drug and washed"
doses = ["oligo", "drug", "wash"]

[[arm]]
name = "PTEN knock-down"
doses = ["drug"]
knock_down = { PTEN = "50 %" }

[[arm]]
name = "slower later"
changes = { synthesis_growth_coupling = "0", mu_max = { to = "0.5 x", at = "12 h" } }

[[arm]]
name = "never measured"
doses = ["drug"]

[show]
observables = ["pAKT"]

[data]
file = "points.csv"
scale_shared_by = "gel"
"""

POINTS = """arm,time,observable,value,unit,gel,error
untreated,0 h,pAKT,100,a.u.,A,10
untreated,24 h,pAKT,90,a.u.,B,
"oligo, then drug and washed",0 h,pAKT,80,a.u.,A,9
"oligo, then drug and washed",24 h,pAKT,60,a.u.,A,9
"oligo, then drug and washed",72 h,pAKT,70,a.u.,B,9
PTEN knock-down,30 h,pAKT,120,a.u.,B,9
slower later,48 h,pAKT,95,a.u.,B,9
untreated,72 h,cell_number,4,1,,
"oligo, then drug and washed",72 h,cell_number,2,1,,
slower later,72 h,cell_number,3,1,,
"oligo, then drug and washed",25 h,trastuzumab,0.06,uM,,0.01
"""


def bench(folder, scenario=BENCH, points=POINTS):
    (folder / "points.csv").write_text(points)
    (folder / "bench.toml").write_text(scenario)
    return str(folder / "bench.toml")


def own_courses(name):
    """Each measured point's value in the scenario's own run, before any scale, in the order of the file."""
    scenario, laboratory = read_scenario(name), built_in_laboratory()
    points = read_measurements(scenario, laboratory)
    found = {}
    for setup in arm_setups(scenario, scenario.arms, laboratory):
        own = [k for k, point in enumerate(points) if point.arm == setup.arm.name]
        times = np.unique([points[k].time for k in own] or [0.0])
        course = simulate(
            laboratory.model,
            times,
            start=scenario.start,
            parameters=setup.parameters,
            initial=setup.state,
            interventions=setup.interventions,
            relative_tolerance=1e-10,
        )
        for k in own:
            found[k] = float(course[points[k].observable][np.searchsorted(times, points[k].time)])
    return points, [found[k] for k in range(len(points))]


def read_back(path):
    problem = read_petab(path)
    return problem, Objective(problem, Runner(simulation_plan(problem), relative_tolerance=1e-10)).compare()


def problem_in(folder, files):
    """The YAML file, which is the last."""
    return written(files, folder)[-1]


def complaints(path):
    """What the petab library says, warnings included."""
    import petab.v2

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of pandas about the library's own calls
        return [str(item.message) for item in petab.v2.Problem.from_yaml(str(path)).validate()]


def test_ligand_courses_read_back_give_the_scenarios_courses_and_likelihood(tmp_path):
    path = problem_in(tmp_path, scenario_files("ligand_courses_bt474"))
    assert complaints(path) == []
    problem, made = read_back(path)
    points, courses = own_courses("ligand_courses_bt474")
    # Both are scaled to 0-1 over both ligands, the model's curves by their own extremes at the measured moments.
    low, high = min(courses), max(courses)
    expected = (np.array(courses) - low) / (high - low)
    assert made.simulated == pytest.approx(expected, rel=1e-6, abs=1e-6)
    assert [m.value for m in problem.measurements] == [p.value for p in points]
    errors, values = np.array([p.error for p in points]), np.array([p.value for p in points])
    density = -0.5 * ((expected - values) / errors) ** 2 - np.log(errors * math.sqrt(2.0 * math.pi))
    assert made.log_likelihood == pytest.approx(density.sum(), rel=1e-6)


def test_doses_washes_knock_downs_and_later_changes_survive(tmp_path):
    name = bench(tmp_path)
    path = problem_in(tmp_path / "out", scenario_files(name))
    assert complaints(path) == []
    problem, made = read_back(path)
    points, courses = own_courses(name)
    values = {p.name: p.value for p in problem.parameters}
    order = [k for o in ("pAKT", "cell_number", "trastuzumab") for k, p in enumerate(points) if p.observable == o]
    for place, k in enumerate(order):
        scale = values[f"scale_pAKT_{points[k].gel}"] if points[k].observable == "pAKT" else 1.0
        assert made.simulated[place] == pytest.approx(scale * courses[k], rel=1e-6), points[k]
        noise = {"pAKT": "sigma_pAKT", "cell_number": "sigma_cell_number"}.get(points[k].observable)
        assert made.noise[place] == pytest.approx(points[k].error or values[noise])
    assert (points[-1].value, points[-1].error) == pytest.approx((60.0, 10.0))  # nM, both


def test_estimated_are_parameters_with_a_range_that_no_arm_changes(tmp_path):
    problem = read_petab(problem_in(tmp_path / "out", scenario_files(bench(tmp_path))))
    ranges = {**reference_entries(), **cell_line("bt474").entries}
    own = {"scale_pAKT_A", "scale_pAKT_B", "sigma_pAKT", "sigma_cell_number"}
    assert own <= set(problem.names)
    assert not {"mu_max", "synthesis_growth_coupling", "PTEN_synthesis_scale"} & set(problem.names)
    assert len(problem.names) > 100
    for p in problem.estimated:
        if p.name not in own:
            assert (p.lower, p.upper) == ranges[p.name].range


@pytest.mark.parametrize(
    ("name", "said"),
    [("untreated_rest", "'untreated_rest' has no measurements"), ("bt474", "'bt474' is a cell line")],
)
def test_what_has_no_measurements_is_told_in_a_line(tmp_path, name, said):
    with pytest.raises(FormatError, match=said) as told:
        problem_in(tmp_path / "out", scenario_files(name))
    assert "\n" not in str(told.value)
    assert not (tmp_path / "out").exists()


def test_points_below_detection_are_refused_by_line(tmp_path):
    points = "arm,time,observable,value,below_detection\nuntreated,0 h,pAKT,1,\nuntreated,1 h,pAKT,1,yes\n"
    with pytest.raises(FormatError, match=r"points.csv:3: a point beyond a limit \(1 in all\)"):
        scenario_files(bench(tmp_path, points=points))


def test_as_a_user_types_it(tmp_path, capsys):
    out = tmp_path / "out"
    assert main(["export", "ligand_courses_skbr3", "--to", "petab", "--out", str(out)]) == DONE
    assert (out / "ligand_courses_skbr3.yaml").exists()
    capsys.readouterr()
    command = ["export", "ligand_courses_skbr3", "--to", "petab", "--arm", "EGF", "--out", str(out)]
    assert main(command) == BAD_INPUT
    assert "leave the arm out" in capsys.readouterr().err


FITTED = """title = "Gels and a plate"
cells = "bt474"
[time]
end = "24 h"
[dose.HRG]
agent = "HRG"
amount = "10 nM"
[[arm]]
name = "untreated"
[[arm]]
name = "HRG"
doses = ["HRG"]
[[arm]]
name = "siPTEN + HRG"
doses = ["HRG"]
knock_down = { PTEN = "60 %" }
[[arm]]
name = "resistant"
cells = "bt474_resistant"
doses = ["HRG"]
[[data]]
file = "gels.csv"
normalize = ["loading", "lane: untreated 0 h"]
[[data]]
file = "more.csv"
[fit]
parameters = ["k_PTEN_degradation"]
[fit.parameter.k_PI3K]
shared = "factor"
prior = { center = "1", spread = 0.3 }
[fit.observable.pAKT]
noise = "combined"
[fit.observable.miR21]
offset = "free"
noise = "added"
"""
GELS = """arm,time,observable,value,unit,gel,loading
untreated,0,pAKT,1000,a.u.,A,1
HRG,1,pAKT,1400,a.u.,A,1.1
siPTEN + HRG,1,pAKT,1700,a.u.,A,0.9
untreated,0,pAKT,700,a.u.,B,1.2
HRG,24,pAKT,900,a.u.,B,1
resistant,24,pAKT,900,a.u.,B,1
"""
MORE = """arm,time,observable,value,unit,error,error_kind
untreated,0,miR21,1,ddCt,0.2,sd
resistant,0,miR21,-1.5,ddCt,0.2,sd
HRG,24,PTEN,0.9,1,15,%
siPTEN + HRG,24,PTEN,0.4,1,15,%
"""


def test_a_fit_and_its_petab_problem_have_the_same_likelihood(tmp_path):
    (tmp_path / "gels.csv").write_text(GELS)
    (tmp_path / "more.csv").write_text(MORE)
    (tmp_path / "bench.toml").write_text(FITTED)
    own = problem_of_scenario(read_scenario(tmp_path / "bench.toml"))
    path = problem_in(tmp_path / "out", scenario_files(str(tmp_path / "bench.toml")))
    assert complaints(path) == []
    read = read_petab(path)
    assert set(read.names) == set(own.names) and {"factor_k_PI3K", "share_pAKT", "offset_miR21"} <= set(read.names)
    assert (read.posterior, len(read.measurements)) == (True, len(own.measurements))
    sharp = [Objective(p, Runner(simulation_plan(p), relative_tolerance=1e-10)) for p in (own, read)]
    rng = np.random.default_rng(3)
    for step in (0.0, 0.1, 0.2):
        at = dict(zip(own.names, own.nominal * np.exp(step * rng.normal(size=len(own.names))), strict=True))
        there = [o.compare([at[n] for n in o.problem.names]) for o in sharp]
        assert there[0].log_likelihood == pytest.approx(there[1].log_likelihood, rel=1e-7)
        assert np.sort(there[0].simulated) == pytest.approx(np.sort(there[1].simulated), rel=1e-6)


def test_a_problem_that_changes_nothing_is_read_back(tmp_path):
    """Its table of conditions has a header and no rows, its experiments name no condition."""
    decay = model_of("decay", {"x": "-k*x"}, {"x": 8.0}, {"k": 0.3})
    times = (0.0, 1.0, 4.0)
    problem = Problem(
        name="decay",
        model=decay,
        parameters=(Parameter("k", 0.3, 0.01, 10.0, "log"),),
        experiments=(Experiment("as it is", (Period(0.0, {}),)),),
        observables=(Observable("seen", parse("x"), parse("0.5")),),
        measurements=tuple(Measurement("seen", "as it is", t, 7.0 - t) for t in times),
    )
    path = problem_in(tmp_path, problem_files(problem, ModelNotes()))
    assert (tmp_path / "conditions.tsv").read_text(encoding="utf-8") == "conditionId\ttargetId\ttargetValue\n"
    assert complaints(path) == []
    again, comparison = read_back(path)
    assert [e.name for e in again.experiments if e.periods] == ["arm_as_it_is"]
    assert comparison.simulated == pytest.approx([8.0 * math.exp(-0.3 * t) for t in times], rel=1e-8)
    misfits = [(7.0 - t - 8.0 * math.exp(-0.3 * t)) / 0.5 for t in times]
    normal = sum(-0.5 * m**2 - math.log(0.5 * math.sqrt(2 * math.pi)) for m in misfits)
    assert -Objective(again).value(np.log10([0.3])) == pytest.approx(normal, rel=1e-7)
