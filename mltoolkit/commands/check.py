"""``mltoolkit check``: every data file that ``params.yaml`` names is held to its suite."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from mltoolkit import __version__, files, project
from mltoolkit.commands import Result
from mltoolkit.config import DataSettings
from mltoolkit.contract import findings, gx
from mltoolkit.contract.findings import Check, CheckedFile, ContractFinding, Outcome
from mltoolkit.errors import CannotTellError, InputError, Location, OutsideError, RefusedError

if TYPE_CHECKING:
    import pandas as pd


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("--model", metavar="NAME", help="the model (default: the only one)")
    parser.add_argument(
        "--docs", action="store_true", help="build Great Expectations' Data Docs beside the result"
    )


def run(arguments: argparse.Namespace) -> Result:
    """Check, write ``check.json``, and say what blocks.

    Raises:
        InputError: A file is missing or cannot be read, or no data is named.
    """
    here = project.load(arguments.project)
    name, settings = here.settings.model(arguments.model)
    if not settings.data:
        raise InputError(
            "names no data to check",
            where=here.document.at(("mltoolkit", "models", name)),
            hint="add `data: [{path: ..., suite: expectations/....json}]`",
        )
    files.ignored_folder(here.root / here.settings.reports)
    out = here.reports(name) / "check.json"
    out.unlink(missing_ok=True)
    docs = here.reports(name) / "data-docs" if arguments.docs else None
    checked = tuple(check_file(here.root, data, docs=docs) for data in settings.data)
    check = Check(tool=f"mltoolkit {__version__}", model=name, files=checked)
    files.write_bytes(out, files.dump_json(check))
    return Result(
        code=exit_code(check),
        text=render(check, out, docs),
        value={
            "kept": check.kept,
            "path": str(out),
            "docs": None if docs is None else str(docs / "index.html"),
        },
    )


def check_file(root: Path, data: DataSettings, *, docs: Path | None) -> CheckedFile:
    """Hold one file to its suite.

    Raises:
        InputError: The file or the suite is missing or cannot be read.
    """
    suite = gx.read_suite(root / data.suite)
    digest = files.digest_file(root / data.path)
    table = read_table(root / data.path)
    found: list[ContractFinding] = findings.own(
        names=[str(name) for name in table.columns],
        rows=len(table),
        minimum_rows=data.minimum_rows,
        expectations=len(suite["expectations"]),
    )
    if suite["expectations"] and len(table):
        found += gx.validate(suite, root / data.suite, table, docs=docs)
    return CheckedFile(
        path=data.path,
        digest=digest,
        suite=data.suite,
        suite_digest=files.digest_file(root / data.suite),
        rows=len(table),
        findings=tuple(found),
    )


def read_table(path: Path) -> "pd.DataFrame":
    """Read a Parquet or CSV file.

    Raises:
        InputError: It is neither, or damaged.
        OutsideError: pandas is not installed.
    """
    try:
        import pandas as pd
    except ImportError as error:
        raise OutsideError("pandas is not installed", hint="pip install 'mltoolkit[gx]'") from error
    where = Location(path=str(path))
    try:
        if path.suffix == ".parquet":
            return pd.read_parquet(path)
        if ".csv" in path.suffixes:
            # Without a header row first: pandas renames duplicate columns, and we must see them.
            names = pd.read_csv(path, header=None, nrows=1, dtype=str, keep_default_na=False).iloc[0].tolist()
            table = pd.read_csv(path)
            table.columns = pd.Index(names)
            return table
    except (OSError, ValueError, pd.errors.ParserError) as error:
        raise InputError(f"cannot be read: {str(error).splitlines()[0]}", where=where) from error
    raise InputError("is neither Parquet nor CSV by its name", where=where)


def exit_code(check: Check) -> int:
    """Return 0 where the contract is kept, 1 where it is broken, 3 where only part could be evaluated."""
    if check.kept:
        return 0
    blocking = [finding for file in check.files for finding in file.findings if finding.blocks]
    if any(finding.outcome is Outcome.VIOLATED for finding in blocking):
        return RefusedError.exit_code
    return CannotTellError.exit_code


def render(check: Check, out: Path, docs: Path | None) -> str:
    """Return the outcome for a terminal: what blocks first, then what warns."""
    lines = []
    for file in check.files:
        bad = [finding for finding in file.findings if finding.outcome is not Outcome.MET]
        met = len(file.findings) - len(bad)
        said = "holds" if not any(finding.blocks for finding in bad) else "is broken"
        lines.append(
            f"{file.path}: the contract {said} ({met} of {len(file.findings)} expectations, {file.rows:,} rows)"
        )
        lines += [
            f"  {'BLOCKS' if finding.blocks else finding.severity} {finding.expectation}"
            f"{f' on {finding.column}' if finding.column else ''}: {finding.reason}"
            for finding in sorted(bad, key=lambda each: not each.blocks)
        ]
    shown = "" if docs is None else f"; Data Docs: {docs / 'index.html'}"
    lines.append(f"  written to {out}{shown}")
    return "\n".join(lines)
