"""Starting DVC: which stages ran, what a failing stage was, and who holds the lock."""

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from mltoolkit import dvc
from mltoolkit.errors import CannotTellError, InputError, OutsideError, SupersededError


@pytest.fixture
def pipeline(repository: Path) -> Callable[[str], Path]:
    """Make a DVC project of stages."""
    subprocess.run([sys.executable, "-m", "dvc", "init", "--quiet"], cwd=repository, check=True)

    def make(stages: str) -> Path:
        (repository / "dvc.yaml").write_text(f"stages:\n{stages}")
        return repository

    return make


TWO = """\
  first:
    cmd: python -c "import sys; open('one', 'w').write(sys.executable)"
    outs: [one]
  second:
    cmd: cp one two
    deps: [one]
    outs: [two]
"""


def test_it_says_which_stages_ran_and_uses_this_interpreter(pipeline: Callable[[str], Path]) -> None:
    root = pipeline(TWO)
    assert dvc.repro(root, ["first"]) == ("first",)
    assert dvc.repro(root) == ("second",)
    assert dvc.repro(root) == ()
    assert Path((root / "two").read_text()).parent == Path(sys.executable).parent


@pytest.mark.parametrize(
    ("code", "kind"), [(2, InputError), (3, CannotTellError), (1, OutsideError), (9, OutsideError)]
)
def test_a_failing_stage_keeps_its_meaning(
    code: int, kind: type[Exception], pipeline: Callable[[str], Path]
) -> None:
    root = pipeline(f"  bad:\n    cmd: echo 'it is the tide' >&2; exit {code}\n")
    with pytest.raises(kind, match=r"in the stage 'bad'(.|\n)*it is the tide"):
        dvc.repro(root)


def test_a_folder_without_a_pipeline_is_a_failure_of_dvc(repository: Path) -> None:
    with pytest.raises(OutsideError, match="dvc repro failed"):
        dvc.repro(repository)


def test_too_long_is_stopped(pipeline: Callable[[str], Path]) -> None:
    root = pipeline("  slow:\n    cmd: sleep 60\n    outs: [never]\n")
    with pytest.raises(OutsideError, match="longer than 4 s"):
        dvc.repro(root, timeout=4)


def test_a_held_lock_is_waited_for_and_then_names_its_holder(pipeline: Callable[[str], Path]) -> None:
    root = pipeline("  slow:\n    cmd: touch begun && sleep 6 && touch made\n    outs: [made]\n")
    holder = subprocess.Popen([sys.executable, "-m", "dvc", "repro", "--quiet"], cwd=root)
    try:
        end = time.monotonic() + 30
        while not (root / "begun").exists() and time.monotonic() < end:
            time.sleep(0.05)
        with pytest.raises(SupersededError, match=rf"process {holder.pid}\b") as caught:
            dvc.repro(root, lock_wait=0)
        assert caught.value.exit_code == 6
        assert dvc.repro(root, lock_wait=30) == ()
    finally:
        holder.wait(timeout=30)
    assert holder.returncode == 0
