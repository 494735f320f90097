"""The conda recipe asks for what the package asks for."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]

#: Packages that have another name at conda-forge, without what we do not need.
NAMES = {
    "dask[array]": "dask-core",
    "hyperspy": "hyperspy-base",
    "matplotlib": "matplotlib-base",
    "pyxem": "pyxem-base",
}


def test_requirements_are_those_of_the_package():
    project = (ROOT / "pyproject.toml").read_text()
    (block,) = re.findall(r"^dependencies = \[\n(.*?)^\]", project, re.M | re.S)
    asked = dict(re.findall(r'"([\w.\[\]-]+?)(>=[^"]+)"', block))
    recipe = (ROOT / "recipe/meta.yaml").read_text()
    (block,) = re.findall(r"^  run:\n(.*?)^  run_constrained", recipe, re.M | re.S)
    given = dict(re.findall(r"- ([\w.-]+) (>=[\d.<>=,]+)$", block, re.M))
    assert given == {NAMES.get(name, name): bound for name, bound in asked.items()}
