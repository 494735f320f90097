"""Training of the autoencoder, and embedding with it."""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch

from hspy_cnmf.domains.polar_network import Network
from hspy_cnmf.domains.settings import TrainingDiverged

#: Largest learning rate, reached after this part of the steps.
_RATE, _RISE = 3e-3, 0.15

#: The divergence from the prior counts in full after this part of the epochs.
_WARM_UP = 0.3

#: Patterns of a run, neighbours mostly, whose mean shows the background, and the
#: largest number of runs.
_RUN, _RUNS = 32, 2000

#: Least part of the mean pattern that is spots to begin with.
_LEAST_SPOTS = 0.05

#: Patterns that are embedded at a time.
_EMBEDDED = 1024


@contextmanager
def reproducible(seed: int) -> Iterator[torch.Generator]:
    """Seed torch, and leave its random numbers as they were.

    What the networks use is deterministic on the CPU as it is. All random numbers of
    the training come from the generator, those of new networks from torch's own.

    Yields
    ------
    torch.Generator
        On the CPU.
    """
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        yield torch.Generator().manual_seed(seed)


def start(model: Network, patterns: np.ndarray, electrons: float) -> None:
    """Give a model a background to begin with, and the mean of the spots above it."""
    n_runs = max(1, min(_RUNS, len(patterns) // _RUN))
    first = np.linspace(0, max(0, len(patterns) - _RUN), n_runs).astype(int)
    sums = np.stack([patterns[i : i + _RUN].sum(axis=0, dtype=float) for i in first])
    sums *= electrons / np.maximum(sums.sum(axis=(1, 2), keepdims=True), 1e-6)
    mean = sums.mean(axis=0)
    background = np.minimum(model.diffuse_background(sums), mean)
    spots = np.maximum(mean - background, _LEAST_SPOTS * mean)
    model.start_from(
        *(torch.from_numpy(a.astype(np.float32)) for a in (spots, background))
    )


def train(
    model: Network,
    patterns: np.ndarray,
    electrons: float,
    *,
    epochs: int,
    batch_size: int,
    generator: torch.Generator,
) -> list[float]:
    """Train a model on reduced patterns.

    Parameters
    ----------
    model : PatternVAE or PolarVAE
        Trained in place.
    patterns : numpy.ndarray, shape (n_positions, rows, columns)
        In electrons.
    electrons : float
        Total that the encoder scales patterns to.
    epochs, batch_size : int
        Each epoch draws as many patterns as there are.
    generator : torch.Generator
        Random numbers, on the CPU.

    Returns
    -------
    list of float
        Mean loss of each epoch: the negative evidence lower bound per pattern.

    Raises
    ------
    TrainingDiverged
        If the loss is not finite.
    """
    device = next(model.parameters()).device
    steps = epochs * -(-len(patterns) // batch_size)
    optimiser = torch.optim.Adam(model.parameters(), lr=_RATE)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, _RATE, total_steps=steps, pct_start=_RISE
    )
    losses = []
    for epoch in range(epochs):
        beta = min(1.0, (epoch + 1) / (_WARM_UP * epochs))
        total = 0.0
        for indices in _batches(len(patterns), batch_size, generator):
            batch = torch.from_numpy(patterns[indices].astype(np.float32)).to(device)
            loss = negative_bound(model, batch, electrons, beta, generator)
            optimiser.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 100.0)
            optimiser.step()
            schedule.step()
            total += loss.item() * len(indices) / len(patterns)
        if not np.isfinite(total):
            raise TrainingDiverged(
                f"The autoencoder's loss is {total} after epoch {epoch + 1}: training "
                "diverged, and nothing was changed. Mask pixels that are far brighter "
                "than the rest (signal_mask), or use another random_state."
            )
        losses.append(total)
    return losses


def negative_bound(
    model: Network,
    batch: torch.Tensor,
    electrons: float,
    beta: float,
    generator: torch.Generator,
) -> torch.Tensor:
    """Return the negative evidence lower bound, mean over a batch."""
    mean, log_variance = model.encode(batch, electrons)
    noise = torch.randn(mean.shape, generator=generator).to(mean.device)
    codes = mean + torch.exp(log_variance / 2) * noise
    divergence = (mean**2 + log_variance.exp() - 1 - log_variance).sum(dim=1) / 2
    return (beta * divergence - model.log_likelihood(batch, codes)).mean()


def _batches(
    n_patterns: int, batch_size: int, generator: torch.Generator
) -> Iterator[np.ndarray]:
    """Yield indices of mini-batches, each pattern once, in random order."""
    order = torch.randperm(n_patterns, generator=generator)
    for start in range(0, n_patterns, batch_size):
        yield order[start : start + batch_size].numpy()


@torch.no_grad()
def embed(model: Network, patterns: np.ndarray, electrons: float) -> np.ndarray:
    """Return the mean codes of patterns, (n, n_codes)."""
    device = next(model.parameters()).device
    means = []
    for begin in range(0, len(patterns), _EMBEDDED):
        batch = patterns[begin : begin + _EMBEDDED].astype(np.float32)
        mean, _ = model.encode(torch.from_numpy(batch).to(device), electrons)
        means.append(mean.cpu().numpy())
    return np.concatenate(means)
