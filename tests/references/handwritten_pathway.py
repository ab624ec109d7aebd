"""The circuit written a second time, by hand, from the prose of `pathway/network/MODEL.md` alone.

Nothing is imported from the package. Every section of MODEL.md has its group here, with MODEL.md's names: what follows
from the state (quantities), what each reaction adds to and takes from each species (terms), and what a bench would read
(observables). In all of them `s` is the state, `p` the parameters, `q` the quantities found so far. Time is in hours,
every number in the unit that MODEL.md gives.
"""

from __future__ import annotations

from math import exp, fsum, log, sqrt
from types import SimpleNamespace

Terms = dict[str, list[float]]


def right_hand_side(
    time: float, state: dict[str, float], parameters: dict[str, float]
) -> tuple[dict[str, float], dict[str, float]]:
    """The derivative of every species, and the sum of the absolute terms that it is made of.

    Parameters
    ----------
    time : float
        In hours; nothing depends on it.
    state, parameters : mapping of name to float
        Every species and every parameter of MODEL.md, in its unit.

    Returns
    -------
    tuple of two mappings of species name to float
        Per hour. A derivative near zero is the difference of large terms: the second mapping says how large.
    """
    s, p = SimpleNamespace(**state), SimpleNamespace(**parameters)
    q = SimpleNamespace(**quantities(state, parameters))
    terms: Terms = {name: [] for name in START}
    for section in (
        receptor_terms,
        growth_terms,
        agent_terms,
        miR21_terms,
        plasmid_terms,
        antimiR_terms,
        AKT_terms,
        ERK_terms,
    ):
        for name, contributions in section(s, p, q).items():
            terms[name] += contributions
    return {n: fsum(t) for n, t in terms.items()}, {n: fsum(map(abs, t)) for n, t in terms.items()}


def quantities(state: dict[str, float], parameters: dict[str, float]) -> dict[str, float]:
    """What follows at every moment from species and parameters, by name."""
    s, p, q = SimpleNamespace(**state), SimpleNamespace(**parameters), SimpleNamespace()
    medium_quantities(s, p, q)
    receptor_quantities(s, p, q)
    growth_quantities(s, p, q)
    agent_quantities(s, p, q)
    miR21_quantities(s, p, q)
    plasmid_quantities(s, p, q)
    AKT_quantities(s, p, q)
    ERK_quantities(s, p, q)
    return vars(q)


def observables(state: dict[str, float], parameters: dict[str, float]) -> dict[str, float]:
    """What a bench would read, by name."""
    s, q = SimpleNamespace(**state), SimpleNamespace(**quantities(state, parameters))
    sections = (
        receptor_observables,
        growth_observables,
        miR21_observables,
        antimiR_observables,
        AKT_observables,
        ERK_observables,
    )
    return {name: value for section in sections for name, value in section(s, q).items()}


def start(parameters: dict[str, float]) -> dict[str, float]:
    """Where the search for the untreated steady state begins; a name stands for that parameter."""
    values = {}
    for name, begin in START.items():
        factor, origin = begin if isinstance(begin, tuple) else (begin, None)
        values[name] = factor * parameters[origin] if origin else factor
    return values


# Shapes that come back ------------------------------------------------------------------------------------------------


def occupied(ligand: float, K: float, n: int = 1) -> float:
    """Share of sites with the ligand bound; half at `K`."""
    return ligand**n / (K**n + ligand**n)


def left_by(inhibitor: float, K: float) -> float:
    """Share of a target that an inhibitor leaves free; half at `K`."""
    return K / (K + inhibitor)


def made_up(p: SimpleNamespace, q: SimpleNamespace, k: float) -> float:
    """Loss that a synthesis makes up for: decay `k`, and dilution at the reference or (coupled) at the actual rate."""
    c = p.synthesis_growth_coupling
    return k + (1 - c) * q.reference_division_rate + c * q.division_rate


# What many sections read: the medium, active ERK ----------------------------------------------------------------------


def medium_quantities(s: SimpleNamespace, p: SimpleNamespace, q: SimpleNamespace) -> None:
    def left_without_serum(share: float) -> float:
        return share + (1 - share) * p.serum

    q.serum_on_RAS = left_without_serum(p.RAS_starved)
    q.serum_on_PI3K_alpha = left_without_serum(p.PI3K_alpha_starved)
    q.serum_on_PI3K_beta = left_without_serum(p.PI3K_beta_starved)
    q.ERK_signal = s.ERK_active / p.ERK_reference


# Receptors, ligands, Src ----------------------------------------------------------------------------------------------


def homodimers(receptors: float, K: float) -> float:
    """The root of D = (H - 2 D)^2 / K below H/2: of 4 D^2 - (4 H + K) D + H^2 = 0 the smaller, without cancellation."""
    b = 4 * receptors + K
    return 2 * receptors**2 / (b + sqrt(K * (8 * receptors + K)))


def receptor_quantities(s: SimpleNamespace, p: SimpleNamespace, q: SimpleNamespace) -> None:
    q.HER2_kinase = left_by(s.lapatinib, p.cell_shift_lapatinib * p.Ki_lapatinib_HER2)
    q.EGFR_kinase = left_by(s.lapatinib, p.cell_shift_lapatinib * p.Ki_lapatinib_EGFR)
    q.HER2_pairable = left_by(s.pertuzumab, p.KD_pertuzumab)
    q.HRG_occupancy = occupied(s.HRG + s.HRG_autocrine, p.KD_HRG)
    q.EGF_occupancy = occupied(s.EGF, p.KD_EGF)

    q.HER2_signalling = s.HER2_surface + p.residual_signalling * s.HER2_trastuzumab
    q.HER2_partner = q.HER2_pairable * (s.HER2_surface + p.residual_ligand_signalling * s.HER2_trastuzumab)
    q.HER2_homodimers = homodimers(q.HER2_signalling, p.K_HER2_HER2)
    without_ligand = occupied(q.HER2_pairable * q.HER2_signalling, p.K_HER2_HER3)
    with_ligand = occupied(q.HER2_partner, p.K_HER2_HER3 / p.HRG_affinity_gain)
    q.HER2_HER3_ligand_free = s.HER3 * (1 - q.HRG_occupancy) * without_ligand
    q.HER2_HER3_ligand_bound = s.HER3 * q.HRG_occupancy * with_ligand
    q.EGFR_with_HER2 = occupied(q.HER2_partner, p.K_HER2_EGFR)
    q.EGFR_dimers = s.EGFR * q.EGF_occupancy * (p.EGFR_homodimer_activity + q.EGFR_with_HER2)

    q.HER2_signal = q.HER2_kinase * q.HER2_homodimers / p.homodimer_reference
    q.HER3_basal_signal = q.HER2_kinase * q.HER2_HER3_ligand_free / p.HER3_dimer_reference
    q.HER3_ligand_signal = q.HER2_kinase * q.HER2_HER3_ligand_bound / p.HER3_dimer_reference
    q.HER3_signal = q.HER3_basal_signal + q.HER3_ligand_signal
    q.EGFR_signal = q.EGFR_kinase * q.EGFR_dimers / p.EGFR_dimer_reference

    def promoter(FOXO: float) -> float:
        return 1 + p.FOXO_HER3_induction * occupied(FOXO, p.K_FOXO_HER3, n=2)

    q.HER3_transcription = promoter(s.FOXO_nuclear) / promoter(p.FOXO_reference)


def receptor_terms(s: SimpleNamespace, p: SimpleNamespace, q: SimpleNamespace) -> Terms:
    synthesis = p.k_HER2_synthesis * p.HER2_level
    binding = p.k_trastuzumab_binding * s.trastuzumab * s.HER2_surface
    release = p.k_trastuzumab_binding * p.KD_trastuzumab * s.HER2_trastuzumab
    inwards, outwards = p.k_HER2_endocytosis * s.HER2_surface, p.k_HER2_recycling * s.HER2_internal
    bound_inwards = p.k_HER2_endocytosis * s.HER2_trastuzumab
    bound_outwards = p.k_HER2_recycling * s.HER2_trastuzumab_internal
    degradation = p.k_HER2_degradation * s.HER2_internal
    bound_degradation = p.trastuzumab_downregulation * p.k_HER2_degradation * s.HER2_trastuzumab_internal

    HER3_mRNA_made = p.k_HER3_mRNA_decay * q.HER3_transcription
    HER3_mRNA_lost = p.k_HER3_mRNA_decay * (1 + q.HER3_mRNA_cleavage) * s.HER3_mRNA
    HER3_made = p.k_HER3_degradation * p.HER3_level * s.HER3_mRNA
    HER3_lost = p.k_HER3_degradation * (1 + p.HRG_desensitisation * q.HRG_occupancy) * s.HER3
    EGFR_made = p.k_EGFR_degradation * p.EGFR_level
    exposed = 1 - p.HER2_shielding * q.EGFR_with_HER2
    EGFR_inwards = p.k_EGFR_endocytosis * q.EGF_occupancy * exposed * s.EGFR
    EGFR_outwards = p.k_EGFR_recycling * s.EGFR_internal
    shed = p.k_shedding * p.shedding * left_by(q.AKT_activity, p.K_shedding)

    SRC_on = p.k_SRC * occupied(q.HER2_signal, p.K_SRC) * s.SRC
    SRC_off = p.k_SRC * p.SRC_deactivation * s.SRC_active
    return {
        "HER2_surface": [synthesis, -inwards, outwards, -binding, release],
        "HER2_internal": [inwards, -outwards, -degradation],
        "HER2_trastuzumab": [binding, -release, -bound_inwards, bound_outwards],
        "HER2_trastuzumab_internal": [bound_inwards, -bound_outwards, -bound_degradation],
        "HER3_mRNA": [HER3_mRNA_made, -HER3_mRNA_lost],
        "HER3": [HER3_made, -HER3_lost],
        "EGFR": [EGFR_made, -p.k_EGFR_degradation * s.EGFR, -EGFR_inwards, EGFR_outwards],
        "EGFR_internal": [EGFR_inwards, -EGFR_outwards, -p.k_EGFR_internal_degradation * s.EGFR_internal],
        "HRG_autocrine": [shed, -p.k_shedding * s.HRG_autocrine],
        "SRC": [SRC_off, -SRC_on],
        "SRC_active": [SRC_on, -SRC_off],
    }


def receptor_observables(s: SimpleNamespace, q: SimpleNamespace) -> dict[str, float]:
    on_surface = s.HER2_surface + s.HER2_trastuzumab
    return {
        "HER2_on_surface": on_surface,
        "HER2_total": on_surface + s.HER2_internal + s.HER2_trastuzumab_internal,
        "HER3_total": s.HER3,
        "pHER2": q.HER2_signal,
        "SRC_activity": s.SRC_active,
    }


# Growth ---------------------------------------------------------------------------------------------------------------


def growth_quantities(s: SimpleNamespace, p: SimpleNamespace, q: SimpleNamespace) -> None:
    q.reference_growth_rate = log(2) / p.doubling_time
    q.reference_division_rate = q.reference_growth_rate + p.k_death
    q.division_rate = p.mu_max * occupied(s.cyclin_D, p.K_growth * s.p27)
    q.death_rate = p.k_death + p.k_apoptosis * occupied(s.BIM, p.K_BIM, n=4)
    q.growth_rate = q.division_rate - q.death_rate
    q.needed_division_rate = q.reference_growth_rate + q.death_rate


def growth_terms(s: SimpleNamespace, p: SimpleNamespace, q: SimpleNamespace) -> Terms:
    p27_made = p.k_p27 * (1 + p.FOXO_to_p27 * s.FOXO_nuclear) * left_by(q.AKT_activity, p.K_AKT_p27)
    cyclin_D = p.cyclin_D_basal + p.ERK_to_cyclin_D * q.ERK_signal + p.S6K_to_cyclin_D * s.S6K_active
    return {
        "p27": [p27_made, -p.k_p27 * s.p27],
        "cyclin_D": [p.k_cyclin_D * cyclin_D, -p.k_cyclin_D * s.cyclin_D],
        "BIM": [p.k_BIM * s.FOXO_nuclear, -p.k_BIM * (1 + p.ERK_to_BIM * q.ERK_signal) * s.BIM],
        "log_cell_number": [q.division_rate, -q.death_rate],
    }


def growth_observables(s: SimpleNamespace, q: SimpleNamespace) -> dict[str, float]:
    return {"cell_number": exp(s.log_cell_number), "growth": q.growth_rate}


# Agents in the dish, siRNA, mimics ------------------------------------------------------------------------------------


def agent_quantities(s: SimpleNamespace, p: SimpleNamespace, q: SimpleNamespace) -> None:
    q.PTEN_mRNA_cleavage = p.siRNA_cleavage * occupied(s.siRNA_PTEN, p.EC50_siRNA)
    q.HER3_mRNA_cleavage = p.siRNA_cleavage * occupied(s.siRNA_HER3, p.EC50_siRNA)
    q.PDCD4_mRNA_cleavage = p.siRNA_cleavage * occupied(s.siRNA_PDCD4, p.EC50_siRNA)


def agent_terms(s: SimpleNamespace, p: SimpleNamespace, q: SimpleNamespace) -> Terms:
    siRNA_loss = p.k_siRNA_loss + q.division_rate
    return {
        "trastuzumab": [-p.k_antibody_loss * s.trastuzumab],
        "pertuzumab": [-p.k_antibody_loss * s.pertuzumab],
        "lapatinib": [-p.k_inhibitor_loss * s.lapatinib],
        "buparlisib": [-p.k_inhibitor_loss * s.buparlisib],
        "alpelisib": [-p.k_inhibitor_loss * s.alpelisib],
        "AKT_inhibitor": [-p.k_inhibitor_loss * s.AKT_inhibitor],
        "MEK_inhibitor": [-p.k_inhibitor_loss * s.MEK_inhibitor],
        "mTOR_inhibitor": [-p.k_inhibitor_loss * s.mTOR_inhibitor],
        "EGF": [-p.k_ligand_loss * s.EGF],
        "HRG": [-p.k_ligand_loss * s.HRG],
        "mimic_lipoplex": [-p.k_lipoplex_loss * s.mimic_lipoplex],
        "miR21_duplex": [p.k_mimic_transfection * s.mimic_lipoplex],
        "miR221_lipoplex": [-p.k_lipoplex_loss * s.miR221_lipoplex],
        "miR221_RISC": [p.k_mimic_transfection * q.Argonaute_free * s.miR221_lipoplex],
        "siRNA_PTEN": [-siRNA_loss * s.siRNA_PTEN],
        "siRNA_HER3": [-siRNA_loss * s.siRNA_HER3],
        "siRNA_PDCD4": [-siRNA_loss * s.siRNA_PDCD4],
    }


# miR-21, its targets and decoys, miR-221 ------------------------------------------------------------------------------


def miR21_quantities(s: SimpleNamespace, p: SimpleNamespace, q: SimpleNamespace) -> None:
    q.miRNA_loss = p.k_miRNA_decay + q.division_rate
    q.miR21_decay = p.k_miRNA_decay / (1 + p.miR4728_stabilization * occupied(p.HER2_level, p.K_miR4728))
    q.miR21_loss_rate = q.miR21_decay + q.division_rate
    q.miR21_loss_on_target = q.miR21_decay * (1 + p.target_directed_decay) + q.division_rate
    loaded = [s.miR21_RISC, s.PTEN_mRNA_RISC, s.PDCD4_mRNA_RISC, s.PTENP1_RISC, s.target_pool_RISC]
    q.Argonaute_free = 1 / (1 + p.Argonaute_scarcity * fsum([*loaded, s.antimiR_RISC, s.miR221_RISC]))

    AP1 = p.miR21_promoter_AP1 * occupied(s.AP1, p.K_miR21_AP1, n=2)
    inflammation = p.miR21_promoter_inflammation * occupied(s.inflammation, p.K_miR21_inflammation, n=2)
    drive = p.miR21_promoter_basal + AP1 + inflammation + p.miR21_extra_transcription
    q.miR21_promoter = drive / (1 + p.NFIB_repression * s.NFIB)

    q.miR221_occupancy = occupied(s.miR221_RISC, p.K_miR221_PTEN)
    q.PTEN_mRNA_turnover = 1 + p.faster_decay * q.miR221_occupancy + q.PTEN_mRNA_cleavage
    PTEN_translated = s.PTEN_mRNA + (1 - p.lost_translation_PTEN) * s.PTEN_mRNA_RISC
    q.PTEN_translation = PTEN_translated * (1 - p.lost_translation * q.miR221_occupancy) / p.PTEN_mRNA_copies
    q.PDCD4_translation = (s.PDCD4_mRNA + (1 - p.lost_translation) * s.PDCD4_mRNA_RISC) / p.PDCD4_mRNA_copies

    def silenced(K: float) -> float:
        share = occupied(s.miR21_RISC, K)
        return (1 - p.lost_translation * share) / (1 + p.faster_decay * share)

    q.SPRY_silencing = silenced(p.K_miR21_SPRY)
    q.NFIB_silencing = silenced(p.K_miR21_NFIB)


def miR21_terms(s: SimpleNamespace, p: SimpleNamespace, q: SimpleNamespace) -> Terms:
    transcribed = p.miR21_scale * made_up(p, q, p.k_miRNA_decay) * q.miR21_promoter
    processed = p.k_miR21_processing * s.miR21_primary
    loaded = p.k_miRNA_loading * q.Argonaute_free * s.miR21_duplex
    turned_away = p.k_miRNA_loading * (1 - q.Argonaute_free) * s.miR21_duplex
    miR221_made = made_up(p, q, p.k_miRNA_decay) * (p.miR221_basal + p.miR221_extra)
    terms: Terms = {
        "miR21_primary": [transcribed, -processed],
        "miR21_duplex": [processed, -loaded, -turned_away],
        "miR21_RISC": [loaded, -q.miR21_loss_rate * s.miR21_RISC],
        "miR221_RISC": [miR221_made, -q.miRNA_loss * s.miR221_RISC],
        "NFIB": [p.k_NFIB * q.NFIB_silencing, -p.k_NFIB * s.NFIB],
    }

    def target(name: str, K: float, made: float, decay: float, silenced_decay: float) -> None:
        """A transcript, free and with miR-21: it comes back when the miRNA is lost, miR-21 when it decays."""
        free, bound = vars(s)[name], vars(s)[name + "_RISC"]
        binding, release = p.k_miRNA_release / K * free * s.miR21_RISC, p.k_miRNA_release * bound
        lost, silenced, bared = decay * free, silenced_decay * bound, q.miR21_loss_on_target * bound
        terms[name] = [made, -lost, -binding, release, bared]
        terms[name + "_RISC"] = [binding, -release, -silenced, -bared]
        terms["miR21_RISC"] += [-binding, release, silenced]

    k = p.k_PTEN_mRNA_decay
    target(
        "PTEN_mRNA",
        K=p.K_miR21_PTEN,
        made=k * p.PTEN_mRNA_copies * p.PTEN_gene,
        decay=k * q.PTEN_mRNA_turnover,
        silenced_decay=k * (q.PTEN_mRNA_turnover + p.faster_decay_PTEN),
    )
    k = p.k_PTENP1_decay
    target(
        "PTENP1",
        K=p.K_miR21_PTEN,
        made=k * p.PTENP1_copies,
        decay=k,
        silenced_decay=k * (1 + p.faster_decay_PTEN),
    )
    k = p.k_PDCD4_mRNA_decay
    target(
        "PDCD4_mRNA",
        K=p.K_miR21_PDCD4,
        made=k * p.PDCD4_mRNA_copies,
        decay=k * (1 + q.PDCD4_mRNA_cleavage),
        silenced_decay=k * (1 + q.PDCD4_mRNA_cleavage + p.faster_decay),
    )
    target("target_pool", K=p.K_miR21_pool, made=0.0, decay=0.0, silenced_decay=0.0)

    PDCD4_made = made_up(p, q, p.k_PDCD4_degradation) * p.PDCD4_synthesis_scale * q.PDCD4_translation
    PDCD4_decay = p.k_PDCD4_degradation * (1 + p.S6K_PDCD4_degradation * s.S6K_active)
    terms["PDCD4"] = [PDCD4_made, -(PDCD4_decay + q.division_rate) * s.PDCD4]
    return terms


def miR21_observables(s: SimpleNamespace, q: SimpleNamespace) -> dict[str, float]:
    unblocked = s.miR21_RISC + s.PTEN_mRNA_RISC + s.PDCD4_mRNA_RISC + s.PTENP1_RISC + s.target_pool_RISC
    return {
        "miR21": unblocked + s.antimiR_RISC,
        "miR21_free": unblocked,
        "PTEN_transcript": s.PTEN_mRNA + s.PTEN_mRNA_RISC,
    }


# PTEN plasmids --------------------------------------------------------------------------------------------------------


def plasmid_quantities(s: SimpleNamespace, p: SimpleNamespace, q: SimpleNamespace) -> None:
    q.PTEN_site_occupancy = miR21 = occupied(s.miR21_RISC, p.K_miR21_PTEN)
    translated = (1 - p.lost_translation_PTEN * miR21) * (1 - p.lost_translation * q.miR221_occupancy)
    turnover = 1 + p.faster_decay_PTEN * miR21 + p.faster_decay * q.miR221_occupancy
    q.PTEN_plasmid_translation = p.plasmid_strength * (s.PTEN_plasmid + s.PTEN_plasmid_3UTR * translated / turnover)


def plasmid_terms(s: SimpleNamespace, p: SimpleNamespace, q: SimpleNamespace) -> Terms:
    return {
        "PTEN_plasmid": [-p.k_plasmid_loss * s.PTEN_plasmid],
        "PTEN_plasmid_3UTR": [-p.k_plasmid_loss * s.PTEN_plasmid_3UTR],
    }


# Anti-miR-21 ----------------------------------------------------------------------------------------------------------


def antimiR_terms(s: SimpleNamespace, p: SimpleNamespace, q: SimpleNamespace) -> Terms:
    transfection = p.k_antimiR_transfection * s.antimiR_lipoplex
    uptake = p.k_antimiR_uptake * s.antimiR_medium
    escape = p.k_antimiR_escape * s.antimiR_endosomal
    endosomal_loss = (p.k_antimiR_endosomal_loss + q.division_rate) * s.antimiR_endosomal
    cytosolic_loss = (p.k_antimiR_degradation + q.division_rate) * s.antimiR_cytosol
    binding = p.k_antimiR_binding / p.copies_per_nM * s.antimiR_cytosol * s.miR21_RISC
    release = p.k_antimiR_release * s.antimiR_RISC
    blocked_loss = q.miR21_decay * (1 + p.antimiR_directed_decay) + q.division_rate
    return {
        "antimiR_lipoplex": [-p.k_lipoplex_loss * s.antimiR_lipoplex],
        "antimiR_medium": [-p.k_antimiR_medium_loss * s.antimiR_medium],
        "antimiR_endosomal": [uptake, -escape, -endosomal_loss],
        "antimiR_cytosol": [transfection, escape, -cytosolic_loss, -binding, release],
        "antimiR_RISC": [binding, -release, -blocked_loss * s.antimiR_RISC],
        "miR21_RISC": [-binding, release],
    }


def antimiR_observables(s: SimpleNamespace, q: SimpleNamespace) -> dict[str, float]:
    return {"antimiR_inside": s.antimiR_endosomal + s.antimiR_cytosol + s.antimiR_RISC}


# PI3K, PTEN, AKT and what answers back --------------------------------------------------------------------------------


def AKT_quantities(s: SimpleNamespace, p: SimpleNamespace, q: SimpleNamespace) -> None:
    q.mTOR_free = left_by(s.mTOR_inhibitor, p.cell_shift_mTOR_inhibitor * p.IC50_mTOR_inhibitor)
    q.mTORC2_activity = q.mTOR_free / (1 + p.S6K_mTORC2_feedback * s.S6K_active)
    q.AKT_inhibitor_bound = occupied(s.AKT_inhibitor, p.cell_shift_AKT_inhibitor * p.IC50_AKT_inhibitor)
    q.AKT_activity = (s.AKT_T308_S473 + p.AKT_T308_activity * s.AKT_T308) * (1 - q.AKT_inhibitor_bound)
    shielded = (1 - p.AKT_inhibitor_shield) * q.AKT_inhibitor_bound
    q.AKT_phosphatase = p.k_AKT_dephosphorylation * (1 - shielded)

    q.PI3K_free = left_by(s.buparlisib, p.cell_shift_buparlisib * p.IC50_buparlisib)
    ligand_free = q.serum_on_PI3K_alpha * q.HER3_basal_signal
    q.PI3K_drive = ligand_free + q.HER3_ligand_signal + p.EGFR_to_PI3K * q.EGFR_signal
    wild_type = p.PI3K_alpha_gain * occupied(q.PI3K_drive, p.K_PI3K_alpha) * s.IRS1
    alpha_free = q.PI3K_free * left_by(s.alpelisib, p.cell_shift_alpelisib * p.IC50_alpelisib_alpha)
    q.PI3K_alpha = (wild_type + q.serum_on_PI3K_alpha * p.PIK3CA_mutant) * alpha_free
    without_PTEN = occupied(p.K_PI3K_beta, s.PTEN_active, n=2)
    beta = q.serum_on_PI3K_beta * p.PI3K_beta_gain * (1 + p.PI3K_beta_PTEN * without_PTEN) * s.IRS1
    beta_free = q.PI3K_free * left_by(s.alpelisib, p.cell_shift_alpelisib * p.IC50_alpelisib_beta)
    q.PI3K_beta = beta * beta_free

    translation = q.PTEN_translation + q.PTEN_plasmid_translation
    q.PTEN_synthesis = made_up(p, q, p.k_PTEN_degradation) * p.PTEN_synthesis_scale * translation


def AKT_terms(s: SimpleNamespace, p: SimpleNamespace, q: SimpleNamespace) -> Terms:
    PIP3_made = p.k_PI3K * (q.PI3K_alpha + q.PI3K_beta)
    PIP3_by_PTEN = p.k_PTEN * s.PTEN_active * occupied(s.PIP3, p.Km_PTEN)

    PTEN_loss = p.k_PTEN_degradation + q.division_rate
    PTEN_off = p.k_PTEN_phosphorylation * s.SRC_active * s.PTEN_active
    PTEN_on = p.k_PTEN_dephosphorylation * (1 + p.PTEN_autoactivation * s.PTEN_active) * s.PTEN_phosphorylated

    PDK1 = p.k_T308 * s.PIP3
    mTORC2 = p.k_S473 * q.mTORC2_activity * occupied(s.PIP3, p.K_S473)
    T308_on, T308_off = PDK1 * s.AKT, q.AKT_phosphatase * s.AKT_T308
    T308_on_second, T308_off_second = PDK1 * s.AKT_S473, q.AKT_phosphatase * p.T308_stability * s.AKT_T308_S473
    S473_on, S473_off = mTORC2 * s.AKT, q.AKT_phosphatase * s.AKT_S473
    S473_on_second, S473_off_second = mTORC2 * s.AKT_T308, q.AKT_phosphatase * s.AKT_T308_S473

    FOXO_out = p.k_FOXO * q.AKT_activity / p.K_FOXO_AKT * s.FOXO_nuclear
    FOXO_in = p.k_FOXO * s.FOXO_cytoplasmic
    S6K_on = p.k_S6K * q.AKT_activity / p.K_S6K * (1 + p.ERK_to_S6K * q.ERK_signal) * q.mTOR_free * s.S6K
    S6K_off = p.k_S6K * s.S6K_active
    return {
        "IRS1": [p.k_IRS1 / (1 + p.S6K_feedback * s.S6K_active), -p.k_IRS1 * s.IRS1],
        "PIP3": [PIP3_made, -PIP3_by_PTEN, -p.k_SHIP * s.PIP3],
        "PTEN_active": [q.PTEN_synthesis, -PTEN_loss * s.PTEN_active, -PTEN_off, PTEN_on],
        "PTEN_phosphorylated": [-PTEN_loss * s.PTEN_phosphorylated, PTEN_off, -PTEN_on],
        "AKT": [-T308_on, T308_off, -S473_on, S473_off],
        "AKT_T308": [T308_on, -T308_off, -S473_on_second, S473_off_second],
        "AKT_S473": [S473_on, -S473_off, -T308_on_second, T308_off_second],
        "AKT_T308_S473": [T308_on_second, -T308_off_second, S473_on_second, -S473_off_second],
        "FOXO_nuclear": [FOXO_in, -FOXO_out],
        "FOXO_cytoplasmic": [FOXO_out, -FOXO_in],
        "S6K": [S6K_off, -S6K_on],
        "S6K_active": [S6K_on, -S6K_off],
    }


def AKT_observables(s: SimpleNamespace, q: SimpleNamespace) -> dict[str, float]:
    PTEN = s.PTEN_active + s.PTEN_phosphorylated
    return {
        "pAKT": s.AKT_S473 + s.AKT_T308_S473,
        "pAKT_T308": s.AKT_T308 + s.AKT_T308_S473,
        "AKT_phosphorylated": s.AKT_T308 + s.AKT_S473 + s.AKT_T308_S473,
        "AKT_substrates": q.AKT_activity,
        "PTEN": PTEN,
        "PTEN_active_share": s.PTEN_active / PTEN,
        "pS6K": s.S6K_active,
    }


# RAS, MEK, ERK, AP-1, inflammation ------------------------------------------------------------------------------------


def ERK_quantities(s: SimpleNamespace, p: SimpleNamespace, q: SimpleNamespace) -> None:
    q.MEK_free = left_by(s.MEK_inhibitor, p.cell_shift_MEK_inhibitor * p.IC50_MEK_inhibitor)
    ligand_free = p.HER2_to_RAS * q.HER2_signal + p.HER3_to_RAS * q.HER3_basal_signal
    ligand = p.HER3_to_RAS * q.HER3_ligand_signal + p.EGFR_to_RAS * q.EGFR_signal
    feedback = 1 + p.ERK_feedback * q.ERK_signal + p.SPRY_feedback * s.SPRY
    q.RAS_activation = (p.RAS_basal + p.RAS_mutant + q.serum_on_RAS * ligand_free + ligand) / feedback
    q.RAF_activity = s.RAS_GTP / (1 + p.RAF_feedback * q.ERK_signal)
    q.MEK_on_ERK = p.k_ERK * p.MEK_to_ERK * s.MEK_active * q.MEK_free
    phosphatases = p.k_ERK * (1 + p.DUSP_feedback * s.DUSP)
    q.ERK_phosphatase = phosphatases * left_by(s.ERK_single + s.ERK_active, p.K_ERK_phosphatase)


def ERK_terms(s: SimpleNamespace, p: SimpleNamespace, q: SimpleNamespace) -> Terms:
    RAS_on, RAS_off = p.k_RAS * q.RAS_activation * s.RAS_GDP, p.k_RAS * s.RAS_GTP
    MEK_on, MEK_off = p.k_MEK * p.RAS_to_MEK * q.RAF_activity * s.MEK, p.k_MEK * s.MEK_active
    first_on, first_off = q.MEK_on_ERK * s.ERK, q.ERK_phosphatase * s.ERK_single
    second_on, second_off = q.MEK_on_ERK * s.ERK_single, q.ERK_phosphatase * s.ERK_active
    SPRY_made = p.k_SPRY * (1 + p.ERK_to_SPRY * q.ERK_signal) * q.SPRY_silencing
    AP1_made = p.k_AP1 * p.ERK_to_AP1 * q.ERK_signal / (1 + p.PDCD4_AP1_inhibition * s.PDCD4)
    IL6 = p.IL6_to_inflammation * occupied(s.IL6, p.K_IL6)
    onset = p.k_inflammation * (p.inflammation_basal + p.AKT_to_inflammation * q.AKT_activity + IL6)
    return {
        "RAS_GDP": [RAS_off, -RAS_on],
        "RAS_GTP": [RAS_on, -RAS_off],
        "MEK": [MEK_off, -MEK_on],
        "MEK_active": [MEK_on, -MEK_off],
        "ERK": [first_off, -first_on],
        "ERK_single": [first_on, -first_off, -second_on, second_off],
        "ERK_active": [second_on, -second_off],
        "SPRY": [SPRY_made, -p.k_SPRY * s.SPRY],
        "DUSP_mRNA": [p.k_DUSP_mRNA * q.ERK_signal, -p.k_DUSP_mRNA * s.DUSP_mRNA],
        "DUSP": [p.k_DUSP * s.DUSP_mRNA, -p.k_DUSP * s.DUSP],
        "AP1": [AP1_made, -p.k_AP1 * s.AP1],
        "inflammation": [onset, -p.k_inflammation * s.inflammation],
        "IL6": [p.k_IL6 * s.inflammation, -p.k_IL6 * s.IL6],
    }


def ERK_observables(s: SimpleNamespace, q: SimpleNamespace) -> dict[str, float]:
    return {"pERK": s.ERK_active, "pMEK": s.MEK_active}


# Start ----------------------------------------------------------------------------------------------------------------

START: dict[str, float | tuple[float, str]] = {
    # receptors, ligands, Src
    "HER2_surface": (0.8, "HER2_level"),
    "HER2_internal": (0.2, "HER2_level"),
    "HER2_trastuzumab": 0.0,
    "HER2_trastuzumab_internal": 0.0,
    "HER3_mRNA": 1.0,
    "HER3": (1.0, "HER3_level"),
    "EGFR": (1.0, "EGFR_level"),
    "EGFR_internal": 0.0,
    "HRG_autocrine": 0.0,
    "SRC": 0.5,
    "SRC_active": 0.5,
    # growth
    "p27": 1.0,
    "cyclin_D": 1.0,
    "BIM": 0.1,
    "log_cell_number": 0.0,
    # agents in the dish, siRNA, mimics
    "trastuzumab": 0.0,
    "pertuzumab": 0.0,
    "lapatinib": 0.0,
    "buparlisib": 0.0,
    "alpelisib": 0.0,
    "AKT_inhibitor": 0.0,
    "MEK_inhibitor": 0.0,
    "mTOR_inhibitor": 0.0,
    "EGF": 0.0,
    "HRG": 0.0,
    "mimic_lipoplex": 0.0,
    "miR221_lipoplex": 0.0,
    "siRNA_PTEN": 0.0,
    "siRNA_HER3": 0.0,
    "siRNA_PDCD4": 0.0,
    # miR-21, its targets and decoys, miR-221
    "miR21_primary": (0.01, "miR21_scale"),
    "miR21_duplex": (0.01, "miR21_scale"),
    "miR21_RISC": (1.0, "miR21_scale"),
    "target_pool": (1.0, "target_pool_size"),
    "target_pool_RISC": 0.0,
    "PTENP1": (1.0, "PTENP1_copies"),
    "PTENP1_RISC": 0.0,
    "NFIB": 0.7,
    "miR221_RISC": (1.0, "miR221_basal"),
    "PTEN_mRNA": (1.0, "PTEN_mRNA_copies"),
    "PTEN_mRNA_RISC": 0.0,
    "PDCD4_mRNA": (1.0, "PDCD4_mRNA_copies"),
    "PDCD4_mRNA_RISC": 0.0,
    "PDCD4": 1.0,
    # PTEN plasmids
    "PTEN_plasmid": 0.0,
    "PTEN_plasmid_3UTR": 0.0,
    # anti-miR-21
    "antimiR_lipoplex": 0.0,
    "antimiR_medium": 0.0,
    "antimiR_endosomal": 0.0,
    "antimiR_cytosol": 0.0,
    "antimiR_RISC": 0.0,
    # PI3K, PTEN, AKT
    "IRS1": 0.5,
    "PIP3": 0.1,
    "PTEN_active": 0.5,
    "PTEN_phosphorylated": 0.5,
    "AKT": 0.7,
    "AKT_T308": 0.1,
    "AKT_S473": 0.1,
    "AKT_T308_S473": 0.1,
    "FOXO_nuclear": 0.5,
    "FOXO_cytoplasmic": 0.5,
    "S6K": 0.5,
    "S6K_active": 0.5,
    # RAS, MEK, ERK, AP-1, inflammation
    "RAS_GDP": 0.8,
    "RAS_GTP": 0.2,
    "MEK": 0.7,
    "MEK_active": 0.3,
    "ERK": 0.7,
    "ERK_single": 0.2,
    "ERK_active": 0.1,
    "SPRY": 1.0,
    "DUSP_mRNA": 1.0,
    "DUSP": 1.0,
    "AP1": 0.5,
    "inflammation": 1.0,
    "IL6": 1.0,
}

MOIETIES = {
    "SRC_total": ("SRC", "SRC_active"),
    "target_pool_total": ("target_pool", "target_pool_RISC"),
    "AKT_total": ("AKT", "AKT_T308", "AKT_S473", "AKT_T308_S473"),
    "FOXO_total": ("FOXO_nuclear", "FOXO_cytoplasmic"),
    "S6K_total": ("S6K", "S6K_active"),
    "RAS_total": ("RAS_GDP", "RAS_GTP"),
    "MEK_total": ("MEK", "MEK_active"),
    "ERK_total": ("ERK", "ERK_single", "ERK_active"),
}
"""Sums that no reaction changes; the start values set them."""
