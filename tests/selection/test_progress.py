"""One progress bar over many runs."""

from tqdm.auto import tqdm

from hspy_cnmf.selection.progress import advance


def test_runs_go_on_where_others_ended():
    with tqdm(total=30, disable=False, leave=False) as bar:
        for _ in range(3):
            step = advance(bar)
            for n in (1, 4, 10):
                step(n)
        assert bar.n == 30
