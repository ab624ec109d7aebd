"""Shapes of dependence that recur, as rate text: so that a module says `saturating(...)` and not five symbols."""

import re


def saturating(amount: str, half: str) -> str:
    """Rises from 0 to 1; one half at `half`. Hill exponent 1."""
    return f"{_factor(amount)}/({half} + {amount})"


def switching(amount: str, half: str) -> str:
    """Rises from 0 to 1 in an S shape; one half at `half`. Hill exponent 2. Both are names."""
    return f"{amount}**2/({half}**2 + {amount}**2)"


def steep(amount: str, half: str) -> str:
    """Rises from 0 to 1 almost at once; one half at `half`. Hill exponent 4. Both are names."""
    return f"{amount}**4/({half}**4 + {amount}**4)"


def inhibited(amount: str, half: str) -> str:
    """Falls from 1 to 0; one half at `half`. Hill exponent 1."""
    return f"1/(1 + {_factor(amount)}/{half})"


def fading(amount: str, half: str) -> str:
    """Falls from 1 to 0 in an S shape; one half at `half`. Hill exponent 2. Both are names."""
    return f"{half}**2/({half}**2 + {amount}**2)"


def serum_dependent_share(starved: str) -> str:
    """What is left of a drive: all of it in full medium, the share `starved` without serum."""
    return f"{starved} + (1 - {starved})*serum"


def silenced_translation(occupancy: str, faster_decay: str, lost_translation: str) -> str:
    """Protein made from a transcript of which a share is bound by a miRNA, relative to the unbound transcript.

    The transcript decays `1 + faster_decay` times as fast where it is bound, and there makes
    `1 - lost_translation` of the protein. Binding and transcript level are taken as settled.
    """
    bound = _factor(occupancy)
    return f"(1 - {lost_translation}*{bound})/(1 + {faster_decay}*{bound})"


def synthesis_balancing_growth(loss: str) -> str:
    """Synthesis constant of a stable molecule: it replaces what decays and what growth dilutes.

    At `synthesis_growth_coupling` 1 a cell that stops growing makes less, and arrest does not pile the molecule up;
    at 0 synthesis stays that of the untreated parental cell.
    """
    return (
        f"({loss} + (1 - synthesis_growth_coupling)*reference_division_rate + synthesis_growth_coupling*division_rate)"
    )


def _factor(text: str) -> str:
    """The text, in brackets if it is a sum or difference outside its own brackets."""
    outside, inner = text, None
    while inner != outside:
        inner, outside = outside, re.sub(r"\([^()]*\)", "", outside)
    return f"({text})" if re.search(r"[+-]", outside) else text
