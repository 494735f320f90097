"""The variational autoencoder for crystals that are turned in the plane."""

import math
from typing import TypeAlias

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from hspy_cnmf.domains.network import (
    LOG_VARIANCE,
    Decoding,
    PatternVAE,
    decoding,
    stabilised,
)

#: Part of the mean pattern that is background to begin with.
_BACKGROUND = 0.05


class PolarVAE(Decoding):
    r"""Convolutional variational autoencoder of polar patterns, whichever way turned.

    Parameters
    ----------
    covered : torch.Tensor of bool, shape (radii, azimuths)
        Cells that hold data. Rings of which less than half are covered are left out.
    latent_dimension : int
        Coordinates of the latent space.
    with_envelope : bool
        Give patterns a radial intensity envelope of their own.
    width : int, default 12
        Channels of the first convolution.

    Notes
    -----
    The rotation is summed out of the likelihood: with a uniform prior over the
    azimuths :math:`\delta`,

    .. math:: p(n | z) = \frac{1}{A} \sum_\delta \prod_{r, \varphi}
        p_{r, \varphi - \delta}(z)^{n_{r, \varphi}},

    whose exponents, for all :math:`\delta` at once, are a cross-correlation along the
    azimuth, done by Fourier transforms. The encoder is invariant to rotation:
    convolutions are circular along the azimuth, over which their result is averaged
    and its largest value taken. The terms of the envelope that depend on the azimuth
    need the rotation to be known: those of the radius remain (`PatternVAE`).
    """

    azimuths: int
    rings: torch.Tensor
    terms: torch.Tensor

    def __init__(
        self,
        covered: torch.Tensor,
        latent_dimension: int,
        with_envelope: bool,
        width: int = 12,
    ) -> None:
        super().__init__()
        radii, self.azimuths = covered.shape
        self.latent_dimension = latent_dimension
        rings = covered.float().mean(dim=1) >= 0.5
        self.register_buffer("rings", rings)
        radius = torch.linspace(0, 1, radii)[rings]
        terms = torch.stack([torch.ones_like(radius), radius**2, radius**4])
        terms = terms[:, :, None].expand(-1, -1, self.azimuths).flatten(1)
        self.register_buffer("terms", terms.contiguous())
        self.n_nuisances = len(terms) if with_envelope else 0
        n_codes = latent_dimension + self.n_nuisances
        self.convolutions = nn.ModuleList(
            nn.Conv2d(channels, more, 3, (2, 1 + (k > 0)))
            for k, (channels, more) in enumerate(
                [(1, width), (width, 2 * width), (2 * width, 2 * width)]
            )
        )
        self.head = nn.Sequential(
            nn.Linear(4 * width * (radii // 8), 96),
            nn.SiLU(),
            nn.Linear(96, 2 * n_codes),
        )
        self.smallest = (2 * width, radii // 8, self.azimuths // 8)
        n_features = math.prod(self.smallest)
        self.expand, self.decoder = decoding(latent_dimension, n_features, width)
        self.level = nn.Parameter(torch.zeros(radii, 1))
        self.background = nn.Parameter(torch.zeros(int(rings.sum()), 1))

    def diffuse_background(self, patterns: np.ndarray) -> np.ndarray:
        """Return a small part of the mean of patterns, (n, radii, azimuths).

        The terms that are left of the envelope change all of a ring alike: the
        background need not be told from spots.
        """
        return _BACKGROUND * patterns.mean(axis=0)

    @torch.no_grad()
    def start_from(self, spots: torch.Tensor, background: torch.Tensor) -> None:
        """Let the decoder begin with the mean of the spots and with a background."""
        self.level.copy_(torch.log(spots.mean(dim=1, keepdim=True) + 1e-3))
        rings = background.mean(dim=1, keepdim=True)[self.rings]
        self.background.copy_(torch.log(rings + 1e-3))

    def encode(
        self, patterns: torch.Tensor, electrons: float
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return mean and logarithm of the variance of all codes, (n, n_codes)."""
        hidden = stabilised(patterns, electrons)[:, None]
        for convolution in self.convolutions:
            hidden = functional.pad(hidden, (1, 1, 0, 0), mode="circular")
            hidden = functional.pad(hidden, (0, 0, 1, 1))
            hidden = functional.silu(convolution(hidden))
        pooled = torch.cat([hidden.mean(dim=3), hidden.amax(dim=3)], dim=1)
        mean, log_variance = self.head(pooled.flatten(1)).chunk(2, dim=1)
        return mean, log_variance.clamp(*LOG_VARIANCE)

    def parts(
        self, spots: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Return spots, what nuisances change, and the background; see `PatternVAE`."""
        inside = spots[:, self.rings].flatten(1)
        terms = self.terms[: self.n_nuisances]
        changes = terms.expand(len(spots), *terms.shape)
        background = self.background.expand(-1, self.azimuths).flatten()
        return inside, changes, background

    def turned_likelihoods(
        self, patterns: torch.Tensor, codes: torch.Tensor
    ) -> torch.Tensor:
        """Return the logarithm of the likelihood at each rotation, (n, azimuths)."""
        rates = self.log_rates(codes).view(len(patterns), -1, self.azimuths)
        counts = torch.fft.rfft(patterns[:, self.rings])
        products = (counts * torch.fft.rfft(rates).conj()).sum(dim=1)
        return torch.fft.irfft(products, self.azimuths)

    def log_likelihood(
        self, patterns: torch.Tensor, codes: torch.Tensor
    ) -> torch.Tensor:
        """Return the logarithm of the likelihood, the rotation summed out, (n,)."""
        likelihoods = self.turned_likelihoods(patterns, codes)
        return likelihoods.logsumexp(dim=1) - math.log(self.azimuths)


#: Either of the networks.
Network: TypeAlias = PatternVAE | PolarVAE
