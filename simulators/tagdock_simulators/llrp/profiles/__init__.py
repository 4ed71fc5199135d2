"""The readers that can be played, by name. Each module says which of its figures were seen and which are assumed."""

from tagdock_simulators.llrp.profile import Profile
from tagdock_simulators.llrp.profiles.generic import GENERIC
from tagdock_simulators.llrp.profiles.impinj import R700, SPEEDWAY
from tagdock_simulators.llrp.profiles.thingmagic import SARGAS
from tagdock_simulators.llrp.profiles.zebra import FX9600

DEFAULT = SPEEDWAY
PROFILES: dict[str, Profile] = {profile.name: profile for profile in (SPEEDWAY, R700, FX9600, SARGAS, GENERIC)}
