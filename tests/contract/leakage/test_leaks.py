import datetime as dt
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mltoolkit.checks import ContractFinding, Outcome, Severity
from mltoolkit.contract.leakage import leaks as leakage
from mltoolkit.contract.leakage.asked import Roles


def leaks(
    folder: Path, train: dict[str, Any], evaluation: dict[str, Any], roles: Roles, **settings_: Any
) -> dict[str, ContractFinding]:
    """Write both and ask; findings by rule, the worst first where a rule has two."""
    for name, columns in (("train", train), ("evaluation", evaluation)):
        pq.write_table(pa.table(columns), folder / f"{name}.parquet")
    found = leakage.leaks(folder / "train.parquet", folder / "evaluation.parquet", roles, **settings_)
    return {each.rule: each for each in reversed(found)}


def flights(rows: int = 4000, days: int = 100) -> dict[str, Any]:
    """Rows in which days repeat, and the weather is the day's."""
    rng = np.random.default_rng(0)
    day = rng.integers(0, days, rows)
    return {
        "row_id": np.arange(rows),
        "day": day,
        "temp": rng.normal(size=days)[day],
        "distance": rng.normal(size=rows),
        "late": rng.integers(0, 2, rows).astype(bool),
    }


def part(columns: dict[str, Any], chosen: Any) -> dict[str, Any]:
    return {name: values[chosen] for name, values in columns.items()}


FLIGHTS = Roles(id="row_id", group=("day",), target="late")


def test_a_random_row_split_of_repeating_groups_leaks_and_a_grouped_split_does_not(tmp_path: Path) -> None:
    data = flights()
    chosen = np.random.default_rng(1).random(4000) < 0.2

    found = leaks(tmp_path, part(data, ~chosen), part(data, chosen), FLIGHTS)

    group = found["leak-by-group"]
    rows = int(chosen.sum())
    assert group.outcome is Outcome.VIOLATED
    assert group.blocks
    assert (group.unexpected, group.looked) == (rows, rows)
    assert f"{rows:,} of {rows:,} (100 %) evaluation rows" in group.reason
    assert {rule for rule, each in found.items() if each.outcome is not Outcome.MET} == {"leak-by-group"}

    by_day = data["day"] >= 80
    found = leaks(tmp_path, part(data, ~by_day), part(data, by_day), FLIGHTS)

    assert {each.outcome for each in found.values()} == {Outcome.MET}
    assert "time-order" not in found
    assert len(found) == 7


def test_the_share_of_rows_concerned_is_told(tmp_path: Path) -> None:
    found = leaks(
        tmp_path,
        {"g": ["a", "a", "b"], "x": [1, 2, 3]},
        {"g": ["b", "b", "c", None], "x": [4, 5, 6, 7]},
        Roles(group=("g",)),
    )["leak-by-group"]

    assert (found.outcome, found.unexpected, found.looked) == (Outcome.VIOLATED, 2, 3)
    assert "2 of 4 (50 %)" in found.reason
    assert "1 of 4 (25 %) evaluation rows have no group" in found.reason
    assert found.examples == ("b",)


def test_columns_form_a_group_together_and_each_is_told_alone(tmp_path: Path) -> None:
    found = leaks(
        tmp_path,
        {"month": [1, 1], "day": [1, 2], "x": [1, 2]},
        {"month": [1, 1], "day": [3, 2], "x": [3, 4]},
        Roles(group=("month", "day")),
    )["leak-by-group"]

    assert (found.unexpected, found.columns, found.examples) == (1, ("month", "day"), ("1, 2",))
    assert "`month` in 2 of 2 (100 %), `day` in 1 of 2 (50 %)" in found.reason


@pytest.mark.parametrize(
    ("train", "evaluation", "outcome"),
    [
        ([1, 2], [3, 4], Outcome.MET),
        ([1, 2], [2, 3], Outcome.VIOLATED),
        ([1, 2], ["2", "3"], Outcome.VIOLATED),
        ([1, 2], ["3", "4"], Outcome.NOT_EVALUATED),
        ([1, 2], [3.0, 4.0], Outcome.MET),
        ([1, 2], [2.0, None], Outcome.VIOLATED),
        ([None, None], [1, 2], Outcome.NOT_EVALUATED),
    ],
)
def test_ids(tmp_path: Path, train: list[Any], evaluation: list[Any], outcome: Outcome) -> None:
    found = leaks(tmp_path, {"i": train, "x": [1, 2]}, {"i": evaluation, "x": [3, 4]}, Roles(id="i"))

    assert found["leak-by-id"].outcome is outcome


def test_ids_of_different_types_are_named(tmp_path: Path) -> None:
    found = leaks(tmp_path, {"i": [1], "x": [1]}, {"i": ["2"], "x": [2]}, Roles(id="i"))

    assert "different types" in found["leak-by-id"].reason
    assert found["same-columns"].blocks
    assert "numbers in the training rows and text in the evaluation rows" in found["same-columns"].reason


def test_ids_twice_or_null_within_a_split_are_their_own_finding(tmp_path: Path) -> None:
    found = leaks(
        tmp_path,
        {"i": [1, 1, None], "x": [1, 2, 3]},
        {"i": [5, 6, 7], "x": [4, 5, 6]},
        Roles(id="i"),
    )

    assert (found["split-ids"].outcome, found["split-ids"].unexpected) == (Outcome.VIOLATED, 2)
    assert found["leak-by-id"].outcome is Outcome.MET
    assert "training rows have no id" in found["leak-by-id"].reason


def test_no_value_of_a_private_column_is_shown(tmp_path: Path) -> None:
    rows = {"i": ["ada@example.org"], "g": ["Ada Lovelace"], "t": ["2013-05-01"], "x": ["Baker Street"]}
    roles = Roles(id="i", group=("g",), time="t")

    shown = leaks(tmp_path, rows, {**rows}, roles)
    hidden = leaks(tmp_path, rows, {**rows}, roles, private=("i", "g"))

    assert shown["leak-by-id"].examples == ("ada@example.org",)
    assert hidden["leak-by-id"].outcome is Outcome.VIOLATED
    assert not any(each.examples for each in hidden.values())
    told = " ".join(each.reason for each in [*shown.values(), *hidden.values()])
    assert not any(values[0] in told for values in rows.values())


def test_values_and_names_are_made_harmless(tmp_path: Path) -> None:
    odd = 'a\n"b" `c` | @everyone\u202e'
    rows = {odd: ["x\ny" + "z" * 200], "x": [1]}

    found = leaks(tmp_path, rows, rows, Roles(id=odd))["leak-by-id"]

    assert found.columns == (odd,)
    (example,) = found.examples
    assert example.startswith("x\\ny")
    assert len(example) == 80
    missing = leaks(tmp_path, rows, rows, Roles(id=f"{odd}!"))["leak-by-id"]
    assert missing.outcome is Outcome.NOT_EVALUATED
    assert "\n" not in missing.reason


@pytest.mark.parametrize(
    ("roles", "rules"),
    [
        (Roles(id="row_di"), {"split-ids", "leak-by-id"}),
        (Roles(group=("day", "row_di")), {"leak-by-group"}),
        (Roles(target="row_di"), {"target-in-features"}),
        (Roles(time="row_di"), {"time-order"}),
    ],
)
def test_a_column_that_is_missing_is_not_evaluated(tmp_path: Path, roles: Roles, rules: set[str]) -> None:
    data = flights()
    found = leaks(tmp_path, part(data, slice(0, 2000)), part(data, slice(2000, None)), roles)

    missing = {rule: each for rule, each in found.items() if each.outcome is Outcome.NOT_EVALUATED}
    assert set(missing) == rules
    assert all("`row_di`; did you mean `row_id`?" in each.reason for each in missing.values())
    assert all(each.blocks for each in missing.values())


@pytest.mark.parametrize("empty", ["train", "evaluation", "both"])
def test_without_rows_nothing_is_met(tmp_path: Path, empty: str) -> None:
    data = flights(50)
    train, evaluation = (
        part(data, slice(0, 0 if empty in {name, "both"} else 50)) for name in ("train", "evaluation")
    )
    roles = Roles(id="row_id", group=("day",), time="day", target="late")

    found = leaks(tmp_path, train, evaluation, roles, severity=Severity.WARNING)

    assert found.pop("splits-not-empty").blocks
    assert found.pop("same-columns").outcome is Outcome.MET
    assert len(found) == 6
    assert {each.outcome for each in found.values()} == {Outcome.NOT_EVALUATED}


def test_the_same_file_twice_is_said_plainly(tmp_path: Path) -> None:
    pq.write_table(pa.table(flights()), tmp_path / "rows.parquet")
    (tmp_path / "link.parquet").symlink_to(tmp_path / "rows.parquet")

    found = leakage.leaks(tmp_path / "rows.parquet", tmp_path / "link.parquet", FLIGHTS)

    content = next(each for each in found if each.rule == "leak-by-content")
    assert content.outcome is Outcome.VIOLATED
    assert content.reason == "both splits are the same file: all 4,000 evaluation rows are training rows"
    assert next(each for each in found if each.rule == "leak-by-id").unexpected == 4000


def test_a_copy_of_the_file_is_found_by_its_content(tmp_path: Path) -> None:
    content = leaks(tmp_path, flights(), flights(), Roles(id="row_id", target="late"))["leak-by-content"]

    assert (content.outcome, content.unexpected) == (Outcome.VIOLATED, 4000)
    assert "all of them in the target too" in content.reason


def test_a_mode_that_warns_blocks_only_what_was_not_evaluated(tmp_path: Path) -> None:
    rows = {"i": [1, 2], "x": [0.5, 0.7]}

    found = leaks(tmp_path, rows, rows, Roles(id="i", time="no"), severity=Severity.WARNING)

    assert {rule for rule, each in found.items() if each.blocks} == {"time-order"}
    assert found["leak-by-id"].outcome is Outcome.VIOLATED


def test_columns_that_differ_are_told(tmp_path: Path) -> None:
    found = leaks(tmp_path, {"x": [1], "old": [1], "y": [1]}, {"x": [1.0], "new": [1], "y": [2]}, Roles())[
        "same-columns"
    ]

    assert (found.outcome, found.severity) == (Outcome.VIOLATED, Severity.WARNING)
    assert found.columns == ("old", "new", "x")
    assert "only the training rows have `old`; only the evaluation rows have `new`" in found.reason
    assert "`x` of another type" in found.reason


def test_splits_without_a_common_column_are_not_evaluated(tmp_path: Path) -> None:
    found = leaks(tmp_path, {"a": [1]}, {"b": [1]}, Roles())

    assert found["leak-by-content"].outcome is Outcome.NOT_EVALUATED


def test_csv_files_are_read_too(tmp_path: Path) -> None:
    (tmp_path / "train.csv").write_text("id,x\n1,a\n2,b\n")
    (tmp_path / "evaluation.csv").write_text("id,x\n2,c\n3,d\n")

    found = leakage.leaks(tmp_path / "train.csv", tmp_path / "evaluation.csv", Roles(id="id"))

    assert [each.unexpected for each in found if each.rule == "leak-by-id"] == [1]


DAY = dt.date(2013, 5, 1)


@pytest.mark.parametrize(
    ("train", "evaluation", "outcome", "unexpected"),
    [
        ([1, 2], [3, 4], Outcome.MET, 0),
        ([1, 2], [2, 4], Outcome.VIOLATED, 1),
        ([1, 2], [2.5, 4.0], Outcome.MET, 0),
        ([1, 9], [3, 4], Outcome.VIOLATED, 2),
        ([DAY, DAY], ["2013-05-02", "2013-06-01"], Outcome.MET, 0),
        ([DAY, DAY], ["2013-05-01", "2013-06-01"], Outcome.VIOLATED, 1),
        (["2013-05", "2013-12"], ["2014-01", "2014-02"], Outcome.MET, 0),
        (["2013-05", "2013-12"], ["2013-12", "2014-02"], Outcome.VIOLATED, 1),
        (["2013-05-01T12:00:00+02:00"] * 2, ["2013-05-01T11:00:00Z"] * 2, Outcome.MET, 0),
        ([1, 2], ["2013-05-01", "2013-05-02"], Outcome.NOT_EVALUATED, None),
        ([1, None], [3, 4], Outcome.NOT_EVALUATED, None),
        ([1, 2], [3, None], Outcome.NOT_EVALUATED, None),
        ([1, 5], [3, None], Outcome.VIOLATED, 1),
        ([None, None], [3, 4], Outcome.NOT_EVALUATED, None),
        (["May", "June"], ["July", "August"], Outcome.NOT_EVALUATED, None),
        ([True, False], [True, True], Outcome.NOT_EVALUATED, None),
    ],
)
def test_evaluation_rows_are_later(
    tmp_path: Path, train: list[Any], evaluation: list[Any], outcome: Outcome, unexpected: int | None
) -> None:
    found = leaks(tmp_path, {"t": train, "x": [1, 2]}, {"t": evaluation, "x": [3, 4]}, Roles(time="t"))

    assert (found["time-order"].outcome, found["time-order"].unexpected) == (outcome, unexpected)


def test_what_keeps_the_splits_apart_hides_no_copies(tmp_path: Path) -> None:
    values = np.random.default_rng(3).normal(size=200).round(6).tolist()
    train = {
        "month": ["May"] * 200,
        "day": [1] * 200,
        "split": ["train"] * 200,
        "a": values,
        "b": values[::-1],
    }
    evaluation = train | {"month": ["June"] * 200, "day": [2] * 200, "split": ["evaluation"] * 200}

    found = leaks(tmp_path, train, evaluation, Roles(time="day", ignore=("split",)))

    assert found["leak-by-content"].unexpected == 200
    assert found["leak-by-content"].blocks
    assert "but for `month`, which share no value" in found["leak-by-content"].reason
    assert found["same-columns"].outcome is Outcome.MET


NUMBERS = st.sampled_from([None, float("nan"), 0.0, -0.0, 1.0, 2.5, float("inf")])
TEXTS = st.sampled_from([None, "", "a", "b", "ü"])
ROWS = st.lists(st.tuples(st.integers(0, 6), TEXTS, NUMBERS, st.booleans()), min_size=1, max_size=12)


def key(value: object) -> object:
    """A value as it compares: NaN is null, -0.0 is 0.0 in Python already."""
    return None if value != value else value  # noqa: PLR0124 - NaN alone differs from itself


@given(train=ROWS, evaluation=ROWS)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_counts_are_those_of_plain_python(
    tmp_path: Path, train: list[tuple[Any, ...]], evaluation: list[tuple[Any, ...]]
) -> None:
    types = {"i": pa.int64(), "g": pa.string(), "x": pa.float64(), "y": pa.bool_()}

    def columns(rows: list[tuple[Any, ...]]) -> dict[str, Any]:
        return {
            name: pa.array([row[at] for row in rows], kind) for at, (name, kind) in enumerate(types.items())
        }

    def shared(*parts: int, nulls: bool) -> int:
        keys = [tuple(key(row[at]) for at in parts) for row in train]
        known = {each for each in keys if nulls or None not in each}
        return sum(tuple(key(row[at]) for at in parts) in known for row in evaluation)

    found = leaks(tmp_path, columns(train), columns(evaluation), Roles(id="i", group=("g",), target="y"))

    assert found["leak-by-id"].unexpected == shared(0, nulls=False)
    assert (found["leak-by-group"].unexpected or 0) == shared(1, nulls=False)
    assert found["leak-by-content"].unexpected == shared(2, nulls=True)
    same = shared(2, 3, nulls=True)
    if (matched := shared(2, nulls=True)) != 0:
        assert (
            f"{'all' if same == matched else f'{same:,}'} of them in the target"
            in found["leak-by-content"].reason
        )
    doubles = sum(len(rows) - len({row[0] for row in rows}) for rows in (train, evaluation))
    assert found["split-ids"].unexpected == doubles


def test_the_same_files_give_the_same_findings(tmp_path: Path) -> None:
    data = flights()
    chosen = np.random.default_rng(1).random(4000) < 0.2
    first, second = (leaks(tmp_path, part(data, ~chosen), part(data, chosen), FLIGHTS) for _ in range(2))

    assert first == second
