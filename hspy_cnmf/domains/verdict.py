"""Whether a map of domains is to be trusted, in words."""

import numpy as np
from scipy.optimize import linear_sum_assignment

from hspy_cnmf.domains.division import Division, Scan
from hspy_cnmf.domains.held_out import SURE, surplus
from hspy_cnmf.domains.repeats import Repeats
from hspy_cnmf.domains.view import View

#: Share of the positions in one domain, from which on it holds all.
_ALL = 0.995

#: Pairs of domains that are tried as one, those that differ least.
_PAIRS = 4

#: Standard errors by which two domains explain more than one in their place.
_SURELY_TWO = 2.0

#: Share of the positions from which on divisions that differ there are others.
_MANY = 0.02

#: Positions that repeats agree on, and the least share of them.
_AGREED, _LEAST_AGREED = 0.9, 0.3

#: Share of the electrons next to the centre that hides what is elsewhere, and the
#: radius of that, of the whole.
_BRIGHT, _CENTRAL = 0.2, 0.1


def doubts(
    repeats: Repeats, probabilities: np.ndarray, scan: Scan, view: View
) -> list[str]:
    """Return why a map is not to be trusted, each with what would help.

    Parameters
    ----------
    repeats : Repeats
    probabilities : numpy.ndarray, shape (n_positions, n_domains)
        The answer.
    scan : Scan
    view : View
    """
    score, n_domains = repeats.best.score, probabilities.shape[1]
    labels = probabilities.argmax(axis=1)
    largest = np.bincount(labels).max() / len(labels)
    agreed = np.mean(repeats.agreement >= _AGREED)
    found = []
    if surplus(score, np.zeros_like(score)) < SURE:
        found.append(
            f"{n_domains} domains explain held-out electrons no better than one "
            f"(log-likelihood {score.sum():+.0f}, {len(score)} positions)"
        )
    if largest >= _ALL:
        found.append(f"one domain holds {100 * largest:.1f} % of the positions")
    if agreed < _LEAST_AGREED:
        found.append(
            f"repeats agree on {100 * agreed:.0f} % of the positions only, on the "
            "others they give different labels"
        )
    found += _needless(repeats.best, probabilities)
    found += _exchanged(repeats.best)
    help_ = f"; {_help(scan, view, n_domains)}."
    return [doubt + help_ for doubt in found]


def number_doubts(numbers: tuple[int, int] | None) -> list[str]:
    """Return a doubt where the number of domains is not clear.

    Parameters
    ----------
    numbers : tuple of int or None
        The least and largest that may be right; None where the number is given.
    """
    if numbers is None or numbers[0] == numbers[1]:
        return []
    least, largest = numbers
    return [
        f"the number of domains is not clear, between {least} and {largest} or more; "
        f"what would help: maps of {least} and of {largest} domains (n_domains), "
        "compared, or the number, if it is known."
    ]


def _needless(best: Division, probabilities: np.ndarray) -> list[str]:
    """Return a doubt where two domains explain hardly more than one in their place.

    Then another division of the same number may explain as much.
    """
    explanation = best.explanation
    apart = explanation.likelihood
    losses = {}
    for one, other in explanation.alike(_PAIRS):
        joined = explanation.joined(one, other).likelihood
        losses[one, other] = surplus(apart, joined), float((apart - joined).sum())
    pair = min(losses, key=lambda pair: losses[pair][0])
    errors, gain = losses[pair]
    if errors >= _SURELY_TWO:
        return []
    _, names = linear_sum_assignment(-(best.posterior.T @ probabilities))
    first, second = sorted(names[list(pair)])
    return [
        f"domains {first} and {second} explain held-out electrons hardly "
        f"better than one in their place (log-likelihood {gain:+.0f}), so that others "
        "may be right"
    ]


def _exchanged(best: Division) -> list[str]:
    """Return a doubt where parting one domain and joining two explains as much.

    Where bending is described badly, or one grain is bent to what another is, parts of
    a domain differ as much as domains do.
    """
    if best.finer is None:
        return []
    apart = best.explanation
    for pair in best.finer.alike(_PAIRS):
        rival = best.finer.joined(*pair)
        changed = _changed(apart.labels, rival.labels)
        errors = surplus(rival.likelihood, apart.likelihood)
        if changed >= _MANY and errors > -_SURELY_TWO:
            gain = (rival.likelihood - apart.likelihood).sum()
            return [
                f"another division into as many domains, which differs in "
                f"{100 * changed:.0f} % of the positions, explains held-out electrons "
                f"as well (log-likelihood {gain:+.0f})"
            ]
    return []


def _changed(one: np.ndarray, other: np.ndarray) -> float:
    """Return the share of the positions that two divisions label another way."""
    counts = np.zeros((one.max() + 1, other.max() + 1))
    np.add.at(counts, (one, other), 1)
    return 1 - counts[linear_sum_assignment(-counts)].sum() / len(one)


def _help(scan: Scan, view: View, n_domains: int) -> str:
    """Return what would help."""
    ways = [f"more counts than {scan.electrons:.0f} a pattern (or the scan binned)"]
    if _central_share(scan, view) > _BRIGHT:
        ways.insert(0, "mask the direct beam (structure_mask)")
    if n_domains > 2:
        ways.append(f"fewer domains than {n_domains}")
    return "what would help: " + ", or ".join(ways)


def _central_share(scan: Scan, view: View) -> float:
    """Return the share of the electrons next to the centre."""
    mean = view.images(scan.patterns[:: max(1, len(scan.patterns) // 1000)]).sum(axis=0)
    rows, columns = np.indices(mean.shape) - (mean.shape[0] - 1) / 2
    inside = np.hypot(rows, columns) <= max(1.5, _CENTRAL * mean.shape[0])
    return float(mean[inside].sum() / max(mean.sum(), 1e-30))
