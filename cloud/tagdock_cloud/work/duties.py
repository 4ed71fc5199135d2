"""All that is due: each subject's duties, in one list."""

from tagdock_cloud.corrections.duties import DUTIES as CORRECTIONS
from tagdock_cloud.work.duty import Duty

DUTIES: tuple[Duty, ...] = (*CORRECTIONS,)
"""A subject adds its own: `*doors.DUTIES`. Names are unique; a worker takes what has been due for the longest."""
