"""Shares of draws are told for the very scenario, circuit and ranges that they were found for, and for nothing else."""

import json
from dataclasses import replace

import pytest

from pathway import parameters
from pathway.scenario import prior_shares, read_scenario, run_scenario, scenario_names
from pathway.scenario.read import folder_of_scenarios

SMALL = """
title = "Slows"
cells = "skbr3_resistant"
[time]
end = "24 h"
record_every = "6 h"
[dose.t]
agent = "trastuzumab"
amount = "10 ug/mL"
[growth_rate]
of = ["t"]
[[arm]]
name = "trastuzumab"
doses = ["t"]
[[expect]]
claim = "slows"
role = "sanity"
quantity = "GR"
arm = "trastuzumab"
below = 1
"""


@pytest.fixture
def small(tmp_path):
    def read(text=SMALL, settings=()):
        file = tmp_path / "small.toml"
        file.write_text(text, encoding="utf-8")
        return read_scenario(file, settings)

    return read


def test_words_do_not_count_but_numbers_do(small):
    before = prior_shares.verdicts_fingerprint(small())
    words = SMALL.replace('"Slows"', '"Brakes"').replace('"sanity"', '"prediction"').replace('"slows"', '"brakes"')
    assert prior_shares.verdicts_fingerprint(small(words)) == before
    assert prior_shares.verdicts_fingerprint(small(settings=["dose.t=1 ug/mL"])) != before
    assert prior_shares.verdicts_fingerprint(small(SMALL.replace("below = 1", "below = 0.9"))) != before
    assert prior_shares.verdicts_fingerprint(small(SMALL.replace("skbr3_resistant", "skbr3"))) != before


def test_the_value_of_a_number_that_is_drawn_does_not_count(small, monkeypatch):
    scenario = small()
    before = prior_shares.verdicts_fingerprint(scenario)
    line_of_cells = prior_shares.open_cell_line

    def moved(name, folder, times):
        line = line_of_cells(name, folder)
        changed = {
            n: replace(line.entries[n], value=times * line.entries[n].value)
            for n in ("k_AKT_dephosphorylation", "mu_max")
        }
        return replace(line, entries={**line.entries, **changed})

    monkeypatch.setattr(prior_shares, "open_cell_line", lambda name, folder: moved(name, folder, 1.1))
    assert prior_shares.verdicts_fingerprint(scenario) == before


def test_a_range_of_the_parent_line_counts(small, monkeypatch):
    scenario = small()
    before = prior_shares.verdicts_fingerprint(scenario)
    line_of_cells = prior_shares.open_cell_line

    def wider(name, folder):
        line = line_of_cells(name, folder)
        if name != "skbr3":
            return line
        entry = line.entries["k_PTEN"]
        changed = parameters.Entry(**{**vars(entry), "range": (entry.range[0] / 2, entry.range[1])})
        return parameters.CellLine(**{**vars(line), "entries": {**line.entries, "k_PTEN": changed}})

    monkeypatch.setattr(prior_shares, "open_cell_line", wider)
    assert prior_shares.verdicts_fingerprint(scenario) != before


def test_a_share_is_told_only_where_the_fingerprint_is_the_kept_one(small, monkeypatch):
    scenario = small()
    row = {"fingerprint": prior_shares.verdicts_fingerprint(scenario), "shares": [0.25]}
    monkeypatch.setattr(prior_shares, "stored_shares", lambda: {"small": row})
    (verdict,) = run_scenario(scenario).verdicts
    assert verdict.to_dict()["prior_pass_fraction"] == 0.25
    (verdict,) = run_scenario(small(settings=["dose.t=1 ug/mL"])).verdicts
    assert verdict.prior_pass_fraction is None


def test_what_is_kept_fits_the_scenarios():
    """Scenarios changed since `pathway validate --prior 1000` are told without shares; the main one must have them."""
    kept = json.loads((folder_of_scenarios() / prior_shares.FILE).read_text(encoding="utf-8"))
    assert set(kept) <= set(scenario_names())
    for name, row in kept.items():
        assert row["living"] <= row["draws"]
        assert all(0.0 <= share <= 1.0 for share in row["shares"])
        if row["fingerprint"] == prior_shares.verdicts_fingerprint(read_scenario(name)):
            assert len(row["shares"]) == len(read_scenario(name).expectations)
    assert None not in prior_shares.stored_prior_shares(read_scenario("antimir21_resensitises"))
