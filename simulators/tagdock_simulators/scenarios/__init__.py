"""Named scenarios: what happens at a row of dock doors, from a seed.

The same name and seed give the same crossings, reads and truth on every machine.
"""

from tagdock_simulators.scenarios.named import SCENARIOS
from tagdock_simulators.scenarios.scenario import CARRIERS, MATERIALS, Scenario
from tagdock_simulators.scenarios.shape import parameters, shaped
from tagdock_simulators.scenarios.traffic import EPOCH, crossings

__all__ = ["CARRIERS", "EPOCH", "MATERIALS", "SCENARIOS", "Scenario", "crossings", "parameters", "shaped"]
