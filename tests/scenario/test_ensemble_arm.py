"""What an arm of an ensemble says of its members, from counts of which the answer is known."""

from __future__ import annotations

from typing import Any

import numpy as np

from pathway.scenario.ensemble_result import EnsembleArm


def test_folds_and_shares_are_of_each_member() -> None:
    times, count = np.array([0.0, 1.0, 2.0, 3.0]), np.array([[2.0, 3.0, 4.0, 8.0], [1.0, 5.0, 2.0, 3.0]])
    nobody: Any = None
    arm = EnsembleArm(nobody, times, {}, count, None, 10.0 * count[::-1], 2.0)
    assert arm.fold.tolist() == [4.0, 3.0]
    assert arm.percent_of_untreated is not None and arm.percent_of_untreated.tolist() == [20.0, 5.0]
    assert arm.gr is None and arm.percent_of_control is None
