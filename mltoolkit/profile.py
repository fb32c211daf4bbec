"""A reference profile: what data looked like, column by column. Values only; nothing is measured here."""

from collections.abc import Iterable
from itertools import pairwise
from typing import Annotated, Literal

import msgspec

from mltoolkit.evidence import Digest, Finite, Value

Count = Annotated[int, msgspec.Meta(ge=0)]
Number = int | Finite
"""An integer where it is one below 2^53, which every JSON reader keeps; a float otherwise."""

Kind = Literal["integer", "float", "decimal", "text", "boolean", "date", "timestamp", "other"]


class Numbers(Value, frozen=True, kw_only=True):
    """The numbers of a column, but for nulls.

    Attributes:
        finite: How many are finite; all that follows but the infinities is about those.
        min: The least; None where no number is finite.
        max: The greatest.
        mean: To twelve significant digits, since sums of floats depend on their order; None where no
            number is finite, or sums of them would not be.
        stdev: Of the population, in the column's unit, as exact as the mean.
        negative_infinities: How many.
        positive_infinities: How many.
        edges: Quantiles at equal steps, ascending and all different, where the bins meet.
        counts: One more than edges: the numbers up to and with the first edge, those above it up to and
            with the second, ..., those above the last.
    """

    finite: Count
    min: Number | None
    max: Number | None
    mean: Finite | None
    stdev: Finite | None
    negative_infinities: Count = 0
    positive_infinities: Count = 0
    edges: tuple[Finite, ...] = ()
    counts: tuple[Count, ...]

    def __post_init__(self) -> None:
        """Refuse bins that do not hold every number once."""
        if len(self.counts) != len(self.edges) + 1 or sum(self.counts) != self.finite:
            raise ValueError("the bins do not hold each finite number once")
        if any(left >= right for left, right in pairwise(self.edges)):
            raise ValueError("the edges do not ascend")


class Category(Value, frozen=True, kw_only=True):
    """A value that comes often.

    Attributes:
        value: As it is; of a long text its beginning and a digest of the whole.
        count: How often it comes.
    """

    value: bool | int | str
    count: Annotated[int, msgspec.Meta(ge=1)]


class Categories(Value, frozen=True, kw_only=True):
    """The values of a column that has few, or that are often.

    Attributes:
        top: The most common, most common first, equal counts in the order of the values.
        other: How many values are none of those; nulls are none.
    """

    top: tuple[Category, ...]
    other: Count


class Span(Value, frozen=True, kw_only=True):
    """The least and the greatest time of a column, in ISO 8601, infinite ones left out."""

    min: str
    max: str


class Lengths(Value, frozen=True, kw_only=True):
    """The least and the greatest length of a column's texts, in characters."""

    min: Count
    max: Count


class ColumnProfile(Value, frozen=True, kw_only=True, omit_defaults=True):
    """What one column looked like.

    Attributes:
        name: As the file spells it.
        kind: What it holds.
        type: Its type in DuckDB's words.
        private: Whether its values are nobody's business: then all that would show one is left out.
        nulls: How many of its values are null; NaN is.
        null_rate: The share of them among all rows, from 0 to 1; 0 where there is no row.
        distinct: How many different values it has; None where that was not asked.
        estimated: Whether that is an estimate, some percent off.
        unique: Whether no value came twice, nulls left out; asked of integers and texts alone.
        numbers: Of a column of numbers.
        categories: Of texts, booleans, and integers with few values; None where nearly every value is
            another.
        lengths: Of texts.
        pattern: A regular expression that every text fits, where a simple one does.
        span: Of dates and timestamps.
    """

    name: str
    kind: Kind
    type: str
    private: bool = False
    nulls: Count
    null_rate: Annotated[float, msgspec.Meta(ge=0, le=1)]
    distinct: Count | None = None
    estimated: bool = False
    unique: bool = False
    numbers: Numbers | None = None
    categories: Categories | None = None
    lengths: Lengths | None = None
    pattern: str | None = None
    span: Span | None = None

    def __post_init__(self) -> None:
        """Refuse values of a private column."""
        shown = (self.numbers, self.categories, self.lengths, self.pattern, self.span)
        if self.private and any(each is not None for each in shown):
            raise ValueError("a private column shows values")


class Profile(Value, frozen=True, kw_only=True):
    """What data looked like when a model learned from it.

    Attributes:
        schema: Name and version of this file's format.
        tool: The version that wrote it.
        path: The data.
        digest: Of its content.
        rows: How many rows it has.
        columns: In the order of the file.
    """

    schema: Literal["mltoolkit.profile/1"] = "mltoolkit.profile/1"
    tool: str
    path: str
    digest: Digest
    rows: Count
    columns: tuple[ColumnProfile, ...]

    def column(self, name: str) -> ColumnProfile | None:
        """Return the column of that name, if there is one."""
        return next((each for each in self.columns if each.name == name), None)


def render(profile: Profile) -> bytes:
    """Return a profile as JSON, one line for each column: the same bytes for the same values."""
    head = msgspec.structs.replace(profile, columns=())
    lines = ",\n".join(f"    {msgspec.json.encode(each).decode()}" for each in profile.columns)
    opening = msgspec.json.format(msgspec.json.encode(head), indent=2).decode()
    body = f"[\n{lines}\n  ]" if lines else "[]"
    return opening.removesuffix("[]\n}").encode() + f"{body}\n}}\n".encode()


def bounded(profile: Profile, limit: int) -> Profile:
    """Return a profile that takes at most so many bytes, if need be with fewer bins and categories.

    Args:
        profile: In full.
        limit: Bytes of ``render``. Names and counts are never left out, so that it may still be longer.
    """
    while len(render(profile)) > limit:
        coarser = msgspec.structs.replace(profile, columns=tuple(map(_coarser, profile.columns)))
        if coarser == profile:
            break
        profile = coarser
    return profile


def _coarser(column: ColumnProfile) -> ColumnProfile:
    numbers, categories = column.numbers, column.categories
    if numbers is not None:
        # Every second edge goes, and the bins on its sides become one.
        bounds = [0, *range(2, len(numbers.edges) + 1, 2), len(numbers.counts)]
        numbers = msgspec.structs.replace(
            numbers,
            edges=numbers.edges[1::2],
            counts=tuple(sum(numbers.counts[left:right]) for left, right in pairwise(bounds)),
        )
    if categories is not None:
        kept = categories.top[: len(categories.top) // 2]
        dropped = _total(categories.top[len(kept) :])
        categories = Categories(top=kept, other=categories.other + dropped)
    return msgspec.structs.replace(column, numbers=numbers, categories=categories)


def _total(categories: Iterable[Category]) -> int:
    return sum(each.count for each in categories)
