"""A small disk that can be filled to the brim: a file system in memory, where the system lets us have one."""

import shutil
import subprocess
from pathlib import Path

_MOUNT_WITHIN_S = 10.0
_PIECE_BYTES = 1 << 20


class SmallDisk:
    """A mounted file system of `size_mb`. Use as a context; `folder` is where it lies."""

    def __init__(self, folder: Path, size_mb: int) -> None:
        self.folder = folder
        self._size_mb = size_mb
        self._ballast = folder / "ballast"
        self.is_small = False
        """Whether it is a disk of its own; else filling does nothing."""

    def __enter__(self) -> "SmallDisk":
        """Mount it; without the right to, it stays a plain folder."""
        self.folder.mkdir(parents=True, exist_ok=True)
        command = ["mount", "-t", "tmpfs", "-o", f"size={self._size_mb}m", "tmpfs", str(self.folder)]
        self.is_small = shutil.which("mount") is not None and _does(command)
        return self

    def __exit__(self, *_: object) -> None:
        """Unmount it, with all that is on it."""
        if self.is_small:
            _does(["umount", "--lazy", str(self.folder)])

    def fill(self) -> int:
        """Write until not a byte more fits; returns the bytes written, 0 where it is no disk of its own."""
        if not self.is_small:
            return 0
        with self._ballast.open("wb", buffering=0) as file:
            return _fill(file, _PIECE_BYTES) + _fill(file, 1)

    def free(self) -> None:
        """Take away what filled it."""
        self._ballast.unlink(missing_ok=True)


def _fill(file: object, piece_bytes: int) -> int:
    written = 0
    try:
        while True:
            written += file.write(bytes(piece_bytes))  # type: ignore[attr-defined]
    except OSError:
        return written


def _does(command: list[str]) -> bool:
    return subprocess.run(command, check=False, capture_output=True, timeout=_MOUNT_WITHIN_S).returncode == 0
