"""``predictions.parquet``: what everybody said about the evaluation rows, written by ``evaluate``, read by the gate.

One column each: ``row_id``, ``target``, ``WHO`` with a label or a value, ``WHO_probability_CLASS`` (of two
classes the positive one alone), ``group`` with a code, and ``slice_COLUMN``. Who is ``challenger``,
``champion``, ``anchor``, or a baseline that is a column.
"""

import io
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from mltoolkit.errors import CannotTellError, Location
from mltoolkit.evidence import Evidence, Rows, Subject
from mltoolkit.metrics import Task
from mltoolkit.paired import Predictions
from mltoolkit.rules.numbers import ANCHOR, CHALLENGER, CHAMPION
from mltoolkit.slices import MISSING, Column
from mltoolkit.statistics.answers import SUM_TOLERANCE, Answers, Codes, Floats

ID = "row_id"
TARGET = "target"
GROUP = "group"
SLICE = "slice_"

_UNKNOWN = "(unknown class)"
"""What is written for a label that is none of the classes."""
_HINT = "run mltoolkit evaluate again"


def write(
    rows: Predictions, ids: Sequence[str], *, task: Task, classes: Sequence[str], positive: str | None
) -> bytes:
    """Return the Parquet file: row ids, the truth, what everybody said, groups and slices.

    Args:
        rows: What everybody said about n rows.
        ids: (n,) the rows' ids.
        task: What is predicted.
        classes: The classes as text, in the order of the probabilities.
        positive: The class whose probability is kept, where there are two; the last if None.
    """
    shown = _shown(task, classes, positive)
    # The last text is where code -1 points.
    words = (*classes, _unknown(classes))
    columns: dict[str, pa.Array[Any]] = {ID: pa.array(ids, pa.string())}
    columns[TARGET] = (
        pa.array(rows.truth, pa.float64()) if task is Task.REGRESSION else _texts(rows.truth, words)
    )
    for who, said in rows.answers.items():
        if said.values is not None:
            columns[who] = pa.array(said.values, pa.float64())
        if said.labels is not None:
            columns[who] = _texts(np.where(said.labels < 0, len(classes), said.labels), words)
        if said.probabilities is not None:
            for at in shown:
                columns[_probability(who, classes[at])] = pa.array(said.probabilities[:, at], pa.float64())
    if rows.groups is not None:
        columns[GROUP] = pa.array(rows.groups.astype(np.int32), pa.int32())
    for column, (codes, texts) in rows.slices.items():
        columns[f"{SLICE}{column}"] = _texts(codes, texts, missing=True)
    file = io.BytesIO()
    pq.write_table(pa.table(columns), file, compression="zstd")
    return file.getvalue()


def read(path: Path, evidence: Evidence) -> Predictions:
    """Read predictions, and make sure that they are what evidence says.

    Args:
        path: The Parquet file.
        evidence: Who predicted, on how many rows, of which classes.

    Raises:
        CannotTellError: The file is damaged, or its rows are not usable: other counts, ids that are missing
            or not unique, classes that nobody knows, NaN, probabilities outside 0 to 1.
    """
    rows, task = evidence.rows, evidence.task
    if rows is None or task is None:
        raise CannotTellError("is there, and the evidence speaks of no rows", where=Location(path=str(path)))
    if (why := _doubt(task, rows.classes, evidence.positive)) is not None:
        raise CannotTellError(
            f"cannot be read: the evidence {why}", where=Location(path=str(path)), hint=_HINT
        )
    try:
        return _Reader(path, evidence, rows, task).read()
    except (pa.ArrowException, OSError) as error:
        raise CannotTellError(
            f"is not a Parquet file that can be read: {error}", where=Location(path=str(path)), hint=_HINT
        ) from error
    except UnicodeDecodeError as error:
        raise CannotTellError(
            f"holds text that is not UTF-8: {error.object[:20]!r}", where=Location(path=str(path)), hint=_HINT
        ) from error


def _unknown(classes: Sequence[str]) -> str:
    """Return what is written for a label that is none of the classes."""
    unknown = _UNKNOWN
    while unknown in classes:
        unknown = f"({unknown})"
    return unknown


class _Reader:
    """One file beside the evidence that says what it must hold."""

    def __init__(self, path: Path, evidence: Evidence, rows: Rows, task: Task) -> None:
        self.path = path
        self.evidence = evidence
        self.rows = rows
        self.task = task
        self.classes = rows.classes
        self.table: pa.Table = pa.table({})
        # In memory once, so that both threads read the same bytes.
        self.bytes = pa.py_buffer(path.read_bytes())

    def read(self) -> Predictions:
        schema = pq.read_schema(pa.BufferReader(self.bytes))
        self._check_schema(schema)
        with ThreadPoolExecutor(max_workers=1) as pool:
            unique = pool.submit(self._check_ids)
            texts = [name for name in schema.names if _is_text(schema.field(name).type)]
            # Not `read_table`, which imports pandas where there is one, for 0.2 s.
            file = pq.ParquetFile(
                pa.BufferReader(self.bytes), read_dictionary=[name for name in texts if name != ID]
            )
            self.table = file.read(columns=[name for name in schema.names if name != ID])
            found = self._predictions()
            unique.result()
        return found

    def refuse(self, what: str, column: str | None = None) -> CannotTellError:
        return CannotTellError(what, where=Location(path=str(self.path), key=column), hint=_HINT)

    def _check_schema(self, schema: "pa.Schema") -> None:
        """Refuse columns that are missing, unknown, twice there or of another type, before they are read."""
        count = pq.read_metadata(pa.BufferReader(self.bytes)).num_rows
        if not count:
            raise self.refuse("has no rows")
        if count != self.rows.count:
            raise self.refuse(f"has {count:,} rows, and the evidence speaks of {self.rows.count:,}")
        if twice := sorted({name for name in schema.names if schema.names.count(name) > 1}):
            raise self.refuse("is there twice", twice[0])
        wanted = dict(self._wanted(schema))
        for name, of in wanted.items():
            if name not in schema.names:
                raise self.refuse("is missing", name)
            if not of(schema.field(name).type):
                raise self.refuse(f"is {schema.field(name).type}, which is not what it must hold", name)
        for name in schema.names:
            if name in wanted:
                continue
            if not name.startswith(SLICE):
                raise self.refuse("is a column that the evidence does not speak of", name)
            if not _is_text(schema.field(name).type):
                raise self.refuse(f"is {schema.field(name).type}, and a slice is a text", name)

    def _wanted(self, schema: "pa.Schema") -> Iterator[tuple[str, Any]]:
        """Yield the columns that must be there, and whether a type is theirs."""
        yield ID, _is_text
        answer = _is_float if self.task is Task.REGRESSION else _is_text
        yield TARGET, answer
        for who, subject in self.who():
            yield who, answer
            if self.probable(who, subject, schema.names):
                for name in self.shown(who):
                    yield name, _is_float
        if self.rows.group:
            yield GROUP, pa.types.is_integer

    def who(self) -> Iterator[tuple[str, Subject | None]]:
        """Yield everybody whose answers must be there, with the model where it is one."""
        evidence = self.evidence
        yield CHALLENGER, evidence.challenger
        for name, subject in ((CHAMPION, evidence.champion), (ANCHOR, evidence.anchor)):
            if subject is not None and name not in evidence.faults:
                yield name, subject
        for baseline in evidence.baselines:
            if baseline.source == "column" and baseline.name not in evidence.faults:
                yield baseline.name, None

    def shown(self, who: str) -> list[str]:
        """Return the columns of somebody's probabilities."""
        return [
            _probability(who, self.classes[at])
            for at in _shown(self.task, self.classes, self.evidence.positive)
        ]

    def probable(self, who: str, subject: Subject | None, names: Iterable[str]) -> bool:
        """Return whether somebody's probabilities must be there: evidence says it of a model, the file of a column."""
        if self.task is Task.REGRESSION:
            return False
        return any(name in names for name in self.shown(who)) if subject is None else subject.probabilities

    def _check_ids(self) -> None:
        ids = pq.ParquetFile(pa.BufferReader(self.bytes)).read(columns=[ID])[ID]
        if ids.null_count:
            raise self.refuse(f"{ids.null_count:,} rows have no id", ID)
        if (distinct := len(ids.unique())) != len(ids):
            raise self.refuse(f"{len(ids) - distinct:,} ids are there more than once", ID)

    def _predictions(self) -> Predictions:
        truth: npt.NDArray[Any]
        if self.task is Task.REGRESSION:
            truth = self._numbers(TARGET)
        else:
            truth = self._labels(TARGET)
            if int(truth.min()) < 0:
                raise self.refuse(
                    f"{int(np.sum(truth < 0)):,} rows are of a class that is none of {', '.join(self.classes)}",
                    TARGET,
                )
        return Predictions(
            truth=truth,
            answers={who: self._answers(who, subject) for who, subject in self.who()},
            groups=self._groups(),
            slices={
                name.removeprefix(SLICE): self._slice(name)
                for name in self.table.column_names
                if name.startswith(SLICE)
            },
        )

    def _answers(self, who: str, subject: Subject | None) -> Answers:
        if self.task is Task.REGRESSION:
            return Answers(values=self._numbers(who))
        labels = self._labels(who)
        if not self.probable(who, subject, self.table.column_names):
            return Answers(labels=labels)
        # By column, so that one class's probabilities lie side by side.
        table = np.empty((labels.size, len(self.classes)), order="F")
        shown = _shown(self.task, self.classes, self.evidence.positive)
        for at, name in zip(shown, self.shown(who), strict=True):
            share = self._numbers(name)
            if not 0 <= float(share.min()) <= float(share.max()) <= 1:
                raise self.refuse("holds probabilities outside 0 to 1", name)
            table[:, at] = share
        if self.task is Task.BINARY:
            table[:, 1 - shown[0]] = 1 - table[:, shown[0]]
        elif off := int(np.sum(np.abs(table.sum(axis=1) - 1) > SUM_TOLERANCE)):
            raise self.refuse(f"the probabilities of {off:,} rows do not add up to 1", who)
        return Answers(labels=labels, probabilities=table)

    def _numbers(self, name: str) -> Floats:
        column = self._full(name)
        numbers: Floats = _numpy(column.combine_chunks()).astype(np.float64, copy=False)
        # Whatever is NaN or infinite makes the sum so, and only then it is worth counting.
        with np.errstate(invalid="ignore", over="ignore"):
            total = numbers.sum()
        if not np.isfinite(total) and (bad := int(np.sum(~np.isfinite(numbers)))):
            raise self.refuse(f"{bad:,} of {numbers.size:,} numbers are NaN or infinite", name)
        return numbers

    def _labels(self, name: str) -> Codes:
        indices, texts = self._coded(self._full(name), name)
        code = {each: at for at, each in enumerate(self.classes)}
        if any(text is None for text in texts):
            raise self.refuse("has rows without a value", name)
        # What somebody said that is no class is written in one word. Another word is damage, and would be taken
        # for a wrong answer.
        odd = {str(text) for text in texts} - {*code, _unknown(self.classes)}
        if odd and name != TARGET:
            raise self.refuse(f"holds {min(odd)!r}, which is none of {', '.join(self.classes)}", name)
        return np.array([code.get(str(text), -1) for text in texts], dtype=np.int64)[indices]

    def _groups(self) -> Codes | None:
        if not self.rows.group:
            return None
        codes: Codes = _numpy(self._full(GROUP).combine_chunks()).astype(np.int64)
        # A code is a place in tables of as many groups: none may be so large that they fill the memory.
        if int(codes.min()) < 0 or int(codes.max()) >= codes.size:
            raise self.refuse("holds codes of groups that cannot be", GROUP)
        return codes

    def _slice(self, name: str) -> Column:
        column = self.table[name]
        indices, found = self._coded(column, name)
        texts = [MISSING if text is None else text for text in found]
        names = sorted({*texts, MISSING} if column.null_count else set(texts))
        if names == texts and not column.null_count:
            return indices, tuple(names)
        # In the order of the text, whatever the order in the file is.
        place = {text: at for at, text in enumerate(names)}
        codes = np.array([*(place[text] for text in texts), place.get(MISSING, 0)], dtype=np.int32)
        return codes[indices], tuple(names)

    def _full(self, name: str) -> "pa.ChunkedArray[Any]":
        column = self.table[name]
        if column.null_count:
            raise self.refuse(f"{column.null_count:,} rows have no value", name)
        return column

    def _coded(
        self, column: "pa.ChunkedArray[Any]", name: str
    ) -> tuple[npt.NDArray[np.int32], list[str | None]]:
        """Return (n,) places in a list of texts; one behind its end where there is none."""
        whole = column.unify_dictionaries().combine_chunks()
        if not isinstance(whole, pa.DictionaryArray):
            raise self.refuse("cannot be read as one column", name)
        # Damage that Arrow does not see while reading: places that no text has.
        whole.validate(full=True)
        texts: list[str | None] = whole.dictionary.to_pylist()
        indices: pa.Array[Any] = whole.indices.cast(pa.int32())
        if whole.null_count:
            indices = indices.fill_null(len(texts))
        return _numpy(indices), texts


def _numpy(numbers: Any) -> npt.NDArray[Any]:
    """Return an Arrow array of numbers, none of them missing. Its own ``to_numpy`` imports pandas, for 0.2 s."""
    return np.from_dlpack(numbers)


def _doubt(task: Task, classes: Sequence[str], positive: str | None) -> str | None:
    """Return how evidence contradicts itself, so that no probability would have a place."""
    if task is Task.REGRESSION:
        return None
    if len(set(classes)) != len(classes) or len(classes) < 2 or (task is Task.BINARY and len(classes) > 2):  # noqa: PLR2004 - a decision needs two classes
        return f"says that the task is {task} and the classes are: {', '.join(classes) or 'none'}"
    if positive is not None and positive not in classes:
        return f"says that the positive class is {positive}, and the classes are {', '.join(classes)}"
    return None


def _shown(task: Task, classes: Sequence[str], positive: str | None) -> tuple[int, ...]:
    """Return the places of the classes whose probabilities are kept."""
    if task is Task.BINARY:
        return (len(classes) - 1 if positive is None else list(classes).index(positive),)
    return tuple(range(len(classes)))


def _probability(who: str, name: str) -> str:
    return f"{who}_probability_{name}"


def _texts(codes: npt.NDArray[Any], texts: Sequence[str], *, missing: bool = False) -> "pa.Array[Any]":
    absent = codes == list(texts).index(MISSING) if missing and MISSING in texts else None
    return pa.DictionaryArray.from_arrays(
        pa.array(codes.astype(np.int32), pa.int32(), mask=absent), pa.array(texts, pa.string())
    )


def _is_text(of: "pa.DataType") -> bool:
    inner = of.value_type if pa.types.is_dictionary(of) else of
    return pa.types.is_string(inner) or pa.types.is_large_string(inner)


def _is_float(of: "pa.DataType") -> bool:
    return pa.types.is_floating(of)
