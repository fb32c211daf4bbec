"""What ``mltoolkit check`` found of a model's data, and whether it is still about the data as they are."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

import msgspec

from mltoolkit import files
from mltoolkit.checks import Check, ContractFinding, Outcome
from mltoolkit.errors import CannotTellError, InputError
from mltoolkit.evidence import Checked
from mltoolkit.settings import ModelSettings

_AGAIN = "run mltoolkit check again"
_BROKEN = 20
"""Broken rules that evidence tells; the rest are in the file."""


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of one part of the contract.

    Attributes:
        what: ``data`` for the data contract, ``splits`` for leakage.
        check: What was found; None where nothing was checked.
        digest: Of the file with it.
        remarks: Why that says nothing, or not all, about the data as they are now. Sentences without an end.
    """

    what: Literal["data", "splits"]
    check: Check | None = None
    digest: str | None = None
    remarks: tuple[str, ...] = ()

    def checked(self) -> Checked:
        """Return it as evidence: any remark is a fault, since then nothing is known of these data."""
        found = sorted(() if self.check is None else self.check.findings, key=lambda each: each.rank)
        return Checked(
            what=self.what,
            digest=self.digest,
            met=sum(each.outcome is Outcome.MET for each in found),
            asked=len(found),
            broken=tuple(_sentence(each) for each in found if each.blocks)[:_BROKEN],
            fault="; ".join(self.remarks) or None,
        )


def read(root: Path, reports: Path, settings: ModelSettings, *, judged: str | None) -> tuple[Known, ...]:
    """Return what is known of the data contract and of leakage, as far as the settings ask.

    Args:
        root: The project's folder.
        reports: The model's folder with what was checked.
        settings: The model's section.
        judged: Digest of the evaluation rows; None where there are none.

    Raises:
        CannotTellError: A result of a check is damaged.
    """
    return tuple(known() for _, known in _parts(root, reports, settings, judged))


def evidence(
    root: Path, reports: Path, settings: ModelSettings, *, judged: str | None
) -> tuple[Checked, ...]:
    """Return the same as evidence: a damaged result is a fault.

    Args:
        root: The project's folder.
        reports: The model's folder with what was checked.
        settings: The model's section.
        judged: Digest of the evaluation rows; None where there are none.
    """
    found = []
    for what, known in _parts(root, reports, settings, judged):
        try:
            found.append(known().checked())
        except CannotTellError as error:
            found.append(Checked(what=what, fault=f"the result of the check is damaged: {error.what}"))
    return tuple(found)


def _parts(
    root: Path, reports: Path, settings: ModelSettings, judged: str | None
) -> Iterator[tuple[Literal["data", "splits"], Callable[[], Known]]]:
    """Yield each part of the contract that the settings ask for, with what reads it: one may be damaged alone."""
    if settings.data:
        yield "data", lambda: _data(root, reports / "check.json", settings)
    if settings.splits is not None:
        yield "splits", lambda: _splits(root, reports / "splits.json", judged)


def suites(root: Path, settings: ModelSettings) -> str | None:
    """Return one digest for the content of all expectation suites; None where the settings name none.

    Args:
        root: The project's folder.
        settings: The model's section.

    Raises:
        InputError: A suite is missing.
    """
    named = sorted({data.suite for data in settings.data})
    return digest_suites({name: files.read_bytes(root / name) for name in named})


def digest_suites(contents: dict[str, bytes]) -> str | None:
    """Return one digest for suites by their paths; None where there are none.

    Args:
        contents: Of each file, by its path relative to the project's folder.
    """
    if not contents:
        return None
    return files.digest_bytes(
        files.dump_json({name: files.digest_bytes(contents[name]) for name in sorted(contents)})
    )


def _data(root: Path, path: Path, settings: ModelSettings) -> Known:
    if not path.exists():
        return Known(what="data", remarks=("the data were not checked: run mltoolkit check",))
    check = files.load(path, Check, error=CannotTellError)
    remarks = [f"{name} was not checked" for name in check.left_out]
    held = {each.path for each in check.files}
    remarks += [
        f"{data.path} was not checked"
        for data in settings.data
        if data.path not in held and data.path not in check.left_out
    ]
    for each in check.files:
        remarks += _other(root, each.path, each.digest)
        remarks += _other(root, each.suite, each.suite_digest, "suite that it was checked with")
    return Known(what="data", check=check, digest=files.digest_file(path), remarks=tuple(remarks))


def _splits(root: Path, path: Path, judged: str | None) -> Known:
    if not path.exists():
        return Known(what="splits", remarks=("the splits were not checked: run mltoolkit check",))
    check = files.load(path, Check, error=CannotTellError)
    splits = check.splits
    if splits is None:
        return Known(what="splits", check=check, remarks=(f"the splits were not checked: {_AGAIN}",))
    remarks = _other(root, splits.train, splits.train_digest)
    if splits.evaluation_digest != judged:
        remarks.append(
            f"{splits.evaluation} was judged as it is not now, or checked as it was not then:"
            " run mltoolkit check and mltoolkit evaluate again"
        )
    return Known(what="splits", check=check, digest=files.digest_file(path), remarks=tuple(remarks))


def _sentence(finding: ContractFinding) -> str:
    about = f" ({', '.join(finding.columns)})" if finding.columns else ""
    return f"{finding.rule}{about}: {finding.reason}"


def _other(root: Path, name: str, digest: str, what: str = "file that was checked") -> list[str]:
    try:
        same = files.digest_path(root / name) == digest
    except InputError as error:
        return [f"{name} cannot be compared with the {what}: {error.what}"]
    return [] if same else [f"{name} is not the {what}: {_AGAIN}"]
