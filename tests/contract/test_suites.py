import json
from pathlib import Path
from typing import Any

import pytest

from mltoolkit.checks import Severity
from mltoolkit.contract import suites
from mltoolkit.errors import InputError

# Great Expectations' own affairs.
pytestmark = pytest.mark.filterwarnings(
    "ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning"
)

BETWEEN: dict[str, Any] = {
    "type": "expect_column_values_to_be_between",
    "kwargs": {"column": "a", "min_value": 0},
}


def read(folder: Path, content: str | bytes) -> suites.Suite:
    path = folder / "orders.json"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return suites.read(path)


def whole(*expectations: object, **keys: object) -> str:
    return json.dumps({"name": "s", "expectations": list(expectations), **keys})


def file_context(folder: Path) -> Any:
    import great_expectations

    return great_expectations.get_context(mode="file", project_root_dir=folder)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "not JSON"),
        ("{", "not JSON"),
        ("[]", "must be a list"),
        ("null", "must be a list"),
        ('{"name": "s"}', "must be a list"),
        ('{"name": "s", "expectations": {}}', "must be a list"),
        ('{"name": "s", "expectations": [1]}', "must be a list"),
        ('{"name": "s", "expectations": [[]]}', "must be a list"),
        (b'{"name": "\xff", "expectations": []}', "not UTF-8"),
        (b"\xef\xbb\xbf{}", "byte order mark"),
        (b"PAR1\x00\x01", "not JSON"),
        ('{"name": "s", "name": "t", "expectations": []}', "duplicate key"),
        ("[" * 100_000, "nested too deep"),
        (whole(name=""), "name of ''"),
        (whole(name=["s"]), "name of"),
        (whole(meta=[]), None),
        (whole(meta=[1]), "`meta` must be an object"),
        (whole(suite_parameters="x"), "`suite_parameters` must be an object"),
        (whole(id="mine"), "not a UUID"),
        (whole(expectation=[]), "did you mean `expectations`"),
        (whole({}), "needs `type`"),
        (whole({"type": 5, "kwargs": {}}), "needs `type`"),
        (whole({"type": "x", "kwargs": None}), "needs `type`"),
        (whole({"type": "x", "kwargs": []}), "needs `type`"),
        (whole({**BETWEEN, "mostly": 0.9}), "arguments of an expectation stand in `kwargs`"),
        (whole({**BETWEEN, "kwarg": {}}), "did you mean `kwargs`"),
        (whole({**BETWEEN, "severity": "fatal"}), "critical, warning, info"),
        (whole({**BETWEEN, "severity": ["info"]}), "severity"),
        (whole({**BETWEEN, "meta": "x"}), "`meta` must be an object"),
        (whole({**BETWEEN, "id": 7}), "not a UUID"),
        (whole(expectation_suite_name="s"), "0.x"),
        (whole(data_asset_type="Dataset"), "0.x"),
        (whole({"expectation_type": "x", "kwargs": {}}), "rename"),
        (whole({**BETWEEN, "kwargs": {"column": "a", "min_value": 10**40}}), "would lose digits"),
    ],
)
def test_what_is_no_suite_is_wrong_input_and_says_where(
    tmp_path: Path, content: str | bytes, said: str | None
) -> None:
    if said is None:
        assert read(tmp_path, content).expectations == ()
        return
    with pytest.raises(InputError, match=r"orders\.json") as caught:
        read(tmp_path, content)

    assert said in str(caught.value)


def test_a_huge_file_is_refused_before_it_is_parsed(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="larger than"):
        read(tmp_path, " " * (10 * 2**20 + 1))


def test_a_missing_suite_and_a_folder_are_wrong_input(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        suites.read(tmp_path / "none.json")
    with pytest.raises(InputError, match="not a file"):
        suites.read(tmp_path)


def test_an_error_in_an_expectation_names_its_line(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        read(tmp_path, json.dumps({"expectations": [BETWEEN, {**BETWEEN, "severity": "x"}]}, indent=1))

    assert caught.value.where is not None
    assert caught.value.where.line == 10


@pytest.mark.parametrize(
    ("content", "lines"),
    [
        ('{"expectations": []}', []),
        (whole(BETWEEN, BETWEEN), [1, 1]),
        (json.dumps({"expectations": [BETWEEN, BETWEEN]}, indent=2), [3, 10]),
        (json.dumps({"expectations": [BETWEEN, BETWEEN]}, indent=2).replace("\n", "\r\n"), [3, 10]),
        # Braces, quotes and the key itself within texts; lists of objects elsewhere; an escaped key.
        (
            """{"meta": {"expectations": [{}, {"x": [{}]}], "y": "{[\\"}\\\\"},
            "name": "expectations",
            "notes": [{"type": "x"}],
            "\\u0065xpectations":

            [
            {"type": "a}{",
             "kwargs": {"value_set": [[{}],
             [1]]}}
            ,

            {"kwargs": {}, "type": "b"}]}""",
            [7, 12],
        ),
    ],
)
def test_each_expectation_knows_its_line(tmp_path: Path, content: str, lines: list[int]) -> None:
    assert [each.line for each in read(tmp_path, content).expectations] == lines


def test_what_is_left_out_has_the_meaning_that_great_expectations_gives_it(tmp_path: Path) -> None:
    suite = read(tmp_path, json.dumps({"expectations": [{"type": "x"}, {"type": "x"}]}))

    assert suite.name == "orders"
    assert [(each.kwargs, each.severity, each.at) for each in suite.expectations] == [
        ({}, Severity.CRITICAL, 0),
        ({}, Severity.CRITICAL, 1),
    ]


def test_integers_keep_all_their_digits(tmp_path: Path) -> None:
    kept = {"column": "a", "value_set": [2**53 + 1, -(2**63), 2**127]}

    (read_,) = read(tmp_path, whole({**BETWEEN, "kwargs": kept})).expectations

    assert read_.kwargs == kept


def test_nan_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="JSON compliant"):
        suites.write(
            tmp_path / "s.json", {"name": "s", "expectations": [{"kwargs": {"value": float("nan")}}]}
        )

    assert list(tmp_path.iterdir()) == []


def test_what_great_expectations_stores_is_read_and_rendered_byte_for_byte(tmp_path: Path) -> None:
    import great_expectations

    gallery: Any = great_expectations.expectations
    context = file_context(tmp_path)
    context.suites.add(
        great_expectations.ExpectationSuite(
            name="orders of ü",
            notes="of the shop",
            meta={"owner": "me"},
            expectations=[
                gallery.ExpectColumnValuesToMatchRegex(
                    column='a "b"\n{', regex='^[{]\\d"}$', mostly=0.5, severity="warning", notes="why"
                ),
                gallery.ExpectColumnValuesToBeInSet(column="n", value_set=[2**53 + 1, "ü", None, 0.1]),
                gallery.ExpectColumnValuesToBeBetween(
                    column="d",
                    min_value={"$PARAMETER": "from"},
                    row_condition='col("a")>1',
                    condition_parser="great_expectations",
                ),
            ],
        )
    )
    path = tmp_path / "gx" / "expectations" / "orders of ü.json"

    suite = suites.read(path)

    assert suite.name == "orders of ü"
    assert [each.severity for each in suite.expectations] == ["warning", "critical", "critical"]
    lines = path.read_text().splitlines()
    assert [lines[each.line - 1].strip() for each in suite.expectations] == ["{"] * 3
    assert suites.render(suite.source) == path.read_bytes()


def test_great_expectations_loads_what_is_written(tmp_path: Path) -> None:
    import great_expectations

    gallery: Any = great_expectations.expectations
    context = file_context(tmp_path)
    path = tmp_path / "gx" / "expectations" / "written.json"
    suites.write(
        path,
        {
            "name": "written",
            "expectations": [
                BETWEEN,
                {**BETWEEN, "severity": "info", "notes": "a guess", "meta": {"from": "a file"}},
                {
                    "type": "expect_column_pair_values_to_be_in_set",
                    "kwargs": {"column_A": "a", "column_B": "ü", "value_pairs_set": [["x", 1]]},
                },
            ],
        },
    )

    loaded = context.suites.get("written")

    assert [each.configuration for each in loaded.expectations] == [
        each.configuration
        for each in (
            gallery.ExpectColumnValuesToBeBetween(column="a", min_value=0),
            gallery.ExpectColumnValuesToBeBetween(column="a", min_value=0, meta={"from": "a file"}),
            gallery.ExpectColumnPairValuesToBeInSet(column_A="a", column_B="ü", value_pairs_set=[["x", 1]]),
        )
    ]
    assert [each.severity for each in loaded.expectations] == ["critical", "info", "critical"]
    assert loaded.expectations[1].notes == "a guess"
    assert suites.render(suites.read(path).source) == path.read_bytes()
