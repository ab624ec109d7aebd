"""The declared circuit: units, balances, switches, identifiers, and its description in prose."""

import re
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pathway import network, parameters
from pathway.equations import conserved_totals, network_model
from pathway.expressions import evaluate, symbols
from pathway.network import NetworkError, circuit, drugs, growth, receptors

from ..references.scipy_simulation import compiled

MODEL_MD = (Path(network.__file__).parent / "MODEL.md").read_text(encoding="utf-8")
SWITCHES = re.findall(r"^\| .+? \| (`.+?`) \| 0 \|$", MODEL_MD, flags=re.MULTILINE)


@pytest.fixture(scope="module")
def model():
    return network_model("skbr3", circuit(), parameters.parameter_values(circuit(), parameters.cell_line("skbr3")))


@pytest.fixture(scope="module")
def slopes(model):
    """(species values by name, parameter changes) -> derivatives by name."""
    function = compiled(model, list(model.derivatives.values()))

    def at(state, **changes):
        changed = model.with_parameters(changes)
        y = [state[name] for name in model.species]
        return dict(zip(model.species, function(0.0, y, changed.parameter_values), strict=True))

    return at


def random_state(model, seed):
    rng = np.random.default_rng(seed)
    scale = {"molecules": 1e4, "nM": 50.0, "1": 1.0, "ug/mL": 1.0}
    return {name: scale[model.units[name]] * rng.uniform(0.05, 1.0) for name in model.species}


def test_every_parameter_is_used():
    used = set()
    for entry in (*circuit().reactions, *circuit().quantities, *circuit().observables):
        used |= symbols(entry.expression)
    for species in circuit().species:
        used |= set(re.findall(r"\w+", species.start))
    assert {p.name for p in circuit().parameters} <= used


def test_a_rate_with_a_missing_factor_is_refused():
    reactions = tuple(
        replace(r, rate="k_trastuzumab_binding*HER2_surface") if r.name == "trastuzumab_binding" else r
        for r in receptors.REACTIONS
    )
    broken = SimpleNamespace(
        **{k: getattr(receptors, k) for k in ("SPECIES", "PARAMETERS", "QUANTITIES", "OBSERVABLES")},
        REACTIONS=reactions,
    )
    from pathway.network import antimir, mapk, mir21, pi3k_akt, plasmids

    with pytest.raises(NetworkError, match="trastuzumab_binding"):
        network.join_modules((broken, growth, drugs, mir21, plasmids, antimir, pi3k_akt, mapk))


def test_rates_hold_no_unnamed_coefficients():
    """Structural integers only: an unnamed 0.35 would be an assumption in hiding."""
    for entry in (*circuit().reactions, *circuit().quantities, *circuit().observables):
        text = entry.rate if hasattr(entry, "rate") else entry.formula
        assert not re.findall(r"(?<![\w.])\d*\.\d+", text), entry.name
        assert set(re.findall(r"(?<![\w.])\d+(?![\w.])", text)) <= {"1", "2", "4", "8"}, entry.name


def test_declared_moieties_are_the_conserved_totals(model):
    declared = {}
    for species in circuit().species:
        if species.moiety:
            declared.setdefault(species.moiety, set()).add(species.name)
    assert {frozenset(total) for total in conserved_totals(model)} == {frozenset(t) for t in declared.values()}


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_loaded_miR21_balances(model, slopes, seed):
    """All loaded miR-21, free or bound, changes only by loading and by its loss, wherever it sits."""
    state = random_state(model, seed)
    found = slopes(state)
    carriers = (
        "miR21_RISC",
        "PTEN_mRNA_RISC",
        "PDCD4_mRNA_RISC",
        "PTENP1_RISC",
        "target_pool_RISC",
        "antimiR_RISC",
    )
    names = {**state, **dict(zip(model.parameters, model.parameter_values, strict=True)), "time": 0.0}
    loss = evaluate(model.closed_assignments["miR21_loss_rate"], names)
    loading = names["k_miRNA_loading"] * state["miR21_duplex"]
    total = sum(found[name] for name in carriers)
    size = sum(abs(found[name]) for name in carriers)
    assert total == pytest.approx(loading - loss * sum(state[name] for name in carriers), abs=1e-10 * size)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_antimir_balances(model, slopes, seed):
    """Without decay and growth, what is inside changes only by what comes in."""
    state = random_state(model, seed)
    found = slopes(
        state,
        k_antimiR_degradation=0.0,
        k_antimiR_endosomal_loss=0.0,
        k_miRNA_decay=0.0,
        mu_max=0.0,
    )
    values = dict(zip(model.parameters, model.parameter_values, strict=True))
    inflow = values["k_antimiR_transfection"] * state["antimiR_lipoplex"]
    inflow += values["k_antimiR_uptake"] * state["antimiR_medium"]
    inside = ("antimiR_endosomal", "antimiR_cytosol", "antimiR_RISC")
    size = sum(abs(found[name]) for name in inside)
    assert sum(found[name] for name in inside) == pytest.approx(inflow, abs=1e-10 * size)


def test_homodimers_solve_their_equilibrium(model):
    """D = (H - 2 D)^2 / K, the definition the closed form was derived from."""
    values = {**random_state(model, 3), **dict(zip(model.parameters, model.parameter_values, strict=True)), "time": 0.0}
    for receptors_surface in (1e-6, 1.0, 1e3, 1e6, 1e9):
        values |= {"HER2_surface": receptors_surface, "HER2_trastuzumab": 0.0}
        receptors_free = evaluate(model.closed_assignments["HER2_signalling"], values)
        dimers = evaluate(model.closed_assignments["HER2_homodimers"], values)
        assert dimers == pytest.approx((receptors_free - 2 * dimers) ** 2 / values["K_HER2_HER2"], rel=1e-9)


def test_outputs_feed_nothing():
    for species in circuit().species:
        if species.output:
            for entry in (*circuit().reactions, *circuit().quantities):
                assert species.name not in symbols(entry.expression)


def test_no_species_can_fall_below_zero(model, slopes):
    """Where a species is absent its slope cannot be negative, whatever the others are."""
    for seed in range(5):
        full = random_state(model, seed)
        for name in model.species:
            if name not in model.outputs:
                assert slopes({**full, name: 0.0})[name] >= 0.0, name


@pytest.mark.parametrize("switch", SWITCHES)
def test_every_loop_has_its_switch(switch):
    known = {p.name for p in circuit().parameters}
    entries = parameters.reference_entries()
    for name in re.findall(r"\w+", switch):
        assert name in known
        assert entries[name].range[0] >= 0.0


def test_switch_table_was_found():
    assert len(SWITCHES) >= 16


def test_the_page_of_prose_states_the_whole_model():
    for entry in (*circuit().species, *circuit().parameters, *circuit().quantities, *circuit().observables):
        assert f"`{entry.name}`" in MODEL_MD, entry.name
    for reaction in circuit().reactions:
        assert f"`{reaction.equation}`" in MODEL_MD, reaction.name
        assert f"`{reaction.rate.replace('**', '^')}`" in MODEL_MD, reaction.name
    for entry in (*circuit().quantities, *circuit().observables):
        assert f"`{entry.formula.replace('**', '^')}`" in MODEL_MD, entry.name


PATTERNS = {
    "uniprot": r"[OPQ][0-9][A-Z0-9]{3}[0-9]|[A-NR-Z][0-9]([A-Z][A-Z0-9]{2}[0-9]){1,2}",
    "hgnc": r"\d+",
    "mirbase": r"MIMAT\d{7}|MI\d{7}",
    "chebi": r"\d+",
    "chembl": r"CHEMBL\d+",
}


def test_identifiers_have_the_shape_of_their_database():
    for species in circuit().species:
        for identifier in species.same_as.split():
            database, _, accession = identifier.partition(":")
            assert re.fullmatch(PATTERNS[database], accession), species.name


def test_sources_named_by_reactions_exist():
    for entry in (*circuit().reactions, *circuit().quantities):
        assert not entry.source or entry.source in parameters.sources(), entry.name
