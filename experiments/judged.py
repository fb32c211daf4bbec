"""Made-up frames around real answers: evidence, predictions and a verdict by the gate as it is."""

import hashlib
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from mltoolkit import gate, ledger
from mltoolkit.evidence import BaselineValue, Evidence, FileRef, Provenance, Rows, Sketch, Subject
from mltoolkit.gate import Verdict
from mltoolkit.ledger import Ledger
from mltoolkit.metrics import Task
from mltoolkit.paired import PairedNumbers, Predictions
from mltoolkit.rules.base import Rule
from mltoolkit.statistics.answers import Answers, Codes, Floats, interpret

CLASSES = ("0", "1")
NOBODY = "nobody has come before"


def digest(content: bytes) -> str:
    """Return a digest as files have it."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def probable(share: Floats) -> Answers:
    """Return answers from probabilities of the second class: (n,)."""
    return interpret(share, task=Task.BINARY, classes=CLASSES, positive="1")


def labelled(codes: npt.NDArray[np.int64] | npt.NDArray[np.bool_]) -> Answers:
    """Return answers that are labels alone: (n,) of 0 and 1."""
    return Answers(labels=codes.astype(np.int64))


def numbers(
    truth: Codes,
    challenger: Answers,
    champion: Answers | None = None,
    *,
    groups: Codes | None = None,
    rate: float | None = None,
    sketch: Sketch | None = None,
    name: bytes | None = None,
) -> PairedNumbers:
    """Return the gate's numbers on rows of two classes.

    Args:
        truth: (n,) codes of 0 and 1.
        challenger: What it answers about the n rows.
        champion: What it answers; None where there is none.
        groups: (n,) codes from 0, where rows come in groups.
        rate: The share of the second class among the training rows, for the baselines.
        sketch: Which rows they are, where looks at them are counted.
        name: What the challenger's digest is made of; its answers, if None.
    """
    said = {"challenger": challenger} | ({} if champion is None else {"champion": champion})
    rows = Predictions(truth=truth, answers=said, groups=groups, slices={})
    return PairedNumbers(_evidence(rows, rate, sketch, name), rows)


def judge(on: PairedNumbers, rules: Sequence[Rule], *, looks: Ledger | None = None) -> Verdict:
    """Return the gate's verdict.

    Args:
        on: Everybody's answers.
        rules: What is asked.
        looks: The looks at these rows so far.
    """
    return gate.decide(
        on.evidence, on, tuple(rules), evidence_digest=digest(b"evidence"), ledger=looks or Ledger()
    )


def remembered(looks: Ledger, verdict: Verdict) -> Ledger:
    """Return the ledger with the look that a verdict is, as ``mltoolkit gate --record`` keeps it."""
    if verdict.look is None:
        raise ValueError("the verdict is no look: its rows have no sketch")
    return ledger.recorded(looks, verdict.look)


def _evidence(rows: Predictions, rate: float | None, sketch: Sketch | None, name: bytes | None) -> Evidence:
    def subject(said: Answers, content: bytes | None) -> Subject:
        whole = said.labels if said.probabilities is None else said.probabilities
        if whole is None:
            raise ValueError("the answers are neither labels nor probabilities")
        return Subject(
            digest=digest(whole.tobytes() if content is None else content),
            path="model",
            flavor="sklearn",
            probabilities=said.probabilities is not None,
        )

    of_rows = digest(rows.truth.tobytes())
    champion = rows.answers.get("champion")
    baselines = (
        ()
        if rate is None
        else (
            BaselineValue(name="base-rate", source="training", value=(1 - rate, rate)),
            BaselineValue(name="majority", source="training", value=CLASSES[int(rate > 0.5)]),
        )
    )
    return Evidence(
        tool="experiments",
        model="experiment",
        endpoint=None,
        task=Task.BINARY,
        positive="1",
        rows=Rows(
            path="rows.parquet",
            digest=of_rows,
            count=rows.truth.size,
            id="row_id",
            target="target",
            classes=CLASSES,
            group=() if rows.groups is None else ("date",),
            sketch=sketch,
        ),
        challenger=subject(rows.answers["challenger"], name),
        champion=None if champion is None else subject(champion, None),
        no_champion=NOBODY if champion is None else None,
        no_anchor=NOBODY,
        baselines=baselines,
        measurements=(),
        leaderboard=(),
        worst=(),
        predictions=FileRef(path="predictions.parquet", digest=of_rows),
        golden=None,
        provenance=Provenance(
            commit="0" * 40,
            dirty=False,
            event="local",
            ref=None,
            run=None,
            actor=None,
            data=of_rows,
            params=None,
            lock=None,
            rules=of_rows,
        ),
    )
