"""What something is divided by cannot be 0: told with file and line, before anything runs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pathway.parameters import ParameterError
from pathway.scenario.built_in import built_in_laboratory, cell_line_values
from pathway.scenario.divisors import parameters_undefined_at_zero
from pathway.scenario.mistakes import ScenarioError
from pathway.scenario.read import read_scenario
from tests.simulation.models import model_of

SCENARIO = """\
title = "zero"
cells = "{cells}"
{top}
[time]
end = "24 h"
record_every = "1 h"

[[arm]]
name = "untreated"
{arm}
"""


def write(folder: Path, cells: str = "bt474", top: str = "", arm: str = "") -> Path:
    file = folder / "zero.toml"
    file.write_text(SCENARIO.format(cells=cells, top=top, arm=arm), encoding="utf-8")
    return file


def test_divisors_are_told_from_factors() -> None:
    model = model_of(
        "m",
        {"x": "V*s/(K + s) + a - k*x/volume + b*x^n/(L^n + x^n)", "s": "-c*s"},
        {"x": 0.0, "s": 1.0},
        {"V": 1.0, "K": 0.5, "a": 0.1, "k": 1.0, "volume": 2.0, "b": 1.0, "L": 0.3, "n": 2.0, "c": 0.1},
    )
    found = parameters_undefined_at_zero(model, np.array(model.parameter_values), model.parameters)
    assert found == {"volume": "the rate of x", "K": "the rate of x", "L": "the rate of x"}


@pytest.mark.parametrize("text", ["0 x", "0 h"])
def test_a_change_to_zero_of_a_divisor_is_refused_with_its_line(tmp_path: Path, text: str) -> None:
    message = r"zero\.toml:3: change of doubling_time: it divides, and cannot be 0: the rate of miR21_primary"
    with pytest.raises(ScenarioError, match=message):
        read_scenario(write(tmp_path, top=f'changes = {{ doubling_time = "{text}" }}'))
    with pytest.raises(ScenarioError, match=r"zero\.toml:10: change of Km_PTEN: it divides"):
        read_scenario(write(tmp_path, arm='changes = { Km_PTEN = { to = "0 x", at = "5 h" } }'))
    with pytest.raises(ScenarioError, match="change of IC50_MEK_inhibitor: it divides"):
        read_scenario(write(tmp_path), ["changes.IC50_MEK_inhibitor=0 x"])


def test_what_is_switched_off_may_be_zero(tmp_path: Path) -> None:
    names = ("k_PTEN_silencing", "S6K_feedback", "k_HER2_synthesis")
    known = [name for name in names if name in built_in_laboratory().parameters]
    changes = ", ".join(f'{name} = "0 x"' for name in known)
    assert read_scenario(write(tmp_path, arm=f"changes = {{ {changes} }}")).arms[0].changes.keys() >= set(known)


LINE = """\
[line]
title = "A line"
genotype = "none"
parent = "bt474"

[K_S6K]
value = 0
unit = "nM"
range = [0, 1]
source = "assumed"
confidence = "assumed"
"""


def test_a_cell_line_file_with_a_divisor_of_zero_is_refused_with_its_line(tmp_path: Path) -> None:
    unit = built_in_laboratory().parameters["K_S6K"]
    (tmp_path / "mine.toml").write_text(LINE.replace('"nM"', f'"{unit}"'), encoding="utf-8")
    message = r"mine\.toml:6: 'K_S6K' divides, and cannot be 0: the rate of S6K would not be a finite number"
    with pytest.raises(ParameterError, match=message):
        cell_line_values("mine.toml", tmp_path)
    with pytest.raises(ScenarioError, match=message):
        read_scenario(write(tmp_path, cells="mine.toml"))
