"""The spread between lines, against closed forms."""

import numpy as np
import pytest

from calibration.between_lines import (
    FEWEST_LINES,
    Miss,
    most_likely_spread,
    read_spreads,
    spreads_between_lines,
    text_of,
)

FOLDS = ("ligand_fold", "pERK")


def misses(distance, claimed, lines=FEWEST_LINES, kind=FOLDS):
    return [Miss(f"line{k % lines}", kind, d, claimed**2) for k, d in enumerate(distance)]


def test_where_all_claim_the_same_the_spread_is_what_the_misses_lack():
    distance = np.random.default_rng(1).normal(0.0, 0.5, 400)
    exact = np.sqrt(np.mean(distance**2) - 0.3**2)  # the maximum of a normal likelihood
    assert most_likely_spread(misses(distance, 0.3)) == pytest.approx(exact, rel=0.02)


def test_predictions_that_claim_enough_get_none():
    assert most_likely_spread(misses([0.1, -0.2, 0.05, 0.1, -0.1], 0.3)) == 0.0


def test_a_line_is_judged_by_the_others():
    own = misses([0.0] * 12, 0.1, lines=6)
    far = [miss._replace(distance=2.0) if miss.line == "line0" else miss for miss in own]
    assert spreads_between_lines(far)[FOLDS] > 0.5
    assert spreads_between_lines(far, without="line0")[FOLDS] == 0.0


def test_few_lines_tell_nothing():
    assert spreads_between_lines(misses([1.0] * 20, 0.1, lines=FEWEST_LINES - 1)) == {}
    assert spreads_between_lines(misses([1.0] * 20, 0.1), without="line0") == {}


def test_what_is_written_is_read_again(tmp_path):
    spreads = {FOLDS: 0.446, ("ligand_fold", "pAKT"): 0.0, ("growth_antibody", "relative count"): 0.0426}
    file = tmp_path / "spreads.toml"
    file.write_text(text_of(spreads), encoding="utf-8")
    assert read_spreads(file) == spreads
