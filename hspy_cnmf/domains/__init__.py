"""Maps of domains with confidence, judged by electrons that are held out."""

from hspy_cnmf.domains.domain_map import DomainMap, get_domains
from hspy_cnmf.domains.mapping import DomainModel, load_domain_model, map_domains

__all__ = [
    "DomainMap",
    "DomainModel",
    "get_domains",
    "load_domain_model",
    "map_domains",
]
