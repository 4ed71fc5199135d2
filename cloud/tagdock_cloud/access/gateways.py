"""Gateways that may report: registered with a secret of their own."""

from typing import Any

from tagdock_contract import GatewayAddress

from tagdock_cloud.access.secrets import hash_for_nats, hash_secret, new_secret
from tagdock_cloud.errors import CloudError
from tagdock_cloud.store.pool import AsyncPool, Connection, DictRow
from tagdock_cloud.store.queries import load_queries

_SQL = load_queries("tagdock_cloud.access")


def add_gateway(connection: Connection[DictRow], address: GatewayAddress) -> str:
    """Register a gateway and return its secret, which is seen only now. Raises CloudError where it has one already."""
    secret = new_secret()
    connection.execute(_SQL["site_add"], {"site": address.site})
    if connection.execute(_SQL["gateway_add"], gateway_values(address, secret)).fetchone() is None:
        name = f"{address.site}/{address.gateway}"
        raise CloudError(
            f"the gateway {name} is registered; for a new secret, `tagdock-cloud gateways remove {name}` first"
        )
    return secret


def gateway_values(address: GatewayAddress, secret: str) -> dict[str, Any]:
    """Return the values of the query `gateway_add`."""
    hashes = {"secret_hash": hash_secret(secret), "secret_bcrypt": hash_for_nats(secret)}
    return {"site": address.site, "gateway": address.gateway, **hashes}


def list_gateways(connection: Connection[DictRow]) -> list[dict[str, Any]]:
    """List the gateways: site, gateway, has_secret, registered_at, last_event_stored_at."""
    return connection.execute(_SQL["gateways_list"]).fetchall()


def remove_gateway(connection: Connection[DictRow], address: GatewayAddress) -> None:
    """Remove a gateway; what it reported stays. Raises CloudError on an unknown one."""
    if (
        connection.execute(_SQL["gateway_remove"], {"site": address.site, "gateway": address.gateway}).fetchone()
        is None
    ):
        raise CloudError(f"no gateway {address.site}/{address.gateway}: `tagdock-cloud gateways list` names them")


def gateway_secrets(connection: Connection[DictRow]) -> dict[GatewayAddress, str]:
    """Return the hash of each gateway's secret."""
    rows = connection.execute(_SQL["gateway_secrets"]).fetchall()
    return {GatewayAddress(row["site"], row["gateway"]): row["secret_hash"] for row in rows}


def nats_secrets(connection: Connection[DictRow]) -> tuple[dict[GatewayAddress, str], list[GatewayAddress]]:
    """Return the bcrypt hash of each gateway's secret, and the gateways that have none yet."""
    rows = connection.execute(_SQL["gateway_secrets"]).fetchall()
    known = {GatewayAddress(row["site"], row["gateway"]): row["secret_bcrypt"] for row in rows}
    return {address: found for address, found in known.items() if found}, [a for a, found in known.items() if not found]


async def find_secret(pool: AsyncPool, address: GatewayAddress) -> str | None:
    """Return the hash of one gateway's secret; None where it has none. Raises DatabaseUnavailableError."""
    async with pool.connection() as connection:
        cursor = await connection.execute(_SQL["gateway_secret"], {"site": address.site, "gateway": address.gateway})
        row = await cursor.fetchone()
    return None if row is None else str(row["secret_hash"])
