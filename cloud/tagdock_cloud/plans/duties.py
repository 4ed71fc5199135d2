"""What is due: open tasks are confirmed or flagged by what was read."""

from tagdock_cloud.plans.following import confirm_tasks, flag_tasks
from tagdock_cloud.work.duty import Duty

DUTIES: tuple[Duty, ...] = (Duty("plans.confirm", 2.0, confirm_tasks), Duty("plans.flag", 60.0, flag_tasks))
