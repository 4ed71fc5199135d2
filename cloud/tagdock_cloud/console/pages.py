"""The console's pages, gathered."""

from fastapi import APIRouter

from tagdock_cloud.console.between_page import router as between
from tagdock_cloud.console.choices import router as choices
from tagdock_cloud.console.count_form import router as counting
from tagdock_cloud.console.find import router as find
from tagdock_cloud.console.floor_new import router as laying_out
from tagdock_cloud.console.floor_page import router as layout
from tagdock_cloud.console.health import router as health
from tagdock_cloud.console.live import router as live
from tagdock_cloud.console.login import router as login
from tagdock_cloud.console.managing import router as managing
from tagdock_cloud.console.oidc import router as oidc
from tagdock_cloud.console.plans import router as plans
from tagdock_cloud.console.reports_page import router as reports
from tagdock_cloud.console.return_apply import router as applying
from tagdock_cloud.console.return_forms import router as return_forms
from tagdock_cloud.console.returns_page import router as returns
from tagdock_cloud.console.runs_page import router as runs
from tagdock_cloud.console.shipping_page import router as shipping
from tagdock_cloud.console.task_forms import router as task_forms
from tagdock_cloud.console.tasks_page import router as tasks

console = APIRouter(include_in_schema=False)
for room in (
    live, find, layout, laying_out, plans, managing, tasks, task_forms, counting, returns, applying, return_forms,
    shipping, between, runs, reports, health, login, oidc, choices,
):  # fmt: skip
    console.include_router(room)
