"""The description of the interface (OpenAPI 3.1): every status that an operation can answer with, and how to log in.

What follows from an operation's shape (a body, a precondition, a name in its path) is said here for all of them, so
no route has to repeat it and none can forget it; what is a route's own matter stands at the route (`responses=`). Pure.
"""

from collections.abc import Callable, Iterator
from typing import Any, Final

from tagdock_cloud.web.problems import MEDIA_TYPE, ProblemBody

OPEN_PATHS: Final = frozenset({"/healthz", "/readyz"})
"""What answers without a login."""
_METHODS = frozenset({"get", "put", "post", "patch", "delete"})
_SCHEME = "token"

Operation = dict[str, Any]
_Rule = tuple[int, str, Callable[[str, str, Operation], bool]]


def _reads_body(_: str, __: str, operation: Operation) -> bool:
    return "requestBody" in operation


def _asks_login(path: str, _: str, __: Operation) -> bool:
    return path not in OPEN_PATHS


def _names_something(path: str, method: str, operation: Operation) -> bool:
    """What a body of a POST names may be looked up, too."""
    return "{" in path or (method == "post" and "requestBody" in operation)


def _changes(_: str, method: str, __: Operation) -> bool:
    return method != "get"


def _has_precondition(_: str, __: str, operation: Operation) -> bool:
    return any(parameter["name"].lower() == "if-match" for parameter in operation.get("parameters", ()))


def _asks_database(path: str, _: str, __: Operation) -> bool:
    return path != "/healthz"


_RULES: Final[tuple[_Rule, ...]] = (
    (400, "The body is no JSON in UTF-8.", _reads_body),
    (401, "No token, or none that is in force.", _asks_login),
    (403, "The role, or its limit to sites, does not allow it.", _asks_login),
    (404, "Nothing goes by this name.", _names_something),
    (409, "It stands against what is on record now.", _changes),
    (412, "It was changed meanwhile.", _has_precondition),
    (413, "The body is too long.", _reads_body),
    (415, "The body is of another media type than these.", _reads_body),
    (422, "A field or parameter cannot be taken.", _asks_login),
    (428, "It is there already, and If-Match does not say what the caller saw of it.", _has_precondition),
    (429, "Too many requests; Retry-After says when to come back.", _asks_login),
    (503, "The database does not answer, or too much is going on; Retry-After says when to come back.", _asks_database),
)


def described(document: dict[str, Any]) -> dict[str, Any]:
    """Complete a document that the framework made from the routes."""
    components = document.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    for name, schema in _problem_schemas().items():
        schemas[name] = schema
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)  # ours look different
    components["securitySchemes"] = {_SCHEME: {"type": "http", "scheme": "bearer"}}
    for path, method, operation in _operations(document):
        answers = {status: said for status, said in operation["responses"].items() if not _is_frameworks(status, said)}
        for status, meaning, applies in _RULES:
            if applies(path, method, operation):
                answers.setdefault(str(status), {"description": meaning, "content": _problem()})
        operation["responses"] = {status: _with_problem(status, answers[status]) for status in sorted(answers)}
        operation["security"] = [{_SCHEME: []}] if _asks_login(path, method, operation) else []
    return document


def _operations(document: dict[str, Any]) -> Iterator[tuple[str, str, Operation]]:
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if method in _METHODS:
                yield path, method, operation


def _is_frameworks(status: str, said: dict[str, Any]) -> bool:
    schema = said.get("content", {}).get("application/json", {}).get("schema", {})
    return status == "422" and str(schema.get("$ref", "")).endswith("/HTTPValidationError")


def _with_problem(status: str, said: dict[str, Any]) -> dict[str, Any]:
    """Give an error that a route names by its description alone the body that all errors have."""
    return said if status < "400" or "content" in said else {**said, "content": _problem()}


def _problem() -> dict[str, Any]:
    return {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}


def _problem_schemas() -> dict[str, Any]:
    schema = ProblemBody.model_json_schema(ref_template="#/components/schemas/{model}")
    return {**schema.pop("$defs"), "Problem": schema}
