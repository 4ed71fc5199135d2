"""Every route that changes something leaves one more line in the audit: who, what, before, after."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path
from typing import Any

SITE, EPC, PLAN = "s1", "urn:epc:id:sgtin:9521234.000001.1", "00000000-0000-4000-8000-000000000001"
MOVED = "00000000-0000-7000-8000-000000000001"
AT = "2026-01-05T08:00:00+00:00"
APPROVED, ASKED = (f"00000000-0000-4000-8000-00000000000{n}" for n in (2, 3))
QUESTIONS = [f"00000000-0000-4000-8000-00000000001{n}" for n in range(4)]
TASKS = [f"00000000-0000-4000-8000-00000000002{n}" for n in range(7)]
REQUESTS = [f"00000000-0000-4000-8000-00000000003{n}" for n in range(2)]
LATER = (files("tagdock_cloud.life") / "policy.toml").read_text().replace("version = 1", "version = 2")
LATER = LATER.replace("2026-01-01", "2099-01-01")
COUNTS = [f"00000000-0000-4000-8000-00000000004{n}" for n in range(4)]
PAGE = Path(__file__).parents[3] / "docs/access.md"
CHANGING = set(re.findall(r"^\| (POST|PUT|PATCH|DELETE) \| `(/(?:api|epcis)/[^`]+)`", PAGE.read_text(), re.MULTILINE))
EVENT = {
    "type": "ObjectEvent", "eventTime": AT, "eventTimeZoneOffset": "+00:00", "epcList": [EPC], "action": "OBSERVE",
    "readPoint": {"id": f"urn:tagdock:door:{SITE}:D1"},
}  # fmt: skip
CONTEXT = ["https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"]
DOCUMENT = {
    "@context": CONTEXT, "type": "EPCISDocument", "schemaVersion": "2.0", "creationDate": AT,
    "epcisBody": {"eventList": [{**EVENT, "bizStep": "packing"}]},
}  # fmt: skip
SUBSCRIPTION = {"dest": "https://93.184.216.34/", "signatureToken": "0123456789abcdef", "stream": True}
LINES = {"lines": [{"sku": "K1", "quantity": 2}]}
LAYOUT = {
    "v": 1, "name": "One", "doors": [{"id": "D1", "x_m": 0.0, "y_m": 0.0}],
    "bins": [{"id": "B1", "x_m": 1.0, "y_m": 1.0, "zone": "Z1", "skus": ["K1"]}],
}  # fmt: skip
WEBHOOK = {"name": "ERP", "url": "https://erp.example/x", "topics": ["alert"]}
RULE = {"kind": "gateway_stale", "name": "R"}
REPORT = {"name": "R", "kpis": ["repair_time"], "sites": [SITE], "period": "day"}
ORDER = {"items": [{"site": SITE, "id": "O-1", "door": "D1", **LINES}]}
CSV = "site,order,sku,quantity\ns1,{},K1,2\n"


@dataclass(frozen=True)
class Ask:
    """A request that changes something, and the line that it leaves."""

    path: str
    json: Any = None
    text: str | None = None
    action: str = ""
    has: str = "after"


def made(path: str, body: Any, name: str) -> Callable[[Any], str]:
    """Make something and return its id."""
    return lambda client: str(client.post(f"/api/v1/{path}", json=body).json()[name])


def sent(client: Any, method: str, ask: Ask) -> Any:
    """Send a request as one would who has just read what it changes."""
    headers = {"If-Match": "*"} if method in ("PUT", "PATCH", "DELETE") else {}
    if ask.text is not None:
        return client.request(method, ask.path, content=ask.text, headers={**headers, "Content-Type": "text/csv"})
    answer = client.request(method, ask.path, json=ask.json, headers=headers)
    if answer.status_code == 412:  # nothing is there yet
        answer = client.request(method, ask.path, json=ask.json)
    return answer


def setting(service: Any) -> dict[str, str]:
    """Put something there to change; returns what it is called."""
    service.sql(
        f"""select ensure_partitions('{AT}', '{AT}');
        insert into sites (site) values ('{SITE}'), ('s2');
        insert into gateways (site, gateway) values ('{SITE}', 'g1');
        insert into skus (sku) values ('K1');
        insert into items (epc, sku, site, state, since) values ('{EPC}', 'K1', '{SITE}', 'unknown', now());
        insert into movements (site, observed_at, event_id, gateway, epc, epc_hex, door, direction, confidence)
        values ('{SITE}', '{AT}', '{MOVED}', 'g1', '{EPC}', '30', 'D1', 'uncertain', 0.5);
        insert into alerts (alert_id, site, kind, originator, severity, message, hold_s)
        values ('{PLAN}', '{SITE}', 'dwell', 'x', 'info', 'x', 0);
        insert into orders (site, kind, order_id) values ('{SITE}', 'outbound', 'C-1'), ('{SITE}', 'inbound', 'C-1'),
               ('{SITE}', 'outbound', 'S-1'), ('{SITE}', 'outbound', 'S-2');
        insert into returns (case_ref, site, kind, state, reason, applied_by)
        select 'R-' || state || '-' || kind, '{SITE}', kind, state, 'late', 'x'
        from unnest(array['announced', 'declined']) state, unnest(array['self_return', 'undelivered', 'refused']) kind;
        insert into waiting_orders (order_id, destination, lines)
        select name, '{{"lat_deg": 1, "lon_deg": 1}}', '[{{"sku": "K1", "quantity": 1}}]'
        from unnest(array['W-1', 'W-2']) name;
        insert into site_facts (site, lat_deg, lon_deg, vehicles)
        values ('{SITE}', 1, 1, '[{{"id": "van", "count": 1, "mass_kg": null, "volume_m3": null, "starts": "08:00",
                                    "ends": "18:00"}}]');
        insert into questions (question_id, kind, sites, request, problem, time_limit_s)
        select id::uuid, kind, array['{SITE}'], '{{"site": "{SITE}"}}', '{{}}', 1
        from (values ('{QUESTIONS[0]}', 'allocation'), ('{QUESTIONS[1]}', 'rebalancing'), ('{QUESTIONS[2]}', 'split'),
                     ('{QUESTIONS[3]}', 'run')) q (id, kind);
        insert into orders (site, kind, order_id, destination)
        values ('{SITE}', 'outbound', 'R-1', '{{"lat_deg": 1, "lon_deg": 1}}'),
               ('{SITE}', 'outbound', 'T-1', null), ('s2', 'inbound', 'T-1', null);
        insert into order_lines (site, kind, order_id, line, sku, quantity)
        values ('{SITE}', 'outbound', 'T-1', 1, 'K1', 1);
        insert into transfers (transfer_id, start_site, goal_site) values ('T-1', '{SITE}', 's2');
        insert into run_stops (question_id, site, order_id, run, place, vehicle, arrives_at, begins_at)
        values ('{QUESTIONS[3]}', '{SITE}', 'S-1', 1, 1, 'van', now(), now());
        insert into shipments (site, order_id, carrier, tracking) values ('{SITE}', 'S-1', 'SF', 'one');
        insert into replenishments (proposal_id, site, sku, quantity, order_on, needed_on, reorder_point, up_to, why)
        values ('{COUNTS[0]}', '{SITE}', 'K1', 1, now(), now(), 1, 2, 'x');
        insert into counts (count_id, site, method, zone, state, counted_at)
        select id::uuid, '{SITE}', 'epcs', 'Z' || id, state, case when state <> 'asked' then now() end
        from (values ('{COUNTS[0]}', 'asked'), ('{COUNTS[1]}', 'asked'), ('{COUNTS[2]}', 'differs'),
                     ('{COUNTS[3]}', 'asked')) c (id, state);
        insert into count_differences (count_id, number, kind, bin, sku, units, record_says)
        values ('{COUNTS[2]}', 1, 'missing', 'B1', 'K1', 1, 'x');
        insert into refused_batches (site, gateway, reason, payload) values ('{SITE}', 'g1', 'x', 'x');
        insert into tasks (task_id, site, kind, role, bin, assignee)
        select id::uuid, '{SITE}', 'count', 'manager', 'B1', case when mine then 'token:' || (
            select name from tokens where role = 'admin' limit 1) end
        from (values ('{TASKS[0]}', false), ('{TASKS[1]}', false), ('{TASKS[2]}', false), ('{TASKS[3]}', true),
                     ('{TASKS[4]}', false), ('{TASKS[5]}', false), ('{TASKS[6]}', false)) t (id, mine);
        insert into service_requests (request_id, task_id, site, kind, channel, class, opened_by)
        values ('{REQUESTS[0]}', '{TASKS[5]}', '{SITE}', 'enquiry', 'phone', 'late', 'x'),
               ('{REQUESTS[1]}', '{TASKS[6]}', '{SITE}', 'enquiry', 'phone', 'late', 'x');
        update service_requests set state = 'closed', closed_at = now(), resolution = 'x'
        where request_id = '{REQUESTS[1]}';
        insert into users (name, role) values ('anna', 'viewer'), ('boss', 'manager');
        insert into zones (site, zone) values ('{SITE}', 'Z9')"""
    )
    admin = service.as_("admin")
    assert admin.put(f"/api/v1/sites/{SITE}/layout", json=LAYOUT).status_code == 200
    service.sql(
        f"""insert into plans (plan_id, site, asked_by, request, state, plan, layout_version)
        select p.plan_id::uuid, p.site, 'x', jsonb_build_object('site', p.site, 'since', '{AT}', 'until', '{AT}'),
               p.state, '{{"v": 1, "status": "optimal", "moves": [], "objective_m_per_day": 1}}',
               (select layout_version from sites s where s.site = p.site)
        from (values ('{PLAN}', '{SITE}', 'done'), ('{APPROVED}', 's2', 'approved'), ('{ASKED}', 's2', 'asked'))
            p (plan_id, site, state);
        insert into moves (plan_id, step, sku, to_bin, why)
        values ('{APPROVED}', 1, 'K1', 'B1', ''), ('{APPROVED}', 2, 'K2', 'B2', '')"""
    )
    webhook = made("webhooks", WEBHOOK, "webhook_id")(admin)
    delivery = service.sql(
        "insert into deliveries (webhook_id, topic, body, state) values (%(id)s, 'alert', '{}', 'dead') "
        "returning delivery_id::text",
        {"id": webhook},
    )[0]["delivery_id"]
    session = made("sessions", {"site": SITE, "door": "D8", "kind": "outbound", "order": "S-2"}, "session_id")
    admin.post("/api/v1/tokens", json={"name": "old", "role": "viewer"})
    for query in ("heard", "unheard"):
        assert admin.post("/epcis/v2/queries", json={"name": query, "query": {}}).status_code == 201
    subscription = admin.post("/epcis/v2/queries/heard/subscriptions", json=SUBSCRIPTION).headers["Location"]
    return {
        "{subscription_id}": subscription.rpartition("/")[2],
        "{webhook_id}": webhook,
        "{delivery_id}": delivery,
        "{rule_id}": made("alert-rules", RULE, "rule_id")(admin),
        "{report_id}": made("reports", REPORT, "report_id")(admin),
        "{session_id}": session(admin),
    }


IN = f"/api/v1/sites/{SITE}"
ORDER_OF = ("POST", "PUT", "PATCH", "DELETE")
"""So that what one changes another does not need any more."""
ASKS: dict[tuple[str, str], Ask] = {
    ("POST", "/api/v1/reports"): Ask("/api/v1/reports", REPORT, action="report.add"),
    ("POST", "/api/v1/reports/{report_id}/results"): Ask(
        "/api/v1/reports/{report_id}/results", {}, action="report.ask"
    ),
    ("PUT", "/api/v1/reports/{report_id}"): Ask(
        "/api/v1/reports/{report_id}", {**REPORT, "period": "week"}, action="report.change", has="both"
    ),
    ("DELETE", "/api/v1/reports/{report_id}"): Ask("/api/v1/reports/{report_id}", action="report.remove", has="before"),
    ("POST", "/api/v1/alert-rules"): Ask("/api/v1/alert-rules", RULE, action="alert_rule.add"),
    ("PUT", "/api/v1/alert-rules/{rule_id}"): Ask(
        "/api/v1/alert-rules/{rule_id}", {**RULE, "name": "S"}, action="alert_rule.change", has="both"
    ),
    ("DELETE", "/api/v1/alert-rules/{rule_id}"): Ask(
        "/api/v1/alert-rules/{rule_id}", action="alert_rule.delete", has="before"
    ),
    ("POST", "/api/v1/alerts/{alert_id}/acknowledge"): Ask(
        f"/api/v1/alerts/{PLAN}/acknowledge", {"comment": "seen"}, action="alert.acknowledge", has="both"
    ),
    ("DELETE", "/api/v1/refused-batches/{refusal_id}"): Ask(
        "/api/v1/refused-batches/1", action="refused_batch.forget", has="before"
    ),
    ("POST", "/api/v1/gateways"): Ask("/api/v1/gateways", {"site": SITE, "gateway": "g2"}, action="gateway.add"),
    ("DELETE", "/api/v1/gateways/{site}/{gateway}"): Ask(
        f"/api/v1/gateways/{SITE}/g1", action="gateway.remove", has="before"
    ),
    ("PUT", "/api/v1/items"): Ask(
        "/api/v1/items",
        {"items": [{"epc": EPC, "sku": "K1", "quantity": 3, "site": SITE}]},
        action="items.put",
        has="both",
    ),
    ("POST", "/api/v1/movements/{event_id}/decision"): Ask(
        f"/api/v1/movements/{MOVED}/decision",
        {"site": SITE, "observed_at": AT, "direction": "in"},
        action="passage.decide",
    ),
    ("POST", "/api/v1/notices/import"): Ask("/api/v1/notices/import", text=CSV.format("N-1"), action="notice.put"),
    ("PUT", "/api/v1/notices"): Ask("/api/v1/notices", ORDER, action="notice.put"),
    ("PUT", "/api/v1/sites/{site}/notices/{id}"): Ask(f"{IN}/notices/N-2", LINES, action="notice.put"),
    ("POST", "/api/v1/sites/{site}/notices/{id}/cancel"): Ask(
        f"{IN}/notices/C-1/cancel", action="notice.cancel", has="both"
    ),
    ("POST", "/api/v1/orders/import"): Ask("/api/v1/orders/import", text=CSV.format("O-3"), action="order.put"),
    ("PUT", "/api/v1/orders"): Ask("/api/v1/orders", ORDER, action="order.put"),
    ("PUT", "/api/v1/sites/{site}/orders/{id}"): Ask(f"{IN}/orders/O-2", LINES, action="order.put"),
    ("POST", "/api/v1/sites/{site}/orders/{id}/cancel"): Ask(
        f"{IN}/orders/C-1/cancel", action="order.cancel", has="both"
    ),
    ("POST", "/api/v1/sessions"): Ask(
        "/api/v1/sessions", {"site": SITE, "door": "D9", "kind": "outbound", "order": "S-1"}, action="session.open"
    ),
    ("POST", "/api/v1/sessions/{session_id}/close"): Ask(
        "/api/v1/sessions/{session_id}/close", action="session.close", has="both"
    ),
    ("PUT", "/api/v1/sites/{site}"): Ask(IN, {"name": "Home"}, action="site.put", has="both"),
    ("PUT", "/api/v1/sites/{site}/settlement"): Ask(
        f"{IN}/settlement", {"window_s": 7}, action="settlement.put", has="both"
    ),
    ("PUT", "/api/v1/sites/{site}/layout"): Ask(
        f"{IN}/layout", {**LAYOUT, "name": "Two"}, action="layout.put", has="both"
    ),
    ("PATCH", "/api/v1/sites/{site}/bins/{bin:path}"): Ask(
        f"{IN}/bins/B1", {"zone": "Z3"}, action="bin.change", has="both"
    ),
    ("PUT", "/api/v1/sites/{site}/epcis"): Ask(
        f"{IN}/epcis", {"gln": "9521234000013"}, action="epcis.site.put", has="both"
    ),
    ("PUT", "/api/v1/sites/{site}/epcis/places/{kind}/{name:path}"): Ask(
        f"{IN}/epcis/places/door/D1", {"gln": "9521234000020"}, action="epcis.place.put"
    ),
    ("DELETE", "/api/v1/sites/{site}/epcis/places/{kind}/{name:path}"): Ask(
        f"{IN}/epcis/places/door/D1", action="epcis.place.delete", has="before"
    ),
    ("POST", "/api/v1/plans"): Ask("/api/v1/plans", {"site": SITE}, action="plan.ask"),
    ("POST", "/api/v1/plans/{plan_id}/approve"): Ask(
        f"/api/v1/plans/{PLAN}/approve", action="plan.approve", has="both"
    ),
    ("POST", "/api/v1/plans/{plan_id}/cancel"): Ask(f"/api/v1/plans/{ASKED}/cancel", action="plan.cancel", has="both"),
    ("POST", "/api/v1/plans/{plan_id}/moves/{step}/confirm"): Ask(
        f"/api/v1/plans/{APPROVED}/moves/1/confirm", action="move.done", has="both"
    ),
    ("POST", "/api/v1/plans/{plan_id}/moves/{step}/cancel"): Ask(
        f"/api/v1/plans/{APPROVED}/moves/2/cancel", action="move.cancelled", has="both"
    ),
    ("POST", "/api/v1/tasks"): Ask("/api/v1/tasks", {"site": SITE, "kind": "count", "bin": "B1"}, action="task.open"),
    ("POST", "/api/v1/tasks/{task_id}/take"): Ask(f"/api/v1/tasks/{TASKS[0]}/take", action="task.take", has="both"),
    ("POST", "/api/v1/tasks/{task_id}/assign"): Ask(
        f"/api/v1/tasks/{TASKS[1]}/assign", {"assignee": "user:boss", "reason": "x"}, action="task.assign", has="both"
    ),
    ("POST", "/api/v1/tasks/{task_id}/cancel"): Ask(
        f"/api/v1/tasks/{TASKS[2]}/cancel", {"reason": "x"}, action="task.cancel", has="both"
    ),
    ("POST", "/api/v1/tasks/{task_id}/give-back"): Ask(
        f"/api/v1/tasks/{TASKS[3]}/give-back", {"reason": "x"}, action="task.give_back", has="both"
    ),
    ("POST", "/api/v1/tasks/{task_id}/done"): Ask(
        f"/api/v1/tasks/{TASKS[4]}/done", {"quantity": 1}, action="task.done", has="both"
    ),
    ("PUT", "/api/v1/sites/{site}/floor-rule"): Ask(
        f"{IN}/floor-rule", {"put_away": True}, action="site.floor_rule", has="both"
    ),
    ("PUT", "/api/v1/on-duty/me"): Ask("/api/v1/on-duty/me", {"site": SITE}, action="duty.come"),
    ("POST", "/api/v1/requests"): Ask(
        "/api/v1/requests",
        {"site": SITE, "kind": "enquiry", "channel": "phone", "class": "late", "text": "Where is it?"},
        action="request.open",
    ),
    ("POST", "/api/v1/requests/{request_id}/close"): Ask(
        f"/api/v1/requests/{REQUESTS[0]}/close", {"resolution": "x"}, action="request.close", has="both"
    ),
    ("POST", "/api/v1/requests/{request_id}/reopen"): Ask(
        f"/api/v1/requests/{REQUESTS[1]}/reopen", {"reason": "x"}, action="request.reopen", has="both"
    ),
    ("DELETE", "/api/v1/on-duty/me"): Ask("/api/v1/on-duty/me", action="duty.go", has="before"),
    ("POST", "/api/v1/items/{epc:path}/life/steps"): Ask(
        f"/api/v1/items/{EPC}/life/steps", {"transition": "hold", "reason": "x"}, action="life.step", has="both"
    ),
    ("POST", "/api/v1/items/{epc:path}/life/presence"): Ask(
        f"/api/v1/items/{EPC}/life/presence", {"presence": "missing"}, action="life.presence"
    ),
    ("POST", "/api/v1/life-tables"): Ask("/api/v1/life-tables", {"source": LATER}, action="life.publish"),
    ("POST", "/api/v1/returns"): Ask(
        "/api/v1/returns",
        {"site": SITE, "kind": "refused", "reason": "late", "order": "S-1", "items": [{"epc": EPC}]},
        action="return.applied",
    ),
    ("POST", "/api/v1/returns/{case_ref}/facts"): Ask(
        "/api/v1/returns/R-announced-refused/facts", {"liability": "warehouse"}, action="return.facts", has="both"
    ),
    **{
        ("POST", f"/api/v1/returns/{{case_ref}}/{change}"): Ask(
            f"/api/v1/returns/R-{case}/{change}", {"reason": "x"}, action=f"return.{action}", has="both"
        )
        for change, action, case in (
            ("accept", "accepted", "declined-self_return"),
            ("decline", "declined", "announced-self_return"),
            ("cancel", "cancelled", "announced-refused"),
        )
    },
    ("POST", "/api/v1/returns/{case_ref}/reship"): Ask(
        "/api/v1/returns/R-announced-undelivered/reship", {"order": "S-2"}, action="return.reship", has="both"
    ),
    ("PUT", "/api/v1/return-terms"): Ask(
        "/api/v1/return-terms",
        {
            "deadline_days": 30,
            "grace_days": 9,
            "warranty_days": 9,
            "needs": [],
            "refuses_own_fault": False,
            "reasons": {"late": {"liability": "carrier"}},
        },
        action="returns.terms",
        has="both",
    ),
    ("POST", "/api/v1/waiting-orders/{id}/cancel"): Ask(
        "/api/v1/waiting-orders/W-1/cancel", action="order.cancel", has="both"
    ),
    ("PUT", "/api/v1/sites/{site}/facts"): Ask(
        f"{IN}/facts", {"lat_deg": 2, "lon_deg": 2}, action="site.facts", has="both"
    ),
    ("PUT", "/api/v1/lanes"): Ask(
        "/api/v1/lanes",
        {"items": [{"start_site": SITE, "goal_site": "s2", "cost_per_unit": 1, "lead_days": 1}]},
        action="lanes.put",
        has="both",
    ),
    ("POST", "/api/v1/allocations"): Ask("/api/v1/allocations", {}, action="allocation.ask"),
    ("POST", "/api/v1/rebalancings"): Ask("/api/v1/rebalancings", {"sites": [SITE, "s2"]}, action="rebalancing.ask"),
    ("POST", "/api/v1/splits"): Ask(
        "/api/v1/splits", {"sku": "K1", "quantity": 9, "sites": [SITE, "s2"]}, action="split.ask"
    ),
    ("POST", "/api/v1/runs"): Ask("/api/v1/runs", {"site": SITE, "day": "2026-01-05"}, action="run.ask"),
    **{
        ("POST", f"/api/v1/{kind}s/{{question_id}}/cancel"): Ask(
            f"/api/v1/{kind}s/{question}/cancel", action=f"{kind}.cancel", has="both"
        )
        for kind, question in zip(("allocation", "rebalancing", "split", "run"), QUESTIONS, strict=True)
    },
    ("POST", "/api/v1/runs/{question_id}/stops/{order}/end"): Ask(
        f"/api/v1/runs/{QUESTIONS[3]}/stops/S-1/end", {"state": "delivered"}, action="stop.delivered", has="both"
    ),
    ("POST", "/api/v1/transfers/{id}/cancel"): Ask(
        "/api/v1/transfers/T-1/cancel", action="transfer.cancel", has="both"
    ),
    ("POST", "/api/v1/shipments"): Ask(
        "/api/v1/shipments", {"site": SITE, "order": "S-1", "carrier": "SF", "tracking": "two"}, action="shipment.add"
    ),
    ("POST", "/api/v1/shipments/news"): Ask(
        "/api/v1/shipments/news",
        {"items": [{"carrier": "SF", "tracking": "one", "state": "lost", "happened_at": AT}]},
        action="shipment.tell",
    ),
    ("POST", "/api/v1/stock-limits/import"): Ask(
        "/api/v1/stock-limits/import", text="sku,low\nK1,5\n", action="stock_limits.import"
    ),
    ("POST", "/api/v1/replenishments/{proposal_id}/decline"): Ask(
        f"/api/v1/replenishments/{COUNTS[0]}/decline", {"reason": "x"}, action="replenishment.decline", has="both"
    ),
    ("POST", "/api/v1/counts"): Ask("/api/v1/counts", {"site": SITE, "bin": "B1"}, action="count.ask"),
    ("POST", "/api/v1/counts/{count_id}/result"): Ask(
        f"/api/v1/counts/{COUNTS[0]}/result", {"epcs": []}, action="count.tell", has="both"
    ),
    ("POST", "/api/v1/counts/{count_id}/import"): Ask(
        f"/api/v1/counts/{COUNTS[1]}/import", text=f"epc\n{EPC}\n", action="count.tell", has="both"
    ),
    ("POST", "/api/v1/counts/{count_id}/differences/{number}/settle"): Ask(
        f"/api/v1/counts/{COUNTS[2]}/differences/1/settle", {"verdict": "noted"}, action="count.settle", has="both"
    ),
    ("POST", "/api/v1/counts/{count_id}/cancel"): Ask(
        f"/api/v1/counts/{COUNTS[3]}/cancel", action="count.cancel", has="both"
    ),
    ("PUT", "/api/v1/sites/{site}/count-cadence"): Ask(
        f"{IN}/count-cadence", {"a_days": 7}, action="count_cadence.put", has="both"
    ),
    ("PUT", "/api/v1/skus"): Ask("/api/v1/skus", {"items": [{"sku": "K2"}]}, action="skus.put"),
    ("PUT", "/api/v1/skus/{sku:path}"): Ask("/api/v1/skus/K1", {"description": "x"}, action="skus.put", has="both"),
    ("PUT", "/api/v1/sites/{site}/zones/{zone:path}"): Ask(f"{IN}/zones/Z2", {"kind": "picking"}, action="zone.put"),
    ("DELETE", "/api/v1/sites/{site}/zones/{zone:path}"): Ask(f"{IN}/zones/Z9", action="zone.delete", has="before"),
    ("POST", "/api/v1/tokens"): Ask("/api/v1/tokens", {"name": "t", "role": "viewer"}, action="token.add"),
    ("DELETE", "/api/v1/tokens/{name}"): Ask("/api/v1/tokens/old", action="token.revoke", has="before"),
    ("POST", "/api/v1/users"): Ask("/api/v1/users", {"name": "ben", "role": "viewer"}, action="user.add"),
    ("PUT", "/api/v1/users/{name}"): Ask("/api/v1/users/anna", {"role": "operator"}, action="user.put", has="both"),
    ("PUT", "/api/v1/users/{name}/password"): Ask(
        "/api/v1/users/anna/password", {"password": "a long password"}, action="user.password", has="neither"
    ),
    ("POST", "/api/v1/users/{name}/logout"): Ask("/api/v1/users/anna/logout", action="user.logout"),
    ("POST", "/api/v1/webhooks"): Ask("/api/v1/webhooks", {**WEBHOOK, "name": "W"}, action="webhook.add"),
    ("PATCH", "/api/v1/webhooks/{webhook_id}"): Ask(
        "/api/v1/webhooks/{webhook_id}", {"name": "V"}, action="webhook.change", has="both"
    ),
    ("DELETE", "/api/v1/webhooks/{webhook_id}"): Ask(
        "/api/v1/webhooks/{webhook_id}", action="webhook.remove", has="before"
    ),
    ("POST", "/api/v1/webhooks/{webhook_id}/test"): Ask(
        "/api/v1/webhooks/{webhook_id}/test", action="webhook.test", has="neither"
    ),
    ("POST", "/epcis/v2/capture"): Ask("/epcis/v2/capture", DOCUMENT, action="epcis.capture"),
    ("POST", "/epcis/v2/events"): Ask("/epcis/v2/events", {"@context": CONTEXT, **EVENT}, action="epcis.capture"),
    ("POST", "/epcis/v2/queries"): Ask(
        "/epcis/v2/queries", {"name": "new", "query": {"EQ_bizStep": ["packing"]}}, action="epcis.query.add"
    ),
    ("POST", "/epcis/v2/queries/{name}/subscriptions"): Ask(
        "/epcis/v2/queries/heard/subscriptions", SUBSCRIPTION, action="epcis.subscribe"
    ),
    ("DELETE", "/epcis/v2/queries/{name}/subscriptions/{subscription_id}"): Ask(
        "/epcis/v2/queries/heard/subscriptions/{subscription_id}", action="epcis.unsubscribe", has="before"
    ),
    ("DELETE", "/epcis/v2/queries/{name}"): Ask("/epcis/v2/queries/unheard", action="epcis.query.remove", has="before"),
    ("POST", "/api/v1/webhooks/{webhook_id}/deliveries/{delivery_id}/again"): Ask(
        "/api/v1/webhooks/{webhook_id}/deliveries/{delivery_id}/again", action="delivery.again", has="both"
    ),
}
ELSEWHERE = {
    ("POST", "/api/v1/replenishments/{proposal_id}/approve"): "leaves a line for its notice, too: test_stock_policy.py",
    ("POST", "/api/v1/request-feedback/{reference}"): "is for nobody in particular: test_requests.py",
    ("POST", "/api/v1/returns/{case_ref}/lines/{line}/outcome"): "opens work, too: test_returns.py",
    **{
        ("POST", f"/api/v1/returns/{{case_ref}}/{event}"): "of what was inspected: test_returns.py"
        for event in ("refund", "exchange", "close")
    },
    ("POST", "/api/v1/repairs"): "the step of the item's life is its line: test_repairs.py",
    **{
        ("POST", f"/api/v1/repairs/{{work_order_id}}/{what}"): "needs an item in repair: test_repairs.py"
        for what in ("parts", "progress", "test", "close")
    },
    ("POST", "/api/v1/items/{epc:path}/life/contradictions/{step_id}/settle"): "of a passage: test_lives.py",
    ("POST", "/api/v1/items/where-is"): "changes nothing",
    ("POST", "/api/v1/transfers"): "leaves a line for each paper, too: test_shipping.py",
    **{
        (
            "POST",
            f"/api/v1/{kind}/{{question_id}}/approve",
        ): "leaves a line for what it becomes, too: test_many_sites.py"
        for kind in ("allocations", "rebalancings", "splits", "runs")
    },
    ("PUT", "/api/v1/me/password"): "for people only: test_people.py",
    ("DELETE", "/epcis/v2/nextPageToken/{token}"): "a token is the place that it names: there is nothing to forget",
}


def test_every_changing_route_is_looked_at() -> None:
    assert sorted(CHANGING - set(ASKS) - set(ELSEWHERE)) == [], "say here what a new route leaves in the audit"


HAS = {"after": (False, True), "before": (True, False), "both": (True, True), "neither": (False, False)}


def left_by(service: Any, names: dict[str, str], key: tuple[str, str]) -> str | None:
    """Change something, and tell what is wrong with the line that it left; None where nothing is."""
    ask = ASKS[key]
    for mark, name in names.items():
        ask = replace(ask, path=ask.path.replace(mark, name))
    (last,) = service.sql("select coalesce(max(audit_id), 0) as id from audit")
    answer = sent(service.as_("admin"), key[0], ask)
    if answer.status_code >= 300:
        return str(answer.text)
    left = service.sql("select who, kind, action, subject, before, after from audit where audit_id > %(id)s", last)
    if [row["action"] for row in left] != [ask.action]:
        return f"left {left}"
    (row,) = left
    there = (row["before"] is not None, row["after"] is not None)
    well = there == HAS[ask.has] and row["who"].startswith("admin-") and row["kind"] == "token" and row["subject"]
    return None if well else f"left {row}"


def test_a_change_leaves_one_line_in_the_audit(new_database: Any, served: Any) -> None:
    """One after the other: what one takes away, those before it needed."""
    with served(new_database()) as service:
        names = setting(service)
        told = {
            key: left_by(service, names, key) for key in sorted(ASKS, key=lambda key: (ORDER_OF.index(key[0]), key))
        }
    assert {key: said for key, said in told.items() if said is not None} == {}
