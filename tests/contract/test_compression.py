import bz2
import gzip
import lzma
from pathlib import Path

import pyarrow as pa
import pytest

from mltoolkit.contract.compression import COMPRESSED, unpack
from mltoolkit.errors import InputError, OutsideError

DATA = b"a,b\n" + b"".join(b"%d,%d\n" % (at, at * 7919) for at in range(200_000))


def packed(suffix: str, data: bytes = DATA) -> bytes:
    match COMPRESSED[suffix]:
        case "gzip":
            return gzip.compress(data, mtime=0)
        case "bzip2":
            return bz2.compress(data)
        case "xz":
            return lzma.compress(data, preset=0)
        case _:
            into = pa.BufferOutputStream()
            with pa.CompressedOutputStream(into, "zstd") as out:
                out.write(data)
            made: bytes = into.getvalue().to_pybytes()
            return made


@pytest.mark.parametrize("suffix", COMPRESSED)
def test_a_file_is_unpacked_whole(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"d.csv{suffix.upper()}"
    path.write_bytes(packed(suffix))

    unpack(path, tmp_path / "plain")

    assert (tmp_path / "plain").read_bytes() == DATA


@pytest.mark.parametrize("suffix", COMPRESSED)
def test_files_that_were_joined_are_one(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"d.csv{suffix}"
    path.write_bytes(packed(suffix) + packed(suffix, b"1,2\n"))

    unpack(path, tmp_path / "plain")

    assert (tmp_path / "plain").read_bytes() == DATA + b"1,2\n"


@pytest.mark.parametrize("suffix", COMPRESSED)
@pytest.mark.parametrize("kept", [0.5, 0.99])
def test_half_a_file_is_not_taken_for_all_of_it(tmp_path: Path, suffix: str, kept: float) -> None:
    path = tmp_path / f"d.csv{suffix}"
    whole = packed(suffix)
    path.write_bytes(whole[: int(len(whole) * kept)])

    with pytest.raises(InputError, match="cannot be unpacked with") as caught:
        unpack(path, tmp_path / "plain")

    assert str(path) in str(caught.value)


@pytest.mark.parametrize("suffix", COMPRESSED)
def test_what_is_not_compressed_is_refused(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"d.csv{suffix}"
    path.write_bytes(b"a,b\n1,2\n")

    with pytest.raises(InputError, match="cannot be unpacked with"):
        unpack(path, tmp_path / "plain")


def test_a_wrong_checksum_is_found(tmp_path: Path) -> None:
    path = tmp_path / "d.csv.gz"
    whole = bytearray(packed(".gz"))
    whole[-8:-4] = b"\0\0\0\0"
    path.write_bytes(whole)

    with pytest.raises(InputError, match="CRC"):
        unpack(path, tmp_path / "plain")


def test_a_bomb_does_not_fill_the_disk(tmp_path: Path) -> None:
    path = tmp_path / "d.csv.gz"
    path.write_bytes(packed(".gz", bytes(3 * 2**20)))

    with pytest.raises(OutsideError, match="half of the free disk"):
        unpack(path, tmp_path / "plain", limit=2 * 2**20)

    assert (tmp_path / "plain").stat().st_size <= 2 * 2**20
