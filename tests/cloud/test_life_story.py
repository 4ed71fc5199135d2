"""The story of an item: what people do and what doors tell, early, late or corrected, is never lost or hidden."""

from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tagdock_cloud.errors import ConfigurationError
from tagdock_cloud.life.changes import Grown, statements
from tagdock_cloud.life.policy import shipped_policy
from tagdock_cloud.life.records import Entry, Passage, Sent, Standing, Wish
from tagdock_cloud.life.rules import AWAY, RefusedError, step
from tagdock_cloud.life.story import fold, open_contradictions, told
from tagdock_cloud.life.tables import Published, Tables, beginning

BEGIN = datetime(2026, 3, 2, 9, tzinfo=UTC)
TABLES = Tables([Published(1, None, shipped_policy())])
PEOPLE = {"olga": "operator", "ivan": "inspector", "ines": "inspector", "tom": "technician", "mia": "manager",
          "max": "manager"}  # fmt: skip
SITE, EPC = "s1", "urn:epc:id:sgtin:9521234.000001.1"


def at(minutes: float) -> datetime:
    return BEGIN + timedelta(minutes=minutes)


class Story:
    """A record that grows as the program lets it grow."""

    def __init__(self, begin: str | None = "stored") -> None:
        self._numbers = count(1)
        self.entries: list[Entry] = []
        self.told: dict[UUID | None, Passage] = {}  # what came in, which is told again as long as it contradicts
        if begin is not None:
            self.entries.append(Entry(self.new_id(), SITE, BEGIN, "begun", 1, begin, "record"))

    def new_id(self) -> UUID:
        return UUID(int=next(self._numbers))

    def does(self, name: str, by: str, minutes: float, **found: Any) -> None:
        """Take a step as a person. Raises RefusedError."""
        policy = TABLES[1]
        wish = Wish(name, by, frozenset({PEOPLE[by]}), at(minutes), found.get("grade"), found.get("sealed"), "because")
        step(policy, self.now().life, wish)
        to_state = policy.transition[name].to
        self.entries.append(Entry(self.new_id(), SITE, at(minutes), "taken", 1, to_state, by, wish, findings=found))

    def passes(
        self, way: Any, minutes: float, event: int = 0, *,
        left: float | None = None, sent: Sent | None = None, site: str = SITE,
    ) -> list[Entry]:  # fmt: skip
        """Tell a passage, and return what it added. `event`: of the same number is the same passage, corrected."""
        left_at = None if left is None else at(left)
        door = Passage(UUID(int=10**6 + (event or int(minutes * 10))), EPC, site, at(minutes), "D1", way, left_at, sent)
        open_ = [self.told[each.event_id] for each in open_contradictions(self.entries) if each.event_id in self.told]
        new = told(
            TABLES, self.entries, [*(each for each in open_ if each.event_id != door.event_id), door], self.new_id
        )
        self.told |= {door.event_id: door} if way == "in" else {}
        self.entries += new
        return new

    def now(self) -> Standing:
        standing = fold(TABLES, self.entries)
        assert standing is not None
        return standing

    @property
    def state(self) -> str:
        return self.now().life.state


def inspected(story: Story, minutes: float, grade: str = "B") -> None:
    story.does("inspect", "ivan", minutes, grade=grade, sealed=False)
    story.does("inspect_again", "ines", minutes + 1, grade=grade, sealed=False)


def in_repair() -> Story:
    story = Story()
    story.passes("out", 1)
    story.passes("in", 2)
    inspected(story, 3, "C")
    story.does("repair", "mia", 5)
    return story


def test_what_comes_back_begins_a_life_and_what_comes_for_the_first_time_does_not() -> None:
    story = Story(None)
    assert story.passes("in", 5) == [] and story.passes("out", 6) == []
    assert [entry.kind for entry in story.passes("in", 9, left=6)] == ["begun", "taken"]
    assert story.state == "returned" and not TABLES.is_sellable(story.now())


def test_a_passage_told_twice_is_one_step() -> None:
    story = Story()
    assert len(story.passes("out", 1)) == 1 and story.passes("out", 1) == []


def test_a_passage_that_a_person_told_already_confirms_it() -> None:
    story = Story()
    story.does("ship", "olga", 10)
    assert story.passes("out", 12) == [] and story.state == "shipped"
    assert [entry.kind for entry in story.passes("out", 200)] == ["contradicted"]


def test_an_item_in_repair_that_leaves_contradicts_and_stays_in_repair() -> None:
    story = in_repair()
    (said,) = story.passes("out", 6)
    assert (said.kind, said.reason) == ("contradicted", "an item that is in repair left through a door")
    now = story.now()
    assert (now.life.state, now.life.work_orders_open, now.contradictions) == ("in_repair", 1, 1)
    assert story.passes("out", 6) == [], "told again it is the same contradiction"


def test_a_late_passage_explains_what_contradicted() -> None:
    story = Story()
    (said,) = story.passes("in", 9)
    assert said.kind == "contradicted" and story.now().contradictions == 1
    assert [entry.kind for entry in story.passes("out", 5)] == ["taken", "taken", "withdrawn"]
    assert story.state == "returned" and story.now().contradictions == 0


def test_a_late_passage_that_what_was_done_since_does_not_fit_is_a_contradiction_and_changes_nothing() -> None:
    story = Story()
    story.does("pick", "olga", 10)
    story.does("put_back", "olga", 20)
    (said,) = story.passes("out", 5)
    assert said.kind == "contradicted" and "told late" in said.reason and story.state == "stored"


@pytest.mark.parametrize("is_built_on", [False, True], ids=["nothing-since", "inspected-since"])
def test_a_corrected_passage_is_withdrawn_unless_something_was_built_on_it(is_built_on: bool) -> None:
    story = Story()
    story.passes("out", 1)
    story.passes("in", 2, event=7)
    if is_built_on:
        story.does("unpack", "olga", 3)
    added = story.passes(None, 2, event=7)
    assert [entry.kind for entry in added] == ["contradicted" if is_built_on else "withdrawn"]
    assert story.state == ("unpacked" if is_built_on else "shipped")


def test_a_settled_contradiction_owes_its_inspections_and_gives_up_the_work_order() -> None:
    story = in_repair()
    (said,) = story.passes("out", 6)
    story.entries.append(
        Entry(story.new_id(), SITE, at(8), "settled", 1, "shipped", "mia", reason="it did", closes=said.step_id)
    )
    assert story.state == "shipped" and story.now().contradictions == 0 and story.passes("out", 6) == []
    assert story.now().life.is_owed and story.now().life.work_orders_open == 0
    story.passes("in", 200)
    with pytest.raises(RefusedError):
        story.does("accept", "ivan", 201)
    inspected(story, 202)
    story.does("repack", "olga", 205)
    story.does("restock_repacked", "olga", 206)
    assert TABLES.is_sellable(story.now())


def test_what_a_repair_gave_up_is_not_released_uninspected() -> None:
    story = in_repair()
    story.does("give_up_repair", "tom", 10)
    story.does("refuse_scrap", "mia", 11)
    with pytest.raises(RefusedError, match="two inspections"):
        story.does("release", "max", 12)


def test_what_begins_as_returned_owes_its_inspections() -> None:
    assert beginning(TABLES[1], "returned") == "returned" and beginning(TABLES[1], "in_progress") == "stored"
    assert Story("returned").now().life.is_owed and not Story("stored").now().life.is_owed


# ---- transfers between sites -----------------------------------------------------------------------------------------

SENT = Sent("T-1", SITE, "s2")


def graded() -> Story:
    story = Story()
    story.passes("out", 1)
    story.passes("in", 2)
    inspected(story, 3)
    return story


@pytest.mark.parametrize("site", ["s2", SITE], ids=["at-the-goal", "turned-round-to-its-start"])
@pytest.mark.parametrize("begin", [Story, graded], ids=["stored", "graded"])
def test_what_left_by_a_transfer_arrives_as_what_it_was(begin: Any, site: str) -> None:
    story = begin()
    before = story.now()
    story.passes("out", 100)
    assert story.state == "shipped" and not TABLES.is_sellable(story.now())
    assert [entry.kind for entry in story.passes("in", 900, left=100, sent=SENT, site=site)] == ["arrived"]
    now = story.now()
    assert (now.life, now.grade) == (before.life, before.grade)
    assert (now.site, now.since, now.contradictions) == (site, at(900), 0)
    assert TABLES.is_sellable(now) == TABLES.is_sellable(before)
    assert story.passes("in", 900, left=100, sent=SENT, site=site) == [], "told again it is the same arrival"


def test_what_left_by_a_transfer_and_comes_in_elsewhere_contradicts_until_it_arrives_and_somebody_settles_it() -> None:
    story = Story()
    story.passes("out", 100)
    (said,) = story.passes("in", 500, left=100, sent=SENT, site="s3")
    assert said.reason == "it left for s2 by the transfer T-1 and came in at s3" and said.site == "s3"
    assert story.state == "shipped" and story.now().contradictions == 1
    story.passes("in", 900, left=100, sent=SENT, site="s2")
    assert story.state == "stored" and not TABLES.is_sellable(story.now()), "somebody has to say what it did there"
    settled(story, "record", 901)
    assert TABLES.is_sellable(story.now())


def test_goods_without_a_life_begin_one_where_they_come_in_at_another_site_than_their_transfer_s() -> None:
    story = Story(None)
    assert story.passes("in", 500, left=100, sent=SENT, site="s2") == []
    added = story.passes("in", 600, left=100, sent=SENT, site="s3")
    assert [entry.kind for entry in added] == ["begun", "contradicted"]
    assert story.now().site == SITE, "where it left from, as nobody knows better"
    story.passes("in", 900, left=100, sent=SENT, site="s2")
    settled(story, "record", 901)
    assert story.state == "stored" and TABLES.is_sellable(story.now())


def test_a_departure_that_no_door_saw_is_not_taken_for_the_transfer_before_it() -> None:
    story = Story()
    story.passes("out", 100)
    story.passes("in", 120, left=100, sent=SENT, site="s2")
    story.does("ship", "olga", 130)
    story.passes("in", 300, left=100, sent=SENT, site="s2")
    assert story.state == "returned" and story.now().life.is_owed
    other = Story()
    other.passes("out", 100)
    other.does("return", "olga", 200)  # whose arrival no door saw either
    inspected(other, 210, "A")
    other.does("restock", "olga", 220)
    other.does("ship", "olga", 1000)
    other.passes("in", 1100, left=100, sent=SENT, site="s2")
    assert other.state == "returned"


def test_what_a_person_shipped_and_a_door_confirmed_arrives_by_its_transfer() -> None:
    story = Story()
    story.does("ship", "olga", 95)
    assert story.passes("out", 100) == []
    story.passes("in", 900, left=100, sent=SENT, site="s2")
    assert story.state == "stored" and TABLES.is_sellable(story.now())


def test_what_no_door_saw_arrive_is_taken_in_by_hand_and_inspected() -> None:
    story = Story()
    story.passes("out", 100)
    story.does("return", "olga", 900)
    assert story.state == "returned" and story.now().life.is_owed


@pytest.mark.parametrize("is_built_on", [False, True], ids=["nothing-since", "picked-since"])
def test_an_arrival_is_corrected_as_any_passage(is_built_on: bool) -> None:
    story = Story()
    story.passes("out", 100, event=3)
    story.passes("in", 900, event=7, left=100, sent=SENT, site="s2")
    if is_built_on:
        story.does("pick", "olga", 910)
    assert [entry.kind for entry in story.passes(None, 900, event=7)] == [
        "contradicted" if is_built_on else "withdrawn"
    ]
    assert story.state == ("picked" if is_built_on else "shipped")
    story = Story()
    story.passes("out", 100, event=3)
    story.passes("in", 900, event=7, left=100, sent=SENT, site="s2")
    (said,) = story.passes(None, 100, event=3)
    assert "must have left" in said.reason and story.state == "stored", "what arrived had left"


@pytest.mark.parametrize(
    ("state", "says"),
    [("quarantine", "no state 'quarantine'"), ("held", "may be sold there")],
    ids=["a-state-that-is-not-there", "a-state-that-sells-there"],
)
def test_a_table_of_the_goal_s_own_that_means_something_else_is_a_contradiction(state: str, says: str) -> None:
    table = shipped_policy()
    here = {"quarantine": table.state["held"], **table.state}
    sold = {name: table.state[name].model_copy(update={"sellable": True}) for name in ("stored", "held")}
    there = {**table.state, **sold}
    out = table.transition["ship"].model_copy(update={"from_": ("stored", "picked", "quarantine", "held")})
    ways = {**table.transition, "ship": out}
    tables = Tables(
        [
            Published(1, None, table.model_copy(update={"state": here, "transition": ways})),
            Published(2, "s2", table.model_copy(update={"state": there})),
        ]
    )
    entries = [Entry(UUID(int=1), SITE, BEGIN, "begun", 1, state, "record")]
    ids = (UUID(int=number) for number in count(2))
    for passage in (
        Passage(UUID(int=91), EPC, SITE, at(100), "D1", "out"),
        Passage(UUID(int=92), EPC, "s2", at(900), "D1", "in", at(100), SENT),
    ):
        entries += told(tables, entries, [passage], lambda: next(ids))
    assert [entry.kind for entry in entries] == ["begun", "taken", "contradicted"] and says in entries[-1].reason


EVENTS = st.lists(
    st.one_of(
        st.tuples(st.just("transfer"), st.booleans(), st.integers(0, 12), st.sampled_from(["s1", "s2", "s3"])),
        st.tuples(st.just("door"), st.sampled_from(["in", "out", None]), st.integers(0, 12), st.integers(0, 3)),
        st.tuples(st.just("step"), st.integers(0, 40), st.sampled_from("AABC"), st.booleans()),
        st.tuples(st.just("step"), st.integers(0, 40), st.sampled_from("AABC"), st.booleans()),
        st.tuples(st.just("wrong step"), st.integers(0, 400), st.sampled_from("ABC"), st.booleans()),
        st.tuples(st.just("settle"), st.sampled_from(["record", "passage"]), st.none(), st.none()),
    ),
    min_size=1, max_size=40,
)  # fmt: skip
ALL = [(name, by) for name in sorted(shipped_policy().transition) for by in sorted(PEOPLE)]


def happens(story: Story, event: Any, minute: float) -> None:
    """Let one random thing happen."""
    what, how, grade, sealed = event
    if what == "door":  # which tells late, or of the same passage again
        story.passes(how, 100 * minute - 90 * sealed, event=1 + grade)
    elif what == "transfer":  # which leaves in the dark where no door sees it
        if how:
            story.passes("out", 100 * minute, event=100 + grade)
        story.passes("in", 100 * minute + 50, event=200 + grade, left=100 * minute, sent=SENT, site=sealed)
    elif what == "settle":
        settled(story, how, 100 * minute)
    else:
        life = story.now().life
        here = [(name, by) for name, by in ALL if life.state in TABLES[1].transition[name].from_
                and PEOPLE[by] in TABLES[1].transition[name].by]  # fmt: skip
        ways = here if what == "step" and here else ALL
        name, by = ways[how % len(ways)]
        found = {"grade": grade, "sealed": sealed} if "grade" in TABLES[1].transition[name].needs else {}
        with suppress(RefusedError):
            story.does(name, by, 100 * minute, **found)


def settled(story: Story, stands: str, minutes: float) -> None:
    for said in open_contradictions(story.entries):
        state = story.state if stands == "record" else "shipped" if said.way == "out" else "returned"
        closing = Entry(story.new_id(), SITE, at(minutes), "settled", 1, state, "mia", reason="x", closes=said.step_id)
        story.entries.append(closing)


def was_sent(rows: list[Entry], arrived: Entry) -> bool:
    """Tell whether what arrived left last by its transfer: by no other door, and not by hand long before or after."""
    left = [entry for entry in rows if entry.kind in {"begun", "taken", "settled"} and entry.to_state == "shipped"]
    return bool(left) and timedelta() <= arrived.at - left[-1].at <= timedelta(minutes=50 + 60)


def looked_at(entries: list[Entry]) -> bool:
    """Tell, by other words than the program's, whether what came back or was worked on was inspected since."""
    withdrawn = {entry.closes for entry in entries if entry.kind == "withdrawn"}
    rows = sorted((entry for entry in entries if entry.step_id not in withdrawn), key=lambda entry: entry.at)
    people: dict[str, Entry] | None = None
    first: Entry | None = None
    for entry in rows:
        if entry.kind == "settled" and entry.to_state == "returned":
            people, first = {}, None
        if entry.kind == "arrived" and not was_sent(rows[: rows.index(entry)], entry):
            return False
        if entry.kind != "taken":
            continue
        assert entry.wish is not None
        if entry.wish.transition in {"return", "finish_repair", "give_up_repair", "inspect_anew"}:
            people, first = {}, None
        elif entry.wish.grade is not None and people is not None:
            people[entry.actor], first = entry, first or entry
        elif entry.to_state == "stored" and people is not None:
            waived = first is not None and first.findings == {"grade": "A", "sealed": True}
            if len(people) < 2 and not waived:
                return False
            people = None
    return True


@settings(max_examples=40, deadline=None)
@given(EVENTS)
def test_no_order_of_steps_and_passages_sells_what_was_not_inspected_or_forgets_anything(events: Any) -> None:
    story = Story()
    for minute, event in enumerate(events, 1):
        before = list(story.entries)
        happens(story, event, minute)
        assert story.entries[: len(before)] == before, "the record is only added to"
        now = story.now()
        assert now.life.work_orders_open >= 0 and now.steps == len(story.entries)
        if TABLES.is_sellable(now):
            assert looked_at(story.entries) and now.life.work_orders_open == 0
            assert not open_contradictions(story.entries)
        new = story.entries[len(before) :]
        written = statements(TABLES, [Grown(EPC, before, new)], "x", at(10_000)) if new else []
        assert bool(written) == bool(new), "what was added is written"
        if any(entry in open_contradictions(story.entries) for entry in new):
            assert any(name == "open_tasks" and '"exception"' in str(values) for name, values in written)


def test_every_passage_of_a_walk_is_a_step_a_confirmation_or_a_contradiction() -> None:
    """Whatever the state, and whichever way: something is said, or somebody told it already."""
    for name, state in TABLES[1].state.items():
        for way in ("in", "out"):
            story = Story(name)
            kinds = [entry.kind for entry in story.passes(way, 500)]
            assert kinds in (["taken"], ["contradicted"]), (name, way)
            if kinds == ["contradicted"]:
                assert story.state == name
            else:
                assert (TABLES[1].state[story.state].disposition in AWAY) == (way == "out"), (name, way, state)


@pytest.mark.parametrize(
    ("change", "site", "says"),
    [
        pytest.param({"version": 1}, None, "version: must be above 1", id="same-version"),
        pytest.param({"effective_at": at(-1)}, None, "effective_at: must not lie in the past", id="in-the-past"),
        pytest.param({"state": {"stored": shipped_policy().state["stored"]}}, None, "must stay", id="a-state-gone"),
        pytest.param({"effective_at": at(-1)}, "s9", "effective_at", id="a-site's-first-in-the-past"),
    ],
)
def test_a_table_that_would_change_what_happened_is_not_published(change: Any, site: Any, says: str) -> None:
    table = shipped_policy().model_copy(update={"version": 2, "effective_at": at(60), **change})
    with pytest.raises(ConfigurationError, match=says):
        TABLES.check(table, site, BEGIN)


def test_a_site_has_its_own_table_from_its_date_on_and_others_have_the_house_s() -> None:
    own = replace(Published(2, SITE, shipped_policy()), policy=shipped_policy().model_copy(update={"version": 7,
                  "effective_at": at(60)}))  # fmt: skip
    both = Tables([Published(1, None, shipped_policy()), own])
    assert [both.in_force(SITE, at(0)), both.in_force(SITE, at(60)), both.in_force("s2", at(60))] == [1, 2, 1]
    assert both.in_force(SITE, at(-(10**6))) == 1, "before all of them, the house's first"
