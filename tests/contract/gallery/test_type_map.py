from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mltoolkit.contract.gallery import type_map
from tests.contract.differential import COLUMNS, CONDITIONS, MOSTLY, Differ, Held, cases, expectation, tables
from tests.contract.kinds import KINDS, wide

pytestmark = pytest.mark.filterwarnings(
    "ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning", "ignore::RuntimeWarning"
)

COLUMN = st.sampled_from([*COLUMNS, "missing"])
LIKELY = ["int", "int64", "Int64Dtype", "float", "str", "bool", "BooleanDtype", "datetime64[ns]", "int16"]
NAMES = [
    *LIKELY,
    *(
        f"{start}{bits}"
        for start in ("int", "uint", "Int", "UInt", "float", "Float")
        for bits in (8, 16, 32, 64)
    ),
    *(f"{start}Int{bits}Dtype" for start in ("", "U") for bits in (8, 16, 32, 64)),
    *(
        "int_",
        "long",
        "i8",
        "f8",
        "double",
        "bool_",
        "string_types",
        "datetime64",
        "datetime64[us]",
        "M8[ns]",
    ),
    *(
        "string",
        "object",
        "O",
        "object_",
        "boolean",
        "StringDtype",
        "Timestamp",
        "date",
        "datetime",
        "STRING",
    ),
    *("INTEGER", "VARCHAR", "None", "bytes", "unicode", "integer", "number", "category", "DatetimeTZDtype"),
]
OF_TYPE, IN_LIST = "expect_column_values_to_be_of_type", "expect_column_values_to_be_in_type_list"


@st.composite
def typed(draw: st.DrawFn, columns: st.SearchStrategy[str] = COLUMN) -> dict[str, Any]:
    kind = draw(st.sampled_from(sorted(type_map.COMPILED)))
    name = st.one_of(st.sampled_from(LIKELY), st.sampled_from(NAMES))
    arguments: dict[str, Any] = {"type_": draw(name)}
    if kind.endswith("list"):
        arguments = {"type_list": draw(st.lists(name, max_size=4))}
    return expectation(
        kind,
        column=draw(columns),
        mostly=draw(MOSTLY),
        row_condition=draw(CONDITIONS),
        **arguments,
    )


@cases(3000)
@given(table=tables(), suite=st.lists(typed(), min_size=1, max_size=6))
def test_equal_to_great_expectations(differ: Differ, table: pa.Table, suite: list[dict[str, Any]]) -> None:
    differ(table, suite)


@cases(1000)
@given(table=wide(), suite=st.lists(typed(st.sampled_from(list(KINDS))), min_size=1, max_size=6))
def test_other_kinds_of_columns_are_equal_too(
    differ: Differ, table: pa.Table, suite: list[dict[str, Any]]
) -> None:
    differ(table, suite)


def test_each_type_is_compared(differ: Differ) -> None:
    before = differ.compared.copy()

    differ(
        pa.table({"a": [1, 2]}),
        [
            expectation(OF_TYPE, column="a", type_="int64"),
            expectation(IN_LIST, column="a", type_list=["int64"]),
        ],
    )

    assert set(differ.compared - before) == set(type_map.COMPILED)


def test_every_name_is_read_as_great_expectations_reads_it(differ: Differ) -> None:
    table = pa.table(
        {
            "a": [1, 2],
            "b": pa.array([1, None]),
            "c": pa.array([1, None], pa.uint8()),
            "d": pa.array([1.5, None], pa.float32()),
            "e": [1.5, 2.5],
            "f": ["x", None],
            "g": [True, False],
            "h": [True, None],
            "i": pa.array([0, None], pa.timestamp("us")),
            "j": pa.array([-300_000, 0], pa.date32()),
        }
    )
    for name in table.column_names:
        differ(table, [expectation(OF_TYPE, column=name, type_=each) for each in NAMES])
        differ(table, [expectation(IN_LIST, column=name, type_list=[each]) for each in NAMES])


@pytest.mark.parametrize(
    ("kind", "arguments"),
    [
        (OF_TYPE, {"type_": "int64[pyarrow]"}),
        (OF_TYPE, {"type_": 5}),
        (OF_TYPE, {}),
        (OF_TYPE, {"type_": "int", "mostly": 2}),
        (OF_TYPE, {"type_": "int", "row_condition": "a >"}),
        (IN_LIST, {"type_list": "int"}),
        (IN_LIST, {"type_list": ["int", 5]}),
        (IN_LIST, {"type_list": None}),
    ],
)
def test_what_great_expectations_itself_must_answer(held: Held, kind: str, arguments: dict[str, Any]) -> None:
    each = expectation(kind, column="a")
    each["kwargs"] |= arguments

    assert held(pa.table({"a": [1, 2]}), [each]) == [None]


def test_columns_of_objects_are_left_to_great_expectations(held: Held) -> None:
    assert held(pa.table({"a": [[1], [2]]}), [expectation(OF_TYPE, column="a", type_="list")]) == [None]
