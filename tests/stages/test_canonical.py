"""Canonical archives: memory addresses, times and order are gone, and what is unknown is refused."""

import io
import json
import zipfile
from pathlib import Path

import pytest

from mltoolkit.errors import OutsideError
from mltoolkit.stages.canonical import canonicalize, renumbered


def archive(schema: object, members: dict[str, bytes], *, year: int = 2026) -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as made:
        for name, data in {**members, "schema.json": json.dumps(schema).encode()}.items():
            made.writestr(zipfile.ZipInfo(name, date_time=(year, 1, 1, 0, 0, 0)), data)
    return sink.getvalue()


def schema(one: int, other: int) -> dict[str, object]:
    return {
        "content": [
            {"file": f"{one}.npy", "__id__": one},
            {"file": f"{other}.npy", "__id__": other},
            {"__id__": one, "content": "the first again"},
        ]
    }


def test_the_same_objects_at_other_addresses_give_the_same_bytes() -> None:
    here = archive(schema(77, 11), {"77.npy": b"one", "11.npy": b"other"})
    there = archive(schema(500, 9000), {"9000.npy": b"other", "500.npy": b"one"}, year=2027)
    assert renumbered(here) == renumbered(there)
    with zipfile.ZipFile(io.BytesIO(renumbered(here))) as made:
        assert made.namelist() == ["1.npy", "2.npy", "schema.json"]
        assert made.read("1.npy") == b"one"
        assert json.loads(made.read("schema.json")) == schema(1, 2)
    assert renumbered(renumbered(here)) == renumbered(here)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"not a zip", "is not an archive of skops"),
        (archive(schema(1, 2), {"1.npy": b"", "2.npy": b"", "3.npy": b""}), "has 3 members"),
        (archive({"file": "name.npy"}, {"name.npy": b""}), "names its arrays in a way"),
    ],
)
def test_an_archive_of_another_make_is_refused(data: bytes, message: str) -> None:
    with pytest.raises(OutsideError, match=message):
        renumbered(data)


def test_a_model_of_a_run_is_refused(tmp_path: Path) -> None:
    (tmp_path / "model.skops").write_bytes(archive({}, {}))
    for name in ("python_env.yaml", "conda.yaml"):
        (tmp_path / name).write_text("")
    (tmp_path / "MLmodel").write_text("run_id: abc\n")
    with pytest.raises(OutsideError, match="names a run"):
        canonicalize(tmp_path)
    (tmp_path / "MLmodel").write_text("utc_time_created: now\n")
    with pytest.raises(OutsideError, match="names model_size_bytes 0 times"):
        canonicalize(tmp_path)
