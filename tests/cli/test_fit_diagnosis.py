"""`pathway fit` says what speaks against the fit: on the screen, in JSON and in the folder."""

import csv
import json

import pytest

from pathway.cli import DONE, main
from tests.cli.decay import PETAB


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The decay with its rate taken as 0.3, where the points fall at 0.5; the scale is estimated."""
    monkeypatch.chdir(tmp_path)
    files = PETAB | {
        "parameters.tsv": "parameterId parameterScale lowerBound upperBound nominalValue estimate\n"
        "k log10 0.01 10 0.3 0\nscale log10 0.1 10 1 1\n"
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text.replace(" ", "\t") if name.endswith(".tsv") else text, encoding="utf-8")
    return tmp_path


def test_a_wrong_rate_is_named_everywhere(folder, capsys):
    command = ["fit", "decay.yaml", "--starts", "1", "--workers", "1"]
    assert main(command) == DONE
    out = capsys.readouterr().out
    assert "k = 0.3 is contradicted: letting it go improves the objective by" in " ".join(out.split())
    with (folder / "results" / "decay_fit" / "fixed_numbers.csv").open(newline="") as stream:
        rows = list(csv.reader(stream))
    assert rows[1][:2] == ["k", "0.3"]
    assert main([*command, "--resume", "results/decay_fit", "--json"]) == DONE
    told = json.loads(capsys.readouterr().out)
    (number,) = told["contradicted"]
    assert number["name"] == "k" and number["refitted"]
    assert 0.4 < number["goes_to"] < 0.6 and number["improvement"] > 10.0
    assert told["diagnosis"][0].startswith("k = 0.3 is contradicted") and told["not_seen"] == []
    lack = "Lack of fit: seen lies off its curves by more than the noise given"
    assert any(sentence.startswith(lack) for sentence in told["diagnosis"])
