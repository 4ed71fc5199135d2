"""Colours and texts that mean the same on every dashboard.

Grafana paints a null in a threshold list's first colour. Here that colour is always one of alarm or of nothing, never
one of health: a gateway that was never heard of must not look alive.
"""

from collections.abc import Sequence

from tagdock_dashboards.pieces.sdk import Builder, dashboard, models

GOOD, WARN, BAD, UNKNOWN, PLAIN = "green", "orange", "red", "#808080", "blue"

DIRECTION_COLOURS = {"in": "blue", "out": "green", "pass": UNKNOWN, "uncertain": WARN}

STALE_WARN_S = 75
STALE_BAD_S = 300
"""A gateway reports its status every 30 s: two and a half times that is odd, five minutes are an outage."""

COUNTED_WARN_S, COUNTED_BAD_S = 900, 7200


def steps(*, unknown: str = UNKNOWN, levels: Sequence[tuple[float, str]] = ()) -> dashboard.ThresholdsConfig:
    """Build thresholds from `(from this value on, colour)`; `unknown` paints nulls and whatever lies below."""
    return (
        dashboard.ThresholdsConfig()
        .mode(models.ThresholdsMode.ABSOLUTE)
        .steps([models.Threshold(None, unknown), *(models.Threshold(value, colour) for value, colour in levels)])
    )


def age_steps() -> dashboard.ThresholdsConfig:
    """Build the thresholds of an age in seconds: fresh, odd, stale; unknown is as bad as stale."""
    return steps(unknown=BAD, levels=[(-86_400, GOOD), (STALE_WARN_S, WARN), (STALE_BAD_S, BAD)])


def counted_steps() -> dashboard.ThresholdsConfig:
    """Build the thresholds of how long ago something was counted that is counted every five minutes."""
    return steps(unknown=BAD, levels=[(-86_400, UNKNOWN), (COUNTED_WARN_S, WARN), (COUNTED_BAD_S, BAD)])


def null_as(text: str, colour: str = BAD) -> list[models.ValueMapping]:
    """Show `text` where the query answered null."""
    result = models.ValueMappingResult(text=text, color=colour)
    options = models.DashboardSpecialValueMapOptions(match=models.SpecialValueMatch.NULL_AND_NAN, result=result)
    return [models.SpecialValueMap(options)]


def states(**colours: str) -> list[models.ValueMapping]:
    """Paint a column of states: each word in its colour."""
    return [models.ValueMap({word: models.ValueMappingResult(text=word, color=c) for word, c in colours.items()})]


def by_threshold() -> Builder[models.FieldColor]:
    """Colour by thresholds."""
    return dashboard.FieldColor().mode(models.FieldColorModeId.THRESHOLDS)


def fixed(colour: str) -> Builder[models.FieldColor]:
    """Colour everything alike."""
    return dashboard.FieldColor().mode(models.FieldColorModeId.FIXED).fixed_color(colour)


def colour_as(colour: str) -> list[models.DynamicConfigValue]:
    """Override: this series always has this colour."""
    return [models.DynamicConfigValue("color", {"mode": "fixed", "fixedColor": colour})]


def override_steps(thresholds: dashboard.ThresholdsConfig) -> list[models.DynamicConfigValue]:
    """Override: this figure has thresholds of its own."""
    return [models.DynamicConfigValue("thresholds", thresholds.build().to_json())]


def override_nulls(text: str, colour: str) -> list[models.DynamicConfigValue]:
    """Override: this figure has a text of its own where the query answered null."""
    return [models.DynamicConfigValue("mappings", [mapping.to_json() for mapping in null_as(text, colour)])]
