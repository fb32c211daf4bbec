"""``predictions.parquet``: what everybody said about the evaluation rows, written by ``evaluate``, read by the gate."""

from collections.abc import Sequence
from pathlib import Path

from mltoolkit.evidence import Evidence
from mltoolkit.metrics import Task
from mltoolkit.paired import Predictions


def write(
    rows: Predictions, ids: Sequence[str], *, task: Task, classes: Sequence[str], positive: str | None
) -> bytes:
    """Return the Parquet file: row ids, the truth, what everybody said, groups and slices.

    Args:
        rows: What everybody said about n rows.
        ids: (n,) the rows' ids.
        task: What is predicted.
        classes: The classes as text, in the order of the probabilities.
        positive: The class whose probability is kept, where there are two.
    """
    raise NotImplementedError


def read(path: Path, evidence: Evidence) -> Predictions:
    """Read predictions, and make sure that they are what evidence says.

    Args:
        path: The Parquet file.
        evidence: Who predicted, on how many rows, of which classes.

    Raises:
        CannotTellError: The file is damaged, or its rows are not usable: other counts, ids that are missing
            or not unique, classes that nobody knows, NaN, probabilities outside 0 to 1.
    """
    raise NotImplementedError
