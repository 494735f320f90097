"""Section on the domains of a scan, and how sure they are."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from hspy_cnmf._hyperspy.bridge import aligned_data
from hspy_cnmf._hyperspy.types import BaseSignal
from hspy_cnmf.domains import DomainMap, get_domains
from hspy_cnmf.domains.factors import CONFIDENT
from hspy_cnmf.figures.domains import (
    plot_domain_factors,
    plot_domain_maps,
    plot_latent_space,
)
from hspy_cnmf.report.elements import image, parts_of, table
from hspy_cnmf.report.page import Section
from hspy_cnmf.tables import Table

#: How many mean patterns are in one figure, so that it fits on a page.
_PATTERNS = 12


def domain_masks(signal: BaseSignal) -> tuple[np.ndarray, np.ndarray]:
    """Return which positions and pixels took part in a map of domains.

    Returns
    -------
    keep_positions : numpy.ndarray of bool
        Those that have a label.
    keep_pixels : numpy.ndarray of bool
        Those that the mean pattern of a domain has.

    Raises
    ------
    ValueError
        If the signal has changed shape since.
    """
    domains = get_domains(signal)
    keep_positions = np.asarray(aligned_data(domains.labels)) >= 0
    factors = np.asarray(aligned_data(domains.factors))
    keep_pixels = np.asarray(np.isfinite(factors).any(axis=0))
    return keep_positions, keep_pixels


def parameters(domains: DomainMap) -> dict:
    """Return the arguments that domains were mapped with, and the version."""
    arguments = dict(domains.run.get("parameters", {}))
    return arguments | {"hspy_cnmf": domains.run.get("hspy_cnmf")}


def domain_section(signal: BaseSignal) -> Section:
    """Return the section on domains, their confidence, and the latent space."""
    domains = get_domains(signal)
    rows, rounds = _domain_rows(domains), _round_rows(domains)
    sure = np.average(rows["confident_percent"], weights=rows["n_positions"])
    last = rounds[-1]
    told = [doubt.removesuffix(".") for doubt in domains.doubts or domains.cautions]
    begin = "Cannot tell" if domains.doubts else "With caution"
    cannot = f"{begin}: {'. Also: '.join(told)}. " if told else ""
    way = domains.run.get("embedding")
    finding = (
        f"{cannot}{domains.n_domains} domains; {sure:.1f} % of the positions have a "
        f"confidence of {CONFIDENT} or more. Consistency {last['consistency']:.3f} "
        f"after round {last['round']} (status: {domains.run['status']})."
        + (f" Held-out electrons are explained best by: {way}." if way else "")
    )
    parts = (
        _maps(domains, finding),
        table(
            rows,
            "Positions of each domain and their share of those that took part; mean "
            "confidence, and share of the domain's positions that have a confidence of "
            f"{CONFIDENT} or more.",
        ),
        *_factors(domains),
        _latent_space(domains),
        table(
            rounds,
            "Consistency after each round of clustering: share of the repeats that "
            "give a position its commonest label, in the mean over positions.",
        ),
        *_ways(domains),
    )
    return Section("domains", "Domains", finding, parts, parameters(domains))


def _domain_rows(domains: DomainMap) -> Table:
    labels, confidence = (
        np.asarray(aligned_data(getattr(domains, name)))
        for name in ("labels", "confidence")
    )
    values = [confidence[labels == k] for k in range(domains.n_domains)]
    sizes = np.array([len(some) for some in values])
    return Table.from_columns(
        domain=np.arange(domains.n_domains),
        n_positions=sizes,
        percent_of_positions=100 * sizes / sizes.sum(),
        mean_confidence=[some.mean() if len(some) else np.nan for some in values],
        confident_percent=[
            100 * np.mean(some >= CONFIDENT) if len(some) else 0.0 for some in values
        ],
    )


def _ways(domains: DomainMap) -> Iterator[str]:
    """Yield a table of the ways of clustering that were tried."""
    tried = domains.run.get("tried")
    if tried:
        ways, gains = zip(*tried, strict=True)
        yield table(
            Table.from_columns(way=list(ways), gain=list(gains)),
            "Ways that were tried once, and how much the log-likelihood of held-out "
            "electrons is above that of one domain.",
        )


def _round_rows(domains: DomainMap) -> Table:
    consistency = np.asarray(domains.consistency.data, float)
    return Table.from_columns(
        round=np.arange(1, len(consistency) + 1), consistency=consistency
    )


def _maps(domains: DomainMap, finding: str) -> str:
    return image(
        plot_domain_maps(domains),
        "Left: most probable domain of each position. Right: its probability, from one "
        "over the number of domains to 1. Masked is grey.",
        f"Maps of domains and of confidence. {finding}",
    )


def _factors(domains: DomainMap) -> Iterator[str]:
    for some in parts_of(domains.n_domains, _PATTERNS):
        yield image(
            plot_domain_factors(domains, some.tolist()),
            "Mean pattern of each domain over its positions of confidence "
            f"{CONFIDENT} or more (or its surest tenth, where there are none), with "
            "its share of the positions. Masked is grey.",
            f"Mean patterns of domains {some[0]} to {some[-1]}.",
        )


def _latent_space(domains: DomainMap) -> str:
    n_coordinates = domains.latent.axes_manager.signal_shape[0]
    of = "The" if n_coordinates < 3 else f"Two of {n_coordinates} coordinates of the"
    return image(
        plot_latent_space(domains),
        f"{of} latent space. Left: the embedded patterns, in the colours of their "
        "domains, pale where these are not sure. Right: patterns decoded along it, as "
        "the embedding sees them, each on a scale of its own.",
        f"Latent space with patterns of {domains.n_domains} domains, and decoded "
        "patterns.",
    )
