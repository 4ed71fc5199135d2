"""The command line. Results go to stdout, talk to stderr; exit status 0 done, 1 failed, 2 bad usage."""

import functools
import json
import os
from pathlib import Path
from typing import Any

import click

from tagdock_cloud.access.commands import gateways_group, tokens_group, users_group
from tagdock_cloud.backup.commands import backup, restore
from tagdock_cloud.config import (
    ApiConfig,
    EmbeddedBrokerConfig,
    Front,
    ServeConfig,
    WorkConfig,
    check_open,
    parse_broker,
)
from tagdock_cloud.errors import CloudError, ConfigurationError
from tagdock_cloud.front import front_options
from tagdock_cloud.ingest.commands import ingest
from tagdock_cloud.keeping.commands import retention
from tagdock_cloud.life.commands import life
from tagdock_cloud.log import FORMATS, Format, set_up_log
from tagdock_cloud.options import broker_ca_option as _broker_ca
from tagdock_cloud.options import broker_option as _broker
from tagdock_cloud.options import data_option as _data
from tagdock_cloud.options import database_option as _database
from tagdock_cloud.options import json_option as _json
from tagdock_cloud.options import open_option as _open
from tagdock_cloud.options import option as _option
from tagdock_cloud.options import served_database as _served_database
from tagdock_cloud.serve.child import end_with_parent
from tagdock_cloud.store import pool

_host = _option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
_http_port = _option(
    "--http-port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="0: any free one."
)
_broker_port = _option(
    "--broker-port", type=click.IntRange(0, 65535), default=1883, show_default=True, help="0: any free one."
)
_private_webhooks = _option(
    "--private-webhooks",
    is_flag=True,
    help="Let webhooks reach private and loopback addresses, also over plain http.",
)


class _Group(click.Group):
    """Turns this part's errors into one line and their exit status; nobody but us ever sees a traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except CloudError as error:
            click.echo(f"tagdock-cloud: {error}", err=True)
            ctx.exit(error.exit_status)
        except KeyboardInterrupt:
            ctx.exit(130)


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="tagdock-cloud")
@_option(
    "--log-format", type=click.Choice(FORMATS), default="text", show_default=True, help="Of what it says on stderr."
)
def main(log_format: Format) -> None:
    """Tagdock's service: stores what gateways report, answers what people ask."""
    set_up_log(log_format)
    os.environ["TAGDOCK_LOG_FORMAT"] = log_format  # the programs that `serve` starts speak alike
    end_with_parent()


@main.command()
@_database
@_data
def migrate(database: str | None, data: Path) -> None:
    """Bring a database to the current schema."""
    from tagdock_cloud.store import migrate as steps  # noqa: PLC0415  # the other commands start faster without it

    applied = steps.migrate(database or _served_database(data))
    click.echo(f"applied {' '.join(applied)}" if applied else "nothing to do: the schema is current")


@main.command()
@_database
@_data
def rebuild(database: str | None, data: Path) -> None:
    """Work out items' places, flows and lives anew from the record."""
    from tagdock_cloud.ingest import rebuild as projections  # noqa: PLC0415
    from tagdock_cloud.life import following as lives  # noqa: PLC0415

    url = database or _served_database(data)
    items = projections.rebuild(url, lambda done: click.echo(f"{done} items are done", err=True))
    told = lives.rebuild(url, lambda done: click.echo(f"{done} lives are done", err=True))
    click.echo(f"rebuilt {items} items, the flows and {told} lives")


@main.command()
@_database
@_host
@_http_port
@_open
@_private_webhooks
@_option(
    "--watch-disk",
    type=click.Path(path_type=Path, file_okay=False),
    help="A folder whose disk the console's health page watches: where the database lies, if that is here.",
)
@front_options
def api(
    *,
    database: str | None,
    host: str,
    http_port: int,
    is_open: bool,
    private_webhooks: bool,
    watch_disk: Path | None,
    front: Front,
) -> None:
    """Serve the HTTP interface and the console."""
    check_open(host, is_open)
    if database is None:
        raise ConfigurationError("give --database URL; `tagdock-cloud serve` brings its own")
    from tagdock_cloud.serve.http import run_api  # noqa: PLC0415  # the other commands start faster without FastAPI

    run_api(ApiConfig(pool.check_url(database), host, http_port, is_open, private_webhooks, front, watch_disk))


@main.command()
@_database
@_private_webhooks
def work(database: str | None, private_webhooks: bool) -> None:
    """Do what is due: alerts, webhooks, housekeeping. Any number of these share the work."""
    if database is None:
        raise ConfigurationError("give --database URL; `tagdock-cloud serve` brings its own")
    from tagdock_cloud.work.run import run_work  # noqa: PLC0415

    run_work(WorkConfig(pool.check_url(database), private_webhooks))


@main.command(hidden=True)
@_database
@_host
@_broker_port
@_option("--broker-password", required=True, help="Ingest's password.")
@_option("--inside-port", type=click.IntRange(1, 65535), help="A plain port on loopback, for ingest, beside TLS.")
@_open
@front_options
def broker(
    *,
    database: str,
    host: str,
    broker_port: int,
    broker_password: str,
    inside_port: int | None,
    is_open: bool,
    front: Front,
) -> None:
    """Run the embedded broker alone; `serve` does that."""
    from tagdock_cloud.embedded.broker import run_broker  # noqa: PLC0415  # an extra: it may not be installed

    check_open(host, is_open)
    run_broker(
        EmbeddedBrokerConfig(
            pool.check_url(database),
            broker_password,
            host,
            broker_port,
            is_open,
            tls_cert=front.tls_cert,
            tls_key=front.tls_key,
            inside_port=inside_port,
        )
    )


@main.command()
@_data
@_database
@_broker
@_broker_ca
@_host
@_http_port
@_broker_port
@_open
@_private_webhooks
@_json
@front_options
def serve(
    *,
    data: Path,
    database: str | None,
    broker: str | None,
    broker_ca: Path | None,
    host: str,
    http_port: int,
    broker_port: int,
    is_open: bool,
    private_webhooks: bool,
    as_json: bool,
    front: Front,
) -> None:
    """Run everything on one box; without --database and --broker it brings its own."""
    check_open(host, is_open)
    config = ServeConfig(
        data=data,
        database=None if database is None else pool.check_url(database),
        broker=None if broker is None else parse_broker(broker, broker_ca),
        host=host,
        http_port=http_port,
        broker_port=broker_port,
        is_open=is_open,
        private_webhooks=private_webhooks,
        front=front,
    )
    from tagdock_cloud.serve import supervisor  # noqa: PLC0415

    supervisor.serve(config, functools.partial(_print_addresses, as_json=as_json))


def _print_addresses(addresses: dict[str, str], *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(addresses))
        return
    click.echo(f"console   {addresses['console']}\nbroker    {addresses['broker']}")
    click.echo("ready; stop with Ctrl-C", err=True)


for _command in (ingest, backup, restore, retention, life, users_group, tokens_group, gateways_group):
    main.add_command(_command)
