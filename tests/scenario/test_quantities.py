"""Quantities as they are written, and what is no such thing, in words."""

import pytest

from pathway.scenario import ScenarioError, read_scenario
from pathway.scenario.inputs import _free
from pathway.scenario.quantities import is_multiple, parse_amount, parse_fraction, parse_hours
from pathway.units import UnitError

from .toy import EXPERIMENT, toy_laboratory


def test_times_shares_and_amounts():
    assert (parse_hours("-48 h"), parse_hours("2 d"), parse_hours("90 min")) == (-48.0, 48.0, pytest.approx(1.5))
    assert (parse_fraction("80 %"), parse_fraction("0.5 %")) == (0.8, 0.005)
    assert parse_amount("4 x", "nM", 2.5) == 10.0 and parse_amount("3", "1") == 3.0
    assert parse_amount("2 uM", "nM") == pytest.approx(2000.0)
    assert parse_amount("10 ug/mL", "nM", molar_mass=150_000.0) == pytest.approx(10e-6 / 1e-3 / 150_000.0 * 1e9)
    assert is_multiple("4 x") and not is_multiple("4 nM")


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda: parse_hours("48"), "'48' has no unit; write for example '48 h'"),
        (lambda: parse_hours("2 x"), "'2 x' is no time; write for example '48 h'"),
        (lambda: parse_hours("3 m"), "'3 m' is a length; minutes are 'min'"),
        (lambda: parse_hours("3 nM"), "'nM' is a concentration, but 'h' is a time"),
        (lambda: parse_hours("1e308 wk"), "'1e308 wk' is beyond the range of numbers"),
        (lambda: parse_hours("1e999 h"), "'1e999 h' is not a finite number"),
        (lambda: parse_fraction("0.8"), "'0.8' must be a percentage such as '80 %'"),
        (lambda: parse_fraction("0 %"), "'0 %' must lie between 0 % and 100 %, both excluded"),
        (lambda: parse_fraction("100 %"), "'100 %' must lie between 0 % and 100 %, both excluded"),
        (
            lambda: parse_amount("4 x", "nM"),
            "'4 x' needs a usual amount to be a multiple of, and there is none; give it in nM",
        ),
        (lambda: parse_amount("4", "nM"), "'4' has no unit"),
        (lambda: parse_amount("1e308 x", "nM", 1e10), "'1e308 x' is beyond the range of numbers"),
        (lambda: parse_amount("1e308 M", "nM"), "'1e308 M' is beyond the range of numbers"),
    ],
)
def test_what_is_no_such_quantity(call, told):
    with pytest.raises(UnitError) as found:
        call()
    assert str(found.value) == told


@pytest.mark.parametrize(
    ("amount", "said"), [("1000 nM", ""), ("1500 nM", "is 1.5 times above"), ("0 nM", "more than zero")]
)
def test_a_dose_above_all_on_record_is_asked_about(amount, said, tmp_path):
    """The toy's drug was given up to 1000 nM."""
    text = EXPERIMENT.replace('agent = "ligand"', 'agent = "drug"').replace("4 nM", amount)
    (tmp_path / "t.toml").write_text(text)
    if not said:
        assert read_scenario(tmp_path / "t.toml", (), toy_laboratory()).arm("ligand").doses
        return
    with pytest.raises(ScenarioError, match=said):
        read_scenario(tmp_path / "t.toml", (), toy_laboratory())


def test_files_of_one_name_get_folders_of_their_own():
    assert [_free("a.csv", dict.fromkeys(there, b"")) for there in ((), ("a.csv",), ("a.csv", "2/a.csv"))] == [
        *("a.csv", "2/a.csv", "3/a.csv")
    ]


ARMS = '[[arm]]\nname = "{}"\ndoses = ["l"]\nchanges = {}\n'


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ('{ mu = { to = "0.5 x", at = "24 h" } }', ""),
        ('{ mu = { to = "0.5 x", at = "49 h" } }', "'49 h' is not before the end"),
        ('{ K_drug = "0 x" }', "change of K_drug: it divides, and cannot be 0"),
        ('{ k_loss = "0 1/h" }', ""),
        ('{ k_loss = "3 nM" }', "change of k_loss: .*expected for example '0.5 x' or '3 1/h'"),
    ],
)
def test_a_change_has_a_moment_within_the_run_and_leaves_formulas_finite(change, said, tmp_path):
    (tmp_path / "t.toml").write_text(EXPERIMENT + ARMS.format("changed", change))
    if not said:
        assert read_scenario(tmp_path / "t.toml", (), toy_laboratory()).arm("changed").doses
        return
    with pytest.raises(ScenarioError, match=said):
        read_scenario(tmp_path / "t.toml", (), toy_laboratory())


def test_doses_of_all_arms_together_have_a_bound(tmp_path, monkeypatch):
    monkeypatch.setattr("pathway.scenario.check.MOST_DOSES_IN_ALL", 40)
    text = EXPERIMENT.replace('amount = "4 nM"', 'amount = "4 nM"\nevery = "1 h"\ntimes = 20') + ARMS.format("b", "{}")
    (tmp_path / "t.toml").write_text(text)
    assert len(read_scenario(tmp_path / "t.toml", (), toy_laboratory()).arms) == 3
    (tmp_path / "t.toml").write_text(text + ARMS.format("c", "{}"))
    with pytest.raises(ScenarioError, match="60 doses would be given in all arms; at most 40 make sense"):
        read_scenario(tmp_path / "t.toml", (), toy_laboratory())


GR = '[[expect]]\nclaim = "c"\nrole = "sanity"\nquantity = "GR"\narm = "ligand"\nbelow = 2\n'


@pytest.mark.parametrize(
    ("more", "compares"),
    [("", None), ('[growth_rate]\nof = ["l"]\n', True), (ARMS.format("b", '{}\ncontrol = "none"'), True)],
)
def test_what_gr_is_of_has_to_be_said(more, compares, tmp_path):
    (tmp_path / "t.toml").write_text(EXPERIMENT + more)
    assert read_scenario(tmp_path / "t.toml", (), toy_laboratory()).compares_growth is bool(compares)
    (tmp_path / "t.toml").write_text(EXPERIMENT + more + GR)
    if compares:
        assert read_scenario(tmp_path / "t.toml", (), toy_laboratory()).expectations
        return
    with pytest.raises(ScenarioError, match=r"GR needs \[growth_rate\]"):
        read_scenario(tmp_path / "t.toml", (), toy_laboratory())
