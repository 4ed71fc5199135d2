"""JSON Schema (2020-12) of everything that crosses the wire, generated from the types.

`python -m tagdock_contract.schema` writes the files beside this module; `--check` compares them. A schema says nearly
all that the decoder checks. What it can't say: ids that stand twice in a batch, the payload's size, halves of surrogate
pairs, U+0000, integers of more than 64 bits in evidence, `1.0` where a whole number is due. Where the decoder is more
generous, keep to the schema: a blank for the `T` of a time, an offset without colon, the year judged once converted to
UTC, a UUID without hyphens.
"""

import argparse
import inspect
import json
import sys
from pathlib import Path
from typing import Any

import msgspec

from tagdock_contract.events import MAX_EVIDENCE_DEPTH
from tagdock_contract.messages import VERSION, Ack, Batch, Status
from tagdock_contract.recording import InputChange, TagRead

FOLDER = Path(__file__).with_name("schemas")
DIALECT = "https://json-schema.org/draft/2020-12/schema"

_REF = "#/$defs/"
_EITHER_DOOR_OR_BIN = {
    "oneOf": [
        {"required": ["door"], "properties": {"door": {"type": "string"}, "bin": {"type": "null"}}},
        {
            "required": ["bin"],
            "properties": {"bin": {"type": "string"}, "door": {"type": "null"}, "direction": {"enum": ["in", "out"]}},
        },
    ]
}


def build() -> dict[str, dict[str, Any]]:
    """Build every schema, by file name."""
    roots: dict[str, type[Batch] | type[Ack] | type[Status]] = {"batch": Batch, "ack": Ack, "status": Status}
    schemas = {f"{name}.schema.json": _message_schema(name, root) for name, root in roots.items()}
    schemas["recording.schema.json"] = _recording_schema()
    return schemas


def render(schema: dict[str, Any]) -> str:
    """Render a schema as its file holds it."""
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def stale_files() -> list[str]:
    """Name the files that are not what the types say."""
    return [name for name, schema in build().items() if _read(FOLDER / name) != render(schema)]


def _message_schema(name: str, root: type[Batch] | type[Ack] | type[Status]) -> dict[str, Any]:
    (reference,), components = msgspec.json.schema_components([root], ref_template=_REF + "{name}")
    del components[root.__name__]["properties"]["v"]["default"]  # it is one for those who write, not for those who read
    components[root.__name__]["required"].insert(0, "v")
    if "Movement" in components:
        components["Movement"] |= _EITHER_DOOR_OR_BIN
        components["Movement"]["properties"]["evidence"] = _evidence_schema(components)
    _straighten_descriptions(components)
    return _headed(name, f"version {VERSION}") | reference | {"$defs": components}


def _recording_schema() -> dict[str, Any]:
    (read, change), components = msgspec.json.schema_components([TagRead, InputChange], ref_template=_REF + "{name}")
    _straighten_descriptions(components)
    by_kind = {"type": "object", "if": {"required": ["gpi"]}, "then": change, "else": read}
    return _headed("recording", "one line") | by_kind | {"$defs": components}


def _headed(name: str, detail: str) -> dict[str, Any]:
    return {"$schema": DIALECT, "$id": f"urn:tagdock:v{VERSION}:{name}", "title": f"Tagdock {name}, {detail}"}


def _evidence_schema(components: dict[str, Any]) -> dict[str, Any]:
    """Say bounded nesting with one definition a level; spelled out in place it would double with each."""
    scalar = {"type": ["null", "boolean", "number", "string"]}
    components["EvidenceLevel0"] = scalar
    for level in range(1, MAX_EVIDENCE_DEPTH):
        inner = {"$ref": f"{_REF}EvidenceLevel{level - 1}"}
        containers = [{"type": "array", "items": inner}, {"type": "object", "additionalProperties": inner}]
        components[f"EvidenceLevel{level}"] = {"anyOf": [scalar, *containers]}
    deepest = {"$ref": f"{_REF}EvidenceLevel{MAX_EVIDENCE_DEPTH - 1}"}
    return {"type": "object", "additionalProperties": deepest, "default": {}}


def _straighten_descriptions(components: dict[str, Any]) -> None:
    for component in components.values():
        if "description" in component:
            component["description"] = inspect.cleandoc(component["description"])


def _read(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.exists() else None


def main(arguments: list[str] | None = None) -> int:
    """Write the schema files, or with `--check` compare them. Returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tagdock_contract.schema", description=main.__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 where a file is stale")
    stale = stale_files() if parser.parse_args(arguments).check else None
    if stale:
        print(f"stale: {', '.join(stale)}. Run python -m tagdock_contract.schema", file=sys.stderr)
        return 1
    if stale is None:
        FOLDER.mkdir(exist_ok=True)
        for name, schema in build().items():
            (FOLDER / name).write_text(render(schema), encoding="utf-8")
            print(FOLDER / name)
    return 0


if __name__ == "__main__":
    sys.exit(main())
