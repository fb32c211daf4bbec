"""Quantiles and tails of the normal and of Student's t distribution, also for fractions of degrees of freedom.

``scipy.special`` is imported where it is called: a gate that has only numbers never needs it.
"""


def normal_quantile(share: float) -> float:
    """Return the number that a standard normal variable stays under with probability ``share``.

    Args:
        share: Between 0 and 1.
    """
    from scipy.special import ndtri

    return float(ndtri(share))


def normal_tails(z: float) -> float:
    """Return the probability that a standard normal variable is at least so far from 0, on either side.

    Args:
        z: In standard errors; infinite gives 0.
    """
    from scipy.special import ndtr

    return float(2 * ndtr(-abs(z)))


def t_quantile(share: float, degrees: float) -> float:
    """Return the number that Student's t stays under with probability ``share``.

    Args:
        share: Between 0 and 1.
        degrees: Degrees of freedom above 0, also fractions.
    """
    from scipy.special import stdtrit

    return float(stdtrit(degrees, share))


def t_tails(t: float, degrees: float) -> float:
    """Return the probability that Student's t is at least so far from 0, on either side.

    Args:
        t: In standard errors; infinite gives 0.
        degrees: Degrees of freedom above 0, also fractions.
    """
    from scipy.special import stdtr

    return float(2 * stdtr(degrees, -abs(t)))
