"""A trained autoencoder with what it needs to see patterns as it was trained to."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch

from hspy_cnmf.domains import training
from hspy_cnmf.domains.network import PatternVAE
from hspy_cnmf.domains.polar_network import PolarVAE
from hspy_cnmf.domains.structures import structure_distances

#: Places at which the metric is known, about.
_ANCHORS = 500

#: Networks by whether they are invariant to rotation.
_NETWORKS = {False: PatternVAE, True: PolarVAE}


def make_model(covered, latent_dimension, tilt_invariant, rotation_invariant):
    """Return a new network with random weights."""
    network = _NETWORKS[bool(rotation_invariant)]
    return network(torch.from_numpy(covered), latent_dimension, tilt_invariant)


@dataclass(frozen=True, eq=False)
class Embedding:
    """Patterns in the latent space of a trained model.

    Parameters
    ----------
    model : PatternVAE or PolarVAE
    electrons : float
        Total that the encoder scales patterns to.
    mean, variance : numpy.ndarray, shape (n_positions, latent_dimension)
        Of the encoder's posterior.
    """

    model: torch.nn.Module
    electrons: float
    mean: np.ndarray
    variance: np.ndarray

    @classmethod
    def of(cls, model, patterns, electrons):
        """Embed patterns, shape (n_positions, rows, columns), in one pass."""
        codes = training.embed(model, patterns, electrons)
        kept = slice(model.latent_dimension)
        mean, variance = (code[:, kept].astype(float) for code in codes)
        return cls(model, electrons, mean, variance)

    def draw(self, generator):
        """Return one draw of all places from the posterior."""
        noise = generator.standard_normal(self.mean.shape)
        return self.mean + np.sqrt(self.variance) * noise

    @cached_property
    def anchors(self):
        """Some of the places, and the decoder's pull-back metric there."""
        every = max(1, len(self.mean) // _ANCHORS)
        places = self.mean[::every]
        return places, training.latent_metric(self.model, places, self.electrons)

    def distances(self, places):
        """Return how badly structures decoded at places explain each other, (n, n)."""
        spots, changes, background = training.decoded(self.model, places)
        return structure_distances(
            spots, changes, background, self.electrons, self.model.azimuths
        )
