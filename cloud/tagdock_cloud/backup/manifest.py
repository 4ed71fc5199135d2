"""What a backup says of itself. Pure."""

from datetime import datetime

import msgspec

from tagdock_cloud.errors import CloudError

FORMAT = 1


class BackupError(CloudError):
    """A backup file cannot be made, read or trusted."""


class Table(msgspec.Struct, frozen=True):
    """One table: its columns in the order of the file, how many rows, their checksum (`Tally`)."""

    name: str
    columns: tuple[str, ...]
    rows: int
    checksum: str


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=False):
    """Which schema, when, and what is in it. `first_at` and `last_at` span the record, for its partitions."""

    format: int
    made_at: datetime
    revision: str
    flavour: str
    tables: tuple[Table, ...]
    first_at: datetime | None = None
    last_at: datetime | None = None


def encode_manifest(manifest: Manifest) -> bytes:
    """Write a manifest as JSON."""
    return msgspec.json.format(msgspec.json.encode(manifest), indent=1)


def decode_manifest(text: bytes) -> Manifest:
    """Read a manifest. Raises BackupError where it is none, or of a format that this code does not know."""
    try:
        manifest = msgspec.json.decode(text, type=Manifest)
    except msgspec.MsgspecError as error:
        raise BackupError(f"manifest.json: {error}") from error
    if manifest.format != FORMAT:
        raise BackupError(f"manifest.json: format {manifest.format} is not known here; use the Tagdock that made it")
    return manifest


def differences(expected: Table, rows: int, checksum: str) -> str | None:
    """Say how a table differs from what the manifest says; None where it does not."""
    if rows != expected.rows:
        return f"{expected.name}: {rows} rows instead of {expected.rows}"
    if checksum != expected.checksum:
        return f"{expected.name}: {rows} rows, but not the same ones"
    return None
