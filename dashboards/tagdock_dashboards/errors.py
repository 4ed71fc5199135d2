"""The part's errors, split by who has to act."""


class DashboardsError(Exception):
    """Anything that keeps a command from doing its work; the message says what to do."""


class ConfigurationError(DashboardsError):
    """What was asked for cannot be meant: an address, a file, a token. The caller mends it."""


class QueryError(DashboardsError):
    """A query that Grafana could not run; whoever wrote the dashboard mends it."""


class DatabaseError(DashboardsError):
    """The database cannot be reached."""


class GrafanaError(DashboardsError):
    """Grafana refused or did not answer."""
