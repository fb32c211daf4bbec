"""Where files come from, as ``dvc.lock`` tells it: which stages made them, of what; pure, from two locks to words."""

import json
import posixpath
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from mltoolkit import documents, policies
from mltoolkit.errors import InputError, Location


class Stage(msgspec.Struct, frozen=True, kw_only=True):
    """One stage as it ran.

    Attributes:
        cmd: What ran.
        params: What it read of each file with settings, by file and dotted key.
        deps: MD5 of what it read, by path; None where the lock has none.
        outs: MD5 of what it wrote, by path.
    """

    cmd: str
    params: dict[tuple[str, str], Any]
    deps: dict[str, str | None]
    outs: dict[str, str | None]


Stages = Mapping[str, Stage]


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """Where a file comes from, then and now.

    Attributes:
        changed: What differs in how it is made, in words.
        stages: Those that it came through, by name.
        sources: What no stage made and at least one read, by path: whether it is as it was.
    """

    changed: tuple[str, ...]
    stages: tuple[str, ...]
    sources: dict[str, bool]


def stages(data: bytes | None, path: str) -> dict[str, Stage]:
    """Return the stages of a ``dvc.lock``; none where there is no file.

    Args:
        data: Its content.
        path: The name that errors carry.

    Raises:
        InputError: It is damaged.
    """
    if data is None:
        return {}
    found = documents.parse(data.decode(errors="replace"), path).values.get("stages") or {}
    try:
        return {name: _stage(each) for name, each in found.items()}
    except (AttributeError, KeyError, TypeError) as error:
        raise InputError("is not as DVC writes it", where=Location(path=path)) from error


def _stage(plain: dict[str, Any]) -> Stage:
    return Stage(
        cmd=plain["cmd"] if isinstance(plain["cmd"], str) else json.dumps(plain["cmd"]),
        params={
            (file, key): value
            for file, values in (plain.get("params") or {}).items()
            for key, value in values.items()
        },
        deps=_digests(plain.get("deps")),
        outs=_digests(plain.get("outs")),
    )


def _digests(listed: list[dict[str, Any]] | None) -> dict[str, str | None]:
    return {
        posixpath.normpath(each["path"]): None if each.get("md5") is None else str(each["md5"])
        for each in listed or ()
    }


def tracked(data: bytes, path: str) -> str | None:
    """Return the MD5 that the ``.dvc`` file of a path names, or None.

    Args:
        data: Its content.
        path: The file or folder that it is about.

    Raises:
        InputError: It is no YAML.
    """
    outs = documents.parse(data.decode(errors="replace"), f"{path}.dvc").values.get("outs")
    first = outs[0] if isinstance(outs, list) and len(outs) == 1 else None
    return str(first["md5"]) if isinstance(first, dict) and "md5" in first else None


def maker(of: Stages, path: str) -> tuple[str, str] | None:
    """Return the stage that wrote a path, or a folder that it is in, and that output; None where none did."""
    wanted = posixpath.normpath(path)
    for name, stage in of.items():
        for out in stage.outs:
            if wanted == out or wanted.startswith(f"{out}/"):
                return name, out
    return None


def origin(then: Stages, now: Stages, path: str) -> Origin:
    """Return where a path comes from, and what of that differs.

    Args:
        then: The stages of the commit that is compared with.
        now: The stages here.
        path: What a stage of both wrote.
    """
    changed: dict[str, None] = {}
    passed: dict[str, None] = {}
    sources: dict[str, bool] = {}
    left = [posixpath.normpath(path)]
    seen: set[str] = set()
    while left:
        each = left.pop()
        if each in seen:
            continue
        seen.add(each)
        before, after = maker(then, each), maker(now, each)
        if before is None and after is None:
            known = [md5 for of in (then, now) for stage in of.values() if (md5 := stage.deps.get(each))]
            sources[each] = bool(known) and len(set(known)) == 1 and _read(then, each) and _read(now, each)
        elif before is None or after is None or before[0] != after[0]:
            changed[f"{each} comes from {_by(before)} -> {_by(after)}"] = None
        elif before[0] not in passed:
            passed[before[0]] = None
            old, new = then[before[0]], now[after[0]]
            changed.update(dict.fromkeys(_differences(before[0], old, new)))
            left += [*old.deps, *new.deps]
    return Origin(changed=tuple(changed), stages=tuple(passed), sources=sources)


def _read(of: Stages, path: str) -> bool:
    return any(path in stage.deps for stage in of.values())


def _by(made: tuple[str, str] | None) -> str:
    return "no stage" if made is None else f"the stage {made[0]}"


def _differences(name: str, then: Stage, now: Stage) -> Iterator[str]:
    """Tell what a stage does otherwise than it did; of its data nothing."""
    if then.cmd != now.cmd:
        yield f"stage {name}: {then.cmd} -> {now.cmd}"
    for file, key in then.params | now.params:
        before, after = (of.params.get((file, key)) for of in (then, now))
        yield from (f"stage {name}: {each}" for each in policies.differences(key, before, after))
    for path in sorted(then.deps.keys() ^ now.deps.keys()):
        yield f"stage {name}: {'no longer reads' if path in then.deps else 'reads too'} {path}"
