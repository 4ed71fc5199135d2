"""The backup file: a ZIP archive with a manifest and one entry a table, in COPY's text format."""

import os
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType

from tagdock_cloud.backup.manifest import BackupError, Manifest, decode_manifest, encode_manifest

_LEVEL = 1
"""Deflate's fastest: the rows shrink to about a quarter, and the disk is no longer what is waited for."""
_BUFFER_BYTES = 1 << 18
MOST_MANIFEST_BYTES = 1 << 20
_UNREADABLE = (zipfile.BadZipFile, zlib.error, OSError, EOFError, KeyError)
Write = Callable[[bytes], None]


class ArchiveWriter:
    """Writes a backup beside its name and moves it into place when it is whole and on disk; only its owner reads it."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._draft = file.with_name(f".{file.name}.{os.getpid()}.part")

    def __enter__(self) -> "ArchiveWriter":
        try:
            descriptor = os.open(self._draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            self._stream = os.fdopen(descriptor, "wb")
        except OSError as error:
            raise BackupError(f"{self._file} cannot be written: {error.strerror}") from error
        self._zip = zipfile.ZipFile(self._stream, "w", zipfile.ZIP_DEFLATED, compresslevel=_LEVEL)
        return self

    @contextmanager
    def table(self, name: str) -> Iterator[Write]:
        """Yield a function that takes the table's stream in small pieces."""
        with self._zip.open(_entry(name), "w", force_zip64=True) as entry:
            waiting: list[bytes] = []
            size = 0

            def write(piece: bytes) -> None:
                nonlocal size
                waiting.append(piece)
                size += len(piece)
                if size >= _BUFFER_BYTES:
                    entry.write(b"".join(waiting))
                    waiting.clear()
                    size = 0

            yield write
            entry.write(b"".join(waiting))

    def finish(self, manifest: Manifest) -> int:
        """Write the manifest, move the file into place and return its size in bytes. Raises BackupError."""
        try:
            self._zip.writestr("manifest.json", encode_manifest(manifest))
            self._zip.close()
            self._stream.flush()
            os.fsync(self._stream.fileno())
            self._stream.close()
            self._draft.replace(self._file)
            _sync(self._file.absolute().parent)
            return self._file.stat().st_size
        except OSError as error:
            raise BackupError(f"{self._file} cannot be written: {error.strerror}") from error

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(OSError, ValueError):  # what is left of it goes anyway
            self._zip.close()
        self._stream.close()
        self._draft.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise BackupError(f"{self._file} cannot be written: {error.strerror}") from error


class ArchiveReader:
    """Reads a backup; open it with `with`. Raises BackupError for a file that is none, is cut short or damaged."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def __enter__(self) -> "ArchiveReader":
        with self._readable():
            self._zip = zipfile.ZipFile(self._file)
            if self._zip.getinfo("manifest.json").file_size > MOST_MANIFEST_BYTES:
                raise BackupError(f"{self._file}: its manifest is too large to be one")
            self.manifest = decode_manifest(self._zip.read("manifest.json"))
        return self

    def __exit__(self, *_: object) -> None:
        self._zip.close()

    def pieces(self, table: str) -> Iterator[bytes]:
        """Yield a table's stream in pieces."""
        with self._readable(), self._zip.open(_entry(table)) as entry:
            while piece := entry.read(_BUFFER_BYTES):
                yield piece

    @contextmanager
    def _readable(self) -> Iterator[None]:
        try:
            yield
        except _UNREADABLE as error:
            said = error.strerror if isinstance(error, OSError) else str(error)
            raise BackupError(f"{self._file} is no whole backup: {said}") from error


def _entry(table: str) -> str:
    return f"tables/{table}.copy"


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
