"""``mltoolkit endpoints``: what the journal knows, what answers, and who did it."""

import argparse
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec

from mltoolkit import files, http, project, rollout
from mltoolkit.commands import Result
from mltoolkit.commands.deploy import operator
from mltoolkit.deployers.base import Identity
from mltoolkit.deployers.mlflow_server import MlflowServer
from mltoolkit.deployers.worker_folder import reachable
from mltoolkit.errors import InputError, MltoolkitError, OutsideError
from mltoolkit.journal import Journal
from mltoolkit.releases import Committed, Endpoint
from mltoolkit.settings import EndpointSettings

_TIMEOUT = 60.0
_LINES = 50


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """An endpoint from ``params.yaml``, from the journal, or both.

    Attributes:
        model: The model that owns it.
        settings: As ``params.yaml`` has them; None where it does not name the endpoint any more.
        endpoint: As the journal has it.
        allow_pickle: Whether its models may be in a format that runs code when it is read.
    """

    model: str | None
    settings: EndpointSettings | None
    endpoint: Endpoint
    allow_pickle: bool


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("verb", choices=("list", *_VERBS), metavar="VERB", help=f"list, {', '.join(_VERBS)}")
    parser.add_argument("name", nargs="?", metavar="NAME", help="the endpoint; every verb but list needs it")
    parser.add_argument("file", nargs="?", type=Path, metavar="FILE.json", help="for predict: the request")
    parser.add_argument("--model", metavar="NAME", help="list: only this model's, exactly")
    parser.add_argument("--endpoint", metavar="NAME", help="list: only this endpoint, exactly")


def run(arguments: argparse.Namespace) -> Result:
    """Do what the verb says.

    Raises:
        InputError: The endpoint is not known, or an argument is missing or too much.
    """
    here = project.load(arguments.project)
    journal = Journal(here.state)
    known = find(here, journal)
    if arguments.verb == "list":
        if arguments.name is not None:
            raise InputError("list takes no name", hint="use --endpoint or --model to choose")
        return _list(known, arguments.model, arguments.endpoint)
    if arguments.model is not None or arguments.endpoint is not None:
        raise InputError(f"{arguments.verb} takes a name and no filter")
    if arguments.name is None:
        raise InputError(f"{arguments.verb} needs the name of an endpoint", hint=_existing(known))
    if arguments.name not in known:
        raise InputError(f"no endpoint {arguments.name!r}", hint=_existing(known))
    if (arguments.file is None) is (arguments.verb == "predict"):
        raise InputError("predict needs a file with the request, and only predict takes one")
    return _VERBS[arguments.verb](Call(here, journal, known[arguments.name], arguments.file))


def find(here: project.Project, journal: Journal) -> dict[str, Known]:
    """Return every endpoint that ``params.yaml`` or the journal names, sorted.

    Raises:
        InputError: The journal is not ours.
        CannotTellError: The journal is damaged.
    """
    owners = {
        name: (model, settings)
        for model, settings in here.settings.models.items()
        for name in settings.endpoints
    }
    found = {}
    for name in sorted({*owners, *journal.names()}):
        model, settings = owners.get(name, (None, None))
        endpoint = journal.endpoint(name)
        found[name] = Known(
            model=model or (endpoint.live.revision.release.model if endpoint.live else None),
            settings=settings.endpoints[name] if settings else None,
            endpoint=endpoint,
            allow_pickle=settings.allow_pickle if settings else False,
        )
    return found


class Call:
    """One verb on one endpoint."""

    def __init__(self, here: project.Project, journal: Journal, known: Known, file: Path | None) -> None:
        self.here = here
        self.journal = journal
        self.known = known
        self.file = file
        self.name = known.endpoint.name

    def live(self) -> Committed:
        """Return the live version.

        Raises:
            InputError: There is none.
        """
        live = self.known.endpoint.live
        if live is None:
            raise InputError(
                f"nothing is live on {self.name}", hint=f"mltoolkit deploy --endpoint {self.name}"
            )
        return live

    def server(self) -> MlflowServer:
        """Return the endpoint's deployer; without settings, with the address that the journal has."""
        settings = self.known.settings
        if settings is None:
            live = self.known.endpoint.live
            parts = urlsplit(live.revision.address) if live else None
            settings = EndpointSettings(
                host=(parts.hostname if parts else None) or "127.0.0.1", port=parts.port if parts else None
            )
        return MlflowServer(self.here.state, settings, allow_pickle=self.known.allow_pickle)


def _list(known: dict[str, Known], model: str | None, endpoint: str | None) -> Result:
    chosen = [
        each
        for name, each in known.items()
        if (model is None or each.model == model) and (endpoint is None or name == endpoint)
    ]
    lines = [
        f"{each.endpoint.name:20} {each.model or '-':20} {_state(each.endpoint):30} {_address(each.endpoint)}"
        for each in chosen
    ]
    return Result(
        text="\n".join(line.rstrip() for line in lines) or "no endpoint matches",
        value={"endpoints": [_plain(each) for each in chosen]},
    )


def _describe(call: Call) -> Result:
    endpoint, live = call.known.endpoint, call.known.endpoint.live
    lines = [f"{endpoint.name}: {_state(endpoint)}"]
    answers: dict[str, Any] | None = None
    problem: str | None = None
    if live is not None:
        revision = live.revision
        identity = call.server().observe(revision.address)
        answers = None if identity is None else msgspec.to_builtins(identity)
        problem = _problem(endpoint, live, identity)
        lines += [
            f"  address   {revision.address}",
            f"  model     {revision.release.model} v{revision.version} {live.digest}",
            f"  since     {live.since} by {live.by}",
            f"  why       {revision.release.reason}",
            f"  commit    {revision.release.commit}",
            f"  answers   {identity or 'nobody'}",
        ]
    for before in endpoint.previous:
        lines.append(f"  before    v{before.revision.version} {before.digest} since {before.since}")
    if endpoint.running is not None:
        lines.append(f"  running   {endpoint.running.state} v{endpoint.running.revision.version}")
    lines += [f"  held      {digest}" for digest in endpoint.held]
    # The journal after the servers: a rollout that began since has recorded its fence before it started one.
    runs = [fence for fence, alive in call.server().found(endpoint.name).items() if alive]
    given = call.journal.endpoint(endpoint.name).fence
    if unknown := [str(fence) for fence in runs if fence > given]:
        problem = (
            f"a server runs that the journal does not know, fence {', '.join(unknown)}; "
            f"mltoolkit endpoints stop {endpoint.name} ends it"
        )
    if problem is not None:
        lines.append(f"  PROBLEM   {problem}")
    return Result(
        code=0 if problem is None else OutsideError.exit_code,
        text="\n".join(lines),
        value={**_plain(call.known), "answers": answers, "problem": problem},
    )


def _problem(endpoint: Endpoint, live: Committed, identity: Identity | None) -> str | None:
    """Say how what answers differs from what the journal says, and what mends it."""
    revision = live.revision
    again = f"mltoolkit endpoints start {endpoint.name} brings it back"
    if identity is None:
        return None if endpoint.stopped else f"nobody answers at {revision.address}; {again}"
    if endpoint.running is not None and identity.is_of(endpoint.running.revision):
        return None
    if not identity.is_of(revision):
        return f"what answers is {identity}, and the journal says v{revision.version} {live.digest}; {again}"
    if endpoint.stopped:
        return (
            f"process {identity.pid} answers, and the journal says that it is stopped; "
            f"mltoolkit endpoints stop {endpoint.name} ends it"
        )
    return None


def _url(call: Call) -> Result:
    address = call.live().revision.address
    return Result(text=address, value={"endpoint": call.name, "address": address})


def _logs(call: Call) -> Result:
    path = call.server().log(call.live().revision)
    with files.reading(path):
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()[-_LINES:]
    return Result(text="\n".join([f"{path}:", *lines]), value={"path": str(path), "lines": lines})


def _history(call: Call) -> Result:
    events = call.journal.history(call.name)
    lines = []
    for event in events:
        share = "" if event.share is None else f" {event.share} %"
        lines.append(f"{event.at}  {event.fence:>3}  {event.state + share:16} {event.by}: {event.reason}")
        if event.revision is not None:
            revision = event.revision
            lines.append(f"{'':30}  v{revision.version} {revision.release.digest}, {revision.address}")
        if event.run is not None:
            lines.append(f"{'':30}  {event.run}")
    return Result(
        text="\n".join(lines) or f"nothing happened on {call.name} yet",
        value={"endpoint": call.name, "events": [msgspec.to_builtins(event) for event in events]},
    )


def _predict(call: Call) -> Result:
    address = call.live().revision.address
    body = files.read_bytes(call.file or Path())
    answer = http.request("POST", f"{reachable(address)}/invocations", body=body, timeout=_TIMEOUT)
    content = answer.json()
    if answer.status != HTTPStatus.OK:
        said = content.get("message") if isinstance(content, dict) else None
        kind: type[MltoolkitError] = (
            OutsideError if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR else InputError
        )
        raise kind(f"{call.name} answered {answer.status}: {said or content}")
    return Result(text=answer.body.decode(errors="replace"), value=content)


def _changed(call: Call, outcome: rollout.Outcome, done: str, before: str) -> Result:
    text = f"{call.name} {done if outcome.changed or outcome.unknown else before}"
    if outcome.unknown:
        fences = ", ".join(str(fence) for fence in outcome.unknown)
        text += f"; a server was ended that the journal did not know, fence {fences}"
    return Result(
        text=text,
        value={
            "endpoint": call.name,
            "changed": outcome.changed,
            "state": _state(outcome.endpoint),
            "unknown": list(outcome.unknown),
        },
    )


def _stop(call: Call) -> Result:
    outcome = rollout.stop(
        call.name, deployer=call.server(), history=call.journal, operator=operator(call.here)
    )
    return _changed(call, outcome, "is stopped", "was stopped before")


def _start(call: Call) -> Result:
    outcome = rollout.start(
        call.name, deployer=call.server(), history=call.journal, operator=operator(call.here)
    )
    return _changed(call, outcome, f"answers at {_address(outcome.endpoint)}", "was running before")


def _delete(call: Call) -> Result:
    outcome = rollout.delete(
        call.name, deployer=call.server(), history=call.journal, operator=operator(call.here)
    )
    return _changed(call, outcome, "is deleted; its history stays", "had nothing to delete")


_VERBS: dict[str, Callable[[Call], Result]] = {
    "describe": _describe,
    "url": _url,
    "logs": _logs,
    "history": _history,
    "predict": _predict,
    "start": _start,
    "stop": _stop,
    "delete": _delete,
}


def _existing(known: dict[str, Known]) -> str:
    return f"there are: {', '.join(known)}" if known else "there is none; deploy a model first"


def _address(endpoint: Endpoint) -> str:
    return "" if endpoint.live is None else endpoint.live.revision.address


def _state(endpoint: Endpoint) -> str:
    if endpoint.live is None:
        return "deleted" if endpoint.deleted else "nothing deployed yet"
    stopped = " (stopped)" if endpoint.stopped else ""
    return f"v{endpoint.live.revision.version} {files.short(endpoint.live.digest)}{stopped}"


def _plain(known: Known) -> dict[str, Any]:
    endpoint, live = known.endpoint, known.endpoint.live
    return {
        "name": endpoint.name,
        "model": known.model,
        "state": _state(endpoint),
        "address": None if live is None else live.revision.address,
        "version": None if live is None else live.revision.version,
        "digest": None if live is None else live.digest,
        "since": None if live is None else live.since,
        "stopped": endpoint.stopped,
        "running": None if endpoint.running is None else endpoint.running.state,
    }
