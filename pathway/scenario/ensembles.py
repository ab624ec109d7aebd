"""Which parameter sets a word stands for: "calibrated", "prior", a file; "none" stands for the chosen numbers alone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from pathway.equations import Model
from pathway.errors import InputError, did_you_mean
from pathway.parameters import ParameterError, parameter_ensemble
from pathway.parameters.parameter_ensemble import ParameterEnsemble, read_ensemble

from .ensemble_result import EnsembleOrigin
from .sampled_cell_lines import ParameterSets, parameter_sets_from_ranges, parameter_sets_of_ensemble

CALIBRATED, PRIOR, NONE = "calibrated", "prior", "none"
WEIGHTS = ("measured", "findings")
"""After measured data only; after the project's own findings of role calibration too."""

MEMBERS = 200
"""How many members a run takes unless told otherwise."""

SEED = 1
"""Of draws from the ranges."""


class EnsembleError(InputError):
    """An ensemble that there is not."""


def is_ensemble_word(word: str) -> bool:
    """Whether a word stands for a file of parameter sets."""
    return word == CALIBRATED or Path(word).suffix.lower() == ".npz"


def default_ensemble() -> tuple[ParameterEnsemble | None, str]:
    """What a run takes unless told otherwise: the shipped ensemble, or none, with a remark where its file does not
    fit."""
    if not parameter_ensemble.SHIPPED.is_file():
        return None, ""
    try:
        return read_ensemble(parameter_ensemble.SHIPPED), ""
    except ParameterError as error:
        return None, f"no intervals: {error}"


def parameter_sets_asked_for(
    model: Model, word: str | Path | None, weights: str = WEIGHTS[0], count: int = MEMBERS
) -> tuple[ParameterSets | None, str]:
    """The parameter sets of a run and a remark on them; none where the word is "none", or where nothing was asked for
    and no ensemble comes with the package.

    Raises
    ------
    EnsembleError, ParameterError
        If what was asked for is not there, or cannot be used.
    """
    if word is None:
        ensemble, remark = default_ensemble()
        if ensemble is None:
            return None, remark
        sets = _sets_of(model, CALIBRATED, ensemble, weights, count)
    elif str(word) == NONE:
        return None, ""
    else:
        sets = open_parameter_sets(model, str(word), weights, count)
    return sets, sets.remark


def ensemble_file(word: str) -> ParameterEnsemble:
    """The ensemble behind "calibrated" or a file.

    Raises
    ------
    EnsembleError
        If no ensemble comes with this version.
    ParameterError
        If the file cannot be used.
    """
    if word != CALIBRATED:
        return read_ensemble(Path(word))
    if not parameter_ensemble.SHIPPED.is_file():
        raise EnsembleError("no calibrated ensemble comes with this version; '--ensemble prior' draws from the ranges")
    return read_ensemble(parameter_ensemble.SHIPPED)


def member_weights(ensemble: ParameterEnsemble, which: str) -> np.ndarray:
    """The weights after "measured" data, or after "findings" too.

    Raises
    ------
    EnsembleError
        If the word is neither.
    """
    if which not in WEIGHTS:
        raise EnsembleError(
            f"no weights are called '{which}'.{did_you_mean(which, WEIGHTS)} One of {', '.join(WEIGHTS)}"
        )
    return ensemble.weights_measured if which == "measured" else ensemble.weights_findings


def open_parameter_sets(
    model: Model, word: str, weights: str = WEIGHTS[0], count: int | None = MEMBERS, seed: int = SEED
) -> ParameterSets:
    """The parameter sets that a word stands for.

    Parameters
    ----------
    model : Model
    word : str
        "calibrated", "prior" or a file (.npz).
    weights : str
        "measured" or "findings"; a prior has no others than equal ones.
    count : int or None
        At most so many members; None: all of a file.
    seed : int
        Of draws from the ranges.

    Raises
    ------
    EnsembleError
        If the word stands for nothing.
    ParameterError
        If the file cannot be used.
    """
    if word in (PRIOR, "ranges"):
        sets = parameter_sets_from_ranges(model, seed, range(count or MEMBERS))
        return replace(sets, origin=replace(sets.origin, limit=count))
    if not is_ensemble_word(word):
        words = (CALIBRATED, PRIOR, NONE)
        raise EnsembleError(
            f"no ensemble is called '{word}'.{did_you_mean(word, words)} One of {', '.join(words)}, or a file (.npz)"
        )
    return _sets_of(model, word, ensemble_file(word), weights, count)


def _sets_of(model: Model, word: str, ensemble: ParameterEnsemble, weights: str, count: int | None) -> ParameterSets:
    """Members of the ensemble that a word stands for."""
    kind, file = (CALIBRATED, "") if word == CALIBRATED else (Path(word).name, word)
    origin = EnsembleOrigin(kind, ensemble.digest, weights, count, file)
    return parameter_sets_of_ensemble(model, ensemble, member_weights(ensemble, weights), count, origin)
