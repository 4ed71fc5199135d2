"""Mail and MQTT, to a real SMTP server and a real broker; neither can hold up the worker."""

import asyncio
import base64
import email
import email.policy
import json
import os
import socketserver
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from paho.mqtt import client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from tagdock_cloud.webhooks.deliver import Deliverer
from tagdock_cloud.webhooks.message import Delivery
from tagdock_cloud.webhooks.message import files as message_files
from tagdock_cloud.webhooks.notifier import Notifier, wording

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # the library looks for a module that Python 3.13 dropped
    from tagdock_cloud.webhooks import notify

BODY = {"change": "raised", "message": "Stock of X is 3, below 5", "severity": "critical", "value": 3}


class MailServer(socketserver.ThreadingTCPServer):
    """As much of SMTP (RFC 5321) as takes a mail, or refuses it, or says nothing at all."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, behaviour: str = "takes") -> None:
        super().__init__(("127.0.0.1", 0), _Session)
        self.behaviour = behaviour
        self.mails: list[tuple[list[str], str]] = []
        self.released = threading.Event()

    @property
    def url(self) -> str:
        port = self.server_address[1]
        return f"mailto://127.0.0.1:{port}?from=dock@tagdock.example&to=chief@house.example"


class _Session(socketserver.StreamRequestHandler):
    server: MailServer

    def handle(self) -> None:
        if self.server.behaviour == "mute":
            self.server.released.wait(60)
            return
        recipients: list[str] = []
        with suppress(OSError):
            self._say("220 mail.example")
            while line := self.rfile.readline().decode().strip():
                word = line.split(":")[0].upper()
                if word == "RCPT TO":
                    recipients.append(line.split(":", 1)[1].strip("<> "))
                if word == "DATA":
                    self._say("354 go on")
                    lines = iter(self.rfile.readline, b".\r\n")
                    self.server.mails.append((recipients, b"".join(lines).decode()))
                if word.startswith("EHLO"):
                    self._say("250 mail.example")
                elif word == "QUIT":
                    self._say("221 bye")
                    return
                else:
                    refuses = self.server.behaviour == "refuses" and word == "RCPT TO"
                    self._say("550 geheim: nobody here" if refuses else "250 fine")

    def _say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())


@contextmanager
def mail_server(behaviour: str = "takes") -> Iterator[MailServer]:
    with MailServer(behaviour) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield server
        finally:
            server.released.set()
            server.shutdown()
            thread.join(20)


def delivery_to(url: str, **changes: Any) -> Delivery:
    at = datetime.now(UTC)
    values: dict[str, Any] = {"delivery_id": UUID(int=7), "topic": "alert", "site": "s1", "body": BODY, **changes}
    return Delivery(
        webhook_id=uuid4(),
        queued_at=at,
        attempts=1,
        claimed_until=at,
        url=url,
        secret=None,
        is_enveloped=True,
        **values,
    )


def send(url: str, **changes: Any) -> str:
    """Send as the program does, without starting one; returns what went wrong."""
    return notify.send(url, *wording(delivery_to(url, **changes)))


def test_a_mail_says_what_happened_and_which_delivery_it_is() -> None:
    with mail_server() as server:
        assert send(server.url) == ""
    ((recipients, text),) = server.mails
    mail = email.message_from_string(text, policy=email.policy.default)
    assert recipients == ["chief@house.example"]
    assert mail["Subject"] == "[critical] Stock of X is 3, below 5" and "dock@tagdock.example" in mail["From"]
    body = mail.get_body(("plain",))
    assert body is not None
    content = body.get_content()
    assert "value: 3" in content and "site: s1" in content and str(UUID(int=7)) in content


def test_the_mail_of_a_report_brings_its_files() -> None:
    files = [
        {"name": "a.csv", "media_type": "text/csv", "content": base64.b64encode(b"kpi\r\n").decode()},
        {"name": "a.pdf", "media_type": "application/pdf", "content": base64.b64encode(b"%PDF-1.4 x").decode()},
    ]
    body = {"message": "Sites: May", "text": "Return rate: 25.0 %", "path": "/x", "files": files}
    with mail_server() as server:
        outcome = asyncio.run(Notifier().send(delivery_to(server.url, topic="report", body=body)))
    assert outcome.error is None
    ((_, text),) = server.mails
    mail = email.message_from_string(text, policy=email.policy.default)
    said = mail.get_body(("plain",))
    assert said is not None and "Return rate: 25.0 %" in said.get_content() and "files" not in said.get_content()
    assert mail["Subject"] == "[tagdock] Sites: May"
    brought = {
        one.get_filename(): (one.get_content_type(), one.get_payload(decode=True)) for one in mail.iter_attachments()
    }
    assert brought["a.pdf"] == ("application/pdf", b"%PDF-1.4 x")
    assert brought["a.csv"][0] == "text/csv" and brought["a.csv"][1].strip() == b"kpi"


def test_only_a_report_brings_files() -> None:
    body = {**BODY, "files": [{"name": "x", "media_type": "text/plain", "content": "eA=="}]}
    assert message_files(delivery_to("mailto://h?to=a@b.example", body=body)) == []


def test_what_came_in_over_the_wire_writes_no_header_and_no_html() -> None:
    with mail_server() as server:
        assert send(server.url, body={**BODY, "message": "x\r\nBcc: all@world.example\r\n\r\n<b>y</b>"}) == ""
    ((recipients, text),) = server.mails
    mail = email.message_from_string(text, policy=email.policy.default)
    assert recipients == ["chief@house.example"] and mail["Bcc"] is None
    assert mail.get_body(("html",)) is None or "<b>" not in str(mail.get_body(("html",)))


def test_a_mail_that_is_refused_fails_and_its_error_holds_neither_password_nor_answer() -> None:
    with mail_server("refuses") as server:
        error = send(server.url)
    assert error and "geheim" not in error


def test_a_login_that_fails_does_not_show_the_password() -> None:
    with mail_server() as server:
        error = send(server.url.replace("//", "//bob:geheim@"))
    assert error and "geheim" not in error


def test_a_server_that_says_nothing_has_a_deadline() -> None:
    with mail_server("mute") as server:
        outcome = asyncio.run(asyncio.wait_for(Notifier(1.5).send(delivery_to(server.url)), 40))
    assert not outcome.is_done and outcome.error == "the server did not take it within 2 s"


def test_a_server_that_is_not_there_is_an_error(free_port: int) -> None:
    assert send(f"mailto://127.0.0.1:{free_port}?from=a@b.example&to=c@d.example") != ""


@pytest.fixture
def free_port() -> int:
    with socketserver.TCPServer(("127.0.0.1", 0), socketserver.BaseRequestHandler) as server:
        return int(server.server_address[1])


@pytest.fixture
def heard(mosquitto: Any) -> Iterator[list[tuple[str, bytes, int]]]:
    messages: list[tuple[str, bytes, int]] = []
    ready = threading.Event()
    client = mqtt.Client(CallbackAPIVersion.VERSION2)
    client.on_connect = lambda *_: client.subscribe("#", 1)
    client.on_subscribe = lambda *_: ready.set()
    client.on_message = lambda _client, _user, message: messages.append((message.topic, message.payload, message.qos))
    client.connect("127.0.0.1", mosquitto.port)
    client.loop_start()
    assert ready.wait(20)
    yield messages
    client.disconnect()
    client.loop_stop()


def test_an_alert_is_published_as_json_once_the_broker_has_it(
    mosquitto: Any, heard: list[tuple[str, bytes, int]], wait_until: Callable[..., Any]
) -> None:
    assert send(f"mqtt://127.0.0.1:{mosquitto.port}/house/alerts") == ""
    wait_until(lambda: heard)
    ((topic, payload, qos),) = heard
    said = json.loads(payload)
    assert (topic, qos) == ("house/alerts", 1)
    assert (said["type"], said["site"], said["data"]) == ("alert", "s1", BODY)


def test_a_broker_that_is_not_there_is_an_error(free_port: int) -> None:
    error = send(f"mqtt://bob:geheim@127.0.0.1:{free_port}/house/alerts")
    assert error and "geheim" not in error


def test_the_deliverer_sends_mail_from_the_same_queue(
    database: str, sql: Callable[..., Any], wait_until: Callable[..., Any]
) -> None:
    with mail_server() as server:
        sql("insert into webhooks (name, url, topics) values ('chief', %s, '{alert}')", [server.url])
        sql("select tell_webhooks('alert', 's1', %s::jsonb)", [json.dumps(BODY)])
        deliverer = Deliverer(database, private_webhooks=False)  # for HTTP; a relay may be private all the same
        deliverer.start()
        try:
            wait_until(lambda: sql("select state from deliveries")[0]["state"] == "done")
        finally:
            deliverer.stop()
            deliverer.join(20)
    assert len(server.mails) == 1


def test_the_sending_program_gets_nothing_secret_on_its_command_line_or_in_its_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TAGDOCK_DATABASE", "postgresql://u:geheim@x/y")
    seen: list[bytes] = []

    async def run() -> None:
        with mail_server("mute") as server:
            url = server.url.replace("//", "//bob:geheim@")
            task = asyncio.create_task(Notifier(20.0).send(delivery_to(url)))
            while not (programs := _sending_programs()):
                await asyncio.sleep(0.02)
            seen.extend(_read(f"/proc/{programs[0]}/{name}") for name in ("cmdline", "environ"))
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    asyncio.run(asyncio.wait_for(run(), 40))
    assert len(seen) == 2 and not any(b"geheim" in content for content in seen)
    assert _sending_programs() == []  # a cancelled one is killed


def _sending_programs() -> list[str]:
    children = _read(f"/proc/self/task/{os.getpid()}/children").decode().split()
    return [child for child in children if b"tagdock_cloud.webhooks.notify" in _read(f"/proc/{child}/cmdline")]


def _read(path: str) -> bytes:
    try:
        with open(path, "rb") as file:  # noqa: PTH123
            return file.read()
    except FileNotFoundError:  # a process that ended meanwhile
        return b""
