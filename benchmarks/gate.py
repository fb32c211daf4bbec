"""How fast the gate decides on many rows, beside scipy's bootstrap on the same numbers in the same run.

    make bench-gate
    make bench-gate ROWS=200000

A number says something about this machine only beside the others of the same run.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt
import scipy.special
import scipy.stats

from mltoolkit import files, gate, ledger, predictions, project
from mltoolkit.evidence import (
    BaselineValue,
    Evidence,
    FileRef,
    Measurement,
    Provenance,
    Rows,
    Subject,
)
from mltoolkit.metrics import Task
from mltoolkit.paired import PairedNumbers, Predictions
from mltoolkit.rules import catalogue
from mltoolkit.rules.absolute import Absolute
from mltoolkit.rules.base import Rule
from mltoolkit.rules.baseline import BetterThanBaseline
from mltoolkit.rules.relative import NoWorseThan
from mltoolkit.rules.slices import Slice
from mltoolkit.statistics.answers import Answers

BIN = Path(sys.executable).parent
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
DIGEST = f"sha256:{'a' * 64}"
GROUPS = 30
RESAMPLES = 1000
PEER_ROWS = 20_000
"""Rows that the peer gets: a thousand resamples of a million rows take minutes."""

WITHOUT_AREA: tuple[Rule, ...] = (
    BetterThanBaseline(metric="brier", baseline="base-rate"),
    BetterThanBaseline(metric="accuracy", baseline="majority"),
    NoWorseThan(metric="accuracy", margin=0.01),
    NoWorseThan(metric="brier", margin=0.01),
    Slice(metrics=("accuracy",)),
)
WITH_AREA: tuple[Rule, ...] = (
    *WITHOUT_AREA,
    NoWorseThan(metric="roc-auc", margin=0.01),
    Absolute(metric="roc-auc", at_least=0.6, confidence=0.95),
)
PARAMS = """\
mltoolkit:
  models:
    bench:
      target: late
      group: [day]
      slices: [carrier]
      rules:
        - {kind: better-than-baseline, metric: brier, baseline: base-rate}
        - {kind: no-worse-than, metric: roc-auc, margin: 0.01}
        - {kind: slice, metrics: [accuracy]}
"""
SCALAR_PARAMS = """\
mltoolkit:
  models:
    bench:
      metrics: metrics.json
      rules:
        - {kind: absolute, metric: "file:accuracy", at-least: 0.7}
"""


def main() -> None:
    """Measure and print."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    found = make_rows(rows)
    print(f"{rows:,} rows in {GROUPS} groups, binary, challenger and champion; five slices")
    line("every rule but the areas", best(lambda: decide(found, WITHOUT_AREA)), "0.15 s at a million rows")
    line("every rule", best(lambda: decide(found, WITH_AREA), times=3), "0.75 s at a million rows")
    searched = msgspec.structs.replace(found, slices=make_columns(rows, 5))
    line(
        f"one slice rule on {len(PairedNumbers(evidence(searched), searched).slices)} slices of five columns",
        best(lambda: decide(searched, (Slice(metrics=("accuracy",)),)), times=2),
    )
    bytes_of = sum(each.nbytes for each in arrays(found))
    print(f"{'arrays of the predictions':58} {bytes_of / 2**20:8.0f} MB")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{'the most that this process held, interpreter included':58} {peak:8.0f} MB")

    few = make_rows(PEER_ROWS)
    print(f"\n{PEER_ROWS:,} of such rows: an interval of the gain in the Brier score, row by row")
    ours = best(lambda: interval(few))
    theirs = best(lambda: bootstrap(few), times=1)
    line("the gate", ours)
    line(f"scipy.stats.bootstrap, percentile, {RESAMPLES:,} resamples", theirs)
    print(f"{'':58} {theirs.seconds / ours.seconds:8.0f} x as long")

    with tempfile.TemporaryDirectory() as name:
        whole_processes(Path(name), found)


def whole_processes(folder: Path, found: Predictions) -> None:
    """Time the command from its start to its end."""
    print("\nwhole processes")
    floor = best(lambda: run([sys.executable, "-c", "pass"], folder), times=10)
    line("bare Python", floor, busy=False)
    count = found.truth.size
    reports = folder / "reports" / "bench"
    made = evidence(found)
    written = predictions.write(
        found, [f"r{at}" for at in range(count)], task=Task.BINARY, classes=("0", "1"), positive="1"
    )
    files.write_bytes(reports / "predictions.parquet", written)
    (folder / "params.yaml").write_text(PARAMS)
    ref = FileRef(path="predictions.parquet", digest=files.digest_bytes(written))
    # The gate compares its digest and reads no more of it.
    files.write_bytes(reports / "golden.json", b"{}")
    golden = FileRef(path="golden.json", digest=files.digest_bytes(b"{}"))
    whole = msgspec.structs.replace(made, predictions=ref, golden=golden)
    files.write_bytes(reports / "evidence.json", files.dump_json(tied(whole, folder)))
    line(
        "reading predictions.parquet",
        best(lambda: predictions.read(reports / "predictions.parquet", made), times=3),
    )
    line(
        f"mltoolkit gate on {count:,} rows",
        best(lambda: run(["mltoolkit", "gate"], folder), times=3),
        busy=False,
    )
    (folder / "params.yaml").write_text(SCALAR_PARAMS)
    alone = msgspec.structs.replace(
        made,
        task=None,
        positive=None,
        rows=None,
        challenger=None,
        champion=None,
        baselines=(),
        measurements=(Measurement(metric="file:accuracy", of="challenger", value=0.9),),
        no_champion="numbers alone",
    )
    files.write_bytes(reports / "evidence.json", files.dump_json(tied(alone, folder)))
    line(
        "mltoolkit gate on a number",
        best(lambda: run(["mltoolkit", "gate"], folder), times=10),
        "90 ms",
        busy=False,
    )
    verdict = json.loads((reports / "verdict.json").read_text())
    print(f"  ({verdict['decision']}: {verdict['reason']})")


def decide(found: Predictions, rules: tuple[Rule, ...]) -> gate.Verdict:
    """Judge, with nothing kept from before."""
    made = evidence(found)
    return gate.decide(made, PairedNumbers(made, found), rules, evidence_digest=DIGEST)


def interval(found: Predictions) -> None:
    """Return the gate's interval of a gain."""
    alone = msgspec.structs.replace(found, groups=None)
    PairedNumbers(evidence(alone), alone).gain("brier", "champion", confidence=0.95, threshold=0.0)


def bootstrap(found: Predictions) -> None:
    """Return scipy's interval of the same."""
    ours, theirs = ((share(found.answers[who]) - found.truth) ** 2 for who in ("challenger", "champion"))
    scipy.stats.bootstrap(
        (theirs - ours,),
        np.mean,
        n_resamples=RESAMPLES,
        method="percentile",
        rng=np.random.default_rng(1),
        batch=50,
    )


def make_rows(count: int) -> Predictions:
    """Make up rows whose days differ, and a champion that hears a little less than the challenger."""
    rng = np.random.default_rng(20)
    day = rng.integers(0, GROUPS, count)
    signal = rng.normal(size=count) + rng.normal(size=GROUPS)[day] / 3
    truth = (signal + 1.5 * rng.normal(size=count) > 1).astype(np.int64)

    def answers(noise: float) -> Answers:
        positive = scipy.special.expit(signal + noise * rng.normal(size=count) - 0.8)
        table = np.empty((count, 2), order="F")
        table[:, 0], table[:, 1] = 1 - positive, positive
        return Answers(labels=(positive > 0.5).astype(np.int64), probabilities=table)  # noqa: PLR2004 - the likelier class

    return Predictions(
        truth=truth,
        answers={"challenger": answers(0.2), "champion": answers(0.25)},
        groups=day,
        slices=make_columns(count, 1),
    )


def make_columns(count: int, columns: int) -> dict[str, tuple[npt.NDArray[np.int32], tuple[str, ...]]]:
    """Make up columns of five values each."""
    rng = np.random.default_rng(21)
    values = tuple("ABCDE")
    return {
        f"column{at}": (rng.integers(0, len(values), count, dtype=np.int32), values) for at in range(columns)
    }


def evidence(found: Predictions) -> Evidence:
    """Return evidence on rows."""
    count = found.truth.size
    subject = Subject(digest=DIGEST, path="model", flavor="sklearn", probabilities=True)
    return Evidence(
        tool="bench",
        model="bench",
        endpoint=None,
        task=Task.BINARY,
        positive="1",
        rows=Rows(
            path="rows.parquet",
            digest=DIGEST,
            count=count,
            id="id",
            target="late",
            classes=("0", "1"),
            group=() if found.groups is None else ("day",),
            sketch=ledger.sketch(f"r{at}" for at in range(min(count, 1000))),
        ),
        challenger=subject,
        champion=subject,
        no_champion=None,
        no_anchor="none",
        baselines=(
            BaselineValue(name="base-rate", source="training", value=(0.7, 0.3)),
            BaselineValue(name="majority", source="training", value="0"),
        ),
        measurements=(),
        leaderboard=(),
        worst=(),
        predictions=None,
        golden=None,
        provenance=Provenance(
            commit="c" * 40,
            dirty=False,
            event="push",
            ref=None,
            run=None,
            actor=None,
            data=DIGEST,
            params=None,
            lock=None,
            rules=DIGEST,
        ),
    )


def share(answers: Answers) -> npt.NDArray[np.float64]:
    """Return the probability of the positive class."""
    assert answers.probabilities is not None  # noqa: S101 - made above
    return answers.probabilities[:, 1]


def arrays(found: Predictions) -> list[npt.NDArray[np.generic]]:
    """Return everything that the predictions hold."""
    said = [
        each
        for answers in found.answers.values()
        for each in (answers.values, answers.labels, answers.probabilities)
        if each is not None
    ]
    return [
        found.truth,
        *said,
        *([] if found.groups is None else [found.groups]),
        *(c for c, _ in found.slices.values()),
    ]


def tied(made: Evidence, folder: Path) -> Evidence:
    """Return evidence as if it had been made under the settings that stand in a folder."""
    settings = project.load(folder).settings.models["bench"]
    origin = msgspec.structs.replace(
        made.provenance,
        params=files.digest_file(folder / project.PARAMS),
        rules=catalogue.digest(settings.rules),
    )
    rows = (
        None if made.rows is None else msgspec.structs.replace(made.rows, path=settings.rows, id=settings.id)
    )
    return msgspec.structs.replace(made, rows=rows, provenance=origin)


def run(words: list[str], folder: Path) -> None:
    """Run a program to its end; whether the gate says yes is not the question."""
    program = str(BIN / words[0]) if words[0] == "mltoolkit" else words[0]
    done = subprocess.run(
        [program, *words[1:]], cwd=folder, env=ENVIRONMENT, capture_output=True, text=True, check=False
    )
    if done.returncode not in {0, 1, 3} or "rror" in done.stderr:
        raise SystemExit(f"{words}: {done.stdout}{done.stderr}")


class Took(NamedTuple):
    """What work took, of the quickest of several runs: the others were disturbed.

    Attributes:
        seconds: From its start to its end.
        busy: Of this process's processors, which others on the machine disturb less.
    """

    seconds: float
    busy: float


def best(work: Callable[[], object], *, times: int = 5) -> Took:
    """Run work several times."""
    runs = []
    for _ in range(times):
        start, idle = time.perf_counter(), time.process_time()
        work()
        runs.append((time.perf_counter() - start, time.process_time() - idle))
    return Took(min(seconds for seconds, _ in runs), min(busy for _, busy in runs))


def line(what: str, took: Took, promise: str = "", *, busy: bool = True) -> None:
    """Print one measurement."""
    of = f"{1000 * took.busy:8.1f} ms busy" if busy else " " * 16
    said = f"   (at most {promise})" if promise else ""
    print(f"{what:58} {1000 * took.seconds:8.1f} ms {of}{said}")


if __name__ == "__main__":
    main()
