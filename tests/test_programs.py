import sys
import time
from pathlib import Path

import psutil
import pytest

from mltoolkit import programs
from mltoolkit.evidence import ProgramRun
from mltoolkit.metrics import Baseline
from mltoolkit.rules.baseline import BetterThanBaseline
from mltoolkit.rules.custom import Custom


def run(root: Path, source: str, seconds: float = 30.0) -> ProgramRun:
    (root / "fair.py").write_text(source)
    rule = Custom(name="fair", command=(sys.executable, "fair.py"), seconds=seconds)
    other = BetterThanBaseline(metric="brier", baseline=Baseline.BASE_RATE)
    (found,) = programs.run([other, rule], root, {"MLTOOLKIT_PREDICTIONS": "/somewhere/predictions.parquet"})
    assert (found.name, found.command) == ("fair", rule.command)
    return found


def test_a_program_answers_with_a_reason_and_a_number(tmp_path: Path) -> None:
    found = run(tmp_path, """print('{"answer": "pass", "reason": "it is fair", "value": 1.23456789}')""")

    assert (found.answer, found.reason, found.value, found.fault) == ("pass", "it is fair", 1.23457, None)


def test_it_runs_in_the_project_and_is_told_where_to_look_without_secrets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hunter2")
    found = run(
        tmp_path,
        "import json, os\n"
        "seen = [os.getcwd(), os.environ['MLTOOLKIT_PREDICTIONS'], 'AWS_SECRET_ACCESS_KEY' in os.environ]\n"
        "print(json.dumps({'answer': 'unknown', 'reason': json.dumps(seen)}))\n",
    )

    assert found.answer == "unknown"
    assert found.reason == f'["{tmp_path.resolve()}", "/somewhere/predictions.parquet", false]'


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("", "not JSON"),
        ("print('pass')", "not JSON"),
        ("print('[]')", "no answer"),
        ("""print('{"answer": "yes", "reason": "x"}')""", "Invalid enum value 'yes'"),
        ("""print('{"answer": "pass"}')""", "missing required field `reason`"),
        ("""print('{"answer": "pass", "reason": " "}')""", "gave no reason"),
        ("""print('{"answer": "pass", "reason": "x", "valu": 1}')""", "unknown field `valu`"),
        ("""print('{"answer": "pass", "reason": "x", "value": NaN}')""", "not a finite number"),
        ("""print('{"answer": "pass", "reason": "x", "value": "1"}')""", "Expected `float | null`"),
        ("""print('{"answer": "pass", "answer": "fail", "reason": "x"}')""", "duplicate key"),
        ("""print('{"answer": "pass", "reason": "x"}' * 2)""", "not JSON"),
        ("""print('{"answer": "pass", "reason": "' + 'x' * 70000 + '"}')""", "more than 65,536 bytes"),
        ("""print('{"answer": "pass", "reason": "x"}'); raise SystemExit(3)""", "ended with 3"),
        ("raise ValueError('no such column')", "ValueError: no such column"),
    ],
    ids=range(14),
)
def test_whatever_else_it_does_is_a_fault(tmp_path: Path, source: str, said: str) -> None:
    found = run(tmp_path, source)

    assert (found.answer, found.reason, found.value) == (None, None, None)
    assert found.fault is not None
    assert said in found.fault


def test_one_that_cannot_be_started_is_a_fault(tmp_path: Path) -> None:
    rule = Custom(name="fair", command=("./none",))
    (found,) = programs.run([rule], tmp_path, {})

    assert found.fault == "cannot start ./none: No such file or directory"


def test_one_that_takes_too_long_is_ended_with_all_that_it_started(tmp_path: Path) -> None:
    found = run(
        tmp_path,
        "import pathlib, subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        "pathlib.Path('pid').write_text(str(child.pid))\n"
        "time.sleep(600)\n",
        seconds=3,
    )

    assert found.fault is not None
    assert "took longer than 3 s" in found.fault
    assert gone(int((tmp_path / "pid").read_text()))


def test_what_it_leaves_behind_is_ended(tmp_path: Path) -> None:
    found = run(
        tmp_path,
        "import pathlib, subprocess, sys\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'],"
        " stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)\n"
        "pathlib.Path('pid').write_text(str(child.pid))\n"
        """print('{"answer": "pass", "reason": "x"}', flush=True)\n""",
    )

    assert found.answer == "pass"
    assert gone(int((tmp_path / "pid").read_text()))


def test_its_words_are_one_line_without_control_characters(tmp_path: Path) -> None:
    said = r"a\u001b[2J\npromote: all is well\r"
    found = run(tmp_path, f"""print(r'{{"answer": "pass", "reason": "{said}"}}')""")
    assert found.reason == r"a\x1b[2J promote: all is well"

    found = run(tmp_path, """raise SystemExit('one\\npromote: \\x1b[2J')""")
    assert found.fault == r"it ended with 1: one promote: \x1b[2J"


def test_a_daemon_that_holds_its_output_is_ended_and_not_waited_for(tmp_path: Path) -> None:
    found = run(
        tmp_path,
        "import pathlib, subprocess, sys\n"
        "sleeper = [sys.executable, '-c', 'import time; time.sleep(600)']\n"
        "child = subprocess.Popen(sleeper, start_new_session=True)\n"
        "pathlib.Path('pid').write_text(str(child.pid))\n"
        """print('{"answer": "pass", "reason": "x"}', flush=True)\n""",
    )

    assert (found.answer, found.fault) == ("pass", None)
    assert gone(int((tmp_path / "pid").read_text()))


def test_output_without_end_is_stopped_long_before_its_time(tmp_path: Path) -> None:
    found = run(tmp_path, "while True: print('x' * 100_000)", seconds=3600)

    assert found.fault is not None
    assert "printed more than 65,536 bytes" in found.fault


def gone(pid: int) -> bool:
    """Wait a little for a process to end; a zombie that nobody reaps here has."""
    deadline = time.monotonic() + 5
    while psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True
