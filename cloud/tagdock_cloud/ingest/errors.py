"""What can go wrong between ingest and the broker."""

from tagdock_cloud.errors import CloudError


class BrokerUnavailableError(CloudError):
    """The MQTT broker cannot be reached, or does not let ingest in."""
