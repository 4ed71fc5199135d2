"""Commands for who runs the service: users, tokens, gateways, the broker's files. Each change goes into the audit."""

import getpass
import os
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, get_args

import click
from tagdock_contract import ContractError, GatewayAddress

from tagdock_cloud.access import acl, gateways, tokens, users
from tagdock_cloud.access.roles import ALL_RIGHTS, ROLES, Caller, Right, Role
from tagdock_cloud.access.rules import parse_span
from tagdock_cloud.access.secrets import hash_for_nats, hash_secret, new_secret
from tagdock_cloud.errors import ConfigurationError
from tagdock_cloud.options import json_option, option, print_rows, with_connection
from tagdock_cloud.store.pool import Connection, DictRow

Database = Connection[DictRow]
_role = option("--role", type=click.Choice(ROLES), required=True, help="What it may do: docs/access.md.")
_person = option("--role", type=click.Choice([role for role in ROLES if role != "device"]), required=True)
_sites = option("--site", "sites", multiple=True, metavar="SITE", help="Only at this site; may be given again.")
_password_stdin = option("--password-stdin", is_flag=True, help="Read the password from stdin instead of asking.")


def _who() -> Caller:
    """Return who sits at this command line, as far as the operating system tells."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):
        name = str(os.getuid())
    return Caller(name, "admin", kind="command")


@click.group(name="users")
def users_group() -> None:
    """Users: people who log in to the console."""


@users_group.command(name="add")
@click.argument("name")
@_person
@_sites
@_password_stdin
@option("--no-password", is_flag=True, help="Only the OpenID provider lets them in.")
@with_connection
def users_add(
    connection: Database, name: str, role: Role, sites: tuple[str, ...], *, password_stdin: bool, no_password: bool
) -> None:
    """Add a user; asks for the password."""
    password = None if no_password else _ask_password(password_stdin)
    users.add_user(connection, _who(), name, role, sites=sites or None, password=password)


@users_group.command(name="list")
@json_option
@with_connection
def users_list(connection: Database, as_json: bool) -> None:
    """List the users by name."""
    print_rows(users.list_users(connection), as_json)


@users_group.command(name="disable")
@click.argument("name")
@with_connection
def users_disable(connection: Database, name: str) -> None:
    """Let a user in no more; their browsers are logged out."""
    users.disable_user(connection, _who(), name, disabled=True)


@users_group.command(name="enable")
@click.argument("name")
@with_connection
def users_enable(connection: Database, name: str) -> None:
    """Let a disabled user in again."""
    users.disable_user(connection, _who(), name, disabled=False)


@users_group.command(name="password")
@click.argument("name")
@_password_stdin
@with_connection
def users_password(connection: Database, name: str, password_stdin: bool) -> None:
    """Give a user a new password; their browsers are logged out."""
    users.set_password(connection, _who(), name, _ask_password(password_stdin))


@users_group.command(name="unlock")
@click.argument("name")
@with_connection
def users_unlock(connection: Database, name: str) -> None:
    """Let a user try to log in again at once, after failed logins."""
    users.unlock_user(connection, name)


@click.group(name="tokens")
def tokens_group() -> None:
    """API tokens: which programs may use the HTTP interface."""


@tokens_group.command(name="add")
@click.argument("name")
@_role
@_sites
@option(
    "--right",
    "rights",
    multiple=True,
    type=click.Choice(ALL_RIGHTS),
    help="Only this right of the role; may be given again.",
)
@option("--expires", metavar="SPAN", help="When it ends: 12h, 90d, 52w. Without it, never.")
@with_connection
def tokens_add(
    connection: Database,
    name: str,
    role: Role,
    sites: tuple[str, ...],
    *,
    rights: tuple[Right, ...],
    expires: str | None,
) -> None:
    """Add a token and print it: it is shown only now."""
    if not 1 <= len(name) <= 100 or not name.isprintable():
        raise ConfigurationError("NAME must have 1 to 100 printable characters")
    who, expires_at = _who(), _end(expires)
    scope: dict[str, Any] = {"sites": _checked_sites(sites), "rights": rights or None, "expires_at": expires_at}
    token = tokens.add_token(connection, name, role, **scope, created_by=who.id)
    users.record(connection, who, "token.add", f"token/{name}", after={"role": role, **scope})
    click.echo(token)


@tokens_group.command(name="list")
@json_option
@with_connection
def tokens_list(connection: Database, as_json: bool) -> None:
    """List the tokens by name; nobody can read them back."""
    print_rows(tokens.list_tokens(connection), as_json)


@tokens_group.command(name="revoke")
@click.argument("name")
@with_connection
def tokens_revoke(connection: Database, name: str) -> None:
    """Revoke a token for good, within seconds everywhere."""
    tokens.revoke_token(connection, name)
    users.record(connection, _who(), "token.revoke", f"token/{name}")


@click.group(name="gateways")
def gateways_group() -> None:
    """Gateways: who may report."""


@gateways_group.command(name="add")
@click.argument("gateway", metavar="SITE/GATEWAY")
@with_connection
def gateways_add(connection: Database, gateway: str) -> None:
    """Register a gateway and print its secret: it is shown only now. The user name is SITE.GATEWAY."""
    address = _address(gateway)
    secret = gateways.add_gateway(connection, address)
    users.record(connection, _who(), "gateway.add", f"gateway/{gateway}", site=address.site)
    click.echo(secret)


@gateways_group.command(name="list")
@json_option
@with_connection
def gateways_list(connection: Database, as_json: bool) -> None:
    """List the gateways."""
    print_rows(gateways.list_gateways(connection), as_json)


@gateways_group.command(name="remove")
@click.argument("gateway", metavar="SITE/GATEWAY")
@with_connection
def gateways_remove(connection: Database, gateway: str) -> None:
    """Remove a gateway; what it reported stays."""
    address = _address(gateway)
    gateways.remove_gateway(connection, address)
    users.record(connection, _who(), "gateway.remove", f"gateway/{gateway}", site=address.site)


@gateways_group.command(name="acl")
@option("--out", type=click.Path(path_type=Path, file_okay=False), required=True, help="Folder for the files.")
@option(
    "--broker-kind",
    type=click.Choice(get_args(acl.BrokerKind)),
    default="mosquitto",
    show_default=True,
    help="Whose files: `passwords` and `acl` for mosquitto, `authorization.conf` to include for NATS.",
)
@option("--broker-password", help="Ingest's password; without it a new one is made and printed.")
@option(
    "--ingests",
    type=click.IntRange(1, acl.MOST_INGESTS),
    default=1,
    show_default=True,
    help="mosquitto: users for so many ingest programs, tagdock-cloud, tagdock-cloud-2, ..., with one password.",
)
@with_connection
def gateways_acl(
    connection: Database, out: Path, broker_kind: acl.BrokerKind, broker_password: str | None, ingests: int
) -> None:
    """Write who may publish and subscribe to what, from the registered gateways, as the broker reads it."""
    password = broker_password or new_secret()
    out.mkdir(parents=True, exist_ok=True)
    if broker_kind == "nats":
        count = _write_nats(connection, out, password)
    else:
        count = _write_mosquitto(connection, out, password, ingests)
    if broker_password is None:
        click.echo(password)
    click.echo(f"wrote {out} for {acl.CLOUD_USER} and {count} gateways", err=True)


def _write_mosquitto(connection: Database, out: Path, password: str, ingests: int) -> int:
    secrets = gateways.gateway_secrets(connection)
    _write_private(out / "passwords", acl.password_file(secrets, hash_secret(password), ingests))
    _write_private(out / "acl", acl.acl_file(list(secrets), ingests))
    return len(secrets)


def _write_nats(connection: Database, out: Path, password: str) -> int:
    hashes, without = gateways.nats_secrets(connection)
    for address in without:
        click.echo(
            f"{address.site}/{address.gateway} was registered before NATS was known here and is left out: "
            "remove it and add it again",
            err=True,
        )
    _write_private(out / "authorization.conf", acl.nats_file(hashes, hash_for_nats(password)))
    return len(hashes)


def _ask_password(from_stdin: bool) -> str:
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    return str(click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True))


def _end(expires: str | None) -> datetime | None:
    if expires is None:
        return None
    span: timedelta | None = parse_span(expires)
    if span is None:
        raise ConfigurationError("--expires must be a span such as 12h, 90d or 52w")
    return datetime.now(UTC) + span


def _checked_sites(sites: tuple[str, ...]) -> tuple[str, ...] | None:
    for site in sites:
        users.check_site(site)
    return sites or None


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
