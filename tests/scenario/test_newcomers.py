"""What people type who know the bench and have read the tutorial once: each is answered by a line that says the fix."""

import pytest

from pathway.scenario import ScenarioError, read_scenario

GOOD = """\
title = "What I want to know"
cells = "bt474"
time = { end = "24 h" }
growth_rate = { of = ["trastuzumab"] }
show = { observables = ["pAKT", "cell_number"] }
dose.t = { agent = "trastuzumab", amount = "10 ug/mL" }
arm = [ { name = "untreated" }, { name = "T", doses = ["t"] } ]
"""
EXPECT = """
[[expect]]
claim = "It works"
role = "prediction"
quantity = "GR"
arm = "T"
below = 0.5
"""
AMOUNT, ARM, END = '"10 ug/mL" }', '{ name = "T", ', '"24 h" }'
MISTAKES = [
    ("10 ug/mL", "10 mg/kg", 6, "is a plain number, but 'nM' is a concentration; expected for example '68.7 nM'"),
    ("10 ug/mL", "10 nmol", 6, "'nmol' is an amount, but 'nM' is a concentration"),
    ("10 ug/mL", "10 um", 6, "'um' is a length, but 'nM' is a concentration"),
    ("10 ug/mL", "10 M", 6, 'If intended, add to [dose.t]: allow = "high dose"'),
    ('"10 ug/mL"', "10", 6, 'has no unit; expected text with a unit such as "50 nM"'),
    ('"pAKT"', '"phospho-AKT"', 5, "Here that is 'pAKT'."),
    ('"pAKT"', '"pATK"', 5, "Did you mean 'pAKT'"),
    ('"bt474"', '"BT-474-R"', 2, "Did you mean 'bt474' or 'bt474_resistant'?"),
    ('"bt474"', '"SUM-159"', 2, "one of your own: pathway new my_line.toml --cells NAME"),
    ('"bt474"', '["bt474", "skbr3"]', 2, "one line: another one stands on its arm, cells = ..."),
    ('agent = "trastuzumab"', 'agent = "Hercepton"', 6, "Did you mean 'Herceptin' (trastuzumab)"),
    ('agent = "trastuzumab"', 'agent = "paclitaxel"', 6, "All agents: pathway show agents"),
    ('doses = ["t"]', 'doses = ["trastuzumab"]', 7, "no dose is called 'trastuzumab'. Here that is 't'."),
    ('doses = ["t"]', 'doses = "t"', 7, 'write doses = ["t"]'),
    ('of = ["trastuzumab"]', 'of = "trastuzumab"', 4, 'write of = ["trastuzumab"]'),
    (", amount", " amount", 6, "is a comma missing between two entries"),
    ('title = "What I want to know"', "title = me", 1, "text and quantities stand in quotation marks"),
    (AMOUNT, '"10 ug/mL", duration = "24 h" }', 6, "An exposure ends with a dose of 'medium change'."),
    (AMOUNT, '"10 ug/mL", at = "0 h, 12 h" }', 6, "repeat with every and times, or write a dose for each"),
    (AMOUNT, '"10 ug/mL", at = ["0 h", "12 h"] }', 6, "repeat with every and times, or write a dose for each"),
    (AMOUNT, '"10 ug/mL", start = "0 h" }', 6, "Write at."),
    ("amount =", "concentration =", 6, "Write amount."),
    ("agent =", "drug =", 6, "Write agent."),
    (END, '"24 h", start = "-24 h" }', 3, 'what comes before it has a negative time: at = "-24 h".'),
    (END, '"24" }', 3, "write for example '24 h'"),
    (ARM, ARM + "knock_down = { PTEN = 80 }, ", 7, 'such as "80 %"'),
    (ARM, ARM + 'knock_down = { miR21 = "80 %" }, ', 7, "lowered by an agent: 'anti-miR-21 (transfected)'"),
    (ARM, ARM + 'knockdown = { PTEN = "80 %" }, ', 7, "Did you mean 'knock_down'?"),
    (ARM, ARM + 'mutation = "PIK3CA H1047R", ', 7, "A genotype belongs to a cell line"),
    (ARM, ARM + 'overexpression = { PTEN = "3 x" }, ', 7, 'changes = { NAME = "3 x" }'),
    (ARM, '{ name = "untreated", ', 7, "there are two arms called 'untreated'"),
    ("arm = [", "arms = [", 1, "there is no arm; add at least [[arm]] with a name"),
    ('quantity = "GR"', 'quantity = "viability"', 12, "Here that is 'percent_of_control'."),
    ('arm = "T"\nbelow', 'arm = "trastuzumab"\nbelow', 13, "'trastuzumab'. Known here: 'untreated', 'T'."),
    ('"prediction"', '"hypothesis"', 11, "is not one of 'sanity', 'construction', 'calibration', 'prediction'"),
    ("below = 0.5\n", "", 9, "has no band; add above = ..., below = ..., or both"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "line", "fix"), MISTAKES)
def test_a_mistake_of_somebody_new_is_answered_by_a_line_that_says_the_fix(old, new, line, fix, tmp_path):
    file = tmp_path / "mine.toml"
    assert (GOOD + EXPECT).count(old) >= 1
    file.write_text((GOOD + EXPECT).replace(old, new, 1))
    with pytest.raises(ScenarioError) as told:
        read_scenario(file)
    lines = [text for text in str(told.value).splitlines() if fix in text]
    assert lines and all(text.startswith(f"{file}:{line}: ") for text in lines), str(told.value)


def test_without_mistakes_nothing_is_said(tmp_path):
    file = tmp_path / "mine.toml"
    file.write_text(GOOD + EXPECT)
    assert [arm.name for arm in read_scenario(file).arms] == ["untreated", "T"]


def test_a_table_is_no_scenario(tmp_path):
    (tmp_path / "blot.csv").write_text("arm;time\n")
    with pytest.raises(ScenarioError, match=r'a scenario names it: \[data\] file = "blot.csv"'):
        read_scenario(tmp_path / "blot.csv")
