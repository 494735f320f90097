"""Maps of domains with confidence, by a variational autoencoder.

The networks need PyTorch, which is imported when domains are mapped.
"""

from hspy_cnmf.domains.domain_map import DomainMap, get_domains
from hspy_cnmf.domains.domain_model import DomainModel, load_domain_model
from hspy_cnmf.domains.mapping import map_domains

__all__ = [
    "DomainMap",
    "DomainModel",
    "get_domains",
    "load_domain_model",
    "map_domains",
]
