"""Named queries: each subject keeps its SQL in a `queries.sql` beside its code.

-- name: movements_page
-- A page of movements, newest first.
select ...
"""

import re
from collections.abc import Mapping
from importlib import resources
from types import MappingProxyType
from typing import LiteralString

_NAME = re.compile(r"^-- name: ([a-z][a-z0-9_]*)$", re.MULTILINE)


def load_queries(package: str, file: str = "queries.sql") -> Mapping[str, LiteralString]:
    """Read the queries of a package's `.sql` file by name.

    Raises ValueError where a name stands twice, or a query has no description or no statement: a mistake of ours.
    """
    text = resources.files(package).joinpath(file).read_text(encoding="utf-8")
    parts = _NAME.split(text)
    queries: dict[str, LiteralString] = {}
    for name, body in zip(parts[1::2], parts[2::2], strict=True):
        if name in queries:
            raise ValueError(f"{package}/{file}: the query {name} stands twice")
        described, statement = _split(body)
        if not described or not statement:
            raise ValueError(f"{package}/{file}: the query {name} needs a description (--) and a statement")
        queries[name] = statement  # our own file: as safe as if it stood in the code
    return MappingProxyType(queries)


def _split(body: str) -> tuple[bool, str]:
    lines = body.strip().splitlines()
    described = bool(lines) and lines[0].startswith("-- ")
    statement = "\n".join(line for line in lines if not line.lstrip().startswith("--")).strip()
    return described, statement
