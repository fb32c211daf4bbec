"""``params.yaml`` to frozen values; every error names file, line, key, and what was probably meant."""

import difflib
import re
import types
from enum import Enum
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin

import msgspec

from mltoolkit.documents import Document, Key, KeyPath
from mltoolkit.errors import InputError, Location, meant
from mltoolkit.settings import Settings, ToolkitSettings

T = TypeVar("T")

SECTION = "mltoolkit"

_FORMS = {
    "memory": ("an amount of memory", "1GB, 500MB"),
    "size": ("an amount of memory", "50MB, 1.5GiB"),
    "scoring": ("a time", "50ms, 2s"),
    "latency": ("a time", "50ms, 2s"),
    "within": ("an age", "36h, 7d"),
    "anchor": ("an anchor", "first, or the digest of a model"),
}
"""What texts of a certain form are, by their key, with examples."""

_OTHERWISE = {
    "margin": "by",
    "by": "margin",
    "min": "at-least",
    "max": "at-most",
    "floor": "at-least",
    "ceiling": "at-most",
    "threshold": "at-least",
    "value": "at-least",
    "level": "confidence",
    "alpha": "confidence",
    "timeout": "seconds",
    "looks": "budget",
    "against": "over",
}
"""What a key may be called where it is not called so."""


def toolkit(document: Document) -> ToolkitSettings:
    """Return the section ``mltoolkit:`` of a document.

    Raises:
        InputError: The section is missing or does not fit.
    """
    if SECTION not in document.values:
        near = difflib.get_close_matches(SECTION, list(document.values), n=1)
        raise InputError(
            f"no section `{SECTION}:`",
            where=document.at((near[0],)) if near else Location(path=document.path),
            hint=f"did you mean `{SECTION}:`?"
            if near
            else "add one; the README shows the smallest that works",
        )
    settings = section(document, (SECTION,), ToolkitSettings)
    if not settings.models:
        raise InputError("no models", where=document.at((SECTION, "models")))
    owner: dict[str, str] = {}
    for name, model in settings.models.items():
        for endpoint in model.endpoints:
            # An endpoint answers with one model; two owners would deploy over each other.
            if endpoint in owner:
                raise InputError(
                    f"the endpoint {endpoint!r} belongs to {owner[endpoint]!r} too",
                    where=document.at((SECTION, "models", name, "endpoints", endpoint)),
                    hint="give each model an endpoint of its own: `endpoints: {NAME: {}}`",
                )
            owner[endpoint] = name
    return settings


def section(document: Document, keys: tuple[str, ...], kind: type[T]) -> T:
    """Return one section of a document as its type.

    Args:
        document: The parsed file.
        keys: The path of the section.
        kind: A Settings type.

    Raises:
        InputError: The section is missing, holds unknown keys, or values that do not fit.
    """
    values: Any = document.values
    for depth, key in enumerate(keys):
        if not isinstance(values, dict) or key not in values:
            raise InputError(f"no section `{'.'.join(keys)}:`", where=document.at(keys[:depth]))
        values = values[key]
    try:
        return msgspec.convert(values, kind, strict=True)
    except msgspec.ValidationError as error:
        raise _explain(document, keys, kind, values, str(error)) from error


def _explain(document: Document, keys: KeyPath, kind: Any, values: Any, message: str) -> InputError:
    """Turn msgspec's sentence into one with a line and advice."""
    what, _, path = message.partition(" - at `")
    in_key = path.startswith("key")
    steps = re.findall(
        r"\.([^.\[`]+)|\[(\d+|\.\.\.)\]", path.removeprefix("key in ").lstrip("`").removeprefix("$")
    )
    for name, index in steps:
        kind = _inside(kind, values)
        if index == "...":  # msgspec does not say which key of a mapping: find the first that does not fit
            return _explain_child(document, keys, kind, values, what)
        key: Key = int(index) if index else name
        kind = _child(kind, key)
        keys, values = (*keys, key), _item(values, key)
        if values is None:
            break
    kind = _inside(kind, values)
    if in_key:
        return _explain_child(document, keys, kind, values, what)
    if one := re.match(r"(\w+)\[(\d+)\]: ", what):  # our own sentence about one of several
        return InputError(what[one.end() :], where=document.at((*keys, one[1], int(one[2]))))
    if "matching regex" in what and (form := _FORMS.get(str(keys[-1]))):
        return InputError(f"{values!r} is not {form[0]}", where=document.at(keys), hint=f"such as {form[1]}")
    if "matching regex" in what:
        return InputError(
            f"{keys[-1]!r} is not a name",
            where=document.at(keys),
            hint="names are lower-case letters, digits and dashes, at most 40",
        )
    if unknown := re.search(r"unknown field `(.+)`", what):
        known = _known(kind)
        other = _OTHERWISE.get(unknown[1])
        hint = f"did you mean `{other}`?" if other in known else meant(unknown[1], known)
        return InputError("unknown key", where=document.at((*keys, unknown[1])), hint=hint)
    if missing := re.search(r"missing required field `(.+)`", what):
        return InputError(f"`{missing[1]}` is missing", where=document.at(keys))
    return InputError(
        f"{what[0].lower()}{what[1:]}",
        where=document.at(keys),
        hint=_choices(kind, values) or _amended(str(keys[-1]), values, what),
    )


def _explain_child(document: Document, keys: KeyPath, kind: Any, values: Any, what: str) -> InputError:
    inner = get_args(kind)[-1] if get_origin(kind) is dict else Any
    name_kind = get_args(kind)[0] if get_origin(kind) is dict else str
    for key, value in values.items():
        for part, part_kind in ((key, name_kind), (value, inner)):
            try:
                msgspec.convert(part, part_kind, strict=True)
            except msgspec.ValidationError as error:
                return _explain(document, (*keys, key), part_kind, part, str(error))
    return InputError(what, where=document.at(keys))


def _inside(kind: Any, values: Any) -> Any:
    """Strip Annotated and optional wrappers; of a tagged union take the member the values name."""
    if get_origin(kind) is Annotated:
        return _inside(get_args(kind)[0], values)
    if get_origin(kind) in {Union, types.UnionType}:
        members = [member for member in get_args(kind) if member is not type(None)]
        if len(members) == 1:
            return _inside(members[0], values)
        named = [m for m in members if isinstance(m, type) and issubclass(m, Settings | msgspec.Struct)]
        if len(named) == 1 and isinstance(values, dict):
            return named[0]
        tags = [(m, m.__struct_config__.tag_field, m.__struct_config__.tag) for m in named]
        found = values if isinstance(values, dict) else {}
        return next((m for m, field_, tag in tags if field_ and found.get(field_) == tag), kind)
    return kind


def _child(kind: Any, key: Key) -> Any:
    if isinstance(key, int):
        return next(iter(get_args(kind)), Any)
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return next((f.type for f in msgspec.structs.fields(kind) if f.encode_name == key), kind)
    return kind


def _item(values: Any, key: Key) -> Any:
    if isinstance(values, dict):
        return values.get(key)
    return values[key] if isinstance(values, list) and isinstance(key, int) else None


def _known(kind: Any) -> list[str]:
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        tag = kind.__struct_config__.tag_field
        return [*([tag] if tag else []), *(f.encode_name for f in msgspec.structs.fields(kind))]
    return []


def _choices(kind: Any, values: Any) -> str | None:
    """Name what would have fitted, where the type says so."""
    if get_origin(kind) is Literal:
        return meant(str(values), [str(choice) for choice in get_args(kind)])
    if isinstance(kind, type) and issubclass(kind, Enum):
        return meant(str(values), [str(choice.value) for choice in kind])
    if get_origin(kind) in {Union, types.UnionType}:
        tags = [
            m.__struct_config__.tag
            for m in get_args(kind)
            if isinstance(m, type) and issubclass(m, msgspec.Struct)
        ]
        return meant(str(values), [str(tag) for tag in tags]) if tags else None
    return None


def _amended(key: str, values: Any, what: str) -> str | None:
    """Return the value that was probably meant."""
    if isinstance(values, bool) or not isinstance(values, int | float):
        if "`array`" in what and isinstance(values, str):
            return f"write a list: [{', '.join(values.split())}]"
        return None
    if key in _FORMS:
        return f"such as {_FORMS[key][1]}"
    if key == "confidence" and 1 <= values < 100:  # noqa: PLR2004 - per cent
        return f"did you mean {values / 100:g}?" if values > 1 else "nothing is certain; such as 0.95"
    if values < 0:
        return f"did you mean {-values:g}? a {key} is written without a sign"
    return None
