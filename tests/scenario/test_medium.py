"""The medium as a scenario states it: starved for a time, starved for good, mistakes told in one line."""

import numpy as np
import pytest

from pathway.scenario import ScenarioError, read_scenario
from pathway.scenario.controls import untreated_arm
from pathway.scenario.run import run_scenario

TEXT = """
title = "EGF after a day without serum"
cells = "skbr3"
medium = { to = "serum-free", at = "-24 h" }

[time]
end = "1 h"

[dose.EGF]
agent = "EGF"
amount = "10 nM"

[[arm]]
name = "starved"
doses = ["EGF"]

[[arm]]
name = "fed"
medium = "full"
doses = ["EGF"]

[[arm]]
name = "long starved"
medium = "serum-free"
doses = ["EGF"]

[[arm]]
name = "by hand"
medium = "full"
doses = ["EGF"]

[show]
observables = ["pERK"]
"""
BY_HAND = 'medium = "full"\ndoses = ["EGF"]\n\n[show]'
CHANGE = 'doses = ["EGF"]\nchanges = { serum = { to = "0", at = "-24 h" } }\n\n[show]'


def read(tmp_path, text):
    file = tmp_path / "starved.toml"
    file.write_text(text, encoding="utf-8")
    return read_scenario(file)


def test_cells_starve_from_the_moment_on(tmp_path):
    text = TEXT.replace('medium = { to = "serum-free", at = "-24 h" }\n', "").replace(BY_HAND, CHANGE)
    text = text.replace('name = "starved"\n', 'name = "starved"\nmedium = { to = "serum-free", at = "-24 h" }\n')
    result = run_scenario(read(tmp_path, text))
    rest = {name: arm.courses["pERK"][arm.times <= 0.0] for name, arm in result.arms.items()}
    assert result.arms["starved"].times[0] == -24.0
    assert rest["starved"][-1] < 0.8 * rest["starved"][0]  # serum drives RAS
    assert rest["starved"][0] == pytest.approx(rest["fed"][0], rel=1e-9)
    assert np.ptp(rest["fed"]) < 1e-6 * rest["fed"][0]
    assert rest["long starved"][-1] == pytest.approx(rest["long starved"][0], rel=1e-5)
    assert np.array_equal(result.arms["starved"].courses["pERK"], result.arms["by hand"].courses["pERK"])


def test_the_protocol_names_the_medium_and_untreated_cells_share_it(tmp_path):
    scenario = read(tmp_path, TEXT)
    (change,) = scenario.arm("starved").timed_changes
    assert change.description == "serum-free medium"
    assert untreated_arm(scenario.arm("starved"), scenario).timed_changes == (change,)
    assert scenario.arm("fed").timed_changes == ()


@pytest.mark.parametrize(
    ("found", "instead", "said"),
    [
        ('medium = "full"', 'medium = "fulll"', r":19: no medium is called 'fulll'. Did you mean 'full'"),
        ('at = "-24 h"', 'at = "24 h"', r":4: '24 h' is not before the end \(1 h\)"),
        ('to = "serum-free", ', "", r":4: \[medium\] has no 'to'; expected for example to = \"serum-free\""),
        ('medium = "full"', "medium = 0", r":19: medium = 0 is a number; expected text such as \"serum-free\""),
        (
            'medium = "full"',
            'medium = "full"\nchanges = { serum = "0.1" }',
            r":19: medium = 'full' sets serum, and so do the changes",
        ),
    ],
)
def test_mistakes_are_told_in_one_line(tmp_path, found, instead, said):
    with pytest.raises(ScenarioError, match=said) as raised:
        read(tmp_path, TEXT.replace(found, instead, 1))
    assert len(str(raised.value).splitlines()) == 1
