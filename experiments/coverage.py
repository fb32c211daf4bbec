"""How often 95 % intervals hold the truth: drawn rows whose true metrics are known, again and again.

    python experiments/coverage.py                      # 2,000 repetitions of 2,000 rows: some minutes
    python experiments/coverage.py --repetitions 200 --only groups
    python experiments/coverage.py --bootstrap          # scipy's bootstraps of the same numbers, much slower

The intervals are those that the gate decides by. Promised: 93 to 97.5 % hold the truth, and on each side 1 to
4 % miss it. Lines that miss it more often are named with the reason in ``GENERATORS``; those that miss it less
often are called careful. A wrong method (row by row, where rows come in groups) must break the promise. The
exit code is 1 where a line is not as it was said to be.
"""

import argparse
import math
import sys
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import special, stats

from mltoolkit import evidence as told
from mltoolkit.evidence import Evidence
from mltoolkit.metrics import Task
from mltoolkit.paired import PairedNumbers, Predictions
from mltoolkit.rules.numbers import CHALLENGER, CHAMPION, Estimate
from mltoolkit.statistics.answers import Answers, Codes, Floats
from mltoolkit.statistics.intervals import interval

CONFIDENCE = 0.95
COVERAGE = (0.93, 0.975)
TAIL = (0.01, 0.04)
MANY = 2_000_000
"""Rows whose metrics stand for the truth."""
QUANTILE = 0.8
CLASSES = ("no", "yes")
GROUPS = 30


class Rows(NamedTuple):
    """Drawn evaluation rows and what two models say of them.

    Attributes:
        truth: (n,) numbers, or codes into ``CLASSES``.
        challenger: What it answers.
        champion: What it answers.
    """

    truth: npt.NDArray[np.float64] | Codes
    challenger: Answers
    champion: Answers


class Generator(NamedTuple):
    """A world to draw rows from.

    Attributes:
        name: For ``--only``.
        what: In words.
        task: What is predicted.
        draw: Draws one row for each code of a group.
        metrics: Those that make sense in it.
        grouped: Whether rows of one group stand or fall together.
        fails: Why lines, named ``metric level`` or ``metric gain``, cannot keep the promise.
    """

    name: str
    what: str
    task: Task
    draw: Callable[[np.random.Generator, Codes], Rows]
    metrics: tuple[str, ...]
    grouped: bool = False
    fails: Mapping[str, str] = {}


class Line(NamedTuple):
    """How one interval did.

    Attributes:
        generator: The world.
        what: ``metric level`` or ``metric gain``.
        method: How the interval was made.
        repetitions: How often there was one.
        none: How often there was none.
        held: The share that held the truth.
        below: The share wholly above the truth: its lower end missed it.
        above: The share wholly below the truth: its upper end missed it.
        warned: The share that came with a warning.
    """

    generator: str
    what: str
    method: str
    repetitions: int
    none: int
    held: float
    below: float
    above: float
    warned: float

    @property
    def misses(self) -> bool:
        """Whether it misses the truth more often than promised; of few repetitions chance is allowed for."""
        return (
            not self.repetitions
            or self.held < COVERAGE[0] - self._chance(0.05)
            or max(self.below, self.above) > TAIL[1] + self._chance(TAIL[1])
        )

    @property
    def careful(self) -> bool:
        """Whether it misses the truth less often than promised."""
        return self.held > COVERAGE[1] + self._chance(0.025) or min(self.below, self.above) < TAIL[
            0
        ] - self._chance(TAIL[0])

    def _chance(self, share: float) -> float:
        wrong = 3 * math.sqrt(share * (1 - share))
        return max(0.0, wrong / math.sqrt(self.repetitions) - wrong / math.sqrt(2000))


def said(probability: Floats, cut: float) -> Answers:
    """Return a binary model's answers: its probabilities, and ``yes`` from a cut on."""
    return Answers(
        labels=(probability >= cut).astype(np.int64),
        probabilities=np.column_stack((1 - probability, probability)),
    )


def classes(
    positive: float, *, cut: float = 0.5, effect: float = 0.0
) -> Callable[[np.random.Generator, Codes], Rows]:
    """Return a world of two classes.

    Args:
        positive: The logit of being positive where nothing is known.
        cut: From which probability on models say yes.
        effect: How much groups differ in what is usual, how hard they are, and which model suits them.
    """

    def draw(random: np.random.Generator, groups: Codes) -> Rows:
        n, count = groups.size, int(groups.max()) + 1
        usual, ours, theirs = (effect * random.normal(size=count)[groups] for _ in range(3))
        known = random.normal(size=n)
        truth = (random.random(n) < special.expit(positive + 1.5 * known + usual)).astype(np.int64)
        both, own, other = (random.normal(size=n) for _ in range(3))
        challenger = positive + 1.5 * (known + 0.4 * both + 0.3 * own) + ours
        champion = positive + 1.5 * (known + 0.4 * both + 0.4 * other) + theirs
        return Rows(truth, said(special.expit(challenger), cut), said(special.expit(champion), cut))

    return draw


def numbers(
    noise: Callable[[Floats], Floats], *, effect: float = 0.0
) -> Callable[[np.random.Generator, Codes], Rows]:
    """Return a world of numbers.

    Args:
        noise: From shares to the errors that nobody can foresee: the quantiles of their distribution.
        effect: How much groups differ in what nobody can foresee, and which model suits them.
    """

    def draw(random: np.random.Generator, groups: Codes) -> Rows:
        n, count = groups.size, int(groups.max()) + 1
        usual, ours, theirs = (effect * random.normal(size=count)[groups] for _ in range(3))
        known = random.normal(size=n)
        # Of many rows one in each n-th part of the distribution: heavy tails are then as they truly are.
        shares = (
            random.permutation((np.arange(n) + random.random(n)) / n) if n > 100_000 else random.random(n)
        )
        truth = known + noise(shares) + usual
        both, own, other = (random.normal(size=n) for _ in range(3))
        return Rows(
            truth,
            Answers(values=known + 0.3 * both + 0.3 * own + ours),
            Answers(values=known + 0.3 * both + 0.4 * other + theirs),
        )

    return draw


_OF_CLASSES = (
    "accuracy", "balanced-accuracy", "precision", "recall", "f1", "f1-macro",
    "log-loss", "brier", "roc-auc", "average-precision",
)  # fmt: skip
_OF_NUMBERS = ("mae", "pinball", "mse", "rmse", "r2")
_NO_VARIANCE = "squares of t3 errors have no variance: no interval of their mean exists"
_HEAVY = "of lognormal errors a few rows carry most of the sum"

GENERATORS = (
    Generator("balanced", "two classes, half positive", Task.BINARY, classes(0.0), _OF_CLASSES),
    Generator("rare", "two classes, 2 % positive", Task.BINARY, classes(-5.1, cut=0.1), _OF_CLASSES),
    Generator(
        "t3",
        "numbers with errors of Student's t with 3 degrees",
        Task.REGRESSION,
        numbers(lambda share: special.stdtrit(3, share)),
        _OF_NUMBERS,
        fails={f"{name} level": _NO_VARIANCE for name in ("mse", "rmse", "r2")},
    ),
    Generator(
        "lognormal",
        "numbers with lognormal errors",
        Task.REGRESSION,
        numbers(lambda share: np.exp(special.ndtri(share)) - math.exp(0.5)),
        _OF_NUMBERS,
        fails={f"{name} level": _HEAVY for name in ("mae", "mse", "rmse", "r2")},
    ),
    Generator(
        "groups",
        f"two classes in {GROUPS} groups, the largest seven times the smallest",
        Task.BINARY,
        classes(-0.3, effect=0.5),
        _OF_CLASSES,
        grouped=True,
    ),
    Generator(
        "groups-of-numbers",
        f"numbers in {GROUPS} groups, the largest seven times the smallest",
        Task.REGRESSION,
        numbers(special.ndtri, effect=0.25),
        _OF_NUMBERS,
        grouped=True,
        fails={
            "pinball level": "thirty groups show too little of the rare bad ones: their skewness is told too small"
        },
    ),
)


def group_codes(n: int) -> Codes:
    """Return (n,) codes of groups of unequal sizes."""
    size = np.exp(np.linspace(-1, 1, GROUPS))
    ends = np.round(np.cumsum(size) / size.sum() * n).astype(np.int64)
    return np.searchsorted(ends, np.arange(n), side="right").astype(np.int64)


def evidence(task: Task) -> Evidence:
    """Return evidence on nothing in particular: what is compared, and no more."""
    nothing = f"sha256:{'0' * 64}"
    return Evidence(
        tool="experiment", model="drawn", endpoint=None, task=task, positive=None, challenger=None,
        champion=None, no_champion=None, baselines=(), measurements=(), leaderboard=(), worst=(),
        predictions=None, golden=None,
        rows=told.Rows(
            path="drawn", digest=nothing, count=0, id="id", target="truth", quantile=QUANTILE,
            classes=CLASSES if task is Task.BINARY else (),
        ),
        provenance=told.Provenance(
            commit="0" * 40, dirty=False, event="local", ref=None, run=None, actor=None,
            data=nothing, params=None, lock=None, rules=nothing,
        ),
    )  # fmt: skip


def estimates(generator: Generator, rows: Rows, groups: Codes | None) -> dict[str, Estimate]:
    """Return what the gate knows of some rows, by ``metric level`` and ``metric gain``."""
    answers = {CHALLENGER: rows.challenger, CHAMPION: rows.champion}
    numbers_of = PairedNumbers(
        evidence(generator.task), Predictions(truth=rows.truth, answers=answers, groups=groups, slices={})
    )
    found = {}
    for metric in generator.metrics:
        found[f"{metric} level"] = numbers_of.level(metric, confidence=CONFIDENCE, threshold=0.0)
        found[f"{metric} gain"] = numbers_of.gain(metric, CHAMPION, confidence=CONFIDENCE, threshold=0.0)
    return found


def covered(
    generator: Generator, *, repetitions: int, n: int, seed: int, many: int = MANY, by_row: bool = False
) -> Iterator[Line]:
    """Draw, and count for every metric how often its intervals hold the truth.

    Args:
        generator: The world.
        repetitions: How often.
        n: Rows each time.
        seed: Of the random numbers.
        many: Rows that stand for the truth.
        by_row: Use the wrong method: as if rows of one group had nothing in common.
    """
    random = np.random.default_rng(seed)
    known = estimates(generator, generator.draw(random, np.arange(many)), None)
    true = {what: each.value for what, each in known.items() if each.value is not None}
    codes = group_codes(n) if generator.grouped else np.arange(n)
    tallies = {what: np.zeros(5, dtype=np.int64) for what in true}
    for _ in range(repetitions):
        rows = generator.draw(random, codes)
        found = estimates(generator, rows, codes if generator.grouped and not by_row else None)
        for what, value in true.items():
            tallies[what] += tally(found[what], value)
    method = "row by row" if by_row else "by group" if generator.grouped else "by row"
    for what, counts in tallies.items():
        below, above, held, _, warned = counts.tolist()
        made = max(below + above + held, 1)
        yield Line(
            generator.name, what, method, below + above + held, repetitions - below - above - held,
            held / made, below / made, above / made, warned / made,
        )  # fmt: skip


def tally(found: Estimate, true: float) -> npt.NDArray[np.int64]:
    """Return one of: missed below, missed above, held, no interval; and whether there is a warning."""
    if found.low is None or found.high is None:
        return np.array([0, 0, 0, 1, 0])
    below, above = true < found.low, true > found.high
    return np.array([below, above, not (below or above), 0, found.reason is not None], dtype=np.int64)


def bootstrapped(*, repetitions: int, n: int, seed: int, many: int = MANY) -> Iterator[Line]:
    """Yield how scipy's bootstraps do at the RMSE of lognormal errors, beside the delta method."""
    world = next(each for each in GENERATORS if each.name == "lognormal")
    random = np.random.default_rng(seed)
    known = world.draw(random, np.arange(many))
    assert known.challenger.values is not None  # noqa: S101 - for the type checker: a world of numbers
    true = float(np.sqrt(np.mean((known.challenger.values - known.truth) ** 2)))
    tallies = {method: np.zeros(5, dtype=np.int64) for method in ("percentile", "BCa", "by row")}
    for _ in range(repetitions):
        rows = world.draw(random, np.arange(n))
        assert rows.challenger.values is not None  # noqa: S101 - for the type checker, as above
        errors = (rows.challenger.values - rows.truth) ** 2
        for method in ("percentile", "BCa"):
            peer = stats.bootstrap(
                (errors,), lambda x, axis: np.sqrt(np.mean(x, axis=axis)), n_resamples=999, batch=100,
                confidence_level=CONFIDENCE, method=method, rng=random,
            ).confidence_interval  # fmt: skip
            tallies[method] += tally(Estimate(low=float(peer.low), high=float(peer.high)), true)
        value = float(np.sqrt(errors.mean()))
        own = interval(value, (errors - errors.mean()) / (2 * value), confidence=CONFIDENCE, threshold=0.0)
        tallies["by row"] += tally(Estimate(low=own.low, high=own.high, reason=own.reason), true)
    for method, counts in tallies.items():
        below, above, held, none, warned = (counts / repetitions).tolist()
        yield Line("lognormal", "rmse level", method, repetitions, int(none), held, below, above, warned)


def main() -> int:
    """Draw, count and print; return the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--repetitions", type=int, default=2000)
    parser.add_argument("--rows", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--truth", type=int, default=MANY, help="rows whose metrics stand for the truth")
    parser.add_argument("--only", choices=[each.name for each in GENERATORS])
    parser.add_argument("--bootstrap", action="store_true")
    asked = parser.parse_args()
    drawn = {"repetitions": asked.repetitions, "n": asked.rows, "seed": asked.seed, "many": asked.truth}
    print(
        f"{asked.repetitions:,} repetitions of {asked.rows:,} rows; promised: 93 to 97.5 %, 1 to 4 % each side"
    )
    wrong = 0
    for generator in GENERATORS:
        if asked.only not in {None, generator.name}:
            continue
        print(f"\n{generator.name}: {generator.what}")
        for line in covered(generator, **drawn):
            show(line, note(generator, line))
            wrong += line.misses and line.what not in generator.fails
        if generator.grouped:
            broken = 0
            for line in covered(generator, **drawn, by_row=True):
                show(line, "breaks it, as it must" if line.misses else "holds all the same")
                broken += line.misses
            wrong += not broken
    if asked.bootstrap:
        print("\nscipy's bootstraps, 999 resamples")
        for line in bootstrapped(**drawn):
            show(line, "")
    print(f"\n{wrong or 'no'} line{'' if wrong == 1 else 's'} other than said")
    return int(wrong > 0)


def note(generator: Generator, line: Line) -> str:
    """Return in words how a line did."""
    if line.what in generator.fails:
        return f"{'known' if line.misses else 'holds all the same'}: {generator.fails[line.what]}"
    return "BROKEN" if line.misses else "careful" if line.careful else "as promised"


def show(line: Line, note: str) -> None:
    """Print one line of the table."""
    print(
        f"  {line.what:24} {line.method:11} held {100 * line.held:5.1f} %  below {100 * line.below:4.1f} %"
        f"  above {100 * line.above:4.1f} %  warned {100 * line.warned:3.0f} %  none {line.none:4}  {note}"
    )


if __name__ == "__main__":
    sys.exit(main())
