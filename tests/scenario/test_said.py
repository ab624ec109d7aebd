# ruff: noqa: E501 - each change and what is said to it stand in one row
"""Each mistake of a scenario alone: the whole line that is said to it, with the number of its line; what is allowed says nothing."""

import pytest

from pathway.scenario import ScenarioError, read_scenario

from .toy import toy_laboratory

GOOD = """
title = "t"
cells = "slow"
[time]
end = "48 h"
[dose.d]
agent = "drug"
amount = "1000 nM"
[dose.l]
agent = "ligand"
amount = "4 nM"
[growth_rate]
of = ["d"]
[show]
observables = ["twice"]
[[arm]]
name = "none"
[[arm]]
name = "drug"
doses = ["d"]
[[expect]]
claim = "c"
role = "sanity"
quantity = "twice"
arm = "drug"
above = 1
"""
CHANGES = [
    (
        'amount = "1000 nM"',
        'amount = "1001 nM"',
        [
            "7: amount '1001 nM' is 1 times above the highest in-vitro dose on record (1000 nM). If intended, add to [dose.d]: allow = \"high dose\""
        ],
    ),
    (
        'amount = "1000 nM"',
        'amount = "0 nM"',
        ["7: amount '0 nM' must be more than zero; leave the dose out of an arm instead"],
    ),
    (
        'amount = "1000 nM"',
        'amount = "1000 nM"\nevery = "12 h"\ntimes = 5',
        ["9: times = 5: only 4 doses fall before the end (48 h)"],
    ),
    ('amount = "1000 nM"', 'amount = "1000 nM"\nevery = "12 h"\ntimes = 4', []),
    (
        'amount = "1000 nM"',
        'amount = "1000 nM"\nevery = "11 h"\ntimes = 6',
        ["9: times = 6: only 5 doses fall before the end (48 h)"],
    ),
    (
        'amount = "1000 nM"',
        'amount = "1000 nM"\ntimes = 2',
        ['8: times = 2 needs every = "..." too: the time from one dose to the next'],
    ),
    ('amount = "1000 nM"', 'amount = "1000 nM"\nat = "48 h"', ["8: at = '48 h' is not before the end (48 h)"]),
    (
        'amount = "1000 nM"',
        'amount = "1000 nM"\nevery = "1 min"\ntimes = 200000',
        ["9: this dose would be given 200000 times; at most 10000 make sense"],
    ),
    ('of = ["d"]', 'of = ["ligand"]', []),
    ('of = ["d"]', 'of = ["vehicle"]', ["12: no dose gives 'vehicle'; given here: 'drug', 'ligand'"]),
    (
        'of = ["d"]',
        'of = ["x"]',
        ["12: no agent given here and no dose is called 'x'. Known here: 'drug', 'ligand', 'd', 'l'."],
    ),
    ('of = ["d"]', 'of = "d"', ["12: of = 'd' is not a list; write of = [\"d\"]"]),
    ('of = ["d"]', "of = [3]", ["12: of holds the number 3; expected names in quotes"]),
    ('[dose.l]\nagent = "ligand"\namount = "4 nM"', '[dose.ligand]\nagent = "drug"\namount = "4 nM"', []),
    ('of = ["d"]', 'of = ["d"]\nat = "49 h"', ["13: at = '49 h' must lie between time zero and the end (48 h)"]),
    ('observables = ["twice"]', "observables = []", ["14: [show.observables] must hold at least one entry"]),
    (
        'observables = ["twice"]',
        'observables = "twice"',
        ["14: observables = 'twice' is not a list; write observables = [\"twice\"]"],
    ),
    ('observables = ["twice"]', "observables = {}", ["14: observables = a table is not a list"]),
    ('name = "none"', "name = 3", ['16: name = 3 is a number; expected text such as "untreated"']),
    (
        'name = "none"',
        'name = "none"\nknock_down = { protein = 3 }',
        ['17: protein = 3 has no unit; expected text with a unit such as "80 %"'],
    ),
    (
        'name = "none"',
        'name = "none"\nknock_down = { protein = "80 nM" }',
        ["17: knock-down of protein: '80 nM' must be a percentage such as '80 %'"],
    ),
    (
        'name = "none"',
        'name = "none"\nknock_down = { protein = { by = "80 %", at = "50 h" } }',
        ["17: '50 h' is not before the end (48 h)"],
    ),
    ('name = "none"', 'name = "none"\nknock_down = 3', ["17: [[arm]] number 1, knock_down is 3, expected a table"]),
    ('name = "none"', 'name = "none"\ndoses = ["e"]', ["17: no dose is called 'e'. Known here: 'd', 'l'."]),
    ('arm = "drug"', 'compare = "drug vs"', ["24: compare = 'drug vs' must read 'a vs b'"]),
    ('arm = "drug"', 'compare = "drug vs  "', ["24: compare = 'drug vs  ' must read 'a vs b'"]),
    ('arm = "drug"', 'ratio = "drug / none / drug"', ["24: ratio = 'drug / none / drug' must read 'a / b'"]),
    (
        'arm = "drug"',
        'compare = "drug vs none"\ntake = "log"',
        ['25: take = "log" is about a ratio; add ratio = "a / b"'],
    ),
    ('arm = "drug"', 'arm = "drug"\nreduce = "at"', ['20: [[expect]] \'c\': reduce = "at" needs at = "..."']),
    (
        'arm = "drug"',
        'arm = "drug"\nreduce = "rmse"',
        ['25: reduce = "rmse" needs [data] with the file of the measured points'],
    ),
    ('arm = "drug"', 'arm = "drug"\nat = "49 h"', ["25: at = '49 h' lies after the end (48 h)"]),
    ('arm = "drug"', 'arm = "drug"\nat = "4 nM"', ["25: at: 'nM' is a concentration, but 'h' is a time"]),
    (
        'arm = "drug"\n',
        "",
        ['20: [[expect]] \'c\' names no arm; add arm = "...", compare = "a vs b" or ratio = "a / b"'],
    ),
    ("above = 1", "", ["20: [[expect]] 'c' has no band; add above = ..., below = ..., or both"]),
    ("above = 1", "above = 2\nbelow = 1", ["25: above = 2 is greater than below = 1: nothing can meet that"]),
    ("[[expect]]", "[expect]", ["20: [expect] is a table, expected a list; write [[expect]] with two brackets"]),
    (
        'title = "t"',
        'title = "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"\nwhat = 1',
        [
            "2: unknown key 'what'. Known keys: title, source, question, caveats, cells, time, dose, changes, medium, growth_rate, arm, show, data, expect, fit, analyze"
        ],
    ),
    (
        'role = "sanity"',
        'role = "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"',
        [
            "22: role = 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx' is not one of 'sanity', 'construction', 'calibration', 'prediction'."
        ],
    ),
    (
        'role = "sanity"',
        'role = "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"',
        [
            "22: role = 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx... is not one of 'sanity', 'construction', 'calibration', 'prediction'."
        ],
    ),
    (
        'role = "sanity"',
        "role = true",
        ["22: role = true is not one of 'sanity', 'construction', 'calibration', 'prediction'."],
    ),
    (
        'claim = "c"',
        'claim = "c"\nover = { quantity = "twic" }',
        ["22: no observable is called 'twic'. Did you mean 'twice'? All observables: pathway show observables"],
    ),
    (
        "[show]",
        '[fit.parameter.k_loss]\nrange = ["1 1/h", "2 1/h", "3 1/h"]\n[show]',
        [
            "13: [fit] needs [data] with the file of the measurements",
            "14: [fit.parameter.k_loss.range] must hold two entries: the lowest and the highest value",
        ],
    ),
    (
        "[show]",
        '[fit.parameter.k_loss]\nrange = ["1 1/h"]\n[show]',
        [
            "13: [fit] needs [data] with the file of the measurements",
            "14: [fit.parameter.k_loss.range] must hold two entries: the lowest and the highest value",
        ],
    ),
    (
        "[show]",
        '[data]\nfile = "none.csv"\nnormalize = "x"\n[show]',
        [
            "14: there is no file 'none.csv' beside this scenario (HERE)",
            "15: normalize = 'x' is not one of 'loading', 'total', 'minmax' or 'lane: ARM TIME'.",
        ],
    ),
    ('end = "48 h"', 'end = "48 h"\nrecord_every = "49 h"', []),
    ('end = "48 h"', 'end = "48"', ["4: end: '48' has no unit; write for example '48 h'"]),
    ('end = "48 h"', "end = 48", ['4: end = 48 has no unit; expected text with a unit such as "120 h"']),
    (
        'cells = "slow"',
        'cells = "slo"',
        [
            "2: no cell line is called 'slo'. Did you mean 'slow'? All cell lines: pathway show cells; one of your own: pathway new my_line.toml --cells NAME"
        ],
    ),
]


@pytest.mark.parametrize(("old", "new", "told"), CHANGES)
def test_one_change_and_what_is_said_to_it(old, new, told, tmp_path):
    text = GOOD.lstrip()
    assert old in text
    (tmp_path / "t.toml").write_text(text.replace(old, new, 1), encoding="utf-8")
    said = []
    try:
        read_scenario(tmp_path / "t.toml", (), toy_laboratory())
    except ScenarioError as error:
        said = [
            line.replace(f"{tmp_path}/t.toml:", "").replace(str(tmp_path), "HERE") for line in str(error).splitlines()
        ]
    assert said == told
