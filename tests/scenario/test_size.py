"""What a run is expected to take, against the same sums written out."""

import pytest

from pathway.scenario import read_scenario
from pathway.scenario.size import RunSize, expected_size

from .toy import toy_laboratory

MANY = """
title = "t"
cells = "slow"
[time]
end = "72 h"
record_every = "0.5 h"
[dose.d]
agent = "drug"
amount = "10 nM"
at = "-24 h"
every = "1 h"
times = 50
[[arm]]
name = "none"
[[arm]]
name = "all"
doses = ["d"]
changes = { mu = { to = "0.5 x", at = "3 h" } }
knock_down = { protein = { by = "50 %", at = "40 h" } }
"""


def test_arms_doses_changes_and_records_are_counted(tmp_path):
    (tmp_path / "t.toml").write_text(MANY, encoding="utf-8")
    found = expected_size(read_scenario(tmp_path / "t.toml", (), toy_laboratory()))
    assert (found.arms, found.events, found.records) == (2, 52, 2 * 193)
    assert found.seconds == pytest.approx(1.5 + 2 * 2e-3 + 52 * 4e-5 + 386 * 1e-5)
    assert found.bytes == pytest.approx(250e6 + 386 * 400) and found.remark == ""


@pytest.mark.parametrize(("seconds", "size", "told"), [(4.9, 4.9e8, False), (5.0, 1.0, True), (1.0, 5e8, True)])
def test_only_a_long_or_large_run_is_worth_a_line(seconds, size, told):
    said = RunSize(1, 2, 3, seconds, size).remark
    assert bool(said) == told
    if told:
        line = f"about {seconds:.0f} s and {size / 1e9:.1f} GB of memory: 1 arms, 2 doses and changes, 3 records"
        assert said == line
