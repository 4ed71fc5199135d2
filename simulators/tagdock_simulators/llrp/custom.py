"""A vendor's parameter that nobody here described: kept as it is."""

from tagdock_simulators.llrp.fields import U32, Tail
from tagdock_simulators.llrp.schema import CUSTOM, CustomParameter, parameter


@parameter(CUSTOM)
class Custom(CustomParameter):
    """Any vendor's parameter; `data` is what follows vendor and subtype."""

    vendor: U32
    subtype: U32
    data: Tail
