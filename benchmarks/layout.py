"""Figures of the package's layout: circles, arrows up, rooms, lines, hints, import.

``python -m benchmarks.layout`` prints them for this tree, ``... --root PATH`` for
another check-out, older ones included: the code is read, and imported only for the time
that an import takes.
"""

import argparse
import ast
import os
import statistics
import subprocess
import sys
from pathlib import Path

PACKAGE = "hspy_cnmf"

#: Rooms from the ground up, as in ``tests/test_layout.py``.
FLOORS = (
    "plain_text", "whole_file", "docstrings", "messages", "progress", "arguments",
    "tables", "constraints", "maps", "operators", "patterns", "solver", "_hyperspy",
    "data", "figures", "decomposition", "signals", "domains", "selection", "clustering",
    "phases", "verification", "series", "report", "learning_methods", "methods",
    "registration", "cli", "", "__main__",
)  # fmt: skip

PROGRAM = """
import time
import hyperspy.api, pyxem
start = time.process_time()
import hspy_cnmf
print(time.process_time() - start)
"""


def read_modules(root):
    """Return the syntax tree of each module by its dotted name inside the package."""
    folder = root / PACKAGE
    trees = {}
    for path in sorted(folder.rglob("*.py")):
        parts = path.relative_to(folder).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        trees[name] = ast.parse(path.read_text())
    return trees


def imports(tree):
    """Return the full names that a module imports, also inside functions."""
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def find_arrows(trees):
    """Return the modules of the package that each module imports."""
    arrows = {}
    for name, tree in trees.items():
        targets = set()
        for full in imports(tree):
            package, _, target = full.partition(".")
            if package == PACKAGE:
                while target not in trees:
                    target = target.rpartition(".")[0]
                targets.add(target)
        arrows[name] = targets - {name}
    return arrows


def find_circles(arrows):
    """Return the sets of modules, two or more, each of which reaches all others."""
    reach = {name: _reachable(arrows, name) for name in arrows}
    groups = {
        frozenset(other for other in reach[name] if name in reach[other]) | {name}
        for name in arrows
    }
    return [group for group in groups if len(group) > 1]


def _reachable(arrows, start):
    found, pending = set(), [start]
    while pending:
        for target in arrows[pending.pop()] - found:
            found.add(target)
            pending.append(target)
    return found


def count_up(arrows):
    """Return how many arrows point up, or None for a tree with other rooms."""
    rooms = {name.partition(".")[0] for name in arrows}
    if not rooms <= set(FLOORS):
        return None
    floor = {name: FLOORS.index(name.partition(".")[0]) for name in arrows}
    return sum(floor[t] > floor[name] for name in arrows for t in arrows[name])


def count_hints(trees):
    """Return how many parameters have a type hint, and how many there are."""
    hinted = total = 0
    for tree in trees.values():
        for node in ast.walk(tree):
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                continue
            given = node.args
            for argument in (*given.posonlyargs, *given.args, *given.kwonlyargs):
                if argument.arg not in ("self", "cls"):
                    total += 1
                    hinted += argument.annotation is not None
    return hinted, total


def find_seeing(trees):
    """Return the modules that import HyperSpy or pyxem themselves."""
    edge = ("hyperspy", "pyxem")
    return {
        name
        for name, tree in trees.items()
        if any(full.partition(".")[0] in edge for full in imports(tree))
    }


def count_lines(root):
    """Return the lines of the package's Python files."""
    paths = (root / PACKAGE).rglob("*.py*")
    return sum(
        len(path.read_text().splitlines())
        for path in paths
        if path.suffix in (".py", ".pyi")
    )


def import_seconds(root, n=3):
    """Return the processor time of the import after HyperSpy and pyxem, the median."""
    times = []
    for _ in range(n):
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", PROGRAM],
            check=True, capture_output=True, text=True,
            cwd=root, env=os.environ | {"PYTHONPATH": str(root)},
        )  # fmt: skip
        times.append(float(done.stdout.split()[-1]))
    return statistics.median(times)


def measure(root):
    """Return all figures of a tree by their names."""
    trees = read_modules(root)
    arrows = find_arrows(trees)
    circles = find_circles(arrows)
    hinted, total = count_hints(trees)
    seeing = find_seeing(trees)
    reaching = {n for n in trees if (_reachable(arrows, n) | {n}) & seeing}
    rooms = {name.partition(".")[0] for name in trees} - {""}
    folders = {name.partition(".")[0] for name in trees if "." in name}
    up = count_up(arrows)
    return {
        "largest circle of files": max(map(len, circles), default=0),
        "arrows that point up": "other rooms" if up is None else up,
        "folders and loose modules": f"{len(folders)} + {len(rooms - folders)}",
        "modules": len(trees),
        "modules that import HyperSpy or pyxem": len(seeing),
        "modules that reach them, through others of ours": len(reaching),
        "lines": count_lines(root),
        "parameters with a type hint": f"{hinted} of {total}",
        "import, processor time": f"{import_seconds(root):.2f} s",
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", type=Path, default=Path(__file__).parents[1])
    for name, value in measure(parser.parse_args().root.resolve()).items():
        print(f"| {name} | {value} |")
