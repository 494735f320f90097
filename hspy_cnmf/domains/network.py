"""The variational autoencoder: patterns to a latent space and back."""

import math
from abc import ABC, abstractmethod

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from hspy_cnmf.constraints.rings import pixel_radii

#: Pixels of reduced patterns by which one nuisance unit shifts them.
_SHIFT = 0.3

#: Quantile of a ring that is between its spots.
_BETWEEN_SPOTS = 0.25

#: Limits of the logarithm of the latent variance.
LOG_VARIANCE = (-12.0, 4.0)


def decoding(
    latent_dimension: int, n_features: int, width: int
) -> tuple[nn.Sequential, nn.Sequential]:
    """Return what makes of latent coordinates a small image, and of that a large one.

    Parameters
    ----------
    latent_dimension, n_features : int
        Coordinates of a point, and values of the small image.
    width : int
        Half the number of channels of the small image.

    Returns
    -------
    expand, decoder : torch.nn.Sequential
    """
    expand = nn.Sequential(
        nn.Linear(latent_dimension, 64),
        nn.SiLU(),
        nn.Linear(64, 64),
        nn.SiLU(),
        nn.Linear(64, n_features),
        nn.SiLU(),
    )
    decoder = nn.Sequential(
        nn.ConvTranspose2d(2 * width, 2 * width, 4, 2, 1),
        nn.SiLU(),
        nn.ConvTranspose2d(2 * width, width, 4, 2, 1),
        nn.SiLU(),
        nn.ConvTranspose2d(width, 1, 4, 2, 1),
    )
    return expand, decoder


class Decoding(nn.Module, ABC):
    """The way back from codes to patterns, that all these networks share.

    They give it what it names here, and `parts`.
    """

    expand: nn.Sequential
    decoder: nn.Sequential
    level: nn.Parameter
    smallest: tuple[int, int, int]
    latent_dimension: int
    n_nuisances: int

    @abstractmethod
    def parts(
        self, spots: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Return logarithms of spots, of their changes, and of the background."""

    def structure(self, latent: torch.Tensor) -> torch.Tensor:
        """Return the logarithm of the spots without any envelope, (n, *image_shape)."""
        hidden = self.expand(latent).view(-1, *self.smallest)
        return self.decoder(hidden)[:, 0] + self.level

    def log_rates(self, codes: torch.Tensor) -> torch.Tensor:
        """Return the logarithm of all shares of cells that take part, (n, n_cells)."""
        latent = codes[:, : self.latent_dimension]
        nuisances = codes[:, self.latent_dimension :]
        spots, changes, background = self.parts(self.structure(latent))
        if nuisances.shape[1]:
            spots = spots + torch.einsum("nk,nkc->nc", nuisances, changes)
        rates = torch.logaddexp(spots, background.expand_as(spots))
        return functional.log_softmax(rates, dim=1)


class PatternVAE(Decoding):
    r"""Convolutional variational autoencoder of patterns on a square grid.

    Parameters
    ----------
    covered : torch.Tensor of bool, shape (size, size)
        Cells that hold data; `size` is a multiple of 8.
    latent_dimension : int
        Coordinates of the latent space.
    with_envelope : bool
        Give patterns an intensity envelope and a shift of their own.
    width : int, default 12
        Channels of the first convolution.

    Notes
    -----
    Electrons are counted, so the likelihood is that of a multinomial distribution:
    which share of a pattern's electrons falls into each cell,

    .. math:: \log p(n | z, e) = \sum_i n_i \log \frac{\lambda_i}{\sum_j \lambda_j},
        \quad \lambda_i = b_i + s_i(z) \exp\Big(\sum_k e_k \phi_k(q_i)\Big)

    with a background :math:`b` that all patterns share and the decoded spots
    :math:`s(z)`. The total of a pattern says nothing. Bending and thickness of a
    crystal change the excitation error of every spot, which multiplies intensities by
    an envelope :math:`\exp(-(s_g t)^2 / 2 \sigma^2)`; as :math:`s_g = -\lambda g^2 / 2
    - g \cdot \theta`, its logarithm is a polynomial of the scattering vector with the
    terms :math:`\phi_k`. Descan shifts patterns, to first order by the gradient of
    their logarithm. Both are encoded apart from :math:`z`, as nuisances :math:`e`
    (compare the rotation in the rVAE of Ziatdinov et al., 2021), which leaves
    :math:`z` to tell structures.
    """

    #: Azimuths of polar patterns.
    azimuths: int | None = None

    covered: torch.Tensor
    terms: torch.Tensor

    def __init__(
        self,
        covered: torch.Tensor,
        latent_dimension: int,
        with_envelope: bool,
        width: int = 12,
    ) -> None:
        super().__init__()
        size = covered.shape[0]
        self.latent_dimension = latent_dimension
        self.register_buffer("covered", covered)
        self.register_buffer("terms", envelope_terms(size)[:, covered])
        self.n_nuisances = len(self.terms) + 2 if with_envelope else 0
        self.smallest = (2 * width, size // 8, size // 8)
        n_features = math.prod(self.smallest)
        n_codes = latent_dimension + self.n_nuisances
        self.encoder = nn.Sequential(
            nn.Conv2d(1, width, 3, 2, 1),
            nn.SiLU(),
            nn.Conv2d(width, 2 * width, 3, 2, 1),
            nn.SiLU(),
            nn.Conv2d(2 * width, 2 * width, 3, 2, 1),
            nn.SiLU(),
            nn.Flatten(),
            nn.Linear(n_features, 96),
            nn.SiLU(),
            nn.Linear(96, 2 * n_codes),
        )
        self.expand, self.decoder = decoding(latent_dimension, n_features, width)
        self.level = nn.Parameter(torch.zeros(covered.shape))
        self.background = nn.Parameter(torch.zeros(int(covered.sum())))

    def diffuse_background(self, patterns: np.ndarray) -> np.ndarray:
        """Return what is all around the rings of most patterns, (rows, columns).

        Diffuse scattering has rotational symmetry, and spots take up a part of a ring
        only. Background that is taken for spots would be bent with the crystal, and
        training hardly changes that.

        Parameters
        ----------
        patterns : numpy.ndarray, shape (n, rows, columns)
        """
        covered = self.covered.cpu().numpy()
        middle = [(n - 1) / 2 for n in covered.shape]
        radii = pixel_radii(covered.shape, middle).round()
        rings = np.where(covered, radii, -1)
        level = np.zeros(covered.shape)
        for ring in np.unique(rings[covered]):
            inside = rings == ring
            around = np.quantile(patterns[:, inside], _BETWEEN_SPOTS, axis=1)
            level[inside] = np.median(around)
        return level

    @torch.no_grad()
    def start_from(self, spots: torch.Tensor, background: torch.Tensor) -> None:
        """Let the decoder begin with the mean of the spots and with a background."""
        self.level.copy_(torch.log(spots + 1e-3))
        self.background.copy_(torch.log(background[self.covered] + 1e-3))

    def encode(
        self, patterns: torch.Tensor, electrons: float
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return mean and logarithm of the variance of all codes, (n, n_codes)."""
        features = stabilised(patterns, electrons)[:, None]
        mean, log_variance = self.encoder(features).chunk(2, dim=1)
        return mean, log_variance.clamp(*LOG_VARIANCE)

    def parts(
        self, spots: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Return spots, what nuisances change about them, and the background.

        Parameters
        ----------
        spots : torch.Tensor, shape (n, size, size)
            From `structure`.

        Returns
        -------
        spots : torch.Tensor, shape (n, n_covered)
        changes : torch.Tensor, shape (n, n_nuisances, n_covered)
        background : torch.Tensor, shape (n_covered,)
            All are logarithms.
        """
        inside = spots[:, self.covered]
        if not self.n_nuisances:
            return inside, inside.new_zeros(len(spots), 0, 1), self.background
        terms = self.terms.expand(len(spots), *self.terms.shape)
        shifts = -_SHIFT * log_gradients(spots)[:, :, self.covered]
        return inside, torch.cat([terms, shifts], dim=1), self.background

    def log_likelihood(
        self, patterns: torch.Tensor, codes: torch.Tensor
    ) -> torch.Tensor:
        """Return the logarithm of the likelihood of each pattern, (n,)."""
        return (patterns[:, self.covered] * self.log_rates(codes)).sum(dim=1)


def envelope_terms(size: int) -> torch.Tensor:
    """Return the terms of the logarithm of an envelope, (9, size, size)."""
    coordinates = torch.linspace(-1, 1, size)
    y, x = torch.meshgrid(coordinates, coordinates, indexing="ij")
    square = x * x + y * y
    terms = [torch.ones_like(x), x, y, square, x * x - y * y, 2 * x * y]
    return torch.stack([*terms, square * x, square * y, square * square])


def log_gradients(images: torch.Tensor) -> torch.Tensor:
    """Return differences along columns and along rows, (n, 2, rows, columns)."""
    padded = functional.pad(images[:, None], (1, 1, 1, 1), mode="replicate")[:, 0]
    along_columns = padded[:, 1:-1, 2:] - padded[:, 1:-1, :-2]
    along_rows = padded[:, 2:, 1:-1] - padded[:, :-2, 1:-1]
    return torch.stack([along_columns, along_rows], dim=1) / 2


def stabilised(patterns: torch.Tensor, electrons: float) -> torch.Tensor:
    """Return patterns scaled to one total, of one variance everywhere.

    The transform of Anscombe (1948), from 0 for no electrons, and of order 1.
    """
    totals = patterns.flatten(1).sum(dim=1).clamp(min=1e-6)[:, None, None]
    counts = patterns * (electrons / totals)
    return (torch.sqrt(counts + 0.375) - math.sqrt(0.375)) / 2
