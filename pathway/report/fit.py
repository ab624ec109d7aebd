"""The report of a fit: parameters, how well the data are met, what they do not see."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from pathway.fitting.laboratory.courses import ObservableAgreement, observable_agreements
from pathway.fitting.objective import Comparison, Objective
from pathway.fitting.priors import Prior
from pathway.fitting.problem import Parameter
from pathway.fitting.search.on_disk import FIT_KIND
from pathway.fitting.search.result import Fit
from pathway.fitting.uncertainty.comparison import information_criteria
from pathway.fitting.uncertainty.diagnosis import FitDiagnosis, diagnose
from pathway.fitting.uncertainty.identifiability import Identifiability, identifiability
from pathway.fitting.uncertainty.profiles import Profile, Profiles
from pathway.formats.saved import FIT

from .pages import without_empty_columns
from .problem_files import ProblemFiles
from .report import DeferredFigure, Report, Table

NORMAL_95 = 1.959964
MOST_CORRELATED = 80
"""Of more parameters the names could not be read in a figure."""
CAPTIONS = {
    "fits": "Points as measured and the fitted curves, a panel for each observable and condition; shaded is one noise "
    "level, bars where each point has its own. Triangles are limits: below detection (down) or saturated (up). Hollow "
    "points do not count.",
    "residuals": "Standardized residuals over time, and against the normal distribution. Points should scatter freely "
    "between the dashed lines; a run on one side is a trend that the model does not follow.",
    "waterfall": "Where every start of the search ended, best first. A plateau says that the best was found often.",
    "parameters": "Where the starts ended between the bounds.",
    "correlations": "How the uncertainties of parameters go together, by linear theory on the scale of the search. "
    "Near 1 or -1 the data see only one combination of the two; grey rows are parameters that they do not see at all.",
    "profiles": "Profile likelihoods: the rise of the objective while one parameter is held. The interval ends at the "
    "dashed line; a curve that stays below it is not identifiable on that side.",
}
"""What each figure shows, in the order of the page."""


@dataclass(frozen=True, eq=False)
class FitStatistics:
    """What a fit says, worked out once for page and tables.

    Attributes
    ----------
    fit : Fit
    comparison : Comparison
        At the best parameters.
    agreements : list of ObservableAgreement
    local : Identifiability
    profiles : mapping of parameter to Profile
        Those that were asked for.
    diagnosis : FitDiagnosis
    """

    fit: Fit
    comparison: Comparison
    agreements: list[ObservableAgreement]
    local: Identifiability
    profiles: Mapping[str, Profile]
    diagnosis: FitDiagnosis

    def chi_squared(self, a: ObservableAgreement) -> float | None:
        """Of the points of an observable; None where their own scatter gave the noise, which makes it right."""
        return None if a.observable in self.diagnosis.estimated_noise or not a.points else a.chi_squared

    def at_bound(self, k: int) -> str:
        """ "lower" or "upper" if the best value of the parameter at position k lies at that bound, else nothing."""
        x, bounds = self.fit.best.x[k], [bound[k] for bound in self.fit.problem.bounds]
        near = 1e-6 * max(1.0, abs(x))
        return next((word for word, b in zip(("lower", "upper"), bounds, strict=True) if abs(x - b) <= near), "")

    def interval(self, k: int) -> tuple[float, float, str]:
        """95 % limits of the parameter at position k and where they come from."""
        name = self.fit.problem.names[k]
        if name in self.profiles:
            facts = self.profiles[name]
            return facts.lower, facts.upper, f"profile, {facts.verdict}"
        deviation = self.local.deviations[name]
        if not math.isfinite(deviation):
            return math.nan, math.nan, "not seen by the data"
        lower, upper = self.fit.problem.bounds
        steps = np.zeros((2, len(self.fit.best.x)))
        steps[0, k], steps[1, k] = -NORMAL_95 * deviation, NORMAL_95 * deviation
        natural = self.fit.problem.from_scale(np.clip(self.fit.best.x + steps, lower, upper))
        return float(natural[0, k]), float(natural[1, k]), "linear theory"


def fit_statistics(fit: Fit, profiles: Mapping[str, Profile] | None = None) -> FitStatistics:
    """What a fit says.

    Raises
    ------
    ProblemError, RunError
        If no start could be computed.
    """
    objective = Objective(fit.problem)
    comparison = objective.compare(fit.problem.from_scale(fit.best.x))
    local = identifiability(objective, fit.best.x)
    agreements = observable_agreements(fit.problem, comparison)
    return FitStatistics(fit, comparison, agreements, local, profiles or {}, diagnose(fit.problem, fit.best.x))


# Tables


def parameter_table(facts: FitStatistics) -> Table:
    """One row for each estimated parameter."""
    header = ["parameter", "value", "unit", "95 % from", "95 % to", "interval by", "lower bound", "upper bound"]
    header += ["prior", "meaning"]
    rows: list[list[Any]] = []
    for k, p in enumerate(facts.fit.problem.estimated):
        low, high, by = facts.interval(k)
        if wall := facts.at_bound(k):
            by += f"; at its {wall} bound"
        value = facts.fit.best.parameters[p.name]
        rows.append([p.name, value, p.unit, low, high, by, p.lower, p.upper, prior_text(p), p.meaning])
    return header, rows


def prior_text(p: Parameter) -> str:
    """The prior of a parameter, as a table says it."""
    prior: Prior | None = p.prior
    if prior is None:
        return ""
    numbers = ", ".join(f"{n:.4g}" for n in prior.numbers)
    if prior.distribution == "log_normal":
        return f"log-normal, median {math.exp(prior.numbers[0]):.4g}, sd of ln {prior.numbers[1]:.3g}"
    return f"{prior.distribution.replace('_', '-')} ({numbers})"


def measurement_table(facts: FitStatistics) -> Table:
    """One row for each measurement, with what was fitted to it."""
    problem, c = facts.fit.problem, facts.comparison
    units = {o.name: o.unit or "unit of the data" for o in problem.observables}
    time = f"time [{problem.model.time_unit or 'unit of the model'}]"
    header = ["condition", time, "observable", "unit", "measured", "limit", "fitted", "noise", "residual", "counts"]
    header += ["replicate", "source"]
    rows: list[list[Any]] = []
    for k, m in enumerate(problem.measurements):
        limit = {"": "", "below": "at most", "above": "at least"}[m.censored]
        numbers = [float(c.simulated[k]), float(c.noise[k]), float(c.residual[k])]
        row = [m.experiment, m.time, m.observable, units[m.observable], m.value, limit, *numbers]
        rows.append([*row, "yes" if m.counted else "no", m.replicate, m.source])
    return header, rows


def agreement_table(facts: FitStatistics) -> Table:
    """One row for each observable: how well it is met."""
    header = ["observable", "unit", "points", "limits", "held out", "chi-squared", "per point"]
    header += ["lack of fit", "its chance", "trend", "its chance", "held out, per point"]
    units = {o.name: o.unit or "unit of the data" for o in facts.fit.problem.observables}
    lacks = {lack.observable: lack for lack in facts.diagnosis.lacks}
    rows: list[list[Any]] = []
    for a in facts.agreements:
        chi_squared, serial = facts.chi_squared(a), facts.diagnosis.serial[a.observable]
        lack = lacks.get(a.observable)
        outside = None if math.isnan(a.held_out_chi_squared) else a.held_out_chi_squared / a.held_out
        rows.append([a.observable, units[a.observable], a.points, a.censored, a.held_out])
        rows[-1] += [chi_squared, None if chi_squared is None else chi_squared / a.points]
        rows[-1] += [lack.statistic, lack.p] if lack else [None, None]
        rows[-1] += [serial.correlation, serial.p_runs] if serial.pairs else [None, None]
        rows[-1] += [outside]
    return header, rows


def fixed_number_table(facts: FitStatistics) -> Table:
    """One row for each number that the fit takes as given and the data see, the most doubtful first."""
    header = ["number", "value", "unit", "set in", "score statistic", "improvement expected", "would go to"]
    header += ["chance", "chance of any", "not told apart: group"]
    rows: list[list[Any]] = []
    for test in facts.diagnosis.scores.tests:
        n = test.number
        rows.append([n.target, n.value, n.unit, ", ".join(n.experiments), test.statistic, test.improvement, test.value])
        rows[-1] += [test.p, test.p_of_any, test.group + 1]
    return header, rows


def lack_of_fit_table(facts: FitStatistics) -> Table:
    """Means of replicates against the fitted curves, by observable and arm, and by time."""
    time = f"time [{facts.fit.problem.model.time_unit or 'unit of the model'}]"
    header = ["observable", "condition", time, "points", "mean residual", "mean square ratio", "against", "chance"]
    rows: list[list[Any]] = []
    for lack in facts.diagnosis.lacks:
        for d in (*lack.arms, *lack.moments):
            at = "all" if math.isnan(d.time) else d.time
            numbers = [None if math.isnan(v) else v for v in (d.statistic, d.p)]
            rows.append([d.observable, d.experiment, at, d.points, d.deviation, numbers[0], lack.kind, numbers[1]])
    return header, rows


def start_table(fit: Fit) -> Table:
    """One row for each start of the search, the best first."""
    header = ["start", "objective", "why it stopped", "iterations", *fit.problem.names]
    rows = []
    for s in fit.ranked:
        natural = map(float, fit.problem.from_scale(s.x))
        rows.append([s.number + 1, s.objective, s.reason, s.iterations, *natural])
    return header, rows


# The report


def fit_report(
    fit: Fit,
    source: ProblemFiles,
    profiles: Profiles | None = None,
    facts: FitStatistics | None = None,
) -> Report:
    """What a fit leaves beside its starts.

    Parameters
    ----------
    fit : Fit
    source : ProblemFiles
    profiles : Profiles, optional
    facts : FitStatistics, optional
        Of this fit with these profiles, where they are known already.
    """
    facts = facts or fit_statistics(fit, profiles)
    return Report(
        kind=FIT_KIND,
        identity={"problem": fit.problem.name},
        title=source.title or fit.problem.name,
        origin=source.origin(fit.seed),
        tables={
            "parameters": parameter_table(facts),
            "measurements": measurement_table(facts),
            "agreement": agreement_table(facts),
            "fixed_numbers": fixed_number_table(facts),
            "lack_of_fit": lack_of_fit_table(facts),
            "starts": start_table(fit),
        },
        figures={stem: DeferredFigure(draw, CAPTIONS[stem]) for stem, draw in _figures(fit, facts, profiles).items()},
        sentences=[fit_summary(facts), *facts.diagnosis.sentences()],
        saved={FIT: partial(fit.save, with_inputs=False)},
        template="fit.html",
        page=partial(_page, facts, source),
        grows=True,
    )


def _figures(fit: Fit, facts: FitStatistics, profiles: Profiles | None) -> dict[str, Callable[[], Any]]:
    from pathway.plotting.fit_figure import KINDS, plot_correlations, plot_fit
    from pathway.plotting.profile_figure import plot_profiles

    drawn: dict[str, Callable[[], Any]] = {w: partial(plot_fit, fit, w) for w in KINDS if w != "correlations"}
    if 1 < len(facts.local.names) <= MOST_CORRELATED:
        drawn["correlations"] = partial(plot_correlations, facts.local.names, facts.local.correlations)
    if profiles:
        drawn["profiles"] = partial(plot_profiles, profiles)
    return {stem: drawn[stem] for stem in CAPTIONS if stem in drawn}


def _page(facts: FitStatistics, source: ProblemFiles) -> Mapping[str, Any]:
    """What `fit.html` shows."""
    scenario = source.scenario
    failures = sorted(facts.fit.failures.items(), key=lambda item: -item[1])
    return {
        "problem": facts.fit.problem,
        "question": scenario.question if scenario else "",
        "text": scenario.text if scenario else "",
        "parameters": without_empty_columns(parameter_table(facts)),
        "unseen": [
            ", ".join(f"{name} ({share:+.2f})" for name, share in combination.items())
            for combination in facts.local.combinations
        ],
        "tied": _tied(facts.local),
        "failures": (["reason", "times"], failures),
        "diagnosis": facts.diagnosis.sentences(),
        "untested": [str(n) for n in (*facts.diagnosis.scores.tied, *facts.diagnosis.scores.unseen)],
    }


def fit_summary(facts: FitStatistics) -> str:
    """The fit in a few sentences."""
    fit = facts.fit
    counted = sum(m.counted for m in fit.problem.measurements)
    given = [a for a in facts.agreements if facts.chi_squared(a) is not None]
    text = f"{len(fit.problem.names)} parameters estimated from {counted} measurements. "
    text += (
        f"Objective {fit.best.objective:.6g} (minus the log of likelihood times prior), reached by {fit.at_optimum()} "
    )
    text += f"of {len(fit.starts)} starts."
    if given:
        points = sum(a.points for a in given)
        ratio = sum(a.chi_squared for a in given) / points
        text += f" chi-squared per point {ratio:.3g} ({points} points whose noise is given)."
    likelihood = facts.comparison.log_likelihood
    aic, _, bic = information_criteria(likelihood, fit.problem)
    text += f" Log-likelihood {likelihood:.6g} (AIC {aic:.6g}, BIC {bic:.6g})."
    if walls := [name for k, name in enumerate(fit.problem.names) if facts.at_bound(k)]:
        text += f" At a bound: {', '.join(walls)}."
    if facts.local.unidentifiable:
        text += f" Not seen by the data, alone or in combination: {', '.join(facts.local.unidentifiable)}."
    return text


def _tied(local: Identifiability, most: int = 10) -> str:
    """Pairs of which the data see little more than one combination."""
    pairs = local.tied()
    if not pairs:
        return ""
    words = "; ".join(f"{a} and {b} ({r:+.3f})" for a, b, r in pairs[:most])
    more = f", and {len(pairs) - most} more pairs" if len(pairs) > most else ""
    return words + more
