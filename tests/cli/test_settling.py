"""Rules on arguments: what does not go together is named, the rest filled in."""

import pytest

from hspy_cnmf.cli.arguments import parse
from hspy_cnmf.cli.settling import MOST_COMPONENTS


def test_what_is_left_out_is_filled_in(tmp_path):
    scan = tmp_path / "scan.hspy"
    scan.touch()
    found = parse([str(scan), "--components", "auto"])
    assert found.most_components == MOST_COMPONENTS
    assert found.data is None and found.clustering == {}
    found = parse([str(scan), "--components", "4", "--clusters", "2"])
    assert found.clustering == {"n_clusters": 2}


@pytest.mark.parametrize(
    "options, words",
    [
        (["--components", "3", "--most-components", "9"], "--most-components is for"),
        (["--components", "auto", "--compression", "none"], "compares factorisations"),
        (["--components", "auto", "--missing", "ignore"], "no missing values"),
        (["--components", "auto", "--most-components", "1"], "give 2 or more"),
        (["--components", "1", "--clusters", "1"], "one component cannot be grouped"),
        (["--components", "3", "--clusters", "4"], "give fewer clusters or more"),
        ([], "how many components"),
    ],
)
def test_what_does_not_go_together_is_named(tmp_path, capsys, options, words):
    scan = tmp_path / "scan.hspy"
    scan.touch()
    with pytest.raises(SystemExit):
        parse([str(scan), *options])
    assert words in " ".join(capsys.readouterr().err.split())
