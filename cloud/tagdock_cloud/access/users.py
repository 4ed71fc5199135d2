"""Users as the command line manages them; `routes.py` does the same over HTTP. Every change goes into the audit."""

import re
from collections.abc import Collection
from typing import Any

from tagdock_cloud.access.lockout import attempt_key
from tagdock_cloud.access.passwords import LEAST_CHARACTERS, MOST_CHARACTERS, hash_password
from tagdock_cloud.access.roles import Caller, Role
from tagdock_cloud.errors import CloudError, ConfigurationError
from tagdock_cloud.store.pool import Connection, DictRow
from tagdock_cloud.store.queries import load_queries
from tagdock_cloud.web.audit import audit_values
from tagdock_cloud.web.names import SITE_PATTERN

_SQL = load_queries("tagdock_cloud.access")
_WEB = load_queries("tagdock_cloud.web")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@+-]{0,63}")


def add_user(
    connection: Connection[DictRow],
    who: Caller,
    name: str,
    role: Role,
    *,
    sites: Collection[str] | None = None,
    password: str | None = None,
) -> None:
    """Add a user. Raises ConfigurationError for a name or password that will not do, CloudError for a name in use."""
    if not _NAME.fullmatch(name):
        raise ConfigurationError("NAME must have 1 to 64 of A-Z a-z 0-9 . _ @ + - and begin with a letter or digit")
    for site in sites or ():
        check_site(site)
    values = {"name": name, "role": role, "sites": None if sites is None else sorted(set(sites))}
    password_hash = None if password is None else _hashed(password)
    user = connection.execute(_SQL["user_add"], {**values, "password_hash": password_hash}).fetchone()
    if user is None:
        raise CloudError(f"there is a user {name} already: `tagdock-cloud users list` names them")
    record(connection, who, "user.add", f"user/{name}", after=user)


def list_users(connection: Connection[DictRow]) -> list[dict[str, Any]]:
    """List all users by name."""
    return connection.execute(_SQL["users_list"], {"after": None, "listed": None, "rows": None}).fetchall()


def disable_user(connection: Connection[DictRow], who: Caller, name: str, *, disabled: bool) -> None:
    """Disable a user and log them out, or let them in again. Raises CloudError on an unknown one."""
    before = _user(connection, name)
    values = {"name": name, "role": before["role"], "sites": before["sites"], "disabled": disabled}
    after = connection.execute(_SQL["user_change"], values).fetchone()
    if disabled:
        connection.execute(_SQL["sessions_end_of"], {"user": name})
    record(connection, who, "user.put", f"user/{name}", before=before, after=after)


def set_password(connection: Connection[DictRow], who: Caller, name: str, password: str) -> None:
    """Give a user a new password and log them out. Raises CloudError on an unknown one."""
    _user(connection, name)
    connection.execute(_SQL["user_password"], {"name": name, "password_hash": _hashed(password)})
    connection.execute(_SQL["sessions_end_of"], {"user": name})
    record(connection, who, "user.password", f"user/{name}")


def unlock_user(connection: Connection[DictRow], name: str) -> None:
    """Forgive a user's failed logins. Raises CloudError on an unknown one."""
    _user(connection, name)
    connection.execute(_SQL["login_unlock"], {"key": attempt_key("user", name)})


def record(
    connection: Connection[DictRow],
    who: Caller,
    action: str,
    subject: str,
    *,
    site: str | None = None,
    before: Any = None,
    after: Any = None,
) -> None:
    """Record a change in the audit."""
    values = audit_values(who, action, subject, site=site, before=before, after=after)
    connection.execute(_WEB["audit"], values)


def check_site(site: str) -> None:
    """Raise ConfigurationError for a text that names no site."""
    if not re.fullmatch(SITE_PATTERN, site):
        raise ConfigurationError(f"--site: a site has 1 to 64 of A-Z a-z 0-9 _ -, unlike {site[:64]!r}")


def _user(connection: Connection[DictRow], name: str) -> DictRow:
    user = connection.execute(_SQL["user_one"], {"name": name}).fetchone()
    if user is None:
        raise CloudError(f"no user {name}: `tagdock-cloud users list` names them")
    return user


def _hashed(password: str) -> str:
    if not LEAST_CHARACTERS <= len(password) <= MOST_CHARACTERS:
        raise ConfigurationError(f"a password has {LEAST_CHARACTERS} to {MOST_CHARACTERS} characters")
    return hash_password(password)
