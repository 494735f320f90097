"""Rules on which arguments go together, and what those are that are left out."""

from __future__ import annotations

import argparse

from hspy_cnmf.cli import opening

#: Largest number of components that is tried where the number is not given.
MOST_COMPONENTS = 20


def settle(
    parser: argparse.ArgumentParser,
    options: argparse.Namespace,
    defaults: dict[str, dict],
) -> None:
    """Refuse options that contradict each other, and fill in the rest.

    Parameters
    ----------
    parser : argparse.ArgumentParser
        Whose ``error`` says what is wrong.
    options : argparse.Namespace
        Changed in place.
    defaults : dict of str to dict
        Options that are of one job only, and what they are where they are not given:
        those of the "factorisation", and of the "domains".
    """
    _settle_input(parser, options)
    if options.domains is not None:
        _refuse(parser, options, defaults["factorisation"], "has no meaning with")
        return
    _refuse(parser, options, defaults["domains"], "is for")
    _settle_number(parser, options)
    _settle_components(parser, options)
    _settle_clustering(parser, options)
    _settle_phases(parser, options)


def _refuse(
    parser: argparse.ArgumentParser,
    options: argparse.Namespace,
    defaults: dict,
    why: str,
) -> None:
    """Refuse options that are of the other job."""
    for name, default in defaults.items():
        if getattr(options, name) != default:
            parser.error(f"--{name.replace('_', '-')} {why} --domains")


def _settle_input(parser: argparse.ArgumentParser, options: argparse.Namespace) -> None:
    if options.file is None:
        for name in ("signal_type", "reader"):
            if getattr(options, name) is not None:
                option = f"--{name.replace('_', '-')}"
                parser.error(f"{option} is for a FILE: embedded data have theirs")
        is_mapped = options.domains is not None
        default = opening.DOMAIN_DATA_SET if is_mapped else opening.DEFAULT_DATA_SET
        options.data = options.data or default
    elif options.data is not None:
        parser.error("--data is for embedded data: leave out FILE")
    elif not options.file.exists():
        parser.error(f"there is no file {options.file}")


def _settle_number(
    parser: argparse.ArgumentParser, options: argparse.Namespace
) -> None:
    if options.file is None:
        options.components = options.components or opening.DATA_SETS[options.data]
    elif options.components is None:
        parser.error(
            "how many components? Add, for example, --components 10, or --components "
            "auto to have a number suggested"
        )


def _settle_components(
    parser: argparse.ArgumentParser, options: argparse.Namespace
) -> None:
    """Refuse what does not go with a number that is given, or that is not."""
    if options.components != "auto":
        if options.most_components is not None:
            parser.error("--most-components is for --components auto")
        return
    if options.missing != "refuse":
        parser.error(
            "--components auto compares factorisations of one sketch, which has no "
            f"missing values: give a number with --missing {options.missing}"
        )
    if options.compression is None:
        parser.error(
            "--components auto compares factorisations of one sketch: leave out "
            "--compression none"
        )
    if options.most_components is None:
        options.most_components = MOST_COMPONENTS
    elif options.most_components < 2:
        parser.error(
            f"--most-components {options.most_components}: a scan compares 1 component "
            "with more, give 2 or more"
        )


def _settle_clustering(
    parser: argparse.ArgumentParser, options: argparse.Namespace
) -> None:
    """Gather what the clustering is asked for in ``options.clustering``."""
    asked = {
        "--clusters": options.clusters,
        "--distance-threshold": options.distance_threshold,
        "--linkage": options.linkage,
        "--mirror": options.mirror or None,
    }
    given = {name: value for name, value in asked.items() if value is not None}
    if given and options.no_clustering:
        parser.error(f"--no-clustering leaves no meaning to {', '.join(given)}")
    if given and options.components == 1:
        parser.error(f"{', '.join(given)}: one component cannot be grouped")
    is_auto = options.components == "auto"
    most = options.most_components if is_auto else options.components
    if options.clusters is not None and options.clusters > most:
        more = "--most-components" if is_auto else "--components"
        parser.error(
            f"--clusters {options.clusters}: there are only {most} components to "
            f"group; give fewer clusters or more {more}"
        )
    names = {"--clusters": "n_clusters"}
    options.clustering = {
        names.get(name, name[2:].replace("-", "_")): value
        for name, value in given.items()
    }


def _settle_phases(
    parser: argparse.ArgumentParser, options: argparse.Namespace
) -> None:
    """Gather what the identification is asked for in ``options.identification``."""
    asked = {
        "--phases": options.phases,
        "--calibrate-from": options.calibrate_from,
        "--scale-uncertainty": options.scale_uncertainty,
    }
    given = {name: value for name, value in asked.items() if value is not None}
    if given and options.no_clustering:
        parser.error(f"--no-clustering leaves no meaning to {', '.join(given)}")
    if given and options.phases is None:
        parser.error(f"{', '.join(given)} has no meaning without --phases")
    options.identification = {
        name[2:].replace("-", "_"): value for name, value in given.items()
    }
