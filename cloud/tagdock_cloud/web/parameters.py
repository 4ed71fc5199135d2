"""Which parameters an address takes after its `?`; what a route does not know is refused, not ignored.

A filter with a letter too many would otherwise answer with everything. The console's pages and the probes are left out:
people and monitors hang words of their own on such addresses.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from fastapi import Request


@dataclass(frozen=True, slots=True)
class ReadsAll:
    """A dependency that says: this route looks at every parameter itself, and refuses what it does not know."""

    async def __call__(self) -> None:
        """Do nothing: it is there to be found."""


def unknown_parameter(request: Request) -> tuple[str, str] | None:
    """Return the first parameter that a request's route does not know, with a remedy; None where it knows all."""
    if not request.query_params:
        return None
    dependant = getattr(request.scope.get("route"), "dependant", None)
    names: set[str] = set()
    for one in _all(dependant):
        if isinstance(one.call, ReadsAll):
            return None
        names.update(parameter.alias for parameter in one.query_params)
    for name in request.query_params:
        if name not in names:
            return name[:100], _remedy(name, sorted(names))
    return None


def _all(dependant: Any) -> Iterator[Any]:
    if dependant is not None:
        yield dependant
        for inner in dependant.dependencies:
            yield from _all(inner)


def _remedy(name: str, names: list[str]) -> str:
    if not names:
        return "is not known here; this address takes no parameters"
    near = get_close_matches(name[:100], names, n=1)
    hint = f"; did you mean {near[0]}?" if near else ""
    return f"is not known here{hint}; there are {', '.join(names)}"
