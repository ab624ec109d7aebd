"""The checks of a network find each kind of mistake, and say it in one line."""

from types import SimpleNamespace

import pytest

from pathway.network.join import join_modules
from pathway.network.language import NetworkError, Observable, Parameter, Quantity, Reaction, Species

SPECIES = (
    Species("drug", "nM", "free drug"),
    Species("receptor", "molecules", "free receptor", start="total", moiety="receptor"),
    Species("bound", "molecules", "receptor with drug", moiety="receptor"),
)
PARAMETERS = (
    Parameter("k_on", "1/(nM*h)", "association"),
    Parameter("k_off", "1/h", "dissociation"),
    Parameter("total", "molecules", "receptors"),
    Parameter("K", "uM", "half effect"),
)
BINDING = Reaction("binding", "receptor -> bound", "k_on * drug * receptor - k_off * bound")


def joined(**changes):
    declared = {"SPECIES": SPECIES, "PARAMETERS": PARAMETERS, "REACTIONS": (BINDING,)} | changes
    return join_modules([SimpleNamespace(**declared)])


def test_a_network_that_fits_is_joined():
    network = joined()
    assert network.units["receptor"] == "molecules"
    assert network.reactions[0].changes == {"receptor": -1, "bound": 1}


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        (
            {"REACTIONS": (Reaction("b", "receptor -> bound", "k_on * receptor"),)},
            "'b': the rate .* should be molecules/h",
        ),
        ({"QUANTITIES": (Quantity("q", "1", "drug / (K + drug)", ""),)}, "'K' is .* but 'drug' is"),
        (
            {"REACTIONS": (Reaction("b", "receptor -> bound", "k_of * bound"),)},
            "'k_of' is not declared. Did you mean 'k_off'",
        ),
        ({"REACTIONS": (Reaction("b", "receptor ->", "k_off * receptor"),)}, "loses 1 of conserved 'receptor'"),
        ({"REACTIONS": (Reaction("b", "receptor = bound", "k_off * bound"),)}, "needs exactly one '->'"),
        ({"REACTIONS": (BINDING, BINDING)}, "reaction 'binding' is declared 2 times"),
        ({"OBSERVABLES": (Observable("o", "furlong", "bound", ""),)}, "no unit is called 'furlong'"),
        ({"OBSERVABLES": (Observable("o", "1", "exp(bound)", ""),)}, "'exp' needs a plain number"),
        ({"QUANTITIES": (Quantity("q", "1", "r", ""), Quantity("r", "1", "2", ""))}, "'r' is not declared"),
    ],
)
def test_each_mistake_is_named(changes, complaint):
    with pytest.raises(NetworkError, match=complaint):
        joined(**changes)


def test_all_mistakes_are_told_together():
    wrong = (Reaction("a", "receptor -> bound", "k_on * receptor"), Reaction("b", "bound ->", "k_off * bound"))
    with pytest.raises(NetworkError) as caught:
        joined(REACTIONS=wrong)
    assert len(str(caught.value).splitlines()) == 3  # the rate of a for both species, the moiety of b
