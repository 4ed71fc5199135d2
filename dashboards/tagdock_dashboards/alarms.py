"""Grafana's alert rules as code: what wakes a person who watches Grafana, even where the cloud's own alerts are silent.

The cloud evaluates limits itself and keeps one open alert an originator (its `alerts_v1`); these rules bring those into
Grafana, and add what the cloud cannot tell of itself: that nobody evaluates any more, that gateways are silent, that
movements come late. Each query returns texts, which become the alert's labels, and one figure, `value`.
"""

from dataclasses import dataclass
from typing import Any, Literal

from tagdock_dashboards.pieces.query import DATA_SOURCE_UID, Sql
from tagdock_dashboards.pieces.sdk import alerting, alerting_models, as_json, common_models, expr

GROUP = "tagdock"
INTERVAL_S = 60
LOOKS_BACK_S = 600
EXPRESSIONS = "__expr__"
"""The uid by which Grafana names its own expressions."""

_OF_GRAFANA = common_models.DataSourceRef(type_val=EXPRESSIONS, uid=EXPRESSIONS)

Severity = Literal["critical", "warning"]
NoData = Literal["OK", "NoData"]
"""What no row means: that all is well, or that somebody has to be told (Grafana's alert `DatasourceNoData`)."""


@dataclass(frozen=True, slots=True)
class Alarm:
    """A rule: it fires where `value` stays above `above` for `for_s` seconds. `no_data` says what no row means."""

    uid: str
    title: str
    says: str
    sql: str
    above: float
    for_s: int
    severity: Severity
    dashboard_uid: str
    no_data: NoData


def _of_the_cloud(uid: str, title: str, kinds: str, severity: Severity, dashboard_uid: str) -> Alarm:
    """Bring the cloud's own open alerts of some kinds into Grafana; nobody has said yet that they have seen them."""
    sql = f"""
        SELECT site, kind, originator, count(*)::float8 AS value FROM alerts_v1
        WHERE cleared_at IS NULL AND acknowledged_at IS NULL AND severity <> 'info' AND kind IN ({kinds})
        GROUP BY 1, 2, 3 ORDER BY 1, 2, 3 LIMIT 500
    """  # noqa: S608  the kinds are constants of this module
    return Alarm(
        uid,
        title,
        "{{ $labels.kind }}: {{ $labels.originator }} ({{ $labels.site }})",
        sql,
        0,
        0,
        severity,
        dashboard_uid,
        no_data="OK",  # nothing is out of order; that nobody looks any more is the rule of due work
    )


ALARMS: tuple[Alarm, ...] = (
    Alarm(
        "tagdock-gateway-silent",
        "Gateway silent",
        "Gateway {{ $labels.gateway }} ({{ $labels.site }}) has been silent for five minutes: power, network, broker",
        """
        SELECT site, gateway,
          coalesce(extract(epoch FROM now() - greatest(last_seen_at, last_event_stored_at)), 1e9)::float8 AS value
        FROM gateways_v1
        """,
        300,
        60,
        "critical",
        "tagdock-fleet",
        no_data="NoData",  # a silent gateway has a row, too: there is none at all, or this is another database
    ),
    Alarm(
        "tagdock-late",
        "Movements come late",
        "Movements of {{ $labels.site }} take longer than a minute from the door to the record: see the outboxes",
        """
        SELECT site, max(extract(epoch FROM stored_at - observed_at))::float8 AS value
        FROM movements_v1 WHERE $__timeFilter(observed_at) GROUP BY 1
        """,
        60,
        120,
        "warning",
        "tagdock-fleet",
        no_data="OK",  # nothing moves at night
    ),
    Alarm(
        "tagdock-nobody-works",
        "Due work stands still",
        "{{ $labels.duty }} is overdue, so alerts and deliveries may be missing: start tagdock-cloud work",
        """
        SELECT duty,
          CASE WHEN done_at < now() - interval '2 minutes' THEN extract(epoch FROM now() - done_at) / every_s ELSE 0 END
            ::float8 AS value
        FROM duties_v1 WHERE every_s <= 3600
        """,
        10,
        120,
        "critical",
        "tagdock-fleet",
        no_data="NoData",  # every duty that was ever done has a row: nobody has ever worked
    ),
    Alarm(
        "tagdock-refused",
        "Batches refused",
        "The cloud refused batches of {{ $labels.gateway }} ({{ $labels.site }}); the Fleet dashboard tells why",
        """
        SELECT site, gateway, count(*)::float8 AS value FROM refused_batches_v1
        WHERE refused_at >= now() - interval '1 hour' GROUP BY 1, 2
        """,
        0,
        0,
        "warning",
        "tagdock-fleet",
        no_data="OK",  # nothing was refused
    ),
    _of_the_cloud(
        "tagdock-stock", "Stock outside its limits", "'stock_below', 'stock_above'", "warning", "tagdock-stock"
    ),
    _of_the_cloud(
        "tagdock-environment",
        "Environment or sensor out of order",
        "'environment', 'sensor_stale', 'bin_over'",
        "warning",
        "tagdock-environment",
    ),
    _of_the_cloud("tagdock-exit", "Goods left without an order", "'unordered_exit'", "critical", "tagdock-dock"),
)


def rule(alarm: Alarm, folder_uid: str, contact_point: str | None) -> dict[str, Any]:
    """Write a rule as Grafana's provisioning API takes it. No contact point: the default policy says who is told."""
    built = (
        alerting.Rule(alarm.title)
        .uid(alarm.uid)
        .rule_group(GROUP)
        .folder_uid(folder_uid)
        .org_id(1)
        .condition("above")
        .queries([_query(alarm), _threshold(alarm)])
        .for_val(f"{alarm.for_s}s")
        .no_data_state(alarm.no_data)
        .exec_err_state("Error")
        .labels({"severity": alarm.severity, "service": "tagdock"})
        .annotations({"summary": alarm.says, "__dashboardUid__": alarm.dashboard_uid})
    )
    if contact_point:
        built.notification_settings(alerting.NotificationSettings().receiver(contact_point))
    return as_json(built.build())


def provisioning(folder: str, folder_uid: str, contact_point: str | None = None) -> dict[str, Any]:
    """Write all rules as the file that a Grafana in a container reads at start."""
    left_out = ("folderUID", "ruleGroup", "orgID")  # said once, by the group
    rules = [
        {key: value for key, value in rule(alarm, folder_uid, contact_point).items() if key not in left_out}
        for alarm in ALARMS
    ]
    group = {"orgId": 1, "name": GROUP, "folder": folder, "interval": f"{INTERVAL_S}s", "rules": rules}
    return {"apiVersion": 1, "groups": [group]}


def _query(alarm: Alarm) -> alerting.Query:
    window = alerting_models.RelativeTimeRange(from_val=LOOKS_BACK_S, to=0)
    query = Sql(alarm.sql, ref_id="value")
    return alerting.Query("value").datasource_uid(DATA_SOURCE_UID).relative_time_range(window).model(query)


def _threshold(alarm: Alarm) -> alerting.Query:
    window = alerting_models.RelativeTimeRange(from_val=0, to=0)
    evaluator = expr.ExprTypeThresholdConditionsEvaluator().type("gt").params([alarm.above])
    above = expr.TypeThreshold().ref_id("above").expression("value").datasource(_OF_GRAFANA)
    above.conditions([expr.ExprTypeThresholdConditions().evaluator(evaluator)])
    return alerting.Query("above").datasource_uid(EXPRESSIONS).relative_time_range(window).model(above)
