"""Gels that the circuit itself has run: what the bench adds (exposure, loading, scatter, limits) is known exactly.

python -m tests.fitting.blots          writes scenarios/fit_a_blot.csv anew
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np

from pathway.fitting.laboratory.cells import fitted_cell_lines
from pathway.scenario import built_in_laboratory, read_scenario, run_scenario
from pathway.scenario.measurements import model_value_at

SCENARIO = Path(__file__).resolve().parents[2] / "scenarios" / "fit_a_blot.toml"
SHIPPED = SCENARIO.with_suffix(".csv")
TRUTH = {"k_PI3K": 100.0, "k_AKT_dephosphorylation": 60.0, "k_HER3_degradation": 0.12}
SCATTER = 0.15
"""Of the logarithm."""
SEED = 10
BANDS = ("pAKT", "HER3_total")
EXPOSURE = {"A": (170000.0, 0.9), "B": (95000.0, 1.4), "C": (132000.0, 0.6)}
"""Signal of each gel per unit of the model, of each of the bands."""
LANES = [("untreated", 0.0)]
LANES += [(arm, t) for arm in ("lapatinib", "HRG", "lapatinib + HRG") for t in (0.25, 1.0, 4.0, 24.0, 48.0)]
FAINTEST, BRIGHTEST = 200.0, 20000.0
"""What the scanner can tell from nothing, and from more."""
NOTE = f"""\
# SYNTHETIC: no cell was blotted. The circuit itself ran these three gels as BT-474 with (1/h)
# {", ".join(f"{name} = {value:g}" for name, value in TRUTH.items())};
# every band scatters by {SCATTER:.0%}. Arbitrary units: every gel has its exposure, every lane its loading.
# pAKT below {FAINTEST:g} cannot be told from nothing, above {BRIGHTEST:g} the scanner is saturated.
# Made by tests/fitting/blots.py.
"""


def true_signals() -> np.ndarray:
    """What the scenario itself gives for every lane and band with the true cells, shape (n_lanes, n_bands)."""
    texts = fitted_cell_lines(read_scenario(SCENARIO), built_in_laboratory(), TRUTH, {})
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "true.toml").write_text(texts["bt474"], encoding="utf-8")
        text = SCENARIO.read_text(encoding="utf-8").replace('"bt474"', '"./true.toml"').partition("[data]")[0]
        (Path(folder) / "gels.toml").write_text(text, encoding="utf-8")
        result = run_scenario(read_scenario(Path(folder) / "gels.toml"))
    return np.array([[model_value_at(result, arm, time, band) for band in BANDS] for arm, time in LANES])


def scanned(signal: float) -> str:
    """A signal as the scanner's program writes it."""
    if signal < FAINTEST:
        return f"<{FAINTEST:g}"
    return f">{BRIGHTEST:g}" if signal > BRIGHTEST else f"{signal:.0f}"


def gels(seed: int, signals: np.ndarray) -> str:
    """Three gels as a wide table."""
    rng = np.random.default_rng(seed)
    rows = ["arm,time,gel,loading,pAKT [a.u.],HER3_total [a.u.]"]
    for gel, exposure in EXPOSURE.items():
        for (arm, time), true in zip(LANES, signals, strict=True):
            loading = rng.uniform(0.7, 1.3)
            bands = true * exposure * loading * np.exp(SCATTER * rng.normal(size=len(BANDS)))
            rows.append(f"{arm},{time:g} h,{gel},{loading:.3f},{scanned(bands[0])},{bands[1]:.0f}")
    return "\n".join(rows) + "\n"


if __name__ == "__main__":
    SHIPPED.write_text(NOTE + gels(SEED, true_signals()), encoding="utf-8")
