"""What somebody makes of one tag at one door: how likely its reads are if it came in, went out, or did neither.

The three numbers are natural-log likelihoods (or differ from them by one constant, which says nothing). Opinions that
rest on different evidence - the rows' order, the photo-eyes, the other tags of the load - add; opinions that partly
repeat each other are weighed down before they are added. Zero everywhere is no opinion.
"""

from dataclasses import dataclass
from math import exp
from typing import Literal

Way = Literal["in", "out", "stay"]


@dataclass(frozen=True, slots=True)
class Opinion:
    """Log-likelihoods of one tag's evidence at one door under the three ways, and the reason in words."""

    came_in: float = 0.0
    went_out: float = 0.0
    stayed: float = 0.0
    reason: str = ""

    def __add__(self, other: "Opinion") -> "Opinion":
        """Put two opinions together that rest on different evidence."""
        return Opinion(
            self.came_in + other.came_in,
            self.went_out + other.went_out,
            self.stayed + other.stayed,
            "; ".join(reason for reason in (self.reason, other.reason) if reason),
        )

    def weighed(self, weight: float) -> "Opinion":
        """Return the opinion at `weight` (0..1) of its strength: it partly repeats what others say."""
        return Opinion(self.came_in * weight, self.went_out * weight, self.stayed * weight, self.reason)

    def within(self, nats: float) -> "Opinion":
        """Return the opinion with nothing held to be more than `nats` less likely than the likeliest."""
        most = max(self.nats)
        came_in, went_out, stayed = (max(value - most, -nats) for value in self.nats)
        return Opinion(came_in, went_out, stayed, self.reason)

    @property
    def nats(self) -> tuple[float, float, float]:
        """The three log-likelihoods: in, out, stay."""
        return self.came_in, self.went_out, self.stayed

    def shares(self) -> dict[Way, float]:
        """Return each way's probability, all three being equally likely before the evidence; they add up to 1."""
        most = max(self.came_in, self.went_out, self.stayed)
        likely: dict[Way, float] = {
            "in": exp(self.came_in - most),
            "out": exp(self.went_out - most),
            "stay": exp(self.stayed - most),
        }
        total = sum(likely.values())
        return {way: value / total for way, value in likely.items()}


NONE = Opinion()
"""No opinion."""
