"""A lock beside a file or in a folder, held as long as the process lives: two gateways would spoil each other's."""

import fcntl
from pathlib import Path
from typing import IO

from tagdock_edge.errors import FolderError


def hold_alone(lock: Path, what: Path) -> IO[bytes]:
    """Take the lock, making its folder; the file handed back holds it until it is closed.

    Raises FolderError where the folder can't be written or another gateway holds the lock.
    """
    try:
        lock.parent.mkdir(parents=True, exist_ok=True)
        file = lock.open("wb")
    except OSError as error:
        raise FolderError(f"{what}: can't be created ({error.strerror}); give a folder that is writable") from error
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        file.close()
        raise FolderError(f"{what}: is in use by another gateway; stop it, or give this one its own --data") from error
    return file
