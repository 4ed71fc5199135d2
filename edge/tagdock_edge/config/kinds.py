"""The kinds of value that several sections take, each with the words that tell a person what is expected."""

from typing import Annotated

from msgspec import Meta

NAME_WORDS = "1 to 64 letters, digits, - or _"
PLACE_WORDS = "1 to 64 letters, digits, blanks or . _ : / - that begin with a letter or digit"
PATH_WORDS = "the path of a file"
Text = Annotated[str, Meta(min_length=1, max_length=4096, pattern=r"^[^\x00-\x1f\x7f]*$(?!\n)")]
Port = Annotated[int, Meta(ge=1, le=65535)]
AntennaNumber = Annotated[int, Meta(ge=1, le=65535)]
InputNumber = Annotated[int, Meta(ge=1, le=65535)]


def is_host(host: str) -> bool:
    """Tell whether this may be a host name or an address."""
    return 0 < len(host) <= 253 and all(char.isalnum() or char in ".-_:%" for char in host)
