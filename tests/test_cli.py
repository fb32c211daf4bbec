import errno
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mltoolkit import __version__, cli
from mltoolkit import commands as package

HEAVY = {
    "numpy", "pandas", "pyarrow", "sklearn", "scipy", "mlflow", "dvc", "great_expectations", "duckdb", "fastapi",
    "uvicorn", "requests", "urllib3", "psutil", "asyncio", "ssl",
}  # fmt: skip


def imported(*words: str) -> set[str]:
    """Run the command line in a fresh interpreter and tell which top-level modules it imported."""
    script = (
        "import sys, json, contextlib, io\n"
        "from mltoolkit.cli import main\n"
        "with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):\n"
        f"    main({list(words)!r})\n"
        "print(json.dumps(sorted({name.split('.')[0] for name in sys.modules})))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)
    return set(json.loads(done.stdout))


def test_help_imports_nothing_heavy_and_no_command() -> None:
    found = imported("--help")

    assert not found & HEAVY
    assert not found & {"msgspec", "ruamel", "subprocess"}


def test_gate_imports_nothing_heavy_for_numbers_alone(repository: Path) -> None:
    from mltoolkit.cli import main

    (repository / "params.yaml").write_text(
        "mltoolkit: {models: {toy: {metrics: metrics.json, rules: "
        "[{kind: absolute, metric: 'file:profit', at-least: 1}]}}}\n"
    )
    (repository / "metrics.json").write_text('{"profit": 2}')
    assert main(["evaluate", "--project", str(repository)]) == 0
    found = imported("gate", "--project", str(repository))

    assert (repository / "reports" / "toy" / "verdict.json").exists()
    assert not found & HEAVY


def test_gate_imports_no_more_than_arrays_and_parquet_for_rows(toy: Path) -> None:
    from mltoolkit.cli import main

    assert main(["evaluate", "--project", str(toy)]) == 0
    found = imported("gate", "--project", str(toy))

    assert (toy / "reports" / "toy" / "verdict.json").exists()
    # ssl comes with pyarrow's parts.
    assert found & HEAVY <= {"numpy", "pyarrow", "scipy", "ssl"}


def test_every_command_has_a_module_and_every_module_is_a_command() -> None:
    folder = Path(package.__file__).parent

    assert {path.stem for path in folder.glob("*.py")} - {"__init__"} == set(cli.COMMANDS)


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_every_command_has_help(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main([name, "--help"])

    assert ended.value.code == 0
    assert "--json" in capsys.readouterr().out


def test_the_version_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        cli.main(["--version"])

    assert capsys.readouterr().out == f"mltoolkit {__version__}\n"


@pytest.mark.parametrize(
    "words",
    [["promote"], ["gate", "--bogus"], ["endpoints"], ["endpoints", "bogus", "local"], ["gate", "--model"]],
    ids=str,
)
def test_words_that_nobody_knows_are_wrong_input(cli: Callable[..., Any], words: list[str]) -> None:
    called = cli(*words)

    assert called.code == 2
    assert "usage: mltoolkit" in called.err

    called = cli(*words, "--json")
    assert called.code == 2
    assert called.err == ""
    assert json.loads(called.out)["exit"] == 2


def test_without_a_command_the_help_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main([])

    assert ended.value.code == 0
    assert "commands:" in capsys.readouterr().out


def test_an_error_is_one_line_with_advice_and_its_exit_code(cli: Callable[..., Any], tmp_path: Path) -> None:
    called = cli("gate", "--project", tmp_path)

    assert called.code == 2
    assert called.err.startswith("error: no params.yaml in ")
    assert "Traceback" not in called.err


def test_with_json_an_error_is_one_object_and_nothing_else(cli: Callable[..., Any], toy: Path) -> None:
    (toy / "params.yaml").write_text("mltoolkit:\n  models:\n    toy: {tagret: x}\n")
    called = cli("gate", "--project", toy, "--json")

    assert called.err == ""
    assert json.loads(called.out) == {
        "error": {
            "kind": "Input",
            "what": "unknown key",
            "path": "params.yaml",
            "line": 3,
            "key": "mltoolkit.models.toy.tagret",
            "hint": "did you mean `target`?",
        },
        "exit": 2,
    }


def test_our_own_bug_ends_with_70_and_asks_for_a_report(
    cli: Callable[..., Any], toy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mltoolkit import project

    def broken(_root: Path) -> project.Project:
        raise ZeroDivisionError

    monkeypatch.setattr(project, "load", broken)
    called = cli("gate", "--project", toy)

    assert called.code == 70
    assert "this is a bug of mltoolkit" in called.err

    called = cli("gate", "--project", toy, "--json")
    assert json.loads(called.out) == {"error": {"kind": "Bug", "what": "ZeroDivisionError: "}, "exit": 70}


def test_a_reader_that_leaves_early_changes_no_exit_code(toy: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "mltoolkit", "gate", "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=toy,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        said = process.stderr.read()

    assert said == b""
    assert process.returncode == 3


def test_a_reader_that_leaves_early_is_no_error(toy: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "mltoolkit", "--help"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=toy
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        said = process.stderr.read()

    assert b"Traceback" not in said


def test_in_a_workflow_no_name_becomes_a_command(
    cli: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "params.yaml").write_text('mltoolkit: {"models": {}, "x\\n::error::forged ##[error]": 1}\n')
    forged = ("\n::error::", "##[error]")

    told = cli("check", "--project", tmp_path).err
    assert all(each in told for each in forged)
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    told = cli("check", "--project", tmp_path).err
    assert "forged" in told
    assert not any(each in told for each in forged)


def test_no_name_reaches_the_terminal_as_a_command(cli: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "params.yaml").write_text('mltoolkit: {"models": {}, "x\\e[2J\\r\\x9b": 1}\n')

    called = cli("check", "--project", tmp_path)
    assert r"x\x1b[2J\r\x9b" in called.err
    assert not set(called.err) & set("\x1b\r\x9b")
    called = cli("check", "--project", tmp_path, "--json")
    assert "x\x1b[2J\r\x9b" in json.loads(called.out)["error"]["key"]
    assert not set(called.out) & set("\x1b\r\x9b")


@pytest.mark.parametrize(("ignored", "code"), [(False, 130), (True, 0)])
def test_a_closed_terminal_unwinds_as_an_interrupt_does_unless_it_is_ignored(
    *, ignored: bool, code: int
) -> None:
    script = (
        "import os, signal, sys, types; from mltoolkit import cli\n"
        "from mltoolkit.commands import Result\n"
        f"if {ignored}: signal.signal(signal.SIGHUP, signal.SIG_IGN)\n"
        "def run(words):\n"
        "    try: os.kill(os.getpid(), signal.SIGHUP)\n"
        "    finally: print('unwound')\n"
        "    return Result(text='', value={})\n"
        "cli._run = run\n"
        "sys.exit(cli.main([]))\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=False)

    assert (done.returncode, done.stdout) == (code, b"unwound\n")


@pytest.mark.parametrize(("number", "code"), [(errno.ENOSPC, 4), (errno.EROFS, 4), (errno.ENOEXEC, 70)])
def test_a_disk_that_is_full_wherever_it_is_is_not_our_bug(
    cli: Callable[..., Any], toy: Path, monkeypatch: pytest.MonkeyPatch, number: int, code: int
) -> None:
    from mltoolkit import project

    def broken(root: Path) -> project.Project:
        raise OSError(number, os.strerror(number), str(root / "place"))

    monkeypatch.setattr(project, "load", broken)
    called = cli("gate", "--project", toy)

    assert called.code == code
    assert (f"place: cannot be written: {os.strerror(number)}" in called.err) is (code == 4)


def test_a_full_disk_is_no_answer(toy: Path) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "mltoolkit", "endpoints", "list", "--project", str(toy)],
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
        )

    assert (done.returncode, b"Traceback" in done.stderr) == (4, False)
    assert b"No space left" in done.stderr
