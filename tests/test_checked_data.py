import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mltoolkit import checked_data, files
from mltoolkit.errors import CannotTellError, InputError
from mltoolkit.evidence import Checked
from mltoolkit.settings import DataSettings, ModelSettings, SplitSettings

Call = Callable[..., Any]

SUITE = {
    "name": "s",
    "meta": {},
    "expectations": [
        {"type": "expect_column_max_to_be_between", "kwargs": {"column": "a", "max_value": 2}}
    ],
}  # fmt: skip
SETTINGS = ModelSettings(
    target="target",
    data=(DataSettings(path="data.csv", suite="suite.json"),),
    splits=SplitSettings(train="data.csv", evaluation="other.csv", id="row_id"),
)


@pytest.fixture
def checked(cli: Call, tmp_path: Path) -> Path:
    """A project whose data and splits were checked and are as they should be."""
    root = tmp_path / "project"
    root.mkdir()
    (root / "params.yaml").write_text(
        "mltoolkit:\n  models:\n    toy:\n      target: target\n"
        "      data: [{path: data.csv, suite: suite.json}]\n"
        "      splits: {train: data.csv, evaluation: other.csv, id: row_id}\n"
    )
    (root / "data.csv").write_text("row_id,a,target\nz1,1,0\nz2,2,1\n")
    (root / "other.csv").write_text("row_id,a,target\nz3,1,0\nz4,2,1\n")
    (root / "suite.json").write_text(json.dumps(SUITE))
    cli("check", "--project", root)
    return root


def known(root: Path, settings: ModelSettings = SETTINGS) -> tuple[Checked, ...]:
    judged = files.digest_file(root / "other.csv")
    return checked_data.evidence(root, root / "reports" / "toy", settings, judged=judged)


def test_what_was_checked_is_evidence(checked: Path) -> None:
    data, splits = known(checked)

    assert (data.what, data.broken, data.fault) == ("data", (), None)
    assert data.met == data.asked > 1
    assert data.digest == files.digest_file(checked / "reports" / "toy" / "check.json")
    assert (splits.what, splits.fault) == ("splits", None)
    assert splits.asked > 1


def test_what_is_broken_is_told_in_sentences(checked: Path, cli: Call) -> None:
    (checked / "data.csv").write_text("row_id,a,target\nz1,1,0\nz2,9,1\n")
    cli("check", "--project", checked)
    data, _ = known(checked)

    assert data.met == data.asked - 1
    assert data.fault is None
    (broken,) = data.broken
    assert broken.startswith("expect_column_max_to_be_between (a): ")


def test_what_changed_since_is_a_fault(checked: Path) -> None:
    (checked / "data.csv").write_text("row_id,a,target\nz1,1,0\n")
    data, splits = known(checked)

    assert (
        data.fault == splits.fault == "data.csv is not the file that was checked: run mltoolkit check again"
    )


def test_another_suite_is_a_fault(checked: Path) -> None:
    (checked / "suite.json").write_text(json.dumps(SUITE | {"expectations": []}))
    data, splits = known(checked)

    assert data.fault == "suite.json is not the suite that it was checked with: run mltoolkit check again"
    assert splits.fault is None


def test_data_that_are_gone_are_a_fault(checked: Path) -> None:
    (checked / "data.csv").unlink()
    data, _ = known(checked)

    assert data.fault == "data.csv cannot be compared with the file that was checked: no such file"


def test_data_that_joined_the_contract_since_are_a_fault(checked: Path) -> None:
    more = (*SETTINGS.data, DataSettings(path="more.csv", suite="suite.json"))
    data, _ = known(checked, ModelSettings(target="target", data=more, splits=SETTINGS.splits))

    assert data.fault == "more.csv was not checked"


def test_other_evaluation_rows_are_a_fault(checked: Path) -> None:
    (checked / "other.csv").write_text("row_id,a,target\nz5,1,0\n")
    _, splits = known(checked)

    assert splits.fault is not None
    assert splits.fault.startswith("other.csv was judged as it is not now")


def test_what_was_never_checked_is_a_fault_and_what_nobody_asked_is_nothing(checked: Path) -> None:
    for name in ("check.json", "splits.json"):
        (checked / "reports" / "toy" / name).unlink()
    data, splits = known(checked)

    assert data.fault == "the data were not checked: run mltoolkit check"
    assert splits.fault == "the splits were not checked: run mltoolkit check"
    assert known(checked, ModelSettings(target="target")) == ()


def test_a_damaged_result_is_a_fault_of_evidence_and_an_error_of_a_report(checked: Path) -> None:
    (checked / "reports" / "toy" / "check.json").write_text("{}")
    data, splits = known(checked)

    assert data.fault is not None
    assert data.fault.startswith("the result of the check is damaged: schema is None")
    assert splits.fault is None
    with pytest.raises(CannotTellError, match="schema is None"):
        checked_data.read(checked, checked / "reports" / "toy", SETTINGS, judged=None)


def test_suites_have_one_digest_that_follows_their_content(checked: Path) -> None:
    before = checked_data.suites(checked, SETTINGS)
    (checked / "suite.json").write_text(json.dumps(SUITE) + "\n")

    assert before is not None
    assert checked_data.suites(checked, SETTINGS) not in {before, None}
    assert checked_data.suites(checked, ModelSettings(target="target")) is None
    (checked / "suite.json").unlink()
    with pytest.raises(InputError, match="no such file"):
        checked_data.suites(checked, SETTINGS)
