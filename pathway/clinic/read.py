"""From a cohort file (TOML) to a `CohortPlan`, or to all that is wrong with it, each mistake with its line."""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from pathway import parameters
from pathway.errors import InputError, did_you_mean
from pathway.files import read_bytes
from pathway.parameters.read import CONFIDENCE
from pathway.scenario.laboratory import Laboratory
from pathway.scenario.quantities import parse_hours
from pathway.scenario.read import folder_of_scenarios
from pathway.toml_positions import KeyPath, key_lines, line_of
from pathway.units import UnitError, conversion_factor, parse_quantity

from . import MONTH
from .pharmacokinetics import pharmacokinetic_model
from .plan import BENEFIT, CORRELATION, Calibration, CohortExpectation, CohortPlan, MarkerCut, TreatmentArm
from .response import HELD, MARKERS
from .schedule import ScheduleError, parse_schedule
from .traits import Covariate, Trait, correlation_matrix
from .tumor import TUMOR_PARAMETERS

LARGEST_FILE = 1_000_000
MOST_WOMEN = 1_000_000

_KEYS: Mapping[str, tuple[str, ...]] = {
    "": (
        "title", "question", "like", "cells", "women", "seed", "time", "arm", "trait", "correlation", "covariate",
        "marker", "high", "low", "calibrate", "follow_up", "cohorts", "expect",
    ),
    "time": ("end", "visit_every"),
    "arm": ("name", "trastuzumab", "chemotherapy", "changes", "exposure"),
    "trait": ("parameter", "sd", "median", "share", "factor", "value", "source", "confidence", "note"),
    "covariate": ("trait", "parameter", "exponent", "source"),
    "marker": ("error", "source"),
    "high": ("marker", "highest", "lowest"),
    "low": ("marker", "highest", "lowest"),
    "calibrate": ("trait", "arm", "median_progression_free", "source"),
    "follow_up": ("arm", "progressed"),
    "cohorts": ("of", "count", "observed"),
    "expect": ("finding", "claim", "role", "source", "quantity", "published", "above", "below"),
}  # fmt: skip


_WORDS = ("finding", "claim", "role", "source", "quantity", "published")


class CohortError(InputError):
    """A cohort file that cannot be used; one line for each mistake."""


def cohort_names() -> list[str]:
    """Names of the cohorts that come with the package."""
    return sorted(path.stem for path in (folder_of_scenarios() / "cohorts").glob("*.toml"))


def is_cohort_file(path: Path) -> bool:
    """Whether a TOML file describes virtual women: it has traits, or is like a shipped cohort."""
    try:
        tables = tomllib.loads(read_bytes(path, LARGEST_FILE).decode("utf-8")) if path.suffix.lower() == ".toml" else {}
    except (InputError, OSError, ValueError, RecursionError):
        return False  # the reader of scenarios says what is wrong with it
    return bool(tables.keys() & {"trait", "like"})


def find_cohort(name_or_file: str) -> Path:
    """The file of a cohort given by its path or by the name of one that comes with the package.

    Raises
    ------
    CohortError
    """
    path = Path(name_or_file)
    if path.is_file():
        return path
    shipped = folder_of_scenarios() / "cohorts" / f"{path.name.removesuffix('.toml')}.toml"
    if path.parent == Path() and shipped.is_file():
        return shipped
    near = did_you_mean(path.stem, cohort_names())
    raise CohortError(
        f"{name_or_file}: no such file, and no cohort has this name.{near} All cohorts: {', '.join(cohort_names())}"
    )


def read_cohort(name_or_file: str | Path, laboratory: Laboratory) -> CohortPlan:
    """A cohort file, checked.

    Raises
    ------
    CohortError
        With one line for each mistake.
    """
    file = find_cohort(str(name_or_file))
    try:
        content = read_bytes(file, LARGEST_FILE)
        text = content.decode("utf-8")
        tables = tomllib.loads(text)
    except InputError as error:
        raise CohortError(f"{file}: {error}") from None
    except (ValueError, RecursionError) as error:
        raise CohortError(f"{file}: not a TOML file: {error}") from None
    reader = _Reader(file, _with_base(file, tables), key_lines(text), laboratory)
    plan = reader.plan(content)
    if reader.mistakes or plan is None:
        raise CohortError("\n".join(text for _, text in sorted(dict.fromkeys(reader.mistakes))))
    return plan


def _with_base(file: Path, tables: Mapping[str, Any]) -> Mapping[str, Any]:
    """A file's tables in front of those of the shipped cohort that it is `like`: each takes the place of a whole one,
    only traits add up."""
    like = tables.get("like")
    if like is None:
        return tables
    if like not in cohort_names() or like == file.stem:
        near = did_you_mean(str(like), cohort_names())
        raise CohortError(f"{file}:1: like = '{like}' is no other cohort.{near} One of {', '.join(cohort_names())}")
    base = tomllib.loads(find_cohort(like).read_text(encoding="utf-8"))
    return {**base, **tables, "trait": {**base["trait"], **tables.get("trait", {})}}


class _Reader:
    """Looks at a file part by part and notes what is wrong."""

    def __init__(
        self, file: Path, tables: Mapping[str, Any], lines: Mapping[KeyPath, int], laboratory: Laboratory
    ) -> None:
        self.file, self.tables, self.lines, self.laboratory = file, tables, lines, laboratory
        self.mistakes: list[tuple[int, str]] = []
        self.units = {
            **laboratory.parameters,
            **pharmacokinetic_model().units,
            **TUMOR_PARAMETERS,
        }

    # Notes and single values.

    def note(self, text: str, *path: str | int) -> None:
        """A mistake at a place."""
        line = line_of(path, self.lines)
        self.mistakes.append((line, f"{self.file}:{line}: {text}"))

    def known(self, name: str, known: Collection[str], what: str, *path: str | int) -> bool:
        """Whether a name is one of those known; noted if not."""
        if isinstance(name, str) and name in known:
            return True
        self.note(f"no {what} is called '{name}'.{did_you_mean(str(name), known)}", *path)
        return False

    def number(self, path: KeyPath, default: float | None = None, least: float = 0.0, most: float = np.inf) -> float:
        """A bare number; nan where it is none."""
        value = self.at(path, default)
        if isinstance(value, bool) or not isinstance(value, int | float) or not np.isfinite(value):
            self.note(f"{path[-1]} = {value!r} is no number" if value is not None else f"no '{path[-1]}'", *path)
            return np.nan
        if not least <= value <= most:
            limits = f"at least {least:g}" if most == np.inf else f"{least:g} to {most:g}"
            self.note(f"{path[-1]} = {value:g}, expected {limits}", *path)
            return np.nan
        return float(value)

    def whole(self, path: KeyPath, default: int, least: int, most: int) -> int:
        """A whole number; the default where it is none."""
        value = self.at(path, default)
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            self.note(f"{path[-1]} = {value!r}, expected a whole number from {least} to {most}", *path)
            return default
        return value

    def quantity(self, path: KeyPath, unit: str, text: Any) -> float:
        """A number above zero with its unit, in `unit`; nan where it is none."""
        try:
            if not isinstance(text, str):
                raise UnitError(f'{text!r} has no unit; write it in quotes with its unit, as "{text} {unit}"')
            value, given = parse_quantity(text)
            value *= conversion_factor(given or "1", unit)
        except UnitError as error:
            self.note(f"{path[-1]}: {error}", *path)
            return np.nan
        if not (value > 0.0 and np.isfinite(value)):
            self.note(f"{path[-1]} = '{text}', expected more than 0 {unit}", *path)
            return np.nan
        return float(value)

    def days(self, path: KeyPath, default: str) -> float:
        """A time in days."""
        text = self.at(path, default)
        try:
            days = parse_hours(str(text)) / 24.0
        except UnitError as error:
            self.note(str(error), *path)
            return np.nan
        if not days > 0.0:
            self.note(f"{path[-1]} = '{text}', expected a time above 0", *path)
            return np.nan
        return days

    def at(self, path: KeyPath, default: Any = None) -> Any:
        """What stands at a path."""
        table: Any = self.tables
        for part in path:
            try:
                table = table[part]
            except (KeyError, IndexError, TypeError):
                return default
        return table

    def keys(self, path: KeyPath, kind: str) -> bool:
        """Whether there is a table with keys that it may have."""
        table = self.at(path, {})
        if not isinstance(table, Mapping):
            self.note(f"{path[-1] if path else 'the file'} is no table", *path)
            return False
        for name in table:
            if name not in _KEYS[kind]:
                near = did_you_mean(name, _KEYS[kind])
                self.note(f"unknown key '{name}'.{near} Known keys: {', '.join(_KEYS[kind])}", *path, name)
        return True

    def entries(self, name: str) -> Iterator[tuple[KeyPath, Mapping[str, Any]]]:
        """Tables of a list of tables."""
        tables = self.at((name,), [])
        if not isinstance(tables, list):
            self.note(f"write [[{name}]] with two brackets", name)
            return
        for k in range(len(tables)):
            if self.keys((name, k), name):
                yield (name, k), tables[k]

    def source(self, path: KeyPath, table: Mapping[str, Any]) -> str:
        """The source of a number, which has to be known."""
        source = table.get("source")
        if source is None:
            self.note('no source; expected a key of `pathway show sources`, or source = "assumed"', *path)
        elif source not in ("assumed", "own"):
            self.known(source, parameters.sources(), "source", *path, "source")
        return str(source)

    # Parts of the file.

    def plan(self, content: bytes) -> CohortPlan | None:
        """All of it; None where nothing can be made of it."""
        if not self.keys((), ""):
            return None
        for name in ("time", "high", "low", "calibrate", "follow_up", "cohorts"):
            self.keys((name,), name)
        cells = self.at(("cells",), "skbr3")
        self.known(cells, self.laboratory.cell_lines, "cell line", "cells")
        arms, traits = tuple(self.arms()), tuple(self.traits())
        correlations = self.correlations(traits)
        high, low = self.cut("high"), self.cut("low")
        if high is None and "high" not in self.tables:
            self.note('no [high]; expected for example marker = "miR21" and highest = [7, 37]', "high")
        size = self.whole(("cohorts", "of"), 37, 4, 100_000)
        progressed = self.shares(("follow_up", "progressed"), (14, 37))
        plan = CohortPlan(
            file=self.file,
            content=content,
            title=str(self.at(("title",), self.file.stem)),
            question=str(self.at(("question",), "")),
            cells=cells,
            women=self.whole(("women",), 2000, 8, MOST_WOMEN),
            seed=self.whole(("seed",), 1, 0, 2**31),
            end=self.days(("time", "end"), "2 years"),
            visit_every=self.days(("time", "visit_every"), "9 weeks"),
            arms=arms,
            traits=traits,
            correlations=correlations,
            covariates=tuple(self.covariates(traits)),
            marker_errors=self.markers(),
            high=high or MarkerCut("miR21", 7, 37),
            low=low,
            calibration=self.calibration(arms, traits),
            follow_up_arm=self.arm_of("follow_up", arms),
            follow_up_share=progressed,
            cohort_size=size,
            cohort_count=self.whole(("cohorts", "count"), 4000, 1, 1_000_000),
            observed=self.observed(),
            expectations=tuple(self.expectations(traits, tuple(filter(None, (high, low))))),
        )
        for cut in filter(None, (high, low)):
            n = round(size * cut.count / cut.of)
            if not 0 < n < size:
                self.note(f"{cut.word}: {n} of {size} women leave a stratum empty", "high" if cut is high else "low")
        return plan

    def arms(self) -> Iterator[TreatmentArm]:
        """The treatments."""
        seen: set[str] = set()
        if not self.at(("arm",)):
            self.note("there is no arm; add at least [[arm]] with a name")
        for path, table in self.entries("arm"):
            name = table.get("name")
            if not isinstance(name, str) or not name or name in seen:
                self.note(f"every arm needs a name of its own, as text; this one has {name!r}", *path)
                continue
            seen.add(name)
            yield self.treatment(path, table, name)

    def treatment(self, path: KeyPath, table: Mapping[str, Any], name: str) -> TreatmentArm:
        """One of them."""
        arm = TreatmentArm(name, chemotherapy=table.get("chemotherapy", False) is True)
        if table.get("chemotherapy", False) not in (True, False):
            self.note("chemotherapy is true or false", *path, "chemotherapy")
        if schedule := table.get("trastuzumab", ""):
            try:
                arm = replace(arm, infusions=parse_schedule(str(schedule)), schedule=str(schedule))
            except ScheduleError as error:
                self.note(str(error), *path, "trastuzumab")
        changes, exposure = {}, {}
        for parameter in table.get("changes", {}):
            if self.known(parameter, self.laboratory.parameters, "parameter of the circuit", *path, "changes"):
                changes[parameter] = self.number((*path, "changes", parameter), least=0.0, most=1e6)
        for agent, amount in table.get("exposure", {}).items():
            known = {n: a for n, a in self.laboratory.agents.items() if a.species in HELD}
            if self.known(agent, known, "agent that can be held", *path, "exposure"):
                exposure[str(known[agent].species)] = self.quantity((*path, "exposure", agent), "nM", amount)
        return replace(arm, changes=changes, exposure=exposure)

    def traits(self) -> Iterator[Trait]:
        """What differs between women; a tumor's numbers are all there."""
        tables = self.at(("trait",), {})
        if not isinstance(tables, Mapping):
            self.note("write [trait.NAME] for each trait", "trait")
            return
        stated = set()
        for name in tables:
            path: KeyPath = ("trait", name)
            if self.keys(path, "trait"):
                trait = self.trait(path, tables[name], name)
                stated.add(trait.parameter)
                yield trait
        if missing := [name for name in TUMOR_PARAMETERS if name not in stated]:
            self.note(f"no trait says what a tumor's {', '.join(missing)} is; add [trait.NAME] with parameter", "trait")

    def trait(self, path: KeyPath, table: Mapping[str, Any], name: str) -> Trait:
        """One of them."""
        parameter = table.get("parameter", "")
        unit = self.units.get(parameter, "1")
        if parameter:
            self.known(parameter, self.units, "parameter of circuit, pharmacokinetics or tumor", *path, "parameter")
        source = self.source(path, table)
        confidence = table.get("confidence", "")
        if confidence not in CONFIDENCE:
            self.note(f"confidence = '{confidence}', expected one of {', '.join(CONFIDENCE)}", *path)
        trait = Trait(name, parameter, source=source, confidence=confidence, note=str(table.get("note", "")))
        if "share" in table:
            trait = replace(trait, share=self.number((*path, "share"), least=0.0, most=1.0))
            if ("factor" in table) == ("value" in table):
                self.note("what carriers have is either a factor or a value", *path, "share")
            if "factor" in table:
                trait = replace(trait, factor=self.number((*path, "factor"), least=0.0, most=1e6))
            if "value" in table:
                trait = replace(trait, value=self.quantity((*path, "value"), unit, table["value"]))
            return trait
        trait = replace(trait, sd=self.number((*path, "sd"), least=0.0, most=5.0))
        if "median" in table:
            trait = replace(trait, median=self.quantity((*path, "median"), unit, table["median"]))
        elif parameter in TUMOR_PARAMETERS:
            self.note(f"a tumor's {parameter} needs a median with its unit ({unit})", *path)
        if parameter == "refractory_share" and trait.median is not None and trait.median >= 1.0:
            self.note("a share of cells lies between 0 and 1", *path, "median")
        return trait

    def correlations(self, traits: tuple[Trait, ...]) -> np.ndarray:
        """The matrix; the identity where it cannot be one."""
        names, pairs = [trait.name for trait in traits], {}
        for key in self.at(("correlation",), {}):
            pair = tuple(part.strip() for part in str(key).split(","))
            if len(pair) != 2 or pair[0] == pair[1]:
                self.note(f"'{key}' is no pair; write \"miR21, PTEN\" = -0.2", "correlation", key)
                continue
            if all([self.known(name, names, "trait", "correlation", key) for name in pair]):
                value = self.number(("correlation", key), least=-1.0, most=1.0)
                if np.isfinite(value):
                    pairs[pair[0], pair[1]] = value
        matrix = correlation_matrix(traits, pairs)
        if len(matrix) and np.linalg.eigvalsh(matrix)[0] < 1e-9:
            listed = ", ".join(f"{one} and {other} {value:g}" for (one, other), value in pairs.items())
            self.note(f"these correlations contradict each other (the matrix is not positive): {listed}", "correlation")
            return np.eye(len(matrix))
        return matrix

    def covariates(self, traits: tuple[Trait, ...]) -> Iterator[Covariate]:
        """Parameters that follow traits."""
        names = [trait.name for trait in traits]
        for path, table in self.entries("covariate"):
            good = self.known(table.get("trait", ""), names, "trait", *path, "trait")
            good &= self.known(table.get("parameter", ""), self.units, "parameter", *path, "parameter")
            exponent = self.number((*path, "exponent"), least=-10.0, most=10.0)
            source = self.source(path, table)
            if good:
                yield Covariate(table["trait"], table["parameter"], exponent, source)

    def markers(self) -> dict[str, float]:
        """Errors of what a biopsy tells; none where nothing is said."""
        errors = dict.fromkeys(MARKERS, 0.0)
        for name in self.at(("marker",), {}):
            if self.known(name, MARKERS, "marker", "marker", name) and self.keys(("marker", name), "marker"):
                errors[name] = self.number(("marker", name, "error"), 0.0, most=3.0)
                self.source(("marker", name), self.at(("marker", name), {}))
        return errors

    def cut(self, name: str) -> MarkerCut | None:
        """Who is high, or low."""
        if name not in self.tables:
            return None
        marker = self.at((name, "marker"), "")
        good = self.known(marker, MARKERS, "marker", name, "marker")
        ends = [end for end in ("highest", "lowest") if self.at((name, end)) is not None]
        if len(ends) != 1:
            self.note(f"[{name}] needs one of highest = [7, 37] and lowest = [1, 4]", name)
            return None
        count, of = self.shares((name, ends[0]), (7, 37))
        return MarkerCut(marker, count, of, ends[0] == "highest") if good else None

    def shares(self, path: KeyPath, default: tuple[int, int]) -> tuple[int, int]:
        """So many of so many."""
        value = self.at(path, list(default))
        whole = isinstance(value, list) and len(value) == 2 and all(type(v) is int for v in value)
        if not whole or not 0 < value[0] < value[1]:
            self.note(
                f"{path[-1]} = {value} leaves a stratum empty or is no pair; expected for example [7, 37]: 7 of 37",
                *path,
            )
            return default
        return value[0], value[1]

    def calibration(self, arms: tuple[TreatmentArm, ...], traits: tuple[Trait, ...]) -> Calibration | None:
        """The one number that a control arm sets."""
        if "calibrate" not in self.tables:
            return None
        trait = self.at(("calibrate", "trait"), "")
        self.known(trait, [t.name for t in traits if t.parameter == "kill"], "trait of kill", "calibrate", "trait")
        days = self.days(("calibrate", "median_progression_free"), "12.4 months")
        source = self.source(("calibrate",), self.at(("calibrate",), {}))
        if days >= self.days(("time", "end"), "2 years"):
            self.note("the median lies beyond the end of the time looked at", "calibrate", "median_progression_free")
        return Calibration(trait, self.arm_of("calibrate", arms), days / MONTH, source)

    def arm_of(self, table: str, arms: tuple[TreatmentArm, ...]) -> str:
        """An arm that a table names; the first unless it does."""
        first = arms[0].name if arms else ""
        name = self.at((table, "arm"), first)
        if arms and name != first:
            self.known(name, [arm.name for arm in arms], "arm", table, "arm")
        return str(name)

    def observed(self) -> tuple[int, int, int, int]:
        """The observed table of two by two."""
        value = self.at(("cohorts", "observed"), [6, 7, 8, 30])
        whole = isinstance(value, list) and len(value) == 4 and all(type(v) is int and v >= 0 for v in value)
        if not whole or value[0] > value[1] or value[2] > value[3] or not value[1] or not value[3] or not value[2]:
            self.note(
                f"observed = {value}, expected four counts such as [6, 7, 8, 30]: 6 of 7, and 8 of 30",
                "cohorts",
                "observed",
            )
            return 6, 7, 8, 30
        return value[0], value[1], value[2], value[3]

    def expectations(self, traits: tuple[Trait, ...], cuts: tuple[MarkerCut, ...]) -> Iterator[CohortExpectation]:
        """What is compared with published numbers."""
        carried = [trait.name for trait in traits if trait.share is not None]
        for path, table in self.entries("expect"):
            for key in ("claim", "quantity"):
                if not isinstance(table.get(key), str):
                    self.note(f"every [[expect]] needs a {key}", *path)
            self.source(path, table)
            self.asked(path, str(table.get("quantity", "")), carried, cuts)
            limits = {k: self.number((*path, k), least=-1e9) for k in ("above", "below") if k in table}
            words = {k: str(table.get(k, "")) for k in _WORDS}
            yield CohortExpectation(**words, above=limits.get("above"), below=limits.get("below"))

    def asked(self, path: KeyPath, quantity: str, carried: Collection[str], cuts: tuple[MarkerCut, ...]) -> None:
        """Whether there is what an expectation asks for."""
        words = [word for cut in cuts for word in cut.quantities]
        if quantity.startswith(BENEFIT):
            for name in quantity.removeprefix(BENEFIT).split(" or "):
                self.known(name, [*carried, "neither"], "trait that some women carry", *path, "quantity")
        elif quantity.startswith(CORRELATION):
            for name in quantity.removeprefix(CORRELATION).split(" and "):
                self.known(name, MARKERS, "marker", *path, "quantity")
        elif quantity not in words:
            near = did_you_mean(quantity, words)
            listed = ", ".join([*words, f"{BENEFIT}TRAIT", f"{CORRELATION}miR21 and PTEN"])
            self.note(f"a cohort has no '{quantity}'.{near} It has: {listed}", *path, "quantity")
