"""What is drawn of one panel: its settings, its answer as words and series, and the room that these take."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from tagdock_dashboards.needs import Answer
from tagdock_dashboards.preview.formats import colour, text, word

MOST_SERIES = 16
LEGEND_IN, LEGEND_ENTRY_IN = 0.13, 1.7
LONGEST_NAME, LETTER_IN = 40, 0.055


@dataclass(frozen=True, slots=True)
class Drawn:
    """A panel of a dashboard's JSON, the answer to its query, and the period that was asked for."""

    panel: Mapping[str, Any]
    answer: Answer
    period: tuple[datetime, datetime]

    @property
    def defaults(self) -> Mapping[str, Any]:
        """The field settings that hold for every column."""
        return (self.panel.get("fieldConfig") or {}).get("defaults") or {}

    def setting(self, column: str, name: str) -> Any:
        """Return a setting of a column: its own one, else the panel's."""
        for override in (self.panel.get("fieldConfig") or {}).get("overrides") or []:
            if (override.get("matcher") or {}).get("options") == column:
                for found in override.get("properties") or []:
                    if found.get("id") == name:
                        return found.get("value")
        return self.defaults.get(name)

    def of_kind(self, kind: str) -> list[int]:
        """Return the places of the columns of a kind."""
        return [index for index, (_, of) in enumerate(self.answer.columns) if of == kind]

    def words(self, column: str, value: Any) -> tuple[str, str | None]:
        """Return what is shown for a value of a column, and the colour that its mappings or thresholds give."""
        said, painted = word(value, self.setting(column, "mappings") or [])
        unit, decimals = str(self.setting(column, "unit") or ""), self.setting(column, "decimals")
        shown = said if said is not None else text(value, unit, decimals)
        own = self.setting(column, "color") or {}
        fixed = own.get("fixedColor") if own.get("mode") == "fixed" else None
        return shown, painted or fixed or colour(value, self.setting(column, "thresholds"))

    @property
    def has_right_side(self) -> bool:
        """Tell whether something stands right of the axes: a second scale, or what colours mean."""
        overrides = (self.panel.get("fieldConfig") or {}).get("overrides") or []
        properties = [one for override in overrides for one in override.get("properties") or []]
        second = {"id": "custom.axisPlacement", "value": "right"} in properties
        return bool(self.answer.rows) and (second or self.panel["type"] == "xychart")

    def series(self) -> dict[str, list[tuple[datetime, float]]]:
        """Return the series of a time series by name, each as points in time."""
        names = [name for name, _ in self.answer.columns]
        at, metric = names.index("time"), names.index("metric") if "metric" in names else None
        numbers = [index for index in self.of_kind("number") if index != at]
        found: dict[str, list[tuple[datetime, float]]] = {}
        for row in self.answer.rows:
            moment = row[at] if isinstance(row[at], datetime) else datetime.fromtimestamp(float(row[at]), UTC)
            for index in numbers:
                if row[index] is not None:
                    own = "" if names[index] == "metric" else names[index]
                    alone = str(row[metric]) if metric is not None else own
                    name = alone if metric is None or len(numbers) == 1 else f"{alone} {own}"
                    found.setdefault(name, []).append((moment, float(row[index])))
        return found


def legend_columns(wide_in: float) -> int:
    """Return how many entries of a legend stand beside each other."""
    return max(1, int(wide_in / LEGEND_ENTRY_IN))


def legend_in(drawn: Drawn, wide_in: float) -> float:
    """Return how high the legend under a time series is, in inches."""
    if drawn.panel["type"] != "timeseries" or not drawn.answer.rows:
        return 0.0
    return LEGEND_IN * -(-min(len(drawn.series()), MOST_SERIES) // legend_columns(wide_in))


def name_in(drawn: Drawn, wide_in: float) -> float:
    """Return how much room the names of bars take, in inches: at most two fifths of the panel."""
    names = [str(row[place])[:LONGEST_NAME] for row in drawn.answer.rows for place in drawn.of_kind("text")[:1]]
    return min(0.3 + LETTER_IN * max(map(len, names), default=0), 0.4 * wide_in)
