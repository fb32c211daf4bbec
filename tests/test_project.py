from pathlib import Path

import pytest

from mltoolkit import project
from mltoolkit.errors import InputError


def test_a_project_knows_its_folders(toy: Path) -> None:
    here = project.load(toy)

    assert here.state == toy / ".mltoolkit"
    assert here.reports("toy") == toy / "reports" / "toy"
    assert here.endpoint("local")[0] == "toy"


def test_an_unknown_endpoint_is_an_error_that_names_the_known_ones(toy: Path) -> None:
    with pytest.raises(InputError, match="did you mean `local`"):
        project.load(toy).endpoint("locale")


def test_a_folder_without_params_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="--project"):
        project.load(tmp_path)


def test_params_in_another_encoding_are_refused(tmp_path: Path) -> None:
    (tmp_path / "params.yaml").write_bytes("mltoolkit: ü".encode("latin-1"))

    with pytest.raises(InputError, match="not UTF-8"):
        project.load(tmp_path)
