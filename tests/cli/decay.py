"""A small PEtab problem: one species decays, in files that are to be written."""

from tests.cli.test_commands import SBML

MEASURED = [2.9, 2.1, 1.75, 1.05, 0.72, 0.38, 0.25]
PETAB = {
    "decay.xml": SBML,
    "decay.yaml": """format_version: 1
parameter_file: parameters.tsv
problems:
  - sbml_files: [decay.xml]
    condition_files: [conditions.tsv]
    measurement_files: [measurements.tsv]
    observable_files: [observables.tsv]
""",
    "conditions.tsv": "conditionId\nonly\n",
    "observables.tsv": "observableId observableFormula noiseFormula\nseen scale*A 0.1\n",
    "parameters.tsv": "parameterId parameterScale lowerBound upperBound nominalValue estimate\n"
    "k log10 0.01 10 0.5 1\nscale log10 0.1 10 1 1\n",
    "measurements.tsv": "observableId simulationConditionId measurement time\n"
    + "".join(f"seen only {value} {0.7 * k + 0.1:.1f}\n" for k, value in enumerate(MEASURED)),
}


def write_decay(here):
    """The problem in a folder of its own."""
    (here / "decay").mkdir()
    for name, text in PETAB.items():
        text = text.replace(" ", "\t") if name.endswith("tsv") else text
        (here / "decay" / name).write_text(text, encoding="utf-8")
