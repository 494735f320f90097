"""Training of the autoencoder, and embedding with it."""

from contextlib import contextmanager

import numpy as np
import torch

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


class TrainingDiverged(RuntimeError):
    """Training ended in values that are not finite; nothing was changed."""


@contextmanager
def reproducible(seed):
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


def start(model, patterns, electrons):
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
    model,
    patterns,
    weights,
    electrons,
    *,
    epochs,
    batch_size,
    generator,
    rate=None,
    warm_up=True,
    progress=lambda n: None,
):
    """Train a model on reduced patterns.

    Parameters
    ----------
    model : PatternVAE or PolarVAE
        Trained in place.
    patterns : numpy.ndarray, shape (n_positions, rows, columns)
        In electrons.
    weights : numpy.ndarray, shape (n_positions,)
        How often a pattern is drawn, relative to the others.
    electrons : float
        Total that the encoder scales patterns to.
    epochs, batch_size : int
        Each epoch draws as many patterns as there are.
    generator : torch.Generator
        Random numbers, on the CPU.
    rate : float, optional
        Largest learning rate; default that of a first training.
    warm_up : bool
        Begin with little weight of the divergence from the prior.
    progress : callable
        Told how many epochs are done.

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
    rate = _RATE if rate is None else rate
    optimiser = torch.optim.Adam(model.parameters(), lr=rate)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, rate, total_steps=steps, pct_start=_RISE
    )
    losses = []
    for epoch in range(epochs):
        beta = min(1.0, (epoch + 1) / (_WARM_UP * epochs)) if warm_up else 1.0
        total = 0.0
        for indices in _batches(weights, batch_size, generator):
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
        progress(1)
    return losses


def negative_bound(model, batch, electrons, beta, generator):
    """Return the negative evidence lower bound, mean over a batch."""
    mean, log_variance = model.encode(batch, electrons)
    noise = torch.randn(mean.shape, generator=generator).to(mean.device)
    codes = mean + torch.exp(log_variance / 2) * noise
    divergence = (mean**2 + log_variance.exp() - 1 - log_variance).sum(dim=1) / 2
    return (beta * divergence - model.log_likelihood(batch, codes)).mean()


def _batches(weights, batch_size, generator):
    """Yield indices of mini-batches, in random order and with these frequencies.

    Each pattern is drawn its expected number of times, rounded at random (systematic
    resampling): equal weights draw every pattern once.
    """
    shares = torch.from_numpy(np.cumsum(weights) * (len(weights) / np.sum(weights)))
    offset = torch.rand(1, generator=generator, dtype=torch.float64)
    drawn = torch.searchsorted(
        shares, torch.arange(len(weights), dtype=torch.float64) + offset
    ).clamp(max=len(weights) - 1)
    order = torch.randperm(len(drawn), generator=generator)
    for start in range(0, len(drawn), batch_size):
        yield drawn[order[start : start + batch_size]].numpy()


@torch.no_grad()
def embed(model, patterns, electrons):
    """Return mean and variance of the codes of patterns, each (n, n_codes)."""
    device = next(model.parameters()).device
    means, variances = [], []
    for begin in range(0, len(patterns), _EMBEDDED):
        batch = patterns[begin : begin + _EMBEDDED].astype(np.float32)
        mean, log_variance = model.encode(torch.from_numpy(batch).to(device), electrons)
        means.append(mean.cpu().numpy())
        variances.append(log_variance.exp().cpu().numpy())
    return np.concatenate(means), np.concatenate(variances)


def latent_metric(model, latent, electrons):
    r"""Return the decoder's pull-back metric at places of the latent space.

    Parameters
    ----------
    model : PatternVAE or PolarVAE
    latent : numpy.ndarray, shape (n, d)
    electrons : float
        Electrons of a pattern.

    Returns
    -------
    numpy.ndarray, shape (n, d, d)

    Notes
    -----
    The Fisher information of a pattern's counts about its place,
    :math:`G = N \sum_i p_i \, \partial_z \log p_i \, \partial_z \log p_i^T`: the
    length of a step is the number of standard deviations by which patterns change.
    """
    device = next(model.parameters()).device
    places = torch.from_numpy(np.asarray(latent, np.float32)).to(device)

    def log_rates(place):
        return model.log_rates(place[None])[0]

    with torch.no_grad():
        jacobian = torch.func.vmap(torch.func.jacfwd(log_rates))(places)
        rates = torch.func.vmap(log_rates)(places).exp()
        metric = torch.einsum("ni,nia,nib->nab", rates, jacobian, jacobian)
    return electrons * metric.cpu().numpy().astype(float)


@torch.no_grad()
def decoded(model, places):
    """Return decoded structures without nuisances, and what they may differ by.

    Parameters
    ----------
    model : PatternVAE or PolarVAE
    places : numpy.ndarray, shape (n, d)

    Returns
    -------
    log_spots : numpy.ndarray, shape (n, n_covered)
    changes : numpy.ndarray, shape (n, n_changes, n_covered)
        What a unit of each nuisance and of each further term adds to `log_spots`.
    log_background : numpy.ndarray, shape (n_covered,)
    """
    device = next(model.parameters()).device
    places = torch.from_numpy(np.asarray(places, np.float32)).to(device)
    spots, changes, background = model.parts(model.structure(places))
    further = model.further_terms.expand(len(places), -1, -1)
    parts = spots, torch.cat([changes, further], dim=1), background
    return tuple(part.cpu().numpy().astype(float) for part in parts)


@torch.no_grad()
def decoded_images(model, places):
    """Return decoded patterns without nuisances, (n, rows, columns), of unit sums."""
    device = next(model.parameters()).device
    places = torch.from_numpy(np.asarray(places, np.float32)).to(device)
    spots = model.structure(places).flatten(1).softmax(dim=1)
    return spots.view(len(places), *model.level.shape[:1], -1).cpu().numpy()


@torch.no_grad()
def most_likely_turns(model, patterns, places):
    """Return by how many azimuths structures at places are turned, (n,)."""
    device = next(model.parameters()).device
    codes = np.zeros((len(places), places.shape[1] + model.n_nuisances), np.float32)
    codes[:, : places.shape[1]] = places
    turns = []
    for begin in range(0, len(patterns), _EMBEDDED):
        some = slice(begin, begin + _EMBEDDED)
        batch = torch.from_numpy(patterns[some].astype(np.float32)).to(device)
        place = torch.from_numpy(codes[some]).to(device)
        turns.append(model.turned_likelihoods(batch, place).argmax(dim=1).cpu())
    return np.concatenate(turns)
