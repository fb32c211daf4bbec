"""The command line: parse, call one command, print what it returns."""

import argparse
import importlib
import io
import json
import os
import re
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from types import FrameType, ModuleType
from typing import TYPE_CHECKING, NoReturn

from mltoolkit import __version__, terminal
from mltoolkit.errors import INTERNAL_ERROR, InputError, MltoolkitError, OutsideError, of_disk

if TYPE_CHECKING:
    from mltoolkit.commands import Result

COMMANDS = {
    "check": "the data contract holds",
    "evaluate": "what was measured, on which rows, with provenance",
    "gate": "promote, reject, or cannot tell",
    "report": "the same for people, in Markdown",
    "approve": 'a person answers "cannot tell", and never "no": who, when, why',
    "register": "a model version with its digest and verdict in the MLflow registry",
    "deploy": "a release onto an endpoint",
    "endpoints": "list, describe, url, logs, history, predict, start, stop, delete",
    "demo": "the whole story on real data, in one minute",
}
"""Every command with its one line of help; the module of the same name is imported when it is run."""

_ISSUES = "https://github.com/mltoolkit/mltoolkit/issues"


class Parser(argparse.ArgumentParser):
    """A parser whose refusals are errors like all others, in JSON where that is asked for."""

    def error(self, message: str) -> NoReturn:
        """Refuse the words of the command line."""
        raise InputError(message, hint=f"{self.format_usage().strip()}; see {self.prog} --help")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    signal.signal(signal.SIGTERM, _terminate)
    if signal.getsignal(signal.SIGHUP) is signal.SIG_DFL:  # `nohup` ignores it on purpose
        signal.signal(signal.SIGHUP, _terminate)
    for stream in (sys.stdout, sys.stderr):
        # A name that the terminal cannot show is no reason to end without an answer.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    words = list(sys.argv[1:] if argv is None else argv)
    as_json = "--json" in words
    try:
        result = _run(words)
        code, value = result.code, result.value
        said = _json(value) if as_json else _told(result)
    except MltoolkitError as error:
        code, said = error.exit_code, _failure(as_json, f"error: {error}", error.exit_code, _plain(error))
    except KeyboardInterrupt:
        code = 128 + signal.SIGINT
        said = _failure(as_json, "interrupted", code, {"kind": "Interrupted", "what": "interrupted"})
    except Exception as error:  # noqa: BLE001 - the last door: whatever comes here is our bug
        import traceback

        traceback.print_exc()
        code = INTERNAL_ERROR
        what = f"this is a bug of mltoolkit {__version__}; please report it: {_ISSUES}"
        said = _failure(as_json, what, code, {"kind": "Bug", "what": f"{type(error).__name__}: {error}"})
    try:
        if said:
            print(said, flush=True)
    except OSError as error:
        if not isinstance(error, BrokenPipeError):
            # A full disk: nobody read the answer, so that its code must not be taken for one.
            print(f"error: standard output: {error.strerror}", file=sys.stderr)
            code = OutsideError.exit_code
        # The reader of our output left (`| head`); that is its right, and no part of the answer.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return code


def _run(words: list[str]) -> "Result":
    name = next((word for word in words if word in COMMANDS), None)
    parser, modules = _parser(name)
    arguments = parser.parse_args(words)
    if arguments.command is None:
        parser.print_help()
        parser.exit()
    try:
        result: Result = modules[arguments.command].run(arguments)
    except OSError as error:
        # A disk that is full may say so anywhere, in packages of others too.
        if (fault := of_disk(error)) is None:
            raise
        raise fault from error
    return result


def _failure(as_json: bool, line: str, code: int, error: dict[str, object]) -> str:  # noqa: FBT001 - one caller
    """Return what standard output gets of a failure; a person reads it on standard error."""
    if as_json:
        return _json({"error": error, "exit": code})
    print(_quiet(line), file=sys.stderr)
    return ""


def _json(value: object) -> str:
    return terminal.plain_json(json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False))


def _told(result: "Result") -> str:
    """Return a result for a person, and for GitHub where there is something to show beside a line."""
    if not result.annotations:
        return _quiet(result.text)
    from mltoolkit import github

    return "\n".join([_quiet(result.text), *map(github.command, result.annotations)])


def _quiet(text: str) -> str:
    """Return text in which neither a terminal nor a workflow's runner finds a command: names may be anybody's.

    The runner reads a line that begins with ``::``, after spaces too, and ``##[`` anywhere in a line.
    """
    text = terminal.plain(text)
    if os.environ.get("GITHUB_ACTIONS") != "true":
        return text
    return re.sub(r"(^|[\r\n])(\s*)::", r"\1\2: :", text).replace("##[", "# #[")


def _parser(name: str | None) -> tuple[Parser, dict[str, ModuleType]]:
    """Build the parser; only the named command's module is imported and knows its arguments."""
    parser = Parser(
        prog="mltoolkit",
        description="From a commit to a trustworthy model in production: evidence, verdict, rollout.",
        epilog="exit codes: 0 yes, 1 no, 2 wrong input, 3 cannot tell, 4 the outside world failed, "
        "5 rolled back, 6 lost the lock, 70 our bug",
    )
    parser.add_argument("--version", action="version", version=f"mltoolkit {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", title="commands")
    modules: dict[str, ModuleType] = {}
    for each, line in COMMANDS.items():
        command = commands.add_parser(each, help=line, description=line)
        if each != name:
            continue
        modules[each] = importlib.import_module(f"mltoolkit.commands.{each}")
        modules[each].configure(command)
        command.add_argument("--json", action="store_true", help="print one JSON object and nothing else")
        command.add_argument(
            "--project",
            type=Path,
            default=Path(),
            metavar="DIR",
            help="the folder with params.yaml (default: here)",
        )
    return parser, modules


def _plain(error: MltoolkitError) -> dict[str, object]:
    where = error.where
    return {
        "kind": type(error).__name__.removesuffix("Error"),
        "what": error.what,
        "path": None if where is None else where.path,
        "line": None if where is None else where.line,
        "key": None if where is None else where.key,
        "hint": error.hint,
    }


def _terminate(_number: int, _frame: FrameType | None) -> NoReturn:
    """Unwind on SIGTERM and SIGHUP as on Ctrl-C, so that what we started is stopped."""
    raise KeyboardInterrupt
