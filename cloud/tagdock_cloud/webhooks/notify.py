"""A program of one message: read it on stdin, send it by mail or MQTT, say on stdout how it went.

The only module that knows Apprise. It is a process of its own because the library's calls have no deadline for the
whole: the worker kills it, and what a strange server did to it is gone with it. Nothing secret is on its command line.
"""

import json
import logging
import signal
import sys
from base64 import b64decode
from collections.abc import Mapping, Sequence
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from apprise.attachment.memory import AttachMemory
from apprise.plugins.email import NotifyEmail
from apprise.plugins.mqtt import NotifyMQTT

LIFE_S = 60
"""Where nobody is left to kill it, it ends by itself."""
_FORCED = {"cto": "10", "rto": "15", "format": "text"}
_FORCED_MQTT = {"qos": "1"}


class _Said(logging.Handler):
    """Keeps the library's last warning: it says what went wrong without user or password."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.last = ""

    def emit(self, record: logging.LogRecord) -> None:
        """Keep it."""
        self.last = record.getMessage()


def send(url: str, subject: str, text: str, files: Sequence[Mapping[str, str]] = ()) -> str:
    """Send a message, a mail with its files (`{name, media_type, content}`, in Base64).

    Returns "" when the server took it, else what went wrong.
    """
    said = _Said()
    library = logging.getLogger("apprise")
    library.addHandler(said)
    library.propagate = False
    parts = urlsplit(url)
    is_mqtt = parts.scheme.startswith("mqtt")
    plugin = NotifyMQTT if is_mqtt else NotifyEmail
    settings = {**dict(parse_qsl(parts.query)), **_FORCED, **(_FORCED_MQTT if is_mqtt else {})}
    try:
        completed = urlunsplit(parts._replace(query=urlencode(settings)))
        results = plugin.parse_url(completed)  # type: ignore[no-untyped-call]
        if not results:
            return "the URL cannot be read"
        brought = {} if is_mqtt else {"attach": [_attached(file) for file in files]}
        if plugin(**results).send(body=text, title=subject, **brought):  # type: ignore[no-untyped-call]
            return ""
    except Exception as error:  # the library's own errors repeat the URL's parts: only their kind is told
        return f"cannot be sent: {type(error).__name__}"
    return _without(said.last or "the server did not take it", parts.password, parts.username)


def _attached(file: Mapping[str, str]) -> AttachMemory:
    return AttachMemory(  # type: ignore[no-untyped-call]
        content=b64decode(file["content"]), name=file["name"], mimetype=file["media_type"]
    )


def _without(text: str, *secrets: str | None) -> str:
    for secret in secrets:
        text = text.replace(secret, "…") if secret else text
    return text[:300]


def main() -> None:
    """Run the program."""
    signal.alarm(LIFE_S)
    message = json.load(sys.stdin)
    print(json.dumps({"error": send(message["url"], message["subject"], message["text"], message["files"])}))


if __name__ == "__main__":
    main()
