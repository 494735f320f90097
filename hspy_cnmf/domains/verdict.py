"""Whether a map of domains is to be trusted, in words."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.special import expit

from hspy_cnmf.domains.division import PART
from hspy_cnmf.domains.held_out import SURE, Scan, surplus
from hspy_cnmf.domains.repeats import Repeats, changed, partners
from hspy_cnmf.domains.view import View

#: Share of the positions in one domain, from which on it holds all.
_ALL = 0.995

#: Standard errors by which two domains explain more than one in their place.
_SURELY_TWO = 2.0

#: Mean confidence below which a map is doubted.
_LEAST_CONFIDENCE = 0.75

#: Share of the positions from which on divisions that may be right differ too much.
_OTHERWISE = 0.15

#: Standard errors by which domains explain less than one and still may be right, as
#: small ones do little for the whole.
_LESS = 2.0

#: Share of the electrons next to the centre that hides what is elsewhere, and the
#: radius of that, of the whole.
_BRIGHT, _CENTRAL = 0.2, 0.1


@dataclass(frozen=True, eq=False)
class Verdict:
    """What repeats say of a map as a whole."""

    repeats: Repeats
    is_settled: bool = True  #: Whether they agree as much as they were to.

    @cached_property
    def needless(self) -> tuple[float, tuple[int, int]] | None:
        """The domains that explain least more than one in their place, if hardly any.

        The log-likelihood of what is lost, and their numbers in the best division.
        """
        best = self.repeats.best
        lost = {two: best.score - best.joined(*two).score for two in best.alike()}
        pair = min(lost, key=lambda pair: surplus(lost[pair]))
        return None if surplus(lost[pair]) >= _SURELY_TWO else (lost[pair].sum(), pair)

    @cached_property
    def trust(self) -> float:
        r"""Share of the labels that say something, from 0 to 1.

        Domains that explain held-out electrons by :math:`z` standard errors more than
        one are taken to be there with the probability :math:`1 / (1 + \exp(-2 - z))`.
        What repeats label another way is wrong where none of them explains as much.
        """
        missed = 0.0 if self.repeats.kept else self.repeats.difference
        return (1 - missed) * float(expit(self.repeats.evidence + _LESS))

    def tempered(self, probabilities: np.ndarray) -> np.ndarray:
        """Return probabilities with a guess mixed in where the whole is not trusted."""
        guess = 1 / probabilities.shape[1]
        return self.trust * probabilities + (1 - self.trust) * guess

    def doubts(self, probabilities: np.ndarray, scan: Scan, view: View) -> list[str]:
        """Return why an answer is not to be trusted, each with what would help."""
        labels, n_domains = probabilities.argmax(axis=1), probabilities.shape[1]
        largest = np.bincount(labels).max() / len(labels)
        confidence, found = probabilities.max(axis=1).mean(), []
        if self.repeats.evidence <= 0:
            found.append(self._hardly_any(n_domains))
        if self.repeats.difference >= _OTHERWISE:
            found.append(self._differs())
        if largest >= _ALL:
            found.append(f"one domain holds {100 * largest:.1f} % of the positions")
        if confidence < _LEAST_CONFIDENCE and not found:
            found.append(f"the mean confidence is {100 * confidence:.0f} % only")
        rival = self.repeats.rival
        is_better = rival and self.repeats.behind(rival) <= -SURE
        # One may do without a domain, or repeats never agreed.
        is_open = rival and (self.needless or not self.is_settled)
        if found or is_better or is_open or self.otherwise >= _OTHERWISE:
            found += self.cautions(probabilities)
        help_ = f"; {_help(scan, view, n_domains)}."
        return [doubt + help_ for doubt in found]

    def cautions(self, probabilities: np.ndarray) -> list[str]:
        """Return what may be otherwise in a part of the map."""
        found = []
        if 0 < self.repeats.evidence < SURE:
            found.append(self._hardly_any(probabilities.shape[1]))
        held = self.repeats.best.labels[PART]
        # Of a domain that holds no position nothing is to be said.
        if self.needless and np.isin(self.needless[1], held).all():
            gain, pair = self.needless
            found.append(
                f"{self._named(pair, probabilities)} explain held-out electrons hardly "
                f"better than one in their place (log-likelihood {gain:+.0f}), so that "
                "others may be right"
            )
        best, rival = self.repeats.best, self.repeats.rival
        if rival:
            gain = (self.repeats.score(rival) - self.repeats.score(best)).sum()
            found.append(
                f"another division into as many domains, which differs in "
                f"{100 * changed(best, rival):.0f} % of the positions, explains "
                f"held-out electrons as well (log-likelihood {gain:+.0f})"
            )
        return found

    @property
    def otherwise(self) -> float:
        """Share of the positions that one other division labels another way.

        One that explains as much: a rival, or, where repeats never agreed, that of two
        domains as one.
        """
        best, rival = self.repeats.best, self.repeats.rival
        share = changed(best, rival) if rival else 0.0
        if self.needless and not self.is_settled:
            own = best.labels[PART][:, np.newaxis] == self.needless[1]
            share = max(share, own.mean(axis=0).min())
        return float(share)

    def _differs(self) -> str:
        those = "repeats, none of which explains held-out electrons as well,"
        if self.repeats.kept:
            those = "divisions that explain held-out electrons as well"
        return (
            f"{those} differ in {100 * self.repeats.difference:.0f} % of the positions"
        )

    def _named(self, pair: tuple[int, int], probabilities: np.ndarray) -> str:
        """Return two domains of the best division by their numbers in the answer."""
        names = partners(self.repeats.best.posterior.T @ probabilities)
        first, second = sorted(names[list(pair)])
        return f"domains {first} and {second}"

    def _hardly_any(self, n_domains: int) -> str:
        errors = self.repeats.evidence
        return (
            f"{n_domains} domains explain held-out electrons "
            f"{'hardly' if errors > 0 else 'no'} better than one "
            f"({errors:+.1f} standard errors)"
        )


def number_doubts(numbers: tuple[int, int] | None) -> list[str]:
    """Return a doubt if more than one number of domains may be right.

    The least and the largest are given, or None where the number is known.
    """
    if numbers is None or numbers[0] == numbers[1]:
        return []
    least, largest = numbers
    return [
        f"the number of domains is not clear, between {least} and {largest} or more; "
        f"what would help: maps of {least} and of {largest} domains (n_domains), "
        "compared, or the number, if it is known."
    ]


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
    mean = scan.patterns[:: max(1, len(scan.patterns) // 1000)].sum(axis=0)
    inside = scan.nuisances.rings <= _CENTRAL * view.size
    return float(mean[inside].sum() / max(mean.sum(), 1e-30))
