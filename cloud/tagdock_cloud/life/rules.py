"""May an item take a transition, and what is it then? Pure.

The table says what a site wants; the guards here say what no table can take away: what came back is sellable only
after its inspections, the second by another person (a table may waive it for what was never opened and got grade A);
scrapping needs the approval of somebody who did not ask for it; nothing becomes sellable while a work order is open.
"""

from collections.abc import Callable, Iterable

from tagdock_cloud.errors import CloudError
from tagdock_cloud.life.policy import Policy, Transition
from tagdock_cloud.life.records import Condition, Contradiction, Inspection, Life, Step, Way, Wish


class RefusedError(CloudError):
    """An item may not take this transition now; the text says why, and what would help."""


class NotTheirsError(RefusedError):
    """The transition is for other roles."""


class IncompleteError(RefusedError):
    """Details are missing that the transition needs."""


Guard = Callable[[Policy, Transition, Life, Wish], str | None]
"""Says why not; None: nothing against it."""


def step(policy: Policy, life: Life, wish: Wish) -> Step:
    """Take a transition. Raises RefusedError naming the first thing that stands against it."""
    transition = policy.transition.get(wish.transition)
    if transition is None:
        raise RefusedError(
            f"there is no transition {wish.transition!r}; from {life.state!r} there are {_ways(policy, life)}"
        )
    if life.state not in transition.from_:
        raise RefusedError(f"{wish.transition!r} starts from {_listed(transition.from_)}, not from {life.state!r}")
    for guard, error in _ASKED:
        if why_not := guard(policy, transition, life, wish):
            raise error(why_not)
    return applied(policy, life, wish)


def applied(policy: Policy, life: Life, wish: Wish) -> Step:
    """Return what a transition makes of a life without asking whether it may: for what is on record already."""
    transition = policy.transition[wish.transition]
    after = _after(policy, transition, life, wish)
    disposition = policy.state[transition.to].disposition
    return Step(wish, life, after, policy.version, transition.step, disposition, transition.task)


def passage(policy: Policy, life: Life, way: Way) -> str | Contradiction:
    """Return the transition that a passage is for an item in this state, or what the passage contradicts."""
    for name, transition in policy.transition.items():
        if transition.passage == way and life.state in transition.from_:
            return name
    left = "left through a door" if way == "out" else "came in through a door"
    return Contradiction(life.state, way, f"an item that is {life.state.replace('_', ' ')} {left}")


def _role(policy: Policy, transition: Transition, life: Life, wish: Wish) -> str | None:
    if wish.passage is not None:
        return None if wish.passage == transition.passage else f"no door takes the transition {wish.transition!r}"
    if wish.roles & transition.by:
        return None
    return f"{wish.transition!r} is for {_listed(sorted(transition.by))}; {wish.by} is none of them"


def _details(policy: Policy, transition: Transition, life: Life, wish: Wish) -> str | None:
    missing = sorted(need for need in transition.needs if getattr(wish, need) in {None, ""})
    return f"{wish.transition!r} needs {_listed(missing)}" if missing else None


def _grade(policy: Policy, transition: Transition, life: Life, wish: Wish) -> str | None:
    if transition.grades is None or life.grade in transition.grades:
        return None
    return (
        f"{wish.transition!r} is for grade {_listed(sorted(transition.grades))}; this item has {life.grade or 'none'}"
    )


def _inspected(policy: Policy, transition: Transition, life: Life, wish: Wish) -> str | None:
    """Let what came back, or was worked on, become sellable only after its inspections."""
    if transition.to not in policy.sellable:
        return None
    if life.grade == "C":
        return "this item was found faulty: repair it, send it back or propose to scrap it"
    if _begins_anew(policy, transition, life):
        return INSPECT_FIRST
    return None if not life.is_owed or is_cleared(policy, life) else INSPECT_FIRST


def _second_person(policy: Policy, transition: Transition, life: Life, wish: Wish) -> str | None:
    """Let nobody inspect the same item twice."""
    if wish.grade is None or all(inspection.by != wish.by for inspection in life.inspections):
        return None
    return f"{wish.by} inspected this item already; the second inspection is for somebody else"


def _waived(policy: Policy, transition: Transition, life: Life, wish: Wish) -> str | None:
    """Let one inspection do only where the table waives the second, for what was never opened and got grade A."""
    return INSPECT_FIRST if transition.waives and not is_cleared(policy, life) else None


def _approved(policy: Policy, transition: Transition, life: Life, wish: Wish) -> str | None:
    """Let nothing be scrapped by who asked for it, nor by anybody but a manager."""
    if policy.state[transition.to].disposition not in GONE:
        return None
    if "manager" not in wish.roles or wish.passage is not None:
        return "scrapping is approved by a manager"
    if life.scrap_asked_by is None:
        return "scrapping has to be proposed first"
    return f"{wish.by} proposed to scrap it; another manager approves" if life.scrap_asked_by == wish.by else None


def _no_open_work(policy: Policy, transition: Transition, life: Life, wish: Wish) -> str | None:
    """Let nothing become sellable while a work order is open."""
    if transition.to not in policy.sellable or not life.work_orders_open:
        return None
    return "a work order is open on this item: finish it or give it up first"


GUARDS: tuple[Guard, ...] = (_inspected, _second_person, _waived, _approved, _no_open_work)
"""What no table can take away."""
_ASKED: tuple[tuple[Guard, type[RefusedError]], ...] = (
    (_role, NotTheirsError),
    (_details, IncompleteError),
    (_grade, RefusedError),
    *((guard, RefusedError) for guard in GUARDS),
)
INSPECT_FIRST = "what came back or was worked on needs two inspections by two people before it may be sold"
AWAY = frozenset({"in_transit", "retail_sold", "dispensed", "stolen", "unknown"})
"""Dispositions of what is not in the house: whatever comes from one has to be inspected."""
GONE = frozenset({"destroyed", "disposed"})
_TWO = 2


def is_cleared(policy: Policy, life: Life) -> bool:
    """Tell whether the inspections that an item owes are done: by two people, or one where the table waives that."""
    if len({inspection.by for inspection in life.inspections}) >= _TWO:
        return True
    first = life.inspections[0] if life.inspections else None
    return first is not None and policy.waives_second_inspection and first.sealed and first.grade == "A"


def _after(policy: Policy, transition: Transition, life: Life, wish: Wish) -> Life:
    changes = {"opens": 1, "closes": -1, None: 0}
    return Life(
        state=transition.to,
        condition=transition.condition or _condition(life, wish),
        inspections=_inspections(policy, transition, life, wish),
        is_owed=transition.to not in policy.sellable and (life.is_owed or _begins_anew(policy, transition, life)),
        work_orders_open=max(0, life.work_orders_open + changes[transition.work_order]),
        scrap_asked_by=_scrap_asked_by(policy, transition, life, wish),
    )


def _inspections(policy: Policy, transition: Transition, life: Life, wish: Wish) -> tuple[Inspection, ...]:
    if transition.to in policy.sellable:
        return ()
    before = () if _begins_anew(policy, transition, life) else life.inspections
    return before if wish.grade is None else (*before, Inspection(wish.by, wish.grade, bool(wish.sealed)))


def _begins_anew(policy: Policy, transition: Transition, life: Life) -> bool:
    """Tell whether what was known of an item counts no longer: it was away, worked on, or is to be inspected anew."""
    was, is_ = policy.state[life.state].disposition, policy.state[transition.to].disposition
    came_back = was in AWAY and is_ not in AWAY
    came_to_hand = was != "returned" and is_ == "returned"
    return came_back or came_to_hand or transition.work_order == "closes" or transition.condition == "repaired"


def _scrap_asked_by(policy: Policy, transition: Transition, life: Life, wish: Wish) -> str | None:
    """Return who asked for the state that scrapping starts from; forgotten as soon as an item leaves it otherwise."""
    ends = {each.from_ for each in policy.transition.values() if policy.state[each.to].disposition in GONE}
    return wish.by if any(transition.to in states for states in ends) else None


def _condition(life: Life, wish: Wish) -> Condition:
    """Return the condition that an inspection finds: what was opened is no longer new, what is faulty says so."""
    if wish.grade == "C":
        return "faulty"
    return "opened" if wish.sealed is False and life.condition == "new" else life.condition


def _ways(policy: Policy, life: Life) -> str:
    return _listed(sorted(name for name, each in policy.transition.items() if life.state in each.from_)) or "none"


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names)
