"""What is due: following doors."""

from tagdock_cloud.life.following import follow_doors
from tagdock_cloud.work.duty import Duty

DUTIES: tuple[Duty, ...] = (Duty("lives.follow", 1.0, follow_doors),)
