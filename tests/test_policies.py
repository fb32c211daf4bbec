from typing import Any

import pytest

from mltoolkit import config, documents, policies
from mltoolkit.settings import ToolkitSettings

BASE = """\
mltoolkit:
  models:
    toy:
      target: target
      rows: rows.parquet
      slices: [group]
      data: [{path: train.csv, suite: suite.json, minimum-rows: 100}]
      rules:
        - {kind: absolute, metric: roc-auc, at-least: 0.6}
        - {kind: better-than-baseline, metric: brier, baseline: base-rate}
"""


def settings(text: str) -> ToolkitSettings:
    return config.toolkit(documents.parse(text, "params.yaml"))


def changes(*edits: tuple[str, str], base: str = BASE) -> tuple[str, ...]:
    text = base
    for before, after in edits:
        assert before in text
        text = text.replace(before, after)
    return policies.changes(settings(base), settings(text), "toy")


def test_the_same_settings_changed_nothing() -> None:
    assert changes() == ()
    # Nor does another spelling of them, or another order of the rules.
    assert changes(("[group]", "\n      - group")) == ()
    swapped = BASE.splitlines()
    swapped[-1], swapped[-2] = swapped[-2], swapped[-1]
    assert policies.changes(settings(BASE), settings("\n".join(swapped)), "toy") == ()


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("at-least: 0.6", "at-least: 0.5", "rules: absolute roc-auc: at-least: 0.6 -> 0.5"),
        ("at-least: 0.6", "at-most: 0.6", "rules: absolute roc-auc: at-least: 0.6 -> not set"),
        (
            "at-least: 0.6}",
            "at-least: 0.6, mode: warn}",
            "rules: roc-auc >= 0.6: mode: block -> warn",
        ),
        (
            "        - {kind: better-than-baseline, metric: brier, baseline: base-rate}\n",
            "",
            "rules: no longer asked: brier better than base-rate",
        ),
        (
            "at-least: 0.6}",
            "at-least: 0.6}\n        - {kind: absolute, metric: brier, at-most: 0.2}",
            "rules: asked too: brier <= 0.2",
        ),
        ("rows: rows.parquet", "rows: easy.parquet", "rows: rows.parquet -> easy.parquet"),
        ("rows: rows.parquet", "id: other", "id: row_id -> other"),
        ("target: target", "target: a", "target: target -> a"),
        ("slices: [group]", "positive: 0", "positive: not set -> 0"),
        ("slices: [group]", "positive: 0", "slices: group -> none"),
        ("slices: [group]", "task: binary", "task: not set -> binary"),
        ("slices: [group]", "group: [day]", "group: none -> day"),
        ("slices: [group]", "quantile: 0.9", "quantile: not set -> 0.9"),
        ("slices: [group]", f"anchor: sha256:{'1' * 64}", f"anchor: first -> sha256:{'1' * 64}"),
        ("slices: [group]", "allow-pickle: true", "allow-pickle: false -> true"),
        ("slices: [group]", "python: /bin/python", "python: not set -> /bin/python"),
        ("slices: [group]", "training: other.json", "training: not set -> other.json"),
        ("slices: [group]", "metrics: other.json", "metrics: not set -> other.json"),
        ("slices: [group]", "tests: other.xml", "tests: not set -> other.xml"),
        ("slices: [group]", "splits: {train: a.csv}", "splits: not set -> train: a.csv, mode: block"),
        ("minimum-rows: 100", "minimum-rows: 1", "data.train.csv.minimum-rows: 100 -> 1"),
        ("suite: suite.json", "suite: easy.json", "data.train.csv.suite: suite.json -> easy.json"),
        ("minimum-rows: 100}]", "nulls: 1}]", "data.train.csv.nulls: not set -> 1.0"),
        # Where no endpoint of that name was, there is no champion to compare with.
        ("slices: [group]", "endpoints: {fresh: {}}", "endpoints.local: none -> not set"),
        (
            "slices: [group]",
            "endpoints: {local: {python: /bin/python}}",
            "endpoints.local.python: not set -> /bin/python",
        ),
        ("mltoolkit:\n", "mltoolkit:\n  state: elsewhere\n", "state: .mltoolkit -> elsewhere"),
    ],
)
def test_what_could_loosen_the_gate_is_told_in_words(before: str, after: str, said: str) -> None:
    assert said in changes((before, after))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("slices: [group]", "slices: [group]\n      model: elsewhere"),
        ("slices: [group]", "slices: [group]\n      leaderboard: board.json"),
        ("slices: [group]", "slices: [group]\n      endpoints: {local: {port: 8080}}"),
        ("mltoolkit:\n", "mltoolkit:\n  reports: elsewhere\n"),
    ],
)
def test_what_says_nothing_of_the_judgement_is_free(before: str, after: str) -> None:
    assert changes((before, after)) == ()


def test_a_number_is_not_a_truth_value() -> None:
    base = BASE.replace("slices: [group]", "positive: 1")

    assert changes(("positive: 1", "positive: true"), base=base) == ("positive: 1 -> true",)


def test_defaults_that_are_replaced_are_told_as_such() -> None:
    without = BASE[: BASE.index("      rules:")]

    assert policies.changes(settings(without), settings(BASE), "toy") == (
        "rules: the defaults of the task -> 2 of the project's own",
    )
    assert policies.changes(settings(BASE), settings(without), "toy")[0] == (
        "rules: 2 of the project's own -> the defaults of the task"
    )


def test_data_that_are_no_longer_checked_are_told() -> None:
    data: dict[str, Any] = {"data: [{path: train.csv, suite: suite.json, minimum-rows: 100}]": "data: []"}

    (said,) = changes(*data.items())
    assert said.startswith("data.train.csv: path: train.csv, suite: suite.json")
    assert said.endswith("-> not set")


def test_one_path_under_two_suites_is_compared_as_a_whole() -> None:
    twice = BASE.replace("minimum-rows: 100}", "minimum-rows: 100}, {path: train.csv, suite: more.json}")

    assert changes(base=twice) == ()
    assert changes(("minimum-rows: 100", "minimum-rows: 1"), base=twice) == ("data: what is checked changed",)
