-- Two months of three sites, small enough to count by hand.
insert into sites (site) values ('s1'), ('s2'), ('s3');
insert into orders (site, kind, order_id, due_at, completed_at, created_at) values
    ('s1', 'outbound', 'A1', '2026-05-02Z', '2026-05-01Z', '2026-04-01Z'),      -- on time
    ('s1', 'outbound', 'A2', '2026-05-03Z', '2026-05-03Z', '2026-04-01Z'),      -- on time, to the second
    ('s1', 'outbound', 'A3', '2026-05-04Z', '2026-05-05Z', '2026-04-01Z'),      -- late
    ('s1', 'outbound', 'A4', '2026-05-05Z', null, '2026-04-01Z'),               -- overdue
    ('s2', 'outbound', 'B1', '2026-05-06Z', '2026-05-06Z', '2026-04-01Z'),
    ('s2', 'outbound', 'B2', '2099-05-06Z', null, '2026-04-01Z'),               -- not due yet: does not count
    ('s2', 'inbound', 'N1', '2026-05-06Z', '2026-05-06Z', '2026-04-01Z'),       -- comes in: does not count
    ('s1', 'outbound', 'T1', null, '2026-05-06Z', '2026-04-01Z'),               -- a transfer
    ('s1', 'outbound', 'OLD', '2026-04-02Z', '2026-04-05Z', '2026-04-01Z');     -- the month before, late
insert into items (epc, sku, quantity, site, state, since) values
    ('c1', 'K1', 6, 's1', 'returned', '2026-05-20Z'), ('c2', 'K1', 2, 's1', 'in_transit', '2026-05-05Z'), ('c3', 'K2', 0, 's1', 'returned', '2026-05-31Z');
insert into order_lines (site, kind, order_id, line, epc, sku, quantity) values
    ('s1', 'outbound', 'A1', 1, 'c1', null, null), ('s1', 'outbound', 'A1', 2, null, 'K2', 14),   -- six in a carton, and fourteen
    ('s1', 'outbound', 'A2', 1, 'never registered', null, null),                                -- one
    ('s1', 'outbound', 'A3', 1, 'c2', null, null),                                              -- two
    ('s1', 'outbound', 'A4', 1, null, 'K1', 500),                                               -- has not left
    ('s2', 'outbound', 'B1', 1, null, 'K1', 17), ('s1', 'outbound', 'T1', 1, null, 'K1', 900), ('s1', 'outbound', 'OLD', 1, null, 'K1', 8);
insert into transfers (transfer_id, start_site, goal_site) values ('T1', 's1', 's2');           -- sold to nobody
insert into tasks (site, kind, role, order_id, state, assignee, done_by, done_at, done_how) values
    ('s1', 'pick', 'operator', 'A1', 'done', 'user:mei', 'user:mei', now(), 'scan'),
    ('s1', 'pack', 'operator', 'A1', 'done', 'user:mei', 'user:mei', now(), 'scan'),        -- one hand, not two
    ('s1', 'pack', 'operator', 'A1', 'done', null, 'user:jun', now(), 'scan'),
    ('s1', 'pick', 'operator', 'A3', 'done', 'user:mei', 'reads', now(), 'read'),
    ('s1', 'pick', 'operator', 'A4', 'open', 'user:mei', null, null, null);                 -- not done
insert into returns (case_ref, site, kind, state, reason, order_id, liability, freight_payer, applied_at, applied_by) values
    ('R1', 's1', 'self_return', 'closed', 'defective', 'A1', 'product', 'customer', '2026-05-20Z', 'user:shop'),
    ('R2', 's1', 'self_return', 'received', 'changed_mind', 'A2', 'product', 'customer', '2026-05-31 23:59:59Z', 'user:shop'),
    ('R3', 's1', 'self_return', 'declined', 'defective', 'A2', 'product', 'customer', '2026-05-21Z', 'user:shop'),
    ('R4', 's1', 'self_return', 'closed', 'defective', 'A2', 'product', 'customer', '2026-06-01Z', 'user:shop');
insert into return_lines (case_ref, line, epc, sku, quantity, received_at) values
    ('R1', 1, 'c1', 'K1', 1, '2026-05-20Z'), ('R1', 2, null, 'K2', 3, null),                        -- six came, three did not
    ('R2', 1, 'c3', 'K2', 1, '2026-05-31 23:59:59Z'), ('R2', 2, 'unknown', null, 1, '2026-05-31 23:59:59Z'),
    ('R3', 1, 'c2', 'K1', 1, '2026-05-21Z'), ('R4', 1, 'c9', 'K2', 1, '2026-06-01Z');
insert into counts (count_id, site, method, bin, velocity, state, asked_at, counted_at, counted_by) values
    ('00000000-0000-4000-8000-000000000001', 's1', 'epcs', 'X1', 'A', 'settled', '2026-05-01Z', '2026-05-10Z', 'user:mei'),
    ('00000000-0000-4000-8000-000000000002', 's1', 'epcs', 'X2', 'A', 'settled', '2026-05-01Z', '2026-05-11Z', 'jun'),
    ('00000000-0000-4000-8000-000000000003', 's1', 'epcs', 'X3', 'A', 'settled', '2026-05-01Z', '2026-05-12Z', 'user:mei');
insert into count_lines (count_id, bin, sku, velocity, expected, missing, extra) values
    ('00000000-0000-4000-8000-000000000001', 'X1', 'K1', 'A', 5, 1, 0), ('00000000-0000-4000-8000-000000000001', 'X1', 'K2', 'A', 5, 1, 0),
    ('00000000-0000-4000-8000-000000000001', 'X1', 'K3', 'A', 5, 0, 0), ('00000000-0000-4000-8000-000000000002', 'X2', 'K1', 'A', 5, 0, 0),
    ('00000000-0000-4000-8000-000000000003', 'X3', 'K1', 'A', 5, 3, 0);
insert into count_differences (count_id, number, kind, bin, sku, units, record_says, verdict, settled_at, settled_by) values
    ('00000000-0000-4000-8000-000000000001', 1, 'missing', 'X1', 'K1', 1, '', 'missing', now(), 'x'),
    ('00000000-0000-4000-8000-000000000001', 2, 'missing', 'X1', 'K2', 1, '', 'found', now(), 'x'),     -- the count's own mistake
    ('00000000-0000-4000-8000-000000000003', 1, 'missing', 'X3', 'K1', 3, '', 'recount', now(), 'x');   -- is made again
insert into life_policies (version, author, effective_at, source, published_by) values (1, 'x', '2026-01-01Z', '', 'x');
insert into life_steps (site, epc, at, kind, policy_id, to_state, disposition, is_sellable, actor)
select 's1', 'e1', at, 'taken', (select min(policy_id) from life_policies), state, disposition, false, actor from (values
    ('2026-05-01 00:00Z'::timestamptz, 'returned', 'returned', 'door:D1'), ('2026-05-01 02:00Z', 'unpacked', 'returned', 'user:mei'),
    ('2026-05-01 03:00Z', 'gone', 'in_transit', 'user:jun'), ('2026-05-09 00:00Z', 'returned', 'returned', 'door:D1'),
    ('2026-05-09 06:00Z', 'unpacked', 'returned', 'door:D1')) s (at, state, disposition, actor);
