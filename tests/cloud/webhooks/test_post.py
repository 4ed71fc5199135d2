"""One attempt: its deadline, and the proof of the receiver's name."""

import asyncio
import http.server
import ssl
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from tagdock_cloud.webhooks.message import Delivery, Outcome
from tagdock_cloud.webhooks.post import Poster


def post(url: str, **settings: Any) -> Outcome:
    at = datetime.now(UTC)
    delivery = Delivery(uuid4(), uuid4(), "alert", None, {}, at, 1, at, url, "whsec_Z2VoZWlt", True)
    poster = Poster(is_private_allowed=True, **settings)
    try:
        return asyncio.run(asyncio.wait_for(poster.send(delivery), 40))
    finally:
        poster.close()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for `localhost`, and its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path_factory.mktemp("tls") / "localhost.pem"
    plain = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    file.write_bytes(key.private_bytes(*plain) + made.public_bytes(serialization.Encoding.PEM))
    return file


@pytest.mark.parametrize(
    ("host", "is_trusted", "is_done"),
    [
        pytest.param("localhost", True, True, id="its-name"),
        pytest.param("127.0.0.1", True, False, id="not-its-name"),
        pytest.param("localhost", False, False, id="nobody-vouches-for-it"),
    ],
)
def test_the_receivers_certificate_has_to_be_for_the_name_in_the_url(
    certificate: Path,
    monkeypatch: pytest.MonkeyPatch,
    receiving: Callable[..., Any],
    host: str,
    is_trusted: bool,
    is_done: bool,
) -> None:
    if is_trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate)
    with receiving(tls) as receiver:
        receiver.statuses("/hook", 200)
        outcome = post(receiver.url("/hook").replace("http://127.0.0.1", f"https://{host}"))
    assert outcome.is_done is is_done, outcome
    assert len(receiver.requests) == is_done
    assert is_done or "certificate" in str(outcome.error).lower()


def test_an_attempt_has_a_deadline_however_slowly_the_answer_drips(receiver: Any) -> None:
    def drip(handler: http.server.BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        with suppress(OSError):
            while not receiver.released.wait(0.05):
                handler.wfile.write(b".")

    receiver.behaviours["/hook"] = drip
    outcome = post(receiver.url("/hook"), total_timeout_s=1.0)
    assert not outcome.is_done and outcome.error == "no complete answer within 1 s"
