"""Tables of a run: values as used, and no cell that a spreadsheet would execute."""

import csv
import io
from types import SimpleNamespace

import numpy as np
import pytest

import pathway
from pathway.fitting.uncertainty.comparison import Variant, VariantComparison
from pathway.parameters import cell_line
from pathway.report.comparison import comparison_report
from pathway.report.reweighting import next_measurement_sentences, reweighting_numbers, reweighting_sentences
from pathway.report.tables import band_table, csv_text, parameters_used


@pytest.mark.parametrize(
    ("cell", "written"),
    [
        ("=1+1", "'=1+1"),
        ('=HYPERLINK("http://x")', '\'=HYPERLINK("http://x")'),
        ("+cmd|' /C calc'!A0", "'+cmd|' /C calc'!A0"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("-2+3", "'-2+3"),
        ("\t=1", "'\t=1"),
        ("-1.5", "-1.5"),
        ("-72 h", "-72 h"),
        ("+24 h", "+24 h"),
        ("-72 h+A1", "'-72 h+A1"),
        ("-A1", "'-A1"),
        (-1.5, "-1.5"),
        (-1e-300, "-1e-300"),
        ("untreated", "untreated"),
        (None, ""),
    ],
)
def test_a_text_that_looks_like_a_formula_stays_text(cell, written):
    (header, row) = csv.reader(io.StringIO(csv_text(["=name", "b"], [[cell, 1.0]])))
    assert header == ["'=name", "b"] and row == [written, "1"]


def test_parameters_are_written_as_used():
    """Half of the line's k_PTEN is what the arm was run with, and the line's own stands beside it."""
    of_line = cell_line("bt474").values["k_PTEN"]
    result = pathway.run("pten_knock_down", settings={"changes.k_PTEN": "0.5 x"})
    header, rows = parameters_used(result)
    columns = [header.index(name) for name in ("arms", "value", "value of the line")]
    found = [tuple(row[k] for k in columns) for row in rows if row[header.index("parameter")] == "k_PTEN"]
    for arms, value, usual in found:
        for name in arms.split("; "):
            arm = result.arms[name]
            assert value == arm.parameters[arm.model.parameter_index("k_PTEN")]
        assert usual == pytest.approx(of_line, rel=1e-9)
    assert found[0][1] == pytest.approx(0.5 * of_line, rel=1e-9)


def test_a_table_of_bands_has_three_columns_for_each_observable_with_its_unit():
    """Without an ensemble there is nothing between which members lie."""
    result = pathway.run("pten_knock_down", ensemble="none")
    header, rows = band_table(result)
    shown = [n for n in result.scenario.observables if n not in pathway.network.circuit().in_arbitrary_units]
    assert header[:2] == ["arm", "time [h]"] and len(header) == 2 + 3 * len(shown) > 2 and rows == []
    for k, name in enumerate(shown):
        columns = header[2 + 3 * k : 5 + 3 * k]
        assert [c.removeprefix(name).partition(" [")[0] for c in columns] == [" 5 %", " median", " 95 %"]
        assert all(c.endswith(f"[{result.units[name]}]") for c in columns)


def test_variants_are_written_in_full_and_shown_with_one_digit():
    full = Variant("full", -10.123, 3, 40, 26.246, 26.913, 31.313, 0.75123, 5)
    held = Variant("held", -12.345, 2, 40, 28.690, 29.014, 32.068, 0.24877, 4)
    report = comparison_report(VariantComparison((full, held), (), ("a concern",)), {})
    header, rows = report.tables["variants"]
    assert dict(zip(header, rows[1], strict=True)) == {
        "variant": "held", "parameters": 2, "measurements": 40, "log-likelihood": -12.345,
        "AIC": 28.690, "AICc": 29.014, "BIC": 32.068, "weight": 0.24877,
    }  # fmt: skip
    shown = report.page()["variants"]
    assert shown == (
        header,
        [["full", 3, 40, -10.1, 26.2, 26.9, 31.3, 0.75123], ["held", 2, 40, -12.3, 28.7, 29.0, 32.1, 0.24877]],
    )


def test_that_nothing_is_ranked_is_told():
    (sentence,) = next_measurement_sentences(None)
    assert "too few members" in sentence


def test_what_is_left_of_an_ensemble_is_told_in_numbers():
    result = SimpleNamespace(
        effective_numbers=(10.0, 4.04), before=range(12), survivors=(1, 2), gain=0.5, warning="few members are left",
        refinement=None, likelihoods=SimpleNamespace(refused={3: "no steady state"}), headlines=(),
    )  # fmt: skip
    first, warning, refused = reweighting_sentences(result)
    assert first.startswith("The measurements leave an effective number of 4.0 members (before: 10.0 of 12); 2 members")
    assert first.endswith("They told 0.50 nats.")
    assert warning == "Warning: few members are left." and "1 members" in refused and "(no steady state)" in refused


def test_the_json_form_of_what_was_not_refined_has_no_refinement():
    result = SimpleNamespace(
        effective_numbers=(10.0, 4.0), before=range(12), which="measured", after=SimpleNamespace(columns=("w", "new")),
        refinement=None, warning="", gain=0.5, survivors=np.array([1, 2]), likelihoods=SimpleNamespace(refused={}),
        headlines=(),
    )  # fmt: skip
    found = reweighting_numbers(result)
    assert found["refinement"] is None and found["warning"] is None and found["next_measurements"] is None
    assert (found["members"], found["column"], found["survivors"]) == (12, "new", [1, 2])
