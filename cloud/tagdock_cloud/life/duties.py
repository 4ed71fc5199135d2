"""What is due: following doors."""

from tagdock_cloud.life.following import follow_doors, follow_registered
from tagdock_cloud.work.duty import Duty

DUTIES: tuple[Duty, ...] = (
    Duty("lives.follow", 1.0, follow_doors),
    Duty("lives.follow_registered", 30.0, follow_registered),
)
