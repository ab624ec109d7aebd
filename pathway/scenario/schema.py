"""The words a scenario file may use. `schema.json` beside this file is made from here, for editors.

    python -m pathway.scenario.schema        writes schema.json anew

Only the shape is checked here; whether names exist and quantities make sense is `read`'s concern.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Amount = Annotated[str, Field(description='A number with its unit, or "4 x": four times the usual', examples=["50 nM"])]
Time = Annotated[str, Field(description="A number with a unit of time", examples=["48 h", "-2 d", "30 min"])]
Number = int | float

Role = Literal["sanity", "construction", "calibration", "prediction"]
Reduce = Literal[
    "end",
    "at",
    "min",
    "max",
    "mean",
    "half_rise_time",
    "rebound",
    "biphasic",
    "never_decreases",
    "drift",
    "rmse",
]


class Section(BaseModel):
    """A table whose keys are all known, and whose text stays text."""

    model_config = ConfigDict(extra="forbid", strict=True, populate_by_name=True)


class TimeSection(Section):
    """How long the experiment runs, and how often it is looked at."""

    end: Time = Field(description="When the experiment ends, from time zero", examples=["120 h"])
    record_every: Time = Field("1 h", description="How far recorded times lie apart", examples=["15 min"])


class Dose(Section):
    """Something given to the cells, once or again and again."""

    agent: str = Field(description="One of `pathway show agents`; 'medium change' removes what is in the medium")
    amount: Amount | None = Field(
        None, description='How much: a concentration with its unit, or "2 x" the usual one', examples=["10 ug/mL"]
    )
    at: Time = Field("0 h", description="When; before time zero is pre-treatment", examples=["-48 h"])
    every: Time | None = Field(None, description="Repeat after this time")
    times: int | None = Field(None, description="How many doses in all", ge=1)
    allow: Literal["high dose"] | None = Field(None, description="Say so if a dose beyond every record is meant")


class Timed(Section):
    """A change that comes at a moment instead of holding from the start."""

    to: Amount = Field(description="The value from then on, or a factor", examples=["0.1 x"])
    at: Time = Field(description="From when")


class TimedKnockDown(Section):
    """A transient knock-down: from this moment the protein is made that much more slowly."""

    by: Amount = Field(description="The share that is taken away", examples=["80 %"])
    at: Time = Field(description="From when synthesis is lowered; what is there decays with its half-life")


class TimedMedium(Section):
    """Another medium from a moment on; before it, cells are in full medium."""

    to: str = Field(description="Name of the medium", examples=["serum-free"])
    at: Time = Field(description="When it is changed", examples=["-24 h"])


Medium = Annotated[
    str | TimedMedium, Field(description='"serum-free" from long before, or { to = "serum-free", at = "-24 h" }')
]


class GrowthRate(Section):
    """Whose effect the GR value shows."""

    of: list[str] = Field(
        description="Agents whose effect is asked: all their doses; the name of a dose means it alone", min_length=1
    )
    at: Time | None = Field(None, description="When GR is read; the end of the experiment unless told otherwise")


class Arm(Section):
    """One dish."""

    name: str = Field(description="What the arm is called, in tables, figures and expectations")
    cells: str | None = Field(None, description="A cell line other than the scenario's")
    doses: list[str] = Field([], description="Names of [dose] tables that are given")
    changes: dict[str, Amount | Timed] = Field({}, description='Parameters that differ: "0.1 x" or a value with unit')
    knock_down: dict[str, Amount | TimedKnockDown] = Field({}, description="Proteins lowered, as the bench measures it")
    medium: Medium | None = Field(None, description="Another medium than the scenario's")
    control: str | None = Field(None, description="The arm that GR compares with, instead of the matched one")
    note: str | None = Field(None, description="Words for the report")


class Show(Section):
    """What the figure and the tables show."""

    observables: list[str] = Field(
        description="Observables, species or quantities; `pathway show observables` lists them", min_length=1
    )


Normalize = Annotated[
    str, Field(description='"loading", "total", "minmax" or "lane: ARM TIME"', examples=["lane: untreated 0 h"])
]
SharedBy = Literal["gel", "observable", "replicate", "cells", "arm"]


class Data(Section):
    """Measured points: drawn over the curves, compared by `reduce = "rmse"`, fitted by `pathway fit`."""

    file: str = Field(description="CSV with the columns arm, time, observable, value, unit and more; beside this file")
    normalize: Normalize | list[Normalize] | None = Field(None, description="One thing done to the values, or several")
    scale_shared_by: SharedBy | None = Field(None, description="Points with the same factor to arbitrary units")
    decimal: Literal[".", ","] | None = Field(None, description="Decimal sign, where the file's numbers leave it open")


class Prior(Section):
    """What was known of a parameter before the data."""

    distribution: Literal["log-normal", "normal"] = Field("log-normal", description="Its shape")
    center: Amount = Field(description="Median of a log-normal prior, mean of a normal one")
    spread: Number | Amount = Field(
        description="Standard deviation: of the natural logarithm (a number), or a quantity"
    )


class FitParameter(Section):
    """A parameter that is estimated; what is not said follows from its entry among the numbers."""

    range: list[Amount] | None = Field(
        None, description="Lowest and highest value", min_length=2, max_length=2, examples=[["0.1 1/h", "10 1/h"]]
    )
    start: Amount | None = Field(None, description="Nominal value; the cell line's unless told otherwise")
    prior: Literal["range", "middle", "none"] | Prior | None = Field(
        None, description="The range as its central 95 %, around the nominal value or around the middle of the range"
    )
    shared: Literal["value", "factor", "no"] | None = Field(
        None, description="One value for all lines, one factor on each line's own value, or a value for each line"
    )
    scale: Literal["log10", "linear"] | None = Field(None, description="How the search sees it")


class FitObservable(Section):
    """How measurements of an observable relate to the model, and how they scatter."""

    scale: Literal["free", "none", "normalized"] | Number | None = Field(
        None, description="A factor for each of `scale_shared_by`, none, that of the normalization, or a known one"
    )
    offset: Literal["free", "none"] | None = Field(None, description="What a reading shows at zero")
    noise: Literal["given", "scaled", "added", "constant", "proportional", "combined"] | Number | None = Field(
        None,
        description="The errors of the table, these times or plus an estimated one, or an estimated one; a number",
    )
    noise_shared_by: SharedBy | None = Field(None, description="Points with the same estimated noise")
    distribution: Literal["normal", "log-normal", "laplace", "log-laplace", "student-t"] | None = Field(
        None, description="How measurements scatter"
    )
    degrees_of_freedom: Number | None = Field(None, description="Of student-t; 4 unless told otherwise")


class Fit(Section):
    """What `pathway fit` estimates from the measurements."""

    parameters: list[str] = Field([], description="Parameters that are estimated, beside those of [fit.parameter.NAME]")
    prior: Literal["range", "middle", "none"] = Field("range", description="Of parameters that do not say their own")
    anchors: Literal["follow", "fixed"] = Field(
        "follow", description="Whether anchored parameters keep up with the others, or keep their numbers"
    )
    hold_out: list[str] = Field([], description="Arms that are compared but do not count")
    parameter: dict[str, FitParameter] = Field({}, description="What differs for one parameter")
    observable: dict[str, FitObservable] = Field({}, description="What differs for one observable")


class Reading(Section):
    """A number read off the arms: what, where, when."""

    quantity: str | None = Field(None, description='An observable, species, "GR", "cell_number_fold" ...')
    arm: str | None = Field(None, description="Of which arm, where one alone is read")
    compare: str | None = Field(None, description='"a vs b": a minus b')
    ratio: str | None = Field(None, description='"a / b"')
    take: Literal["log", "loss"] | None = Field(None, description="Of a ratio r: its logarithm, or 1 - r")
    reduce: Reduce | None = Field(None, description="How a course becomes a number; the end unless told otherwise")
    at: Time | None = Field(None, description="When it is read")
    from_: Time | None = Field(None, alias="from", description="Begin of the part of the course that counts")
    until: Time | None = Field(None, description="Its end")
    relative_to: Literal["start", "max"] | None = Field(None, description="Divide the course by its own start or max")
    rank_with: str | dict[str, Number] | None = Field(
        None,
        description="Rank correlation over arms: of the quantity with another one, or with measured numbers by arm",
    )


class Expect(Reading):
    """A published finding, and the band that the model's number must fall into."""

    claim: str = Field(description="What is claimed, in a sentence")
    role: Role = Field(description="How much it is worth when it is met")
    finding: str | None = Field(None, description="Row of the table of findings", examples=["V4"])
    source: str | None = Field(None, description="Key of a source (`pathway show sources`), or words")
    over: Reading | None = Field(None, description="A second reading that the first is divided by")
    above: Number | str | None = Field(None, description="Least value that meets it; a time where a time is read")
    below: Number | str | None = Field(None, description="Greatest value that meets it")
    reason: str | None = Field(None, description="Why the model misses it, if it does and the reason is known")
    compares_with: Literal["measurement", "threshold"] | None = Field(
        None,
        description="A measured number, or a sign or threshold that the author set; `rmse` compares with the former",
    )
    headline: bool = Field(False, description="Whether it is told first, in a sentence, wherever the result is shown")


class ScenarioFile(Section):
    """An experiment as one would write it in a lab book."""

    title: str = Field(description="What the experiment shows")
    source: str | None = Field(None, description="Where it was published: key of a source, or words")
    question: str | None = Field(None, description="What is asked")
    caveats: list[str] = Field([], description="Sentences that stand beside the result wherever it is shown")
    cells: str = Field(
        description="A cell line, or the file of one beside this file", examples=["bt474", "./my_line.toml"]
    )
    time: TimeSection = Field(description="How long, and how often it is looked at")
    dose: dict[str, Dose] = Field({}, description="What may be given: a table for each dose, by a name of your own")
    changes: dict[str, Amount] = Field({}, description="Parameters that differ in every arm")
    medium: Medium | None = Field(None, description="What the cells of every arm are kept in")
    growth_rate: GrowthRate | None = Field(
        None, description="Whose effect on growth is asked; without it there is no GR"
    )
    arm: list[Arm] = Field(description="The dishes", min_length=1)
    show: Show | None = Field(None, description="What figure and tables show")
    data: Data | list[Data] | None = Field(None, description="Measured points, in one table or several")
    expect: list[Expect] = Field([], description="What is expected, each with a band")
    fit: Fit | None = Field(None, description="What `pathway fit` finds in the measurements")
    analyze: dict[str, dict[str, object]] | None = Field(
        None, description="Options of `pathway synergy` and the other analyses, a table for each"
    )


def json_schema() -> dict[str, object]:
    """The JSON Schema of a scenario file."""
    schema = ScenarioFile.model_json_schema(by_alias=True)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": "pathway scenario"}


def main() -> None:
    """Write `schema.json`."""
    import json
    from pathlib import Path

    text = json.dumps(json_schema(), indent=1, ensure_ascii=False) + "\n"
    Path(__file__).with_name("schema.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
