"""What less power, or a deafer receiver, makes of a read. An approximation: see below.

A reader is fed ready reads, as it would make them with its highest power P and best sensitivity. The budget of
`radio.link` is turned round to find, from a read's RSSI, what the tag got; with d dB less

    P_echo = P + 2 gain - modulation       =>  gain = (P_echo - P + modulation) / 2
    P_tag  = P + gain                      =>  P_tag' = (P + P_echo + modulation) / 2 - d    (a tag wakes above its own)
    P_echo' = P_echo - d                                                                     (a reader hears above its)

Approximate, because it takes one modulation loss and one sensitivity for all tags (`radio.Radio`'s), no loss between
the two ways (fading is the same in both), and the profile's highest power for the one that the reads were made with.
"""

from dataclasses import dataclass

from tagdock_simulators.radio import Radio

_TAG = Radio()


@dataclass(frozen=True, slots=True)
class Setting:
    """How an antenna is set: the reader's highest power, how much less is sent, the weakest echo that is heard."""

    highest_dbm: float
    less_db: float
    weakest_dbm: float

    def rssi_dbm(self, at_highest_dbm: float) -> float | None:
        """Return the RSSI of a read that has `at_highest_dbm` at full power; None where it does not come about."""
        if self.less_db > 0.0:
            tag_dbm = (self.highest_dbm + at_highest_dbm + _TAG.modulation_loss_db) / 2.0 - self.less_db
            if tag_dbm < _TAG.tag_sensitivity_dbm:
                return None
        rssi_dbm = at_highest_dbm - self.less_db
        return rssi_dbm if rssi_dbm >= self.weakest_dbm else None
