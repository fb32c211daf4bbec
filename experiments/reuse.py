"""How often the best of many equally good models is called better, and what those learn who read the numbers.

    python -m experiments.reuse                  # 200 teams with 200 models each: five minutes
    python -m experiments.reuse --teams 40

Nobody can predict the target of these rows: it is a fair coin, and every model and every mix of models is in truth
right half of the time, as the champion is. Whoever is called ``better`` is called so by mistake. A decision may be
wrong in 2.5 % of cases on one side, and that is promised for all looks of a budget together.

* **independent**: 200 models that know nothing of each other, each a look. With a budget of 200 each pays a 200th;
  with the usual budget of 20 the looks beyond it are not answered; without one each pays nothing.
* **best quarter**: 199 looks, then the majority of the best quarter of them, chosen by whatever numbers verdicts
  tell. It is wrong most of the time where all numbers are told, and no more often than promised where answers are told
  alone (``disclose: coarse``), also where a wide margin is cleared at each look.
* **best answers**: what ``coarse`` cannot do. A rule whose margin these rows show for every second model tells
  something in its very answer, yes or cannot tell: with 200 looks the majority of those that passed is hardly
  better protected than by full numbers.
* the same with the usual 20 looks, which teach hardly enough to be fooled by.
The exit code is 1 where that is not so.
"""

import argparse
import sys
from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from experiments.judged import judge, labelled, numbers, remembered
from mltoolkit import ledger
from mltoolkit.evidence import Sketch
from mltoolkit.gate import Verdict
from mltoolkit.ledger import Ledger
from mltoolkit.rules.base import Answer, Mode, Rule
from mltoolkit.rules.relative import BetterThan, NoWorseThan
from mltoolkit.rules.reuse import Reuse
from mltoolkit.statistics.answers import Answers, Codes

ALPHA = 0.025
"""What one decision at a confidence of 0.95 may be wrong about one side."""

MODELS = 200
ROWS = 1000
SEED = 11

Disclose = Literal["full", "coarse"]


class Line(NamedTuple):
    """What a team that chooses by verdicts is told.

    Attributes:
        name: Whom it chooses.
        disclose: What verdicts tell.
        models: Its looks, and the budget.
        margin: Of a rule besides, which only warns.
        fooled: Whether more of what is called better is so by mistake than was promised.
    """

    name: str
    disclose: Disclose
    models: int = MODELS
    margin: float | None = None
    fooled: bool = False


LINES = (
    Line("best quarter", "coarse"),
    Line("best quarter", "full", fooled=True),
    Line("best quarter through a wide margin", "coarse", margin=0.25),
    Line("best answers", "coarse", margin=0.08, fooled=True),
    Line("best answers of 19", "coarse", models=20, margin=0.07),
    Line("best quarter of 19", "full", models=20),
)


class Team(NamedTuple):
    """One team's rows, and the gate that they ask.

    Attributes:
        truth: (n,) a fair coin.
        champion: What the champion answers: another.
        rows: Which rows they are.
        rules: What is asked.
    """

    truth: Codes
    champion: Answers
    rows: Sketch
    rules: Sequence[Rule]

    def look(self, said: npt.NDArray[np.int64], looks: Ledger) -> Verdict:
        """Return the verdict on somebody's labels: (n,)."""
        on = numbers(self.truth, labelled(said), self.champion, sketch=self.rows)
        return judge(on, self.rules, looks=looks)


def team(random: np.random.Generator, rules: Sequence[Rule], *, rows: int) -> Team:
    """Draw a team's rows.

    Args:
        random: Draws them.
        rules: What is asked.
        rows: How many.
    """
    return Team(
        truth=random.integers(0, 2, rows),
        champion=labelled(random.integers(0, 2, rows)),
        rows=_sketch(rows),
        rules=rules,
    )


def rules(budget: int | None, disclose: Disclose = "full", margin: float | None = None) -> Sequence[Rule]:
    """Return what is asked of every model: better than the champion.

    Args:
        budget: Of the looks; None to pay for none.
        disclose: What the verdict tells.
        margin: Of a rule besides, which only warns: no worse than the champion.
    """
    asked: list[Rule] = [BetterThan(metric="accuracy")]
    if margin is not None:
        asked.append(NoWorseThan(metric="accuracy", margin=margin, mode=Mode.WARN))
    return asked if budget is None else [*asked, Reuse(budget=budget, disclose=disclose)]


def better(verdict: Verdict) -> bool:
    """Return whether a verdict calls a model better and lets it through."""
    return verdict.decision == "promote"


def independent(
    *, teams: int, budget: int | None, models: int = MODELS, rows: int = ROWS, seed: int = SEED
) -> float:
    """Return the share of teams of whose models any is called better.

    Args:
        teams: How many.
        budget: Of the looks; None to pay for none.
        models: Looks of each team.
        rows: Of each team.
        seed: Of the draws.
    """
    random, lucky = np.random.default_rng(seed), 0
    for _ in range(teams):
        drawn, looks = team(random, rules(budget), rows=rows), Ledger()
        said = random.integers(0, 2, (models, rows))
        for each in said:
            verdict = drawn.look(each, looks)
            looks = remembered(looks, verdict)
            if better(verdict):
                lucky += 1
                break
    return lucky / teams


def adaptive(
    *,
    teams: int,
    disclose: Disclose,
    models: int = MODELS,
    rows: int = ROWS,
    margin: float | None = None,
    seed: int = SEED,
) -> float:
    """Return the share of teams whose last model is called better: the majority of the best of all others.

    Args:
        teams: How many.
        disclose: What verdicts tell.
        models: Looks of each team, and the budget.
        rows: Of each team.
        margin: Of a rule besides, which only warns, and whose numbers and answers are used too.
        seed: Of the draws.
    """
    random, lucky = np.random.default_rng(seed), 0
    for _ in range(teams):
        drawn, looks = team(random, rules(models, disclose, margin), rows=rows), Ledger()
        said = random.integers(0, 2, (models - 1, rows))
        verdicts: list[Verdict] = []
        for each in said:
            verdicts.append(drawn.look(each, looks))
            looks = remembered(looks, verdicts[-1])
        chosen = said[best(verdicts, random)]
        votes = chosen.mean(axis=0) + random.uniform(-1e-6, 1e-6, rows)
        lucky += better(drawn.look((votes > 0.5).astype(np.int64), looks))
    return lucky / teams


def best(verdicts: Sequence[Verdict], random: np.random.Generator) -> npt.NDArray[np.intp]:
    """Return the places of the models that verdicts speak for: the best quarter by numbers, or by answers all the best.

    Args:
        verdicts: One for each model.
        random: Breaks ties, as where nothing is told.
    """
    numbers_ = np.array([number(each) for each in verdicts])
    passed = np.array([passes(each) for each in verdicts])
    if np.isnan(numbers_).all() and passed.min() < passed.max():
        return np.flatnonzero(passed == passed.max())
    order = np.lexsort((random.random(len(verdicts)), -np.nan_to_num(numbers_, nan=-np.inf)))
    return order[: len(verdicts) // 4]


def number(verdict: Verdict) -> float:
    """Return the first gain in accuracy that a verdict tells, by whichever rule; NaN where it tells none."""
    gains = (each.estimate.value for each in verdict.findings if each.estimate is not None)
    return next((gain for gain in gains if gain is not None), float("nan"))


def passes(verdict: Verdict) -> int:
    """Return how many rules on a metric a verdict answers with a pass."""
    return sum(each.answer is Answer.PASS for each in verdict.findings if each.metric is not None)


def _sketch(rows: int) -> Sketch:
    return ledger.sketch(f"row {at}" for at in range(rows))


def main() -> int:
    """Draw, choose and print; return the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--teams", type=int, default=200)
    asked = parser.parse_args()
    chance = 3 * (ALPHA * (1 - ALPHA) / asked.teams) ** 0.5
    wrong = 0
    print(f"{asked.teams} teams, {MODELS} models each on {ROWS:,} rows; called better by mistake:")
    for budget in (MODELS, 20, None):
        share = independent(teams=asked.teams, budget=budget)
        held = share <= ALPHA + chance
        wrong += held == (budget is None)
        print(
            f"  independent, {'no budget' if budget is None else f'budget {budget}'}: {share:.1%}", flush=True
        )
    for line in LINES:
        share = adaptive(teams=asked.teams, disclose=line.disclose, models=line.models, margin=line.margin)
        fooled = share > ALPHA + chance
        wrong += fooled != line.fooled
        besides = "" if line.margin is None else f" and a margin of {line.margin:g}"
        print(
            f"  {line.name}, disclose {line.disclose}, budget {line.models}{besides}: {share:.1%}", flush=True
        )
    print(f"{wrong or 'no'} line{'' if wrong == 1 else 's'} other than said (promised: {ALPHA:.1%})")
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
