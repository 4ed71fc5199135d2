"""The command line. Results go to stdout, talk to stderr; exit status 0 done, 1 failed, 2 bad usage."""

import functools
import json
import logging
import os
import sys
from pathlib import Path
from typing import Any

import click
from tagdock_contract import ContractError, GatewayAddress

from tagdock_cloud.access import acl, gateways, tokens
from tagdock_cloud.access.roles import ROLES, Role
from tagdock_cloud.access.secrets import hash_secret, new_secret
from tagdock_cloud.backup.commands import backup, restore
from tagdock_cloud.config import (
    ApiConfig,
    EmbeddedBrokerConfig,
    IngestConfig,
    ServeConfig,
    WorkConfig,
    check_open,
    parse_broker,
)
from tagdock_cloud.errors import CloudError, ConfigurationError
from tagdock_cloud.keeping.commands import retention
from tagdock_cloud.options import data_option as _data
from tagdock_cloud.options import database_option as _database
from tagdock_cloud.options import json_option as _json
from tagdock_cloud.options import option as _option
from tagdock_cloud.options import print_rows as _print
from tagdock_cloud.options import served_database as _served_database
from tagdock_cloud.options import with_connection as _with_connection
from tagdock_cloud.serve.child import end_with_parent
from tagdock_cloud.store import pool

_broker = _option("--broker", metavar="URL", help="mqtt://user:password@host:1883, or mqtts://... for TLS.")
_broker_ca = _option(
    "--broker-ca", type=click.Path(path_type=Path), help="Certificates that vouch for an mqtts broker."
)
_host = _option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
_http_port = _option(
    "--http-port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="0: any free one."
)
_broker_port = _option(
    "--broker-port", type=click.IntRange(0, 65535), default=1883, show_default=True, help="0: any free one."
)
_open = _option(
    "--open",
    "is_open",
    is_flag=True,
    help="Lab mode: unknown gateways register themselves, reading needs no token; loopback only.",
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
def main() -> None:
    """Tagdock's service: stores what gateways report, answers what people ask."""
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    end_with_parent()
    logging.getLogger("alembic").setLevel(logging.WARNING)


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
    """Work out items' places and flows anew from the record."""
    from tagdock_cloud.ingest import rebuild as projections  # noqa: PLC0415

    items = projections.rebuild(
        database or _served_database(data), lambda done: click.echo(f"{done} items are done", err=True)
    )
    click.echo(f"rebuilt {items} items and the flows")


@main.command()
@_database
@_host
@_http_port
@_open
@_private_webhooks
def api(database: str | None, host: str, http_port: int, is_open: bool, private_webhooks: bool) -> None:
    """Serve the HTTP interface and the console."""
    check_open(host, is_open)
    if database is None:
        raise ConfigurationError("give --database URL; `tagdock-cloud serve` brings its own")
    from tagdock_cloud.serve.http import run_api  # noqa: PLC0415  # the other commands start faster without FastAPI

    run_api(ApiConfig(pool.check_url(database), host, http_port, is_open, private_webhooks))


@main.command()
@_database
@_broker
@_broker_ca
@_open
@_option(
    "--client-id",
    default="tagdock-cloud-ingest",
    show_default=True,
    help="Its session at the broker; one program each.",
)
@_option(
    "--group-events",
    type=click.IntRange(1, 100_000),
    default=5_000,
    show_default=True,
    help="Most events a transaction.",
)
@_option(
    "--group-wait-ms", type=click.FloatRange(0, 1000), default=5, show_default=True, help="How long a group may fill."
)
@_option(
    "--ahead-s",
    type=click.FloatRange(0),
    default=3600,
    show_default=True,
    help="How far an event may lie ahead of the clock.",
)
@_option("--behind-days", type=click.FloatRange(0, 36_500), default=3650, show_default=True, help="And how far behind.")
def ingest(
    *,
    database: str | None,
    broker: str | None,
    broker_ca: Path | None,
    is_open: bool,
    client_id: str,
    group_events: int,
    group_wait_ms: float,
    ahead_s: float,
    behind_days: float,
) -> None:
    """Store what gateways report, and acknowledge what is stored."""
    if database is None or broker is None:
        raise ConfigurationError("give --database URL and --broker URL; `tagdock-cloud serve` brings its own")
    config = IngestConfig(
        database=pool.check_url(database),
        broker=parse_broker(broker, broker_ca),
        is_open=is_open,
        client_id=client_id,
        group_events=group_events,
        group_wait_s=group_wait_ms / 1000,
        ahead_s=ahead_s,
        behind_days=behind_days,
    )
    from tagdock_cloud.ingest.run import run_ingest  # noqa: PLC0415

    run_ingest(config)


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
@_open
def broker(database: str, host: str, broker_port: int, broker_password: str, is_open: bool) -> None:
    """Run the embedded broker alone; `serve` does that."""
    from tagdock_cloud.embedded.broker import run_broker  # noqa: PLC0415  # an extra: it may not be installed

    check_open(host, is_open)
    run_broker(EmbeddedBrokerConfig(pool.check_url(database), broker_password, host, broker_port, is_open))


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
    )
    from tagdock_cloud.serve import supervisor  # noqa: PLC0415

    supervisor.serve(config, functools.partial(_print_addresses, as_json=as_json))


def _print_addresses(addresses: dict[str, str], *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(addresses))
        return
    click.echo(f"console   {addresses['console']}\nbroker    {addresses['broker']}")
    click.echo("ready; stop with Ctrl-C", err=True)


for _command in (backup, restore, retention):
    main.add_command(_command)


@main.group(name="tokens")
def tokens_group() -> None:
    """API tokens: who may use the HTTP interface and the console."""


@tokens_group.command(name="add")
@click.argument("name")
@_option("--role", type=click.Choice(ROLES), required=True, help="viewer reads, planner also plans, admin does all.")
@_with_connection
def tokens_add(connection: pool.Connection[pool.DictRow], name: str, role: Role) -> None:
    """Add a token and print it: it is shown only now."""
    if not 1 <= len(name) <= 100 or not name.isprintable():
        raise ConfigurationError("NAME must have 1 to 100 printable characters")
    click.echo(tokens.add_token(connection, name, role))


@tokens_group.command(name="list")
@_json
@_with_connection
def tokens_list(connection: pool.Connection[pool.DictRow], as_json: bool) -> None:
    """List the tokens by name; nobody can read them back."""
    _print(tokens.list_tokens(connection), as_json)


@tokens_group.command(name="revoke")
@click.argument("name")
@_with_connection
def tokens_revoke(connection: pool.Connection[pool.DictRow], name: str) -> None:
    """Revoke a token, at once and for good."""
    tokens.revoke_token(connection, name)


@main.group(name="gateways")
def gateways_group() -> None:
    """Gateways: who may report."""


@gateways_group.command(name="add")
@click.argument("gateway", metavar="SITE/GATEWAY")
@_with_connection
def gateways_add(connection: pool.Connection[pool.DictRow], gateway: str) -> None:
    """Register a gateway and print its secret: it is shown only now. The user name is SITE.GATEWAY."""
    click.echo(gateways.add_gateway(connection, _address(gateway)))


@gateways_group.command(name="list")
@_json
@_with_connection
def gateways_list(connection: pool.Connection[pool.DictRow], as_json: bool) -> None:
    """List the gateways."""
    _print(gateways.list_gateways(connection), as_json)


@gateways_group.command(name="remove")
@click.argument("gateway", metavar="SITE/GATEWAY")
@_with_connection
def gateways_remove(connection: pool.Connection[pool.DictRow], gateway: str) -> None:
    """Remove a gateway; what it reported stays."""
    gateways.remove_gateway(connection, _address(gateway))


@gateways_group.command(name="acl")
@_option("--out", type=click.Path(path_type=Path, file_okay=False), required=True, help="Folder for the files.")
@_option("--broker-password", help="Ingest's password; without it a new one is made and printed.")
@_with_connection
def gateways_acl(connection: pool.Connection[pool.DictRow], out: Path, broker_password: str | None) -> None:
    """Write mosquitto's password_file and acl_file (`passwords`, `acl`) from the registered gateways."""
    secrets = gateways.gateway_secrets(connection)
    password = broker_password or new_secret()
    out.mkdir(parents=True, exist_ok=True)
    _write_private(out / "passwords", acl.password_file(secrets, hash_secret(password)))
    _write_private(out / "acl", acl.acl_file(list(secrets)))
    if broker_password is None:
        click.echo(password)
    click.echo(f"wrote {out}/passwords and {out}/acl for {acl.CLOUD_USER} and {len(secrets)} gateways", err=True)


def _address(text: str) -> GatewayAddress:
    site, _, gateway = text.partition("/")
    try:
        return GatewayAddress(site, gateway)
    except ContractError as error:
        raise ConfigurationError(f"SITE/GATEWAY: {error}") from None


def _write_private(file: Path, text: str) -> None:
    """Write a file that only its owner reads, whole or not at all."""
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    draft.touch(mode=0o600)
    draft.write_text(text, encoding="utf-8")
    draft.replace(file)
