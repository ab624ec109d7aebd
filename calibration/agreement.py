"""How well the circuit agrees with every open set, and what the likelihood leaves to each: writes AGREEMENT.md.

    python calibration/agreement.py [--data FOLDER] [--ensemble FILE]

FOLDER holds the sets that do not ship, each in a folder of its name; without it, those that ship are compared. FILE is
an ensemble of parameter sets (NPZ); without it, the numbers in `pathway/parameters` are taken, with discrepancies in
the middle of their prior.
"""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np

from calibration.likelihood import Problem, baselines, problem
from calibration.likelihood.baselines import Guess, root_mean_square_error
from pathway.parameters.parameter_ensemble import read_ensemble

HERE = Path(__file__).parent
MEMBERS = 100


class Agreement:
    """Predictions of some vectors beside the data.

    Parameters
    ----------
    one : Problem
    theta : array, shape (n_members, n_names)
        Of equal weight.
    """

    def __init__(self, one: Problem, theta: np.ndarray) -> None:
        self.problem = one
        self.theta, simulated = one.simulated_alive(theta)
        self.evaluation = one.log_likelihood(self.theta, simulated)
        self.predicted = np.median(one.predictions(self.theta, simulated), axis=0)
        self.bare = np.median(one.before_offsets(self.theta, simulated), axis=0)
        self.spread = np.sqrt(np.median(one.predictive_variance(self.theta, simulated), axis=0))
        self.measured = np.array([datum.value for datum in one.table])


def table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A Markdown table."""
    lines = [f"| {' | '.join(header)} |", f"|{'---|' * len(header)}"]
    return "\n".join([*lines, *(f"| {' | '.join(map(str, row))} |" for row in rows)])


def sets_table(agreement: Agreement) -> str:
    """What is at hand, and what is not."""
    rows = [(s.name, len(s.data), "yes" if s.ships else "no", s.licence) for s in agreement.problem.sets]
    absent = "".join(f"\n* {reason}" for reason in agreement.problem.absent)
    return table(("set", "data", "ships", "licence"), rows) + (f"\n\nLeft out:\n{absent}" if absent else "")


def columns_table(agreement: Agreement) -> str:
    """Set by set and line by line: error of the model beside that of the measurement."""
    places = defaultdict(list)
    for place in np.flatnonzero(agreement.problem.counted):
        places[agreement.problem.column(int(place))].append(int(place))
    rows = []
    for column, own in places.items():
        miss = agreement.measured[own] - agreement.predicted[own]
        error = np.mean([agreement.problem.table[k].error for k in own])
        chi = np.mean((miss / agreement.spread[own]) ** 2)
        value = np.median(agreement.evaluation.values[:, agreement.evaluation.columns.index(column)])
        rmse = root_mean_square_error(agreement.predicted[own], agreement.measured[own])
        rows.append((column, len(own), f"{rmse:.3f}", f"{error:.3f}", f"{chi:.2f}", f"{value:.1f}"))
    header = ("set and line", "data", "RMSE", "stated error", "chi-square per datum", "log-likelihood")
    return table(header, rows)


def discrepancy_table(agreement: Agreement) -> str:
    """What the model leaves out, kind by kind."""
    rows = []
    prior = agreement.problem.prior
    for place in np.flatnonzero(prior.is_discrepancy).tolist():
        kind = prior.names[place].removeprefix("discrepancy.")
        errors = [datum.error for datum in agreement.problem.table if datum.kind == kind]
        low, middle, high = np.quantile(agreement.theta[:, place], [0.05, 0.5, 0.95])
        interval = f"{middle:.3f} ({low:.3f}-{high:.3f})"
        rows.append((kind, prior.units[place], f"{np.mean(errors):.3f}", f"{prior.low[place]:.3f}", interval))
    return table(("kind", "unit", "mean stated error", "prior median", "median (90 %)"), rows)


def findings_table(agreement: Agreement) -> str:
    """The project's own findings."""
    medians = np.median(agreement.evaluation.values, axis=0)
    columns = zip(agreement.evaluation.columns, agreement.evaluation.role, medians, strict=True)
    rows = [(name.removeprefix("finding:"), f"{median:.1f}") for name, role, median in columns if role == "finding"]
    return table(("finding", "log-likelihood"), rows)


def left_out_table(agreement: Agreement) -> str:
    """Folds of each line guessed from the others, beside what the model gives for it."""
    name = "niepel2014_ligand_response"
    measured = baselines.table_of(agreement.problem.table, name)
    model = baselines.table_of(agreement.problem.table, name, agreement.predicted.tolist())
    if len(measured.lines) < 3:
        return "Not at hand."
    levels = {line: baselines.receptor_levels(line) for line in measured.lines}
    guesses: dict[str, Callable[[str], Guess]] = {
        "no change": lambda line: baselines.no_change(measured, line),
        "mean of the other lines": lambda line: baselines.mean_of_lines(measured, line),
        "ridge on receptor levels": lambda line: baselines.ridge_on_levels(measured, line, levels),
    }
    means = {what: np.array([guess(line).mean for line in measured.lines]) for what, guess in guesses.items()}
    rows = []
    for quantity in ("pAKT", "pERK"):
        for ligand in ("EGF", "HRG"):
            own = [k for k, c in enumerate(measured.conditions) if c[0] == quantity and c[1].startswith(ligand)]
            guessed = (*means.values(), model.values)
            errors = [root_mean_square_error(values[:, own], measured.values[:, own]) for values in guessed]
            rows.append((quantity, ligand, *(f"{error:.2f}" for error in errors)))
    return table(("", "", *guesses, "model, these data in its likelihood"), rows)


def inhibitors_table(agreement: Agreement) -> str:
    """log2 of a readout's mean level with inhibitors over that without, under the same ligand."""
    levels: dict[tuple[str, str, str, str], list[tuple[float, float]]] = defaultdict(list)
    for datum, model in zip(agreement.problem.table, agreement.bare, strict=True):
        if datum.set == "hpn_dream_rppa" and datum.time > 0.0:
            ligand, _, blocked = datum.label.partition(" + ")
            levels[datum.quantity, blocked, ligand, datum.line].append((10.0**datum.value, 10.0**model))
    means = {key: np.log2(np.mean(values, axis=0)) for key, values in levels.items()}
    effects = {k: v - means[k[0], "", k[2], k[3]] for k, v in means.items() if k[1] and (k[0], "", k[2], k[3]) in means}
    rows = []
    for quantity in dict.fromkeys(key[0] for key in effects):
        own = {key: value for key, value in effects.items() if key[0] == quantity}
        others = {k: [v[0] for o, v in own.items() if o[3] != k[3] and o[1:3] == k[1:3]] for k in own}
        pairs = np.array([(np.mean(others[k]), v[0]) for k, v in own.items() if others[k]]).reshape(-1, 2)
        seen, model = np.array(list(own.values())).T
        guesses = (model, seen), (np.zeros(len(seen)), seen), (pairs[:, 0], pairs[:, 1])
        errors = [root_mean_square_error(*each) for each in guesses]
        rows.append((quantity, len(own), *(f"{error:.2f}" for error in errors)))
    return table(("readout", "arms", "model", "no change", "mean of the other lines"), rows) if rows else "Not at hand."


def trastuzumab_table(agreement: Agreement) -> str:
    """Plateaus: cells relative to untreated ones."""
    rows = []
    for datum, model, bare in zip(agreement.problem.table, agreement.predicted, agreement.bare, strict=True):
        if datum.kind == "growth_antibody" and datum.label.endswith("288 nM"):
            run = datum.group.split(":")[-1]
            rows.append((datum.set, datum.line, run, f"{datum.value:.2f}", f"{bare:.2f}", f"{model:.2f}"))
    rows.sort(key=lambda row: row[:2])
    header = ("screen", "line", "run", "measured", "model", "model, with the run's own offset")
    return table(header, rows) if rows else "Not at hand."


def slopes_table(agreement: Agreement) -> str:
    """miR-21 against PTEN over tumors and lines."""
    rows = [
        (datum.set, f"{datum.value:+.3f} +- {1.96 * datum.error:.3f}", f"{bare:+.3f}")
        for datum, bare in zip(agreement.problem.table, agreement.bare, strict=True)
        if datum.kind == "correlation"
    ]
    header = ("set", "d log PTEN / d log miR-21, measured (95 %)", "model, resistant against parental cells")
    return table(header, rows) if rows else "Not at hand."


def vectors(one: Problem, ensemble: Path | None) -> tuple[np.ndarray, str]:
    """Vectors of equal weight, and what they are in words."""
    if ensemble is None:
        return one.prior.chosen()[None], "the numbers in `pathway/parameters`"
    chosen = one.prior.members_of(read_ensemble(ensemble), np.tile(one.prior.chosen(), (MEMBERS, 1)))
    return chosen, f"{MEMBERS} members of {ensemble.name} after measured data (medians)"


HEAD = """# The circuit beside all open data

Written by `python calibration/agreement.py{asked}`, for {what}.
What is compared, how, and with which errors stands in `likelihood/sets.toml`. Predictions carry the offsets and gains
that the likelihood marginalizes, at their mean given the data. Chi-square counts stated error and discrepancy in
squares. A discrepancy well beyond the stated error says that the structure is wrong there.
"""

SECTIONS: dict[str, Callable[[Agreement], str]] = {
    "Sets": sets_table,
    "Set by set, line by line": columns_table,
    "What the model leaves out: discrepancies": discrepancy_table,
    "Findings of role calibration": findings_table,
    "Lines guessed from each other: RMSE of log10 folds (ligands, seven lines)": left_out_table,
    "Inhibitors of AKT and MEK under ligands: RMSE of the effect, log2": inhibitors_table,
    "Trastuzumab at its plateau: cells relative to untreated": trastuzumab_table,
    "miR-21 and PTEN": slopes_table,
}


def main() -> None:
    """Write the page."""
    reader = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    reader.add_argument("--data", type=Path, default=None)
    reader.add_argument("--ensemble", type=Path, default=None)
    reader.add_argument("--out", type=Path, default=HERE / "AGREEMENT.md")
    asked = reader.parse_args()
    one = problem(asked.data)
    theta, what = vectors(one, asked.ensemble)
    agreement = Agreement(one, theta)
    options = (" --data FOLDER" if asked.data else "") + (" --ensemble FILE" if asked.ensemble else "")
    parts = [HEAD.format(asked=options, what=what)]
    parts += [f"## {title}\n\n{section(agreement)}\n" for title, section in SECTIONS.items()]
    asked.out.write_text("\n".join(parts), encoding="utf-8")
    print(f"written: {asked.out}")


if __name__ == "__main__":
    main()
