"""Roles, what they may do, and where. Pure.

One table, `RIGHTS`, says which roles have a right; docs/access.md shows it, and a test compares the two with what every
route answers. A route asks for a right, never for a role.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, get_args

from tagdock_cloud.web.problems import Problem

Role = Literal["admin", "manager", "planner", "operator", "inspector", "technician", "viewer", "integrator", "device"]
ROLES: tuple[Role, ...] = get_args(Role)

Right = Literal["read", "plan", "decide", "handle", "supply", "manage", "administer"]
ALL_RIGHTS: tuple[Right, ...] = get_args(Right)

RIGHTS: Mapping[Right, frozenset[Role]] = MappingProxyType(
    {
        "read": frozenset(
            {"admin", "manager", "planner", "operator", "inspector", "technician", "viewer", "integrator"}
        ),
        "plan": frozenset({"admin", "manager", "planner"}),
        "decide": frozenset({"admin", "manager", "operator"}),
        "handle": frozenset({"admin", "manager", "operator", "inspector", "technician"}),
        "supply": frozenset({"admin", "manager", "integrator"}),
        "manage": frozenset({"admin", "manager"}),
        "administer": frozenset({"admin"}),
    }
)
"""Which roles have which right. A device (a gateway, which speaks MQTT) has none here."""

Kind = Literal["user", "token", "command", "lab"]
"""How a caller is known: a person's login, an API token, the command line, or nobody in particular in lab mode."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks. `sites` None: all sites. `rights` None: all that the role has; else no more than these."""

    name: str
    role: Role
    sites: frozenset[str] | None = None
    rights: frozenset[Right] | None = None
    kind: Kind = "token"

    @property
    def id(self) -> str:
        """The caller's one name among users and tokens, which may be called alike."""
        return f"{self.kind}:{self.name}"

    @property
    def listed(self) -> list[str] | None:
        """The sites as SQL takes them: None, or the names in order."""
        return None if self.sites is None else sorted(self.sites)

    def may(self, right: Right) -> bool:
        """Tell whether the caller has a right."""
        return self.role in RIGHTS[right] and (self.rights is None or right in self.rights)

    def check(self, site: str | None) -> None:
        """Raise Problem (403) for a site that is not the caller's; None names no site and passes."""
        if site is not None and self.sites is not None and site not in self.sites:
            raise Problem(403, f"site {site[:64]} is not one of the sites of {self.shown}")

    def check_everywhere(self) -> None:
        """Raise Problem (403) for a caller with some sites only: for what belongs to all sites, such as SKUs."""
        if self.sites is not None:
            raise Problem(403, f"this concerns all sites; {self.shown} is limited to some")

    @property
    def shown(self) -> str:
        """The caller in words."""
        return f"the {self.kind} {self.name!r}" if self.name else "a caller without a token"


LAB_READER = Caller("", "viewer", kind="lab")
