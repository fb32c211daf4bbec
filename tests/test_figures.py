from pathlib import Path

import pytest

from mltoolkit import figures
from mltoolkit.errors import CannotTellError


def test_numbers_have_dotted_keys(tmp_path: Path) -> None:
    (tmp_path / "metrics.json").write_text('{"profit": 12, "test": {"mae": 0.5, "by": {"day": -1e-3}}}')
    found = figures.read(tmp_path, "metrics.json", "champion")

    assert [(each.metric, each.of, each.value) for each in found] == [
        ("file:profit", "champion", 12.0),
        ("file:test.mae", "champion", 0.5),
        ("file:test.by.day", "champion", -0.001),
    ]


DEEP = '{"a": ' * 9 + "1" + "}" * 9


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b'{"profit": NaN}', "NaN is not a finite number"),
        (b'{"profit": -Infinity}', "not a finite number"),
        (b'{"profit": 1e999}', "not a finite number"),
        (b'{"profit": 9007199254740993}', "beyond"),
        (b'{"profit": null}', "None is not a number"),
        (b'{"profit": "1"}', "'1' is not a number"),
        (b'{"profit": true}', "True is not a number"),
        (b'{"profit": [1]}', "is not a number"),
        (b'{"profit": 1, "profit": 2}', "duplicate key"),
        (b'{"a": {"b": 1}, "a.b": 2}', "is there twice"),
        (b'{"schema": "other/2", "profit": 1}', "'other/2' is not a number"),
        (b"[1]", "must be a mapping"),
        (b"1", "must be a mapping"),
        (b"", "not JSON"),
        (b"{}", "holds no number"),
        (b'{"a": {}}', "holds no number"),
        (b'{"profit": 1} x', "not JSON"),
        (b'\xef\xbb\xbf{"profit": 1}', "byte order mark"),
        ('{"profit": 1}'.encode("utf-16"), "."),
        (b'{"profit\xff": 1}', "UTF-8"),
        (b'{"a": {"t\\npromote: all is well": 1}}', r"the name 't\\npromote: all is well' has a line break"),
        (b'{"\\u001b[2J": 1}', "control characters"),
        (DEEP.encode(), "nested deeper than 8"),
        (b'{"a":' * 100_000, "nested too deep"),
        (b"{" + b",".join(b'"k%d": 1' % at for at in range(1001)) + b"}", "more than 1,000"),
    ],
    ids=range(25),
)
def test_anything_but_finite_numbers_cannot_tell(tmp_path: Path, content: bytes, said: str) -> None:
    (tmp_path / "metrics.json").write_bytes(content)

    with pytest.raises(CannotTellError, match=said) as caught:
        figures.read(tmp_path, "metrics.json", "challenger")

    assert caught.value.where is not None
    assert caught.value.where.path == "metrics.json"


def test_a_missing_or_a_large_file_cannot_tell(tmp_path: Path) -> None:
    with pytest.raises(CannotTellError, match="no such file"):
        figures.read(tmp_path, "metrics.json", "challenger")
    (tmp_path / "metrics.json").write_bytes(b" " * (10 * 2**20 + 1))
    with pytest.raises(CannotTellError, match="larger than"):
        figures.read(tmp_path, "metrics.json", "challenger")
    with pytest.raises(CannotTellError, match="larger than"):
        figures.parse(b" " * (10 * 2**20 + 1), "metrics.json", "challenger")


def test_a_wrong_number_is_named_by_its_key() -> None:
    with pytest.raises(CannotTellError) as caught:
        figures.parse(b'{"test": {"mae": "low"}}', "metrics.json", "challenger")

    assert str(caught.value.where) == "metrics.json: test.mae"
