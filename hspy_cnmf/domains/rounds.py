"""Rounds of training and repeated clustering, until the map is consistent."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from hspy_cnmf.domains import consensus, training
from hspy_cnmf.domains.embedding import Embedding
from hspy_cnmf.domains.neighbourhood import Neighbourhood
from hspy_cnmf.domains.repeats import cluster_repeatedly, number_of_domains

#: Learning rate of later rounds.
_LATER_RATE = 1.5e-3

#: How many times as often a position that no two repeats agree on is drawn.
_LARGEST_WEIGHT = 4.0

#: Rounds without improvement after which there is no other.
_PATIENCE = 2


@dataclass(frozen=True, eq=False)
class Round:
    """What one round of training and clustering gave.

    Attributes
    ----------
    embedding : Embedding
    posteriors : numpy.ndarray, shape (n_repeats, n_positions, n_domains)
        Matched class probabilities.
    state : dict
        Parameters of the network.
    losses : list of float
        Mean loss of each epoch.
    """

    embedding: Embedding
    posteriors: np.ndarray
    state: dict
    losses: list

    @cached_property
    def agreement(self):
        """Share of repeats that give each position its commonest label."""
        return consensus.agreement(self.posteriors)

    @property
    def consistency(self):
        """Mean of the agreement over positions."""
        return float(self.agreement.mean())


@dataclass(frozen=True, eq=False)
class Scan:
    """Reduced patterns, and where they lie.

    Parameters
    ----------
    patterns : numpy.ndarray, shape (n_positions, rows, columns)
    electrons : float
        Total that the encoder scales patterns to.
    neighbourhood : Neighbourhood
        Of the positions.
    """

    patterns: np.ndarray
    electrons: float
    neighbourhood: Neighbourhood

    def embed(self, model):
        """Return the embedding of the patterns, and how homogeneous positions are."""
        embedding = Embedding.of(model, self.patterns, self.electrons)
        return embedding, self.neighbourhood.homogeneity(
            embedding.mean, embedding.variance
        )


def run_rounds(model, scan, settings, generators, progress):
    """Train, cluster and train again where the clusterings disagree.

    Parameters
    ----------
    model : PatternVAE or PolarVAE
        Trained in place.
    scan : Scan
    settings : Settings
        Where `n_domains` is None it is found after the first round's training.
    generators : tuple of torch.Generator and numpy.random.Generator
    progress : callable
        Told how many epochs and repeats are done.

    Returns
    -------
    best : Round
    history : list of float
        Consistency of each round that took part; see notes.
    status : str
        How it ended.

    Notes
    -----
    A round continues where the last one ended, since a longer training describes the
    patterns better whatever the clusterings make of it. The most consistent round is
    the answer, and `history` holds the consistency of the best round so far.
    """
    best, last, history, failures = None, None, [], 0
    for _ in range(settings.max_rounds):
        last = _run_round(model, scan, settings, generators, progress, last)
        if best is None or last.consistency > best.consistency:
            best, failures = last, 0
        else:
            failures += 1
        history.append(best.consistency)
        if best.consistency >= settings.target_consistency:
            return best, history, "target_consistency"
        if failures >= _PATIENCE:
            return best, history, "no_improvement"
    return best, history, "max_rounds"


def _run_round(model, scan, settings, generators, progress, last):
    torch_generator, generator = generators
    if last is None:
        n_domains, weights = settings.n_domains, np.ones(len(scan.patterns))
        epochs, options = settings.first_epochs, {}
    else:
        n_domains = last.posteriors.shape[2]
        disagreement = 1 - last.agreement
        weights = 1 + (_LARGEST_WEIGHT - 1) * disagreement
        epochs = settings.later_epochs
        options = {"rate": _LATER_RATE, "warm_up": False}
    losses = training.train(
        model,
        scan.patterns,
        weights,
        scan.electrons,
        epochs=epochs,
        batch_size=settings.batch_size,
        generator=torch_generator,
        progress=progress,
        **options,
    )
    embedded = scan.embed(model)
    if n_domains is None:
        n_domains = number_of_domains(*embedded, settings.n_repeats, generator)
    posteriors = consensus.matched(
        cluster_repeatedly(
            *embedded, n_domains, settings.n_repeats, generator, progress
        )
    )
    state = {name: value.clone() for name, value in model.state_dict().items()}
    return Round(embedded[0], posteriors, state, losses)
