"""Many questions at one allowed error: Holm's procedure, with intervals that agree with its decisions."""

from collections.abc import Sequence

import msgspec


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """What Holm's procedure says about one hypothesis.

    Attributes:
        rejected: Whether it is rejected: harm is shown.
        error: The two-sided error at which its interval is to be computed, so that the interval is
            beyond the threshold exactly if the hypothesis is rejected.
    """

    rejected: bool
    error: float


def holm(p: Sequence[float | None], *, error: float) -> tuple[Step, ...]:
    """Return what is shown when many hypotheses share one allowed error (Holm 1979).

    The k-th smallest of M p-values is compared with ``(error / 2) / (M - k + 1)``; the first that is not
    under it ends the walk. A rejected one has its interval at the two-sided error ``error / (M - k + 1)`` of
    its own step, every other one at that of the step where the walk ended: the chance that any of them is
    wrongly called a harm is at most ``error / 2``.

    Args:
        p: One-sided, of "there is no harm beyond the threshold"; None, or not a number, where nothing is known:
            it counts as a hypothesis and is never rejected.
        error: Two-sided, of all together: 1 minus the confidence.

    Returns:
        One step for each hypothesis, in their order.
    """
    known = [1.0 if each is None or not 0 <= each <= 1 else each for each in p]
    order = sorted(range(len(known)), key=known.__getitem__)
    steps: dict[int, Step] = {}
    left = len(order)
    for at in order:
        if not known[at] < error / 2 / left:
            break
        steps[at] = Step(rejected=True, error=error / left)
        left -= 1
    kept = Step(rejected=False, error=error / max(left, 1))
    return tuple(steps.get(at, kept) for at in range(len(known)))


def one_sided(p: float, *, value: float, threshold: float) -> float:
    """Return the p-value of "the true number is not under the threshold" from a two-sided one.

    Args:
        p: Two-sided, of "it is the threshold".
        value: The estimate.
        threshold: In the same unit.
    """
    return p / 2 if value < threshold else 1 - p / 2
