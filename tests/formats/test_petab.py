# ruff: noqa: E501 - tables and XML are kept as they stand in files
"""Reading PEtab: what becomes of each kind of entry, and what a wrong one is answered with.

The likelihoods of these small problems follow from closed forms; the public suites are in tests/conformance.
"""

import math

import numpy as np
import pytest

from pathway.fitting.objective import Objective
from pathway.fitting.objective.assembled import simulation_plan
from pathway.fitting.problem import ProblemError
from pathway.formats.petab import read_petab
from tests.references.scipy_runs import ScipyRunner

SBML = """<?xml version="1.0" encoding="UTF-8"?>
<sbml xmlns="http://www.sbml.org/sbml/level3/version2/core" level="3" version="2"><model id="conversion">
<listOfCompartments><compartment id="cell" spatialDimensions="3" size="2" constant="true"/></listOfCompartments>
<listOfSpecies>
<species id="A" compartment="cell" initialConcentration="1" hasOnlySubstanceUnits="false" boundaryCondition="false" constant="false"/>
<species id="B" compartment="cell" initialConcentration="0" hasOnlySubstanceUnits="false" boundaryCondition="false" constant="false"/>
</listOfSpecies>
<listOfParameters><parameter id="k1" value="0.8" constant="true"/><parameter id="k2" value="0.6" constant="true"/>
<parameter id="doubled" value="0" constant="true"/></listOfParameters>
<listOfInitialAssignments><initialAssignment symbol="doubled"><math xmlns="http://www.w3.org/1998/Math/MathML">
<apply><times/><cn>2</cn><ci>k1</ci></apply></math></initialAssignment></listOfInitialAssignments>
<listOfReactions>
<reaction id="forward" reversible="false"><listOfReactants><speciesReference species="A" stoichiometry="1" constant="true"/></listOfReactants>
<listOfProducts><speciesReference species="B" stoichiometry="1" constant="true"/></listOfProducts>
<kineticLaw><math xmlns="http://www.w3.org/1998/Math/MathML"><apply><times/><ci>cell</ci><ci>k1</ci><ci>A</ci></apply></math></kineticLaw></reaction>
<reaction id="back" reversible="false"><listOfReactants><speciesReference species="B" stoichiometry="1" constant="true"/></listOfReactants>
<listOfProducts><speciesReference species="A" stoichiometry="1" constant="true"/></listOfProducts>
<kineticLaw><math xmlns="http://www.w3.org/1998/Math/MathML"><apply><times/><ci>cell</ci><ci>k2</ci><ci>B</ci></apply></math></kineticLaw></reaction>
</listOfReactions></model></sbml>
"""

VERSION_2 = {
    "problem.yaml": """format_version: 2.0.0
model_files: {conversion: {language: sbml, location: model.xml}}
parameter_files: [parameters.tsv]
measurement_files: [measurements.tsv]
observable_files: [observables.tsv]
condition_files: [conditions.tsv]
experiment_files: [experiments.tsv]
""",
    "parameters.tsv": "parameterId\tlowerBound\tupperBound\tnominalValue\testimate\nk1\t0.01\t10\t0.8\ttrue\nk2\t0.01\t10\t0.6\ttrue\n",
    "measurements.tsv": "observableId\texperimentId\ttime\tmeasurement\tobservableParameters\tnoiseParameters\nseen\te\t10\t0.5\t2\t0.1\n",
    "observables.tsv": "observableId\tobservableFormula\tnoiseFormula\tobservablePlaceholders\tnoisePlaceholders\nseen\tscale * A\tsigma\tscale\tsigma\n",
    "conditions.tsv": "conditionId\ttargetId\ttargetValue\nmore\tA\tA + 5\n",
    "experiments.tsv": "experimentId\ttime\tconditionId\ne\t0\t\ne\t5\tmore\n",
}


def analytical(t, a, b, k1=0.8, k2=0.6):
    """A at time t of A <-> B."""
    rest = k2 / (k1 + k2) * (a + b)
    return rest + (a - rest) * math.exp(-(k1 + k2) * t)


def written(folder, **changed):
    for name, text in {**VERSION_2, "model.xml": SBML, **{k.replace("__", "."): v for k, v in changed.items()}}.items():
        (folder / name).write_text(text)
    return folder / "problem.yaml"


def simulated(path, lint=True):
    problem = read_petab(path, lint)
    return problem, Objective(problem, ScipyRunner(simulation_plan(problem))).compare()


def test_a_dose_in_the_middle_of_an_experiment(tmp_path):
    problem, made = simulated(written(tmp_path))
    a = analytical(5.0, 1.0, 0.0)
    expected = 2.0 * analytical(5.0, a + 5.0, 1.0 - a)
    assert made.simulated == pytest.approx([expected], rel=1e-8)
    residual = (expected - 0.5) / 0.1
    assert made.chi_squared == pytest.approx(residual**2, rel=1e-7)
    assert made.log_likelihood == pytest.approx(-0.5 * (residual**2 + math.log(2 * math.pi * 0.01)), rel=1e-7)
    assert problem.names == ("k1", "k2")


def test_a_new_compartment_size_leaves_concentrations_as_they_are(tmp_path):
    path = written(tmp_path, conditions__tsv="conditionId\ttargetId\ttargetValue\nmore\tcell\t7\n")
    _, made = simulated(path)
    assert made.simulated == pytest.approx([2.0 * analytical(10.0, 1.0, 0.0)], rel=1e-8)


K1_MOVED = {
    "parameters__tsv": "parameterId\tlowerBound\tupperBound\tnominalValue\testimate\nk2\t0.01\t10\t0.6\ttrue\n",
    "conditions__tsv": "conditionId\ttargetId\ttargetValue\nfirst\tk1\t0.3\nmore\tk1\t0.9\n",
    "experiments__tsv": "experimentId\ttime\tconditionId\ne\t0\tfirst\ne\t5\tmore\n",
    "observables__tsv": "observableId\tobservableFormula\tnoiseFormula\tobservablePlaceholders\tnoisePlaceholders\n"
    "seen\tscale * doubled\tsigma\tscale\tsigma\n",
}
"""k1 is 0.3, from the fifth minute 0.9; `doubled` is measured at the tenth."""


def test_an_initial_assignment_follows_the_first_period_only(tmp_path):
    """`doubled` is 2 k1 as the first period leaves k1; a later change of k1 does not touch it."""
    path = written(tmp_path, **K1_MOVED)
    _, made = simulated(path)
    assert made.simulated == pytest.approx([2.0 * 0.6], rel=1e-12)


def test_a_rule_over_constants_follows_every_period(tmp_path):
    """What an assignment rule makes of k1 is not what an initial assignment makes of it, also where k1 alone is in it."""
    start, rule = SBML.index("<listOfInitialAssignments>"), SBML.index("</listOfInitialAssignments>")
    ruled = SBML[:start] + '<listOfRules><assignmentRule variable="doubled">'
    ruled += SBML[SBML.index("<math", start) : SBML.index("</initialAssignment>")] + "</assignmentRule></listOfRules>"
    ruled += SBML[rule + len("</listOfInitialAssignments>") :]
    path = written(
        tmp_path,
        model__xml=ruled.replace('id="doubled" value="0" constant="true"', 'id="doubled" constant="false"'),
        **K1_MOVED,
    )
    _, made = simulated(path)
    assert made.simulated == pytest.approx([2.0 * 1.8], rel=1e-12)


def test_a_rate_and_an_observable_inside_a_formula(tmp_path):
    path = written(
        tmp_path,
        experiments__tsv="experimentId\ttime\tconditionId\ne\t0\t\n",
        observables__tsv="observableId\tobservableFormula\tnoiseFormula\tobservablePlaceholders\tnoisePlaceholders\n"
        "seen\tscale * other\tsigma + 0.1 * seen\tscale\tsigma\nother\tforward + time\t1\t\t\n",
    )
    _, made = simulated(path, lint=False)
    expected = 2.0 * (2.0 * 0.8 * analytical(10.0, 1.0, 0.0) + 10.0)
    assert made.simulated == pytest.approx([expected], rel=1e-8)
    assert made.noise == pytest.approx([0.1 + 0.1 * expected], rel=1e-8)


MISTAKES = {
    "an observable that does not exist": (
        {"measurements__tsv": VERSION_2["measurements.tsv"].replace("seen\te", "sen\te")},
        "measurements.tsv:2.*'sen'.*Did you mean 'seen'",
    ),
    "an experiment that does not exist": (
        {"measurements__tsv": VERSION_2["measurements.tsv"].replace("seen\te", "seen\tf")},
        "measurements.tsv:2.*no experiment is called 'f'",
    ),
    "a word where a number is due": (
        {"measurements__tsv": VERSION_2["measurements.tsv"].replace("\t0.5\t", "\thigh\t")},
        "measurements.tsv:2: measurement is 'high'; expected a number",
    ),
    "too many placeholder values": (
        {"measurements__tsv": VERSION_2["measurements.tsv"].replace("\t2\t0.1", "\t2;3\t0.1")},
        "measurements.tsv:2: observableParameters has 2 values; observable 'seen' has 1",
    ),
    "a formula that is none": (
        {"observables__tsv": VERSION_2["observables.tsv"].replace("scale * A", "scale ** * A")},
        "observables.tsv:2: observableFormula: a value is missing",
    ),
    "a formula that tries to run code": (
        {"observables__tsv": VERSION_2["observables.tsv"].replace("scale * A", "__import__('os').system('true')")},
        "observables.tsv:2: observableFormula",
    ),
    "a target the model does not have": (
        {"conditions__tsv": VERSION_2["conditions.tsv"].replace("more\tA", "more\tAa")},
        "no species or parameter is called 'Aa'",
    ),
    "a missing column": (
        {"parameters__tsv": "parameterId\tlowerBound\nk1\t0\n"},
        "parameters.tsv:1: column estimate is missing",
    ),
    "a missing file": (
        {"problem__yaml": VERSION_2["problem.yaml"].replace("[measurements.tsv]", "[gone.tsv]")},
        "gone.tsv: there is no such file",
    ),
    "no list of parameters": (
        {"problem__yaml": VERSION_2["problem.yaml"].replace("parameter_files: [parameters.tsv]\n", "")},
        "problem.yaml: parameter_files is missing",
    ),
    "an extension": (
        {"problem__yaml": VERSION_2["problem.yaml"] + "extensions: {select: {version: 1, required: true}}\n"},
        "extension select is not supported",
    ),
    "another model language": (
        {"problem__yaml": VERSION_2["problem.yaml"].replace("language: sbml", "language: pysb")},
        "only sbml is supported",
    ),
    "bounds the wrong way round": (
        {"parameters__tsv": VERSION_2["parameters.tsv"].replace("0.01\t10\t0.8", "10\t0.01\t0.8")},
        "parameters.tsv:2: parameter 'k1' has lower bound 10 above upper bound 0.01",
    ),
    "a parameter twice": (
        {"parameters__tsv": VERSION_2["parameters.tsv"].replace("k2", "k1")},
        "parameters.tsv:3: parameterId 'k1' stands at .*parameters.tsv:2 already",
    ),
    "an observable twice": (
        {"observables__tsv": VERSION_2["observables.tsv"] + "seen\tA\t1\t\t\n"},
        "observables.tsv:3: observableId 'seen' stands at .*observables.tsv:2 already",
    ),
    "no measurements": (
        {"measurements__tsv": VERSION_2["measurements.tsv"].splitlines()[0] + "\n"},
        "problem.yaml: the measurement tables hold no measurements",
    ),
    "an empty table": ({"measurements__tsv": "\n"}, "measurements.tsv: this file is empty"),
    "commas between columns": (
        {"measurements__tsv": VERSION_2["measurements.tsv"].replace("\t", ",")},
        "measurements.tsv:1: column observableId, .* is missing; .*; columns are separated by tabs",
    ),
    "a name that nothing declares": (
        {"observables__tsv": VERSION_2["observables.tsv"].replace("scale * A", "scale * A * kk1")},
        "measurements.tsv:2: 'kk1' of observable 'seen' is neither declared nor given a value here. Did you mean 'k1'",
    ),
}


@pytest.mark.parametrize("what", MISTAKES)
def test_a_mistake_is_named_with_file_and_row(tmp_path, what):
    changed, message = MISTAKES[what]
    with pytest.raises(ProblemError, match=message):
        read_petab(written(tmp_path, **changed), lint=False)


def test_mistakes_of_several_tables_are_told_together(tmp_path):
    path = written(
        tmp_path,
        parameters__tsv=VERSION_2["parameters.tsv"].replace("10\t0.8", "ten\t0.8").replace("0.6\ttrue", "0.6\tperhaps"),
        measurements__tsv=VERSION_2["measurements.tsv"].replace("\t0.5\t", "\thigh\t"),
    )
    with pytest.raises(ProblemError) as found:
        read_petab(path)
    assert [line.partition(str(tmp_path) + "/")[2] for line in found.value.mistakes] == [
        "parameters.tsv:2: upperBound is 'ten'; expected a number",
        "parameters.tsv:3: estimate is 'perhaps'; expected true or false",
        "measurements.tsv:2: measurement is 'high'; expected a number",
    ]


def test_a_value_beyond_its_bound_by_rounding_is_at_the_bound(tmp_path):
    table = VERSION_2["parameters.tsv"].replace("0.01\t10\t0.8", "0.01\t10\t10.00001")
    problem = read_petab(written(tmp_path, parameters__tsv=table))
    assert problem.parameters[0].value == 10.0


def test_an_extension_that_is_not_needed_is_passed_over(tmp_path):
    text = VERSION_2["problem.yaml"] + "extensions: {colors: {version: 1, required: false}}\n"
    assert read_petab(written(tmp_path, problem__yaml=text), lint=False).names == ("k1", "k2")


def test_of_many_mistakes_the_first_are_shown(tmp_path):
    header, row = VERSION_2["measurements.tsv"].splitlines()
    path = written(tmp_path, measurements__tsv="\n".join([header, *[row.replace("seen", "sen")] * 25]))
    with pytest.raises(ProblemError, match=r"measurements.tsv:11: [^\n]*\n... and 15 more$") as found:
        read_petab(path)
    assert len(found.value.mistakes) == 25


def test_the_library_s_complaints_are_passed_on(tmp_path):
    """Only the library objects to a condition that sets what the parameter table lists."""
    path = written(tmp_path, conditions__tsv=VERSION_2["conditions.tsv"].replace("more\tA", "more\tk1"))
    with pytest.raises(ProblemError, match=r"petab:.*k1"):
        read_petab(path)


def test_runs_that_do_the_same_are_shared(tmp_path):
    """Two experiments with the same pre-equilibration: one steady state, and one run if all else is the same."""
    path = written(
        tmp_path,
        measurements__tsv="observableId\texperimentId\ttime\tmeasurement\tobservableParameters\tnoiseParameters\n"
        "seen\te\t10\t0.5\t2\t0.1\nseen\tf\t12\t0.5\t3\t0.1\nseen\tg\t12\t0.5\t3\t0.1\n",
        conditions__tsv="conditionId\ttargetId\ttargetValue\nrest\tk1\t0.2\nmore\tk1\t0.8\nless\tk1\t0.1\n",
        experiments__tsv="experimentId\ttime\tconditionId\n"
        "e\t-inf\trest\ne\t0\tmore\nf\t-inf\trest\nf\t0\tmore\ng\t-inf\trest\ng\t0\tless\n",
        parameters__tsv="parameterId\tlowerBound\tupperBound\tnominalValue\testimate\nk2\t0.01\t10\t0.6\ttrue\n",
    )
    problem, made = simulated(path)
    assert len(simulation_plan(problem).runs) == 3
    rest = 0.6 / 0.8
    assert np.all(np.isfinite(made.simulated))
    assert made.simulated[:2] == pytest.approx(
        [2.0 * analytical(10.0, rest, 1 - rest), 3.0 * analytical(12.0, rest, 1 - rest)], rel=1e-7
    )


VERSION_1 = {
    "problem.yaml": """format_version: 1
parameter_file: parameters.tsv
problems:
- sbml_files: [model.xml]
  measurement_files: [measurements.tsv]
  observable_files: [observables.tsv]
  condition_files: [conditions.tsv]
""",
    "parameters.tsv": "parameterId\tparameterScale\tlowerBound\tupperBound\tnominalValue\testimate\nk1\tlog10\t0.01\t10\t0.8\t1\n",
    "measurements.tsv": "observableId\tpreequilibrationConditionId\tsimulationConditionId\ttime\tmeasurement\nseen\tbefore\tafter\t1\t0.5\n",
    "observables.tsv": "observableId\tobservableFormula\tnoiseFormula\nseen\tA\t0.1\n",
    "conditions.tsv": "conditionId\tk2\tB\nbefore\t0.3\t2\nafter\t\t\n",
}


@pytest.mark.parametrize(("condition", "name"), [("before", "other"), ("after", "other"), ("after", "")])
def test_a_condition_of_version_1_that_does_not_exist_is_named(tmp_path, condition, name):
    files = {file.replace(".", "__"): text for file, text in VERSION_1.items()}
    files["measurements__tsv"] = files["measurements__tsv"].replace(condition, name)
    with pytest.raises(ProblemError, match=rf"measurements.tsv:2: no condition is called '{name}'"):
        read_petab(written(tmp_path, **files))


def test_a_parameter_left_open_after_preequilibration_has_the_value_of_the_model(tmp_path):
    path = written(tmp_path, **{name.replace(".", "__"): text for name, text in VERSION_1.items()})
    _, made = simulated(path)
    # 3 in all rest with k2 = 0.3; from there A and B go on with the model's own k2 = 0.6.
    a = 3.0 * 0.3 / 1.1
    assert made.simulated == pytest.approx([analytical(1.0, a, 3.0 - a)], rel=1e-7)


def one_run(conditions, **changed):
    """A PEtab 1 problem with one measurement of `seen` at time 1 in condition c, without pre-equilibration."""
    return {
        "conditions__tsv": conditions,
        "measurements__tsv": "observableId\tsimulationConditionId\ttime\tmeasurement\nseen\tc\t1\t0.5\n",
        **changed,
    }


AMOUNT = SBML.replace('initialConcentration="1"', 'initialAmount="6"')
THREE_TIMES = SBML.replace(
    '<initialAssignment symbol="doubled">',
    '<initialAssignment symbol="B"><math xmlns="http://www.w3.org/1998/Math/MathML"><apply><times/><cn>3</cn><ci>A</ci>'
    '</apply></math></initialAssignment><initialAssignment symbol="doubled">',
)
SIZED = VERSION_1["parameters.tsv"] + "size\tlin\t1\t5\t2.5\t1\n"
OF_DOUBLED = VERSION_1["observables.tsv"].replace("\tA\t", "\tdoubled\t")
RESTING = (3.0 * 0.6 / 1.4, 3.0 * 0.8 / 1.4)

CONDITIONS = {
    "a size leaves a concentration": (one_run("conditionId\tcell\nc\t4\n"), analytical(1.0, 1.0, 0.0)),
    "a size spreads an amount": (one_run("conditionId\tcell\nc\t4\n", model__xml=AMOUNT), analytical(1.0, 1.5, 0.0)),
    "an estimated size": (
        one_run("conditionId\tcell\nc\tsize\n", model__xml=AMOUNT, parameters__tsv=SIZED),
        analytical(1.0, 6.0 / 2.5, 0.0),
    ),
    "an estimated start": (one_run("conditionId\tA\nc\tsize\n", parameters__tsv=SIZED), analytical(1.0, 2.5, 0.0)),
    "a start that another follows": (
        one_run("conditionId\tA\nc\t2\n", model__xml=THREE_TIMES),
        analytical(1.0, 2.0, 6.0),
    ),
    "a start that would follow": (one_run("conditionId\tB\nc\t5\n", model__xml=THREE_TIMES), analytical(1.0, 1.0, 5.0)),
    "an initial assignment after an estimated parameter": (
        one_run("conditionId\nc\n", observables__tsv=OF_DOUBLED),
        1.6,
    ),
    "an initial assignment that the condition replaces": (
        one_run("conditionId\tdoubled\nc\t0.25\n", observables__tsv=OF_DOUBLED),
        0.25,
    ),
    "a species set again after pre-equilibration": (
        {"conditions__tsv": "conditionId\tA\tB\nbefore\t\t2\nafter\t7\t\n"},
        analytical(1.0, 7.0, RESTING[1]),
    ),
    "a parameter set after pre-equilibration": (
        {"conditions__tsv": "conditionId\tk2\tB\nbefore\t\t2\nafter\t0.9\t\n"},
        analytical(1.0, *RESTING, k2=0.9),
    ),
    "a size set after pre-equilibration": (
        {"conditions__tsv": "conditionId\tcell\tB\nbefore\t\t2\nafter\t5\t\n"},
        analytical(1.0, *RESTING),
    ),
    "a rate constant that only the parameter table gives": (
        one_run("conditionId\nc\n", model__xml=SBML.replace(' value="0.8"', "")),
        analytical(1.0, 1.0, 0.0),
    ),
    "a rate constant that only the condition gives": (
        one_run("conditionId\tk2\nc\t0.7\n", model__xml=SBML.replace(' value="0.6"', "")),
        analytical(1.0, 1.0, 0.0, k2=0.7),
    ),
    "a start that only the condition gives": (
        one_run("conditionId\tA\nc\t3\n", model__xml=SBML.replace(' initialConcentration="1"', "")),
        analytical(1.0, 3.0, 0.0),
    ),
    "a size that only the condition gives": (
        one_run("conditionId\tcell\nc\t3\n", model__xml=SBML.replace(' size="2"', "")),
        analytical(1.0, 1.0, 0.0),
    ),
    "a start that follows one that only the condition gives": (
        one_run("conditionId\tA\nc\t2\n", model__xml=THREE_TIMES.replace(' initialConcentration="1"', "")),
        analytical(1.0, 2.0, 6.0),
    ),
    "a start that only the pre-equilibration gives": (
        {
            "conditions__tsv": "conditionId\tA\tB\nbefore\t1\t2\nafter\t\t\n",
            "model__xml": SBML.replace(' initialConcentration="1"', ""),
        },
        analytical(1.0, *RESTING),
    ),
    "an endless rate constant that the parameter table replaces": (
        one_run("conditionId\nc\n", model__xml=SBML.replace('value="0.8"', 'value="INF"')),
        analytical(1.0, 1.0, 0.0),
    ),
    "rates of reactions": (
        one_run(
            "conditionId\nc\n", observables__tsv=VERSION_1["observables.tsv"].replace("\tA\t", "\tforward - back\t")
        ),
        2.0 * (0.8 * analytical(1.0, 1.0, 0.0) - 0.6 * (1.0 - analytical(1.0, 1.0, 0.0))),
    ),
}


@pytest.mark.parametrize("what", CONDITIONS)
def test_what_a_condition_of_version_1_sets(tmp_path, what):
    changed, expected = CONDITIONS[what]
    files = {name.replace(".", "__"): text for name, text in VERSION_1.items()} | changed
    _, made = simulated(written(tmp_path, **files))
    assert made.simulated == pytest.approx([expected], rel=1e-6)


@pytest.mark.parametrize(
    ("given", "conditions", "message"),
    [
        (
            ' initialConcentration="1"',
            "conditionId\tA\nbefore\t\nafter\t\n",
            "experiment 'before then after' gives 'A' no value",
        ),
        (' value="0.6"', "conditionId\tk2\nbefore\t0.3\nafter\t\n", "conditions.tsv:3: 'k2' is left open"),
        (' value="0.6"', "conditionId\nbefore\nafter\n", "parameter 'k2' is needed but has no value"),
    ],
)
def test_what_nobody_gives_is_named(tmp_path, given, conditions, message):
    files = {file.replace(".", "__"): text for file, text in VERSION_1.items()}
    files |= {"conditions__tsv": conditions, "model__xml": SBML.replace(given, "")}
    with pytest.raises(ValueError, match=message):
        read_petab(written(tmp_path, **files))


def log_likelihood(distribution, transformation, simulated, measured=0.5, noise=0.2):
    """As the documentation of PEtab 1 writes it; the density is that of the measured value itself."""
    function = {"lin": lambda x: x, "log": math.log, "log10": math.log10}[transformation]
    r = (function(simulated) - function(measured)) / noise
    slope = {"lin": 1.0, "log": measured, "log10": measured * math.log(10.0)}[transformation]
    constant = noise * slope * (math.sqrt(2.0 * math.pi) if distribution == "normal" else 2.0)
    return -(0.5 * r * r if distribution == "normal" else abs(r)) - math.log(constant), r * r


@pytest.mark.parametrize("transformation", ["lin", "log", "log10"])
@pytest.mark.parametrize("distribution", ["normal", "laplace"])
def test_how_measurements_of_version_1_scatter(tmp_path, distribution, transformation):
    observables = (
        "observableId\tobservableFormula\tnoiseFormula\tobservableTransformation\tnoiseDistribution\n"
        f"seen\tA\t0.2\t{transformation}\t{distribution}\n"
    )
    changed = one_run("conditionId\nc\n", observables__tsv=observables)
    files = {name.replace(".", "__"): text for name, text in VERSION_1.items()} | changed
    _, made = simulated(written(tmp_path, **files))
    expected = log_likelihood(distribution, transformation, analytical(1.0, 1.0, 0.0))
    assert (made.log_likelihood, made.chi_squared) == pytest.approx(expected, rel=1e-6)
