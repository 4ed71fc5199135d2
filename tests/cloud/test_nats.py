"""NATS holds everybody to the same table as mosquitto and the embedded broker."""

import os
import shutil
import socket
import subprocess
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from tagdock_cloud.access.acl import CLOUD_USER, nats_file
from tagdock_cloud.access.gateways import add_gateway, nats_secrets
from tagdock_cloud.access.secrets import hash_for_nats
from tagdock_cloud.serve.ports import choose_port
from tagdock_cloud.store.pool import connect
from tagdock_contract import GatewayAddress

FIRST, SECOND = GatewayAddress("s1", "g1"), GatewayAddress("s1", "g2")


def listens(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


def test_nats_holds_everybody_to_the_table(
    database: str, tmp_path: Path, talk: Callable[..., Any], wait_until: Callable[..., Any]
) -> None:
    found = shutil.which("nats-server", path=f"{os.environ['PATH']}:/usr/sbin")
    if found is None:
        pytest.skip("nats-server is not installed: apt-get install nats-server")
    with connect(database) as connection:
        secrets = {address: add_gateway(connection, address) for address in (FIRST, SECOND)}
        connection.execute("insert into gateways (site, gateway, secret_hash) values ('s1', 'old', 'x')")
        hashes, without = nats_secrets(connection)
    assert without == [GatewayAddress("s1", "old")]
    (tmp_path / "authorization.conf").write_text(nats_file(hashes, hash_for_nats("cloud's")))
    plain, port = choose_port("127.0.0.1", 0, ""), choose_port("127.0.0.1", 0, "")
    (tmp_path / "nats.conf").write_text(
        f'server_name: one\nlisten: "127.0.0.1:{plain}"\njetstream {{ store_dir: "{tmp_path}/store" }}\n'
        f'mqtt {{ listen: "127.0.0.1:{port}" }}\ninclude ./authorization.conf\n'
    )
    with subprocess.Popen([found, "-c", str(tmp_path / "nats.conf")], stderr=subprocess.DEVNULL) as process:
        try:
            wait_until(lambda: listens(port))
            assert talk(port, "s1.g1", "s1.g1", "wrong").code == "Not authorized"
            cloud = talk(port, CLOUD_USER, CLOUD_USER, "cloud's")
            first = talk(port, "s1.g1", "s1.g1", secrets[FIRST])
            second = talk(port, "s1.g2", "s1.g2", secrets[SECOND])
            first.listen("tagdock/v1/s1/g1/ack")
            cloud.listen("tagdock/v1/s1/+/events", "tagdock/v1/+/+/status")
            second.listen("tagdock/v1/s1/g2/ack", "tagdock/v1/s1/g1/ack", "#", "$MQTT/sub/#")
            first.say("tagdock/v1/s1/g1/events", b"mine")
            first.say("tagdock/v1/s1/g2/events", b"not mine")
            first.say("tagdock/v1/s1/g1/status", b"last")
            cloud.say("tagdock/v1/s1/g1/ack", b"for g1 alone")
            cloud.hears(b"last")
            first.hears(b"for g1 alone")
            assert sorted(payload for _, payload in cloud.heard) == [b"last", b"mine"]
            assert second.heard == []
        finally:
            process.kill()
