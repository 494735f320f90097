"""The same factorisation by other packages, each as its documentation suggests."""

from importlib.util import find_spec

import numpy as np
from sklearn.decomposition import NMF

#: Random starts of each peer; the one of lowest error counts.
N_STARTS = 3


def available():
    """Return the peers that are installed: functions of matrix, n_components, seed.

    Each returns factors, shape (n, n_pixels), and loadings, shape (n, n_positions).
    """
    peers = {
        "scikit-learn NMF (cd)": _scikit_learn("cd"),
        "scikit-learn NMF (mu)": _scikit_learn("mu"),
    }
    for package, name, run in (
        ("pymcr", "pyMCR (OLS, non-negative)", _pymcr),
        ("espm", "espm SmoothNMF", _espm),
    ):
        if find_spec(package):
            peers[name] = run
        else:
            print(f"{name}: not installed, left out")
    return peers


def _best(runs):
    return min(runs, key=lambda run: run[0])[1:]


def _scikit_learn(solver):
    def run(matrix, n_components, seed):
        runs = []
        for start in range(N_STARTS):
            model = NMF(
                n_components,
                init="random",
                solver=solver,
                max_iter=500,
                random_state=N_STARTS * seed + start,
            )
            loadings = model.fit_transform(matrix)
            runs.append((model.reconstruction_err_, model.components_, loadings.T))
        return _best(runs)

    return run


def _pymcr(matrix, n_components, seed):
    from pymcr.mcr import McrAR

    runs = []
    for start in range(N_STARTS):
        rng = np.random.default_rng(N_STARTS * seed + start)
        model = McrAR(
            max_iter=100, tol_increase=1e9, tol_n_increase=100, tol_n_above_min=100
        )
        model.fit(matrix, C=rng.random((len(matrix), n_components)))
        error = np.mean((matrix - model.C_opt_ @ model.ST_opt_) ** 2)
        runs.append((error, model.ST_opt_, model.C_opt_.T))
    return _best(runs)


def _espm(matrix, n_components, seed):
    from espm.estimators import SmoothNMF

    counts = matrix.T.astype(float)
    model = SmoothNMF(
        n_components=n_components, max_iter=200, random_state=seed, verbose=0
    )
    model.fit(counts)
    return (model.G_ @ model.W_).T if model.G_ is not None else model.W_.T, model.H_
