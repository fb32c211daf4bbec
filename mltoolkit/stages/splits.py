"""Which rows train, which choose between estimators, and which are evaluated."""

import hashlib

import numpy as np
import numpy.typing as npt
import pyarrow.compute as pc

from mltoolkit.errors import MltoolkitError
from mltoolkit.stages.columns import Column
from mltoolkit.stages.settings import AtRandom, ByGroup, ByTime, Section

TRAIN, VALIDATION, EVALUATION = "train", "validation", "evaluation"

Names = npt.NDArray[np.str_]


def assign(column: Column, split: ByTime | ByGroup | AtRandom, section: Section) -> Names:
    """Return the name of each row's split.

    Args:
        column: (n,) what decides: the period, the group, or the row's id; without nulls.
        split: The settings.
        section: Where errors point.

    Raises:
        InputError: A split would be empty.
    """
    encoded = pc.dictionary_encode(column).combine_chunks()
    values = encoded.dictionary
    if isinstance(split, ByTime):
        of_value = _periods(values, split, section)
    else:
        of_value = np.array([_share(str(value), split) for value in values.to_pylist()])
    names: Names = of_value[encoded.indices.to_numpy()]
    for name in (TRAIN, VALIDATION, EVALUATION):
        if not (names == name).any():
            raise _empty(name, len(values), section)
    return names


def _periods(values: Column, split: ByTime, section: Section) -> Names:
    held_out = split.evaluate + split.validate
    if len(values) <= held_out:
        raise section.refuse(
            f"{split.column!r} has {len(values)} periods, and {held_out} of them are held out: "
            "nothing is left to train on",
            "split",
            hint="wait for more data, or choose a column with shorter periods",
        )
    place = np.empty(len(values), dtype=np.int64)
    place[pc.sort_indices(values).to_numpy()] = np.arange(len(values))
    last_train = len(values) - held_out
    return np.where(
        place < last_train, TRAIN, np.where(place < last_train + split.validate, VALIDATION, EVALUATION)
    )


def _share(value: str, split: ByGroup | AtRandom) -> str:
    """Place one value by its hash, so that rows that come later leave it where it is."""
    seed = hashlib.blake2b(f"{split.salt}\0{value}".encode(), digest_size=8).digest()
    at = int.from_bytes(seed, "big") / 2**64
    if at < split.evaluate:
        return EVALUATION
    return VALIDATION if at < split.evaluate + split.validate else TRAIN


def _empty(name: str, count: int, section: Section) -> MltoolkitError:
    return section.refuse(
        f"the {name} split is empty: {count} distinct values decide, and none of them fell into it",
        "split",
        hint="change the shares or the salt",
    )
