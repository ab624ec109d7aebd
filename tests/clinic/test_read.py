"""Mistakes in cohort files: one line each, with file and line."""

import re

import pytest

from pathway.clinic.read import CohortError, cohort_names, find_cohort, read_cohort
from pathway.scenario import built_in_laboratory

LABORATORY = built_in_laboratory()
TEXT = find_cohort("women37").read_text(encoding="utf-8")


def read(tmp_path, text):
    file = tmp_path / "mine.toml"
    file.write_text(text, encoding="utf-8")
    return read_cohort(file, LABORATORY)


@pytest.mark.parametrize("name", cohort_names())
def test_every_shipped_cohort_is_in_order(name):
    plan = read_cohort(name, LABORATORY)
    assert plan.arms and plan.traits and "assumed" in {trait.source for trait in plan.traits}
    assert "not for treatment decisions" in find_cohort(name).read_text(encoding="utf-8")


MISTAKES = [
    ('median = "66 kg"', 'median = "-66 kg"', "median = '-66 kg', expected more than 0 kg"),
    ('median = "66 kg"', 'median = "66 d"', "median: "),
    ('median = "66 kg"', "median = 66", "has no unit"),
    ('[trait.weight]\nparameter = "weight"', '[trait.weight]\nparameter = "wieght"', "Did you mean 'weight'"),
    ('"miR21, PTEN" = 0.0', '"miR21, PTNE" = 0.0', "no trait is called 'PTNE'. Did you mean 'PTEN'"),
    ('"miR21, PTEN" = 0.0', '"miR21, PTEN" = 1.5', "expected -1 to 1"),
    (
        '"miR21, PTEN" = 0.0',
        '"miR21, PTEN" = 0.9\n"miR21, HER2" = 0.9\n"PTEN, HER2" = -0.9',
        "contradict each other",
    ),
    (' for 2 years"', '"', "has no end"),
    ("highest = [7, 37]", "highest = [0, 37]", "leaves a stratum empty"),
    ("highest = [7, 37]", "highest = [1, 400]", "0 of 37 women leave a stratum empty"),
    ("highest = [7, 37]", "above = 2.0", "unknown key 'above'"),
    ('source = "Zhang2017"', 'source = "Zhang2071"', "Did you mean 'Zhang2017'"),
    ("share = 0.227", "share = 22.7", "expected 0 to 1"),
    ("women    = 2000", "women    = 2", "expected a whole number from 8"),
    ('[trait.diameter]\nparameter = "diameter"', '[trait.diameter]\nparameter = "weight"', "tumor's diameter"),
    ('cells    = "skbr3"', 'cells    = "skbr4"', "Did you mean 'skbr3'"),
    ("observed = [6, 7, 8, 30]", "observed = [8, 7, 8, 30]", "expected four counts"),
    ("relative risk of high miR21", "relative risk of high miR12", "Did you mean 'relative risk of high miR21'"),
    ("clinical benefit of PIK3CA or", "clinical benefit of PIK3CB or", "Did you mean 'PIK3CA'"),
    ("rank correlation of miR21 and PTEN", "rank correlation of miR21 and pten", "no marker is called 'pten'"),
    ("[time]", "[tiem]", "unknown key 'tiem'. Did you mean 'time'"),
]


@pytest.mark.parametrize(("right", "wrong", "message"), MISTAKES)
def test_a_mistake_is_told_with_its_line(tmp_path, right, wrong, message):
    assert right in TEXT
    with pytest.raises(CohortError) as error:
        read(tmp_path, TEXT.replace(right, wrong))
    lines = str(error.value).splitlines()
    told = next(line for line in lines if message in line)
    number = int(re.match(r".*mine\.toml:(\d+): ", told)[1])
    changed = TEXT.replace(right, wrong).splitlines()
    assert 1 <= number <= len(changed)
    assert all(re.match(r".*mine\.toml:\d+: ", line) for line in lines)


def test_a_line_is_the_right_one(tmp_path):
    with pytest.raises(CohortError, match=r"mine\.toml:(\d+)") as error:
        read(tmp_path, TEXT.replace('median = "66 kg"', 'median = "-66 kg"'))
    number = int(re.search(r"mine\.toml:(\d+)", str(error.value))[1])
    assert "-66 kg" in TEXT.replace('median = "66 kg"', 'median = "-66 kg"').splitlines()[number - 1]


def test_all_mistakes_come_together(tmp_path):
    with pytest.raises(CohortError) as error:
        read(tmp_path, TEXT.replace('"66 kg"', '"0 kg"').replace("share = 0.227", "share = 3.0"))
    assert len(str(error.value).splitlines()) == 2


def test_a_file_may_be_like_another(tmp_path):
    text = 'title = "Mine"\nlike = "women37"\nwomen = 100\n[trait.weight]\nparameter = "weight"\nmedian = "80 kg"\n'
    plan = read(tmp_path, text + 'sd = 0.1\nsource = "own"\nconfidence = "measured"\n')
    base = read_cohort("women37", LABORATORY)
    assert (plan.title, plan.women, plan.arms) == ("Mine", 100, base.arms)
    assert {t.name for t in plan.traits} == {t.name for t in base.traits}
    assert next(t for t in plan.traits if t.name == "weight").median == 80.0
    with pytest.raises(CohortError, match="Did you mean 'women37'"):
        read(tmp_path, text.replace('"women37"', '"women73"'))


def test_names_that_there_are_not():
    with pytest.raises(CohortError, match="Did you mean 'women37'"):
        find_cohort("women73")
