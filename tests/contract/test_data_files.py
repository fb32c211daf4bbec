import os
from pathlib import Path

import pytest

from mltoolkit.contract import data_files
from mltoolkit.contract.data_files import Format
from mltoolkit.errors import InputError


def write(path: Path, data: bytes = b"a\n1\n") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("d.parquet", Format.PARQUET),
        ("d.PARQUET", Format.PARQUET),
        ("d.snappy.parquet", Format.PARQUET),
        ("d.pq", Format.PARQUET),
        ("d.csv", Format.CSV),
        ("D.CSV.GZ", Format.CSV),
        ("d.tsv", Format.CSV),
        ("d.2013.csv.zst", Format.CSV),
        ("[d] *?.csv", Format.CSV),
    ],
)
def test_the_name_says_the_format(tmp_path: Path, name: str, wanted: Format) -> None:
    path = write(tmp_path / name)

    assert data_files.found(path) == (wanted, (path,))


def test_parquet_says_by_itself_what_it_is(tmp_path: Path) -> None:
    assert data_files.found(write(tmp_path / "d", b"PAR1")).format is Format.PARQUET


@pytest.mark.parametrize("name", ["d", "d.txt", "d.gz", "d.json.gz", "d.parquet.gz", "d.xlsx"])
def test_another_name_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match="neither Parquet nor CSV"):
        data_files.found(write(tmp_path / name))


@pytest.mark.parametrize("address", ["http://127.0.0.1:1/d.parquet", "s3://bucket/d.csv", "*.csv", ""])
def test_an_address_or_a_pattern_is_a_file_that_is_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    write(tmp_path / "there" / "d.csv")
    monkeypatch.chdir(tmp_path / "there")
    if not address:
        address = str(tmp_path / "nothing.csv")

    with pytest.raises(InputError, match="no such file"):
        data_files.found(Path(address))


@pytest.mark.parametrize("name", ["d.csv", "d.parquet", "d"])
def test_a_pipe_does_not_block(tmp_path: Path, name: str) -> None:
    os.mkfifo(tmp_path / name)

    with pytest.raises(InputError, match="not a file"):
        data_files.found(tmp_path / name)
    with pytest.raises(InputError, match="not a file"):
        data_files.found(tmp_path)


def test_a_device_is_refused() -> None:
    with pytest.raises(InputError, match="not a file"):
        data_files.found(Path("/dev/zero"))


def test_a_path_with_nul_is_refused() -> None:
    with pytest.raises(InputError, match="NUL"):
        data_files.found(Path("d\0.csv"))


def test_files_of_a_folder_come_sorted_by_path(tmp_path: Path) -> None:
    names = ["b.csv", "a/2.csv", "a/10.csv", "a-z.csv", "c/d/e.csv"]
    for name in names:
        write(tmp_path / name)

    found = data_files.found(tmp_path)

    assert [each.relative_to(tmp_path).as_posix() for each in found.paths] == [
        "a/10.csv",
        "a/2.csv",
        "a-z.csv",
        "b.csv",
        "c/d/e.csv",
    ]


def test_hidden_names_are_no_data(tmp_path: Path) -> None:
    for name in ("d.csv", ".gitignore", "_SUCCESS", "_temporary/x.csv", ".cache/x.csv"):
        write(tmp_path / name)

    assert data_files.found(tmp_path).paths == (tmp_path / "d.csv",)


def test_an_empty_folder_is_no_data(tmp_path: Path) -> None:
    write(tmp_path / "in" / "_SUCCESS")

    with pytest.raises(InputError, match="holds no data files"):
        data_files.found(tmp_path)


def test_a_folder_of_both_formats_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "a.csv")
    write(tmp_path / "b.parquet")

    with pytest.raises(InputError, match=r"b\.parquet: is PARQUET, and a\.csv is CSV"):
        data_files.found(tmp_path)


def test_a_stranger_in_a_folder_is_not_left_out(tmp_path: Path) -> None:
    write(tmp_path / "a.csv")
    write(tmp_path / "README.md")

    with pytest.raises(InputError, match=r"README\.md: is neither"):
        data_files.found(tmp_path)


def test_partitions_are_refused(tmp_path: Path) -> None:
    write(tmp_path / "year=2013" / "a.csv")

    with pytest.raises(InputError, match="'year'"):
        data_files.found(tmp_path)


def test_links_to_files_are_followed_and_links_to_folders_refused(tmp_path: Path) -> None:
    data = write(tmp_path / "elsewhere" / "d.csv")
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "link.csv").symlink_to(data)
    assert data_files.found(folder).paths == (folder / "link.csv",)

    (folder / "more").symlink_to(data.parent)
    with pytest.raises(InputError, match="link to a folder"):
        data_files.found(folder)
