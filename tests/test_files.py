import errno
import hashlib
import json
import os
from pathlib import Path
from typing import Literal

import msgspec
import pytest

from mltoolkit import files
from mltoolkit.errors import CannotTellError, InputError, Location, MltoolkitError, OutsideError


class Sample(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    schema: Literal["sample/1"] = "sample/1"
    value: float


def test_digests_are_sha256_of_the_content(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"content")

    assert files.digest_file(path) == f"sha256:{hashlib.sha256(b'content').hexdigest()}"
    assert files.digest_bytes(b"content") == files.digest_file(path)
    assert files.short(files.digest_file(path)) == hashlib.sha256(b"content").hexdigest()[:12]


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    path = tmp_path / "new" / "sample.json"
    files.write_bytes(path, files.dump_json(Sample(value=0.1)))

    assert files.load(path, Sample) == Sample(value=0.1)
    assert path.stat().st_mode & 0o777 == 0o644


def test_a_failed_write_leaves_the_old_file_and_nothing_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")

    def full(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OutsideError, match="No space left on device"):
        files.write_bytes(path, b"new")

    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        (errno.EROFS, OutsideError),
        (errno.EDQUOT, OutsideError),
        (errno.EIO, OutsideError),
        (errno.EACCES, InputError),
        (errno.ENOTDIR, InputError),
    ],
)
def test_a_disk_that_takes_nothing_is_the_outside_s_and_what_may_not_be_written_is_a_person_s(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, kind: type[MltoolkitError]
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", refuse)
    monkeypatch.setattr(Path, "unlink", refuse)
    with pytest.raises(MltoolkitError, match=os.strerror(number)) as written:
        files.write_bytes(tmp_path / "file", b"new")
    with pytest.raises(MltoolkitError, match=os.strerror(number)) as removed:
        files.remove(tmp_path / "file")
    for caught in (written.value, removed.value):
        assert type(caught) is kind
        assert caught.where is not None
        assert caught.where.path == str(tmp_path / "file")


def test_values_that_are_not_finite_are_not_written() -> None:
    with pytest.raises(ValueError, match="JSON compliant"):
        files.dump_json({"auc": float("nan")})


@pytest.mark.parametrize(
    ("data", "what", "line"),
    [
        (b'{\n"auc": NaN}', "NaN is not a finite number", 2),
        (b'{"auc": Infinity}', "Infinity is not a finite number", 1),
        (b'{"auc": 1e400}', "1e400 is not a finite number", 1),
        (b'{"n": 9007199254740993}', "beyond 2\\^53", 1),
        (b'{"n": 123456789012345678901234567890}', "beyond 2\\^53", 1),
        (b'{"a": 1,\n"a": 2}', "duplicate key", 1),
        (b'{"a": 1} trailing', "not JSON: Extra data", 1),
        (b'{"a": 1', "not JSON", 1),
        (b"", "not JSON", 1),
        (b'\xef\xbb\xbf{"a": 1}', "byte order mark", None),
        ('{"a": 1}'.encode("utf-16"), "not UTF-8", None),
        (b'{"a": "\xff"}', "not UTF-8", None),
        (b"[" * 100_000, "nested too deep", None),
    ],
)
def test_json_that_other_readers_let_through_is_refused(data: bytes, what: str, line: int | None) -> None:
    with pytest.raises(CannotTellError, match=what) as caught:
        files.parse_json(data, Location(path="metrics.json"), error=CannotTellError)

    assert caught.value.where is not None
    assert caught.value.where.path == "metrics.json"
    assert caught.value.where.line == line


@pytest.mark.parametrize(
    ("content", "what"),
    [
        ('{"schema": "sample/2", "value": 1.0}', "schema is 'sample/2'"),
        ('{"value": 1.0}', "schema is None"),
        ("[1, 2]", "schema is None"),
        ('{"schema": "sample/1", "value": "1.0"}', "not usable"),
        ('{"schema": "sample/1", "value": true}', "not usable"),
        ('{"schema": "sample/1", "value": null}', "not usable"),
        ('{"schema": "sample/1"}', "not usable"),
        ('{"schema": "sample/1", "value": 1, "more": 2}', "not usable"),
    ],
)
def test_files_of_another_schema_or_with_other_values_are_refused(
    tmp_path: Path, content: str, what: str
) -> None:
    path = tmp_path / "sample.json"
    path.write_text(content)

    with pytest.raises(CannotTellError, match=what):
        files.load(path, Sample, error=CannotTellError)


def test_missing_evidence_cannot_tell_and_a_missing_input_is_wrong(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        files.load(tmp_path / "none.json", Sample)
    with pytest.raises(CannotTellError, match="no such file"):
        files.load(tmp_path / "none.json", Sample, error=CannotTellError)


def test_a_folder_is_not_a_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not a file"):
        files.read_bytes(tmp_path)


def test_a_file_over_the_limit_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "large"
    path.write_bytes(b"x" * 11)

    with pytest.raises(InputError, match="larger than 10 bytes"):
        files.read_bytes(path, limit=10)


def test_a_manifest_names_every_file_in_order(tmp_path: Path) -> None:
    for name in ("b/two", "a", "b/one"):
        files.write_bytes(tmp_path / name, name.encode())

    assert list(files.manifest(tmp_path)) == ["a", "b/one", "b/two"]


def test_a_manifest_changes_with_content_and_with_names(tmp_path: Path) -> None:
    files.write_bytes(tmp_path / "one" / "f", b"1")
    files.write_bytes(tmp_path / "two" / "f", b"2")
    files.write_bytes(tmp_path / "three" / "g", b"1")

    manifests = [json.dumps(files.manifest(tmp_path / name)) for name in ("one", "two", "three")]

    assert len(set(manifests)) == 3


@pytest.mark.parametrize("prepare", ["link", "fifo", "empty", "missing", "file"])
def test_a_folder_with_links_or_nothing_in_it_has_no_manifest(tmp_path: Path, prepare: str) -> None:
    root = tmp_path / "root"
    if prepare in {"link", "fifo", "empty"}:
        root.mkdir()
    if prepare == "link":
        (root / "link").symlink_to("/etc/hostname")
    if prepare == "fifo":
        os.mkfifo(root / "fifo")
    if prepare == "file":
        root.write_text("")

    with pytest.raises(MltoolkitError):
        files.manifest(root)


def test_an_ignored_folder_is_invisible_to_git(repository: Path, git: object) -> None:
    files.ignored_folder(repository / "work")
    (repository / "work" / "file").write_text("")

    assert callable(git)
    assert git(repository, "status", "--porcelain") == ""


def test_what_dvc_calls_a_file_is_its_md5_and_of_nothing_it_is_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"content")

    assert (
        files.digest_as_dvc(tmp_path / "file") == hashlib.md5(b"content", usedforsecurity=False).hexdigest()
    )
    assert str(files.digest_as_dvc(tmp_path)).endswith(".dir")
    assert files.digest_as_dvc(tmp_path / "none") is None
