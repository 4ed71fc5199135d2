"""No product: a reader that speaks LLRP 1.1 and takes whatever the standard has, to test clients against all of it."""

from tagdock_simulators.llrp.codec import LLRP_1_1
from tagdock_simulators.llrp.profile import Profile, Triggers
from tagdock_simulators.llrp.profiles.modes import Mask, Modulation, mode
from tagdock_simulators.llrp.rospec import TagObservation

GENERIC = Profile(
    name="generic-llrp11",
    summary="no product: LLRP 1.1, every trigger, several ROSpecs with priorities, small tables",
    manufacturer=0,
    model=1,
    firmware="1",
    antennas=4,
    inputs=4,
    outputs=4,
    powers_cdbm=range(1000, 3001, 100),
    sensitivities_db=(0, 10, 20),
    rf_modes=(
        mode(0, Modulation.FM0, 640_000, 1500, (6250, 6250, 0), mask=Mask.SINGLE, conforms=True),
        mode(1, Modulation.M4, 250_000, 2000, (20_000, 20_000, 0), mask=Mask.DENSE, conforms=True),
    ),
    max_rospecs=8,
    max_priority=7,
    max_accessspecs=16,
    max_opspecs_per_accessspec=4,
    max_select_filters=4,
    triggers=Triggers(observations=frozenset(TagObservation)),
    max_version=LLRP_1_1,
    block_erase=True,
    block_permalock=True,
)
