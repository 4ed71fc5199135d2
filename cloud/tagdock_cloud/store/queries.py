"""Named queries: each subject keeps its SQL in a `queries.sql` beside its code.

-- name: movements_page
-- A page of movements, newest first.
select ...

What several queries of a file have in common stands in it once, before them, and is put where they say `{{shown}}`:

-- part: shown
-- What is shown of a movement.
select ...
"""

import re
from collections.abc import Mapping
from importlib import resources
from types import MappingProxyType
from typing import LiteralString

_NAME = re.compile(r"^-- (name|part): ([a-z][a-z0-9_]*)$", re.MULTILINE)
_PART = re.compile(r"\{\{([a-z][a-z0-9_]*)\}\}")


def load_queries(package: str, file: str = "queries.sql") -> Mapping[str, LiteralString]:
    """Read the queries of a package's `.sql` file by name.

    Raises ValueError where a name stands twice, a part is not there, or a query has no description or no statement: a
    mistake of ours.
    """
    text = resources.files(package).joinpath(file).read_text(encoding="utf-8")
    pieces = _NAME.split(text)
    parts: dict[str, str] = {}
    queries: dict[str, LiteralString] = {}
    for kind, name, body in zip(pieces[1::3], pieces[2::3], pieces[3::3], strict=True):
        if name in queries or name in parts:
            raise ValueError(f"{package}/{file}: {name} stands twice")
        described, statement = _split(body)
        if not described or not statement:
            raise ValueError(f"{package}/{file}: the query {name} needs a description (--) and a statement")
        unknown = set(_PART.findall(statement)) - set(parts)
        if unknown:
            raise ValueError(f"{package}/{file}: {name} wants the part {min(unknown)}, which does not stand before it")
        whole = _PART.sub(lambda match: parts[match[1]], statement)
        if kind == "part":
            parts[name] = whole
        else:
            queries[name] = whole  # our own file: as safe as if it stood in the code
    return MappingProxyType(queries)


def _split(body: str) -> tuple[bool, str]:
    lines = body.strip().splitlines()
    described = bool(lines) and lines[0].startswith("-- ")
    statement = "\n".join(line for line in lines if not line.lstrip().startswith("--")).strip()
    return described, statement
