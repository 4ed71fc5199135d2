-- name: terms
-- The terms of a site: its own, else the house's.
select site, deadline_days, grace_days, warranty_days, needs, refuses_own_fault, reasons, holding_zone, updated_at, updated_by
from return_terms where site = %(site)s or site is null order by site nulls last limit 1

-- name: all_terms
-- The house's terms and those of sites.
select site, deadline_days, grace_days, warranty_days, needs, refuses_own_fault, reasons, holding_zone, updated_at, updated_by
from return_terms where %(sites)s::text[] is null or site is null or site = any (%(sites)s) order by site nulls first

-- name: exact_terms
-- The terms of just this site, or of the house.
select site, deadline_days, grace_days, warranty_days, needs, refuses_own_fault, reasons, holding_zone, updated_at, updated_by
from return_terms where site is not distinct from %(site)s for update

-- name: put_terms
-- Terms, whole.
insert into return_terms (site, deadline_days, grace_days, warranty_days, needs, refuses_own_fault, reasons, holding_zone, updated_by)
values (%(site)s, %(deadline_days)s, %(grace_days)s, %(warranty_days)s, %(needs)s, %(refuses_own_fault)s, %(reasons)s::jsonb,
        %(holding_zone)s, %(by)s)
on conflict (site) do update
set deadline_days = excluded.deadline_days, grace_days = excluded.grace_days, warranty_days = excluded.warranty_days,
    needs = excluded.needs, refuses_own_fault = excluded.refuses_own_fault, reasons = excluded.reasons,
    holding_zone = excluded.holding_zone, updated_at = clock_timestamp(), updated_by = excluded.updated_by

-- name: is_site
-- Whether there is such a site.
select now() as now from sites where site = %(site)s

-- name: add
-- A case; nothing is returned where its reference is taken.
insert into returns (case_ref, site, kind, state, reason, note, order_id, customer, bought_at, carrier, tracking, photo, liability,
                     freight_payer, findings, applied_at, applied_by)
values (%(case_ref)s, %(site)s, %(kind)s, %(state)s, %(reason)s, %(note)s, %(order_id)s, %(customer)s, %(bought_at)s, %(carrier)s,
        %(tracking)s, %(photo)s, %(liability)s, %(freight_payer)s, %(findings)s::jsonb, %(applied_at)s, %(by)s)
on conflict (case_ref) do nothing
returning case_ref

-- name: add_lines
-- What is to come back.
insert into return_lines (case_ref, line, epc, sku, quantity)
select %(case_ref)s, line, epc, sku, quantity
from jsonb_to_recordset(%(lines)s::jsonb) as r (line integer, epc text, sku text, quantity integer)

-- name: known
-- Items among these.
select epc, site, sku from items where epc = any (%(epcs)s::text[])

-- name: open_lines_of
-- Lines of cases that still wait for one of these items, or have it; to be held.
select l.case_ref, l.line, l.epc, l.received_at, r.reason, r.site
from return_lines l join returns r using (case_ref)
where l.epc = any (%(epcs)s::text[]) and l.done_at is null and r.state in ('announced', 'on_hold', 'received', 'decided')
order by l.case_ref, l.line for update of l, r

-- name: take_over
-- An item that came before anybody applied for it: its application has it now.
update return_lines set received_at = %(received_at)s where case_ref = %(case_ref)s and epc = %(epc)s

-- name: call_off
-- A case ends without anything.
update returns set state = 'cancelled', closed_at = clock_timestamp() where case_ref = %(case_ref)s

-- name: tell
-- A line for the case's story, and for who listens.
with told as (
    insert into return_news (case_ref, site, event, actor, detail)
    values (%(case_ref)s, %(site)s, %(event)s, %(by)s, %(detail)s::jsonb) returning at
)
select tell_webhooks('return', %(site)s, jsonb_build_object('event', %(event)s::text, 'case', %(case_ref)s::text, 'site', %(site)s::text,
    'at', told.at, 'kind', r.kind, 'state', r.state, 'reason', r.reason, 'order', r.order_id, 'customer', r.customer,
    'liability', r.liability, 'freight_payer', r.freight_payer) || %(detail)s::jsonb) as hooks
from told, returns r where r.case_ref = %(case_ref)s

-- name: page
-- Cases, newest first.
select case_ref, site, kind, state, reason, note, order_id as "order", customer, bought_at, carrier, tracking, photo, liability, freight_payer,
       claim_state, claim_ref, findings, overruled, reshipped_order, refunded_at, exchanged_at, applied_at, applied_by, received_at,
       decided_at, closed_at
from returns r
where (%(site)s::text is null or site = %(site)s) and (%(sites)s::text[] is null or site = any (%(sites)s))
  and (%(state)s::text is null or state = %(state)s) and (%(kind)s::text is null or kind = %(kind)s)
  and (%(reason)s::text is null or reason = %(reason)s) and (%(order)s::text is null or order_id = %(order)s)
  and (%(archived)s::boolean is null or (closed_at is not null) = %(archived)s)
  and (%(epcs)s::text[] is null or exists (select from return_lines l where l.case_ref = r.case_ref and l.epc = any (%(epcs)s)))
  and (%(before_at)s::timestamptz is null or (applied_at, case_ref) < (%(before_at)s, %(before_ref)s::text))
order by applied_at desc, case_ref desc
limit %(rows)s

-- name: one
-- One case.
select case_ref, site, kind, state, reason, note, order_id as "order", customer, bought_at, carrier, tracking, photo, liability, freight_payer,
       claim_state, claim_ref, findings, overruled, reshipped_order, refunded_at, exchanged_at, applied_at, applied_by, received_at,
       decided_at, closed_at
from returns where case_ref = %(case_ref)s

-- name: hold
-- One case, held.
select *, now() as now from returns where case_ref = %(case_ref)s for update

-- name: lines
-- What is to come back with a case, and where it stands.
select l.line, l.epc, coalesce(l.sku, i.sku) as sku, l.quantity, l.received_at, v.state, l.grade, l.outcome, l.outcome_at, l.outcome_by,
       l.done_at
from return_lines l left join items i on i.epc = l.epc left join lives v on v.epc = l.epc and v.state <> ''
where l.case_ref = %(case_ref)s order by l.line

-- name: inspections
-- What people found of what came with a case.
select s.epc, s.step_id, s.at, s.actor, s.findings
from return_lines l join life_steps s on s.epc = l.epc and s.at >= l.received_at
where l.case_ref = %(case_ref)s and s.kind = 'taken' and s.findings ? 'grade'
order by s.number limit 1000

-- name: news
-- What became of a case.
select at, event, actor, detail from return_news where case_ref = %(case_ref)s order by number limit 1000

-- name: set_state
-- A case goes on.
update returns
set state = %(state)s, findings = coalesce(%(findings)s::jsonb, findings), overruled = coalesce(%(overruled)s::text[], overruled),
    received_at = case when %(state)s in ('received', 'on_hold') then coalesce(received_at, clock_timestamp()) else received_at end,
    decided_at = case when %(state)s = 'decided' then clock_timestamp() else decided_at end,
    closed_at = case when %(state)s in ('closed', 'cancelled') then clock_timestamp() else closed_at end
where case_ref = %(case_ref)s

-- name: set_facts
-- Who is liable, who pays, how the claim stands.
update returns
set liability = coalesce(%(liability)s, liability), freight_payer = coalesce(%(freight_payer)s, freight_payer),
    claim_state = coalesce(%(claim_state)s, claim_state), claim_ref = coalesce(%(claim_ref)s, claim_ref)
where case_ref = %(case_ref)s

-- name: set_remedy
-- What the customer got.
update returns
set refunded_at = case when %(event)s = 'refund' then clock_timestamp() else refunded_at end,
    exchanged_at = case when %(event)s = 'exchange' then clock_timestamp() else exchanged_at end,
    reshipped_order = case when %(event)s = 'reship' then %(order)s else reshipped_order end
where case_ref = %(case_ref)s

-- name: decide
-- What becomes of an item.
update return_lines set grade = %(grade)s, outcome = %(outcome)s, outcome_at = clock_timestamp(), outcome_by = %(by)s
where case_ref = %(case_ref)s and line = %(line)s

-- name: undecided
-- How many lines of a case have no outcome yet.
select count(*) filter (where outcome is null) as undecided from return_lines where case_ref = %(case_ref)s

-- name: open_task
-- Something to do for a case.
insert into tasks (site, kind, role, epc, case_ref, opened_by, why, due_at)
values (%(site)s, %(kind)s, %(role)s, %(epc)s, %(case_ref)s, %(opened_by)s, %(why)s, %(due_at)s)
on conflict (opened_by, kind) where opened_by is not null do nothing

-- name: end_tasks
-- What there was to do for a case is done: all of it, or for one item, or of some kinds; but what a customer asked stays.
update tasks t set state = 'done', done_at = clock_timestamp(), done_by = %(by)s
where t.case_ref = %(case_ref)s and t.state = 'open'
  and (%(epc)s::text is null or t.epc = %(epc)s) and (%(kinds)s::text[] is null or t.kind = any (%(kinds)s))
  and not exists (select from service_requests q where q.task_id = t.task_id)

-- name: followed_up
-- What the inspection of an item asked a manager is answered: it is decided.
update tasks set state = 'done', done_at = clock_timestamp(), done_by = %(by)s
where epc = %(epc)s and kind = 'follow_up' and state = 'open' and opened_by is not null

-- name: reasons
-- Reasons by how often they were given.
select reason, count(*) as cases, count(*)::float8 / sum(count(*)) over () as share,
       sum(count(*)) over (order by count(*) desc, reason)::float8 / sum(count(*)) over () as cumulative_share
from returns
where (%(site)s::text is null or site = %(site)s) and (%(sites)s::text[] is null or site = any (%(sites)s))
  and (%(since)s::timestamptz is null or applied_at >= %(since)s) and (%(until)s::timestamptz is null or applied_at < %(until)s)
group by reason order by cases desc, reason limit 1000

-- name: turned
-- Items whose lives turned, the oldest first; another worker's are passed over.
select number, epc from lives_turned order by number limit %(rows)s for update skip locked

-- name: forget_turned
-- They are told.
delete from lives_turned where number = any (%(numbers)s::bigint[])

-- name: turned_lives
-- Where these items stand now, with when they came back, what happened last, and what was found; and whether they left by a
-- transfer, or came by one since they last left.
select v.epc, v.site, v.disposition, v.is_sellable, i.sku, v.since,
       (select s.kind from life_steps s where s.epc = v.epc order by s.number desc limit 1) as last_kind,
       (select s.findings ->> 'grade' from life_steps s where s.epc = v.epc and s.findings ? 'grade' order by s.number desc limit 1) as grade,
       left_by_transfer(v.site, v.epc, v.since) or exists (
           select from life_steps a
           where a.epc = v.epc and a.kind = 'arrived' and not exists (select from life_steps w where w.closes = a.step_id)
             and not exists (select from life_steps d
                             where d.epc = v.epc and d.kind in ('begun', 'taken', 'settled') and (d.at, d.number) > (a.at, a.number)
                               and d.disposition in ('in_transit', 'retail_sold', 'dispensed', 'stolen', 'unknown')
                               and not exists (select from life_steps w where w.closes = d.step_id))
       ) as is_transfer
from lives v left join items i on i.epc = v.epc
where v.epc = any (%(epcs)s::text[]) and v.state <> '' order by v.epc

-- name: line_of
-- The case that waits for an item or has it, the newest first; held.
select r.*, l.line, l.epc, l.received_at as came_at, l.outcome, l.done_at, now() as now
from return_lines l join returns r using (case_ref)
where l.epc = %(epc)s and l.done_at is null and r.state in ('declined', 'announced', 'on_hold', 'received', 'decided', 'closed')
order by r.applied_at desc, r.case_ref desc limit 1 for update of r, l

-- name: line_of_sku
-- The cases at a site that wait for goods of a SKU whose EPC nobody told; two are enough to know that a door cannot tell.
select r.*, l.line, l.epc, l.received_at as came_at, l.outcome, l.done_at, now() as now
from return_lines l join returns r using (case_ref)
where l.sku = %(sku)s and l.epc is null and l.received_at is null and r.site = %(site)s and r.state in ('announced', 'on_hold', 'received')
order by r.applied_at, r.case_ref limit 2 for update of r, l

-- name: came
-- An item came back; of several of one SKU, one did.
update return_lines set received_at = %(at)s, epc = %(epc)s where case_ref = %(case_ref)s and line = %(line)s

-- name: split
-- The rest of a line of which one came.
insert into return_lines (case_ref, line, sku, quantity)
select case_ref, (select max(line) + 1 from return_lines where case_ref = %(case_ref)s), sku, quantity - 1
from return_lines where case_ref = %(case_ref)s and line = %(line)s and quantity > 1

-- name: one_left
-- The line of which one came is of that one.
update return_lines set quantity = 1 where case_ref = %(case_ref)s and line = %(line)s

-- name: came_not
-- It did not come after all.
update return_lines set received_at = null where case_ref = %(case_ref)s and line = %(line)s

-- name: done
-- The goods are where the outcome leads.
update return_lines set done_at = clock_timestamp() where case_ref = %(case_ref)s and line = %(line)s
