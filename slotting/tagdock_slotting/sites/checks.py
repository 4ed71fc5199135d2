"""Does a demand make sense? Every finding starts with the path of its field. Pure."""

from collections.abc import Iterable, Iterator

from tagdock_slotting.errors import ProblemError
from tagdock_slotting.sites.records import Demand


def check_demand(demand: Demand) -> None:
    """Check what types alone can't say. Raises ProblemError with every finding."""
    findings = [*_twice(demand), *_unknown(demand)]
    if findings:
        raise ProblemError(findings)


def _twice(demand: Demand) -> Iterator[str]:
    yield from _repeated((site.id for site in demand.sites), "$.sites[{}].id")
    yield from _repeated((order.id for order in demand.orders), "$.orders[{}].id")
    yield from _repeated(((row.site, row.sku) for row in demand.stock), "$.stock[{}]")


def _repeated(names: Iterable[object], path: str) -> Iterator[str]:
    first: dict[object, int] = {}
    for index, name in enumerate(names):
        if first.setdefault(name, index) != index:
            yield f"{path.format(index)}: {name!r} stands there twice, first at index {first[name]}"


def _unknown(demand: Demand) -> Iterator[str]:
    sites = {site.id for site in demand.sites}
    for index, row in enumerate(demand.stock):
        if row.site not in sites:
            yield f"$.stock[{index}].site: unknown site {row.site!r}"
    for index, order in enumerate(demand.orders):
        for place, site in enumerate(order.sites):
            if site not in sites:
                yield f"$.orders[{index}].sites[{place}]: unknown site {site!r}"
