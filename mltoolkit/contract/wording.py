"""How findings speak of columns, values and shares: short, and harmless wherever they are shown."""

from collections.abc import Iterable, Sequence

EXAMPLES = 5
"""How many values a finding shows."""
_NAMED = 5
_LIMIT = 80


def shown(value: object, *, limit: int = _LIMIT) -> str:
    """Return a value of the data in one line of at most ``limit`` characters; what does not print is escaped."""
    text = "".join(
        each if each.isprintable() else each.encode("unicode_escape", "backslashreplace").decode()
        for each in str(value)[: limit + 1]
    )
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def called(names: Sequence[str]) -> str:
    """Return the names of columns for a sentence: the first five, and how many more there are."""
    first = [f"`{shown(name)}`" for name in names[:_NAMED]]
    if len(names) > _NAMED:
        return f"{', '.join(first)} and {len(names) - _NAMED:,} more"
    return " and ".join([", ".join(first[:-1]), first[-1]] if len(first) > 1 else first)


def share(count: int, of: int, unit: str = "") -> str:
    """Return a count, what it is of, and the share; a part is never told as nothing or as all."""
    percent = f"{count / of * 100:.2f}".rstrip("0").rstrip(".") if of else "0"
    if 0 < count < of and percent in {"0", "100"}:
        percent = "less than 0.01" if percent == "0" else "more than 99.99"
    return f"{count:,} of {of:,}{unit and ' '}{unit} ({percent} %)"


def examples(values: Iterable[object]) -> tuple[str, ...]:
    """Return the first values that a finding shows."""
    return tuple(shown(value) for value, _ in zip(values, range(EXAMPLES), strict=False))
