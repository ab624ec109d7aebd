"""Every mistake gets one line with file and line number; all of a file come together; nothing is executed."""

import json
import re
import tomllib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pathway.cli import BAD_INPUT, main
from pathway.scenario import ScenarioError, read_scenario, schema
from pathway.scenario.check import ScenarioChecker
from pathway.scenario.read import _built
from pathway.scenario.structure import structural_mistakes
from pathway.toml_positions import key_lines

from .toy import toy_laboratory

BROKEN = Path(__file__).parent / "broken"
SAID = {
    "code_like_text": [r":16: amount of trastuzumab: .* does not start with a number"],
    "control_that_is_no_arm": [r":28: no arm is called 'untreted'\. Did you mean 'untreated'\?"],
    "dose_after_the_end": [r":17: at = '130 h' is not before the end \(120 h\)"],
    "duplicate_arm": [r":26: there are two arms called 'untreated'"],
    "high_dose": [r":16: amount '10 mg/mL' is 100 times above .* \(100 ug/mL\)\. .*allow = \"high dose\""],
    "missing_unit": [r":11: amount = 50 has no unit; expected text with a unit such as \"50 nM\""],
    "misspelt_agent": [r":15: no agent is called 'trastuzmab'\. Did you mean 'trastuzumab'"],
    "negative_end": [r":6: end = '-120 h' must lie after time zero"],
    "negative_record_every": [r":7: record_every = '-1 h' must be longer than zero"],
    "not_toml": [r":19: not TOML: expected ']' at the end of a table declaration, near '\[growth_rate'"],
    "several_at_once": [r":6: end: '120' has no unit", r":15: no agent .*", r":30: no observable is called 'pAKTT'"],
    "unknown_cell_line": [r":3: no cell line is called 'bt747_resistant'\. Did you mean 'bt474_resistant'"],
    "unknown_key": [r":12: unknown key 'att' in \[dose\.anti_mir21\]\. Did you mean 'at'\?"],
    "wrong_unit": [
        r":16: amount of trastuzumab: '10 h': 'h' is a time, but 'nM' is .*; expected for example '68\.7 nM'"
    ],
}


def test_every_broken_file_has_its_line():
    assert sorted(SAID) == sorted(path.stem for path in BROKEN.glob("*.toml"))


@pytest.mark.parametrize("name", SAID)
def test_broken_files(name, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    file = BROKEN / f"{name}.toml"
    assert main(["run", str(file)]) == BAD_INPUT
    out, err = capsys.readouterr()
    lines = err.splitlines()
    assert out == ""
    assert len(lines) == len(SAID[name])
    for line, pattern in zip(lines, SAID[name], strict=True):
        assert re.match(re.escape(str(file)) + pattern, line), line
    assert list(tmp_path.iterdir()) == []


RANKED = """
title = "t"
cells = "bt474"
[time]
end = "1 h"
[[arm]]
name = "a"
[[arm]]
name = "b"
[[arm]]
name = "c"
[[expect]]
claim = "c"
role = "prediction"
quantity = "pAKT"
above = 0
rank_with = """
RANKS = {
    "{ a = 1, b = 2, d = 3 }": r":16: no arm is called 'd'",
    "{ a = 1, b = 2 }": r":16: rank_with: 2 arms; a correlation needs at least 3",
    "{ a = 1, b = 2, c = nan }": r":16: rank_with: nan of 'c' is no measured number",
    '"pAKTT"': r":16: no observable is called 'pAKTT'. Did you mean 'pAKT'",
    '"PTEN"\narm = "a"': r":17: rank_with goes over arms; leave out 'arm'",
}


@pytest.mark.parametrize("written", RANKS)
def test_what_arms_cannot_be_ranked_with_is_told_with_its_line(written, tmp_path):
    file = tmp_path / "ranked.toml"
    file.write_text(RANKED.removeprefix("\n") + written + "\n", encoding="utf-8")
    with pytest.raises(ScenarioError) as caught:
        read_scenario(file)
    assert re.search(RANKS[written], str(caught.value)), str(caught.value)


def read_toy(tmp_path, text, settings=()):
    file = tmp_path / "toy.toml"
    file.write_text(text, encoding="utf-8")
    return read_scenario(file, settings, toy_laboratory())


GOOD = """
title = "t"
cells = "slow"
[time]
end = "72 h"
[dose.d]
agent = "drug"
amount = "10 nM"
at = "1 d"
every = "12 h"
[[arm]]
name = "a"
doses = ["d"]
"""

COMPLAINTS = {
    'end = "72 h"': ('end = "72 m"', "end: '72 m' is a length; minutes are 'min'"),
    'cells = "slow"': ("cells = 3", "cells = 3 is a number"),
    'amount = "10 nM"': ('amount = "10 nM"\ntimes = 0', "times must be at least 1"),
    'at = "1 d"': ('at = "1 d"\ntimes = 9', "only 4 doses fall before the end"),
    'every = "12 h"': ("times = 2", 'needs every = "..." too'),
    'doses = ["d"]': ('doses = "d"', "doses = 'd' is not a list; write doses = [\"d\"]"),
    'name = "a"': ('name = "a vs b"', "an arm cannot be called 'a vs b'"),
    "[[arm]]": ("[arm]", "write [[arm]] with two brackets"),
    'agent = "drug"': ('agent = "medium change"', "a medium change has no amount"),
}


@pytest.mark.parametrize("old", COMPLAINTS)
def test_complaints(old, tmp_path):
    new, said = COMPLAINTS[old]
    with pytest.raises(ScenarioError) as caught:
        read_toy(tmp_path, GOOD.replace(old, new, 1))
    assert said in str(caught.value)
    assert re.match(r".*toy\.toml:\d+: ", str(caught.value))


def test_an_open_ended_repetition_goes_on_until_the_end(tmp_path):
    assert read_toy(tmp_path, GOOD).doses["d"].times == (24.0, 36.0, 48.0, 60.0)


EXPECT = """
[[expect]]
claim = "c"
role = "sanity"
"""

EXPECT_COMPLAINTS = {
    'quantity = "cell_number"\narm = "a"': "has no band",
    'quantity = "cell_numbr"\narm = "a"\nabove = 1': "no observable is called 'cell_numbr'. Did you mean 'cell_number'",
    'quantity = "GR"\narm = "a"\nabove = 1': "GR needs [growth_rate]",
    'quantity = "twice"\ncompare = "a / b"\nabove = 1': "must read 'a vs b'",
    'quantity = "twice"\nratio = "a / b"\nabove = 1': "no arm is called 'b'",
    'quantity = "twice"\narm = "a"\nabove = 2\nbelow = 1': "nothing can meet that",
    'quantity = "twice"\narm = "a"\nreduce = "at"\nabove = 1': 'reduce = "at" needs at',
    'quantity = "twice"\narm = "a"\nreduce = "rmse"\nabove = 1': "needs [data]",
    'quantity = "twice"\narm = "a"\nat = "80 h"\nabove = 1': "lies after the end (72 h)",
    'quantity = "twice"\narm = "a"\ntake = "log"\nabove = 1': "is about a ratio",
    'arm = "a"\nabove = 1': "has no 'quantity'",
    'quantity = "twice"\narm = "a"\nabove = 1\nover = { quantity = "tvice" }': "no observable is called 'tvice'",
}


@pytest.mark.parametrize("words", EXPECT_COMPLAINTS)
def test_complaints_about_expectations(words, tmp_path):
    with pytest.raises(ScenarioError) as caught:
        read_toy(tmp_path, GOOD + EXPECT + words + "\n")
    assert EXPECT_COMPLAINTS[words] in str(caught.value)


def test_settings_change_what_the_file_says(tmp_path):
    settings = ["dose.d=20 nM", "end=48 h", "arm.a.cells=quick", "mu=0.5 x"]
    scenario = read_toy(tmp_path, GOOD, settings)
    assert scenario.doses["d"].amount == 20.0
    assert scenario.end == 48.0
    assert scenario.arm("a").cells == "quick"
    assert scenario.arm("a").changes == {"mu": "0.5 x"}


@pytest.mark.parametrize(
    "setting, said",
    [
        ("dose.d.amuont=1 nM", "--set dose.d.amuont=1 nM: unknown key 'amuont'"),
        ("dose.d=1 h", "--set dose.d=1 h: amount of drug"),
        ("arm.b.cells=quick", "there is no arm 'b'"),
        ("k_los=1", "Did you mean 'k_loss'?"),
        ("end", "expected KEY=VALUE"),
        ("dose.e.amount=1 nM", "[dose.e] has no 'agent'"),
        ("dose.dd=1 nM", "no dose is called 'dd'. Did you mean 'd'?"),
        ("dose.dd.amount=1 nM", "no dose is called 'dd'. Did you mean 'd'?"),
    ],
)
def test_wrong_settings_are_named(setting, said, tmp_path):
    with pytest.raises(ScenarioError) as caught:
        read_toy(tmp_path, GOOD, [setting])
    assert said in str(caught.value)
    assert str(caught.value).startswith("--set ")


def test_an_unknown_name_is_answered_with_the_nearest():
    with pytest.raises(ScenarioError, match="Did you mean 'antimir21_resensitises'"):
        read_scenario("antimir21_resensitise", (), toy_laboratory())


VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-5, 5),
    st.floats(),
    st.text(max_size=8),
    st.sampled_from(["1 nM", "-1 h", "5 x", "80 %", "a", "d", "GR", "a vs b", "a / b", "1e999 h", "nan h", "0 nM"]),
    st.lists(st.sampled_from(["a", "d", "twice", 3]), max_size=2),
    st.dictionaries(st.sampled_from(["by", "to", "at", "agent", "name", "mu", "quantity"]), st.just("1 h"), max_size=2),
)
PLACES = [
    ("cells",),
    ("time",),
    ("time", "end"),
    ("time", "record_every"),
    ("dose",),
    ("dose", "d"),
    ("dose", "d", "agent"),
    ("dose", "d", "amount"),
    ("dose", "d", "every"),
    ("dose", "d", "times"),
    ("arm",),
    ("arm", 0),
    ("arm", 0, "name"),
    ("arm", 0, "doses"),
    ("arm", 0, "changes"),
    ("arm", 0, "knock_down"),
    ("arm", 0, "control"),
    ("growth_rate",),
    ("growth_rate", "of"),
    ("show",),
    ("data",),
    ("changes",),
    ("expect",),
    ("expect", 0, "above"),
    ("expect", 0, "arm"),
    ("expect", 0, "compare"),
    ("expect", 0, "reduce"),
    ("expect", 0, "at"),
    ("expect", 0, "over"),
]


@given(st.lists(st.tuples(st.sampled_from(PLACES), VALUES), min_size=1, max_size=4))
@settings(max_examples=300, deadline=None)
def test_whatever_stands_in_a_file_it_is_read_or_refused_in_words(edits):
    """Never a traceback: any value at any place gives a scenario or mistakes in words."""
    document = tomllib.loads(GOOD + EXPECT + 'quantity = "twice"\narm = "a"\nabove = 1\n')
    for path, value in edits:
        table = document
        try:
            for part in path[:-1]:
                table = table[part]
            table[path[-1]] = value
        except (KeyError, IndexError, TypeError):
            continue
    mistakes = structural_mistakes(document) + ScenarioChecker(document, toy_laboratory(), Path()).mistakes()
    assert all(isinstance(place, tuple) and text for place, text in mistakes)
    if not mistakes:
        scenario = _built(Path("toy.toml"), "", document, (), toy_laboratory())
        assert scenario.end > 0 and scenario.arms


def test_positions():
    text = 'a = 1\n[t]\n"b c" = """\n[not.a.table]\nx = 1\n"""\nd = [\n 1,\n]\n'
    text += "[[r]]\ne = { f = 1, g = 2 }\n[[r]]\n[r.s]\nh.i = 2\n"
    lines = key_lines(text)
    expected = {("a",): 1, ("t",): 2, ("t", "b c"): 3, ("t", "d"): 7, ("r", 0): 10, ("r", 0, "e", "g"): 11}
    expected |= {("r", 1): 12, ("r", 1, "s"): 13, ("r", 1, "s", "h", "i"): 14}
    assert {path: lines[path] for path in expected} == expected
    assert ("t", "x") not in lines and ("not", "a", "table") not in lines


def test_the_json_schema_for_editors_is_up_to_date():
    shipped = json.loads(Path(schema.__file__).with_name("schema.json").read_text(encoding="utf-8"))
    assert shipped == schema.json_schema(), "run: python -m pathway.scenario.schema"


def test_the_json_schema_accepts_what_the_package_ships():
    import jsonschema

    from pathway.scenario import find_scenario, scenario_names

    checker = jsonschema.Draft202012Validator(schema.json_schema())
    for name in scenario_names():
        checker.validate(tomllib.loads(find_scenario(name).read_text(encoding="utf-8")))


def test_a_folder_and_brackets_without_end_are_one_line(tmp_path):
    with pytest.raises(ScenarioError, match="this is a folder; a scenario is a TOML file"):
        read_scenario(str(tmp_path), (), toy_laboratory())
    with pytest.raises(ScenarioError, match="not TOML: brackets nested too deeply"):
        read_toy(tmp_path, "x = " + "[" * 20_000)


ARMS = """title = "t"
cells = "slow"
[time]
end = "48 h"
[[arm]]
name = "one"
[[arm]]
name = "two"
control = "{control}"
[[expect]]
claim = "e"
role = "sanity"
quantity = "twice"
{arms}
above = 1
"""


@pytest.mark.parametrize(
    ("control", "arms", "told"),
    [
        ("two", 'arm = "one"', [":9: arm 'two' cannot be its own control"]),
        (
            "one",
            'arm = "one"\ncompare = "one vs two"',
            [":15: [[expect]] 'e' has both 'arm' and 'compare'; choose one"],
        ),
        (
            "one",
            'compare = "one vs two"\narm = "one"',
            [":14: [[expect]] 'e' has both 'arm' and 'compare'; choose one"],
        ),
    ],
)
def test_arms_that_contradict_themselves(control, arms, told, tmp_path):
    with pytest.raises(ScenarioError) as found:
        read_toy(tmp_path, ARMS.format(control=control, arms=arms))
    lines = str(found.value).splitlines()
    assert [line.partition("toy.toml")[2] for line in lines][: len(told)] == told


HOUR = 'title = "t"\ncells = "bt474"\n[time]\nend = "48 h"\nrecord_every = "{0}"\n[[arm]]\nname = "a"\n'


@pytest.mark.parametrize(
    ("every", "said"),
    [
        ("0 h", "record_every = '0 h' must be longer than zero"),
        ("1e-9 h", "record_every would give 48000000000 records; at most"),
        ("1 h", ""),
    ],
)
def test_what_is_recorded_has_bounds(every, said, tmp_path):
    file = tmp_path / "t.toml"
    file.write_text(HOUR.format(every))
    if not said:
        assert read_scenario(file).record_every == 1.0
        return
    with pytest.raises(ScenarioError) as caught:
        read_scenario(file)
    assert said in str(caught.value)


def test_what_is_wrong_elsewhere_is_told_before_measurements_are_asked(tmp_path):
    """A point at 500 h lies beyond the end, which is told once the scenario around it can be built."""
    file = tmp_path / "t.toml"
    (tmp_path / "points.csv").write_text("arm,time,observable,value,unit,error\na,500,PTEN,1,1,0.1\n")
    text = HOUR.format("1 h") + '[data]\nfile = "points.csv"\n[fit]\nparameters = ["k_PI3K"]\n'
    for end, said in (("-48 h", "must lie after time zero"), ("48 h", "time 500 h lies after the end")):
        file.write_text(text.replace("48 h", end))
        with pytest.raises(ScenarioError) as caught:
            read_scenario(file)
        assert len(caught.value.mistakes) == 1 and said in str(caught.value)
