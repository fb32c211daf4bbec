"""A project as it was in the commit that a change is compared with, and what here is otherwise."""

import posixpath
from collections.abc import Iterable, Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

from mltoolkit import config, documents, files, git, lineage, policies, project
from mltoolkit.errors import InputError
from mltoolkit.evidence import Evidence
from mltoolkit.project import Project
from mltoolkit.rules.base import Rule
from mltoolkit.rules.custom import Custom
from mltoolkit.settings import ModelSettings, ToolkitSettings

STAGES = "dvc.yaml"
_SAID = ("desc", "meta")
"""Of a stage in ``dvc.yaml``: words for people."""
_MADE = "evaluation rows"
"""What is told of stages: rows and the summary of the training rows mostly come through the same ones."""


class Merged:
    """A project as it was in a commit, beside the one that stands here.

    Args:
        top: The root of the work tree.
        commit: 40 hex digits.
        here: The project as it is now.
    """

    def __init__(self, top: Path, commit: str, here: Project) -> None:
        self._top = top
        self._commit = commit
        self._here = here
        self._inside = here.root.resolve().relative_to(top.resolve()).as_posix()

    def settings(self) -> ToolkitSettings | None:
        """Return the section ``mltoolkit:``, or None where there was no file.

        Raises:
            InputError: It cannot be used.
        """
        data = self._read(project.PARAMS)
        if data is None:
            return None
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise InputError(f"not UTF-8 (byte {error.start})") from error
        return config.toolkit(documents.parse(text, project.PARAMS))

    def suites(self, settings: ModelSettings) -> tuple[str, ...]:
        """Tell which of the suites that decide have another content here.

        A suite that only the change names is told by the settings.
        """
        found = []
        for suite in sorted({each.suite for each in settings.data}):
            then, now = self._read(suite), self._here.root / suite
            if then is None:
                found.append(f"suite {suite}: not in the base commit")
            elif not now.is_file():
                found.append(f"suite {suite}: is gone")
            elif files.digest_file(now) != files.digest_bytes(then):
                found.append(f"suite {suite}: another content")
        return tuple(found)

    def programs(self, rules: Iterable[Rule]) -> tuple[str, ...]:
        """Tell which files that the commands of custom rules name are others here.

        A word counts where it is a path inside the repository, and the word after ``-m`` where it is a
        module there. What such a program reads or imports is not compared.

        Args:
            rules: Those that decide.
        """
        named = {path for rule in rules if isinstance(rule, Custom) for path in _paths(rule.command)}
        return tuple(f"program {path}: another content" for path in sorted(named) if not self._same(path))

    def rows(self, evidence: Evidence, settings: ModelSettings) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Tell what is otherwise in the choice of the evaluation rows, and which of their data are new.

        Rows that are committed must be those of the commit. Rows that a stage of DVC made may be others if
        all stages that they came through do what they did, with the same settings and the same committed
        files, on other data: that is a new month, and not a new choice. Of the summary of the training rows
        the same is asked, because baselines come from it.

        Args:
            evidence: What was measured.
            settings: The model's section in the commit.

        Returns:
            What changed, in words, and the paths of the data that are new.

        Raises:
            InputError: ``dvc.lock`` or ``dvc.yaml`` is damaged.
        """
        if evidence.rows is None:
            return (), ()
        changed: dict[str, None] = {}
        fresh: dict[str, None] = {}
        judged = {settings.rows: evidence.rows.digest}
        for path in (settings.rows, settings.training):
            if path is not None:
                more, new = self._of(path, judged.get(path))
                changed.update(dict.fromkeys(more))
                fresh.update(dict.fromkeys(new))
        return tuple(changed), tuple(fresh)

    def _of(self, path: str, judged: str | None) -> tuple[list[str], list[str]]:
        """Tell the same of one file, of which ``judged`` is the digest that was seen."""
        here = self._here.root / path
        then, now = self._locks
        if lineage.maker(then, path) is not None:
            return self._made(path, then, now)
        committed = self._read(path)
        if committed is not None:
            found = judged or (files.digest_file(here) if here.is_file() else None)
            return [] if found == files.digest_bytes(committed) else [f"{path}: another content"], []
        known = self._read(f"{path}.dvc")
        if known is not None:
            same = self._same(f"{path}.dvc") and files.digest_as_dvc(here) == lineage.tracked(known, path)
            return [] if same else [f"{path}: not what {path}.dvc of the base commit names"], []
        return [f"{path}: neither git nor DVC tells of the base commit which rows these were"], []

    @cached_property
    def _locks(self) -> tuple[lineage.Stages, lineage.Stages]:
        """The stages of ``dvc.lock``, then and now."""
        lock = self._here.root / project.LOCK
        now = lock.read_bytes() if lock.is_file() else None
        return lineage.stages(self._read(project.LOCK), project.LOCK), lineage.stages(now, project.LOCK)

    @cached_property
    def _yaml(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """The stages of ``dvc.yaml``, then and now."""
        here = self._here.root / STAGES
        return _defined(self._read(STAGES)), _defined(here.read_bytes() if here.is_file() else None)

    def _made(self, path: str, then: lineage.Stages, now: lineage.Stages) -> tuple[list[str], list[str]]:
        """Tell what is otherwise in how stages make a file."""
        found = lineage.origin(then, now, path)
        changed = [f"{_MADE}: {each}" for each in found.changed]
        made = lineage.maker(now, path)
        if made is not None:
            wanted = now[made[0]].outs[made[1]]
            if wanted is None or files.digest_as_dvc(self._here.root / made[1]) != wanted:
                changed.append(f"{made[1]}: not here as {project.LOCK} names it")
        changed += self._definitions(found.stages)
        for name in found.stages:
            for (file, key), value in now[name].params.items():
                if file == project.PARAMS:
                    changed += [
                        f"{_MADE}: {project.LOCK} is of other settings than {project.PARAMS}: {each}"
                        for each in policies.differences(key, value, _value(self._here.document.values, key))
                    ]
        fresh = []
        for source, same in sorted(found.sources.items()):
            if self._known(source):
                changed += [] if self._same(source) else [f"{_MADE}: {source}: another content"]
            elif not same and self._known(f"{source}.dvc"):
                fresh.append(source)
            elif not same:
                changed.append(f"{_MADE}: {source}: others, and nothing tells where they come from")
        return changed, fresh

    def _definitions(self, names: Iterable[str]) -> Iterator[str]:
        """Tell which stages are defined otherwise: what was not run yet will be."""
        then, now = self._yaml
        for name in dict.fromkeys(each.partition("@")[0] for each in names):
            if then.get(name) != now.get(name):
                yield f"{_MADE}: stage {name} in {STAGES}: another definition"
        if then.get("") != now.get(""):
            yield f"{_MADE}: `vars` in {STAGES}: others"

    def _path(self, name: str) -> str:
        return posixpath.normpath(posixpath.join(self._inside, name))

    def _read(self, name: str) -> bytes | None:
        return git.show(self._top, self._commit, self._path(name))

    def _known(self, name: str) -> bool:
        """Tell whether git has a path, in the commit or here."""
        return any(git.holds(self._top, each, self._path(name)) for each in (self._commit, "HEAD"))

    def _same(self, name: str) -> bool:
        """Tell whether a path, where the commit or this one has it, stands here as it was."""
        path = self._path(name)
        return path.startswith("../") or not git.differs(self._top, self._commit, path)


def _paths(command: tuple[str, ...]) -> Iterator[str]:
    """Return what the words of a command may be paths of."""
    for at, word in enumerate(command):
        if word.startswith("/"):
            continue
        yield word
        if at and command[at - 1] == "-m":
            inside = word.replace(".", "/")
            yield from (f"{inside}.py", f"{inside}/__init__.py", f"{inside}/__main__.py")
        if word.startswith("-") and "=" in word:
            yield word.partition("=")[2]


def _defined(data: bytes | None) -> dict[str, Any]:
    """Return the stages of a ``dvc.yaml`` without words for people, and under no name its variables."""
    if data is None:
        return {}
    plain = documents.parse(data.decode(errors="replace"), STAGES).values
    stages = plain.get("stages")
    found: dict[str, Any] = {
        name: {key: value for key, value in each.items() if key not in _SAID}
        if isinstance(each, dict)
        else each
        for name, each in (stages.items() if isinstance(stages, dict) else ())
    }
    return {**found, "": plain.get("vars")}


def _value(values: Any, key: str) -> Any:
    """Return what stands under a dotted key, or None."""
    for name in key.split("."):
        values = values.get(name) if isinstance(values, dict) else None
    return values
