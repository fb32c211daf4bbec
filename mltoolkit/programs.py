"""Programs of the project's own that answer a rule: run in bounded time, and read strictly.

A program prints one JSON object: ``{"answer": "pass", "reason": "in a sentence", "value": 1.2}``, the value
only where it has one. Whatever else it does is a fault, and the rule cannot tell. What it left running is
ended with it. How much memory it takes itself is not bounded.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

import msgspec

from mltoolkit import files, proc, terminal
from mltoolkit.errors import CannotTellError, Location, OutsideError
from mltoolkit.evidence import Finite, ProgramRun
from mltoolkit.rules.base import Rule
from mltoolkit.rules.custom import Custom
from mltoolkit.statistics.answers import rounded

LIMIT = 64 * 2**10
"""Bytes of an answer."""

_SHOWN = 500
"""Characters of a program's words that a fault shows."""


class _Said(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a program prints."""

    answer: Literal["pass", "fail", "unknown"]
    reason: str
    value: Finite | None = None


def run(rules: Sequence[Rule], root: Path, environment: Mapping[str, str]) -> tuple[ProgramRun, ...]:
    """Run the program of every custom rule, one after the other.

    Each gets an environment without secrets, the project's folder to run in, and paths to look at.

    Args:
        rules: The project's rules.
        root: The project's folder.
        environment: What there is to look at.
    """
    asked = {(rule.name, rule.command): rule for rule in rules if isinstance(rule, Custom)}
    return tuple(_run(rule, root, environment) for rule in asked.values())


def _run(rule: Custom, root: Path, environment: Mapping[str, str]) -> ProgramRun:
    try:
        done = proc.run(
            rule.command,
            cwd=root.resolve(),
            env=proc.clean_environment(environment),
            timeout=rule.seconds,
            limit=LIMIT,
            kept=True,
        )
        said = _read(done)
    except (CannotTellError, OutsideError) as error:
        return ProgramRun(name=rule.name, command=rule.command, fault=terminal.line(error.what))
    return ProgramRun(
        name=rule.name,
        command=rule.command,
        answer=said.answer,
        reason=terminal.line(said.reason),
        value=None if said.value is None else rounded(said.value),
    )


def _read(done: proc.Completed) -> _Said:
    data = done.out
    if done.code:
        raise CannotTellError(f"it ended with {done.code}: {done.tail()[-_SHOWN:] or 'and said nothing'}")
    where = Location(path="standard output")
    try:
        plain = files.parse_json(data, where, error=CannotTellError)
        said = msgspec.convert(plain, _Said, strict=True)
    except CannotTellError as error:
        raise CannotTellError(f"what it printed is {error.what}: {_shown(data)}") from error
    except msgspec.ValidationError as error:
        raise CannotTellError(f"what it printed is no answer: {error}: {_shown(data)}") from error
    if not said.reason.strip():
        raise CannotTellError("it gave no reason")
    return said


def _shown(data: bytes) -> str:
    return repr(data[:_SHOWN].decode(errors="replace").strip())
