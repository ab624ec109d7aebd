"""Fifty mistakes that people make, at the terminal, in files and in Python: each answered by one line with the fix."""

from pathlib import Path

import pytest

import pathway
from pathway.cli import BAD_INPUT, main

SCENARIO = """title = "Own"
cells = "bt474_resistant"
[time]
end = "72 h"
[dose.drug]
agent = "trastuzumab"
amount = "10 ug/mL"
at = "0 h"
[growth_rate]
of = ["trastuzumab"]
[[arm]]
name = "untreated"
[[arm]]
name = "treated"
doses = ["drug"]
[show]
observables = ["pAKT", "PTEN"]
"""

IN_FILES = [
    ('cells = "bt474_resistant"', 'cells = "bt747"', "Did you mean 'bt474'"),
    ('agent = "trastuzumab"', 'agent = "trastuzmab"', "Did you mean 'trastuzumab'"),
    ('amount = "10 ug/mL"', 'amount = "10"', "has no unit"),
    ('amount = "10 ug/mL"', 'amount = "10 mg"', "expected for example"),
    ('amount = "10 ug/mL"', 'amount = "1,000 nM"', "write '1.000 nM' or '1000 nM'"),
    ('amount = "10 ug/mL"', 'amount = "10 ugg/mL"', "no unit is called 'ugg'"),
    ('amount = "10 ug/mL"', 'amount = "1 g/mL"', "100 ug/mL"),
    ('amount = "10 ug/mL"', 'amount = "-1 nM"', "must be more than zero"),
    ('amount = "10 ug/mL"', "amount = 10", "expected"),
    ('at = "0 h"', 'at = "0"', "write for example '0 h'"),
    ('at = "0 h"', 'at = "5 m"', "minutes are 'min'"),
    ('at = "0 h"', 'at = "100 h"', "end"),
    ('end = "72 h"', 'end = "72"', "write for example '72 h'"),
    ('end = "72 h"', 'end = "-72 h"', "must lie after time zero"),
    ('end = "72 h"', 'ende = "72 h"', "Did you mean 'end'"),
    ('doses = ["drug"]', 'doses = ["durg"]', "Did you mean 'drug'"),
    ('doses = ["drug"]', 'dose = ["drug"]', "Did you mean 'doses'"),
    ('doses = ["drug"]', 'doses = "drug"', 'write doses = ["drug"]'),
    ('of = ["trastuzumab"]', 'of = ["lapatinib"]', "given here: 'trastuzumab'"),
    ('name = "treated"', 'name = "untreated"', "untreated"),
    ('observables = ["pAKT", "PTEN"]', 'observables = ["pakt"]', "Did you mean 'pAKT'"),
    ('observables = ["pAKT", "PTEN"]', 'observables = ["Pten"]', "Did you mean 'PTEN'"),
    ("[[arm]]\nname", "[arm]\nname", "arm"),
    ('title = "Own"', 'title = "Own', "quotation mark is missing"),
    ("[growth_rate]", "[growthrate]", "Did you mean 'growth_rate'"),
]

TYPED = [
    (["rum", "mine.toml"], "run"),
    (["run"], "name_or_file"),
    (["run", "nothing.toml"], "no such file"),
    (["run", "antimir21_resensitise"], "Did you mean 'antimir21_resensitises'"),
    (["run", "mine.toml", "--josn"], "--json"),
    (["run", "mine.toml", "--set", "dose.drug"], "expected KEY=VALUE"),
    (["run", "mine.toml", "--set", "dose.durg=1 nM"], "Did you mean 'drug'"),
    (["run", "mine.toml", "--ensemble", "calibratd"], "calibrated"),
    (["run", "model.xml"], "--until"),
    (["show", "agent"], "agents"),
    (["show", "agents", "Herceptine"], "pathway show agents"),
    (["show", "parameters", "--cells", "bt47"], "Did you mean 'bt474'"),
    (["explain", "antimir21_resensitises", "--reading", "pakt"], "Did you mean 'pAKT'"),
    (["explain", "mine.toml", "--arm", "treatd"], "Did you mean 'treated'"),
    (["synergy", "antimir21_resensitises", "--grid", "8"], "8x8"),
    (["plot", "nowhere"], "no fit, posterior or profiles are here"),
    (["compare", "nowhere", "nowhere"], "result.json is missing"),
    (["export", "bt47", "--to", "sbml", "--out", "x.xml"], "Did you mean 'bt474'"),
    (["plot", "nowhere", "--out", "x.gif"], ".png, .svg, .pdf"),
]

IN_PYTHON = [
    (lambda: pathway.run("antimir21_resensitise"), "Did you mean 'antimir21_resensitises'"),
    (lambda: pathway.run(5), "pathway.scenarios()"),
    (lambda: pathway.run("antimir21_resensitises", setings={}), "Did you mean 'settings'"),
    (lambda: pathway.run("antimir21_resensitises", settings=5), "expected a mapping"),
    (lambda: pathway.load("bt47"), "Did you mean 'bt474'"),
    (lambda: pathway.simulate("bt474"), "'times' is missing"),
    (lambda: pathway.export("bt474", "x.xml", to="sbml"), "'to' is given twice, by its place and by its name"),
    (lambda: pathway.simulate("bt474", 72.0), "numpy.linspace"),
    (lambda: pathway.simulate(initial="steady_state"), "expected a Model, a cell line such as 'bt474'"),
    (lambda: pathway.simulate("bt474", [1.0, 0.5]), "must not decrease"),
    (lambda: pathway.simulate("minimal", [1.0], parameters={"k_PTNE": 1.0}), "Did you mean 'k_PTEN'"),
    (lambda: pathway.simulate("minimal", [1.0], begin=0.0), "is called 'start'"),
    (lambda: pathway.simulate("minimal", [1.0], start="steady_state"), "given as 'initial'"),
    (lambda: pathway.simulate("minimal", [1.0], interventions=pathway.Intervention(0.5)), "a list of Intervention"),
    (lambda: pathway.simulate("minimal", [1.0])["PTNE"], "Did you mean 'PTEN'"),
    (lambda: pathway.simulate_ensemble("minimal", [1.0], [1.0]), "shape (n_members, "),
    (lambda: pathway.plot(5), "expected Result, Trajectory"),
    (lambda: pathway.synergy("antimir21_resensitises", grid=8), "something like '8x8'"),
    (lambda: pathway.explain("antimir21_resensitises", readin="PTEN"), "Did you mean 'reading'"),
    (lambda: pathway.agents()["trastuzumap"], "Did you mean 'trastuzumab'"),
    (lambda: pathway.export("bt474", "smbl", "x.xml"), "Did you mean 'sbml'"),
    (lambda: pathway.validate("nothing"), "All scenarios: pathway show scenarios"),
    (lambda: pathway.compare("nowhere", "nowhere"), "result.json is missing"),
    (lambda: pathway.load_fit("nowhere"), "there is no such file"),
    (lambda: pathway.load_fit(5), "expected a file or the folder of a command"),
    (lambda: pathway.fit("fit_a_blot", starts="ten"), "'starts' is 'ten', expected a whole number"),
    (lambda: pathway.fit("fit_a_blot", strts=10), "Did you mean 'starts'"),
    (lambda: pathway.validate(5), "expected text or a list or None"),
    (lambda: pathway.run("antimir21_resensitises", laboratory=5), "expected a Laboratory or None"),
    (lambda: pathway.run("antimir21_resensitises", ensemble="calibratd"), "Did you mean 'calibrated'"),
    (lambda: pathway.run("antimir21_resensitises", ensemble="none", progress=5), "expected True, False or a function"),
    (lambda: pathway.run("antimir21_resensitises", ensemble="none").arms["bth"], "Did you mean 'both'"),
    (lambda: pathway.run("antimir21_resensitises", ensemble="none").interval("both", "gr"), "Did you mean 'GR'"),
    (lambda: pathway.run("antimir21_resensitises", ensemble="none").save(5), "expected a path"),
    (
        lambda: pathway.simulate("minimal", [1.0], interventions=[pathway.Intervention(0.5, set={"PTEN": "x"})]),
        "expected names with numbers",
    ),
]


def test_there_are_fifty():
    assert len(IN_FILES) + len(TYPED) + len(IN_PYTHON) >= 50


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    Path("mine.toml").write_text(SCENARIO, encoding="utf-8")
    Path("model.xml").write_text("<sbml/>", encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize(("right", "wrong", "fix"), IN_FILES)
def test_a_mistake_in_a_file_is_answered_by_one_line(right, wrong, fix, here, capsys):
    assert right in SCENARIO
    Path("mine.toml").write_text(SCENARIO.replace(right, wrong), encoding="utf-8")
    assert main(["run", "mine.toml"]) == BAD_INPUT
    lines = capsys.readouterr().err.strip().splitlines()
    assert any(fix in line and "mine.toml" in line for line in lines), lines
    assert len(lines) <= 2 and all(len(line) < 400 for line in lines), lines


@pytest.mark.parametrize(("words", "fix"), TYPED)
def test_a_mistake_at_the_terminal_is_answered_by_one_line(words, fix, here, capsys):
    assert main(words) == BAD_INPUT
    lines = [line for line in capsys.readouterr().err.strip().splitlines() if not line.startswith(("Usage", "More"))]
    assert len(lines) == 1 and fix in lines[0], lines


@pytest.mark.parametrize(("call", "fix"), IN_PYTHON)
def test_a_mistake_in_python_is_answered_by_one_line(call, fix, here):
    with pytest.raises((ValueError, KeyError, LookupError)) as caught:
        call()
    assert fix in str(caught.value) and "\n" not in str(caught.value)
    assert not any("fault of pathway" in note for note in getattr(caught.value, "__notes__", ()))
