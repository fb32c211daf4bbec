"""From a model and rows to evidence: the same rows for everybody, all scored afresh."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import msgspec
import numpy as np
import pyarrow.parquet as pq

from mltoolkit import __version__, figures, files, ledger, measuring, predictions, programs, scoring
from mltoolkit.contenders import Contender
from mltoolkit.errors import CannotTellError
from mltoolkit.evidence import Evidence, FileRef, Golden, Measurement, Provenance, Rows, Subject
from mltoolkit.models import ModelDirectory
from mltoolkit.paired import Predictions
from mltoolkit.rows import Frame
from mltoolkit.rules.baseline import COLUMN
from mltoolkit.rules.budget import Budget
from mltoolkit.rules.numbers import ANCHOR, CHALLENGER, CHAMPION
from mltoolkit.settings import ModelSettings
from mltoolkit.statistics.answers import Answers, interpret
from mltoolkit.surroundings import Surroundings
from mltoolkit.training import Leaderboard, Prepared

_GOLDEN_ROWS = 16


class _Said(msgspec.Struct, frozen=True):
    """What a model said, or why it cannot be scored."""

    scored: scoring.Scored | None = None
    answers: Answers | None = None
    fault: str | None = None


def evaluate(
    frame: Frame,
    challenger: ModelDirectory,
    champion: Contender,
    anchor: Contender,
    *,
    name: str,
    endpoint: str | None,
    settings: ModelSettings,
    root: Path,
    cache: Path,
    out: Path,
    provenance: Callable[[], Provenance],
    surroundings: Surroundings = Surroundings(),  # noqa: B008 - a frozen value
    fresh: bool = False,
) -> Evidence:
    """Score, measure and write ``predictions.parquet``, ``golden.json`` and ``evidence.json``.

    Args:
        frame: The evaluation rows.
        challenger: The model that asks.
        champion: The model that is live.
        anchor: The earlier champion that is kept.
        name: The model's name in ``params.yaml``.
        endpoint: Where it asks to go.
        settings: The model's settings.
        root: The project's folder.
        cache: The folder for scores.
        out: The folder to write to.
        provenance: Says where all of this comes from; asked last, when the project's own programs have run.
        surroundings: What else is known.
        fresh: Score anew, whatever the cache holds.

    Raises:
        CannotTellError: The challenger cannot be scored, or what it answers cannot be judged.
        InputError: A file that the settings name is missing or does not fit.
    """
    # What the stages wrote is about the model that they made, and of any other it says nothing.
    staged = challenger.path.resolve() == (root / settings.model).resolve()
    further: list[Measurement] = []
    if staged and settings.metrics is not None:
        further = figures.read(root, settings.metrics, CHALLENGER)
    training = None if settings.training is None else files.load(root / settings.training, Prepared)
    board = None if settings.leaderboard is None else files.load(root / settings.leaderboard, Leaderboard)
    golden = sorted({round(at) for at in np.linspace(0, len(frame.ids) - 1, _GOLDEN_ROWS).tolist()})
    said = _score(
        frame,
        {CHALLENGER: Contender(model=challenger, python=settings.python), CHAMPION: champion, ANCHOR: anchor},
        settings=settings,
        golden=golden,
        cache=cache,
        fresh=fresh,
    )
    scored, answers = said[CHALLENGER].scored, said[CHALLENGER].answers
    if scored is None or answers is None:
        raise CannotTellError(said[CHALLENGER].fault or "the model was not scored")
    quantile = settings.quantile
    baselines = measuring.baselines(frame, training, quantile=quantile)
    measured = [*measuring.measurements(frame, CHALLENGER, answers, quantile=quantile), *further]
    for who in (CHAMPION, ANCHOR):
        if (theirs := said[who].answers) is not None:
            measured += measuring.measurements(frame, who, theirs, quantile=quantile)
    for baseline in baselines:
        measured += measuring.of_baseline(frame, baseline, quantile=quantile)
    columns = {who: column for who, column in frame.columns.items() if not isinstance(column, str)}
    rows = Predictions(
        truth=frame.truth,
        answers={**{who: each.answers for who, each in said.items() if each.answers is not None}, **columns},
        groups=frame.groups,
        slices=frame.slices,
    )
    written = _write(
        out,
        "predictions.parquet",
        predictions.write(rows, frame.ids, task=frame.task, classes=frame.classes, positive=frame.positive),
    )
    evidence = Evidence(
        tool=f"mltoolkit {__version__}",
        model=name,
        endpoint=endpoint,
        task=frame.task,
        positive=frame.positive,
        rows=_rows(frame, settings),
        challenger=_subject(challenger, root, said[CHALLENGER]),
        champion=None if champion.model is None else _subject(champion.model, root, said[CHAMPION]),
        no_champion=champion.absent,
        anchor=None if anchor.model is None else _subject(anchor.model, root, said[ANCHOR]),
        no_anchor=anchor.absent,
        faults={
            **{who: each.fault for who, each in said.items() if each.fault is not None},
            **{who: column for who, column in frame.columns.items() if isinstance(column, str)},
        },
        baselines=baselines,
        measurements=tuple(measured),
        leaderboard=board.tried if board is not None and board.model == challenger.digest else (),
        worst=measuring.worst(frame, answers),
        checks=surroundings.checks,
        suites=surroundings.suites,
        tests=surroundings.tests,
        programs=programs.run(
            settings.rules,
            root,
            {
                "MLTOOLKIT_PREDICTIONS": str((out / written.path).resolve()),
                "MLTOOLKIT_MODEL": str(challenger.path.resolve()),
            },
        ),
        predictions=written,
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
        provenance=provenance(),
    )
    # Last, so that evidence never speaks of files that are not there yet.
    files.write_bytes(out / "evidence.json", files.dump_json(evidence))
    return evidence


def _score(
    frame: Frame,
    contenders: dict[str, Contender],
    *,
    settings: ModelSettings,
    golden: list[int],
    cache: Path,
    fresh: bool,
) -> dict[str, _Said]:
    """Score everybody on the same rows, and a model that is there in two roles once.

    Raises:
        CannotTellError: The challenger cannot be scored.
    """
    # Whose time is to be judged is scored while nobody else is.
    alone = any(isinstance(rule, Budget) and (rule.scoring or rule.latency) for rule in settings.rules)
    hidden = (settings.id, frame.target, *(name.removeprefix(COLUMN) for name in frame.columns))

    def score(contender: Contender) -> _Said:
        model = contender.model
        if model is None:
            return _Said(fault=contender.fault)
        scored = scoring.score(
            model,
            frame.path,
            rows_digest=frame.digest,
            golden=golden,
            hidden=hidden,
            cache=cache,
            python=contender.python,
            fresh=fresh,
            alone=alone,
        )
        table = pq.read_table(scored.answers)
        raw = np.column_stack([column.to_numpy() for column in table.columns])
        said = interpret(raw, task=frame.task, classes=frame.classes, positive=frame.positive)
        return _Said(scored=scored, answers=said)

    with ThreadPoolExecutor(max_workers=1 if alone else 2) as pool:
        asked: dict[object, Future[_Said]] = {}
        futures: dict[str, Future[_Said]] = {}
        for who, each in contenders.items():
            key = who if each.model is None else each.model.digest
            if key not in asked:
                asked[key] = pool.submit(score, each)
            futures[who] = asked[key]
        found: dict[str, _Said] = {CHALLENGER: futures[CHALLENGER].result()}
        for who in (CHAMPION, ANCHOR):
            try:
                found[who] = futures[who].result()
            except CannotTellError as error:
                # Their trouble is no fault of the challenger: relative rules will not be able to tell.
                found[who] = _Said(fault=error.what)
    return found


def _rows(frame: Frame, settings: ModelSettings) -> Rows:
    return Rows(
        path=settings.rows,
        digest=frame.digest,
        count=len(frame.ids),
        id=settings.id,
        target=frame.target,
        classes=frame.classes,
        quantile=settings.quantile,
        group=settings.group,
        dates=frame.dates,
        sketch=ledger.sketch(frame.ids),
    )


def _subject(model: ModelDirectory, root: Path, said: _Said) -> Subject:
    path = model.path.resolve()
    inside = path.is_relative_to(root.resolve())
    return Subject(
        digest=model.digest,
        path=path.relative_to(root.resolve()).as_posix() if inside else path.name,
        flavor=model.flavor,
        probabilities=said.answers is not None and said.answers.probabilities is not None,
        costs=None if said.scored is None else said.scored.costs,
    )


def _write(out: Path, name: str, data: bytes) -> FileRef:
    files.write_bytes(out / name, data)
    return FileRef(path=name, digest=files.digest_bytes(data))
