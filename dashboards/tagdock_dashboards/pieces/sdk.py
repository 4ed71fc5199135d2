"""The one door to Grafana's Foundation SDK.

The SDK warns, at import, that its classic dashboard model is to be followed by schema v2. The classic one is what files
are provisioned from and what `/api/dashboards/db` takes on every Grafana since 8, so it is meant (decision 0050);
the warning is silenced here and nowhere else.
"""

import json
import warnings
from typing import Any

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    from grafana_foundation_sdk.builders import (
        alerting,
        bargauge,
        common,
        dashboard,
        expr,
        stat,
        table,
        timeseries,
        xychart,
    )
    from grafana_foundation_sdk.cog.builder import Builder
    from grafana_foundation_sdk.cog.encoder import JSONEncoder
    from grafana_foundation_sdk.cog.variants import Dataquery
    from grafana_foundation_sdk.models import alerting as alerting_models
    from grafana_foundation_sdk.models import common as common_models
    from grafana_foundation_sdk.models import dashboard as models
    from grafana_foundation_sdk.models import xychart as xychart_models

__all__ = [
    "Builder",
    "Dataquery",
    "alerting",
    "alerting_models",
    "as_json",
    "bargauge",
    "common",
    "common_models",
    "dashboard",
    "expr",
    "models",
    "stat",
    "table",
    "timeseries",
    "xychart",
    "xychart_models",
]


def as_json(built: object) -> dict[str, Any]:
    """Turn what a builder built into plain JSON objects."""
    plain: dict[str, Any] = json.loads(json.dumps(built, cls=JSONEncoder))
    return plain
