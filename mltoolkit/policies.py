"""What a change alters of the policy that it is judged by, in words: pure, from two settings to sentences."""

from collections.abc import Iterator
from typing import Any

import msgspec

from mltoolkit.rules.base import Rule
from mltoolkit.settings import ModelSettings, ToolkitSettings

_FREE = ("model", "leaderboard")
"""Settings of a model that a change may alter without anybody's leave: they say nothing of how it is judged.

All else could loosen the gate: other rows, another endpoint where no champion is, a model format that runs code.
"""


def changes(base: ToolkitSettings, head: ToolkitSettings, model: str) -> tuple[str, ...]:
    """Return what differs between the settings that decide and those of the judged commit.

    Args:
        base: The section ``mltoolkit:`` of the commit whose rules decide.
        head: That of the commit that is judged.
        model: The model's name; both know it.
    """
    then, now = base.models[model], head.models[model]
    before, after = ({**_plain(each), "endpoints": _endpoints(each)} for each in (then, now))
    for key in (*_FREE, "rules", "data"):
        del before[key], after[key]
    return (
        *rules(then.rules, now.rules),
        *differences("", before, after),
        *_data(then, now),
        # Another journal knows another champion, or none.
        *differences("state", base.state, head.state),
    )


def _endpoints(settings: ModelSettings) -> dict[str, Any]:
    """Return what matters of endpoints: which there are, since a champion lives there, and what runs it."""
    return {name: {"python": each.python} for name, each in settings.endpoints.items()}


def rules(base: tuple[Rule, ...], head: tuple[Rule, ...]) -> tuple[str, ...]:
    """Return how two lists of rules differ, by what they ask and not by their order.

    Args:
        base: The rules that decide.
        head: Those of the judged commit.
    """
    # An empty list stands for the defaults of the task.
    if not base or not head:
        if not base and not head:
            return ()
        return (
            f"rules: {_many(base)} -> {_many(head)}",
            *(f"rules: no longer asked: {rule.question}" for rule in base),
        )
    left = {rule.question: rule for rule in base}
    new: list[Rule] = []
    found: list[str] = []
    for rule in head:
        old = left.pop(rule.question, None)
        if old is None:
            new.append(rule)
        else:
            found += _altered(rule.question, old, rule)
    for rule in new:
        # The same question with another number in it: of one kind, about the same thing.
        like = next((old for old in left.values() if _about(old) == _about(rule)), None)
        if like is None:
            found.append(f"rules: asked too: {rule.question}")
        else:
            del left[like.question]
            found += _altered(" ".join(_about(rule)), like, rule)
    return (*(f"rules: no longer asked: {old.question}" for old in left.values()), *found)


_SUBJECT = ("metric", "metrics", "baseline", "over", "slice", "name")
"""Fields that say what a rule is about; the others say how much it asks."""


def _about(rule: Rule) -> tuple[str, ...]:
    plain = _plain(rule)
    about = (plain.get(key) for key in _SUBJECT)
    return (str(plain["kind"]), *(_word(value) for value in about if value is not None))


def _altered(question: str, old: Rule, new: Rule) -> list[str]:
    return [f"rules: {question}: {each}" for each in differences("", _plain(old), _plain(new))]


def _many(rules: tuple[Rule, ...]) -> str:
    return f"{len(rules)} of the project's own" if rules else "the defaults of the task"


def _data(base: ModelSettings, head: ModelSettings) -> list[str]:
    """Tell the data contract's changes, each under the path of its data."""
    if len({each.path for each in base.data}) < len(base.data) or len(head.data) > len(
        {each.path for each in head.data}
    ):
        # One path under several suites: told as a whole.
        return [] if base.data == head.data else ["data: what is checked changed"]
    then, now = ({each.path: _plain(each) for each in settings.data} for settings in (base, head))
    return list(differences("data", then, now))


def differences(key: str, before: Any, after: Any) -> Iterator[str]:
    """Tell values that differ by their dotted key, in words.

    Args:
        key: Where they stand; empty at the top.
        before: As it was.
        after: As it is.
    """
    if isinstance(before, dict) and isinstance(after, dict):
        for name in before | after:
            within = f"{key}.{name}" if key else name
            yield from differences(within, before.get(name), after.get(name))
    # Python takes 1, 1.0 and true for equal.
    elif repr(before) != repr(after):
        yield f"{key}: {_word(before)} -> {_word(after)}"


_LONG = 80


def _plain(value: Any) -> dict[str, Any]:
    plain: dict[str, Any] = msgspec.to_builtins(value)
    return plain


def _word(value: Any) -> str:
    match value:
        case None:
            return "not set"
        case bool():
            return "true" if value else "false"
        case list() | tuple():
            said = ", ".join(map(_word, value)) or "none"
        case dict():
            said = ", ".join(f"{key}: {_word(each)}" for key, each in value.items() if each) or "none"
        case _:
            said = str(value)
    return said if len(said) <= _LONG else f"{said[: _LONG - 1]}…"
