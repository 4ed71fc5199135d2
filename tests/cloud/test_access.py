"""Who may come in: roles, tokens, secrets, topics."""

import asyncio
import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tagdock_cloud.access import lookup
from tagdock_cloud.access.acl import CLOUD_USER, acl_file, cloud_users, may, password_file
from tagdock_cloud.access.gateways import add_gateway, gateway_secrets, list_gateways, remove_gateway
from tagdock_cloud.access.lookup import Lookup
from tagdock_cloud.access.roles import ALL_RIGHTS, ROLES, Caller
from tagdock_cloud.access.secrets import hash_secret, hash_token, is_secret, new_secret, new_token
from tagdock_cloud.access.tokens import add_token, list_tokens, revoke_token
from tagdock_cloud.errors import CloudError
from tagdock_cloud.store.errors import DatabaseUnavailableError
from tagdock_cloud.store.pool import AsyncPool, connect
from tagdock_cloud.web.problems import Problem
from tagdock_contract import GatewayAddress

GATEWAY = GatewayAddress("s1", "g1")


@pytest.mark.parametrize("role", ROLES)
def test_an_admin_may_all_a_device_nothing_and_everybody_else_reads(role: Any) -> None:
    held = {right for right in ALL_RIGHTS if Caller("x", role).may(right)}
    assert (held == set(ALL_RIGHTS)) is (role == "admin")
    assert ("read" in held) is (role != "device") and (not held) is (role == "device")


def test_a_scope_takes_rights_away_and_never_adds_one() -> None:
    scoped = Caller("x", "planner", rights=frozenset({"read", "administer"}))
    assert [right for right in ALL_RIGHTS if scoped.may(right)] == ["read"]


def test_a_caller_keeps_to_its_sites() -> None:
    everywhere, here = Caller("x", "admin"), Caller("x", "admin", frozenset({"s2", "s1"}))
    everywhere.check("s9")
    everywhere.check_everywhere()
    assert everywhere.listed is None and here.listed == ["s1", "s2"]
    here.check("s1")
    here.check(None)
    for refused in (lambda: here.check("s9"), here.check_everywhere):
        with pytest.raises(Problem) as caught:
            refused()
        assert caught.value.status == 403


def test_a_token_is_found_by_its_holder_until_it_is_revoked(database: str) -> None:
    async def caller(token: str) -> Any:
        async with AsyncPool(database, name="test") as pool:
            return await Lookup(pool).by_token(token)

    with connect(database) as connection:
        token = add_token(connection, "bob", "planner")
        connection.commit()
        found = asyncio.run(caller(token))
        assert (found.name, found.role) == ("bob", "planner")
        assert asyncio.run(caller(token + "x")) is None
        revoke_token(connection, "bob")
        connection.commit()
        assert asyncio.run(caller(token)) is None


def test_a_database_that_freezes_is_not_waited_for(
    database: str, sql: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lookup, "DEADLINE_S", 0.5)

    async def ask() -> None:
        async with AsyncPool(database, name="frozen", max_size=1) as pool:
            found = Lookup(pool)
            assert await found.by_token("x") is None
            pids = [row["pid"] for row in sql("select pid from pg_stat_activity where application_name = 'frozen'")]
            for pid in pids:
                os.kill(pid, signal.SIGSTOP)
            try:
                for _ in range(2):
                    with pytest.raises(DatabaseUnavailableError):
                        await found.by_token("x")
            finally:
                for pid in pids:
                    os.kill(pid, signal.SIGCONT)
            while found._asking:
                await asyncio.sleep(0.05)
            assert await found.by_token("x") is None

    asyncio.run(ask())


def test_the_database_never_holds_a_token_or_a_secret(database: str, sql: Callable[..., Any]) -> None:
    with connect(database) as connection:
        token, secret = add_token(connection, "bob", "admin"), add_gateway(connection, GATEWAY)
    everything = repr(sql("select *, encode(token_hash, 'escape') from tokens")) + repr(sql("select * from gateways"))
    assert token not in everything and secret not in everything


def test_a_name_in_use_is_refused_and_free_again_when_revoked(database: str) -> None:
    with connect(database) as connection:
        add_token(connection, "bob", "viewer")
        with pytest.raises(CloudError, match="revoke it first"):
            add_token(connection, "bob", "admin")
        revoke_token(connection, "bob")
        with pytest.raises(CloudError, match="no token named"):
            revoke_token(connection, "bob")
        add_token(connection, "bob", "admin")
        in_force = [row["role"] for row in list_tokens(connection) if row["revoked_at"] is None]
    assert in_force == ["admin"]


def test_a_gateway_gets_a_secret_once_and_its_site_exists_from_then_on(database: str, sql: Callable[..., Any]) -> None:
    with connect(database) as connection:
        secret = add_gateway(connection, GATEWAY)
        with pytest.raises(CloudError, match="gateways remove s1/g1"):
            add_gateway(connection, GATEWAY)
        assert is_secret(secret, gateway_secrets(connection)[GATEWAY])
        connection.commit()
        assert sql("select site from sites") == [{"site": "s1"}]
        remove_gateway(connection, GATEWAY)
        with pytest.raises(CloudError, match="gateways list"):
            remove_gateway(connection, GATEWAY)
        assert list_gateways(connection) == []


def test_a_gateway_that_registered_itself_can_be_given_a_secret(database: str, sql: Callable[..., Any]) -> None:
    sql("insert into gateways (site, gateway) values ('s1', 'g1')")
    with connect(database) as connection:
        assert is_secret(add_gateway(connection, GATEWAY), gateway_secrets(connection)[GATEWAY])


@given(secret=st.text(max_size=50), other=st.text(max_size=50))
def test_only_the_secret_fits_its_hash(secret: str, other: str) -> None:
    assert is_secret(secret, hash_secret(secret))
    assert is_secret(other, hash_secret(secret)) == (other == secret)


@pytest.mark.parametrize(
    "damaged", ["", "$7$", "$6$x$y", "$7$0$YQ==$YQ==", "$7$9$!!$" + "A" * 88, "$7$9$A$" + "A" * 88]
)
def test_a_damaged_hash_fits_nothing(damaged: str) -> None:
    assert not is_secret("", damaged)


def test_tokens_and_secrets_are_long_and_never_the_same() -> None:
    made = {maker() for maker in (new_token, new_secret) for _ in range(100)}
    assert len(made) == 200 and min(map(len, made)) >= 43
    assert len(hash_token(new_token())) == 32


ACCESS = [
    # user, what, topic, allowed
    ("s1.g1", "publish", "tagdock/v1/s1/g1/events", True),
    ("s1.g1", "publish", "tagdock/v1/s1/g1/status", True),
    ("s1.g1", "publish", "tagdock/v1/s1/g1/ack", False),
    ("s1.g1", "publish", "tagdock/v1/s1/g2/events", False),
    ("s1.g1", "publish", "tagdock/v1/s2/g1/events", False),
    ("s1.g1", "subscribe", "tagdock/v1/s1/g1/ack", True),
    ("s1.g1", "subscribe", "tagdock/v1/s1/+/ack", False),
    ("s1.g1", "subscribe", "tagdock/v1/s1/g1/events", False),
    ("s1.g1", "subscribe", "#", False),
    (CLOUD_USER, "subscribe", "tagdock/v1/+/+/events", True),
    (CLOUD_USER, "subscribe", "tagdock/v1/+/+/status", True),
    (CLOUD_USER, "subscribe", "tagdock/v1/s1/+/events", True),
    (CLOUD_USER, "subscribe", "tagdock/v1/s1/+/ack", False),
    (CLOUD_USER, "subscribe", "tagdock/v1/s1/#", False),
    (CLOUD_USER, "subscribe", "tagdock/v1/#/+/events", False),
    (CLOUD_USER, "subscribe", "#", False),
    (CLOUD_USER, "publish", "tagdock/v1/s1/g1/ack", True),
    (CLOUD_USER, "publish", "tagdock/v1/s1/g1/events", False),
    ("", "publish", "tagdock/v1/s1/g1/events", False),
]


@pytest.mark.parametrize(("user", "action", "topic", "allowed"), ACCESS)
def test_everybody_keeps_to_their_own_topics(user: str, action: Any, topic: str, allowed: bool) -> None:
    assert may(user, action, topic) is allowed


def test_mosquitto_holds_everybody_to_the_same_table(
    tmp_path: Path, run_mosquitto: Callable[..., int], talk: Callable[..., Any]
) -> None:
    secrets = {GATEWAY: "one", GatewayAddress("s1", "g2"): "two"}
    hashes = {address: hash_secret(secret) for address, secret in secrets.items()}
    (tmp_path / "mosquitto-passwords").write_text(password_file(hashes, hash_secret("cloud's")))
    (tmp_path / "mosquitto-acl").write_text(acl_file(list(secrets)))
    port = run_mosquitto(
        "allow_anonymous false",
        f"password_file {tmp_path}/mosquitto-passwords",
        f"acl_file {tmp_path}/mosquitto-acl",
    )
    assert talk(port, "s1.g1", "s1.g1", "wrong").code == "Not authorized"
    assert talk(port, "s1.g3", "s1.g3", "one").code == "Not authorized"
    cloud = talk(port, CLOUD_USER, CLOUD_USER, "cloud's")
    first, second = talk(port, "s1.g1", "s1.g1", "one"), talk(port, "s1.g2", "s1.g2", "two")
    first.listen("tagdock/v1/s1/g1/ack")
    cloud.listen("tagdock/v1/s1/+/events", "tagdock/v1/+/+/status")
    second.listen("tagdock/v1/s1/g1/ack", "#")
    first.say("tagdock/v1/s1/g1/events", b"mine")
    first.say("tagdock/v1/s1/g2/events", b"not mine")
    first.say("tagdock/v1/s1/g1/status", b"last")
    cloud.say("tagdock/v1/s1/g1/ack", b"for g1 alone")
    cloud.hears(b"last")
    first.hears(b"for g1 alone")
    assert [payload for _, payload in cloud.heard] == [b"mine", b"last"]
    assert second.heard == []


def test_nobody_takes_the_session_of_another_gateway(
    tmp_path: Path, run_mosquitto: Callable[..., int], talk: Callable[..., Any]
) -> None:
    """As `deploy/mosquitto.conf` has it: a client id that is not one's own is one's own, and nothing of the other's."""
    secrets = {GATEWAY: "one", GatewayAddress("s1", "g2"): "two"}
    hashes = {address: hash_secret(secret) for address, secret in secrets.items()}
    (tmp_path / "mosquitto-passwords").write_text(password_file(hashes, hash_secret("cloud's"), ingests=2))
    (tmp_path / "mosquitto-acl").write_text(acl_file(list(secrets), ingests=2))
    deployed = (Path(__file__).parents[2] / "deploy/mosquitto.conf").read_text()
    (bound,) = [line for line in deployed.splitlines() if line.startswith("use_username_as_clientid")]
    files = [f"password_file {tmp_path}/mosquitto-passwords", f"acl_file {tmp_path}/mosquitto-acl"]
    port = run_mosquitto(bound, "allow_anonymous false", *files)
    cloud, other = (talk(port, "tagdock-cloud-ingest", user, "cloud's") for user in cloud_users(2))
    first = talk(port, "s1.g1", "s1.g1", "one")
    first.listen("tagdock/v1/s1/g1/ack")
    thief = talk(port, "s1.g1", "s1.g2", "two")
    cloud.listen("tagdock/v1/s1/+/events")
    cloud.say("tagdock/v1/s1/g1/ack", b"for g1 alone")
    first.hears(b"for g1 alone")
    other.say("tagdock/v1/s1/g1/ack", b"and again")  # so both ingest programs are still there
    first.hears(b"and again")
    first.say("tagdock/v1/s1/g1/events", b"mine")
    cloud.hears(b"mine")
    assert not first.is_lost and not cloud.is_lost and thief.heard == []


def test_the_command_line_adds_lists_and_revokes(
    database: str, program: Callable[..., subprocess.Popen[bytes]], tmp_path: Path
) -> None:
    def run(*arguments: str) -> tuple[int, str, str]:
        process = program(*arguments, database=database)
        out, err = process.communicate(timeout=30)
        return process.returncode, out.decode(), err.decode()

    status, token, _ = run("tokens", "add", "bob", "--role", "admin")
    assert status == 0 and token.startswith("tagdock_")
    assert run("tokens", "add", "bob", "--role", "admin")[0] == 1
    assert run("tokens", "add", "eve", "--role", "king")[0] == 2
    assert "bob" in run("tokens", "list", "--json")[1]
    assert run("tokens", "revoke", "bob")[0] == 0
    assert run("gateways", "add", "no-slash")[0] == 2
    status, secret, _ = run("gateways", "add", "s1/g1")
    assert status == 0 and len(secret.strip()) >= 43
    assert "g1" in run("gateways", "list")[1]
    status, password, _ = run("gateways", "acl", "--out", str(tmp_path / "acl"))
    assert status == 0
    modes = {file.name: file.stat().st_mode & 0o777 for file in (tmp_path / "acl").iterdir()}
    assert modes == {"passwords": 0o600, "acl": 0o600}
    lines = dict(line.split(":", 1) for line in (tmp_path / "acl" / "passwords").read_text().splitlines())
    assert is_secret(password.strip(), lines[CLOUD_USER]) and is_secret(secret.strip(), lines["s1.g1"])
    assert run("gateways", "remove", "s1/g1")[0] == 0
