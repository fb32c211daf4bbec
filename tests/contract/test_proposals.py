import json
import subprocess
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mltoolkit.contract import profiling, proposals, sources, suites
from mltoolkit.errors import InputError
from mltoolkit.profile import Profile

# Great Expectations' own imports warn.
pytestmark = pytest.mark.filterwarnings(
    "ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning", "ignore::RuntimeWarning"
)

DIGEST = f"sha256:{'a' * 64}"
NOT_NULL = "expect_column_values_to_not_be_null"
BETWEEN = "expect_column_values_to_be_between"
IN_SET = "expect_column_values_to_be_in_set"


@pytest.fixture
def profile(tmp_path: Path) -> Profile:
    """2,000 rows: a number from 0 to 99, a kind of "a" and "b", a text of which one in ten is null."""
    path = tmp_path / "d.parquet"
    rows = range(2000)
    table: dict[str, Any] = {
        "number": [at % 100 / 1.0 for at in rows],
        "kind": ["ab"[at % 2] for at in rows],
        "gone": [None if at % 10 == 0 else f"é{at % 7}" for at in rows],
    }
    pq.write_table(pa.table(table), path)
    with sources.opened(path) as opened:
        return profiling.measured(opened, digest=DIGEST)


def expectation(kind: str, **kwargs: Any) -> dict[str, Any]:
    return {"type": kind, "kwargs": kwargs, "meta": {}, "severity": "critical"}


def suite(*expectations: dict[str, Any]) -> dict[str, Any]:
    return {"name": "mine", "expectations": list(expectations), "meta": {}, "notes": None}


def test_a_suite_that_is_not_there_is_proposed_whole(profile: Profile, tmp_path: Path) -> None:
    made = proposals.infer(profile, tmp_path / "data.json")

    assert made.added == len(made.suite["expectations"]) > 8
    assert made.suite["name"] == "data"
    assert made.diff.startswith("--- /dev/null\n")
    assert not (tmp_path / "data.json").exists()

    proposals.write(made)

    assert suites.read(tmp_path / "data.json").source == {**made.suite}


def test_what_is_written_is_what_great_expectations_would_write(profile: Profile, tmp_path: Path) -> None:
    import great_expectations as gx

    context: Any = gx.get_context(mode="file", project_root_dir=str(tmp_path))
    kept = tmp_path / "gx" / "expectations" / "data.json"
    proposals.write(proposals.infer(profile, kept))

    read = context.suites.get("data")

    assert [each.expectation_type for each in read.expectations] == [
        each["type"] for each in json.loads(kept.read_text())["expectations"]
    ]
    assert all(each.notes for each in read.expectations)


def test_what_a_person_wrote_is_kept_to_the_byte(profile: Profile, tmp_path: Path) -> None:
    path = tmp_path / "mine.json"
    mine = suite(
        expectation(NOT_NULL, column="kind", mostly=0.5),
        expectation(IN_SET, column="kind", value_set=["a", "b"]),
    )
    path.write_text(json.dumps(mine, indent=4) + "\n")
    before = path.read_text()

    made = proposals.infer(profile, path)

    assert made.suite["expectations"][:2] == mine["expectations"]
    assert not [
        line
        for line in made.diff.splitlines()
        if line.startswith("-") and not line.startswith("---") and line != "-        }"
    ]
    assert path.read_text() == before
    proposals.write(made)
    read = suites.read(path)
    assert read.source == made.suite
    assert path.read_text().startswith(before[: before.index("    ],\n")].rstrip())
    assert path.read_text().endswith(before[before.index("    ],\n") :])


def test_a_second_time_nothing_is_new(profile: Profile, tmp_path: Path) -> None:
    path = tmp_path / "data.json"
    proposals.write(proposals.infer(profile, path))

    again = proposals.infer(profile, path)

    assert (again.added, again.diff, again.text) == (0, "", path.read_bytes().decode())


@pytest.mark.parametrize("indent", [None, 1, 2, "\t"])
@pytest.mark.parametrize("many", [0, 1, 3])
def test_however_a_suite_is_spelled_it_grows(
    profile: Profile, tmp_path: Path, indent: int | str | None, many: int
) -> None:
    path = tmp_path / "mine.json"
    odd = expectation(NOT_NULL, column='a "]}\\" b')
    path.write_text(json.dumps({"meta": {"x": [[{}]]}, **suite(*[odd] * many)}, indent=indent))

    made = proposals.infer(profile, path)
    proposals.write(made)

    assert suites.read(path).source == made.suite
    assert len(made.suite["expectations"]) == many + made.added
    assert made.added > 8


def test_line_ends_stay_what_they_are(profile: Profile, tmp_path: Path) -> None:
    path = tmp_path / "mine.json"
    path.write_bytes(json.dumps(suite(), indent=2).encode().replace(b"\n", b"\r\n"))

    proposals.write(proposals.infer(profile, path))

    assert path.read_bytes().count(b"\n") == path.read_bytes().count(b"\r\n") > 10


def test_the_diff_is_one_that_git_applies(profile: Profile, tmp_path: Path) -> None:
    path = tmp_path / "mine.json"
    path.write_text(json.dumps(suite(expectation(NOT_NULL, column="kind")), indent=2) + "\n")
    made = proposals.infer(profile, path)
    patch = made.diff.replace(f"--- {path}", "--- a/mine.json").replace(
        f"+++ {path} (proposed)", "+++ b/mine.json"
    )

    subprocess.run(["git", "apply", "-"], input=patch, text=True, check=True, cwd=tmp_path)

    assert path.read_text() == made.text


def test_the_same_question_is_not_asked_twice(profile: Profile) -> None:
    condition = 'col("kind")=="a"'
    existing = suite(
        expectation("expect_table_columns_to_match_ordered_list", column_list=["number", "kind", "gone"]),
        expectation("expect_column_values_to_be_in_type_list", column="kind", type_list=["str"]),
        expectation("expect_column_distinct_values_to_be_in_set", column="kind", value_set=["a"]),
        expectation(BETWEEN, column="number", min_value=-1e9, max_value=1e9, row_condition=condition),
    )

    new = proposals.proposal(profile, existing)["expectations"][4:]
    asked = {(each["type"], each["kwargs"].get("column")) for each in new}

    assert not {kind for kind, _ in asked} & {"expect_table_columns_to_match_set"}
    assert ("expect_column_values_to_be_of_type", "kind") not in asked
    assert (IN_SET, "kind") not in asked
    # Of other rows it is another question.
    assert (BETWEEN, "number") in asked


def test_from_nothing_nothing_is_guessed(tmp_path: Path) -> None:
    path = tmp_path / "d.parquet"
    pq.write_table(pa.table({"a": pa.array([], pa.int64())}), path)
    with sources.opened(path) as opened:
        empty = profiling.measured(opened, digest=DIGEST)

    with pytest.raises(InputError, match="no rows"):
        proposals.infer(empty, tmp_path / "s.json")


def test_a_file_that_is_no_suite_is_left_alone(profile: Profile, tmp_path: Path) -> None:
    path = tmp_path / "s.json"
    path.write_text("{}")

    with pytest.raises(InputError, match=r"s\.json"):
        proposals.infer(profile, path)

    assert path.read_text() == "{}"
