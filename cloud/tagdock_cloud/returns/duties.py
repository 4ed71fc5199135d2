"""What is due: telling cases what became of their items."""

from tagdock_cloud.returns.arriving import follow_lives
from tagdock_cloud.work.duty import Duty

DUTIES: tuple[Duty, ...] = (Duty("returns.follow", 1.0, follow_lives),)
