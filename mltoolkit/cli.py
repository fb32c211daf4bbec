"""The command line: parse, call one command, print what it returns."""

import argparse
import importlib
import json
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from types import FrameType, ModuleType
from typing import NoReturn

from mltoolkit import __version__
from mltoolkit.errors import INTERNAL_ERROR, MltoolkitError

COMMANDS = {
    "check": "the data contract holds",
    "evaluate": "what was measured, on which rows, with provenance",
    "gate": "promote, reject, or cannot tell",
    "report": "the same for people, in Markdown",
    "register": "a model version with its digest and verdict in the MLflow registry",
    "deploy": "a release onto an endpoint",
    "endpoints": "list, describe, url, logs, history, predict, start, stop, delete",
    "demo": "the whole story on real data, in one minute",
}
"""Every command with its one line of help; the module of the same name is imported when it is run."""

_ISSUES = "https://github.com/mltoolkit/mltoolkit/issues"


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    signal.signal(signal.SIGTERM, _terminate)
    words = list(sys.argv[1:] if argv is None else argv)
    name = next((word for word in words if word in COMMANDS), None)
    parser, modules = _parser(name)
    arguments = parser.parse_args(words)
    if arguments.command is None:
        parser.print_help()
        return 0
    try:
        result = modules[arguments.command].run(arguments)
    except MltoolkitError as error:
        if arguments.json:
            print(json.dumps({"error": _plain(error), "exit": error.exit_code}, indent=2))
        else:
            print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    except BrokenPipeError:
        # The reader of our output left (`| head`); that is its right.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 128 + signal.SIGINT
    except Exception:  # noqa: BLE001 - the last door: whatever comes here is our bug
        import traceback

        traceback.print_exc()
        print(f"this is a bug of mltoolkit {__version__}; please report it: {_ISSUES}", file=sys.stderr)
        return INTERNAL_ERROR
    if arguments.json:
        print(json.dumps(result.value, indent=2, ensure_ascii=False, allow_nan=False))
    elif result.text:
        print(result.text)
    return int(result.code)


def _parser(name: str | None) -> tuple[argparse.ArgumentParser, dict[str, ModuleType]]:
    """Build the parser; only the named command's module is imported and knows its arguments."""
    parser = argparse.ArgumentParser(
        prog="mltoolkit",
        description="From a commit to a trustworthy model in production: evidence, verdict, rollout.",
        epilog="exit codes: 0 yes, 1 no, 2 wrong input, 3 cannot tell, 4 the outside world failed, "
        "5 rolled back, 6 lost the lock, 70 our bug",
    )
    parser.add_argument("--version", action="version", version=f"mltoolkit {__version__}")
    parser.set_defaults(json=False)
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
    """Unwind on SIGTERM as on Ctrl-C, so that what we started is stopped."""
    raise KeyboardInterrupt
