"""The one door to Grafana's Foundation SDK.

The SDK warns, at import, that its classic dashboard model is to be followed by schema v2. The classic one is what files
are provisioned from and what `/api/dashboards/db` takes on every Grafana since 8, so it is meant (decision 0050);
the warning is silenced here and nowhere else.
"""

import warnings

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    from grafana_foundation_sdk.builders import bargauge, common, dashboard, stat, table, timeseries
    from grafana_foundation_sdk.cog.builder import Builder
    from grafana_foundation_sdk.cog.encoder import JSONEncoder
    from grafana_foundation_sdk.cog.variants import Dataquery
    from grafana_foundation_sdk.models import common as common_models
    from grafana_foundation_sdk.models import dashboard as models

__all__ = [
    "Builder",
    "Dataquery",
    "JSONEncoder",
    "bargauge",
    "common",
    "common_models",
    "dashboard",
    "models",
    "stat",
    "table",
    "timeseries",
]
