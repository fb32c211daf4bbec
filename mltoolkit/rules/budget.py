"""``kind: budget``: what a model takes, in bytes and seconds."""

from typing import Annotated

import msgspec

from mltoolkit.evidence import Costs
from mltoolkit.rules.base import Answer, Facts, Finding, Rule
from mltoolkit.rules.numbers import Estimate

Size = Annotated[str, msgspec.Meta(pattern=r"^[1-9][0-9]{0,5}(\.[0-9]{1,3})? ?[KMGT]i?B\Z")]
"""An amount of memory: ``50MB`` is 50 million bytes, ``50MiB`` is 50 times 1024 times 1024."""

Duration = Annotated[str, msgspec.Meta(pattern=r"^(?=.*[1-9])[0-9]{1,6}(\.[0-9]{1,3})? ?(ms|s)\Z")]
"""A time: ``50ms``, ``1.5s``."""

_KILO = "KMGT"


class Budget(Rule, frozen=True, kw_only=True, tag="budget"):
    """The challenger takes no more than it may, as measured where it was scored.

    Attributes:
        size: Of its directory.
        memory: Peak resident memory of the process that loaded and scored it.
        scoring: For a thousand rows in one batch.
        latency: For a request of one golden row, the slowest but one of those asked.
    """

    size: Size | None = None
    memory: Size | None = None
    scoring: Duration | None = None
    latency: Duration | None = None

    def __post_init__(self) -> None:
        """Refuse a budget for nothing."""
        if not self.limits:
            raise ValueError("needs one of `size`, `memory`, `scoring`, `latency`")

    @property
    def limits(self) -> dict[str, str]:
        """What is asked, by the name of what is measured, as it was written."""
        written = {"size": self.size, "memory": self.memory, "scoring": self.scoring, "latency": self.latency}
        return {name: limit for name, limit in written.items() if limit is not None}

    @property
    def question(self) -> str:
        """The rule in words; it names the finding."""
        return f"at most {', '.join(f'{limit} {_ASKED[name]}' for name, limit in self.limits.items())}"

    def answer(self, facts: Facts) -> Finding:
        """Pass where everything asked is within its limit; what was not measured is unknown."""
        challenger = facts.evidence.challenger
        if challenger is None or challenger.costs is None:
            why = (
                "there are only numbers, no model" if challenger is None else "what it takes was not measured"
            )
            return self.finding(Answer.UNKNOWN, why)
        taken = [(name, _measured(challenger.costs, name), limit) for name, limit in self.limits.items()]
        # The one nearest to its limit, or furthest over it, is the number that is shown.
        name, value, limit = max(taken, key=lambda each: each[1] / amount(each[2]))
        over = [each for each in taken if each[1] > amount(each[2])]
        # Nothing takes nothing: a zero was not measured.
        missing = [each for each in taken if not each[1] > 0]
        if over:
            said, told = Answer.FAIL, over
        elif missing:
            said, (name, value, limit) = Answer.UNKNOWN, missing[0]
            return self.finding(said, f"its {name} was not measured", metric=name, threshold=amount(limit))
        else:
            said, told = Answer.PASS, taken
        where = "over the limit of" if over else "within"
        words = [f"{_ASKED[each]} {shown(each, number)}, {where} {most}" for each, number, most in told]
        return self.finding(
            said,
            "; ".join(words),
            metric=name,
            estimate=Estimate(value=float(f"{value:.6g}")),
            threshold=amount(limit),
        )


_ASKED = {
    "size": "on disk",
    "memory": "of memory",
    "scoring": "for 1,000 rows",
    "latency": "for one row",
}


def amount(text: str) -> float:
    """Return the bytes or seconds that a limit says.

    Args:
        text: Such as ``50MB``, ``1.5GiB``, ``50ms`` or ``2s``, as the settings have checked.
    """
    digits = text.rstrip("KMGTiBms ")
    unit = text[len(digits) :].strip()
    if unit in {"ms", "s"}:
        return float(digits) / (1000 if unit == "ms" else 1)
    return float(digits) * (1024.0 if "i" in unit else 1000.0) ** (1 + _KILO.index(unit[0]))


def shown(name: str, value: float) -> str:
    """Return bytes or seconds as a person reads them.

    Args:
        name: What is measured.
        value: In bytes, or in seconds.
    """
    if name in {"scoring", "latency"}:
        return f"{value:.3g} s" if value >= 1 else f"{1000 * value:.3g} ms"
    power = 0
    while value >= 1000 and power < len(_KILO):  # noqa: PLR2004 - decimal units
        value, power = value / 1000, power + 1
    return f"{value:.3g} {'' if not power else _KILO[power - 1]}B"


def _measured(costs: Costs, name: str) -> float:
    return {
        "size": float(costs.size),
        "memory": float(costs.memory),
        "scoring": costs.scoring,
        "latency": costs.latency,
    }[name]
