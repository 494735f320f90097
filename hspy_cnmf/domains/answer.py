"""The answer to which domains reduced patterns are of, with what is said of it."""

from collections.abc import Callable
from dataclasses import asdict
from importlib.metadata import version

import numpy as np

from hspy_cnmf.domains.dim import with_dim_patterns
from hspy_cnmf.domains.held_out import Scan
from hspy_cnmf.domains.linear import LinearEmbedding
from hspy_cnmf.domains.mixtures import with_mixtures
from hspy_cnmf.domains.neighbourhood import Neighbourhood
from hspy_cnmf.domains.nuisances import Nuisances
from hspy_cnmf.domains.rounds import Rounds
from hspy_cnmf.domains.settings import Settings
from hspy_cnmf.domains.trained import Mapped, TrainedModel
from hspy_cnmf.domains.verdict import Verdict, number_doubts
from hspy_cnmf.domains.view import View, mean_electrons


def answer(
    view: View,
    patterns: np.ndarray,
    keep_positions: np.ndarray,
    settings: Settings,
    task: Callable,
) -> tuple[Mapped, dict]:
    """Return what is told of reduced patterns, and what is to be remembered of it.

    Patterns are (n_positions, n_cells); for `task` see `Rounds`.
    """
    neighbourhood, electrons = Neighbourhood(keep_positions), mean_electrons(patterns)
    nuisances = Nuisances.of(
        patterns,
        view.cells,
        is_polar=view.is_polar,
        tilt_invariant=settings.tilt_invariant,
    )
    scan = Scan(patterns, electrons, neighbourhood, nuisances)
    generator = np.random.default_rng(settings.random_state)
    rounds = Rounds(scan, settings, generator, task)
    n_domains = settings.n_domains or rounds.number_of_domains()
    repeats, status = rounds.run(n_domains)
    verdict = Verdict(repeats, is_settled=status == "target_consistency")
    around = scan.alone.neighbourhood if repeats.best.way.is_alone else neighbourhood
    embedding = LinearEmbedding.fit(
        patterns, electrons, around, n_domains, settings.latent_dimension
    )
    places = embedding.embed(patterns)
    probabilities = with_dim_patterns(repeats.probabilities, scan)
    probabilities = with_mixtures(probabilities, places, neighbourhood)
    probabilities = verdict.tempered(probabilities)
    order = np.argsort(-probabilities.sum(axis=0), kind="stable")
    probabilities = probabilities[:, order]
    doubts = verdict.doubts(probabilities, scan, view)
    doubts += number_doubts(rounds.numbers)
    run = {
        "consistency": rounds.history,
        "status": "cannot_tell" if doubts else status,
        "doubts": doubts,
        "cautions": [] if doubts else verdict.cautions(probabilities),
        "embedding": rounds.tried[0][0],
        "tried": rounds.tried,
        "parameters": asdict(settings),
        "hspy_cnmf": version("hspy-cnmf"),
    }
    trained = TrainedModel.of(embedding, view, places, probabilities)
    return Mapped(trained, places, probabilities, repeats.agreement), run
