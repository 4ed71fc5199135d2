"""Tokens and gateway secrets: made, hashed, checked. Pure but for the system's randomness.

Both are 256 random bits, so no dictionary helps against their hashes. A gateway's secret is hashed as mosquitto's
password file has it (PBKDF2-HMAC-SHA512, `$7$`), so that one hash serves mosquitto, the embedded broker and us.
"""

import base64
import binascii
import hashlib
import hmac
import re
import secrets

import bcrypt

TOKEN_PREFIX = "tagdock_"  # noqa: S105  # lets secret scanners recognise a leaked one
_ITERATIONS = 1000
_MOSQUITTO = re.compile(r"\$7\$([1-9][0-9]{0,6})\$([A-Za-z0-9+/=]{1,128})\$([A-Za-z0-9+/=]{88})")


def new_token() -> str:
    """Make an API token."""
    return TOKEN_PREFIX + secrets.token_urlsafe(32)


def hash_token(token: str) -> bytes:
    """Hash an API token as the table `tokens` keeps it (SHA-256)."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


def new_secret() -> str:
    """Make a gateway's secret."""
    return secrets.token_urlsafe(32)


def hash_secret(secret: str) -> str:
    """Hash a gateway's secret as a line of mosquitto's password file has it."""
    salt = secrets.token_bytes(12)
    digest = _pbkdf2(secret, salt, _ITERATIONS)
    return f"$7${_ITERATIONS}${base64.b64encode(salt).decode()}${base64.b64encode(digest).decode()}"


def hash_for_nats(secret: str) -> str:
    """Hash a gateway's secret as a NATS configuration has it (bcrypt, the least cost: the secret is random)."""
    return bcrypt.hashpw(secret.encode(), bcrypt.gensalt(rounds=4, prefix=b"2a")).decode()


def is_secret(secret: str, secret_hash: str) -> bool:
    """Tell whether a secret fits its hash; False for a hash that cannot be read."""
    match = _MOSQUITTO.fullmatch(secret_hash)
    if match is None:
        return False
    try:
        salt, digest = (base64.b64decode(part, validate=True) for part in match.groups()[1:])
    except binascii.Error:
        return False
    return hmac.compare_digest(_pbkdf2(secret, salt, int(match[1])), digest)


def _pbkdf2(secret: str, salt: bytes, iterations: int) -> bytes:
    return hashlib.pbkdf2_hmac("sha512", secret.encode("utf-8", "surrogatepass"), salt, iterations)
