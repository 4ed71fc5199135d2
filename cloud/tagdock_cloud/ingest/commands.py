"""The command that takes in what gateways report."""

from pathlib import Path

import click

from tagdock_cloud.config import IngestConfig, parse_broker
from tagdock_cloud.errors import ConfigurationError
from tagdock_cloud.ingest.shares import check_group, parse_share
from tagdock_cloud.options import broker_ca_option, broker_option, database_option, open_option, option
from tagdock_cloud.store.pool import check_url


@click.command()
@database_option
@broker_option
@broker_ca_option
@open_option
@option(
    "--client-id",
    default="tagdock-cloud-ingest",
    show_default=True,
    help="Its session at the broker; one program each. A share's number is added.",
)
@option("--mqtt", type=click.Choice(["3", "5"]), default="3", show_default=True, help="MQTT 3.1.1 or 5.")
@option("--share", metavar="N/M", help="Take only share N of M of the registered sites, as 2/4; all M have to run.")
@option(
    "--shared-group", metavar="NAME", help="Let the broker deal batches out to this group's members (needs --mqtt 5)."
)
@option(
    "--group-kib", type=click.IntRange(1, 8192), default=2048, show_default=True, help="Most payload a transaction."
)
@option(
    "--group-wait-ms", type=click.FloatRange(0, 1000), default=5, show_default=True, help="How long a group may fill."
)
@option(
    "--ahead-s",
    type=click.FloatRange(0),
    default=3600,
    show_default=True,
    help="How far an event may lie ahead of the clock.",
)
@option("--behind-days", type=click.FloatRange(0, 36_500), default=3650, show_default=True, help="And how far behind.")
def ingest(
    *,
    database: str | None,
    broker: str | None,
    broker_ca: Path | None,
    is_open: bool,
    client_id: str,
    mqtt: str,
    share: str | None,
    shared_group: str | None,
    group_kib: int,
    group_wait_ms: float,
    ahead_s: float,
    behind_days: float,
) -> None:
    """Store what gateways report, and acknowledge what is stored."""
    if database is None or broker is None:
        raise ConfigurationError("give --database URL and --broker URL; `tagdock-cloud serve` brings its own")
    _check_sharing(mqtt, share, shared_group, client_id)
    config = IngestConfig(
        database=check_url(database),
        broker=parse_broker(broker, broker_ca),
        is_open=is_open,
        client_id=client_id,
        is_mqtt5=mqtt == "5",
        share=None if share is None else parse_share(share),
        shared_group=None if shared_group is None else check_group(shared_group),
        group_bytes=group_kib * 1024,
        group_wait_s=group_wait_ms / 1000,
        ahead_s=ahead_s,
        behind_days=behind_days,
    )
    from tagdock_cloud.ingest.run import run_ingest  # noqa: PLC0415  # the other commands start faster without paho

    run_ingest(config)


def _check_sharing(mqtt: str, share: str | None, shared_group: str | None, client_id: str) -> None:
    if shared_group is None:
        return
    if share is not None:
        raise ConfigurationError("--share and --shared-group are two ways to the same end: give one of them")
    if mqtt != "5":
        raise ConfigurationError("--shared-group needs --mqtt 5: MQTT 3.1.1 knows no shared subscriptions")
    if client_id == "tagdock-cloud-ingest":
        raise ConfigurationError("--shared-group needs a --client-id of its own for each program")
