"""``mltoolkit deploy``: a release onto an endpoint, on the strength of a verdict that still holds."""

import argparse
import contextlib
import getpass
import json
import os
import shlex
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from mltoolkit import contenders, files, git, github, models, project, verdicts
from mltoolkit.commands import Result
from mltoolkit.errors import CannotTellError, InputError, Location, MltoolkitError
from mltoolkit.evidence import Golden
from mltoolkit.releases import Endpoint, Release
from mltoolkit.rollout import Operator
from mltoolkit.verdicts import Case, Permit


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
        MltoolkitError: Of the kind that says what a caller can do; see ``verdicts.require`` and ``rollout.deploy``.
    """
    from mltoolkit import rollout
    from mltoolkit.deployers.mlflow_server import MlflowServer
    from mltoolkit.journal import Journal

    here = project.load(arguments.project)
    endpoint = arguments.endpoint or _only_endpoint(here)
    name, settings = here.endpoint(endpoint)
    directory = arguments.model_dir or here.root / settings.model
    case = verdicts.read(here, name)
    model = models.read(directory, allow_pickle=settings.allow_pickle)
    permit = verdicts.require(case, here, model=name, digest=model.digest)
    judge(case, endpoint=endpoint)
    # Before the rollout, which may remove the last copy that the endpoint has of the anchor.
    contenders.keep(here.state, settings, endpoint)
    outcome = rollout.deploy(
        _release(case, permit),
        permit.golden,
        deployer=MlflowServer(
            here.state, settings.endpoints[endpoint], source=directory, allow_pickle=settings.allow_pickle
        ),
        history=Journal(here.state),
        operator=operator(here),
        unhold=arguments.unhold,
    )
    # The first version that goes live is the anchor. That it is live is not undone by a full disk: the next
    # evaluation keeps it too, and says why where it cannot.
    with contextlib.suppress(MltoolkitError):
        contenders.keep(here.state, settings, endpoint)
    return _result(outcome.endpoint, permit.golden, changed=outcome.changed)


def judge(case: Case, *, endpoint: str) -> None:
    """Refuse a verdict that lets the model through, but not onto this endpoint.

    Raises:
        CannotTellError: It is for another endpoint.
    """
    verdict = case.verdict
    if verdict.endpoint != endpoint:
        raise CannotTellError(
            f"the verdict is for the endpoint {verdict.endpoint}, not {endpoint}", hint=verdicts.AGAIN
        )


def operator(here: project.Project) -> Operator:
    """Return who acts, and what the engine has to know of the place."""
    from mltoolkit.deployers import processes

    return Operator(
        by=who(here),
        run=github.context(os.environ).run,
        holder=processes.ourselves(),
        now=partial(datetime.now, UTC),
        alive=processes.alive,
    )


def who(here: project.Project) -> str:
    """Return a person's name: the account of the run, or git's user, or the login."""
    return github.context(os.environ).actor or _git_user(here.root) or getpass.getuser()


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


def _release(case: Case, permit: Permit) -> Release:
    verdict = case.verdict
    return Release(
        endpoint=str(verdict.endpoint),
        model=verdict.model,
        digest=permit.challenger,
        champion=verdict.champion,
        verdict=case.digest,
        evidence=verdict.evidence,
        golden=permit.golden_digest,
        approval=permit.approval,
        commit=verdict.commit,
        reason=permit.reason,
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
