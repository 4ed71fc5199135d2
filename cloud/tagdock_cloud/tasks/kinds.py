"""The kinds of tasks: whose each is, and when it should be done. Pure."""

from collections.abc import Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import Final, Literal

TaskKind = Literal["put_away", "pick", "pack", "relocate", "count", "inspect", "repair", "follow_up", "exception"]
TaskRole = Literal["operator", "inspector", "technician", "manager"]

ROLES: Final[Mapping[TaskKind, TaskRole]] = MappingProxyType(
    {
        "put_away": "operator", "pick": "operator", "pack": "operator", "relocate": "operator", "count": "operator",
        "inspect": "inspector", "repair": "technician", "follow_up": "manager", "exception": "manager",
    }
)  # fmt: skip
"""Whose a task is."""
DUE: Final[Mapping[TaskKind, timedelta]] = MappingProxyType(
    {
        "put_away": timedelta(hours=8), "pick": timedelta(hours=4), "pack": timedelta(hours=8),
        "relocate": timedelta(hours=24), "count": timedelta(hours=24), "inspect": timedelta(hours=24),
        "repair": timedelta(days=7), "follow_up": timedelta(days=7), "exception": timedelta(hours=4),
    }
)  # fmt: skip
"""Until when it should be done: a shift for what holds goods up, a week for what takes parts or an answer."""
MOST_OPEN: Final = 50_000
"""Open tasks of a site: the queue has a bound, far above what any crew has before it."""
