"""The documentation: its code runs, its commands are understood, its links lead on."""

import re
import shlex
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import hyperspy.api as hs
import pytest

import hspy_cnmf
from hspy_cnmf.cli.arguments import parse
from hspy_cnmf.data import crystal_phase, metallic_glass
from tests.helpers import crystals

ROOT = Path(__file__).parents[1]
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("*.md"))]

#: What is made smaller to run here.
SMALLER = {
    "output_dimension=20": "output_dimension=5, n_init=2",
    "n_workers=4, threads_per_worker=1": "processes=False, dashboard_address=None",
    '"Fe2B.cif"])': '"Fe2B.cif"], resolution=8.0, max_excitation_error=0.02)',
}

#: Code that needs what no test has, a queue of jobs: it is compiled only.
QUEUE = "dask_jobqueue"


def blocks(page, language):
    """Return the blocks of code of a page."""
    return re.findall(rf"^```{language}\n(.*?)^```", page.read_text(), re.M | re.S)


def commands(program):
    """Return the arguments of each call of a program in the blocks of all pages."""
    lines = "\n".join(block for page in PAGES for block in blocks(page, "sh"))
    found = re.findall(rf"^(?:\S*/)?{program}\b(.*)$", lines, re.M)
    return [shlex.split(line, comments=True) for line in found]


CODE = {page.name: blocks(page, "python") for page in PAGES}
of_code = pytest.mark.parametrize("name", [name for name, code in CODE.items() if code])


@pytest.fixture(scope="module")
def scan_folder(tmp_path_factory):
    """A folder with a small scan, decomposed, as users have it."""
    folder = tmp_path_factory.mktemp("documentation")
    settings = {"detector_shape": (40, 40), "n_precipitates": 3, "random_state": 0}
    signal = metallic_glass((14, 14), **settings)
    signal.decomposition(
        algorithm="constrained_nmf",
        output_dimension=4,
        n_init=2,
        signal_mask=hspy_cnmf.structure_mask(signal),
        random_state=0,
        print_info=False,
    )
    signal.save(folder / "scan.zspy")
    return folder


@of_code
@pytest.mark.filterwarnings("ignore")
def test_the_code_of_a_page_runs(name, scan_folder, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "scan.zspy").symlink_to(scan_folder / "scan.zspy")
    scan = hs.load("scan.zspy", lazy=True)
    if name == "phases.md":
        scan = crystals_beside(tmp_path)
    names = {"hs": hs, "hspy_cnmf": hspy_cnmf, "s": scan}
    for code in CODE[name]:
        for large, small in SMALLER.items():
            code = code.replace(large, small)
        compiled = compile(code, name, "exec")
        if QUEUE not in code:
            exec(compiled, names)


def crystals_beside(folder):
    """Return a scan of crystals in groups, and write files of candidates."""
    for file, name in ("alpha-iron", "alpha-Fe"), ("Fe2B", "Fe2B"):
        crystal_phase(name).structure.write(str(folder / f"{file}.cif"), "cif")
    return crystals.analysed()


def test_every_public_name_is_on_the_page_of_the_api():
    listed = set(re.findall(r"^   (\S+)$", (ROOT / "docs/api.md").read_text(), re.M))
    names = set(hspy_cnmf.__all__) - {"constraints", "data"}
    assert names | {f"data.{name}" for name in hspy_cnmf.data.__all__} <= listed


def test_there_is_code_on_the_pages():
    assert {"README.md", "first_steps.md", "groups.md", "trust.md"} <= {
        name for name, code in CODE.items() if code
    }


@pytest.mark.parametrize("arguments", commands("hspy-cnmf"), ids=" ".join)
def test_commands_are_understood(arguments, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "scan.zspy").mkdir()
    assert parse(arguments)


def test_benchmarks_that_pages_name_exist(monkeypatch):
    monkeypatch.syspath_prepend(ROOT)
    text = "".join(page.read_text() for page in PAGES)
    named = set(re.findall(r"-m (benchmarks(?:\.\w+)+)", text))
    assert named and all(find_spec(module) for module in named)


def test_functions_whose_time_is_measured_exist(monkeypatch):
    monkeypatch.syspath_prepend(ROOT)
    profile = import_module("benchmarks.speed.profile")
    for owner, name, _ in (*profile.STAGES, *profile.PARTS):
        assert callable(getattr(owner, name)), name


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_to_files(page):
    for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text()):
        assert (page.parent / target).exists(), target
