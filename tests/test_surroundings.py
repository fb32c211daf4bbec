from pathlib import Path

import pytest

from mltoolkit import surroundings
from mltoolkit.errors import InputError
from mltoolkit.settings import DataSettings, ModelSettings
from mltoolkit.surroundings import Surroundings


def test_a_project_without_contract_and_tests_has_none(tmp_path: Path) -> None:
    assert surroundings.read(tmp_path, tmp_path, ModelSettings(target="y"), judged=None) == Surroundings()


def test_what_the_settings_name_and_nobody_made_is_a_fault(tmp_path: Path) -> None:
    (tmp_path / "suite.json").write_text("{}")
    settings = ModelSettings(
        target="y", tests="report.xml", data=(DataSettings(path="data.csv", suite="suite.json"),)
    )
    found = surroundings.read(tmp_path, tmp_path / "reports", settings, judged=None)

    assert [each.fault for each in found.checks] == ["the data were not checked: run mltoolkit check"]
    assert found.tests is not None
    assert found.tests.fault == "no such file"
    assert found.suites is not None


def test_a_suite_that_is_missing_is_wrong_input(tmp_path: Path) -> None:
    settings = ModelSettings(target="y", data=(DataSettings(path="data.csv", suite="suite.json"),))

    with pytest.raises(InputError, match="no such file"):
        surroundings.read(tmp_path, tmp_path, settings, judged=None)
