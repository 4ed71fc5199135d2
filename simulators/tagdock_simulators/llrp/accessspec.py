"""When the results of access operations are reported (LLRP 1.0.1, chapter 13); the operations are refused so far."""

from tagdock_simulators.llrp.fields import U8
from tagdock_simulators.llrp.schema import parameter


@parameter(239)
class AccessReportSpec:
    """0: with the ROReport; 1: at the end of the AccessSpec."""

    trigger: U8
