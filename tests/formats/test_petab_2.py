# ruff: noqa: E501 - tables are kept as they stand in files
"""What each table of PEtab 2 can say, in problems that the petab library accepts, against closed forms."""

import math

import numpy as np
import pytest
from scipy import stats

from pathway.fitting.objective import log_priors
from pathway.formats.errors import FormatError
from pathway.formats.petab import read_petab
from tests.formats.test_petab import SBML, VERSION_2, analytical, log_likelihood, simulated, written

PARAMETERS = VERSION_2["parameters.tsv"]
OBSERVABLES = "observableId\tobservableFormula\tnoiseFormula\tobservablePlaceholders\tnoisePlaceholders\n"
MEASUREMENTS = "observableId\texperimentId\ttime\tmeasurement\tobservableParameters\tnoiseParameters\n"
CONDITIONS = "conditionId\ttargetId\ttargetValue\n"
EXPERIMENTS = "experimentId\ttime\tconditionId\n"
ONLY_K2 = "parameterId\tlowerBound\tupperBound\tnominalValue\testimate\nk2\t0.01\t10\t0.6\ttrue\n"
LOCAL = SBML.replace(
    "<ci>k2</ci><ci>B</ci></apply></math></kineticLaw>",
    '<ci>kl</ci><ci>B</ci></apply></math><listOfLocalParameters><localParameter id="kl" value="0.6"/>'
    "</listOfLocalParameters></kineticLaw>",
)
RESTING = 0.6 / 1.4


def one_observable(formula="A", noise="0.1", placeholders="\t"):
    return f"{OBSERVABLES}seen\t{formula}\t{noise}\t{placeholders}\n"


def measured(*times):
    """One measurement of `seen` in experiment e at each time."""
    return MEASUREMENTS + "".join(f"seen\te\t{time}\t0.5\t\t\n" for time in times)


def four_periods():
    first = analytical(2.0, RESTING + 1.0, 1.0 - RESTING)
    second = analytical(3.0, first / 2.0, 2.0 - first)
    return analytical(1.0, second, 2.0 - first / 2.0 - second + 0.5)


CASES = {
    "placeholders, each given a number or a parameter": (
        {
            "parameters__tsv": PARAMETERS
            + "factor\t0.1\t10\t1.7\ttrue\nshift\t-1\t2\t1.5\ttrue\nspread\t0.01\t10\t0.2\ttrue\nshare\t0.01\t10\t0.05\tfalse\n",
            "observables__tsv": one_observable("a * A + b * B + c", "s1 + s2 * a", "a;b;c\ts1; s2"),
            "measurements__tsv": MEASUREMENTS
            + "seen\te\t1\t0.5\t2;0.3;shift\t0.1;share\nseen\te\t2\t0.5\tfactor; k2;0\tspread;0.1\n",
            "experiments__tsv": EXPERIMENTS + "e\t0\t\n",
        },
        [
            2.0 * analytical(1.0, 1.0, 0.0) + 0.3 * (1.0 - analytical(1.0, 1.0, 0.0)) + 1.5,
            1.7 * analytical(2.0, 1.0, 0.0) + 0.6 * (1.0 - analytical(2.0, 1.0, 0.0)),
        ],
        [0.1 + 0.05 * 2.0, 0.2 + 0.1 * 1.7],
    ),
    "a scale and a noise level that conditions set": (
        {
            "parameters__tsv": PARAMETERS + "some\t0.1\t10\t4\ttrue\n",
            "observables__tsv": one_observable("scale * A", "sd"),
            "measurements__tsv": measured(1, 6),
            "conditions__tsv": CONDITIONS + "first\tscale\t3\nfirst\tsd\t0.2\nmore\tscale\tsome\n",
            "experiments__tsv": EXPERIMENTS + "e\t0\tfirst\ne\t5\tmore\n",
        },
        [3.0 * analytical(1.0, 1.0, 0.0), 4.0 * analytical(6.0, 1.0, 0.0)],
        [0.2, 0.2],
    ),
    "species, compartment and parameter changed at once after the rest": (
        {
            "parameters__tsv": ONLY_K2,
            "observables__tsv": one_observable(),
            "measurements__tsv": measured(1),
            "conditions__tsv": CONDITIONS
            + "rest\tk1\t0.8\nmore\tA\tA + 5\nmore\tB\t2*B\nmore\tcell\t3\nmore\tk1\t0.3\n",
            "experiments__tsv": EXPERIMENTS + "e\t-inf\trest\ne\t0\tmore\n",
        },
        [analytical(1.0, RESTING + 5.0, 2.0 * (1.0 - RESTING), k1=0.3)],
        [0.1],
    ),
    "two conditions at the same time, a parameter of the rest kept": (
        {
            "parameters__tsv": ONLY_K2,
            "observables__tsv": one_observable(),
            "measurements__tsv": measured(1),
            "conditions__tsv": CONDITIONS + "rest\tk1\t0.2\none\tA\t7\nother\tcell\t4\n",
            "experiments__tsv": EXPERIMENTS + "e\t-inf\trest\ne\t0\tone\ne\t0\tother\n",
        },
        [analytical(1.0, 7.0, 0.2 / 0.8, k1=0.2)],
        [0.1],
    ),
    "species that take each other's value": (
        {
            "observables__tsv": one_observable(),
            "measurements__tsv": measured(6),
            "conditions__tsv": CONDITIONS + "swap\tA\tB\nswap\tB\tA\n",
            "experiments__tsv": EXPERIMENTS + "e\t0\t\ne\t5\tswap\n",
        },
        [analytical(1.0, 1.0 - analytical(5.0, 1.0, 0.0), analytical(5.0, 1.0, 0.0))],
        [0.1],
    ),
    "the time in a later change": (
        {
            "observables__tsv": one_observable(),
            "measurements__tsv": measured(6),
            "conditions__tsv": CONDITIONS + "more\tA\tA + time * k1\n",
            "experiments__tsv": EXPERIMENTS + "e\t0\t\ne\t5\tmore\n",
        },
        [analytical(1.0, analytical(5.0, 1.0, 0.0) + 5.0 * 0.8, 1.0 - analytical(5.0, 1.0, 0.0))],
        [0.1],
    ),
    "a start before time zero": (
        {
            "observables__tsv": one_observable(),
            "measurements__tsv": measured(1),
            "experiments__tsv": EXPERIMENTS + "e\t-2\t\n",
        },
        [analytical(3.0, 1.0, 0.0)],
        [0.1],
    ),
    "a rest and three changes": (
        {
            "observables__tsv": one_observable(),
            "measurements__tsv": measured(6),
            "conditions__tsv": CONDITIONS + "one\tA\tA + 1\ntwo\tA\tA / 2\nthree\tB\tB + 0.5\n",
            "experiments__tsv": EXPERIMENTS + "e\t-inf\t\ne\t0\tone\ne\t2\ttwo\ne\t5\tthree\n",
        },
        [four_periods()],
        [0.1],
    ),
    "initial values, and one that an initial assignment would give": (
        {
            "parameters__tsv": PARAMETERS + "init\t0.1\t10\t1.6\ttrue\n",
            "observables__tsv": one_observable("A * doubled"),
            "measurements__tsv": measured(1),
            "conditions__tsv": CONDITIONS + "first\tA\t2 * init\nfirst\tdoubled\t0.25\n",
            "experiments__tsv": EXPERIMENTS + "e\t0\tfirst\n",
        },
        [0.25 * analytical(1.0, 3.2, 0.0)],
        [0.1],
    ),
    "a local parameter under the name of the mapping table": (
        {
            "model__xml": LOCAL,
            "problem__yaml": VERSION_2["problem.yaml"] + "mapping_files: [mapping.tsv]\n",
            "mapping__tsv": "petabEntityId\tmodelEntityId\tname\nback_rate\tback.kl\tof one reaction\nA\tA\tas it is\nnote\t\tno entity\n",
            "parameters__tsv": PARAMETERS + "faster\t0.01\t10\t0.9\ttrue\n",
            "observables__tsv": one_observable("back_rate * A"),
            "measurements__tsv": measured(1),
            "conditions__tsv": CONDITIONS + "first\tback_rate\tfaster\n",
            "experiments__tsv": EXPERIMENTS + "e\t0\tfirst\n",
        },
        [0.9 * analytical(1.0, 1.0, 0.0, k2=0.9)],
        [0.1],
    ),
}


@pytest.mark.parametrize("what", CASES)
def test_what_the_tables_of_version_2_say(tmp_path, what):
    changed, expected, noise = CASES[what]
    _, made = simulated(written(tmp_path, **changed))
    assert made.simulated == pytest.approx(expected, rel=1e-6)
    assert made.noise == pytest.approx(noise, rel=1e-12)
    residuals = (np.array(expected) - 0.5) / noise
    density = -0.5 * residuals**2 - np.log(np.array(noise) * math.sqrt(2.0 * math.pi))
    assert made.chi_squared == pytest.approx(float(np.sum(residuals**2)), rel=1e-5)
    assert made.log_likelihood == pytest.approx(float(np.sum(density)), rel=1e-5)


def test_a_scale_without_a_value_is_named(tmp_path):
    changed = dict(CASES["a scale and a noise level that conditions set"][0])
    changed["experiments__tsv"] = EXPERIMENTS + "e\t0\t\ne\t5\tfirst\n"
    with pytest.raises(ValueError, match=r"measurements.tsv:2: no condition of 'e' gives '(scale|sd)' a value"):
        read_petab(written(tmp_path, **changed), lint=False)


@pytest.mark.parametrize(
    ("word", "distribution", "transformation"),
    [
        ("normal", "normal", "lin"),
        ("log-normal", "normal", "log"),
        ("laplace", "laplace", "lin"),
        ("log-laplace", "laplace", "log"),
    ],
)
def test_how_measurements_of_version_2_scatter(tmp_path, word, distribution, transformation):
    path = written(
        tmp_path,
        observables__tsv=f"observableId\tobservableFormula\tnoiseFormula\tnoiseDistribution\nseen\tA\t0.2\t{word}\n",
        measurements__tsv=measured(1),
        experiments__tsv=EXPERIMENTS + "e\t0\t\n",
    )
    _, made = simulated(path)
    expected = log_likelihood(distribution, transformation, analytical(1.0, 1.0, 0.0))
    assert (made.log_likelihood, made.chi_squared) == pytest.approx(expected, rel=1e-6)


PRIORS = {
    "cauchy": ("0.5;0.4", stats.cauchy(0.5, 0.4)),
    "chisquare": ("3", stats.chi2(3)),
    "exponential": ("1.5", stats.expon(scale=1.5)),
    "gamma": ("2;0.4", stats.gamma(2.0, scale=0.4)),
    "laplace": ("0.5;0.4", stats.laplace(0.5, 0.4)),
    "log-laplace": ("-0.3;0.5", stats.loglaplace(1.0 / 0.5, scale=math.exp(-0.3))),
    "log-normal": ("-0.3;0.5", stats.lognorm(0.5, scale=math.exp(-0.3))),
    "log-uniform": ("0.1;4", stats.loguniform(0.1, 4.0)),
    "normal": ("0.5;0.4", stats.norm(0.5, 0.4)),
    "rayleigh": ("0.7", stats.rayleigh(scale=0.7)),
    "uniform": ("0.1;4", stats.uniform(0.1, 3.9)),
}


@pytest.mark.parametrize("bounds", [("0.3", "2"), ("0", "inf"), ("-inf", "inf")])
@pytest.mark.parametrize("kind", PRIORS)
def test_a_prior_is_cut_off_at_the_bounds(tmp_path, kind, bounds):
    text, density = PRIORS[kind]
    row = f"k1\t{bounds[0]}\t{bounds[1]}\t0.8\ttrue\t{kind}\t{text}\n"
    header = "parameterId\tlowerBound\tupperBound\tnominalValue\testimate\tpriorDistribution\tpriorParameters\n"
    problem = read_petab(written(tmp_path, parameters__tsv=f"{header}{row}k2\t0.01\t10\t0.6\ttrue\t\t\n"))
    inside = density.cdf(float(bounds[1])) - density.cdf(float(bounds[0]))
    made = log_priors(problem, problem.nominal)
    assert made["k1"] == pytest.approx(density.logpdf(0.8) - math.log(inside), abs=1e-12)
    assert made["k2"] == pytest.approx(-math.log(9.99), abs=1e-12)  # flat where nothing is said


def test_a_fault_of_the_model_is_named(tmp_path):
    """Level 3 version 1 asks for the attribute `fast`; the library only says that the model is invalid."""
    model = SBML.replace('version2/core" level="3" version="2"', 'version1/core" level="3" version="1"')
    with pytest.raises(FormatError, match=r"model.xml:\d+: .*fast"):
        read_petab(written(tmp_path, model__xml=model))
