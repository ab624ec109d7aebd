"""Many variants of an arm at once: doses, draws and perturbations as members of one ensemble."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache

import numpy as np

from pathway.scenario import quantities
from pathway.scenario.arms import ArmSetup, MemberArmSetup, MemberArmSetups, arm_setups
from pathway.scenario.experiment import Arm, Scenario
from pathway.scenario.laboratory import Agent, Laboratory
from pathway.simulation import Ensemble, Intervention, simulate_ensemble
from pathway.simulation.steady import steady_states
from pathway.units import UnitError, conversion_factor, parse_quantity

from .draws import ParameterDraws
from .mistakes import AnalysisError, unknown_name_error


@dataclass(frozen=True, eq=False)
class ArmUnderDraws:
    """An arm under every draw.

    Attributes
    ----------
    setup : ArmSetup
    parameters : array, shape (1 + n_draws, n_parameters)
        The chosen numbers first; no draws follow where none are asked for.
    states : array, shape (1 + n_draws, n_species)
        Untreated steady states; nan where there is none.
    plans : tuple of tuple of Intervention
        What is done: one list for all, or one for each.
    """

    setup: ArmSetup
    parameters: np.ndarray
    states: np.ndarray
    plans: tuple[tuple[Intervention, ...], ...]

    def interventions(self, draw: int) -> tuple[Intervention, ...]:
        """What is done to the chosen numbers (0) or a draw."""
        return self.plans[draw if len(self.plans) > 1 else 0]

    def with_added_doses(self, doses: Iterable[Intervention]) -> list[tuple[Intervention, ...]]:
        """What is done with some doses beside it, for the chosen numbers and each draw."""
        doses, rows = tuple(doses), range(len(self.parameters))
        return [tuple(sorted((*self.interventions(k), *doses), key=lambda i: i.time)) for k in rows]


def arms_under_draws(
    scenario: Scenario, arms: Sequence[Arm], laboratory: Laboratory, draws: ParameterDraws
) -> list[ArmUnderDraws]:
    """Arms under every draw: a change "0.1 x" is of the draw's own number, and a knock-down lowers its own level."""
    setups = arm_setups(scenario, arms, laboratory)
    if draws.kind == "chosen":
        return [
            ArmUnderDraws(setup, setup.parameters[None], setup.state[None], (setup.interventions,)) for setup in setups
        ]

    @cache
    def line(name: str) -> tuple[np.ndarray, np.ndarray]:
        rows = draws.of_line(name, scenario.file.parent)
        return rows, untreated_steady_states(laboratory, rows)

    drawn = MemberArmSetups(scenario, laboratory, line)
    return [_with_draws(setup, drawn.of(setup.arm)) for setup in setups]


def _with_draws(setup: ArmSetup, drawn: MemberArmSetup) -> ArmUnderDraws:
    parameters = np.concatenate([setup.parameters[None], drawn.parameters])
    states = np.concatenate([setup.state[None], drawn.states])
    plans = (setup.interventions, *drawn.interventions) if setup.arm.timed_changes else (setup.interventions,)
    return ArmUnderDraws(setup, parameters, states, plans)


def untreated_steady_states(laboratory: Laboratory, parameters: np.ndarray) -> np.ndarray:
    """Untreated steady states, shape (n_members, n_species); nan where there is none."""
    from pathway.simulation.prepared import prepare_model

    return steady_states(laboratory.model, prepare_model(laboratory.model).many_starts(parameters), parameters)[0]


@dataclass(frozen=True)
class DoseLevels:
    """A series of doses of one agent.

    Attributes
    ----------
    agent : Agent
    unit : str
        In which doses are shown.
    shown : tuple of float
        In that unit, ascending.
    factor : float
        What one of it is in the unit of the agent's species.
    """

    agent: Agent
    unit: str
    shown: tuple[float, ...]
    factor: float

    @property
    def inside(self) -> np.ndarray:
        """Doses in the unit of the agent's species."""
        return np.array(self.shown) * self.factor


def dose_levels(
    agent: Agent, texts: Iterable[str] | None, written: str | None, steps: int, decades: float
) -> DoseLevels:
    """A dose series as given, or falling evenly in the logarithm from a highest dose.

    Parameters
    ----------
    agent : Agent
    texts : iterable of str or None
        "0.1 ug/mL", ...; None: made from the highest dose.
    written : str or None
        The highest dose as a scenario has it; None: the usual one.
    steps : int
        Doses above zero of a made series.
    decades : float
        How many decades a made series spans.

    Raises
    ------
    AnalysisError
        If the agent does nothing, a dose cannot be understood, or no dose is above zero.
    """
    if agent.species is None:
        raise AnalysisError(f"'{agent.name}' does nothing in the model, so it has no dose-response")
    if texts is not None:
        return _given_levels(agent, list(texts))
    top = written if written and not written.rstrip().endswith("x") else None
    if top is None and agent.usual is None:
        raise AnalysisError(
            f"'{agent.name}' has no usual dose; give the doses, for example --doses '1 {agent.unit}, ...'"
        )
    value, unit = parse_quantity(top) if top else (float(agent.usual), agent.unit)  # type: ignore[arg-type]
    shown = value * 10.0 ** np.linspace(-decades, 0.0, steps)
    return DoseLevels(agent, unit, tuple(float(f"{dose:.6g}") for dose in shown), _factor(agent, unit))


def _factor(agent: Agent, unit: str) -> float:
    return conversion_factor(unit, agent.unit, agent.molar_mass)


def _given_levels(agent: Agent, texts: list[str]) -> DoseLevels:
    try:
        unit = next((parse_quantity(text)[1] for text in texts if parse_quantity(text)[1] not in ("", "x")), agent.unit)
        factor = _factor(agent, unit)
        amounts = [quantities.parse_amount(text, agent.unit, agent.usual, agent.molar_mass) / factor for text in texts]
    except UnitError as error:
        raise AnalysisError(f"doses of {agent.name}: {error}") from None
    if any(dose < 0 for dose in amounts):
        raise AnalysisError(f"doses of {agent.name}: a dose cannot be negative")
    above = sorted({float(f"{dose:.9g}") for dose in amounts if dose > 0})
    if not above:
        raise AnalysisError(f"doses of {agent.name}: all are 0; give at least one dose above zero")
    return DoseLevels(agent, unit, tuple(above), factor)


def find_agent(laboratory: Laboratory, name: str) -> Agent:
    """The agent, or an error with the nearest names."""
    if name not in laboratory.agents:
        raise unknown_name_error("agent", name, laboratory.agents, "All agents: pathway show agents")
    return laboratory.agents[name]


@dataclass(frozen=True)
class DosingRegimen:
    """What an arm is given of one agent: all of its doses, varied together.

    Attributes
    ----------
    agent : str
    doses : tuple of str
        The scenario's doses that this replaces; empty where it gives the agent nowhere.
    written : str or None
        The first amount, as the scenario has it.
    times : tuple of float, hours
        Ascending.
    shares : tuple of float
        Amount at each time, as a multiple of the first.
    """

    agent: str
    doses: tuple[str, ...] = ()
    written: str | None = None
    times: tuple[float, ...] = (0.0,)
    shares: tuple[float, ...] = (1.0,)

    def shifted(self, start: float) -> DosingRegimen:
        """The same course from another first moment on."""
        return replace(self, times=tuple(start + time - self.times[0] for time in self.times))


def find_doses(scenario: Scenario, name: str) -> tuple[str, ...]:
    """All doses of an agent, or the dose of this name."""
    of_agent = tuple(dose for dose, entry in scenario.doses.items() if entry.agent == name)
    return of_agent or tuple(dose for dose in scenario.doses if dose == name)


def dosing_regimen(scenario: Scenario, arm: Arm, name: str) -> DosingRegimen:
    """What an arm gets of an agent or of one dose; if it gets none, what another gets; else one dose at time zero."""
    called = find_doses(scenario, name)
    if not called:
        return DosingRegimen(name)
    doses = tuple(dose for dose in arm.doses if dose in called) or called[:1]
    entries = [scenario.doses[dose] for dose in doses]
    course = sorted((time, entry.amount or 0.0, entry.written) for entry in entries for time in entry.times)
    first = course[0][1] or 1.0
    times, shares = tuple(time for time, _, _ in course), tuple(amount / first for _, amount, _ in course)
    return DosingRegimen(entries[0].agent, doses, course[0][2], times, shares)


def dose_interventions(agent: Agent, amount: float, course: DosingRegimen) -> tuple[Intervention, ...]:
    """Doses whose first is of an amount, in the unit of the agent's species."""
    if amount == 0.0 or agent.species is None:
        return ()
    pairs = zip(course.times, course.shares, strict=True)
    return tuple(Intervention(time, add={agent.species: amount * share}) for time, share in pairs)


def simulate_draws(
    laboratory: Laboratory,
    parameters: np.ndarray,
    states: np.ndarray,
    interventions: Sequence[Sequence[Intervention]],
    times: Sequence[float] | np.ndarray,
    readouts: Sequence[str],
    *,
    relative_tolerance: float = 1e-6,
    workers: int | None = None,
) -> Ensemble:
    """Members run from their own states; each has its own interventions, or all share the only list given.

    The natural logarithm of the count is among what is recorded, as `LOG_COUNT`: counts of long runs may overflow.
    """
    begin = min([float(times[0]), *(i.time for each in interventions for i in each)])
    shared = len(interventions) == 1
    names = tuple(dict.fromkeys([*readouts, laboratory.cell_count]))
    return simulate_ensemble(
        laboratory.model,
        times,
        parameters,
        initial=np.nan_to_num(states, nan=0.0),
        interventions=interventions[0] if shared else [list(each) for each in interventions],
        observables=names,
        start=begin,
        relative_tolerance=relative_tolerance,
        workers=workers,
    )


def log_cell_counts(ensemble: Ensemble, laboratory: Laboratory) -> np.ndarray:
    """Natural logarithm of the cell count, shape (n_members, n_times)."""
    return np.log(ensemble[laboratory.cell_count])


def checked_readouts(laboratory: Laboratory, names: Iterable[str]) -> tuple[str, ...]:
    """Readable names, each checked.

    Raises
    ------
    AnalysisError
        If one is unknown; the nearest are given.
    """
    names = tuple(names)
    for name in names:
        if name in ("GR", "count"):
            raise AnalysisError(
                f"'{name}' compares a dish with its control and cannot be read in one dish; read growth or "
                f"{laboratory.cell_count} instead"
            )
        if name not in laboratory.units:
            raise unknown_name_error("read-out", name, laboratory.units, "All: pathway show observables")
    return names
