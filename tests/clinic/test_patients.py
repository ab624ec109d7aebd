"""One's own patients: read, scored against a base rate, refused with file and line."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from pathway.clinic.patients import PatientError, read_patients, score_patients
from pathway.clinic.table37 import Progression

HEADER = "woman,miR21,PTEN,HER2,progressed,time [months]\n"


def table(tmp_path, text):
    file = tmp_path / "mine.csv"
    file.write_text(text, encoding="utf-8")
    return file


def progression(n=4000):
    """Women who progress within a year where miR-21 is above its median, and never below."""
    rng = np.random.default_rng(1)
    markers = {name: np.exp(rng.normal(size=n)) for name in ("miR21", "PTEN", "HER2")}
    moments = np.where(markers["miR21"] > 1.0, 300.0, np.inf)
    return Progression(None, markers, moments, 300.0)


def test_markers_that_tell_are_scored_above_the_base_rate(tmp_path):
    rows = [f"{k},{10.0 ** (1 if k % 2 else -1)},1,1,{'yes' if k % 2 else 'no'},12\n" for k in range(20)]
    patients = read_patients(table(tmp_path, HEADER + "".join(rows)))
    score = score_patients(patients, progression())
    assert_allclose(score.base, 0.5, atol=0.05)
    assert (score.predicted[1::2] > 0.9).all() and (score.predicted[::2] < 0.1).all()
    assert score.log_score(score.predicted) > score.log_score(score.base)
    assert score.brier(score.predicted) < score.brier(score.base)
    assert "better than" in score.sentences()[0] and "nothing was fitted" in score.sentences()[0]


def test_units_do_not_matter_and_what_was_not_measured_tells_nothing(tmp_path):
    text = HEADER + "a,2,1,1,yes,12\nb,1,1,1,no,12\nc,0.5,1,1,no,12\n"
    one = score_patients(read_patients(table(tmp_path, text)), progression())
    other = text.replace("a,2,", "a,2000,").replace("b,1,", "b,1000,").replace("c,0.5,", "c,500,")
    two = score_patients(read_patients(table(tmp_path, other)), progression())
    assert_allclose(one.predicted, two.predicted)
    unknown = score_patients(read_patients(table(tmp_path, HEADER + "a,,,,yes,12\n")), progression())
    assert_allclose(unknown.predicted, unknown.base)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        (HEADER, "there is no woman"),
        ("woman,mir21,PTEN,HER2,progressed,time [months]\n", "Did you mean 'miR21'"),
        ("woman,miR21,PTEN,progressed,time [months]\n", "'HER2' is missing"),
        (HEADER + "a,-1,1,1,yes,12\n", r"mine\.csv:2: miR21 is '-1'"),
        (HEADER + "a,1,1,1,perhaps,12\n", r"mine\.csv:2: progressed is 'perhaps'"),
        (HEADER + "a,1,1,1,yes,\n", r"mine\.csv:2: time \[months\] is ''"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(tmp_path, text, message):
    with pytest.raises(PatientError, match=message):
        read_patients(table(tmp_path, text))
