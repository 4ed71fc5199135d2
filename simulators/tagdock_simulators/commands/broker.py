"""What commands share that go to an MQTT broker: its address, who we are to it, the password from elsewhere."""

import os
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import click

from tagdock_simulators.mqtt.broker import Broker, broker_at

PASSWORD_VARIABLE = "TAGDOCK_BROKER_PASSWORD"  # noqa: S105  # the variable's name, not its value
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_PASSWORD_CHARS = 65_535
"""What an MQTT CONNECT can carry (3.1.1, 3.1.3.5)."""

_OPTIONS = (
    click.option(
        "--broker",
        "url",
        default="mqtt://127.0.0.1:1883",
        show_default=True,
        envvar="TAGDOCK_BROKER",
        show_envvar=True,
        help="mqtt://HOST:PORT, or mqtts:// for TLS.",
    ),
    click.option(
        "--ca-file",
        type=_FILE,
        envvar="TAGDOCK_CA_FILE",
        show_envvar=True,
        help="The authority that vouches for the broker.",
    ),
    click.option("--user", envvar="TAGDOCK_USER", show_envvar=True, help="User at the broker."),
    click.option(
        "--password-file",
        type=_FILE,
        envvar="TAGDOCK_PASSWORD_FILE",
        show_envvar=True,
        help=f"The user's password; or put it into {PASSWORD_VARIABLE}.",
    ),
)


def broker_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options that name a broker; it takes `broker`."""

    @wraps(command)
    def with_broker(
        *, url: str, ca_file: Path | None, user: str | None, password_file: Path | None, **more: Any
    ) -> Any:
        try:
            broker = _broker(url, ca_file, user, _password(password_file))
        except (ValueError, OSError) as error:
            raise click.UsageError(str(error)) from error
        return command(broker=broker, **more)

    for option in reversed(_OPTIONS):
        with_broker = option(with_broker)
    return with_broker


def _broker(url: str, ca_file: Path | None, user: str | None, password: str | None) -> Broker:
    """Put the broker together. Raises ValueError with the remedy."""
    broker = broker_at(url, ca_file)
    if broker.username is not None or broker.password is not None:
        raise ValueError(f"--broker: no user or password there, others can see it; use --user and {PASSWORD_VARIABLE}")
    if password is not None and user is None:
        raise ValueError("a password needs --user")
    if ca_file is not None and not broker.tls:
        raise ValueError("--ca-file goes with a broker's address that begins with mqtts://")
    return Broker(broker.host, broker.port, broker.tls, user, password, ca_file)


def _password(file: Path | None) -> str | None:
    """Read the password from its file, or else from the environment. Raises OSError, ValueError."""
    if file is None:
        return os.environ.get(PASSWORD_VARIABLE)
    with file.open(encoding="utf-8") as opened:
        text = opened.read(_PASSWORD_CHARS + 2).rstrip("\r\n")
    if not text or len(text) > _PASSWORD_CHARS:
        raise ValueError(f"--password-file: {file} must hold the password and nothing else")
    return text
