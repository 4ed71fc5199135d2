"""What is due: following door sessions."""

from tagdock_cloud.sessions.following import follow_goods
from tagdock_cloud.work.duty import Duty

DUTIES: tuple[Duty, ...] = (Duty("sessions.follow", 1.0, follow_goods),)
