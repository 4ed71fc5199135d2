"""Who is asked at which kind of door: two rows by themselves, a single row together with the beams if there are some.

A beam is broken by whoever passes, and says of a busy lane's tags less than two rows do: beside them it only confused
the verdicts (decision 0074), so there it is evidence to look at and no opinion.
"""

from collections.abc import Sequence

from tagdock_edge.config import Thresholds
from tagdock_edge.passage import beams, one_row, two_rows
from tagdock_edge.passage.eyes import Beams
from tagdock_edge.passage.layout import Door
from tagdock_edge.passage.opinion import Opinion
from tagdock_edge.passage.profile import Seen


def opinion_of(door: Door, reads: Sequence[Seen], seen: Beams, thresholds: Thresholds) -> Opinion:
    """Say which way a tag went from what one door saw of it.

    `reads` are the door's own reads of the tag that tell the way (not those of minutes of rest), in the order of time,
    one at least; `seen` what its eyes saw about that time. Other doors are weighed elsewhere.
    """
    if door.two_rows:
        return two_rows.opinion(door, reads, thresholds)
    return one_row.opinion(door, reads, thresholds) + beams.opinion(door, reads, seen, thresholds)
