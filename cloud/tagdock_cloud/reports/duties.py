"""What is due: periods that are over, results that wait, old ones to forget."""

from tagdock_cloud.reports.running import ask_due, tidy, work_out
from tagdock_cloud.work.duty import Duty

DUTIES: tuple[Duty, ...] = (
    Duty("reports.ask", 15.0, ask_due),
    Duty("reports.work_out", 2.0, work_out, timeout_s=120.0),
    Duty("reports.tidy", 3600.0, tidy),
)
