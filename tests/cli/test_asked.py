"""Names in "OBSERVABLE in ARM at TIME", of one file and of several."""

from types import SimpleNamespace

import pytest

from pathway.cli import BAD_INPUT, BadInput, main
from pathway.cli.asked import aim_of_design, asked_measurement, feasible_measurements
from pathway.fitting.problem import Measurement

WIDE, LONG, COUNTS = "pAKT in gels_wide", "pAKT in gels_long", "cell_number in counts"


@pytest.fixture
def problem():
    """Two files with pAKT, of which only the long one has the combination; arms with an "in" of their own."""
    points = [
        Measurement(WIDE, "Tz", 8.0, 1.0),
        Measurement(LONG, "Tz", 8.0, 1.0),
        Measurement(LONG, "Tz in serum", 8.0, 1.0),
        Measurement(COUNTS, "Tz", 24.0, 1.0),
        Measurement("pERK", "Tz", 8.0, 1.0),
    ]
    experiments = [SimpleNamespace(name=name) for name in ("untreated", "Tz", "Tz in serum")]
    return SimpleNamespace(
        measurements=points, experiments=experiments, names=("k_PI3K",), model=SimpleNamespace(time_unit="h")
    )


@pytest.mark.parametrize(
    ("text", "observable", "arm", "time"),
    [
        ("pAKT in gels_wide in Tz at 8 h", WIDE, "Tz", 8.0),
        ("pAKT in gels_long in Tz in serum at 30 min", LONG, "Tz in serum", 0.5),
        ("pAKT in gels_wide in Tz in serum at 8 h", WIDE, "Tz in serum", 8.0),
        ("pAKT in Tz in serum at 8 h", LONG, "Tz in serum", 8.0),  # only one file has it there
        ("pERK in untreated at 8 h", "pERK", "untreated", 8.0),
        ("cell_number in untreated at 8 h", COUNTS, "untreated", 8.0),
    ],
)
def test_names_are_those_of_the_tables_or_short_where_that_is_clear(problem, text, observable, arm, time):
    found = asked_measurement(problem, text, "--interval")
    assert (found.observable, found.experiment, found.time) == (observable, arm, time)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "pAKT in Tz at 8 h",
            "'pAKT' stands in several files; say 'pAKT in gels_wide in Tz' or 'pAKT in gels_long in Tz'",
        ),
        ("pAKT in untreated at 8 h", "say 'pAKT in gels_wide in untreated' or 'pAKT in gels_long in untreated'"),
        ("pAKT in gels_wid in Tz at 8 h", "Did you mean 'pAKT in gels_wide'"),
        ("pArK in Tz at 8 h", "no observable is called 'pArK'. Did you mean 'pERK'"),
        ("pERK in Tzz at 8 h", "no arm is called 'Tzz'. Did you mean 'Tz'"),
        ("pAKT in Tzz at 8 h", "no arm is called 'Tzz'"),
        ("pAKT in gels_wide in Tzz at 8 h", "no arm is called 'Tzz'"),
        ("pERK in Tz", "expected 'OBSERVABLE in ARM at TIME'"),
        ("pERK at 8 h", "expected 'OBSERVABLE in ARM at TIME'"),
    ],
)
def test_what_is_not_clear_is_answered_with_the_names_that_are(problem, text, words):
    with pytest.raises(BadInput) as error:
        asked_measurement(problem, text, "--interval")
    assert words in str(error.value)


def test_a_design_is_about_a_parameter_or_a_measurement(problem):
    assert aim_of_design(problem, "k_PI3K") == "k_PI3K"
    assert aim_of_design(problem, "pAKT in gels_long in Tz at 1 h").observable == LONG
    with pytest.raises(BadInput, match="no estimated parameter is called 'k_PI3'"):
        aim_of_design(problem, "k_PI3")


def test_a_short_name_stands_for_all_its_files(problem):
    found = feasible_measurements(problem, ["4 h"], ["Tz"], ["pAKT"])
    assert {(m.observable, m.experiment, m.time) for m in found} == {(WIDE, "Tz", 4.0), (LONG, "Tz", 4.0)}
    assert {m.observable for m in feasible_measurements(problem, None, None, [WIDE, "pERK"])} == {WIDE, "pERK"}
    with pytest.raises(BadInput, match="no observable is called 'pAK'"):
        feasible_measurements(problem, None, None, ["pAK"])


def test_a_scenario_with_two_files_is_asked_by_the_names_of_its_tables(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "gels_wide.csv").write_text("arm,time,pAKT [a.u.]\nB,1 h,3\nB,2 h,4\n")
    (tmp_path / "gels_long.csv").write_text("arm,time,observable,value,unit\nB,1,pAKT,3,a.u.\nB,4,pAKT,3.5,a.u.\n")
    (tmp_path / "mine.toml").write_text(
        'title = "t"\ncells = "bt474"\n[time]\nend = "8 h"\n[[arm]]\nname = "B"\n[[data]]\nfile = "gels_wide.csv"\n'
        '[[data]]\nfile = "gels_long.csv"\n[fit]\nparameters = ["k_PI3K"]\nprior = "range"\n'
    )
    command = ["design", "mine.toml", "--observable", "pAKT", "--target"]
    assert main([*command, "pAKT in B at 8 h"]) == BAD_INPUT
    assert "say 'pAKT in gels_wide in B' or 'pAKT in gels_long in B'" in capsys.readouterr().err
    assert main([*command, "pAKT in gels_wide in B at 8 h", "--json"]) == 0
    assert "pAKT in gels_long" in capsys.readouterr().out
