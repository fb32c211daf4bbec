"""November of the flagship: a month that cannot show whether its model is worth more than the base rate.

    python -m experiments.november               # the pipeline and the commands in a folder of their own: a minute

The flagship's own pipeline learns from January to October and is judged on November by its own rules, by the
commands that anybody runs, once by days as ``params.yaml`` says and once row by row. Its model is less accurate
than always saying "on time". Row by row its Brier score is better than the base rate's beyond doubt; by days that
is within what days do, so that the gate says inconclusive (exit 3) and promotes nothing.
The exit code is 1 where that is not so.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

from experiments.flights import Month
from experiments.judged import judge, numbers, probable
from mltoolkit import example
from mltoolkit.gate import Verdict
from mltoolkit.rules.base import Mode, Rule
from mltoolkit.rules.baseline import BetterThanBaseline
from mltoolkit.statistics.answers import Floats

NAME = "2013-11"
RULES: tuple[Rule, ...] = (
    BetterThanBaseline(metric="brier", baseline="base-rate"),
    BetterThanBaseline(metric="accuracy", baseline="majority", mode=Mode.WARN),
)
GROUP = re.compile(r"^ {6}group: \[date\] *(#.*)?$", re.MULTILINE)


class Judged(NamedTuple):
    """One month's model under one way to see its rows.

    Attributes:
        code: The exit code of the gate.
        verdict: What it wrote.
        report: What the report says of it.
    """

    code: int
    verdict: dict[str, Any]
    report: str


def decided(month: Month, said: Floats, *, by_day: bool) -> Verdict:
    """Return the verdict on a model by the flagship's two questions about trivial predictors.

    Args:
        month: Its rows.
        said: (n,) probabilities.
        by_day: Whether rows of one day belong together.
    """
    on = numbers(month.truth, probable(said), groups=month.days if by_day else None, rate=month.rate)
    return judge(on, RULES)


def made(folder: Path) -> None:
    """Copy the flagship, and let it learn from all months before November."""
    example.copy(folder)
    params = folder / "params.yaml"
    settings = params.read_text(encoding="utf-8")
    params.write_text(re.sub(r"until: 2013-[0-9]{2}", f"until: {NAME}", settings), encoding="utf-8")
    for words in (
        ("pipeline/ingest.py",),
        ("-m", "mltoolkit", "check", "--only", "data"),
        ("-m", "mltoolkit.stages.prepare"),
        ("-m", "mltoolkit", "check", "--only", "splits"),
        ("-m", "mltoolkit.stages.train"),
        ("-m", "mltoolkit.stages.evaluate"),
    ):
        _run(folder, sys.executable, *words)
    _run(folder, "git", "init", "--quiet")
    commit(folder)


def commit(folder: Path) -> None:
    """Commit what is in a folder."""
    _run(folder, "git", "add", "--all")
    person = ("-c", "user.name=Ada Lovelace", "-c", "user.email=ada@example.org")
    _run(folder, "git", *person, "commit", "--quiet", "--message", "November")


def by_row(folder: Path) -> None:
    """Forget that rows of one day belong together."""
    params = folder / "params.yaml"
    settings, count = GROUP.subn("", params.read_text(encoding="utf-8"))
    if count != 1:
        raise ValueError("params.yaml has no line `group: [date]`")
    params.write_text(settings, encoding="utf-8")
    commit(folder)


def judged(folder: Path) -> Judged:
    """Evaluate, judge and report, as anybody does."""
    _run(folder, sys.executable, "-m", "mltoolkit", "evaluate")
    done = subprocess.run(
        [sys.executable, "-m", "mltoolkit", "gate"], cwd=folder, capture_output=True, text=True, check=False
    )
    if done.returncode not in {0, 1, 3}:
        raise RuntimeError(done.stderr)
    _run(folder, sys.executable, "-m", "mltoolkit", "report")
    reports = folder / "reports/flights-late"
    return Judged(
        code=done.returncode,
        verdict=json.loads((reports / "verdict.json").read_text(encoding="utf-8")),
        report=(reports / "report.md").read_text(encoding="utf-8"),
    )


def _run(folder: Path, *words: str) -> None:
    done = subprocess.run(
        words,
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "GOMP_SPINCOUNT": "1000"},
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(words)}: {done.stdout}{done.stderr}")


def main() -> int:
    """Train, judge twice and print; return the exit code."""
    with tempfile.TemporaryDirectory() as where:
        folder = Path(where)
        made(folder)
        days = judged(folder)
        by_row(folder)
        rows = judged(folder)
    for name, found in (("by days", days), ("row by row", rows)):
        print(f"\n{name}: {found.verdict['decision']} (exit {found.code})")
        for finding in found.verdict["findings"]:
            print(f"  {finding['answer']:14} {finding['rule']} ({finding['mode']}): {finding['reason']}")
    print(f"\n{days.report[:2500]}")
    held = days.code == 3 and rows.code != 3
    print(f"\nby days inconclusive, row by row a claim: {held}")
    return int(not held)


if __name__ == "__main__":
    sys.exit(main())
