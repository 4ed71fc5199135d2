"""A broker's address, TLS files and password: `[gateway]`'s own, and those of whatever has another broker."""

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from tagdock_edge.config.kinds import PATH_WORDS, Text, is_host
from tagdock_edge.config.model import BrokerConfig, TlsConfig
from tagdock_edge.tables import Table

PASSWORD_VARIABLE = "TAGDOCK_GATEWAY_PASSWORD"  # noqa: S105  # the variable's name, not its value
_SECURE_PORT, _OPEN_PORT = 8883, 1883
_PASSWORD_CHARS = 65_535
"""As many as MQTT takes (3.1.1, 3.1.3.5)."""


def read_broker(table: Table, base: Path, environ: Mapping[str, str], variable: str | None = None) -> BrokerConfig:
    """Read the keys `broker`, `tls` and `auth` of a table. Relative paths count from `base`.

    The password comes from the environment's `variable`, where one is named, else from `auth.password_file`.
    """
    tls = _tls(table.table("tls"), base)
    username, password = _credentials(table, base, environ, variable)
    parts = _address(table, variable)
    if parts is None:
        return BrokerConfig("", 0)
    secure = parts.scheme == "mqtts"
    if tls is not None and not secure:
        table.complain("tls", "goes with a broker address that begins with mqtts://")
    if secure and tls is None:
        tls = TlsConfig()
    port = parts.port or (_SECURE_PORT if secure else _OPEN_PORT)
    return BrokerConfig(parts.hostname or "", port, tls, password, username)


def _address(table: Table, variable: str | None) -> SplitResult | None:
    url = table.take("broker", Text, 'the broker\'s address, like "mqtt://127.0.0.1:1883"')
    if url is None:
        return None
    try:
        parts: SplitResult = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:  # its words may hold a part of a password
        table.complain("broker", "is no address; write mqtt://HOST:PORT, a port from 1 to 65535")
        return None
    if (
        parts.scheme not in ("mqtt", "mqtts")
        or not is_host(host)
        or parts.path.strip("/")
        or parts.query
        or parts.port == 0
    ):
        table.complain("broker", "must be mqtt://HOST:PORT, or mqtts://HOST:PORT for TLS, and nothing else")
    if parts.username is not None or parts.password is not None:
        instead = f"{variable} or auth.password_file" if variable else "auth.password_file"
        table.complain("broker", f"must not hold user or password; use {instead}")
    return parts


def _tls(table: Table | None, base: Path) -> TlsConfig | None:
    if table is None:
        return None
    files = {key: read_file_name(table, key, base) for key in ("ca_file", "cert_file", "key_file")}
    if (files["cert_file"] is None) != (files["key_file"] is None):
        table.complain("cert_file", "and key_file belong together; give both or neither")
    table.close()
    return TlsConfig(**files)


def read_file_name(table: Table, key: str, base: Path) -> Path | None:
    """Take the path of a file that has to be there; None where the key is left out."""
    name = table.take(key, Text, PATH_WORDS, None)
    if name is None:
        return None
    path: Path = base / name
    if not _is_file(path):
        table.complain(key, f"names {path}, which is no file")
    return path


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a name longer than names can be, a folder that may not be looked into
        return False


def _credentials(
    table: Table, base: Path, environ: Mapping[str, str], variable: str | None
) -> tuple[str | None, str | None]:
    auth = table.table("auth")
    username, file = None, None
    given = environ.get(variable) if variable is not None else None
    if auth is not None:
        username = auth.take("username", Text, "the user's name at the broker", None)
        if given:  # then the file need not be there: systemd shows it to the service only
            auth.take("password_file", Text, PATH_WORDS, None)
        else:
            file = read_file_name(auth, "password_file", base)
        auth.close()
    if given:
        return username, given
    if file is None or not _is_file(file):
        return username, None
    try:
        with file.open(encoding="utf-8") as opened:
            return username, opened.read(_PASSWORD_CHARS).strip()
    except (OSError, UnicodeDecodeError) as error:
        table.complain("auth.password_file", f"can't be read: {error}")
        return username, None
