"""A suite proposed from data, beside the suite that a person wrote: nothing of theirs is lost or loosened."""

import difflib
import json
import re
from pathlib import Path
from typing import Any

from mltoolkit import files
from mltoolkit.contract import suites
from mltoolkit.contract.inference import Guess, guesses
from mltoolkit.errors import InputError, Location
from mltoolkit.evidence import Value
from mltoolkit.profile import Profile

_SAME = {
    "expect_table_columns_to_match_ordered_list": "expect_table_columns_to_match_set",
    "expect_column_values_to_be_in_type_list": "expect_column_values_to_be_of_type",
    "expect_column_distinct_values_to_be_in_set": "expect_column_values_to_be_in_set",
    "expect_column_value_lengths_to_equal": "expect_column_value_lengths_to_be_between",
    "expect_column_values_to_match_regex_list": "expect_column_values_to_match_regex",
}
"""Expectations that ask what another one of our guesses asks."""


class Proposal(Value, frozen=True, kw_only=True):
    """A suite that data suggests.

    Attributes:
        path: Where the suite stands, or would.
        suite: What is there, and the guesses that are new.
        text: The same as a file; what a person wrote is kept to the byte.
        diff: From the file that is there; empty where nothing is new.
        added: How many expectations are new.
    """

    path: str
    suite: dict[str, Any]
    text: str
    diff: str
    added: int


def infer(profile: Profile, path: Path) -> Proposal:
    """Propose a suite beside the one that is there, if one is. Nothing is written.

    Args:
        profile: Of the data that is good.
        path: The suite's file, which need not be there.

    Raises:
        InputError: The data has no rows, or the file is not a suite.
    """
    before = ""
    existing: dict[str, Any] | None = None
    if path.exists():
        existing = suites.read(path).source
        before = files.read_bytes(path).decode()
    suite = proposal(profile, existing, name=path.stem)
    known = len(existing["expectations"]) if existing is not None else 0
    new = suite["expectations"][known:]
    text = render(suite) if existing is None else _spliced(before, new, empty=not known)
    return Proposal(
        path=str(path),
        suite=suite,
        text=text,
        diff=diff(before, text, path),
        added=len(new),
    )


def write(made: Proposal) -> None:
    """Write a proposal to its file, whole or not at all.

    Raises:
        InputError: The folder cannot be written.
    """
    files.write_bytes(Path(made.path), made.text.encode())


def proposal(
    profile: Profile, existing: dict[str, Any] | None = None, *, name: str = "suite"
) -> dict[str, Any]:
    """Return a suite in Great Expectations' JSON format: what is there as it is, then guesses that are new.

    A guess is new where no expectation of its kind is there for the same columns and rows.

    Args:
        profile: Of the data that is good.
        existing: A suite as its file has it.
        name: Of the suite, where there is none yet.

    Raises:
        InputError: The data has no rows, so that every guess would be vacuous.
    """
    if not profile.rows:
        raise InputError(
            "has no rows, and from nothing nothing can be guessed",
            where=Location(path=profile.path),
            hint="infer from a file whose data is good",
        )
    if existing is None:
        return {
            "name": name,
            "expectations": guesses(profile),
            "meta": {"great_expectations_version": suites.FORMAT},
            "notes": f"Guesses from {profile.rows:,} rows. Keep what you know to be true, and say why.",
        }
    there = {_question(each) for each in existing["expectations"]}
    new = [each for each in guesses(profile) if _question(each) not in there]
    return {**existing, "expectations": [*existing["expectations"], *new]}


def render(suite: dict[str, Any]) -> str:
    """Return a suite as the text of a file, as Great Expectations' store writes it."""
    return suites.render(suite).decode()


def diff(before: str, after: str, path: Path) -> str:
    """Return what changes in a suite's file, as a unified diff; empty where nothing does."""
    lines = difflib.unified_diff(
        before.splitlines(),
        after.splitlines(),
        str(path) if before else "/dev/null",
        f"{path} (proposed)",
        lineterm="",
    )
    return "".join(f"{line}\n" for line in lines)


def _question(expectation: Guess) -> tuple[str, str, str]:
    kwargs = expectation.get("kwargs") or {}
    kind = str(expectation["type"])
    about = () if kind.startswith("expect_table_") else ("column", "column_A", "column_B", "column_list")
    columns = [kwargs.get(key) for key in about]
    condition = kwargs.get("row_condition")
    return _SAME.get(kind, kind), json.dumps(columns, default=str), json.dumps(condition, default=str)


_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{}]')


def _spliced(before: str, new: list[Guess], *, empty: bool) -> str:
    """Return a suite's text with more expectations at the end of its list, all else as it was."""
    if not new:
        return before
    depth, key, inside, end = 0, "", False, 0
    for token in _TOKEN.finditer(before):
        match token[0]:
            case "[" | "{":
                inside = inside or (token[0] == "[" and depth == 1 and key == '"expectations"')
                depth += 1
            case "]" | "}":
                depth -= 1
                if inside and depth == 1:
                    end = token.start()
                    break
            case text if depth == 1:
                key = text
    head, tail = before[:end].rstrip(), before[end:]
    indent = re.search(r"\n([ \t]+)\S", before)
    step = indent[1] if indent else "  "
    # A file that Great Expectations wrote stays one that it would write.
    keys = list(json.loads(before))
    stored = keys == sorted(keys)
    texts = [json.dumps(each, indent=step, ensure_ascii=stored, sort_keys=stored) for each in new]
    added = ",\n".join("\n".join(f"{step * 2}{line}" for line in text.split("\n")) for text in texts)
    whole = f"{head}{'' if empty else ','}\n{added}\n{step}{tail}"
    return whole.replace("\r\n", "\n").replace("\n", "\r\n") if "\r\n" in before else whole
