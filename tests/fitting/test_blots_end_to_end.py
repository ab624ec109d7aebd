"""From gels to a cell line and its next experiment: the parameters that made the gels come back within their intervals.

The gels are made by the scenario's own run of a written cell line (`blots`), the fit has its own way of resting cells.
"""

import json
from pathlib import Path

import numpy as np
import pytest

import pathway
import pathway.formats.problems
from pathway.cli import BAD_INPUT, DONE, main
from pathway.fitting.laboratory.cells import ConfidenceLimits, fitted_cell_lines
from pathway.fitting.objective import Objective
from pathway.fitting.uncertainty.profiles import profile
from pathway.parameters import cell_line, cell_line_file
from pathway.scenario import built_in_laboratory, read_scenario, run_scenario
from tests.fitting import blots

TWO_WAYS = {"loading": '"loading"', "lane": '["loading", "lane: untreated 0 h"]'}


@pytest.fixture(scope="module")
def signals():
    return blots.true_signals()


def experiment(folder, gels, normalize='"loading"'):
    text = blots.SCENARIO.read_text(encoding="utf-8").replace('"loading"  ', f"{normalize}  ", 1)
    assert f"normalize = {normalize}" in text
    (folder / "gels.toml").write_text(text, encoding="utf-8")
    (folder / "fit_a_blot.csv").write_text(gels, encoding="utf-8")
    return folder / "gels.toml"


def test_the_shipped_gels_are_what_the_circuit_runs(signals):
    made = (blots.NOTE + blots.gels(blots.SEED, signals)).splitlines()
    shipped = blots.SHIPPED.read_text(encoding="utf-8").splitlines()
    assert made[:6] == shipped[:6] and len(made) == len(shipped)
    assert sum("<" in line for line in shipped[6:]) == sum(">" in line for line in shipped[6:]) == 1
    for ours, theirs in zip(made[6:], shipped[6:], strict=True):
        numbers = [[float(cell.strip("<>")) for cell in row.split(",")[3:]] for row in (ours, theirs)]
        assert numbers[0] == pytest.approx(numbers[1], rel=0.01)


@pytest.mark.parametrize("way", TWO_WAYS)
def test_three_gels_give_back_what_made_them(way, tmp_path, signals):
    # Other gels than the shipped ones, with one band below detection and one saturated lane as well.
    gels = blots.gels(11, signals)
    assert gels.count("<") == gels.count(">") == 1
    fit = pathway.fit(experiment(tmp_path, gels, TWO_WAYS[way]), starts=2, workers=1, directory=tmp_path / "search")
    limits = profile(Objective(fit.problem), fit.best.x, list(blots.TRUTH))
    for name, true in blots.TRUTH.items():
        assert limits[name].verdict == "identifiable"
        assert limits[name].lower < true < limits[name].upper, name
        assert limits[name].upper / limits[name].lower < 4.0
    scatter = fit.best.parameters["sigma_HER3_total"]
    assert scatter == pytest.approx(blots.SCATTER, rel=0.35)


def test_a_written_line_is_used_by_a_knock_down(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    command = ["fit", "fit_a_blot", "--starts", "1", "--workers", "1", "--write-cells", "my_line.toml", "--json"]
    assert main(command) == DONE
    capsys.readouterr()
    line = cell_line_file(tmp_path / "my_line.toml")
    for name, true in blots.TRUTH.items():
        entry = line.entries[name]
        assert (entry.confidence, entry.source) == ("fitted", "fit") and "interval" in entry.note
        assert entry.range[0] < true < entry.range[1]
    (tmp_path / "siPTEN.toml").write_text(
        'title = "PTEN knocked down in my line"\ncells = "./my_line.toml"\n[time]\nend = "24 h"\n'
        '[[arm]]\nname = "mine"\n[[arm]]\nname = "mine, siPTEN"\nknock_down = { PTEN = "80 %" }\n'
        '[[arm]]\nname = "as shipped"\ncells = "bt474"\n[show]\nobservables = ["PTEN", "pAKT", "cell_number"]\n',
        encoding="utf-8",
    )
    result = run_scenario(read_scenario("siPTEN.toml"))
    mine, lowered, shipped = (result.arms[n].courses for n in ("mine", "mine, siPTEN", "as shipped"))
    # Anchors were solved for the written line: PTEN in its own units, and the doubling time of the line.
    assert mine["PTEN"][0] == pytest.approx(1.0, rel=1e-6)
    assert mine["cell_number"][-1] == pytest.approx(shipped["cell_number"][-1], rel=1e-6)
    assert lowered["PTEN"][0] == pytest.approx(0.2, rel=1e-4)
    assert lowered["pAKT"][0] > 1.05 * mine["pAKT"][0] and mine["pAKT"][0] != pytest.approx(shipped["pAKT"][0], rel=0.1)


def test_each_line_of_a_joint_fit_is_written_with_its_own_numbers(tmp_path):
    (tmp_path / "points.csv").write_text("arm,time,observable,value,unit\nB,1,pAKT,3,a.u.\nS,1,pAKT,3,a.u.\n")
    (tmp_path / "two.toml").write_text(
        'title = "t"\ncells = "bt474"\n[time]\nend = "2 h"\n[[arm]]\nname = "B"\ncells = "bt474_resistant"\n'
        '[[arm]]\nname = "S"\ncells = "skbr3"\n[data]\nfile = "points.csv"\n[fit]\nparameters = ["k_S6K"]\n'
        '[fit.parameter.k_PI3K]\nshared = "no"\n[fit.parameter.HER2_level]\nshared = "factor"\n'
    )
    best = {"k_S6K": 5.0, "k_PI3K_bt474": 130.0, "k_PI3K_skbr3": 90.0, "factor_HER2_level": 1.1}
    known = {"factor_HER2_level": ConfidenceLimits(0.9, 1.3, "interval")}
    texts = fitted_cell_lines(read_scenario(tmp_path / "two.toml"), built_in_laboratory(), best, known)
    assert sorted(texts) == ["bt474_resistant", "skbr3"]
    for cells, gain in (("bt474_resistant", 130.0), ("skbr3", 90.0)):
        (tmp_path / f"{cells}_fitted.toml").write_text(texts[cells])
        line, usual = cell_line_file(tmp_path / f"{cells}_fitted.toml"), cell_line(cells)
        assert line.parent == cells
        assert (line.values["k_S6K"], line.values["k_PI3K"]) == (5.0, gain)
        level = usual.values["HER2_level"]
        assert line.values["HER2_level"] == pytest.approx(1.1 * level)
        assert line.entries["HER2_level"].range == pytest.approx((0.9 * level, 1.3 * level))


def test_a_fit_is_saved_loaded_and_drawn_again_the_same(tmp_path):
    fit = pathway.fit("fit_a_blot", starts=1, workers=1)
    fit.save(tmp_path / "fit.json")
    again = pathway.load_fit(tmp_path / "fit.json")
    for what in ("fits", "residuals", "waterfall", "parameters", "correlations"):
        first, second = (pathway.plot(f, what) for f in (fit, again))
        assert np.array_equal(pixels(first), pixels(second)), what


def pixels(figure):
    figure.canvas.draw()
    return np.asarray(figure.canvas.buffer_rgba())


def test_the_folder_of_a_fit_says_everything(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["fit", "fit_a_blot", "--starts", "1", "--workers", "1"]) == DONE
    folder = tmp_path / "results" / "fit_a_blot_fit"
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert "<svg" in page and "src=" not in page and "<link" not in page
    for words in (
        "What speaks against this fit",
        "numbers taken as given",
        "k_PI3K",
        "fit_a_blot.csv",
        "sha256",
        "a.u.",
        "HRG",
    ):
        assert words in page, words
    assert main(["profile", "fit_a_blot", "--parameter", "k_PI3K"]) == DONE
    out, err = capsys.readouterr()
    assert "identifiable" in out and f"from the fit in {Path('results/fit_a_blot_fit')}" in err
    ask = ["design", "fit_a_blot", "--target", "k_AKT_dephosphorylation", "--observable", "pAKT", "--json"]
    assert main([*ask, "--at", "2 min", "--at", "20 min", "--arm", "lapatinib", "--arm", "HRG"]) == DONE
    best = json.loads(capsys.readouterr().out)["suggestions"]
    # pAKT moves as fast as the phosphatases let it, for minutes only.
    assert len(best) == 4 and best[0]["time"] == pytest.approx(2 / 60)
    gains = [suggestion["gain"] for suggestion in best]
    assert gains == sorted(gains, reverse=True) and gains[0] > 2.0 * gains[-1] > 0.0
    assert main([*ask, "--arm", "lapatini"]) == BAD_INPUT
    assert main(["fit", "untreated_rest"]) != DONE
    assert "there is no [fit] table" in capsys.readouterr().err


def test_another_scenario_is_predicted_with_bands(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("next.toml").write_text(
        'title = "Less PTEN"\ncells = "bt474"\n[time]\nend = "24 h"\n[[arm]]\nname = "siPTEN"\n'
        'knock_down = { PTEN = "80 %" }\n[show]\nobservables = ["PTEN", "pAKT"]\n',
        encoding="utf-8",
    )
    problem = pathway.formats.problems.read_problem("fit_a_blot")
    draws = np.tile(problem.nominal, (3, 1))
    draws[:, problem.names.index("k_PI3K")] *= 0.8, 1.0, 1.5
    np.savetxt("draws.csv", draws, delimiter=",", header=",".join(problem.names), comments="")
    command = ["predict", "fit_a_blot", "--draws", "draws.csv", "--scenario", "next.toml", "--level", "1", "--json"]
    assert main(command) == DONE
    rows = json.loads(capsys.readouterr().out)["predictions"]
    pten, pakt = (next(r for r in rows if r["observable"] == name and r["time"] == 0.0) for name in ("PTEN", "pAKT"))
    # The knock-down is 80 % whatever PI3K does; pAKT is what is uncertain.
    assert (pten["low"], pten["high"]) == pytest.approx((0.2, 0.2), rel=1e-5)
    assert 1.02 < pakt["high"] / pakt["low"] < 2.0 and pakt["low"] < pakt["best"] < pakt["high"]
