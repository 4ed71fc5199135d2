"""What would be if: changed problems, and layouts compared under them."""

from tagdock_slotting.whatif.compare import Comparison, compare
from tagdock_slotting.whatif.scenario import Scenario, changed

__all__ = ["Comparison", "Scenario", "changed", "compare"]
