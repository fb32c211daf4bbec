"""How fast the main job is, as ratios in one run on one machine.

    make bench

Each line names what was measured, the floor or peer that it is compared with, and the ratio that we
promise. A number says something about this machine only beside the others of the same run.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
ENVIRONMENT = {
    **{name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"},
    "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
    "DO_NOT_TRACK": "1",
    "DVC_NO_ANALYTICS": "1",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "GOMP_SPINCOUNT": "1000",
}
PLAIN = """
import runpy, sys
from mltoolkit.stages import evaluate, prepare, train
sys.argv = ["pipeline/ingest.py"]
try:
    runpy.run_path("pipeline/ingest.py", run_name="__main__")
except SystemExit as ended:
    assert not ended.code, ended
for stage in (prepare.stage, train.stage, evaluate.stage):
    print(stage())
"""


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as name:
        project = make_project(Path(name) / "project")
        floor = best(lambda: run([sys.executable, "-c", "pass"], project), times=20)
        line("bare Python", floor)
        line(
            "mltoolkit --help",
            best(lambda: run(["mltoolkit", "--help"], project), times=20),
            floor,
            "5 x bare Python",
        )

        peer = best(lambda: run([sys.executable, "-c", PLAIN], fresh(project)), times=1)
        line("the stages' work, plain functions in one process", peer)
        ours = best(lambda: run(["dvc", "repro"], fresh(project)), times=1)
        line("dvc repro, first run", ours, peer, "2 x plain functions")

        run(["git", "add", "--all"], project)
        run(["git", "commit", "--quiet", "-m", "Made"], project)
        line("mltoolkit evaluate, first time", best(lambda: run(["mltoolkit", "evaluate"], project), times=1))
        line(
            "mltoolkit gate",
            best(lambda: run(["mltoolkit", "gate"], project), times=20),
            floor,
            "7.5 x bare Python",
        )
        judge = best(lambda: run(["sh", "-c", "mltoolkit evaluate && mltoolkit gate"], project), times=5)
        line("nothing changed: to a verdict", judge, 1.0, "1 x one second")
        line("mltoolkit report", best(lambda: run(["mltoolkit", "report"], project), times=5))
        line("dvc repro, nothing changed", best(lambda: run(["dvc", "repro"], project), times=3))


def make_project(folder: Path) -> Path:
    """Copy the flagship into a repository of its own."""
    folder.mkdir(parents=True)
    for part in ("dvc.yaml", "params.yaml", "pipeline", "expectations", ".dvc/config"):
        (folder / part).parent.mkdir(parents=True, exist_ok=True)
        copy = shutil.copytree if (ROOT / part).is_dir() else shutil.copy
        copy(ROOT / part, folder / part)
    (folder / ".gitignore").write_text("/.mltoolkit/\n/data/\n/model/\n/reports/\n__pycache__/\n")
    for words in (
        ["init", "--quiet"],
        ["config", "user.name", "bench"],
        ["config", "user.email", "bench@localhost"],
    ):
        run(["git", *words], folder)
    run(["git", "add", "--all"], folder)
    run(["git", "commit", "--quiet", "-m", "Project"], folder)
    return folder


def fresh(project: Path) -> Path:
    """Forget everything that was made before."""
    for made in (
        "data",
        "model",
        "dvc.lock",
        "metrics.json",
        "leaderboard.json",
        ".mltoolkit",
        ".dvc/cache",
        ".dvc/tmp",
    ):
        path = project / made
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    return project


def run(words: Sequence[str], cwd: Path) -> None:
    """Run a program to a good end."""
    done = subprocess.run(words, cwd=cwd, env=ENVIRONMENT, capture_output=True, check=False)
    if done.returncode:
        sys.exit(
            f"{' '.join(words)} ended with {done.returncode}:\n{(done.stdout + done.stderr).decode()[-3000:]}"
        )


def best(work: Callable[[], object], *, times: int) -> float:
    """Return the shortest of several runs, in seconds: the one that the machine disturbed least."""
    seconds = []
    for _ in range(times):
        start = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - start)
    return min(seconds)


def line(what: str, seconds: float, floor: float | None = None, promise: str = "") -> None:
    """Print one measurement."""
    shown = f"{seconds * 1000:8.0f} ms" if seconds < 1 else f"{seconds:8.1f} s "
    ratio = "" if floor is None else f"{seconds / floor:6.1f} x   (at most {promise})"
    print(f"{what:50} {shown} {ratio}".rstrip(), flush=True)


if __name__ == "__main__":
    main()
