"""The registry of blind predictions: what is registered, how measurements find it, how they are scored."""

import csv
import json
import math
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from calibration import register, score
from calibration.likelihood.baselines import Guess
from calibration.measured import growth_curves, half_effect_of, key_of, measurements
from calibration.register import COLUMNS, GUESSES, experiments

NAMES = [name for name, one in experiments().items() if "form" in one]
registered = pytest.mark.skipif(
    not (register.FOLDER / "registry.json").is_file(), reason="nothing is registered before an ensemble ships"
)


def rows_of(name: str) -> list[dict[str, str]]:
    return score.registered(name)


# What is registered


@registered
@pytest.mark.parametrize("name", NAMES)
def test_every_table_covers_its_lines_and_conditions_once(name):
    rows, one = rows_of(name), experiments()[name]
    assert tuple(rows[0]) == (*COLUMNS, *GUESSES)
    assert {row["line"] for row in rows} == set(one["lines"])
    keys = [key_of(row) for row in rows]
    assert len(set(keys)) == len(keys)
    for row in rows:
        low, median, high = (float(row[c]) for c in ("low", "median", "high"))
        assert low < median < high
        assert row["seen"] == ("partly" if row["line"] in one["partly_seen"] else "blind")


@registered
def test_a_table_that_was_changed_is_refused(tmp_path, monkeypatch):
    for name in ("lapatinib.csv", "registry.json"):
        (tmp_path / name).write_bytes((register.FOLDER / name).read_bytes())
    monkeypatch.setattr(score, "FOLDER", tmp_path)
    assert score.registered("lapatinib")
    text = (tmp_path / "lapatinib.csv").read_text()
    (tmp_path / "lapatinib.csv").write_text(text.replace("blind", "blend", 1))
    with pytest.raises(SystemExit, match="not the table that was registered"):
        score.registered("lapatinib")


# How measurements find their predictions


def write(file: Path, header: list[str], rows: list[list], delimiter: str = ",") -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    with open(file, "w", newline="") as stream:
        csv.writer(stream, delimiter=delimiter).writerows([header, *rows])


@registered
def test_a_plain_table_of_the_medians_has_no_error(tmp_path):
    rows = rows_of("HCC1954_knock_downs")
    columns = ["line", "condition", "quantity", "time_h"]
    write(
        tmp_path / "HCC1954_knock_downs.csv",
        [*columns, "value"],
        [[*(row[c] for c in columns), row["median"]] for row in rows],
    )
    measured = measurements("HCC1954_knock_downs", experiments()["HCC1954_knock_downs"], tmp_path, ["hcc1954"])
    found = score.scores(score.compared(rows, measured))
    assert found["n"] == len(rows)
    assert found["rmse"] == 0.0 and found["coverage"] == 1.0 and found["rank"] == pytest.approx(1.0)


@registered
def test_ligand_responses_are_found_in_the_table_of_their_study(tmp_path):
    folder = tmp_path / "niepel2014_ligand_response"
    folds = [f"Measured {p}:{t}min log10(fold change)" for p in ("pAkt", "pErk") for t in (10, 30, 90)]
    raw = [f"Measured {p}:{t}min log10(a.u.)" for p in ("pAkt", "pErk") for t in (10, 30, 90)]
    what = ["Cell Line Name", "Protein Name", "Ligand Concentration"]
    numbers = {a: [0.1 * k for k in range(6)] for a in ("EGF", "HRG")}
    rows = [["HCC-1569", a, x, *numbers[a]] for a in numbers for x in (1.0, 100.0)]
    rows += [["HCC-1569", a, 1.0, *[0.01, -0.01, 0.02] * 2] for a in ("SCF", "VEGF165")]
    write(folder / "pERK-pAKT_fold_change.tsv", [*what, *folds], rows, "\t")
    controls = ["Control pAkt (a.u.)", "Control pErk (a.u.)"]
    write(folder / "pERK-pAKT_raw_level.tsv", [*what, *raw, *controls], [[*r, 0.0, 0.0] for r in rows], "\t")
    one = experiments()["ligand_responses"]
    measured = measurements("ligand_responses", one, tmp_path, one["lines"])
    assert len(measured) == 24
    assert measured["hcc1569", "HRG 100 ng/mL", "pERK", float(f"{1 / 6:.5g}")] == pytest.approx(0.3)
    assert score.compared(rows_of("ligand_responses"), measured).measured.size == 24


@registered
def test_counts_under_lapatinib_and_growth_under_trastuzumab_are_found(tmp_path):
    doses = experiments()["lapatinib"]["nM"]
    write(
        tmp_path / "ccle_relative_viability.csv",
        ["line", "drug", "dose_nM", "relative_viability"],
        [[line, "Lapatinib", dose, 0.5] for line in ("ZR75-30", "AU565", "SKBR3") for dose in doses],
    )
    measured = measurements("lapatinib", experiments()["lapatinib"], tmp_path, experiments()["lapatinib"]["lines"])
    assert len(measured) == 16
    assert score.compared(rows_of("lapatinib"), measured).measured.size == 16
    header = ["cell_line", "drug", "experiment_id", "concentration", "GR_value_derived"]
    molar = [1.84e-11, 9.22e-11, 4.61e-10, 2.3e-9, 1.15e-8, 5.76e-8, 2.88e-7, 1.44e-6, 7.2e-6]
    curve = [1.0, 1.0, 0.9, 0.7, 0.5, 0.4, 0.4, 0.4, 0.2]
    write(
        tmp_path / "gray_trastuzumab" / "gray_herceptin_dose_response.csv",
        header,
        [
            ["HCC1569", "Herceptin", run, dose, value + shift]
            for run, shift in ((1, 0.1), (2, -0.1))
            for dose, value in zip(molar, curve, strict=True)
        ],
    )
    one = experiments()["trastuzumab"]
    measured = measurements("trastuzumab", one, tmp_path, one["lines"])
    assert measured["hcc1569", "plateau", "growth", 72.0] == pytest.approx(0.4)
    # Half of the way from 1 to 0.4 is 0.7, met at 2.3 nM.
    assert measured["hcc1569", "half effect", "dose", 72.0] == pytest.approx(math.log10(2.3))
    # A line in which most members have no effect has no half of it.
    registered = {key_of(row) for row in rows_of("trastuzumab")}
    assert len(registered & set(measured)) >= 10
    assert score.compared(rows_of("trastuzumab"), measured).measured.size == len(registered & set(measured))


def test_runs_of_a_line_are_averaged():
    rows = [
        {"cell_line": "SK-BR-3", "drug": "Herceptin", "concentration": "1e-9", "GR_value_derived": value}
        for value in ("0.4", "0.6")
    ]
    curves = growth_curves(rows, "Herceptin")
    assert list(curves) == ["skbr3"]
    assert [*curves["skbr3"].items()] == [pytest.approx((1.0, 0.5))]


@pytest.mark.parametrize(
    ("curve", "expected"),
    [([1.0, 0.9, 0.5, 0.4], -1 + 2 / 4 + 1), ([1.0, 1.0, 0.98, 0.97], math.nan), ([0.5, 0.4, 0.4, 0.4], math.nan)],
)
def test_half_effect_is_interpolated_over_log_dose(curve, expected):
    doses = np.array([0.1, 1.0, 10.0, 100.0])
    assert half_effect_of(doses, np.array(curve), curve[-1]) == pytest.approx(expected, nan_ok=True)


def test_a_plain_table_with_a_mistake_is_answered_in_one_line(tmp_path):
    write(
        tmp_path / "lapatinib.csv", ["line", "condition", "quantity", "time_h", "value"], [["HCC9999", "x", "y", 1, 2]]
    )
    with pytest.raises(SystemExit, match=r"lapatinib.csv, line 2: no cell line is called 'HCC9999'"):
        measurements("lapatinib", experiments()["lapatinib"], tmp_path, ["hcc1569"])


@registered
def test_a_folder_without_measurements_says_so(tmp_path, capsys):
    score.main(["--data", str(tmp_path)])
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(NAMES) and all("no measurements" in line for line in lines)


# How they are scored


def test_scores_by_hand():
    numbers = [np.array(values) for values in ([0.0, 1.0, 2.0], [0.0, 1.0, 1.0], [-1.0, 0.0, 0.0], [1.0, 2.0, 1.5])]
    measured, median, low, high = numbers
    nothing = np.full(3, np.nan)
    baselines = {"no change": Guess(np.zeros(3), nothing), "mean of lines": Guess(np.full(3, np.nan), nothing)}
    names = np.array(["a"] * 3), np.array(["growth a"] * 3)
    one = score.Scored(*names, measured, median, low, high, Guess(median, np.ones(3)), baselines)
    found = score.scores(one)
    assert found["rmse"] == pytest.approx(math.sqrt(1 / 3))
    assert found["coverage"] == pytest.approx(2 / 3)
    assert found["log_score"] == pytest.approx(-0.5 * math.log(2 * math.pi) - 1 / 6)
    assert found["rmse no change"] == pytest.approx(math.sqrt(5 / 3))
    assert "rmse mean of lines" not in found


@registered
def test_the_registry_names_its_ensemble_and_seed():
    about = json.loads((register.FOLDER / "registry.json").read_text())
    assert set(about["tables"]) == {f"{name}.csv" for name in NAMES}
    assert len(about["ensemble"]) == 64 and about["members"] >= 100


def test_a_line_of_unknown_kind_is_spread_as_lines_are(monkeypatch):
    monkeypatch.setattr(register, "read_spreads", lambda: {("ligand_fold", "pERK"): 0.4})
    data = [
        SimpleNamespace(line=line, kind=kind, quantity=quantity)
        for line, kind, quantity in (
            ("hcc202", "ligand_fold", "pERK"), ("hcc202", "ligand_fold", "pAKT"), ("skbr3", "ligand_fold", "pERK"),
            ("skbr3", "array_fold", "pERK"),
        )
    ]  # fmt: skip
    spread = register.spread_between_lines(data, {("skbr3", "ligand_fold")})
    assert spread.tolist() == [0.4, 0.0, 0.0, 0.0]
