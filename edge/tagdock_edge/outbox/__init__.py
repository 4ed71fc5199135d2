"""The outbox: events wait here, on disk, until the cloud says that its database has committed them."""

from tagdock_edge.outbox.outbox import EVENTS_A_BATCH, Fill, Outbox
from tagdock_edge.outbox.parked import refused_batches, retry_refused
from tagdock_edge.outbox.rows import StoredBatch, printable

__all__ = ["EVENTS_A_BATCH", "Fill", "Outbox", "StoredBatch", "printable", "refused_batches", "retry_refused"]
