"""What is wrong in a sheet of a floor, in the language of whoever reads it. Pure.

The layout's own checks, and pydantic's, speak English; what they say of a file is told here in a person's words.
"""

import re

from tagdock_cloud.console.language import gettext as _
from tagdock_cloud.console.language import later

_SAID = tuple(
    (re.compile(pattern), words)
    for pattern, words in (
        ("is missing", later("is missing")),
        ("stands twice", later("stands twice")),
        ("must be bin or door", later("must be bin or door")),
        ("is no column; there are (?P<names>.+)", later("is no column; there are %(names)s")),
        ("is no UTF-8; save the file as CSV UTF-8", later("is no UTF-8; save the file as CSV UTF-8")),
        ("has no bin; .+", later("has no bin; write one row a bin with the kind bin")),
        (
            r"has (?P<cells>\d+) columns, the header (?P<named>\d+)",
            later("has %(cells)s columns, the header has %(named)s"),
        ),
        ("is not for a door; leave it empty", later("is not for a door; leave it empty")),
        ("is not for a bin; leave it empty", later("is not for a bin; leave it empty")),
        ("there are more than (?P<most>[0-9,]+) bins", later("there are more than %(most)s bins")),
        ("there are more than (?P<most>[0-9,]+) doors", later("there are more than %(most)s doors")),
        ("Input should be a valid integer.*", later("must be a whole number")),
        ("Input should be a (?:valid|finite) number.*", later("must be a number")),
        ("Input should be greater than or equal to (?P<bound>[-0-9.]+)", later("must be at least %(bound)s")),
        ("Input should be greater than (?P<bound>[-0-9.]+)", later("must be above %(bound)s")),
        ("Input should be less than or equal to (?P<bound>[-0-9.]+)", later("must be at most %(bound)s")),
        ("Input should be less than (?P<bound>[-0-9.]+)", later("must be below %(bound)s")),
        ("Input should be 'front' or 'back'", later("must be front or back")),
        (
            r"String should have at most (?P<most>\d+) characters?",
            later("must have no more than %(most)s characters"),
        ),
    )
)


def told(reason: str) -> str | None:
    """Say a reason in the reader's language; None: these words are known in English only."""
    for pattern, words in _SAID:
        if found := pattern.fullmatch(reason):
            return _(words) % found.groupdict()
    return None
