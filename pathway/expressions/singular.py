"""Where zero is no ordinary value: names at whose zero a formula, or its slope, is infinite or undefined."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from .evaluation import evaluate_all
from .graph import Expression, is_number, postorder
from .traverse import symbols


def singular_at_zero(formulas: Sequence[Expression], names: Collection[str]) -> set[str]:
    """Names in what is raised to a power that is no whole number, in logarithms, roots and denominators, if these
    vanish where all the names are zero.

    Parameters
    ----------
    formulas : sequence of Expression
    names : collection of str
        Every other symbol counts as some number that is not zero.

    Returns
    -------
    set of str
        x of x^0.5, of x^n, of y / x and of 1 / (1 + (K / x)^2), but not of x / (K + x).
    """
    wanted = set(names)
    inner = {base for node in postorder(formulas) if (base := _base(node)) is not None}
    bases = [base for base in inner if symbols(base) & wanted]
    others = sorted(set().union(*(symbols(base) for base in bases)) - wanted)
    # Numbers without a simple relation, so that no difference of theirs vanishes.
    values = {name: 0.5 + (0.6180339887498949 * (k + 1)) % 1.0 for k, name in enumerate(others)}
    values |= dict.fromkeys(wanted, 0.0)
    pairs = zip(bases, evaluate_all(bases, values), strict=True)
    return set().union(*(symbols(base) & wanted for base, value in pairs if not abs(value) > 0.0))


def _base(node: Expression) -> Expression | None:
    """What must not be zero, or not negative, for a node to be smooth."""
    if node.operator in ("sqrt", "log"):
        return node.arguments[0]
    if node.operator == "divide":
        return node.arguments[1]
    if node.operator == "power":
        base, exponent = node.arguments
        whole = is_number(exponent) and float(exponent.value) >= 0.0 and float(exponent.value).is_integer()  # type: ignore[arg-type]
        return None if whole else base
    return None
