"""Maps of domains with confidence, judged by electrons that are held out.

To be read in this order: `mapping` sees a signal as a `view` of cells (`signal_view`,
`reduction`, `struck`, `centring`) and wraps the `answer` to its patterns (`domain_map`,
`factors`, `trained`). The answer is that of `rounds`: of trials (`held_out`), each a
part of the electrons in a `linear` embedding, whose components (`clustering`,
`neighbourhood`) are merged to a `division` and judged by the other electrons, with
`envelopes` (`nuisances`); `regrouping` parts and joins domains. `repeats` make one map
of divisions, in which `dim` patterns go to whose spots they have and `mixtures` are
less sure, and a `verdict` says whether to trust it.
"""

from hspy_cnmf.domains.domain_map import DomainMap, get_domains
from hspy_cnmf.domains.mapping import DomainModel, load_domain_model, map_domains

__all__ = [
    "DomainMap",
    "DomainModel",
    "get_domains",
    "load_domain_model",
    "map_domains",
]
