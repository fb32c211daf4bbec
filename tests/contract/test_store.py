import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest

from mltoolkit.contract import gx, store, suites
from mltoolkit.contract.results import Result, mapped, observed, raised
from mltoolkit.contract.suites import Suite
from mltoolkit.errors import InputError

# Great Expectations' own affairs.
pytestmark = pytest.mark.filterwarnings(
    "ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning"
)

NOON = dt.datetime(2026, 11, 1, 12, 0, 0, 5, tzinfo=dt.timezone(dt.timedelta(hours=2)))
MARKUP = '<script>alert("private value")</script>'
EXPECTATIONS: list[dict[str, Any]] = [
    {"type": "expect_column_values_to_be_in_set", "kwargs": {"column": "a", "value_set": ["x"]}},
    {
        "type": "expect_column_max_to_be_between",
        "kwargs": {"column": "b", "max_value": 5},
        "severity": "info",
    },
    {
        "type": "expect_column_values_to_be_between",
        "kwargs": {"column": "gone", "min_value": 1},
        "notes": "n",
    },
    {"type": "expect_column_values_to_not_be_null", "kwargs": {"column": "void", "mostly": 0.5}},
]
RESULTS = (
    mapped(elements=4, nonnull=3, unexpected=2, values=[MARKUP, "y"], mostly=1.0),
    observed(float("inf"), success=True, considered=4),
    raised(f"no column {MARKUP}"),
    mapped(elements=0, nonnull=None, unexpected=0, values=[], mostly=0.5),
)


def suite_of(folder: Path, name: str = "orders", **keys: Any) -> Suite:
    path = folder / "suite.json"
    suites.write(path, {"name": name, "expectations": EXPECTATIONS, **keys})
    return suites.read(path)


def held(suite: Suite, path: str = "data/orders.csv", **keys: Any) -> store.Held:
    return store.Held(path=path, suite=suite, results=RESULTS, **keys)


def validations(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(path.read_bytes()) for path in sorted((folder / "validations").rglob("*.json"))]


def test_great_expectations_opens_the_folder_and_finds_the_same(tmp_path: Path) -> None:
    import great_expectations

    suite = suite_of(tmp_path)
    folder = store.write(tmp_path / "reports", [held(suite)], run="check", time=NOON)

    context: Any = great_expectations.get_context(mode="file", context_root_dir=folder)
    (known,) = context.suites.all()
    (key,) = context.validation_results_store.list_keys()
    result = context.validation_results_store.get(key)

    assert known.name == "orders"
    assert [each.configuration.kwargs for each in known.expectations] == [
        each["kwargs"] for each in EXPECTATIONS
    ]
    assert key.to_tuple()[:3] == ("orders", "check", "20261101T100000.000005Z")
    assert result.statistics == {
        "evaluated_expectations": 4,
        "successful_expectations": 1,
        "unsuccessful_expectations": 3,
        "success_percent": 25.0,
    }
    from great_expectations.validator import validator

    calculate: Any = validator  # which does not say what it exports
    statistics = calculate.calc_validation_statistics(result.results)
    assert result.statistics == {name: getattr(statistics, name) for name in result.statistics}
    assert result.success is statistics.success is False
    assert result.asset_name == "data/orders.csv"
    assert [each.result for each in result.results] == [each.result for each in RESULTS]
    assert result.get_failed_validation_results().results == [
        each for each in result.results if not each.success
    ]
    context.validation_results_store.set(key, result)
    assert context.validation_results_store.get(key) == result


def test_what_passes_because_nothing_was_looked_at_is_no_success(tmp_path: Path) -> None:
    folder = store.write(tmp_path, [held(suite_of(tmp_path))], run=None, time=NOON)

    (whole,) = validations(folder)

    assert RESULTS[3].success
    assert whole["results"][3]["success"] is False
    assert "nothing was looked at" in whole["results"][3]["exception_info"]["exception_message"]


def test_a_suite_without_expectations_is_no_success(tmp_path: Path) -> None:
    path = tmp_path / "suite.json"
    suites.write(path, {"name": "empty", "expectations": []})
    empty = store.Held(path="d.csv", suite=suites.read(path), results=())

    (whole,) = validations(store.write(tmp_path, [empty], run=None, time=NOON))

    assert whole["success"] is False
    assert whole["statistics"]["success_percent"] is None


def test_values_of_private_columns_are_nowhere(tmp_path: Path) -> None:
    private = ("a", "b", "gone")
    folder = store.write(tmp_path, [held(suite_of(tmp_path), private=private)], run=None, time=NOON)

    text = "".join(path.read_text() for path in sorted((folder / "validations").rglob("*.json")))
    (whole,) = validations(folder)

    assert "private value" not in text
    assert "observed_value" not in text
    assert whole["results"][0]["result"]["unexpected_count"] == 2


def test_a_query_may_show_any_column(tmp_path: Path) -> None:
    path = tmp_path / "suite.json"
    query = {"type": "unexpected_rows_expectation", "kwargs": {"unexpected_rows_query": "q"}}
    suites.write(path, {"name": "s", "expectations": [query]})
    result = Result(success=False, result={"observed_value": "private value", "unexpected_count": 1})
    one = store.Held(path="d.csv", suite=suites.read(path), results=(result,), private=("a",))

    (whole,) = validations(store.write(tmp_path, [one], run=None, time=NOON))

    assert whole["results"][0]["result"] == {"unexpected_count": 1}


def test_only_the_newest_run_is_kept_and_equal_runs_are_equal_files(tmp_path: Path) -> None:
    suite = suite_of(tmp_path)
    later = NOON + dt.timedelta(days=1)
    store.write(tmp_path, [held(suite), held(suite, "data/other.csv")], run="check", time=NOON)
    first = store.write(tmp_path, [held(suite)], run="check", time=later)
    files = {path: path.read_bytes() for path in first.rglob("*") if path.is_file()}

    store.write(tmp_path, [held(suite)], run="check", time=later)

    assert len(validations(first)) == 1
    assert {path: path.read_bytes() for path in first.rglob("*") if path.is_file()} == files
    assert sorted(path.name for path in tmp_path.iterdir()) == ["gx", "suite.json"]


def test_a_project_of_somebody_elses_is_left_alone(tmp_path: Path) -> None:
    theirs = tmp_path / "gx" / "great_expectations.yml"
    theirs.parent.mkdir()
    theirs.write_text("config_version: 4\n")

    with pytest.raises(InputError, match="is not a folder that a check wrote"):
        store.write(tmp_path, [held(suite_of(tmp_path))], run=None, time=NOON)

    assert theirs.read_text() == "config_version: 4\n"


@pytest.mark.parametrize(
    "name", ["a/b", "../../out", "..", ".", ".hidden", "a..b", "x" * 300, "a\\b", "a\0b", "a.b", "ü x", " "]
)
def test_no_name_leads_out_of_the_folder(tmp_path: Path, name: str) -> None:
    suite = suite_of(tmp_path)
    suite = type(suite)(
        name=name, path=suite.path, digest=suite.digest, expectations=suite.expectations, source=suite.source
    )

    folder = store.write(tmp_path / "in" / "side", [held(suite, path=f"../{name}.csv")], run=name, time=NOON)

    found = [path for path in tmp_path.rglob("*.json") if path.name != "suite.json"]
    assert len(found) == 2
    assert all(path.is_relative_to(folder) for path in found)


def test_suites_of_one_name_and_files_of_one_slug_stay_apart(tmp_path: Path) -> None:
    one = suite_of(tmp_path)
    other = suite_of(tmp_path, notes="another")

    folder = store.write(
        tmp_path, [held(one, "a/b.csv"), held(one, "a-b.csv"), held(other, "a/b.csv")], run=None, time=NOON
    )

    assert len(validations(folder)) == 3
    assert len(list((folder / "expectations").rglob("*.json"))) == 2


def test_data_docs_are_built_load_nothing_remote_and_show_values_as_text(tmp_path: Path) -> None:
    folder = store.write(tmp_path, [held(suite_of(tmp_path, "shop.orders"))], run="check", time=NOON)
    out = tmp_path / "docs"

    index = gx.build_docs(folder, out)
    assert gx.build_docs(folder, out) == index

    pages = sorted(out.rglob("*.html"))
    assert [page.relative_to(out).parts[0] for page in pages] == ["expectations", "index.html", "validations"]
    whole = b"".join(path.read_bytes() for path in [*pages, *out.rglob("*.css")])
    assert b"shop.orders" in index.read_bytes()
    assert b"&lt;script&gt;alert" in whole
    assert b"<script>alert" not in whole
    assert whole.count(b"Content-Security-Policy") == len(pages)
    for loading in (b' src="http', b'<link rel="stylesheet" href="http', b"url('http", b"dataContextId"):
        assert loading not in whole
    assert sorted(path.name for path in tmp_path.iterdir()) == ["docs", "gx", "suite.json"]


def test_a_folder_with_other_files_is_not_replaced_by_data_docs(tmp_path: Path) -> None:
    folder = store.write(tmp_path, [held(suite_of(tmp_path))], run=None, time=NOON)
    kept = tmp_path / "site" / "thesis.txt"
    kept.parent.mkdir()
    kept.write_text("mine")

    with pytest.raises(InputError, match=r"holds `thesis\.txt`"):
        gx.build_docs(folder, kept.parent)

    assert kept.read_text() == "mine"
