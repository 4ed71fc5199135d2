"""Cut a `.sql` file into its statements. Pure."""

import re
from collections.abc import Iterator
from typing import LiteralString

_TOKEN = re.compile(
    r"""--[^\n]*                       # a comment
      | /\*.*?\*/
      | '(?:[^']|'')*'                 # a string; E'' with escaped quotes is not used in our files
      | "(?:[^"]|"")*"                 # a quoted name
      | \$(?P<tag>\w*)\$.*?\$(?P=tag)\$
      | (?P<end>;)
    """,
    re.DOTALL | re.VERBOSE,
)
_COMMENT = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)


def split_statements(text: str) -> Iterator[LiteralString]:
    """Yield the statements of our own SQL, without the semicolon that ends each; what is only comment is left out.

    Semicolons in strings, quoted names, dollar quotes and comments end nothing (PostgreSQL 18, 4.1 Lexical Structure).
    """
    start = 0
    for token in _TOKEN.finditer(text):
        if token["end"]:
            yield from _said(text[start : token.start()])
            start = token.end()
    yield from _said(text[start:])


def _said(statement: str) -> Iterator[LiteralString]:
    if _COMMENT.sub("", statement).strip():
        yield statement.strip()  # our own file: as safe as if it stood in the code
