"""Domains that took a wrong place: one is parted, and others joined."""

from dataclasses import replace

import numpy as np

from hspy_cnmf.domains.clustering import Gaussians, clustered, contiguous
from hspy_cnmf.domains.division import PART, Components, Division
from hspy_cnmf.domains.held_out import SURE, surplus

#: How often a domain is parted and others are joined, in turn.
_ROUNDS = 4

#: Part of what domains explain from which on more of it is a better division: less may
#: be how bends are described, however many electrons make it sure.
_LEAST_GAIN = 0.01

#: Fewest positions of a domain that is parted.
_FEWEST = 8


def regrouped(division: Division, n_rounds: int = _ROUNDS) -> Division:
    """Return as many domains, of which one is parted and others are joined.

    They surely explain more than the division, by a hundredth of what it explains or
    more, or it is returned. Split and merge, of mixtures whose clusters took a wrong
    place (Ueda, Nakano, Ghahramani and Hinton 2000, Neural Comput. 12, 2109), so many
    times at most.
    """
    for _ in range(n_rounds):
        others = alternatives(division, surely=True)
        best = max(others, key=lambda one: one.explained, default=division)
        gain = (best.score - division.score).sum(dtype=float)
        is_more = gain >= _LEAST_GAIN * best.score.sum(dtype=float)
        if not is_more or best.surplus(division) < SURE:
            break
        division = best
    return division


def alternatives(division: Division, *, surely: bool = False) -> list[Division]:
    """Return as many domains, of which one is parted, and others joined.

    Only a domain that explains surely more in two parts is parted, if that is asked: to
    join others loses some of it. Where its parts are joined again, nothing is new.
    """
    finer = _finer(division, surely)
    others = [finer.joined(*pair) for pair in finer.alike()] if finer else []
    own = division.labels[PART]
    return [one for one in others if not np.array_equal(one.labels[PART], own)]


def _finer(division: Division, surely: bool) -> Division | None:
    """Return one domain more, of the one that explains most more in two parts.

    Each domain is clustered on its own, where electrons are held out.
    """
    components, n_domains = division.components, len(division.patterns)
    if components is None:
        return None
    if division.judge.nuisances.azimuths:
        # Parts of a domain may be one structure, turned: a merge is undone instead.
        has_more = len(components.masses) > n_domains
        return Division.of(components, n_domains + 1) if has_more else None
    found = {k: _parts(components, division.labels, k) for k in range(n_domains)}
    parts = {k: two for k, two in found.items() if two is not None}
    finest = division
    for k, two in parts.items():
        finest = _with_parts(finest, k, *two)
    labels, more = division.labels[PART], finest.likelihood() - division.likelihood()
    if surely:
        parts = {k: parts[k] for k in parts if surplus(more[labels == k]) >= SURE}
    gains = np.bincount(labels, more, n_domains)
    best = max(parts, key=gains.__getitem__, default=None)
    return None if best is None else _with_parts(division, best, *parts[best])


def _with_parts(
    division: Division, k: int, second: np.ndarray, share: np.ndarray, two: np.ndarray
) -> Division:
    """Return a division with a domain in two; the second part comes last."""
    labels = np.where(second, len(division.patterns), division.labels)
    patterns = np.concatenate([division.patterns, two[1:]])
    patterns[k] = two[0]
    posterior = division.posterior
    posterior = np.column_stack([posterior, posterior[:, k] * share])
    posterior[:, k] -= posterior[:, -1]
    return replace(division, labels=labels, patterns=patterns, posterior=posterior)


def _parts(
    components: Components, labels: np.ndarray, k: int
) -> tuple[np.ndarray, ...] | None:
    """Return a domain in two, None where it has no parts.

    Which labels are of the second part, (2, n_judged), its share of all positions, and
    the patterns of both.
    """
    trial, way = components.trial, components.way
    own = labels[PART] == k
    if np.count_nonzero(own) < _FEWEST:
        return None
    seen, judged = trial.seen(way), trial.judged[own]
    keep = trial.judge.neighbourhood.keep.copy()
    keep[keep] = own
    around, odds = replace(trial.scan.neighbourhood, keep=keep), trial.odds[judged]
    given = odds, 2, way, around, np.random.default_rng(0)
    posterior = clustered(seen.trained[judged], *given)
    is_second = posterior.argmax(axis=1) == 1
    if is_second.all() or not is_second.any():
        return None
    gaussians = Gaussians.of(seen.trained[judged], posterior, not way.is_pooled)
    likelihood = gaussians.log_likelihood(seen.places)
    share = contiguous(likelihood, trial.scan.neighbourhood, way.is_pooled)[:, 1]
    weights = (odds[:, np.newaxis] + 1e-9) * posterior
    centers = weights.T @ trial.own.trained[judged]
    centers /= weights.sum(axis=0)[:, np.newaxis]
    second = (labels == k) & (share[trial.judged] > 0.5)
    second[PART, own] = is_second
    return second, share, trial.own.embedding.decode(centers)
