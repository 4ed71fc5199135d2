"""Small worlds that work for some days."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import TypeVar

import pytest
from tagdock_simulators.warehouse.shape import GIFTS
from tagdock_simulators.warehouse.world.audit import Audit
from tagdock_simulators.warehouse.world.records import Moved, Record
from tagdock_simulators.warehouse.world.settings import Settings
from tagdock_simulators.warehouse.world.source import Source, generated
from tagdock_simulators.warehouse.world.world import World

SMALL = replace(GIFTS, skus=80, theme_skus=40.0, invoices_a_day=8.0, lines=(1.5, 0.8), bulk_share=0.0)
T = TypeVar("T")


def small_source(seed: int) -> Source:
    return generated(seed, date(2026, 3, 2), SMALL)


@dataclass(frozen=True)
class Worked:
    """A world after its days, what it told, and an audit of it."""

    world: World
    records: list[Record]
    audit: Audit

    def of(self, kind: type[T]) -> list[T]:
        return [record for record in self.records if isinstance(record, kind)]


Work = Callable[..., Worked]


@pytest.fixture
def work() -> Work:
    def run(seed: int = 1, days: int = 8, rates: Mapping[str, float] | None = None, **settings: object) -> Worked:
        world = World(small_source(seed), seed, Settings(rates=rates or {}, **settings))  # type: ignore[arg-type]
        audit = Audit({bin_.id: bin_.capacity for bin_ in world.house.stock.bins.values()})
        records = list(world.records(days))
        for record in records:
            if isinstance(record, Moved):
                audit.see(record)
        return Worked(world, records, audit)

    return run
