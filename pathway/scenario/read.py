"""From a TOML file to a `Scenario`, or to the list of everything that is wrong with it."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from pathway.errors import InputError, did_you_mean
from pathway.files import read_bytes
from pathway.toml_positions import key_lines, line_of

from . import quantities, schema
from .check import ScenarioChecker, arm_names_in, band_limit
from .experiment import MEDIUM_CHANGE, Arm, Dose, Expectation, MeasurementTable, Reading, Scenario, TimedChange
from .fit_data import data_mistakes
from .fit_plan import fit_plan
from .inputs import input_files
from .known_names import with_known_names
from .laboratory import Laboratory
from .mistakes import Mistake, ScenarioError
from .remedies import broken_toml
from .settings import document_with_settings
from .structure import structural_mistakes

DEFAULT_OBSERVABLES = ("PTEN", "pAKT", "cell_number")
TABLES = (".csv", ".tsv", ".xlsx", ".xls", ".ods")
LARGEST_FILE = 1_000_000


def folder_of_scenarios() -> Path:
    """Where the scenarios that come with the package lie: inside it when installed, beside it in a checkout."""
    package = Path(__file__).resolve().parent.parent
    inside = package / "scenarios"
    return inside if inside.is_dir() else package.parent / "scenarios"


def scenario_names() -> list[str]:
    """Names of the scenarios that come with the package."""
    return sorted(path.stem for path in folder_of_scenarios().glob("*.toml"))


def find_scenario(name_or_file: str) -> Path:
    """The file of a scenario given by its path or by the name of one that comes with the package.

    Raises
    ------
    ScenarioError
    """
    path = Path(name_or_file)
    if path.suffix.lower() in TABLES:
        text = "this is a table of measurements; a scenario names it: [data] file = "
        raise ScenarioError([Mistake(name_or_file, f'{text}"{path.name}"')])
    if path.is_file():
        return path
    shipped = folder_of_scenarios() / f"{path.name.removesuffix('.toml')}.toml"
    if path.parent == Path() and shipped.is_file():
        return shipped
    if path.is_dir():
        raise ScenarioError([Mistake(name_or_file, "this is a folder; a scenario is a TOML file")])
    near = did_you_mean(path.stem, scenario_names())
    raise ScenarioError(
        [
            Mistake(
                name_or_file,
                f"no such file, and no scenario has this name.{near} All scenarios: pathway show scenarios",
            )
        ]
    )


def read_scenario(
    name_or_file: str | Path,
    settings: Sequence[str] = (),
    laboratory: Laboratory | None = None,
    *,
    here: Path | None = None,
) -> Scenario:
    """A scenario, checked.

    Parameters
    ----------
    name_or_file : str or Path
        A file, or the name of a scenario that comes with the package.
    settings : sequence of str
        "KEY=VALUE" each, applied before checking.
    laboratory : Laboratory, optional
        What there is to draw on; the package's own circuit unless told otherwise.
    here : Path, optional
        Where files of cells that a setting names are looked for first; the current folder unless told otherwise.

    Raises
    ------
    ScenarioError
        With every mistake of the file.
    """
    file = find_scenario(str(name_or_file))
    if laboratory is None:
        from .built_in import built_in_laboratory

        laboratory = built_in_laboratory()
    text = _text_of(file)
    document = _parsed(file, text)
    changed, origins, mistakes = document_with_settings(document, settings, laboratory.parameters, here)
    changed = with_known_names(changed, laboratory)
    lines = key_lines(text)
    complaints = structural_mistakes(changed) + ScenarioChecker(changed, laboratory, file.parent).mistakes()
    broken = bool(mistakes) or any(path[:1] not in _APART for path, _ in complaints)
    if "fit" in changed and not broken:
        # What is wrong with the measurements is told together with what is wrong with the fit.
        bare = _built(file, text, {k: v for k, v in changed.items() if (k,) not in _APART}, (), laboratory)
        of_rows, of_fit = data_mistakes(bare, changed["fit"], laboratory)
        mistakes += of_rows
        complaints += of_fit
    mistakes += [_placed(file, path, complaint, lines, origins) for path, complaint in complaints]
    if mistakes:
        raise ScenarioError(mistakes)
    return _built(file, text, changed, tuple(settings), laboratory)


_APART = (("fit",), ("expect",))
"""Tables without which an experiment can still be understood."""


def _text_of(file: Path) -> str:
    try:
        content = read_bytes(file, LARGEST_FILE)
    except InputError as error:
        raise ScenarioError([Mistake(str(file), f"{error}; this is no scenario")]) from None
    try:
        return content.decode("utf-8").replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise ScenarioError([Mistake(f"{file}:{line}", "not TOML: not UTF-8 text", line)]) from None


def _parsed(file: Path, text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except ValueError as error:  # of TOML, or of a number with thousands of digits
        return _refuse_text(file, text, str(error))
    except RecursionError:
        raise ScenarioError([Mistake(f"{file}:1", "not TOML: brackets nested too deeply", 1)]) from None


def _refuse_text(file: Path, text: str, complaint: str) -> dict[str, Any]:
    at_line = re.search(r"at line (\d+), column (\d+)", complaint)
    line = int(at_line.group(1)) if at_line else text.count("\n") + 1
    problem = complaint.split(" (at ")[0]
    if problem == "Illegal character '\\n'":
        problem = "a quotation mark is missing at the end of the line"
    if "Cannot overwrite" in problem or "Cannot declare" in problem or "Cannot mutate" in problem:
        problem = f"{problem}: the same key or table stands twice"
    lines = text.splitlines()
    near = lines[line - 1].strip()[:60] if 0 < line <= len(lines) else ""
    shown = broken_toml(problem) + (f", near '{near}'" if near else "")
    raise ScenarioError([Mistake(f"{file}:{line}", f"not TOML: {problem[:1].lower()}{problem[1:]}{shown}", line)])


def _placed(
    file: Path,
    path: tuple[str | int, ...],
    complaint: str,
    lines: dict[tuple[str | int, ...], int],
    origins: Mapping[tuple[str | int, ...], str],
) -> Mistake:
    for origin, place in origins.items():
        created = path not in lines and origin[: len(path)] == path
        if created or path[: len(origin)] == origin:
            return Mistake(place, complaint)
    line = line_of(path, lines)
    return Mistake(f"{file}:{line}", complaint, line)


def _built(
    file: Path, text: str, document: dict[str, Any], settings: tuple[str, ...], laboratory: Laboratory
) -> Scenario:
    content = schema.ScenarioFile.model_validate(document)
    inputs, of_copies = input_files(file, text, document, settings)
    end = quantities.parse_hours(content.time.end)
    doses = {name: _dose(name, dose, end, laboratory) for name, dose in content.dose.items()}
    arms = tuple(_arm(arm, content, laboratory) for arm in content.arm)
    used = {name for arm in arms for name in arm.doses}
    moments = [time for name in used for time in doses[name].times]
    moments += [change.time for arm in arms for change in (*arm.timed_changes, *arm.timed_knock_downs)]
    growth = content.growth_rate
    return Scenario(
        name=file.stem,
        file=file,
        text=text,
        title=content.title,
        cells=content.cells,
        start=min([0.0, *moments]),
        end=end,
        record_every=quantities.parse_hours(content.time.record_every),
        arms=arms,
        doses=doses,
        observables=tuple(content.show.observables) if content.show else _default_observables(laboratory),
        source=content.source,
        question=content.question,
        changes=content.changes,
        growth_of=tuple(growth.of) if growth else (),
        growth_at=quantities.parse_hours(growth.at) if growth and growth.at else None,
        overlays=_overlays(content.data, file),
        fit=fit_plan(content.fit, laboratory) if content.fit else None,
        expectations=tuple(_expectation(entry, arms, content.source) for entry in content.expect),
        settings=settings,
        document=document,
        inputs=inputs,
        settings_of_inputs=of_copies,
        caveats=tuple(content.caveats),
    )


def _default_observables(laboratory: Laboratory) -> tuple[str, ...]:
    return tuple(n for n in DEFAULT_OBSERVABLES if n in laboratory.units) or tuple(laboratory.units)[:3]


def _overlays(data: schema.Data | list[schema.Data] | None, file: Path) -> tuple[MeasurementTable, ...]:
    tables = data if isinstance(data, list) else [data] if data else []
    return tuple(
        MeasurementTable(file.parent / t.file, _words(t.normalize), t.scale_shared_by, t.decimal) for t in tables
    )


def _words(normalize: str | list[str] | None) -> tuple[str, ...]:
    return (normalize,) if isinstance(normalize, str) else tuple(normalize or ())


def _dose(name: str, dose: schema.Dose, end: float, laboratory: Laboratory) -> Dose:
    agent = laboratory.agents[dose.agent]
    first = quantities.parse_hours(dose.at)
    every = quantities.parse_hours(dose.every) if dose.every else 0.0
    count = dose.times or (max(1, int((end - first) / every + 1 - 1e-9)) if every else 1)
    value = None
    if dose.amount is not None and agent.species:
        value = quantities.parse_amount(dose.amount, agent.unit, agent.usual, agent.molar_mass)
    written = "" if dose.agent == MEDIUM_CHANGE else dose.amount or ""
    return Dose(name, dose.agent, value, written, tuple(first + every * k for k in range(count)))


def _arm(arm: schema.Arm, content: schema.ScenarioFile, laboratory: Laboratory) -> Arm:
    lasting, later = _medium(arm.medium or content.medium, laboratory)
    timed = {name: value for name, value in arm.changes.items() if isinstance(value, schema.Timed)}
    transient = {name: value for name, value in arm.knock_down.items() if isinstance(value, schema.TimedKnockDown)}
    return Arm(
        name=arm.name,
        cells=arm.cells or content.cells,
        doses=tuple(dict.fromkeys(arm.doses)),
        changes={**lasting, **content.changes, **{n: v for n, v in arm.changes.items() if isinstance(v, str)}},
        timed_changes=(*later, *(TimedChange(n, v.to, quantities.parse_hours(v.at)) for n, v in timed.items())),
        knock_downs={n: quantities.parse_fraction(v) for n, v in arm.knock_down.items() if isinstance(v, str)},
        timed_knock_downs=tuple(TimedChange(n, v.by, quantities.parse_hours(v.at)) for n, v in transient.items()),
        control=arm.control,
        note=arm.note or "",
    )


def _medium(
    medium: str | schema.TimedMedium | None, laboratory: Laboratory
) -> tuple[dict[str, str], tuple[TimedChange, ...]]:
    """What a medium changes from the start, and what it changes at a moment."""
    if medium is None:
        return {}, ()
    name = medium if isinstance(medium, str) else medium.to
    units = laboratory.parameters
    written = {n: f"{value:g} {units[n]}".removesuffix(" 1") for n, value in laboratory.media[name].items()}
    if isinstance(medium, str):
        return written, ()
    time = quantities.parse_hours(medium.at)
    return {}, tuple(TimedChange(n, text, time, name) for n, text in written.items())


def _expectation(entry: schema.Expect, arms: tuple[Arm, ...], source: str | None) -> Expectation:
    reduce = entry.reduce or "end"
    reading = _reading(entry, arms)
    below = band_limit(entry.below, reduce)
    return Expectation(
        claim=entry.claim,
        role=entry.role,
        reading=reading,
        above=band_limit(entry.above, reduce),
        below=1e-6 if below is None and entry.above is None and reduce == "never_decreases" else below,
        finding=entry.finding,
        source=entry.source or source,
        reason=entry.reason,
        headline=entry.headline,
        compares_with=entry.compares_with or ("measurement" if reduce == "rmse" or reading.measured else "threshold"),
    )


def _reading(entry: schema.Reading, arms: tuple[Arm, ...], outer: Reading | None = None) -> Reading:
    """The words resolved; a second reading takes over from the first what it does not say itself."""
    how = next((key for key in ("arm", "compare", "ratio") if getattr(entry, key)), None)
    partner = entry.rank_with
    if partner is not None:
        how, names = "rank", tuple(partner) if isinstance(partner, dict) else tuple(arm.name for arm in arms)
    elif how is not None:
        names = arm_names_in(how, getattr(entry, how)) or ()
    elif outer is not None:
        how, names = outer.how, outer.arms
    else:
        how, names = "arm", (arms[0].name,) if len(arms) == 1 else tuple(arm.name for arm in arms)

    def time(key: str, inherited: float | None) -> float | None:
        text = getattr(entry, key)
        return quantities.parse_hours(text) if text is not None else inherited

    over = getattr(entry, "over", None)
    reduce = entry.reduce or (outer.reduce if outer else None) or ("at" if entry.at else "end")
    reading = Reading(
        quantity=entry.quantity or (outer.quantity if outer else "every species"),
        arms=names,
        how=how,
        take=entry.take or (outer.take if outer else None),
        reduce=reduce,
        at=time("at", outer.at if outer else None),
        from_time=time("from_", outer.from_time if outer else None),
        until=time("until", outer.until if outer else None),
        relative_to=entry.relative_to or (outer.relative_to if outer else None),
        partner=partner if isinstance(partner, str) else "",
        measured=tuple(map(float, partner.values())) if isinstance(partner, dict) else (),
    )
    return replace(reading, over=_reading(over, arms, reading)) if over is not None else reading
