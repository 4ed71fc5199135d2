"""ThingMagic's Sargas.

Seen: that ADD_ROSPEC with AISpec stop trigger 3 (tag observation) fails with M_ParameterError, and modulation 1
(sllurp, issues 57 and 177); manufacturer, model, two inputs and outputs (ThingMagic's Mercury API, llrp_reader_l3.c).
An Astra-EX of the same family declared two antennas and a UTC clock (sllurp, issue 45).
Assumed: the other modulations, 5 to 31.5 dBm in steps of 0.25 dB, the firmware's number, and how many specs there are.
"""

from tagdock_simulators.llrp.profile import Profile, Triggers
from tagdock_simulators.llrp.profiles.modes import Mask, Modulation, mode
from tagdock_simulators.llrp.rospec import AIStopTrigger

VENDOR = 26_554
"""ThingMagic's IANA enterprise number."""

SARGAS = Profile(
    name="thingmagic-sargas",
    summary="ThingMagic Sargas: 2 antennas, refuses AISpec stop trigger 3 (tag observation)",
    manufacturer=VENDOR,
    model=0x3430,
    firmware="5.3.2.97",
    antennas=2,
    inputs=2,
    outputs=2,
    powers_cdbm=range(500, 3151, 25),
    sensitivities_db=(0,),
    rf_modes=(
        mode(0, Modulation.FM0, 640_000, 1500, (6250, 6250, 0), mask=Mask.SINGLE),
        mode(1, Modulation.M4, 250_000, 1700, (12_500, 25_000, 12_500), mask=Mask.DENSE),
        mode(2, Modulation.M2, 250_000, 1700, (12_500, 25_000, 12_500), mask=Mask.MULTIPLE),
        mode(3, Modulation.M8, 250_000, 1700, (12_500, 25_000, 12_500), mask=Mask.DENSE),
    ),
    max_rospecs=8,
    max_priority=7,
    max_accessspecs=8,
    max_opspecs_per_accessspec=1,
    max_select_filters=1,
    triggers=Triggers(ai_stops=frozenset(AIStopTrigger) - {AIStopTrigger.TAG_OBSERVATION}),
    warns_of_full_buffer=False,
)
