"""Tumors and visits against what can be worked out by hand."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from pathway.clinic.tumor import Exposure, TumorCourses, assess, tumor_courses

WEEKS = np.arange(0.0, 735.0, 7.0)


def tumor(**changed):
    usual = {
        "doubling_time": 164.0, "kill": 0.0, "chemotherapy_kill": 0.0, "chemotherapy_time": 168.0,
        "refractory_share": 0.0, "diameter": 80.0, "lesion_hazard": 0.0, "lesions_per_growth": 0.0,
    }  # fmt: skip
    return {name: np.array([value]) for name, value in (usual | changed).items()}


def exposure(growth=1.0, occupancy=0.0, refractory=1.0):
    return Exposure(WEEKS, growth * WEEKS[None], occupancy * WEEKS[None], np.array([refractory]))


def courses(given, chemotherapy=False, threshold=np.inf, **changed):
    return tumor_courses(given, tumor(**changed), chemotherapy, np.array([threshold]))


def test_untreated_volume_doubles_in_its_doubling_time():
    found = courses(exposure())
    assert_allclose(found.diameters[0], 80.0 * 2.0 ** (WEEKS / 164.0 / 3.0))


def test_drug_killing_and_chemotherapy_add_up():
    found = courses(exposure(0.3, 0.9), True, kill=0.002, chemotherapy_kill=0.01, chemotherapy_time=100.0)
    log_volume = np.log(2.0) / 164.0 * 0.3 * WEEKS - 0.002 * 0.9 * WEEKS - 0.01 * np.minimum(WEEKS, 100.0)
    assert_allclose(found.diameters[0], 80.0 * np.exp(log_volume / 3.0))


def test_no_antibody_touches_the_refractory_clone():
    found = courses(exposure(-1.0, 1.0), kill=0.1, refractory_share=0.1)
    late = 80.0 * (0.1 * 2.0 ** (WEEKS[-1] / 164.0)) ** (1.0 / 3.0)
    assert_allclose(found.diameters[0, -1], late, rtol=1e-9)


def test_new_lesions_come_when_the_hazard_has_added_up():
    found = courses(exposure(0.0), threshold=0.5, lesion_hazard=0.002)
    assert_allclose(found.lesion_time, 250.0)
    growing = courses(exposure(1.0), threshold=0.5, lesions_per_growth=1.0)
    assert_allclose(growing.lesion_time, 0.5 / np.log(2.0) * 164.0)
    assert np.isinf(courses(exposure(-1.0), threshold=0.5, lesions_per_growth=1.0).lesion_time).all()


def seen(*diameters, every=63.0, lesion=np.inf):
    """Diameters at the start and at each visit."""
    times = every * np.arange(len(diameters))
    return assess(TumorCourses(times, np.array([diameters], dtype=float), np.array([lesion])), every)


@pytest.mark.parametrize(
    ("diameters", "visit"),
    [
        ((80, 95, 96, 97), 2),  # 20 % above the start
        ((80, 50, 59, 60), 3),  # 20 % above the smallest, not above the start
        ((20, 20, 24.5, 25), 3),  # 20 % more, but only 4.5 mm: not yet
        ((80, 80, 80, 80), None),
    ],
)
def test_progression_is_a_fifth_above_the_smallest_and_5_mm(diameters, visit):
    found = seen(*diameters)
    assert found.progression_time[0] == (np.inf if visit is None else 63.0 * visit)
    if visit:
        assert found.last_visit_before[0] == 63.0 * (visit - 1)
        assert_allclose(found.moments(np.array([0.25])), 63.0 * (visit - 0.75))


def test_a_new_lesion_is_progression_at_the_next_visit():
    assert seen(80, 60, 50, 50, lesion=70.0).progression_time[0] == 126.0


def test_response_is_30_percent_less_before_progression():
    assert seen(80, 57, 56, 60).responded[0]
    assert not seen(80, 57, 57, 60).responded[0]
    assert not seen(80, 100, 40, 40).responded[0]
    assert_allclose(seen(80, 57, 56, 60).best_change, -0.3)


def test_benefit_is_response_or_24_weeks_without_progression():
    assert seen(80, 100, 120, 130).benefit[0] == np.False_
    assert seen(80, 80, 80, 120).benefit[0]
    assert seen(80, 50, 70, 80).benefit[0]
