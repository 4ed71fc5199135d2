"""The life of an item: no table, no role and no order of steps makes sellable what was not inspected."""

import tomllib
from collections import deque
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from tagdock_cloud.access.roles import ROLES as ACCESS_ROLES
from tagdock_cloud.cli import main
from tagdock_cloud.errors import ConfigurationError
from tagdock_cloud.life.picture import diagram, table
from tagdock_cloud.life.policy import Policy, read_policy, shipped_policy
from tagdock_cloud.life.records import Contradiction, Entry, Inspection, Life, Wish
from tagdock_cloud.life.rules import IncompleteError, RefusedError, passage, step
from tagdock_cloud.life.story import fold
from tagdock_cloud.life.tables import Published, Tables

AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
SHIPPED = files("tagdock_cloud.life").joinpath("policy.toml").read_text()
RAW = tomllib.loads(SHIPPED)
ROLES = ("operator", "inspector", "technician", "manager")
PEOPLE = {"olga": "operator", "ivan": "inspector", "ines": "inspector", "tom": "technician", "mia": "manager",
          "max": "manager"}  # fmt: skip
NEW = Life("stored")


def wish(transition: str, by: str, **more: Any) -> Wish:
    told = (
        {"grade": "A", "sealed": True, "reason": "because"}
        if transition.startswith("inspect")
        else {"reason": "because"}
    )
    if transition == "inspect_anew":
        told = {"reason": "because"}
    return Wish(transition, by, frozenset({PEOPLE[by]}), AT, **{**told, **more})


def walked(*steps: tuple[str, str] | Wish, policy: Policy | None = None, life: Life = NEW) -> Life:
    for each in steps:
        life = step(policy or shipped_policy(), life, each if isinstance(each, Wish) else wish(*each)).after
    return life


RETURNED = (("ship", "olga"), ("return", "olga"))


def test_what_came_back_sealed_is_restocked_after_one_inspection_where_the_table_waives_the_second() -> None:
    life = walked(*RETURNED, ("inspect", "ivan"), ("accept", "ivan"), ("restock", "olga"))
    assert life == NEW


@pytest.mark.parametrize(
    ("seen", "policy"),
    [
        pytest.param({"sealed": False}, SHIPPED, id="opened"),
        pytest.param({}, SHIPPED.replace("waives_second_inspection = true", ""), id="nothing-waived"),
    ],
)
def test_otherwise_a_second_person_inspects_it(seen: dict[str, Any], policy: str) -> None:
    rules = read_policy(policy.encode())
    inspected = walked(*RETURNED, wish("inspect", "ivan", **seen), policy=rules)
    with pytest.raises(RefusedError, match="two inspections by two people"):
        step(rules, inspected, wish("accept", "mia"))
    with pytest.raises(RefusedError, match="ivan inspected this item already"):
        step(rules, inspected, wish("inspect_again", "ivan"))
    assert walked(wish("inspect_again", "ines"), ("restock", "olga"), policy=rules, life=inspected).state == "stored"


def test_a_faulty_item_is_repaired_inspected_by_two_and_repacked() -> None:
    faulty = walked(*RETURNED, wish("inspect", "ivan", grade="C"), wish("inspect_again", "ines", grade="C"))
    assert faulty.condition == "faulty"
    with pytest.raises(RefusedError, match="grade A, B"):
        walked(("repack", "olga"), life=faulty)
    mended = walked(("repair", "mia"), ("finish_repair", "tom"), life=faulty)
    assert mended.condition == "repaired" and mended.is_owed and mended.inspections == ()
    again = walked(
        wish("inspect", "ines", grade="B", sealed=False), wish("inspect_again", "ivan", grade="B"), life=mended
    )
    assert walked(("repack", "olga"), ("restock_repacked", "olga"), life=again) == Life("stored", "repaired")


def test_scrapping_is_approved_by_a_manager_who_did_not_ask_for_it() -> None:
    proposed = walked(
        *RETURNED, wish("inspect", "ivan", grade="C"), ("inspect_again", "ines"), ("propose_scrap", "mia")
    )
    with pytest.raises(RefusedError, match="mia proposed to scrap it; another manager approves"):
        walked(("approve_scrap", "mia"), life=proposed)
    assert walked(("approve_scrap", "max"), life=proposed).condition == "scrap"
    kept = walked(("refuse_scrap", "max"), life=proposed)
    with pytest.raises(RefusedError, match="two inspections"):
        walked(("release", "max"), life=replace(kept, inspections=()))
    assert walked(("inspect_anew", "max"), life=kept).inspections == ()


@cache
def _explored() -> frozenset[Life]:
    """Return every life that can be reached."""
    found, left = {NEW}, deque([NEW])
    while left:
        life = left.popleft()
        for one in _wishes():
            after = _after(life, one)
            if after is not None and after not in found:
                found.add(after)
                left.append(after)
    return frozenset(found)


def _after(life: Life, one: Wish) -> Life | None:
    try:
        return step(shipped_policy(), life, one).after
    except RefusedError:
        return None


@cache
def _wishes() -> list[Wish]:
    policy = shipped_policy()
    seen = [
        {"grade": grade, "sealed": sealed} for grade, sealed in (("A", True), ("A", False), ("B", False), ("C", False))
    ]
    return [
        wish(name, by, **told)
        for name, each in policy.transition.items()
        for by in PEOPLE
        for told in (seen if "grade" in each.needs else [{}])
    ]


def test_every_forbidden_transition_is_refused_to_every_role_in_every_life() -> None:
    """Whether a transition may be taken is read here from the file itself, by other words than the program's."""
    tried = 0
    for life in _explored():
        for one in _wishes():
            row = RAW["transition"][one.transition]
            allowed = (
                life.state in row["from"]
                and PEOPLE[one.by] in row["by"]
                and (life.grade or "-") in row.get("grades", [life.grade or "-"])
            )
            people = {inspection.by for inspection in life.inspections}
            waived = bool(life.inspections) and life.inspections[0].grade == "A" and life.inspections[0].sealed
            cleared = len(people) >= 2 or waived
            if row["to"] == "stored":
                allowed &= (not life.is_owed or cleared) and life.grade != "C" and life.work_orders_open == 0
            if one.transition == "accept":
                allowed &= cleared
            if "grade" in row.get("needs", []):
                allowed &= one.by not in people
            if row["to"] == "scrapped":
                allowed &= life.scrap_asked_by not in {None, one.by}
            assert (_after(life, one) is not None) == allowed, (life, one)
            tried += 1
    assert tried > 10_000


def test_roles_that_no_transition_names_take_none_in_any_life() -> None:
    """Whatever other roles there are, those of somebody who only looks, plans or delivers data among them."""
    others = set(ACCESS_ROLES) - set(ROLES) - {"admin"}  # who decides as a manager does
    assert others >= {"viewer", "planner", "integrator"}
    asked = [replace(one, by=role, roles=frozenset({role})) for one in _wishes() if one.by == "olga" for role in others]
    for life in _explored():
        for one in asked:
            assert _after(life, one) is None, (life, one)


def test_every_transition_is_refused_without_each_detail_that_it_needs() -> None:
    tried = set()
    for life in _explored():
        for one in _wishes():
            if _after(life, one) is not None:
                for need in RAW["transition"][one.transition].get("needs", []):
                    with pytest.raises(IncompleteError, match=need):
                        step(shipped_policy(), life, replace(one, **{need: None}))
                    tried.add((one.transition, need))
    assert tried == {(name, need) for name, row in RAW["transition"].items() for need in row.get("needs", [])}


def test_from_every_life_there_is_a_way_on_until_it_is_scrapped() -> None:
    for life in _explored():
        if life.state != "scrapped":
            assert any(_after(life, one) is not None for one in _wishes()), life


WALKS = st.lists(
    st.tuples(
        st.sampled_from(sorted(RAW["transition"])),
        st.sampled_from(sorted(PEOPLE)),
        st.sampled_from("ABC"),
        st.booleans(),
    ),
    min_size=1,
    max_size=60,
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(WALKS, st.booleans())
def test_no_walk_makes_sellable_what_was_not_inspected_and_the_record_gives_the_same_life(
    walk: list[tuple[str, str, str, bool]], waives: bool
) -> None:
    text = SHIPPED if waives else SHIPPED.replace("waives_second_inspection = true", "")
    policy, life, taken = read_policy(text.encode()), NEW, []
    since: list[tuple[str, str, bool]] | None = None  # inspections since it last came back; None: it never did
    orders = 0
    for name, by, grade, sealed in walk:
        one = wish(name, by, **({"grade": grade, "sealed": sealed} if "grade" in policy.transition[name].needs else {}))
        try:
            life = step(policy, life, one).after
        except RefusedError:
            continue
        taken.append(one)
        if name in {"return", "finish_repair", "give_up_repair", "inspect_anew"}:
            since = []
        if since is not None and one.grade is not None:
            since.append((by, grade, sealed))
        orders += {"repair": 1, "finish_repair": -1, "give_up_repair": -1}.get(name, 0)
        assert orders >= 0
        if life.state == "stored":
            assert orders == 0
            waived = waives and bool(since) and since[0][1:] == ("A", True)
            assert since is None or len({each[0] for each in since}) >= 2 or waived
            since = None
    record = [Entry(uuid4(), "s1", AT, "begun", 1, "stored", "record")]
    record += [Entry(uuid4(), "s1", one.at, "taken", 1, "", one.by, one) for one in taken]
    standing = fold(Tables([Published(1, None, policy)]), record)
    assert standing is not None and standing.life == life


@pytest.mark.parametrize(
    ("more", "begin", "one", "says"),
    [
        pytest.param(
            '[transition.quick]\nfrom = ["shipped"]\nto = "stored"\nby = ["operator"]\nstep = "stocking"',
            Life("shipped"), ("quick", "olga"), "two inspections", id="straight-back-to-stock",
        ),
        pytest.param(
            '[transition.bin_it]\nfrom = ["graded"]\nto = "scrapped"\nby = ["operator"]\nstep = "destroying"',
            Life("graded"), ("bin_it", "olga"), "approved by a manager", id="scrap-by-anybody",
        ),
        pytest.param(
            '[transition.bin_it]\nfrom = ["graded"]\nto = "scrapped"\nby = ["manager"]\nstep = "destroying"',
            Life("graded"), ("bin_it", "mia"), "proposed first", id="scrap-unproposed",
        ),
        pytest.param(
            '[transition.sell]\nfrom = ["in_repair"]\nto = "stored"\nby = ["technician"]\nstep = "stocking"',
            Life("in_repair", work_orders_open=1), ("sell", "tom"), "work order is open", id="sold-from-the-bench",
        ),
        pytest.param(
            '[state.back]\ndisposition = "in_progress"\n'
            '[transition.come]\nfrom = ["shipped"]\nto = "back"\nby = ["operator"]\nstep = "receiving"\n'
            '[transition.sell]\nfrom = ["back"]\nto = "stored"\nby = ["operator"]\nstep = "stocking"',
            None, ("sell", "olga"), "two inspections", id="by-a-state-of-its-own",
        ),
    ],
)  # fmt: skip
def test_no_table_takes_a_guard_away(more: str, begin: Life | None, one: tuple[str, str], says: str) -> None:
    policy = read_policy(f"{SHIPPED}\n{more}\n".encode())
    life = begin or walked(("ship", "olga"), ("come", "olga"), policy=policy)
    with pytest.raises(RefusedError, match=says):
        step(policy, life, Wish(one[0], one[1], frozenset({PEOPLE[one[1]]}), AT))


OWN_TABLE = read_policy(
    f"""{SHIPPED}
[transition.tinker]
from = ["stored"]
to = "stored"
by = ["technician"]
step = "repairing"
work_order = "opens"
""".encode()
)
"""A site that tinkers with what stands in its shop: the item stays where it may be sold, its work order is open."""


@pytest.mark.parametrize(
    ("then", "may_be_sold"),
    [
        pytest.param((), True, id="nothing-against-it"),
        pytest.param(("tinker",), False, id="a-work-order-is-open"),
        pytest.param(("contradicted",), False, id="a-passage-contradicts"),
        pytest.param(("contradicted", "settled"), False, id="settled-into-stock-uninspected"),
        pytest.param(("missing",), False, id="missing"),
        pytest.param(("missing", "found"), True, id="found"),
    ],
)
def test_what_stands_where_things_are_sold_is_for_sale_only_with_nothing_against_it(
    then: tuple[str, ...], may_be_sold: bool
) -> None:
    """The last word, whatever a table, a passage or a settlement made of an item."""
    tables = Tables([Published(1, None, OWN_TABLE)])
    begin = "shipped" if "settled" in then else "stored"  # it came back, and a manager says that it lies in stock
    record = [Entry(uuid4(), "s1", AT, "begun", 1, begin, "record")]
    for minute, name in enumerate(then, 1):
        at = AT + timedelta(minutes=minute)
        if name == "tinker":
            one = Wish("tinker", "tom", frozenset({"technician"}), at)
            record.append(Entry(uuid4(), "s1", at, "taken", 1, "stored", "tom", step(OWN_TABLE, NEW, one).wish))
            continue
        closes = record[-1].step_id if name == "settled" else None
        record.append(Entry(uuid4(), "s1", at, name, 1, "stored", "mia", closes=closes))  # type: ignore[arg-type]
    standing = fold(tables, record)
    assert standing is not None and standing.life.state == "stored"
    assert tables.is_sellable(standing) == may_be_sold


def test_what_owes_its_inspections_is_not_restocked_by_a_table_that_asks_for_no_grade() -> None:
    """Without what it owes, nothing of the shipped table's own would stand against this step."""
    own = '[transition.back]\nfrom = ["held"]\nto = "stored"\nby = ["operator"]\nstep = "stocking"'
    policy = read_policy(f"{SHIPPED}\n{own}\n".encode())
    back = Wish("back", "olga", frozenset({"operator"}), AT)
    with pytest.raises(RefusedError, match="two inspections by two people"):
        step(policy, Life("held", is_owed=True), back)
    assert step(policy, Life("held"), back).after == NEW  # held goods that never were away owe none


def test_two_inspections_by_one_person_are_one() -> None:
    """No step leads there: the guard stands for itself all the same."""
    life = Life("graded", "opened", (Inspection("ivan", "A", False), Inspection("ivan", "A", False)), is_owed=True)
    with pytest.raises(RefusedError, match="two inspections by two people"):
        step(shipped_policy(), life, wish("restock", "olga"))


def test_a_passage_is_a_transition_or_contradicts_the_state_and_says_so() -> None:
    policy = shipped_policy()
    assert passage(policy, NEW, "out") == "ship"
    assert passage(policy, Life("shipped"), "in") == "return"
    said = passage(policy, Life("in_repair"), "out")
    assert isinstance(said, Contradiction) and said.text == "an item that is in repair left through a door"
    by_door = Wish("ship", "door D1", frozenset(), AT, passage="out")
    assert step(policy, NEW, by_door).after.state == "shipped"
    with pytest.raises(RefusedError, match="no door takes the transition 'pick'"):
        step(policy, NEW, replace(by_door, transition="pick"))


def test_what_happened_counts_under_the_table_of_its_time() -> None:
    first = shipped_policy()
    later = read_policy(SHIPPED.replace("version = 1", "version = 2").replace("2026-01-01", "2026-06-01").encode())
    both = Tables([Published(1, None, first), Published(2, None, later)])
    assert (both.in_force("s1", AT), both.in_force("s1", AT + timedelta(days=200))) == (1, 2)
    taken = step(both[both.in_force("s1", AT)], NEW, wish("pick", "olga"))
    assert (taken.policy_version, taken.business_step, taken.disposition) == (1, "picking", "in_progress")


@pytest.mark.parametrize(
    ("find", "put", "says"),
    [
        ('disposition = "in_transit"', 'disposition = "lost_at_sea"', "state.shipped.disposition"),
        ('step = "picking"', 'step = "grabbing"', "transition.pick.step"),
        ('to = "picked"', 'to = "nowhere"', "transition.pick: there is no state 'nowhere'"),
        ('by = ["operator"]\nstep = "picking"', 'by = ["king"]\nstep = "picking"', "transition.pick.by"),
        ('by = ["operator"]\nstep = "picking"', 'by = []\nstep = "picking"', "transition.pick.by"),
        ("sellable = true", "", "state: none is sellable"),
        ("version = 1", "version = 0", "version"),
        ("effective_at = 2026-01-01T00:00:00Z", "effective_at = 2026-01-01T00:00:00", "effective_at"),
        ('to = "repacking"', 'to = "stored"', "state.repacking: no transition leads there"),
        ('[transition.restock]\n', '[transition.restock]\npassage = "out"\n', "is 'restock' already"),
        ("[state.held]", "[state.held", "this is no TOML"),
        ("[state.held]", "[state.held]\ncolour = 'red'", "state.held.colour"),
    ],
    ids=lambda value: str(value)[:24],
)  # fmt: skip
def test_a_bad_table_is_refused_by_the_name_of_its_field(find: str, put: str, says: str) -> None:
    assert find in SHIPPED
    with pytest.raises(ConfigurationError) as refused:
        read_policy(SHIPPED.replace(find, put, 1).encode())
    assert says in str(refused.value)


def test_the_picture_and_the_table_show_every_transition() -> None:
    policy = shipped_policy()
    drawn, written = diagram(policy), table(policy)
    for name, row in RAW["transition"].items():
        for state in row["from"]:
            assert f"    {state} --> {row['to']}: {name.replace('_', ' ')}" in drawn
        assert f"| {name} | {', '.join(row['from'])} | {row['to']} |" in written
    assert "class stored sellable" in drawn
    page = (Path(__file__).parents[2] / "docs/after-sales.md").read_text()
    assert f"```mermaid\n{drawn}```" in page and written in page, "run `tagdock-cloud life draw` and paste it"


def test_the_command_checks_and_draws(tmp_path: Path) -> None:
    own = tmp_path / "own.toml"
    own.write_text(SHIPPED.replace("version = 1", "version = 7"))
    run = CliRunner().invoke(main, ["life", "check", str(own)])
    assert run.exit_code == 0 and "version 7 by Tagdock" in run.stdout and "13 states (stored sellable)" in run.stdout
    assert CliRunner().invoke(main, ["life", "draw"]).stdout == diagram(shipped_policy())
    assert CliRunner().invoke(main, ["life", "draw", "--table"]).stdout == table(shipped_policy())
    own.write_text(SHIPPED.replace('step = "picking"', 'step = "grabbing"'))
    run = CliRunner().invoke(main, ["life", "check", str(own)])
    assert run.exit_code == 2 and "transition.pick.step" in run.stderr and "Traceback" not in run.stderr
    own.write_bytes(b"#" * 300_000)
    assert "at most 262,144 bytes" in CliRunner().invoke(main, ["life", "check", str(own)]).stderr
    assert CliRunner().invoke(main, ["life", "check", str(tmp_path / "none")]).exit_code == 2
