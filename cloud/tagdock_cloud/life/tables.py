"""The tables in force: the house's and the sites' own, each in its versions. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from tagdock_cloud.errors import ConfigurationError
from tagdock_cloud.life.policy import Policy
from tagdock_cloud.life.records import Standing
from tagdock_cloud.life.rules import AWAY


@dataclass(frozen=True, slots=True)
class Published:
    """One published table. `site` None: for every site that has none of its own."""

    policy_id: int
    site: str | None
    policy: Policy


class Tables:
    """All published tables, asked by number, or by site and time."""

    def __init__(self, published: Iterable[Published]) -> None:
        self._all = tuple(published)
        self._by_id = {one.policy_id: one.policy for one in self._all}

    def __getitem__(self, policy_id: int) -> Policy:
        return self._by_id[policy_id]

    def in_force(self, site: str, at: datetime) -> int:
        """Return the number of the table that counts at a site and moment; before all of them, the house's first."""
        for owner in (site, None):
            counting = [one for one in self._all if one.site == owner and one.policy.effective_at <= at]
            if counting:
                return max(counting, key=_age).policy_id
        return min((one for one in self._all if one.site is None), key=_age).policy_id

    def is_sellable(self, standing: Standing) -> bool:
        """Tell whether an item may be sold: in a state that is sellable, with nothing that speaks against it."""
        return (
            standing.life.state in self[standing.policy_id].sellable
            and not standing.life.is_owed
            and standing.life.work_orders_open == 0
            and standing.contradictions == 0
            and standing.missing_since is None
        )

    def disposition(self, standing: Standing) -> str:
        """Return what EPCIS calls the state."""
        return self[standing.policy_id].state[standing.life.state].disposition

    def check(self, new: Policy, site: str | None, now: datetime) -> None:
        """Check what is to be published against what is there. Raises ConfigurationError naming the remedy."""
        before = [one.policy for one in self._all if one.site == site]
        ruling = before or [one.policy for one in self._all if one.site is None]
        if any(policy.version >= new.version for policy in before):
            raise ConfigurationError(f"version: must be above {max(policy.version for policy in before)}")
        if new.effective_at < now:
            raise ConfigurationError("effective_at: must not lie in the past: what happened counts under its own table")
        for policy in ruling:
            if gone := sorted(policy.state.keys() - new.state.keys()):
                raise ConfigurationError(f"state.{gone[0]}: items may be in it, so it must stay")


def beginning(policy: Policy, item_state: str) -> str:
    """Return the state in which the life of an item begins that doors and bins told of so far."""
    if item_state == "in_transit":
        return away_state(policy)
    if item_state == "returned":
        states = (name for name, state in policy.state.items() if state.disposition == "returned")
        return next(states, first_sellable(policy))
    return first_sellable(policy)


def away_state(policy: Policy) -> str:
    """Return where a passage out leads from what may be sold."""
    begin = first_sellable(policy)
    for transition in policy.transition.values():
        if transition.passage == "out" and begin in transition.from_:
            return transition.to
    return next((name for name, state in policy.state.items() if state.disposition in AWAY), begin)


def first_sellable(policy: Policy) -> str:
    """Return the state of goods that nothing is known of but that they are there."""
    return next(name for name, state in policy.state.items() if state.sellable)


def _age(one: Published) -> tuple[datetime, int]:
    return one.policy.effective_at, one.policy.version
