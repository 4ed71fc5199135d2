"""TLS to a broker: the settings as a context, and what a refusal means for whoever runs the gateway."""

import ssl
from pathlib import Path

from tagdock_edge.config import TlsConfig
from tagdock_edge.errors import BrokerError

_EXPIRED = "the broker's certificate has expired: renew it, or set this machine's clock"
_NOT_YET = "the broker's certificate is not valid yet: set this machine's clock"
_UNKNOWN = (
    "the broker's certificate is signed by nobody we trust: give the certificate of its authority as ca_file in "
    "[gateway.tls]"
)
_OTHER_NAME = "the broker's certificate is for another name: give the broker's address as it stands in the certificate"
_REMEDIES = {9: _NOT_YET, 10: _EXPIRED, 18: _UNKNOWN, 19: _UNKNOWN, 20: _UNKNOWN, 21: _UNKNOWN}
_REMEDIES |= {62: _OTHER_NAME, 64: _OTHER_NAME}
"""By OpenSSL's number of what is wrong with a certificate (openssl/x509_vfy.h, X509_V_ERR_...)."""
_NO_TLS = "does not speak TLS at this port: give its TLS port (usually 8883), or an address with mqtt://"
_OLD_TLS = "speaks only TLS older than 1.2: renew its software or its settings"


def context_of(tls: TlsConfig) -> ssl.SSLContext:
    """Build the context: TLS 1.2 at least, the broker's certificate and name checked, ours shown where we have one.

    Raises BrokerError naming the file that can't be used; what is in a key never shows.
    """
    try:
        context = ssl.create_default_context(cafile=None if tls.ca_file is None else str(tls.ca_file))
    except OSError as error:  # ssl.SSLError is one
        raise BrokerError(
            f"[gateway.tls] ca_file: {tls.ca_file} can't be used ({_reason(error)}); give certificates in PEM"
        ) from error
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if tls.cert_file is not None:
        _show_certificate(context, tls.cert_file, tls.key_file)
    return context


def explain_tls(error: OSError) -> str | None:
    """Say what an error of the handshake means and what to do; None where it is none of TLS."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return _REMEDIES.get(error.verify_code, f"the broker's certificate is refused: {error.verify_message}")
    if not isinstance(error, ssl.SSLError):
        return None
    reason = error.reason or ""
    if "WRONG_VERSION" in reason or "RECORD_LAYER" in reason or "HTTP_REQUEST" in reason:
        return _NO_TLS
    if "UNSUPPORTED_PROTOCOL" in reason or "PROTOCOL_VERSION" in reason:
        return _OLD_TLS
    if "ALERT" in reason or "EOF" in reason:
        return f"ended the handshake ({_reason(error)}); {CERTIFICATE_WANTED}"
    return f"TLS failed ({_reason(error)}); see the broker's log"


CERTIFICATE_WANTED = (
    "if it wants a certificate of ours, give cert_file and key_file in [gateway.tls], signed by an authority that it "
    "trusts and not expired"
)


def _show_certificate(context: ssl.SSLContext, cert_file: Path, key_file: Path | None) -> None:
    try:
        # without the function OpenSSL would ask for an encrypted key's password at the terminal, and wait for ever
        context.load_cert_chain(str(cert_file), None if key_file is None else str(key_file), password=lambda: b"")
    except OSError as error:
        raise BrokerError(
            f"[gateway.tls] cert_file, key_file: {cert_file} and {key_file} can't be used ({_reason(error)}); give a "
            "certificate and its key in PEM, the key without a password"
        ) from error


def _reason(error: OSError) -> str:
    reason = error.reason if isinstance(error, ssl.SSLError) else error.strerror
    return (reason or type(error).__name__).replace("_", " ").lower()
