"""What can go wrong with the database, told apart by who has to act."""

from tagdock_cloud.errors import CloudError, ConfigurationError


class DatabaseUrlError(ConfigurationError):
    """The database URL cannot be read."""


class StoreError(CloudError):
    """The database refused or failed."""


class DatabaseUnavailableError(StoreError):
    """The database is away, too slow or restarting: trying again later helps."""


class ContendedError(DatabaseUnavailableError):
    """We and somebody else each held what the other wanted, and they went on: trying again at once helps."""


class RowRefusedError(StoreError):
    """The database will not take these values, however often they are sent. `constraint` names the rule, if one."""

    def __init__(self, message: str, constraint: str | None = None) -> None:
        super().__init__(message)
        self.constraint = constraint


class RowDoubledError(RowRefusedError):
    """A row with this key is there already."""
