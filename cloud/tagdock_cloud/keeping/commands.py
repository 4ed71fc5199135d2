"""`tagdock-cloud retention`: how long the record is kept."""

import click

from tagdock_cloud.errors import ConfigurationError
from tagdock_cloud.keeping.retention import LEAST_DAYS, SERIES, Series, keep, list_retention
from tagdock_cloud.options import json_option, option, print_rows, with_connection
from tagdock_cloud.store.pool import Connection, DictRow


@click.command()
@click.argument("series", type=click.Choice(SERIES), required=False)
@option(
    "--days", type=click.IntRange(LEAST_DAYS), help="Keep that many; what is older goes, by whole months where it can."
)
@option("--for-ever", is_flag=True, help="Keep everything, as it is by default.")
@json_option
@with_connection
def retention(
    connection: Connection[DictRow], series: Series | None, days: int | None, for_ever: bool, as_json: bool
) -> None:
    """Show or set how long SERIES is kept. Places, flows and hourly counts outlive the movements they came from.

    epcis: events that were told or captured, counted from then on; none goes before every subscriber had it.
    """
    if series is None and (days is not None or for_ever):
        raise ConfigurationError(f"name the SERIES to keep: one of {', '.join(SERIES)}")
    if series is not None and (days is None) == (not for_ever):
        raise ConfigurationError("give --days N or --for-ever, one of them")
    if series is not None:
        keep(connection, series, days)
    print_rows(list_retention(connection), as_json)
