"""Evidence: everything the gate may look at, with its provenance. Values only; nothing is read here."""

import hashlib
import json
from typing import Annotated, Any, Literal

import msgspec

from mltoolkit.metrics import Task

Digest = Annotated[str, msgspec.Meta(pattern=r"^sha256:[0-9a-f]{64}$")]
Finite = Annotated[float, msgspec.Meta(ge=-1.7976931348623157e308, le=1.7976931348623157e308)]


class Value(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="kebab"):
    """A part of a file that travels between commands: frozen, and strict about what it holds."""


def digest_of(plain: object) -> Digest:
    """Return the digest of what plain values say, whatever the order of their keys.

    Args:
        plain: Mappings, lists, texts and finite numbers.
    """
    text = json.dumps(plain, sort_keys=True, allow_nan=False)
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


class FileRef(Value, frozen=True, kw_only=True):
    """A file beside the one that names it.

    Attributes:
        path: Its name.
        digest: Of its content.
    """

    path: Annotated[str, msgspec.Meta(pattern=r"^[a-z]+\.(json|parquet)$")]
    digest: Digest


class Provenance(Value, frozen=True, kw_only=True):
    """Where evidence comes from.

    Attributes:
        commit: 40 hex digits.
        dirty: Whether files differed from that commit.
        event: What started the run: ``push``, ``pull_request``, ``schedule``, or ``local``.
        ref: The branch or tag, where there is one.
        run: The address of the run, where there is one.
        actor: Who started it.
        data: Digest of the evaluation rows, or of the file with the numbers where there are no rows.
        params: Digest of ``params.yaml``, where there is one.
        lock: Digest of ``dvc.lock``, where there is one: it finds the verdict after a squash.
        rules: Digest of the rules as they stood.
    """

    commit: Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{40}$")]
    dirty: bool
    event: str
    ref: str | None
    run: str | None
    actor: str | None
    data: Digest
    params: Digest | None
    lock: Digest | None
    rules: Digest


class Costs(Value, frozen=True, kw_only=True):
    """What a model takes, as measured where it was scored.

    Attributes:
        size: Of its directory, in bytes.
        memory: Peak resident memory of the process that loaded and scored it, in bytes.
        scoring: Seconds for a thousand rows in one batch.
        latency: Seconds for a request of one golden row, the slowest but one of those asked.
    """

    size: int
    memory: int
    scoring: Finite
    latency: Finite


class Subject(Value, frozen=True, kw_only=True):
    """A model that was measured.

    Attributes:
        digest: Of its directory.
        path: Where it stood.
        flavor: The MLflow flavor that loads it.
        probabilities: Whether it answers probabilities, and not labels or values.
        costs: What it takes; None where that was not measured.
    """

    digest: Digest
    path: str
    flavor: str
    probabilities: bool
    costs: Costs | None = None


class Measurement(Value, frozen=True, kw_only=True):
    """One metric, on one slice, for one subject.

    Attributes:
        metric: A name of the catalogue, or ``file:KEY``.
        of: ``challenger``, ``champion``, or the name of a baseline.
        slice: ``column=value``, or None for all rows.
        value: Rounded to six significant digits; None where it is not defined.
        n: Rows that it was measured on; None for a number that a stage wrote.
        reason: Why there is no value.
    """

    metric: str
    of: str
    slice: str | None = None
    value: Finite | None = None
    n: int | None = None
    reason: str | None = None


class BaselineValue(Value, frozen=True, kw_only=True):
    """A trivial predictor.

    Attributes:
        name: A name of ``metrics.Baseline``, or ``column:NAME``.
        source: ``training`` rows, or where nothing is known of them the ``evaluation`` rows
            themselves, whose best constant no constant learned elsewhere can beat; or a ``column`` of them.
        value: What it always predicts; None for a column, which predicts row by row.
    """

    name: str
    source: Literal["training", "evaluation", "column"]
    value: str | Finite | tuple[Finite, ...] | None

    def __post_init__(self) -> None:
        """Refuse shares that are none: against a predictor that cannot be, anybody wins."""
        shares = self.value
        if isinstance(shares, tuple) and not (
            all(0 <= share <= 1 for share in shares) and abs(sum(shares) - 1) <= _ROUNDING
        ):
            raise ValueError("shares of classes are between 0 and 1, and sum to 1")


_ROUNDING = 1e-3
"""What shares of many classes, each rounded to six digits, may add up to beside 1."""


class WorstRow(Value, frozen=True, kw_only=True):
    """A row that the challenger got most wrong.

    Attributes:
        id: The row's id.
        target: The truth.
        prediction: What the challenger said.
        loss: How wrong that is: squared error, or squared distance of the probabilities.
    """

    id: str
    target: str
    prediction: str
    loss: Finite


class Sketch(Value, frozen=True, kw_only=True):
    """A set of row ids in little space: the smallest hashes of its members.

    Attributes:
        count: Members of the set.
        hashes: The smallest of their 53-bit hashes, ascending; of a small set all of them.
    """

    count: Annotated[int, msgspec.Meta(ge=1)]
    hashes: tuple[int, ...]


class Rows(Value, frozen=True, kw_only=True):
    """The evaluation rows.

    Attributes:
        path: The Parquet file.
        digest: Of its content.
        count: How many rows.
        id: The column with their ids.
        target: The column with the truth.
        classes: The classes as text, in the order of the probabilities; empty for regression.
        quantile: The quantile that is predicted, where the settings name one.
        group: The columns whose values say which rows stand or fall together.
        dates: Columns of dates, where no group is set: the rows of one day hardly ever stand alone.
        sketch: Which rows they are, so that a later look at them is known as one.
    """

    path: str
    digest: Digest
    count: int
    id: str
    target: str
    classes: tuple[str, ...] = ()
    quantile: Finite | None = None
    group: tuple[str, ...] = ()
    dates: tuple[str, ...] = ()
    sketch: Sketch | None = None

    @property
    def unit(self) -> str:
        """What a person calls one group: a day where dates are what groups the rows."""
        dates = len(self.group) == 1 and self.group[0].lower().split("_")[-1] in {"date", "day"}
        return "day" if dates else "group"


class Checked(Value, frozen=True, kw_only=True):
    """What ``mltoolkit check`` found, as far as a rule needs it.

    Attributes:
        what: ``data`` for the data contract, ``splits`` for leakage.
        digest: Of the file with the findings; None where there is none.
        met: How many rules were met.
        asked: How many were asked.
        broken: Those that block, one sentence each.
        fault: Why it says nothing about these data: not checked, damaged, or checked as they are not now.
    """

    what: Literal["data", "splits"]
    digest: Digest | None = None
    met: int = 0
    asked: int = 0
    broken: tuple[str, ...] = ()
    fault: str | None = None


class TestRun(Value, frozen=True, kw_only=True):
    """The project's own tests, as a JUnit XML report tells them.

    Attributes:
        path: The report.
        digest: Of its content; None where there is none.
        tests: How many ran or were skipped.
        failures: How many failed or ended with an error.
        skipped: How many were skipped.
        failed: Names of some that failed.
        fault: Why the report says nothing: missing, damaged, or empty.
    """

    path: str
    digest: Digest | None = None
    tests: int = 0
    failures: int = 0
    skipped: int = 0
    failed: tuple[str, ...] = ()
    fault: str | None = None


class ProgramRun(Value, frozen=True, kw_only=True):
    """What a program of the project's own answered.

    Attributes:
        name: The rule's name for it.
        command: Its words.
        answer: ``pass``, ``fail`` or ``unknown``; None where it gave none.
        reason: In its words.
        value: Its number, where it gave one.
        fault: Why there is no answer: it failed, took too long, or printed something else.
    """

    name: str
    command: tuple[str, ...]
    answer: Literal["pass", "fail", "unknown"] | None = None
    reason: str | None = None
    value: Finite | None = None
    fault: str | None = None


class Tried(Value, frozen=True, kw_only=True):
    """One estimator of the leaderboard, measured on the validation split.

    Attributes:
        estimator: Its name in ``params.yaml``.
        kind: The algorithm.
        metrics: By name.
        chosen: Whether it became the model.
    """

    estimator: str
    kind: str
    metrics: dict[str, Finite]
    chosen: bool


class Evidence(Value, frozen=True, kw_only=True):
    """What was measured, on which rows, with provenance.

    Two forms: of a model that was scored on rows, or of numbers alone that a stage wrote. The second has
    no rows, no challenger, no predictions and no golden rows, and binds no model.

    Attributes:
        schema: Name and version of this file's format.
        tool: The version that wrote it.
        model: The model's name in ``params.yaml``.
        endpoint: Where it asks to go; None where the model has no endpoint.
        task: What is predicted; None where there are only numbers.
        positive: The class whose probability is judged (binary).
        rows: The evaluation rows.
        challenger: The model that asks.
        champion: The model that is live, scored on the same rows; None with a reason.
        no_champion: Why there is no champion.
        anchor: The earlier champion that is kept, scored on the same rows; None with a reason.
        no_anchor: Why there is no anchor.
        faults: Why somebody who is known could not be scored: by ``champion``, ``anchor`` or a baseline's name.
        baselines: The trivial predictors.
        measurements: Every number.
        leaderboard: What training tried.
        worst: The rows with the largest loss, worst first.
        checks: What is known of the data contract and of leakage.
        suites: Digest of the expectation suites, where there are any.
        tests: The project's own tests, where a report of them is named.
        programs: What programs of the project's own answered.
        predictions: ``predictions.parquet`` beside this file.
        golden: ``golden.json`` beside this file: requests with the offline predictions.
        provenance: Where all of this comes from.
    """

    schema: Literal["mltoolkit.evidence/2"] = "mltoolkit.evidence/2"
    tool: str
    model: str
    endpoint: str | None
    task: Task | None
    positive: str | None
    rows: Rows | None
    challenger: Subject | None
    champion: Subject | None
    no_champion: str | None
    anchor: Subject | None = None
    no_anchor: str | None = None
    faults: dict[str, str] = {}
    baselines: tuple[BaselineValue, ...]
    measurements: tuple[Measurement, ...]
    leaderboard: tuple[Tried, ...]
    worst: tuple[WorstRow, ...]
    checks: tuple[Checked, ...] = ()
    suites: Digest | None = None
    tests: TestRun | None = None
    programs: tuple[ProgramRun, ...] = ()
    predictions: FileRef | None
    golden: FileRef | None
    provenance: Provenance

    @property
    def fault(self) -> str | None:
        """Why it is of neither form; None where it is of one.

        Numbers beside rows that nobody can ask again could be anything: evidence of rows has all of them, or
        it is of numbers alone and has none.
        """
        parts = {
            "task": self.task,
            "rows": self.rows,
            "challenger": self.challenger,
            "predictions": self.predictions,
            "golden": self.golden,
        }
        missing = [name for name, part in parts.items() if part is None]
        if not missing or len(missing) == len(parts):
            return None
        there = [name for name in parts if name not in missing]
        return f"has {', '.join(there)} but no {', '.join(missing)}, so that it is of neither rows nor numbers alone"

    def measured(self, metric: str, of: str, slice_: str | None = None) -> Measurement | None:
        """Return one measurement, or None where it was not made."""
        wanted = (metric, of, slice_)
        return next((m for m in self.measurements if (m.metric, m.of, m.slice) == wanted), None)


class Golden(Value, frozen=True, kw_only=True):
    """Requests whose answers are known, to prove a server with.

    Attributes:
        schema: Name and version of this file's format.
        request: The body of ``/invocations``, in MLflow's ``dataframe_split`` form.
        predictions: What the model answered offline for each row: a number, a label, or a list.
        ids: The rows' ids.
    """

    schema: Literal["mltoolkit.golden/1"] = "mltoolkit.golden/1"
    request: dict[str, Any]
    predictions: tuple[Any, ...]
    ids: tuple[str, ...]
