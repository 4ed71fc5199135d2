"""The figures that reports tell; what each counts stands in the views `kpi_facts_v1` and `kpi_people_v1`. Pure data."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, get_args

KpiName = Literal[
    "stock_accuracy", "on_time_dispatch", "time_in_state", "return_rate", "repair_time", "first_time_fix"
]  # fmt: skip
KPI_NAMES: tuple[KpiName, ...] = get_args(KpiName)
Unit = Literal["share", "s"]


@dataclass(frozen=True, slots=True)
class Kpi:
    """How one figure is told: as a share, or as the median of a time; `has_words`: also by reason or state."""

    unit: Unit
    has_words: bool = False


KPIS: Mapping[str, Kpi] = MappingProxyType(
    {
        "stock_accuracy": Kpi("share"),
        "on_time_dispatch": Kpi("share", has_words=True),
        "time_in_state": Kpi("s", has_words=True),
        "return_rate": Kpi("share", has_words=True),
        "repair_time": Kpi("s"),
        "first_time_fix": Kpi("share"),
    }
)
