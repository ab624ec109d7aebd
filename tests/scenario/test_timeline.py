"""The protocol as text: every mark in the column that its time has on the scale above."""

from types import SimpleNamespace

import pytest

from pathway.scenario import read_scenario
from pathway.scenario.timeline import _scale, draw_timeline

from .toy import toy_laboratory

PROTOCOL = """
title = "t"
cells = "slow"
[time]
end = "48 h"
[dose.before]
agent = "drug"
amount = "5 nM"
at = "-24 h"
[dose.pulses]
agent = "drug"
amount = "5 nM"
every = "12 h"
times = 3
[dose.l]
agent = "ligand"
amount = "4 nM"
at = "12.1 h"
[[arm]]
name = "none"
[[arm]]
name = "a very long name of an arm that does not fit"
doses = ["before", "l"]
[[arm]]
name = "all"
doses = ["before", "pulses", "l"]
knock_down = { protein = { by = "50 %", at = "40 h" } }
"""
MARKS = ["A  drug 5 nM", "B  ligand 4 nM", "C  protein knocked down by 50 %", "#  several at about the same time"]
BEFORE = ".  before time zero"


def drawn(folder, text, width=78):
    (folder / "t.toml").write_text(text, encoding="utf-8")
    return draw_timeline(read_scenario(folder / "t.toml", (), toy_laboratory()), width).splitlines()


@pytest.mark.parametrize("width", [10, 40])
def test_a_narrow_one_has_forty_columns(tmp_path, width):
    """24 columns for 72 h: zero stands in round(24 / 72 * 23) = 8, 24 h in 15, 40 h in 20."""
    assert drawn(tmp_path, PROTOCOL, width) == [
        "               -24     0      24      48 h",
        "none           ........----------------",
        "a very long ~  A.......----B-----------",
        "all            A.......A---#--A----C---",
        *MARKS,
        BEFORE,
    ]


def test_one_that_begins_at_zero_marks_nothing_before_it(tmp_path):
    text = PROTOCOL.replace("-24 h", "6 h").replace('"48 h"', '"6 d"')
    assert drawn(tmp_path, text) == [
        "                            0       24      48      72      96      120     144 h",
        "none                        -------------------------------------------------",
        "a very long name of an ar~  --A-B--------------------------------------------",
        "all                         A-A-#---A----C-----------------------------------",
        *MARKS,
    ]


def test_one_dose_has_no_word_about_others(tmp_path):
    text = PROTOCOL[: PROTOCOL.index("[dose.before]")] + PROTOCOL[PROTOCOL.index("[dose.l]") :]
    text = text[: text.index('[[arm]]\nname = "a very')] + '[[arm]]\nname = "ligand"\ndoses = ["l"]\n'
    assert drawn(tmp_path, text, 40) == [
        "        0       12     24     36      48 h",
        "none    -------------------------------",
        "ligand  --------A----------------------",
        "A  ligand 4 nM",
    ]


def test_a_scale_begins_with_the_first_whole_step_that_is_shown(tmp_path):
    """78 h, of which 30 before zero, at steps of 24 h: -48 h is not on it, and -24 h begins a fifth of the way."""
    scale, *_ = drawn(tmp_path, PROTOCOL.replace("-24 h", "-30 h"), 40)
    assert scale.split() == ["-24", "0", "24", "48", "h"]
    assert scale.index("-24") == 15 + round(6 / 78 * 23)


def test_as_many_times_stand_on_the_scale_as_have_seven_columns_each():
    """In 42 columns 24 h have room for a time every four hours, in 41 for one every six."""
    day = SimpleNamespace(start=0.0, end=24.0)
    shown = [_scale(day, width, lambda time: round(time / 24.0 * 41.0)).split() for width in (42, 41)]
    assert shown == [["0", "4", "8", "12", "16", "20", "24", "h"], ["0", "6", "12", "18", "24", "h"]]
