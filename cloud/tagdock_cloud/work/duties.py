"""All that is due: each subject's duties, in one list."""

from tagdock_cloud.alerts.duties import DUTIES as ALERTS
from tagdock_cloud.corrections.duties import DUTIES as CORRECTIONS
from tagdock_cloud.counting.duties import DUTIES as COUNTING
from tagdock_cloud.epcis.duties import DUTIES as EPCIS
from tagdock_cloud.keeping.duties import DUTIES as KEEPING
from tagdock_cloud.life.duties import DUTIES as LIVES
from tagdock_cloud.plans.duties import DUTIES as PLANS
from tagdock_cloud.reports.duties import DUTIES as REPORTS
from tagdock_cloud.returns.duties import DUTIES as RETURNS
from tagdock_cloud.sessions.duties import DUTIES as SESSIONS
from tagdock_cloud.shipping.duties import DUTIES as SHIPPING
from tagdock_cloud.stockpolicy.duties import DUTIES as STOCK_POLICY
from tagdock_cloud.tasks.duties import DUTIES as TASKS
from tagdock_cloud.webhooks.duties import DUTIES as WEBHOOKS
from tagdock_cloud.work.duty import Duty

DUTIES: tuple[Duty, ...] = (
    *ALERTS,
    *CORRECTIONS,
    *COUNTING,
    *EPCIS,
    *KEEPING,
    *LIVES,
    *PLANS,
    *REPORTS,
    *RETURNS,
    *SESSIONS,
    *SHIPPING,
    *STOCK_POLICY,
    *TASKS,
    *WEBHOOKS,
)
"""A subject adds its own: `*doors.DUTIES`. Names are unique; a worker takes what has been due for the longest."""
