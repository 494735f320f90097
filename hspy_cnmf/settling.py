"""Which arguments of ``python -m hspy_cnmf`` go together, and what is left to them."""

from hspy_cnmf import opening

#: Largest number of components that is tried where the number is not given.
MOST_COMPONENTS = 20


def settle_input(parser, options):
    """Refuse options that contradict each other, and fill in the rest."""
    if options.file is None:
        if options.signal_type is not None:
            parser.error("--signal-type is for a FILE: embedded data have theirs")
        options.data = options.data or opening.DEFAULT_DATA_SET
        options.components = options.components or opening.DATA_SETS[options.data]
    elif options.data is not None or options.scan_shape is not None:
        parser.error("--data and --scan-shape are for embedded data: leave out FILE")
    elif not options.file.exists():
        parser.error(f"there is no file {options.file}")
    elif options.components is None:
        parser.error(
            "how many components? Add, for example, --components 10, or --components "
            "auto to have a number suggested"
        )


def settle_components(parser, options):
    """Refuse what does not go with a number that is given, or that is not."""
    if options.components != "auto":
        if options.most_components is not None:
            parser.error("--most-components is for --components auto")
        return
    if options.compression is None:
        parser.error(
            "--components auto compares factorisations of one sketch: leave out "
            "--compression none"
        )
    if options.most_components is None:
        options.most_components = MOST_COMPONENTS
    elif options.most_components < 2:
        parser.error(
            f"--most-components {options.most_components}: the scan begins with 2 "
            "components, give 2 or more"
        )


def settle_clustering(parser, options):
    """Gather what the clustering is asked for in ``options.clustering``."""
    given = {
        "--clusters": options.clusters,
        "--distance-threshold": options.distance_threshold,
        "--linkage": options.linkage,
        "--mirror": options.mirror or None,
    }
    given = {name: value for name, value in given.items() if value is not None}
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
