"""What the readers of doors report of the loads that move through them: blocks of reads in time order."""

from tagdock_simulators.reading.blocks import ReadBlock
from tagdock_simulators.reading.crossing import crossing_reads
from tagdock_simulators.reading.field import field_reads
from tagdock_simulators.reading.lines import block_lines

__all__ = ["ReadBlock", "block_lines", "crossing_reads", "field_reads"]
