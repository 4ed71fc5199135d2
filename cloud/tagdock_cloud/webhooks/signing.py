"""Signatures by which a receiver knows that it was us, and that nothing was changed. Pure but for `new_secret`.

Source: Standard Webhooks 1.0.0, sections "Signature scheme" and "Webhook headers (metadata)".
"""

import base64
import hashlib
import hmac
import secrets

PREFIX = "whsec_"
_SECRET_BYTES = 32


def new_secret() -> str:
    """Make a secret: `whsec_` and 256 random bits in base64."""
    return PREFIX + base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()


def signed_headers(secret: str, message_id: str, sent_at_s: int, body: bytes) -> dict[str, str]:
    """Return the headers that sign a body: HMAC-SHA256 over `id.timestamp.body`; the timestamp is of this attempt."""
    key = base64.b64decode(secret.removeprefix(PREFIX))
    content = f"{message_id}.{sent_at_s}.".encode() + body
    signature = base64.b64encode(hmac.digest(key, content, hashlib.sha256)).decode()
    return {"webhook-id": message_id, "webhook-timestamp": str(sent_at_s), "webhook-signature": f"v1,{signature}"}
