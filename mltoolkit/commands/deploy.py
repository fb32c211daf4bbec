"""``mltoolkit deploy``: a release onto an endpoint, on the strength of a verdict that still holds."""

import argparse
import getpass
import json
import os
import shlex
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import msgspec

from mltoolkit import files, gate, git, github, models, project, rules
from mltoolkit.commands import Result
from mltoolkit.config import ModelSettings
from mltoolkit.errors import CannotTellError, InputError, Location, RefusedError
from mltoolkit.evidence import Evidence, Golden
from mltoolkit.gate import Decision, Verdict
from mltoolkit.releases import Endpoint, Release
from mltoolkit.rollout import Operator

_FOR_SHOW = ("pull_request", "pull_request_target")
"""Runs whose verdicts are shown and never deployed: the head's own code made the evidence."""


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that a deploy rests on, as it was read.

    Attributes:
        verdict: What was decided.
        verdict_digest: Of its file.
        evidence: What was measured.
        evidence_digest: Of its file.
        golden: Requests with the offline predictions.
        golden_digest: Of its file.
    """

    verdict: Verdict
    verdict_digest: str
    evidence: Evidence
    evidence_digest: str
    golden: Golden
    golden_digest: str


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("--endpoint", metavar="NAME", help="where to (default: the only endpoint)")
    parser.add_argument(
        "--model-dir", type=Path, metavar="DIR", help="the model directory (default: as params.yaml says)"
    )
    parser.add_argument(
        "--unhold", action="store_true", help="deploy a model that was rolled back here before"
    )


def run(arguments: argparse.Namespace) -> Result:
    """Deploy, and say where it answers.

    Raises:
        MltoolkitError: Of the kind that says what a caller can do; see ``judge`` and ``rollout.deploy``.
    """
    from mltoolkit import rollout
    from mltoolkit.deployers.mlflow_server import MlflowServer
    from mltoolkit.journal import Journal

    here = project.load(arguments.project)
    endpoint = arguments.endpoint or _only_endpoint(here)
    name, settings = here.endpoint(endpoint)
    directory = arguments.model_dir or here.root / settings.model
    case = read(here.reports(name))
    model = models.read(directory, allow_pickle=settings.allow_pickle)
    judge(case, settings, model=name, endpoint=endpoint, digest=model.digest)
    outcome = rollout.deploy(
        _release(case),
        case.golden,
        deployer=MlflowServer(
            here.state, settings.endpoints[endpoint], source=directory, allow_pickle=settings.allow_pickle
        ),
        history=Journal(here.state),
        operator=operator(here),
        unhold=arguments.unhold,
    )
    return _result(outcome.endpoint, case.golden, changed=outcome.changed)


def read(reports: Path) -> Case:
    """Read verdict, evidence and golden rows.

    Raises:
        CannotTellError: One is missing or damaged.
    """
    paths = [reports / name for name in ("verdict.json", "evidence.json", "golden.json")]
    for path, command in zip(paths, ("gate", "evaluate", "evaluate"), strict=True):
        if not path.exists():
            raise CannotTellError(
                "no such file, and nothing is deployed without it",
                where=Location(path=str(path)),
                hint=f"run mltoolkit {command}",
            )
    verdict, evidence, golden = paths
    return Case(
        verdict=files.load(verdict, Verdict, error=CannotTellError),
        verdict_digest=files.digest_file(verdict),
        evidence=files.load(evidence, Evidence, error=CannotTellError),
        evidence_digest=files.digest_file(evidence),
        golden=files.load(golden, Golden, error=CannotTellError),
        golden_digest=files.digest_file(golden),
    )


def judge(case: Case, settings: ModelSettings, *, model: str, endpoint: str, digest: str) -> None:
    """Refuse a verdict that does not speak for this model on this endpoint now. Decides, and acts not.

    Args:
        case: What was read.
        settings: The model's section of ``params.yaml`` as it is now.
        model: The model's name.
        endpoint: Where it is to go.
        digest: Of the model directory as it is now.

    Raises:
        RefusedError: The gate said no.
        CannotTellError: The verdict is of something else, or does not hold any more.
    """
    verdict, evidence = case.verdict, case.evidence
    again = "run mltoolkit evaluate and mltoolkit gate again"
    named = [("model", verdict.model, model), ("endpoint", verdict.endpoint, endpoint)]
    for what, judged, wanted in [*named, ("model digest", verdict.challenger, digest)]:
        if judged != wanted:
            raise CannotTellError(f"the verdict is for the {what} {judged}, not {wanted}", hint=again)
    match verdict.decision:
        case Decision.REJECT:
            raise RefusedError(f"the gate rejected this model: {verdict.reason}")
        case Decision.INCONCLUSIVE:
            raise CannotTellError(f"the gate could not tell: {verdict.reason}")
        case Decision.PROMOTE:
            pass
    if verdict.dirty:
        raise CannotTellError(
            "the verdict was made in a working tree that differs from its commit",
            hint=f"commit or undo the changes, then {again}",
        )
    if verdict.event in _FOR_SHOW:
        raise CannotTellError(
            f"the verdict was made in a {verdict.event} run, which is for show",
            hint="deploy from a run on the branch itself",
        )
    asked = rules.effective(settings.rules, evidence.task, probabilities=evidence.challenger.probabilities)
    for what, judged, wanted in (
        ("rules", verdict.rules, rules.digest(asked)),
        ("evidence", verdict.evidence, case.evidence_digest),
        ("golden rows", evidence.golden.digest, case.golden_digest),
    ):
        if judged != wanted:
            raise CannotTellError(f"the {what} changed since the verdict was made", hint=again)
    if gate.decide(evidence, settings.rules, evidence_digest=case.evidence_digest) != verdict:
        raise CannotTellError("the gate does not come to this verdict on this evidence", hint=again)


def operator(here: project.Project) -> Operator:
    """Return who acts: the account of the run, or git's user, or the login."""
    from mltoolkit.deployers import processes

    job = github.context(os.environ)
    return Operator(
        by=job.actor or _git_user(here.root) or getpass.getuser(),
        run=job.run,
        holder=processes.ourselves(),
        now=partial(datetime.now, UTC),
        alive=processes.alive,
    )


def _git_user(root: Path) -> str | None:
    """Return whom git would name as an author here: ``Name <address>``."""
    asked = git.git(root, "var", "GIT_AUTHOR_IDENT")
    # Behind it stand the time and the zone.
    return None if asked.code else asked.out.decode(errors="replace").strip().rsplit(" ", 2)[0]


def _only_endpoint(here: project.Project) -> str:
    names = [name for model in here.settings.models.values() for name in model.endpoints]
    if len(names) != 1:
        raise InputError(
            f"there are {len(names)} endpoints: {', '.join(names)}" if names else "there is no endpoint",
            where=Location(path=here.document.path),
            hint="name one with --endpoint" if names else "add one under mltoolkit.models.NAME.endpoints",
        )
    return names[0]


def _release(case: Case) -> Release:
    verdict = case.verdict
    return Release(
        endpoint=str(verdict.endpoint),
        model=verdict.model,
        digest=verdict.challenger,
        champion=verdict.champion,
        verdict=case.verdict_digest,
        evidence=case.evidence_digest,
        golden=case.golden_digest,
        commit=verdict.commit,
        reason=verdict.reason,
    )


def curl(address: str, golden: Golden) -> str:
    """Return a line to copy that asks the endpoint with the first golden row."""
    split = golden.request["dataframe_split"]
    body = {"dataframe_split": {"columns": split["columns"], "data": split["data"][:1]}}
    return (
        f"curl --noproxy '*' -H 'Content-Type: application/json' {address}/invocations "
        f"-d {shlex.quote(json.dumps(body))}"
    )


def _result(endpoint: Endpoint, golden: Golden, *, changed: bool) -> Result:
    live = endpoint.live
    if live is None:
        raise CannotTellError(f"nothing is live on {endpoint.name}")
    revision = live.revision
    ask = curl(revision.address, golden)
    said = "is live on" if changed else "was live before and answers on"
    return Result(
        text=f"{revision.release.model} v{revision.version} {files.short(live.digest)} {said} {endpoint.name}\n"
        f"  {revision.address}/invocations\n  {ask}",
        value={
            "endpoint": endpoint.name,
            "model": revision.release.model,
            "version": revision.version,
            "digest": live.digest,
            "address": revision.address,
            "changed": changed,
            "curl": ask,
        },
    )
