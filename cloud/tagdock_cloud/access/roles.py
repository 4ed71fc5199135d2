"""Roles and what they may do. Pure."""

from dataclasses import dataclass
from typing import Literal, get_args

Role = Literal["viewer", "planner", "admin"]
ROLES: tuple[Role, ...] = get_args(Role)
"""Each role may do all that the ones before it may."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: the token's name and role; nobody in particular (`name` empty) reads in lab mode."""

    name: str
    role: Role


LAB_READER = Caller("", "viewer")


def is_allowed(has: Role, needs: Role) -> bool:
    """Tell whether a role suffices."""
    return ROLES.index(has) >= ROLES.index(needs)
