"""From a model and rows to evidence: the same rows for challenger and champion, both scored afresh."""

import io
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Literal

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from mltoolkit import __version__, files, scoring, slices
from mltoolkit.errors import CannotTellError, InputError, Location
from mltoolkit.evidence import (
    BaselineValue,
    Evidence,
    FileRef,
    Golden,
    Leaderboard,
    Measurement,
    Prepared,
    Provenance,
    Rows,
    Subject,
    WorstRow,
)
from mltoolkit.metrics import FROM_FILE, METRICS, Baseline, Task
from mltoolkit.models import ModelDirectory
from mltoolkit.rows import Frame
from mltoolkit.settings import ModelSettings
from mltoolkit.statistics.answers import Answers, constant, interpret, losses, rounded
from mltoolkit.statistics.influence import measure

_GOLDEN_ROWS = 16
_WORST_ROWS = 10


class Champion(msgspec.Struct, frozen=True, kw_only=True):
    """The model that is live, or why there is none.

    Attributes:
        model: Its directory, as it was deployed.
        python: The interpreter that it runs under.
        absent: Why there is none.
    """

    model: ModelDirectory | None = None
    python: str | None = None
    absent: str | None = None


def evaluate(
    frame: Frame,
    challenger: ModelDirectory,
    champion: Champion,
    *,
    name: str,
    endpoint: str | None,
    settings: ModelSettings,
    root: Path,
    cache: Path,
    out: Path,
    provenance: Provenance,
    fresh: bool = False,
) -> Evidence:
    """Score, measure and write ``predictions.parquet``, ``golden.json`` and ``evidence.json``.

    Args:
        frame: The evaluation rows.
        challenger: The model that asks.
        champion: The model that is live.
        name: The model's name in ``params.yaml``.
        endpoint: Where it asks to go.
        settings: The model's settings.
        root: The project's folder.
        cache: The folder for scores.
        out: The folder to write to.
        provenance: Where all of this comes from.
        fresh: Score anew, whatever the cache holds.

    Raises:
        CannotTellError: The challenger cannot be scored, or what it answers cannot be judged.
        InputError: A file that the settings name is missing or does not fit.
    """
    # What the stages wrote is about the model that they made, and of any other it says nothing.
    staged = challenger.path.resolve() == (root / settings.model).resolve()
    further = _further(root, settings) if staged else []
    training = None if settings.training is None else files.load(root / settings.training, Prepared)
    board = None if settings.leaderboard is None else files.load(root / settings.leaderboard, Leaderboard)
    golden = sorted({round(at) for at in np.linspace(0, len(frame.ids) - 1, _GOLDEN_ROWS).tolist()})

    def score(model: ModelDirectory, python: str | None) -> tuple[scoring.Scored, Answers]:
        scored = scoring.score(
            model,
            frame.path,
            rows_digest=frame.digest,
            golden=golden,
            hidden=(settings.id, frame.target),
            cache=cache,
            python=python,
            fresh=fresh,
        )
        table = pq.read_table(scored.answers)
        raw = np.column_stack([column.to_numpy() for column in table.columns])
        return scored, interpret(raw, task=frame.task, classes=frame.classes, positive=frame.positive)

    with ThreadPoolExecutor(max_workers=2) as pool:
        asked = pool.submit(score, challenger, settings.python)
        live = None if champion.model is None else pool.submit(score, champion.model, champion.python)
        scored, answers = asked.result()
        champion_answers, fault = None, None
        try:
            champion_answers = None if live is None else live.result()[1]
        except CannotTellError as error:
            # The champion's trouble is no fault of the challenger: relative rules will not be able to tell.
            fault = error.what
    measurements = [*_measure(frame, "challenger", answers), *further]
    if champion_answers is not None:
        measurements += _measure(frame, "champion", champion_answers)
    elif fault is not None:
        measurements += [
            Measurement(metric=metric.metric, of="champion", reason=fault)
            for metric in measurements
            if metric.of == "challenger" and metric.slice is None
        ]
    baselines = _baselines(frame, training)
    for baseline in baselines:
        measurements += _measure_baseline(frame, baseline)
    evidence = Evidence(
        tool=f"mltoolkit {__version__}",
        model=name,
        endpoint=endpoint,
        task=frame.task,
        positive=frame.positive,
        rows=Rows(
            path=settings.rows,
            digest=frame.digest,
            count=len(frame.ids),
            id=settings.id,
            target=frame.target,
            classes=frame.classes,
            quantile=settings.quantile,
            group=settings.group,
        ),
        challenger=_subject(challenger, root, answers),
        champion=None if champion.model is None else _subject(champion.model, root, champion_answers),
        no_champion=champion.absent,
        baselines=baselines,
        measurements=tuple(measurements),
        leaderboard=board.tried if board is not None and board.model == challenger.digest else (),
        worst=_worst(frame, answers),
        predictions=_write(out, "predictions.parquet", _predictions(frame, answers, champion_answers)),
        golden=_write(
            out,
            "golden.json",
            files.dump_json(
                Golden(
                    request=scored.request,
                    predictions=scored.predictions,
                    ids=tuple(frame.ids[at] for at in golden),
                )
            ),
        ),
        provenance=provenance,
    )
    # Last, so that evidence never speaks of files that are not there yet.
    files.write_bytes(out / "evidence.json", files.dump_json(evidence))
    return evidence


def _subject(model: ModelDirectory, root: Path, answers: Answers | None) -> Subject:
    path = model.path.resolve()
    inside = path.is_relative_to(root.resolve())
    return Subject(
        digest=model.digest,
        path=path.relative_to(root.resolve()).as_posix() if inside else path.name,
        flavor=model.flavor,
        probabilities=answers is not None and answers.probabilities is not None,
    )


def _measure(frame: Frame, of: str, answers: Answers) -> list[Measurement]:
    def one(name: str | None, truth: npt.NDArray[Any], said: Answers, n: int) -> list[Measurement]:
        found = measure(
            task=frame.task, truth=truth, answers=said, classes=frame.classes, positive=frame.positive
        )
        return [
            Measurement(
                metric=metric,
                of=of,
                slice=name,
                value=value,
                n=n,
                reason=None
                if value is not None
                else "not defined on these rows (one class, or no predicted positive)",
            )
            for metric, value in found.items()
        ]

    made = one(None, frame.truth, answers, len(frame.ids))
    for name, rows in slices.slices(frame.slices):
        made += one(name, frame.truth[rows], answers.take(rows), int(rows.sum()))
    return made


def _baselines(frame: Frame, training: Prepared | None) -> tuple[BaselineValue, ...]:
    source: Literal["evaluation", "training"] = "evaluation" if training is None else "training"
    if frame.task is Task.REGRESSION:
        mean = float(frame.truth.mean()) if training is None or training.mean is None else training.mean
        return (BaselineValue(name=Baseline.MEAN, source=source, value=rounded(mean)),)
    counts = np.bincount(frame.truth, minlength=len(frame.classes)).astype(np.float64)
    if training is not None:
        counts = np.array([training.classes.get(name, 0) for name in frame.classes], dtype=np.float64)
        if not counts.sum():
            raise InputError(
                f"the training rows hold none of the classes {', '.join(frame.classes)}",
                hint="`training:` names the summary of other rows",
            )
    shares = tuple(float(share) for share in counts / counts.sum())
    return (
        BaselineValue(name=Baseline.BASE_RATE, source=source, value=shares),
        BaselineValue(name=Baseline.MAJORITY, source=source, value=frame.classes[int(counts.argmax())]),
    )


def _measure_baseline(frame: Frame, baseline: BaselineValue) -> list[Measurement]:
    answers = constant(task=frame.task, n=len(frame.ids), value=baseline.value, classes=frame.classes)
    measured = _measure(msgspec.structs.replace(frame, slices={}), baseline.name, answers)
    # A base rate is judged by its probabilities and a majority by its label; the rest says nothing.
    wants = baseline.name == Baseline.BASE_RATE
    return [
        each
        for each in measured
        if baseline.name == Baseline.MEAN or METRICS[each.metric].probabilities == wants
    ]


def _further(root: Path, settings: ModelSettings) -> list[Measurement]:
    """Read the numbers that a stage wrote itself."""
    if settings.metrics is None:
        return []
    path = root / settings.metrics
    where = Location(path=settings.metrics)
    plain = files.parse_json(files.read_bytes(path), where, error=CannotTellError)
    if not isinstance(plain, dict):
        raise CannotTellError("must be a mapping of names to numbers", where=where)
    made = []
    for key, value in plain.items():
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise CannotTellError(
                f"{value!r} is not a number"[:200], where=Location(path=settings.metrics, key=str(key))
            )
        made.append(Measurement(metric=f"{FROM_FILE}{key}", of="challenger", value=float(value)))
    return made


def _worst(frame: Frame, answers: Answers) -> tuple[WorstRow, ...]:
    lost = losses(truth=frame.truth, answers=answers)
    # Stable, so that equal losses keep the order of the rows.
    order = np.argsort(-lost, kind="stable")[:_WORST_ROWS]
    return tuple(
        WorstRow(
            id=frame.ids[at],
            target=_say_truth(frame, at),
            prediction=_say(frame, answers, at),
            loss=rounded(float(lost[at])),
        )
        for at in order.tolist()
        if lost[at] > 0
    )


def _say_truth(frame: Frame, at: int) -> str:
    return f"{frame.truth[at]:.6g}" if frame.task is Task.REGRESSION else frame.classes[frame.truth[at]]


def _say(frame: Frame, answers: Answers, at: int) -> str:
    if answers.values is not None:
        return f"{answers.values[at]:.6g}"
    code = -1 if answers.labels is None else int(answers.labels[at])
    name = frame.classes[code] if code >= 0 else "unknown class"
    if answers.probabilities is None:
        return name
    shown = code if frame.positive is None else frame.classes.index(frame.positive)
    return f"{name} (p({frame.classes[shown]}) = {answers.probabilities[at, shown]:.3f})"


def _predictions(frame: Frame, challenger: Answers, champion: Answers | None) -> bytes:
    """Return the Parquet file: id, target, what each model said, and the slice columns."""
    columns: dict[str, Any] = {"row_id": frame.ids, "target": _names(frame, frame.truth)}
    for of, answers in (("challenger", challenger), ("champion", champion)):
        if answers is None:
            continue
        if answers.values is not None:
            columns[of] = answers.values
        if answers.labels is not None:
            columns[of] = _names(frame, answers.labels)
        if answers.probabilities is not None:
            for at, name in enumerate(frame.classes):
                if frame.task is not Task.BINARY or name == frame.positive:
                    columns[f"{of}_probability_{name}"] = answers.probabilities[:, at]
    columns |= {f"slice_{name}": values for name, values in frame.slices.items()}
    file = io.BytesIO()
    pq.write_table(pa.table({name: pa.array(values) for name, values in columns.items()}), file)
    return file.getvalue()


def _names(frame: Frame, codes: npt.NDArray[Any]) -> npt.NDArray[Any]:
    if frame.task is Task.REGRESSION:
        return codes
    named: npt.NDArray[Any] = np.array([*frame.classes, ""], dtype=object)[codes]
    return named


def _write(out: Path, name: str, data: bytes) -> FileRef:
    files.write_bytes(out / name, data)
    return FileRef(path=name, digest=files.digest_bytes(data))
