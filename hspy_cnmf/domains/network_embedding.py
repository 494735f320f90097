"""Embeddings of patterns by a variational autoencoder."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from hspy_cnmf.domains import training
from hspy_cnmf.domains.network import PatternVAE
from hspy_cnmf.domains.polar_network import Network, PolarVAE
from hspy_cnmf.domains.settings import Settings, chosen_device

#: Networks by whether they are invariant to rotation.
_NETWORKS: dict[bool, type[Network]] = {False: PatternVAE, True: PolarVAE}

#: Coordinates of the latent space: in a plane the patterns of a bent domain may lie
#: around those of another, which training then cannot part.
_DIMENSION = 3


def make_model(
    covered: np.ndarray,
    latent_dimension: int,
    tilt_invariant: bool,
    rotation_invariant: bool,
) -> Network:
    """Return a new network with random weights."""
    network = _NETWORKS[bool(rotation_invariant)]
    cells = torch.from_numpy(np.array(covered))
    return network(cells, latent_dimension, bool(tilt_invariant))


@dataclass(frozen=True, eq=False)
class NetworkEmbedding:
    """A trained autoencoder, and the cells of patterns that it sees.

    Parameters
    ----------
    model : PatternVAE or PolarVAE
    cells : numpy.ndarray of bool, shape (rows, columns)
    electrons : float
        Total that the encoder scales patterns to.
    options : dict
        Of `make_model`, besides the cells that are covered.
    """

    model: Network
    cells: np.ndarray
    electrons: float
    options: dict

    @classmethod
    def fit(
        cls,
        patterns: np.ndarray,
        electrons: float,
        covered: np.ndarray,
        cells: np.ndarray,
        settings: Settings,
        device: str,
    ) -> "NetworkEmbedding":
        """Train a network on patterns, shape (n, n_cells).

        Raises
        ------
        TrainingDiverged
            If the loss is not finite.
        """
        options: dict[str, Any] = {
            "latent_dimension": settings.latent_dimension or _DIMENSION,
            "tilt_invariant": settings.tilt_invariant,
            "rotation_invariant": settings.rotation_invariant,
        }
        images = _images(patterns, cells)
        sequence = np.random.SeedSequence(settings.random_state)
        with training.reproducible(int(sequence.generate_state(1)[0])) as generator:
            model = make_model(covered, **options).to(chosen_device(device))
            training.start(model, images, electrons)
            training.train(
                model,
                images,
                electrons,
                epochs=settings.epochs,
                batch_size=min(settings.batch_size, len(images)),
                generator=generator,
            )
        return cls(model, cells, electrons, options)

    def embed(self, patterns: np.ndarray) -> np.ndarray:
        """Return coordinates of patterns, (n, latent_dimension)."""
        codes = training.embed(
            self.model, _images(patterns, self.cells), self.electrons
        )
        return codes[:, : self.model.latent_dimension].astype(float)

    @torch.no_grad()
    def decode(self, places: np.ndarray) -> np.ndarray:
        """Return expected patterns at places, (n, n_cells), in electrons."""
        device = next(self.model.parameters()).device
        codes = np.zeros((len(places), places.shape[1] + self.model.n_nuisances))
        codes[:, : places.shape[1]] = places
        given = torch.from_numpy(codes.astype(np.float32)).to(device)
        rates = self.model.log_rates(given).exp().cpu().numpy().astype(float)
        return self.electrons * rates


def _images(patterns: np.ndarray, cells: np.ndarray) -> np.ndarray:
    """Return patterns with all cells, 0 where they take no part, (n, *shape)."""
    images = np.zeros((len(patterns), *cells.shape), np.float32)
    images[:, cells] = patterns
    return images
