"""The data directory: one server at a time, its secrets, and what others may know of it."""

import fcntl
import json
import os
import secrets
import time
from pathlib import Path
from typing import Any

from tagdock_cloud.errors import CloudError

_LEFTOVERS_TIMEOUT_S = 15.0


class DataDirectory:
    """A folder that one `serve` holds. Its programs inherit the lock, so it falls when the last of them ends."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.absolute()
        self._lock: int | None = None

    @property
    def lock(self) -> int:
        """The lock's file descriptor, to be passed on to programs."""
        if self._lock is None:
            raise RuntimeError("acquire() comes first")
        return self._lock

    def acquire(self) -> None:
        """Take the folder, making it where it is missing.

        Raises CloudError where it cannot be made or written, or where another server has it. What a killed server left
        running is given a while to end.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o711)
            lock = os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise CloudError(f"--data {self.folder} cannot be used: {error.strerror}; give another folder") from error
        deadline = time.monotonic() + _LEFTOVERS_TIMEOUT_S
        while not _try_lock(lock):
            owner = int(os.pread(lock, 20, 0) or b"0")
            if _is_alive(owner) or time.monotonic() > deadline:
                os.close(lock)
                raise CloudError(
                    f"another tagdock-cloud serve (process {owner}) uses {self.folder}: stop it, or give another --data"
                )
            time.sleep(0.1)
        os.ftruncate(lock, 0)
        os.pwrite(lock, str(os.getpid()).encode(), 0)
        self._lock = lock

    def secret(self, name: str) -> str:
        """Return one of the server's own passwords; made when it is first asked for."""
        file = self.folder / "secrets.json"
        known: dict[str, str] = self.read(file.name) or {}
        if name not in known:
            known[name] = secrets.token_urlsafe(32)
            self.write(file.name, known)
        return known[name]

    def read(self, name: str) -> Any:
        """Read a JSON file of the folder; None where it is missing or no JSON."""
        try:
            return json.loads((self.folder / name).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None

    def write(self, name: str, content: Any) -> None:
        """Write a JSON file that only its owner reads: whole or not at all, and on disk when this returns."""
        draft = self.folder / f".{name}.new"
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            json.dump(content, file)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self.folder / name)

    def forget(self, name: str) -> None:
        """Remove a file of the folder."""
        (self.folder / name).unlink(missing_ok=True)


def _try_lock(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _is_alive(process: int) -> bool:
    if process <= 0:
        return False
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
