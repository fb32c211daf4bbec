"""YAML as DVC reads it (version 1.2), with the line of every key, so that one file means one thing to both.

Nothing here opens a file: text comes in, values go out.
"""

import math
from collections.abc import Mapping
from typing import Any

import msgspec
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from mltoolkit.errors import InputError, Location

Key = str | int
KeyPath = tuple[Key, ...]

_NODE_LIMIT = 100_000
"""Nodes after aliases are expanded; an alias bomb stops here."""
_DEPTH_LIMIT = 50


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """A parsed YAML file: plain values, and the line of every key."""

    path: str
    values: dict[str, Any]
    lines: Mapping[KeyPath, int]

    def at(self, keys: KeyPath) -> Location:
        """Return the location of a key, or of its nearest parent that has one."""
        line = next((self.lines[keys[:n]] for n in range(len(keys), -1, -1) if keys[:n] in self.lines), None)
        return Location(path=self.path, line=line, key=_dotted(keys) or None)


def parse(text: str, path: str) -> Document:
    """Parse the text of a YAML file.

    Args:
        text: The content.
        path: The name that errors carry.

    Raises:
        InputError: Not YAML, duplicate keys, tags of other languages, too deep or too large.
    """
    yaml = YAML(typ="safe", pure=True)
    try:
        root = yaml.compose(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = None if mark is None else mark.line + 1
        raise InputError(f"not YAML: {error.problem}", where=Location(path=path, line=line)) from error
    except (YAMLError, ValueError, RecursionError) as error:
        raise InputError(f"not YAML: {str(error).splitlines()[0]}", where=Location(path=path)) from error
    lines: dict[KeyPath, int] = {}
    values = {} if root is None else _Reader(path, lines).read(root, ())
    if not isinstance(values, dict):
        raise InputError("must be a mapping of keys to values", where=Location(path=path, line=1))
    return Document(path=path, values=values, lines=lines)


class _Reader:
    """Turns composed nodes into plain values and remembers lines."""

    def __init__(self, path: str, lines: dict[KeyPath, int]) -> None:
        self._path = path
        self._lines = lines
        self._left = _NODE_LIMIT

    def read(self, node: Node, keys: KeyPath) -> Any:
        line = node.start_mark.line + 1
        self._lines.setdefault(keys, line)
        self._left -= 1
        if self._left < 0 or len(keys) > _DEPTH_LIMIT:
            raise self._refuse("too large or too deep once aliases are expanded", line, keys)
        match node:
            case MappingNode() if str(node.tag).endswith(":map"):
                return self._mapping(node, keys)
            case SequenceNode() if str(node.tag).endswith(":seq"):
                return [self.read(child, (*keys, at)) for at, child in enumerate(node.value)]
            case ScalarNode():
                return self._scalar(node, keys, line)
        raise self._refuse(f"the tag {node.tag} is not allowed", line, keys)

    def _mapping(self, node: MappingNode, keys: KeyPath) -> dict[str, Any]:
        made: dict[str, Any] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            if not isinstance(key_node, ScalarNode):
                raise self._refuse("a key must be a plain word", line, keys)
            key = str(key_node.value)
            if str(key_node.tag).endswith(":merge"):
                raise self._refuse("merge keys (<<) are not YAML 1.2; write the keys out", line, keys)
            if key in made:
                raise self._refuse("duplicate key", line, (*keys, key))
            self._lines[(*keys, key)] = line
            made[key] = self.read(value_node, (*keys, key))
        return made

    def _scalar(self, node: ScalarNode, keys: KeyPath, line: int) -> Any:
        text = str(node.value)
        kind = str(node.tag).rpartition(":")[2]
        if kind == "null":
            return None
        if kind == "bool" and text.lower() in {"true", "false"}:
            return text.lower() == "true"
        if kind in {"str", "timestamp"} and "\0" not in text:
            return text
        if kind in {"int", "float"} and (value := _number(text, kind)) is not None:
            if not math.isfinite(value):
                raise self._refuse(f"{text} is not a finite number", line, keys)
            return value
        raise self._refuse(f"{text[:40]!r} is not a value that is allowed here ({node.tag})", line, keys)

    def _refuse(self, what: str, line: int, keys: KeyPath) -> InputError:
        return InputError(what, where=Location(path=self._path, line=line, key=_dotted(keys) or None))


def _number(text: str, kind: str) -> int | float | None:
    """Return the number that YAML 1.2 takes a word for; None where only other versions take it for one."""
    plain = text.replace("_", "").lower()
    try:
        if kind == "int":
            return int(plain, 0 if plain.lstrip("+-")[:2] in {"0x", "0o", "0b"} else 10)
        return float(plain.replace(".inf", "inf").replace(".nan", "nan"))
    except ValueError:
        return None


def _dotted(keys: KeyPath) -> str:
    return "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in keys).lstrip(".")
