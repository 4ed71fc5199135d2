"""Dock doors by a second radio model, for judging only: nothing of Tagdock may be fitted to it.

It shares no physics and no habits with `tagdock_simulators`: log-distance loss with a hall's own exponent and a floor
that reflects, Nakagami fading along the way that a tag moves, labels that look one way, lobed antennas beside the lane
or over it, tags that answer by a Poisson process, readers that stamp by message. See decision 0076.
"""

from scenes.scene import SCENES, Scene, scene

__all__ = ["SCENES", "Scene", "scene"]
