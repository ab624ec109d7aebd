"""The numbers of the five-state teaching model, from those of the full circuit; run it after any number has changed.

    python calibration/reduce_circuit.py            shows what would change
    python calibration/reduce_circuit.py --write    into `minimal.toml`, and the equations that are written out by hand

What the full SK-BR-3 model has as a number is taken over. The others are least squares to what it does with little to
much PTEN, untreated and after 72 h of trastuzumab: PIP3, pAKT and growth, each relative to its mean.
"""

from __future__ import annotations

import argparse
import math
import os
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
from scipy.optimize import least_squares

from pathway import parameters
from pathway.folders import write_atomically
from pathway.network import minimal
from pathway.scenario.built_in import cell_line_values, circuit_model
from pathway.simulation import Intervention, simulate, steady_state

NUMBERS = Path(parameters.__file__).parent / "minimal.toml"
BY_HAND = Path(minimal.__file__)
"""Where the equations stand written out."""
PARENTAL, RESISTANT = "skbr3", "skbr3_resistant"
SCALES = np.geomspace(0.3, 1.25, 8)
"""Of the synthesis of PTEN; PTEN itself then goes from 0.27 to 1.27."""
DOSES = (0.0, 0.2, 1.0, 5.0, 68.7)
"""nM of trastuzumab; the last is 10 ug/mL."""
HOURS = 72.0
FITTED = {
    "PI3K_flux": 20.0, "trastuzumab_effect": 0.5, "EC50_trastuzumab": 0.5, "max_pAKT": 0.5, "K_pAKT": 0.3,
    "growth_max": 0.03, "pAKT_needed": 0.03, "K_growth": 0.03,
}  # fmt: skip
"""Where least squares start."""
EQUATIONS = (
    "{k_miR21} * (",
    "{k_PTEN_turnover} * ({one_and_silencing} / (1 + {silencing} * miR) - PTEN)",
    "{PI3K_flux} * (1 - {trastuzumab_effect} * drug / ({EC50_trastuzumab} + drug))",
    "{k_PTEN} * PTEN * PIP3 / ({Km_PTEN} + PIP3) - {k_SHIP} * PIP3",
    "{k_pAKT} * ({max_pAKT} * PIP3 / ({K_pAKT} + PIP3) - pAKT)",
    "{growth_max} * (pAKT - {pAKT_needed}) / (pAKT + {K_growth})",
    "parental  = [1.0, 1.0, {parental_PIP3}, {parental_pAKT}, 0.0]",
    "resistant = [{resistant_miR21}, {resistant_PTEN}, {resistant_PIP3}, {resistant_pAKT}, 0.0]",
)
"""Terms and states at rest as they are written by hand."""
_NUMBER = r"[-+.\de]+"


def full_states() -> dict[str, np.ndarray]:
    """What the full circuit does, each of shape (n_scales * n_doses,): dose, PTEN, PIP3, pAKT, growth_rate."""
    model, rows = circuit_model(), []
    place = model.parameter_index("PTEN_synthesis_scale")
    for scale in SCALES:
        values = cell_line_values(PARENTAL).copy()
        values[place] *= scale
        rest = np.array(steady_state(model, values))
        for dose in DOSES:
            given = [Intervention(0.0, add={"trastuzumab": dose})]
            course = simulate(model, [0.0, HOURS], parameters=values, initial=rest, interventions=given)
            rows.append([dose, *(course[name][-1] for name in ("PTEN", "PIP3", "pAKT", "growth_rate"))])
    return dict(zip(("dose", "PTEN", "PIP3", "pAKT", "growth_rate"), np.array(rows).T, strict=True))


def untreated_states() -> dict[str, dict[str, float]]:
    """PTEN, its active part and miR-21 of the parental and of the resistant line in the full circuit."""
    model, states = circuit_model(), {}
    for line in (PARENTAL, RESISTANT):
        values = cell_line_values(line)
        course = simulate(model, [0.0, 1e-3], parameters=values, initial=np.array(steady_state(model, values)))
        states[line] = {name: float(course[name][0]) for name in ("PTEN", "PTEN_active", "miR21")}
    return states


def resistant_relative_to_parental() -> tuple[float, float]:
    """miR-21 and PTEN of resistant cells, as folds of parental ones."""
    parental, resistant = untreated_states().values()
    return resistant["miR21"] / parental["miR21"], resistant["PTEN"] / parental["PTEN"]


def taken_over() -> dict[str, float]:
    """What follows from numbers and from untreated cells of the full circuit, without a fit."""
    model, values = circuit_model(), cell_line_values(PARENTAL)
    number = {name: float(values[model.parameter_index(name)]) for name in model.parameters}
    parental = untreated_states()[PARENTAL]
    miR21, PTEN = resistant_relative_to_parental()
    dilution = math.log(2.0) / number["doubling_time"]
    return {
        "k_miR21": number["k_miRNA_decay"] + dilution,
        "k_PTEN_turnover": number["k_PTEN_degradation"] + dilution,
        # (1 + silencing)/(1 + silencing*miR21) = PTEN
        "silencing": (1.0 - PTEN) / (PTEN * miR21 - 1.0),
        "k_PTEN": number["k_PTEN"] * parental["PTEN_active"] / parental["PTEN"],
        "Km_PTEN": number["Km_PTEN"],
        "k_SHIP": number["k_SHIP"],
        "k_pAKT": number["k_AKT_dephosphorylation"],
    }


def reduced_states(number: Mapping[str, float], dose: np.ndarray, PTEN: np.ndarray) -> dict[str, np.ndarray]:
    """PIP3, pAKT and growth rate of the five-state model at rest at given PTEN, shapes as those of `dose`."""
    flux = number["PI3K_flux"] * (1.0 - number["trastuzumab_effect"] * dose / (number["EC50_trastuzumab"] + dose))
    # flux = k_PTEN*PTEN*x/(Km + x) + k_SHIP*x is quadratic in x, and one root is positive.
    ship, half = number["k_SHIP"], number["Km_PTEN"]
    linear = number["k_PTEN"] * PTEN + ship * half - flux
    PIP3 = (np.sqrt(linear**2 + 4.0 * ship * half * flux) - linear) / (2.0 * ship)
    pAKT = number["max_pAKT"] * PIP3 / (number["K_pAKT"] + PIP3)
    growth = number["growth_max"] * (pAKT - number["pAKT_needed"]) / (pAKT + number["K_growth"])
    return {"PIP3": PIP3, "pAKT": pAKT, "growth_rate": growth}


def reduce_circuit() -> tuple[dict[str, float], dict[str, float]]:
    """The numbers of the five-state model to four digits, and root mean square errors of PIP3, pAKT and growth rate."""
    known, full = taken_over(), full_states()

    def deviations(number: Mapping[str, float]) -> dict[str, np.ndarray]:
        reduced = reduced_states(number, full["dose"], full["PTEN"])
        return {name: values - full[name] for name, values in reduced.items()}

    def residuals(logarithms: np.ndarray) -> np.ndarray:
        fitted = dict(zip(FITTED, np.exp(logarithms), strict=True))
        return np.concatenate([d / full[name].mean() for name, d in deviations(known | fitted).items()])

    entries = parameters.minimal_circuit_parameters()
    ends = np.log([entries[name].range for name in FITTED]).T
    optimum = least_squares(residuals, np.log(list(FITTED.values())).clip(*ends), bounds=ends).x
    numbers = known | dict(zip(FITTED, np.exp(optimum).tolist(), strict=True))
    rounded = {name: float(f"{value:.4g}") for name, value in numbers.items()}
    return rounded, {name: float(np.sqrt(np.mean(d**2))) for name, d in deviations(rounded).items()}


def with_numbers(text: str, number: Mapping[str, float]) -> str:
    """A text whose equations written by hand have these numbers, to three digits."""
    miR21, PTEN = resistant_relative_to_parental()
    rest = reduced_states(number, np.zeros(2), np.array([1.0, PTEN]))
    states = {
        f"{line}_{name}": rest[name][place] for place, line in enumerate(("parental", "resistant")) for name in rest
    }
    values = {**number, **states, "resistant_miR21": miR21, "resistant_PTEN": PTEN}
    shown = {name: f"{value:.3g}" for name, value in values.items()}
    shown["one_and_silencing"] = f"{1.0 + number['silencing']:.4g}"
    for equation in EQUATIONS:
        parts = re.split(r"(\{\w+\})", equation)
        pattern = "".join(_NUMBER if part.startswith("{") else re.escape(part) for part in parts)
        text = re.sub(pattern, equation.format_map(shown), text)
    return text


def main(arguments: Sequence[str] | None = None) -> None:
    """Derive the numbers and show, or write, them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="into the files")
    write = parser.parse_args(arguments).write
    numbers, errors = reduce_circuit()
    before = parameters.minimal_circuit_parameters()
    text = NUMBERS.read_text(encoding="utf-8")
    for name, value in numbers.items():
        print(f"{name:20s} {before[name].value:.4g} -> {value:.4g} {before[name].unit}")
        text = re.sub(rf"(\[{name}\]\nvalue = )\S+", rf"\g<1>{value:.4g}", text)
    print("root mean square errors: " + ", ".join(f"{name} {error:.2g}" for name, error in errors.items()))
    if write:
        write_atomically(NUMBERS, text)
        write_atomically(BY_HAND, with_numbers(BY_HAND.read_text(encoding="utf-8"), numbers))


if __name__ == "__main__":
    main()
