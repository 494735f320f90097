"""Laws of the layout: arrows point down, no circles, one edge to HyperSpy."""

import ast
from functools import cache
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "hspy_cnmf"

#: Rooms from the ground up: each imports only those before it, and itself.
FLOORS = (
    "plain_text",
    "whole_file",
    "docstrings",
    "messages",
    "progress",
    "arguments",
    "tables",
    "notebook_html",
    "device",
    "constraints",
    "maps",
    "operators",
    "patterns",
    "solver",
    "_hyperspy",
    "data",
    "figures",
    "decomposition",
    "signals",
    "domains",
    "selection",
    "clustering",
    "phases",
    "verification",
    "series",
    "report",
    "learning_methods",
    "methods",
    "registration",
    "cli",
    "",  # the package's own names
    "__main__",
)

#: Those that see arrays only.
ARRAYS = FLOORS[: FLOORS.index("_hyperspy")]


#: Rooms whose numerics see arrays: only these of their files know signals.
FACES = {
    "verification": {
        "check_components",
        "component_check",
        "component_fractions",
        "decomposed",
        "decomposition_residual",
        "find_bands",
        "fractions",
        "residual",
        "solution_bands",
    },
    "selection": {"output_dimension_scan", "scan"},
    "domains": {"domain_map", "mapping", "signal_view"},
    "series": {"decompose_series", "evolution", "measuring", "scans"},
    "phases": {
        "crystal_map",
        "group_spots",
        "identification",
        "template_matching",  # pyxem's, of patterns as signals
    },
}


@cache
def modules():
    """Return the path of each module by its name inside the package."""
    return {name_of(path): path for path in sorted(PACKAGE.rglob("*.py"))}


def name_of(path):
    """Return a module's dotted name inside the package, "" for the package itself."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported(path):
    """Yield the full names that a file imports, those inside functions included."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} has a relative import"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@cache
def arrows():
    """Return which modules of ours each module imports."""
    found = {}
    for name, path in modules().items():
        found[name] = targets = set()
        for full in imported(path):
            package, _, target = full.partition(".")
            if package != PACKAGE.name:
                continue
            while target not in modules():
                target = target.rpartition(".")[0]
            targets.add(target)
        # Submodules come with their package: only names of its own are arrows to it.
        targets -= {name}
    return found


def room(name):
    """Return the room of a module."""
    return name.partition(".")[0]


def circles():
    """Return the sets of modules that import each other (Tarjan 1972)."""
    index, low, stack, found = {}, {}, [], []

    def visit(name):
        index[name] = low[name] = len(index)
        stack.append(name)
        for target in arrows()[name]:
            if target not in index:
                visit(target)
                low[name] = min(low[name], low[target])
            elif target in stack:
                low[name] = min(low[name], index[target])
        if low[name] == index[name]:
            at = stack.index(name)
            members = stack[at:]
            del stack[at:]
            if len(members) > 1:
                found.append(sorted(members))

    for name in modules():
        if name not in index:
            visit(name)
    return found


def test_every_room_is_in_the_list():
    assert {room(name) for name in modules()} == set(FLOORS)


def test_arrows_point_down():
    up = [
        f"{name} -> {target}"
        for name, targets in arrows().items()
        for target in sorted(targets)
        if FLOORS.index(room(target)) > FLOORS.index(room(name))
    ]
    assert not up


def test_no_files_import_each_other_in_a_circle():
    assert not circles()


@pytest.mark.parametrize("name", ARRAYS)
def test_rooms_below_the_edge_see_arrays_only(name):
    seen = [
        f"{module}: {full}"
        for module, path in modules().items()
        if room(module) == name
        for full in imported(path)
        if full.partition(".")[0] in ("hyperspy", "pyxem")
    ]
    assert not seen


def test_private_names_of_others_stay_at_the_edge():
    private = [
        f"{name}: {full}"
        for name, path in modules().items()
        if room(name) != "_hyperspy"
        for full in imported(path)
        if full.partition(".")[0] in ("hyperspy", "pyxem", "dask")
        and any(part.startswith("_") for part in full.split("."))
    ]
    assert not private


def see_signals(path):
    """Return whether a file imports anything of the edge but its bare types."""
    return any(
        full.startswith(("hyperspy", "pyxem", f"{PACKAGE.name}._hyperspy"))
        for full in imported(path)
    )


@pytest.mark.parametrize("name", FACES)
def test_signals_are_known_to_the_faces_of_a_room_only(name):
    seen = {
        module.partition(".")[2]
        for module, path in modules().items()
        if room(module) == name and see_signals(path)
    }
    assert seen == FACES[name]


def namesake(path):
    """Return the test of a module by its name."""
    part = path.relative_to(PACKAGE)
    return Path(__file__).parent / part.parent / f"test_{part.stem.lstrip('_')}.py"


def test_every_module_has_a_test_of_its_name():
    without = {
        str(path.relative_to(PACKAGE).with_suffix(""))
        for path in modules().values()
        if not path.stem.startswith("__") and not namesake(path).exists()
    }
    assert not without


def test_hints_are_such_that_python_3_10_evaluates_them():
    """``typing.get_type_hints`` there takes no bare ``ClassVar``."""
    bare = [name for name, p in modules().items() if ": ClassVar =" in p.read_text()]
    assert not bare
