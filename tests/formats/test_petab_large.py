# ruff: noqa: E501 - tables and XML are kept as they stand in files
"""PEtab 1 as large problems use it, all at once, against SciPy.

Names that are words of Python or functions, an input of pieces over the time, an event, an initial assignment that
conditions set, a rest before some of them, open cells, several files, noise and scales by data set, a visualization.
"""

import math

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from pathway.fitting.objective import Objective
from pathway.fitting.objective.assembled import simulation_plan
from pathway.formats.petab import read_petab
from pathway.simulation.protocol.runner import Runner

MATH = '<math xmlns="http://www.w3.org/1998/Math/MathML">'
TIME = '<csymbol encoding="text" definitionURL="http://www.sbml.org/sbml/symbols/time">t</csymbol>'
SPECIES = {"lambda": 1.0, "exp_": 0.0, "class": 0.5, "gamma": 0.0}


def reaction(name, reactant, product, law, modifier=""):
    used = f'<listOfModifiers><modifierSpeciesReference species="{modifier}"/></listOfModifiers>' if modifier else ""
    return (
        f'<reaction id="{name}" reversible="false"><listOfReactants><speciesReference species="{reactant}" stoichiometry="1" constant="true"/></listOfReactants>'
        f'<listOfProducts><speciesReference species="{product}" stoichiometry="1" constant="true"/></listOfProducts>{used}<kineticLaw>{MATH}{law}</math></kineticLaw></reaction>'
    )


def times(*factors):
    return f"<apply><times/>{''.join(factors)}</apply>"


def name(word):
    return f"<ci>{word}</ci>"


INPUT = (
    f"<piecewise><piece>{times('<cn>0.5</cn>', TIME)}<apply><lt/>{TIME}<cn>2</cn></apply></piece>"
    f"<piece><apply><minus/><cn>1.5</cn>{times('<cn>0.25</cn>', TIME)}</apply><apply><lt/>{TIME}<cn>5</cn></apply></piece>"
    "<otherwise><cn>0.25</cn></otherwise></piecewise>"
)
MODEL = f"""<?xml version="1.0" encoding="UTF-8"?>
<sbml xmlns="http://www.sbml.org/sbml/level3/version2/core" level="3" version="2"><model id="m">
<listOfCompartments><compartment id="cell" spatialDimensions="3" size="1.5" constant="true"/></listOfCompartments>
<listOfSpecies>{"".join(f'<species id="{s}" compartment="cell" initialConcentration="{v}" hasOnlySubstanceUnits="false" boundaryCondition="false" constant="false"/>' for s, v in SPECIES.items())}</listOfSpecies>
<listOfParameters><parameter id="k1" value="9" constant="true"/><parameter id="k2" value="0.6" constant="true"/><parameter id="k3" value="0.3" constant="true"/>
<parameter id="dose" value="1" constant="true"/><parameter id="total" value="1" constant="true"/>
<parameter id="u" constant="false"/><parameter id="on" value="1" constant="false"/></listOfParameters>
<listOfInitialAssignments><initialAssignment symbol="lambda">{MATH}{name("total")}</math></initialAssignment></listOfInitialAssignments>
<listOfRules><assignmentRule variable="u">{MATH}{times(name("dose"), INPUT)}</math></assignmentRule></listOfRules>
<listOfReactions>
{reaction("r1", "lambda", "exp_", times(name("cell"), name("k1"), f"<apply><plus/><cn>0.1</cn>{name('u')}</apply>", name("lambda"), name("on")))}
{reaction("r2", "exp_", "lambda", times(name("cell"), name("k2"), name("exp_")))}
{reaction("r3", "class", "gamma", times(name("cell"), name("k3"), name("exp_"), name("class")), "exp_")}
{reaction("r4", "gamma", "class", times(name("cell"), "<cn>0.2</cn>", name("gamma")))}
</listOfReactions>
<listOfEvents><event id="wash" useValuesFromTriggerTime="true"><trigger initialValue="true" persistent="true">{MATH}<apply><geq/>{TIME}<cn>7</cn></apply></math></trigger>
<listOfEventAssignments><eventAssignment variable="on">{MATH}<cn>0.1</cn></math></eventAssignment></listOfEventAssignments></event></listOfEvents>
</model></sbml>"""

TOTALS = {"total_0": 0.5, "total_1": 0.9}
K1, K2, K3, SCALE, SHIFT = 0.8, 0.6, 0.3, 2.0, 0.1
SETS = {f"set{k}": (0.1 + 0.01 * k, 1.0 + 0.1 * k) for k in range(3)}
CONDITIONS = {f"c{k}": (0.3 * k, 0.2 + 0.1 * k if k % 3 == 0 else None, f"total_{k % 2}", k % 4 == 1) for k in range(8)}
MOMENTS = [0.0, 0.7, 1.9, 3.3, 4.6, 6.1, 8.0, 10.0]


def rates(t, y, dose, on):
    u = dose * (0.5 * t if t < 2.0 else 1.5 - 0.25 * t if t < 5.0 else 0.25)
    forward, back = K1 * (0.1 + u) * y[0] * on, K2 * y[1]
    made, lost = K3 * y[1] * y[2], 0.2 * y[3]
    return [back - forward, forward - back, lost - made, made - lost]


def course(condition):
    """States at `MOMENTS`; a rest is long enough for the event, whose effect lasts."""
    dose, start, total, rests = CONDITIONS[condition]
    y, on = [TOTALS[total], 0.0, 0.5 if start is None or rests else start, 0.0], 1.0
    if rests:
        free = y[0] * K2 / (K2 + K1 * 0.1 * 0.1)
        bound = y[0] - free
        y, on = [free, bound, 0.5 * 0.2 / (0.2 + K3 * bound), 0.5 * K3 * bound / (0.2 + K3 * bound)], 0.1
        if start is not None:
            y[2] = start
    made = {0.0: np.array(y)}
    for begin, end in ((0.0, 2.0), (2.0, 5.0), (5.0, 7.0), (7.0, 10.0)):
        inside = [t for t in MOMENTS if begin < t <= end]
        now = 0.1 if begin >= 7.0 else on
        # Just before its end, the piece that the interval belongs to.
        run = solve_ivp(
            lambda t, y, e=end, n=now: rates(min(t, e - 1e-12), y, dose, n),
            (begin, end),
            y,
            t_eval=sorted({*inside, end}),
            rtol=1e-11,
            atol=1e-13,
            method="LSODA",
        )
        made |= dict(zip(run.t, run.y.T, strict=True))
        y = run.y[:, -1]
    return [made[t] for t in MOMENTS]


def measured_and_expected():
    """Rows of the two measurement files, simulations and the log-likelihood."""
    rows, simulations, total = [], [], 0.0
    for number, condition in enumerate(CONDITIONS):
        rest = f"rest_{CONDITIONS[condition][2]}" if CONDITIONS[condition][3] else ""
        data_set = f"set{number % 3}"
        spread, factor = SETS[data_set]
        for k, (moment, y) in enumerate(zip(MOMENTS, course(condition), strict=True)):
            value = 0.4 + 0.03 * k
            if k % 3 == 0:
                made, given = SCALE * y[1] + SHIFT, f"a\t\tspread_{data_set}"
                total -= 0.5 * ((value - made) / spread) ** 2 + math.log(spread * math.sqrt(2.0 * math.pi))
            elif k % 3 == 1:
                made, given = factor * (y[3] + 0.01), f"b\tfactor_{data_set}\tspread_{data_set}"
                total -= 0.5 * (math.log10(value / made) / spread) ** 2
                total -= math.log(spread * value * math.log(10.0) * math.sqrt(2.0 * math.pi))
            else:
                made, given, noise = y[0] + 0.1, "c\t\t0.5", 0.15
                total -= abs(math.log(value / made)) / noise + math.log(2.0 * noise * value)
            observable, factors, noises = given.split("\t")
            rows.append(
                f"{observable}\t{rest}\t{condition}\t{value}\t{moment}\t{factors}\t{noises}\t{data_set}\trep{k % 2}\n"
            )
            simulations.append(made)
    return rows, simulations, total


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    folder = tmp_path_factory.mktemp("large")
    rows, simulations, total = measured_and_expected()
    header = "observableId\tpreequilibrationConditionId\tsimulationConditionId\tmeasurement\ttime\tobservableParameters\tnoiseParameters\tdatasetId\treplicateId\n"
    half = len(rows) // 2
    parameters = {"k1": K1, "k2": K2, "scale": SCALE} | TOTALS
    parameters |= {f"spread_{s}": v for s, (v, _) in SETS.items()} | {f"factor_{s}": v for s, (_, v) in SETS.items()}
    open_cells = {True: "NaN", False: ""}
    conditions = [
        f"{c}\t{'' if k % 2 else f'condition {k}'}\t{dose}\t{total_}\t{open_cells[k % 2 == 0] if start is None else start}\n"
        for k, (c, (dose, start, total_, _)) in enumerate(CONDITIONS.items())
    ]
    files = {
        "problem.yaml": "format_version: 1\nparameter_file: parameters.tsv\nproblems:\n- condition_files: [rests.tsv, conditions.tsv]\n"
        "  measurement_files: [first.tsv, second.tsv]\n  observable_files: [linear.tsv, logarithmic.tsv]\n  sbml_files: [model.xml]\n  visualization_files: [plots.tsv]\n",
        "model.xml": MODEL,
        "first.tsv": header + "".join(rows[:half]),
        "second.tsv": header + "".join(rows[half:]),
        "rests.tsv": "conditionId\tconditionName\tdose\ttotal\tclass\n"
        + "".join(f"rest_{t}\t\t0\t{t}\t\n" for t in TOTALS),
        "conditions.tsv": "conditionId\tconditionName\tdose\ttotal\tclass\n" + "".join(conditions),
        "linear.tsv": "observableId\tobservableName\tobservableFormula\tnoiseFormula\na\tof the bound form\tscale * exp_ + shift * one\tnoiseParameter1_a\n",
        "logarithmic.tsv": "observableId\tobservableFormula\tobservableTransformation\tnoiseFormula\tnoiseDistribution\n"
        "b\tobservableParameter1_b * (gamma + 0.01)\tlog10\tnoiseParameter1_b\tnormal\nc\tlambda + 0.1\tlog\t0.2 * noiseParameter1_c + 0.05\tlaplace\n",
        "parameters.tsv": "parameterId\tparameterScale\tlowerBound\tupperBound\tnominalValue\testimate\n"
        + "".join(
            f"{n}\t{'log' if n.startswith('total') else 'log10'}\t1e-5\t1e5\t{v}\t1\n" for n, v in parameters.items()
        )
        + f"shift\tlin\t-inf\tinf\t{SHIFT}\t1\none\tlin\t\t\t1\t0\nk3\tlin\t0\tinf\t{K3}\t0\n",
        "plots.tsv": "plotId\tplotTypeSimulation\tplotTypeData\tdatasetId\txValues\tyValues\np\tLinePlot\tMeanAndSD\tset0\ttime\ta\n",
    }
    for file, text in files.items():
        (folder / file).write_text(text)
    problem = read_petab(folder / "problem.yaml")
    return problem, Objective(problem, Runner(simulation_plan(problem))), simulations, total


def test_simulations_and_likelihood_are_those_of_scipy(large):
    _, objective, simulations, total = large
    made = objective.compare()
    assert made.simulated == pytest.approx(simulations, rel=1e-6)
    assert made.log_likelihood == pytest.approx(total, rel=1e-7)


def test_slopes_are_those_of_the_objective(large):
    """With events they come from differences of only those runs that a parameter moves."""
    problem, objective, _, _ = large
    x = problem.to_scale(problem.nominal)
    made, step = objective(x).gradient, 1e-4
    for k in range(len(x)):
        ahead, back = x.copy(), x.copy()
        ahead[k] += step
        back[k] -= step
        expected = (objective.value(ahead) - objective.value(back)) / (2.0 * step)
        assert made[k] == pytest.approx(expected, rel=1e-4, abs=1e-4 * np.abs(made).max()), problem.names[k]
