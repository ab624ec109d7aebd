"""Formulas over rows, where there is nothing to read."""

import numpy as np

from pathway.expressions import number, symbol
from pathway.kernels.formulas import compile_formulas


def test_formulas_without_inputs_are_the_same_in_every_row() -> None:
    constant, other = compile_formulas([((), (number(2.5), number(-1.0))), (("x",), (symbol("x"),))])
    assert constant(np.zeros((0, 5))).tolist() == [[2.5] * 5, [-1.0] * 5]
    assert other(np.arange(5.0)[None]).tolist() == [list(range(5))]
    assert constant(np.zeros((0, 0))).shape == (2, 0)
