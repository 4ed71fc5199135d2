"""A problem with something changed: other rates, a closed aisle, a new rack, another policy, other weights. Pure."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from tagdock_slotting.checks import check
from tagdock_slotting.errors import ProblemError
from tagdock_slotting.problem import Aisles, Bin, NotNegative, Policy, Problem


class Scenario(Struct, frozen=True):
    """What is changed; what is left out stays as it is.

    `rates` are order lines a day that take the place of a SKU's own, `scale` factors on them.
    """

    rates: dict[str, NotNegative] = {}
    scale: dict[str, NotNegative] = {}
    close_aisles: tuple[Annotated[int, Meta(ge=0)], ...] = ()
    add_bins: tuple[Bin, ...] = ()
    policy: Policy | None = None
    weights: dict[str, NotNegative] = {}


def changed(problem: Problem, scenario: Scenario) -> Problem:
    """Return the changed problem, checked whole. Raises ProblemError naming what it does not have."""
    _check_names(problem, scenario)
    result = msgspec.structs.replace(
        problem,
        items=tuple(_item(item, scenario) for item in problem.items),
        bins=(*(_bin(place, scenario) for place in problem.bins), *scenario.add_bins),
        aisles=_aisles(problem.aisles, scenario.add_bins),
        weights=_converted(problem.weights, scenario.weights, "$.weights"),
        routing=msgspec.structs.replace(problem.routing, policy=scenario.policy or problem.routing.policy),
    )
    check(result)
    return result


def _aisles(aisles: Aisles | None, bins: Sequence[Bin]) -> Aisles | None:
    """Return the aisles with those of a new rack behind the last."""
    if aisles is None:
        return None
    count = max([aisles.count, *(place.aisle + 1 for place in bins if place.aisle is not None)])
    return msgspec.structs.replace(aisles, count=count)


def _item(item: Any, scenario: Scenario) -> Any:
    rate = scenario.rates.get(item.sku, item.picks_per_day) * scenario.scale.get(item.sku, 1.0)
    return item if rate == item.picks_per_day else msgspec.structs.replace(item, picks_per_day=rate)


def _bin(place: Bin, scenario: Scenario) -> Bin:
    """Close a bin that lies in a closed aisle; goods that lie there have to leave it."""
    return msgspec.structs.replace(place, use="blocked") if place.aisle in scenario.close_aisles else place


def _check_names(problem: Problem, scenario: Scenario) -> None:
    skus = {item.sku for item in problem.items}
    aisles = {place.aisle for place in problem.bins}
    findings = [
        *(f"$.rates.{sku}: the problem has no such SKU" for sku in scenario.rates if sku not in skus),
        *(f"$.scale.{sku}: the problem has no such SKU" for sku in scenario.scale if sku not in skus),
        *(f"$.close_aisles: no bin lies in aisle {aisle}" for aisle in scenario.close_aisles if aisle not in aisles),
    ]
    if scenario.add_bins and (problem.bin_door_m or problem.bin_bin_m):
        findings.append("$.add_bins: distances are given as matrices, which do not know new bins; give coordinates")
    if findings:
        raise ProblemError(findings)


def _converted(record: Any, changes: Mapping[str, Any], path: str) -> Any:
    known = msgspec.to_builtins(record)
    unknown = [f"{path}.{name}: is none of {', '.join(known)}" for name in changes if name not in known]
    if unknown:
        raise ProblemError(unknown)
    return msgspec.convert({**known, **changes}, type(record))
