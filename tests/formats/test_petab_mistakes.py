# ruff: noqa: E501 - tables are kept as they stand in files
"""Every kind of mistake in a PEtab problem, version 1 and 2: one line with the table and its row, all of them together."""

import json
import warnings

import pytest

from pathway.cli import BAD_INPUT, DONE, main
from pathway.errors import PathwayWarning
from pathway.fitting.problem import ProblemError
from pathway.formats import petab
from pathway.formats.petab import read_petab

MODEL = """<?xml version="1.0" encoding="UTF-8"?>
<sbml xmlns="http://www.sbml.org/sbml/level3/version2/core" level="3" version="2"><model id="m">
<listOfCompartments><compartment id="c" spatialDimensions="3" size="1" constant="true"/></listOfCompartments>
<listOfSpecies><species id="A" compartment="c" initialConcentration="1" hasOnlySubstanceUnits="false" boundaryCondition="false" constant="false"/>
<species id="B" compartment="c" initialConcentration="0" hasOnlySubstanceUnits="false" boundaryCondition="false" constant="false"/></listOfSpecies>
<listOfParameters><parameter id="k" value="0.5" constant="true"/></listOfParameters>
<listOfReactions><reaction id="R1" reversible="true"><listOfReactants><speciesReference species="A" stoichiometry="1" constant="true"/></listOfReactants>
<listOfProducts><speciesReference species="B" stoichiometry="1" constant="true"/></listOfProducts>
<kineticLaw><math xmlns="http://www.w3.org/1998/Math/MathML"><apply><times/><ci>k</ci><ci>A</ci></apply></math></kineticLaw></reaction></listOfReactions>
</model></sbml>
"""

FILES = {
    1: {
        "problem.yaml": "format_version: 1\nparameter_file: parameters.tsv\nproblems:\n- sbml_files: [model.xml]\n"
        "  condition_files: [conditions.tsv]\n  observable_files: [observables.tsv]\n  measurement_files: [measurements.tsv]\n",
        "conditions.tsv": "conditionId\tA\nlow\t1\nhigh\t2\n",
        "measurements.tsv": "observableId\tsimulationConditionId\tmeasurement\ttime\tnoiseParameters\n"
        "o\tlow\t0.6\t1\t0.1\no\thigh\t0.7\t2\tsigma\np\tlow\t0.3\t1\t\n",
        "observables.tsv": "observableId\tobservableFormula\tnoiseFormula\tobservableTransformation\tnoiseDistribution\n"
        "o\tA\tnoiseParameter1_o\tlin\tnormal\np\tB\t0.1 + zero\tlog10\tnormal\n",
        "parameters.tsv": "parameterId\tparameterScale\tlowerBound\tupperBound\tnominalValue\testimate\n"
        "k\tlin\t0.01\t10\t0.5\t1\nsigma\tlin\t0\t1\t0.1\t1\nzero\tlin\t0\t1\t0\t0\n",
    },
    2: {
        "problem.yaml": "format_version: 2.0.0\nmodel_files: {m: {language: sbml, location: model.xml}}\n"
        "parameter_files: [parameters.tsv]\ncondition_files: [conditions.tsv]\nexperiment_files: [experiments.tsv]\n"
        "observable_files: [observables.tsv]\nmeasurement_files: [measurements.tsv]\n",
        "conditions.tsv": "conditionId\ttargetId\ttargetValue\nlow\tA\t1\nhigh\tA\t2\n",
        "experiments.tsv": "experimentId\ttime\tconditionId\nlow\t0\tlow\nhigh\t0\thigh\n",
        "measurements.tsv": "observableId\texperimentId\tmeasurement\ttime\tnoiseParameters\n"
        "o\tlow\t0.6\t1\t0.1\no\thigh\t0.7\t2\tsigma\np\tlow\t0.3\t1\t\n",
        "observables.tsv": "observableId\tobservableFormula\tnoiseFormula\tnoisePlaceholders\tnoiseDistribution\n"
        "o\tA\ts\ts\tnormal\np\tB\t0.1 + zero\t\tlog-normal\n",
        "parameters.tsv": "parameterId\tlowerBound\tupperBound\tnominalValue\testimate\n"
        "k\t0.01\t10\t0.5\ttrue\nsigma\t0\t1\t0.1\ttrue\nzero\t0\t1\t0\tfalse\n",
    },
}  # fmt: skip
VERSIONS = pytest.mark.parametrize("version", [1, 2])


def written(folder, version, *changes):
    """A problem in files, with (file, old, new) put in."""
    files = {**FILES[version], "model.xml": MODEL}
    for name, old, new in changes:
        assert old in files[name], (name, old)
        files[name] = files[name].replace(old, new, 1)
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder / "problem.yaml"


def told(folder, version, *changes):
    with pytest.raises(ProblemError) as caught:
        read_petab(written(folder, version, *changes))
    return [line.replace(f"{folder}/", "") for line in caught.value.mistakes]


@VERSIONS
def test_a_problem_without_mistakes_is_shown(tmp_path, version, capsys):
    path = str(written(tmp_path, version))
    assert main(["check", path]) == DONE
    assert capsys.readouterr().out.splitlines()[1:] == [
        "2 parameters estimated, 1 fixed; 2 experiments; 3 measurements",
        "  o: 2 values, 0.6 to 0.7, at times 1 to 2; normal noise",
        f"  p: 1 value, 0.3 to 0.3, at times 1 to 1; normal noise, compared as {'log10' if version == 1 else 'log'}",
    ]
    assert main(["check", "--json", path]) == DONE
    entry = json.loads(capsys.readouterr().out)["files"][path]
    assert entry["ok"] and entry["estimated"] == 2 and entry["observables"][0]["greatest"] == 0.7


M, OBS, P, C, Y = "measurements.tsv", "observables.tsv", "parameters.tsv", "conditions.tsv", "problem.yaml"
BOTH = [
    # measurements
    ((M, "0.6\t1\t0.1", "0.6\t1\t0"), "measurements.tsv:2: the noise of 'o' is 0 whatever the parameters are"),
    ((M, "0.6\t1\t0.1", "0.6\t1\t-0.1"), "measurements.tsv:2: the noise of 'o' is -0.1 whatever the parameters are"),
    ((M, "0.6\t1\t0.1", "0.6\t1\tzero"), "measurements.tsv:2: the noise of 'o' is 0 whatever the parameters are"),
    ((M, "0.6\t1\t0.1", "0.6\t1\tinf"), "measurements.tsv:2: the noise of 'o' is inf whatever the parameters are"),
    ((OBS, "0.1 + zero", "-sigma + zero"), "measurements.tsv:4: the noise of 'p' is never a positive number"),
    ((OBS, "0.1 + zero", "B - B + zero"), "measurements.tsv:4: the noise of 'p' is 0 whatever the parameters are"),
    ((M, "0.6\t1\t0.1", "0.6\t1\t"), "measurements.tsv:2: "),
    ((M, "0.6\t1\t0.1", "0.6\t1\t0.1;0.2"), "measurements.tsv:2: noiseParameters has 2 values; observable 'o' has 1"),
    ((M, "0.6\t1\t0.1", "0.6\t1\tsigm"), "measurements.tsv:2: no parameter is called 'sigm'. Did you mean 'sigma'?"),
    ((M, "0.6\t1\t0.1", "inf\t1\t0.1"), "measurements.tsv:2: measurement inf is not finite"),
    ((M, "0.6\t1\t0.1", "nan\t1\t0.1"), "measurements.tsv:2: measurement is empty"),
    ((M, "0.6\t1\t0.1", "\t1\t0.1"), "measurements.tsv:2: measurement is empty"),
    ((M, "0.6\t1\t0.1", "0,6\t1\t0.1"), "measurements.tsv:2: measurement is '0,6'; expected a number"),
    ((M, "0.6\t1\t0.1", "0.6\tnan\t0.1"), "measurements.tsv:2: time is empty"),
    ((M, "0.6\t1\t0.1", "0.6\t-1\t0.1"), "measurements.tsv:2: time -1 lies before the experiment's start at 0"),
    ((M, "0.6\t1\t0.1", "0.6\t1\t0.1\tmore"), "measurements.tsv:2: 6 cells under 5 columns"),
    ((M, "0.3\t1\t", "0\t1\t"), "measurements.tsv:4: measurement 0 of 'p' is compared as a logarithm"),
    ((M, "0.3\t1\t", "0.3\t0\t"), "measurements.tsv:4: 'p' is compared as a logarithm, and its simulated value is 0 here"),
    ((M, "o\tlow", "oo\tlow"), "measurements.tsv:2: no observable is called 'oo'"),
    ((M, "o\tlow", "o\tlo"), "measurements.tsv:2: no "),
    ((M, "o\tlow", '"o\tlow'), "measurements.tsv:2: a "),
    ((M, "\tmeasurement\t", "\tmeasurment\t"), "measurements.tsv:1: column measurement is missing; found"),
    ((M, "\tnoiseParameters", "\ttime"), "measurements.tsv:1: two columns are called 'time'"),
    # observables
    ((OBS, "p\tB", "p\tlog(B - B)"), "measurements.tsv:4: "),
    ((OBS, "p\tB", "p\t0"), "measurements.tsv:4: 'p' is compared as a logarithm, and its simulated value is 0 here"),
    ((OBS, "p\tB", "p\t-k"), "measurements.tsv:4: 'p' is compared as a logarithm, and its simulated value is never positive"),
    ((OBS, "p\tB", "p\tlog(-k)"), "measurements.tsv:4: 'p' is compared"),
    ((OBS, "p\tB\t0.1", "p\tB\t0"), "measurements.tsv:4: the noise of 'p' is 0 whatever the parameters are"),
    ((OBS, "p\tB\t0.1 + zero", "p\tB\t"), "observables.tsv:3: noiseFormula"),
    ((OBS, "p\tB", "p\tB +"), "observables.tsv:3: observableFormula: a value is missing"),
    ((OBS, "p\tB", "p\tC"), "measurements.tsv:4: 'C' of observable 'p' is neither declared nor given a value here"),
    ((OBS, "p\tB", f"p\t{'(' * 5000}B"), "observables.tsv:3: observableFormula: the formula is nested more than"),
    ((OBS, "p\tB", "o\tB"), "observables.tsv:3: observableId 'o' stands at observables.tsv:2 already"),
    ((OBS, "p\tB", "1p\tB"), "observables.tsv:3: observableId '1p' is no identifier"),
    ((OBS, "p\tB", "\tB"), "observables.tsv:3: observableId is empty"),
    ((OBS, "\tnormal\np", "\tnormale\np"), "observables.tsv:2: noiseDistribution is 'normale'"),
    ((OBS, "\tnoiseFormula", "\tnoise"), "observables.tsv:1: column noiseFormula is missing"),
    # parameters
    ((P, "k\t", "1k\t"), "parameters.tsv:2: parameterId '1k' is no identifier"),
    ((P, "sigma\t", "k\t"), "parameters.tsv:3: parameterId 'k' stands at parameters.tsv:2 already"),
    ((P, "0.01\t10", "10\t0.01"), "parameters.tsv:2: parameter 'k' has lower bound 10 above upper bound 0.01"),
    ((P, "0.01\t10", "nan\t10"), "parameters.tsv:2: parameter 'k' is estimated and has no lowerBound"),
    ((P, "0.01\t10", "0.01\tten"), "parameters.tsv:2: upperBound is 'ten'; expected a number"),
    ((P, "\testimate", "\testimated"), "parameters.tsv:1: column estimate is missing; found"),
    # conditions
    ((C, "low\t", "1\t"), "conditions.tsv:2: conditionId '1' is no identifier"),
    ((C, "low\t", "\t"), "conditions.tsv:2: conditionId is empty"),
    ((C, "\t1\n", "\t1 +\n"), "conditions.tsv:2: "),
    # the file that lists them
    ((Y, "[measurements.tsv]", "[measurement.tsv]"), "measurement.tsv: there is no such file"),
    ((Y, "[measurements.tsv]", "3"), "problem.yaml: measurement_files is '3'; expected a list of file names"),
    ((Y, "[measurements.tsv]", "[2020-01-01]"), "problem.yaml: measurement_files is '[datetime"),
    ((Y, "[measurements.tsv]", "[/dev/zero]"), "/dev/zero: this is a device or a pipe, not a file"),
    ((Y, "[measurements.tsv]", "&a [measurements.tsv]\nx: [*a, *a]"), "problem.yaml:"),
    ((Y, "[measurements.tsv]", "[" * 5000), "problem.yaml:"),
    ((Y, "format_version", "format"), "problem.yaml: format_version is missing"),
]  # fmt: skip


@VERSIONS
@pytest.mark.parametrize(("change", "said"), BOTH)
def test_each_kind_of_mistake_is_one_line_with_its_row(tmp_path, version, change, said):
    lines = told(tmp_path, version, change)
    # Where a name is changed that others refer to, those have a line too.
    assert len(lines) == 1 + (change[0] == C and len(lines) == 2) and lines[0].startswith(said), lines
    assert "\n" not in lines[0] and len(lines[0]) < 400


@pytest.mark.parametrize(
    ("version", "change", "said"),
    [
        (1, (Y, "[{", "["), None),
        (1, (Y, "- sbml_files: [model.xml]", "- sbml_files: 3"), "problem.yaml: sbml_files is '3'"),
        (1, (P, "k\tlin\t0.01", "k\tlog\t-1"), "parameters.tsv:2: parameter 'k' has lower bound -1 on a logarithmic scale"),
        (1, (P, "k\tlin", "k\tlog20"), "parameters.tsv:2: parameterScale is 'log20'"),
        (1, (C, "high\t2", "low\t2"), "conditions.tsv:3: conditionId 'low' stands at conditions.tsv:2 already"),
        (2, (Y, "{m: {language: sbml, location: model.xml}}", "3"), "problem.yaml: model_files is '3'"),
        (2, (Y, "{m: {language: sbml, location: model.xml}}", "{m: 3}"), "problem.yaml: model_files is "),
        (2, (Y, "location: model.xml", "location: 2020-01-01"), "problem.yaml: model 'm' has no location"),
        (2, (C, "low\tA\t1", "low\tA\t1\nlow\tA\t2"), "conditions.tsv:3: condition 'low' sets 'A' twice"),
        (2, (C, "low\tA", "low\t1A"), "conditions.tsv:2: targetId '1A' is no identifier"),
        (2, ("experiments.tsv", "low\t0", "1\t0"), "experiments.tsv:2: experimentId '1' is no identifier"),
        (2, ("experiments.tsv", "low\t0\tlow", "low\t0\tlo"), "experiments.tsv:2: no condition is called 'lo'. Did you mean 'low'?"),
        (2, ("experiments.tsv", "low\t0\tlow", "low\tnan\tlow"), "experiments.tsv:2: time is empty"),
    ][1:],
)  # fmt: skip
def test_mistakes_of_one_version(tmp_path, version, change, said):
    lines = told(tmp_path, version, change)
    assert lines[0].startswith(said), lines


@VERSIONS
def test_what_the_library_complains_about_has_a_row(tmp_path, version):
    row = {1: "extra\tlin\t0.1\t1\t0.5\t1\n", 2: "extra\t0.1\t1\t0.5\ttrue\n"}[version]
    (line,) = told(tmp_path, version, ("parameters.tsv", "zero\t", f"{row}zero\t"))
    assert line.startswith("parameters.tsv:4: petab: ") and "extra" in line


@VERSIONS
def test_what_the_library_had_nothing_to_say_about_is_not_shown_to_it_again(tmp_path, version, monkeypatch):
    monkeypatch.setenv("PATHWAY_CACHE_DIR", str(tmp_path / "cache"))
    asked, ask = [], petab._ask_library
    monkeypatch.setattr(petab, "_ask_library", lambda *arguments: asked.append(1) or ask(*arguments))
    path = written(tmp_path, version)
    for _ in range(3):
        read_petab(path)
    assert len(asked) == 1
    measurements = tmp_path / "measurements.tsv"
    measurements.write_text(measurements.read_text().replace("0.6", "0.61"))
    read_petab(path)
    assert len(asked) == 2
    parameters = tmp_path / "parameters.tsv"
    row = {1: "extra\tlin\t0.1\t1\t0.5\t1\n", 2: "extra\t0.1\t1\t0.5\ttrue\n"}[version]
    parameters.write_text(parameters.read_text() + row)
    for k in (3, 4):
        with pytest.raises(ProblemError, match=r"petab: .*extra"):
            read_petab(path)
        assert len(asked) == k
    monkeypatch.setattr(petab, "installed_version", lambda name: "another")
    parameters.write_text(parameters.read_text().replace(row, ""))
    read_petab(path)
    assert len(asked) == 5


def test_problems_that_are_a_number_are_named(tmp_path):
    path = written(tmp_path, 1)
    path.write_text("format_version: 1\nparameter_file: parameters.tsv\nproblems: 3\n")
    with pytest.raises(ProblemError, match="problems is '3'; expected a list of tables"):
        read_petab(path)


@VERSIONS
def test_all_mistakes_come_together(tmp_path, version):
    lines = told(
        tmp_path,
        version,
        (M, "0.6\t1\t0.1", "x\t1\t0.1"),
        (M, "0.7\t2\tsigma", "inf\t2\tsigma"),
        (M, "0.3\t1", "-1\t1"),
    )
    assert [line.partition(": ")[0] for line in lines] == [f"measurements.tsv:{n}" for n in (2, 3, 4)]
    lines = told(tmp_path, version, (M, "0.6\t1\t0.1", "0.6\t1\t0"), (M, "0.7\t2", "inf\t2"), (M, "0.3\t1", "x\t1"))
    assert [line.partition(": ")[0] for line in lines] == [f"measurements.tsv:{n}" for n in (2, 3, 4)]
    lines = told(
        tmp_path,
        version,
        (M, "0.6\t1\t0.1", "x\t1\t0.1"),
        (P, "0.01", "a"),
        (OBS, "o\tA", "o\tA +"),
        (C, "low\t", "1\t"),
    )
    assert {line.partition(":")[0] for line in lines} >= {P, OBS, C}


@VERSIONS
def test_a_nominal_value_outside_its_bounds_is_told_and_moved(tmp_path, version, capsys):
    path = written(tmp_path, version, (P, "10\t0.5", "10\t50"))
    with pytest.warns(
        PathwayWarning, match=r"parameters.tsv:2: parameter 'k' has value 50 outside its bounds 0.01 to 10; 10 is"
    ):
        problem = read_petab(path)
    assert problem.nominal[0] == 10.0
    assert main(["check", str(path)]) == DONE
    assert "note: " in capsys.readouterr().err


@VERSIONS
def test_noise_that_some_parameters_make_positive_is_no_mistake(tmp_path, version):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        read_petab(written(tmp_path, version, (OBS, "0.1 + zero", "sigma - 0.5 + zero")))


@VERSIONS
def test_nothing_of_a_file_outside_the_folder_is_shown(tmp_path, version, capsys):
    inside = tmp_path / "inside"
    inside.mkdir()
    (tmp_path / "secret").write_text("root:x:0:0:the secret\n")
    for name in ("measurements.tsv", "model.xml"):
        path = written(inside, version, (Y, name, "../secret"))
        assert main(["check", str(path)]) == BAD_INPUT
        said = capsys.readouterr().err
        assert "secret" in said and "0:0" not in said
