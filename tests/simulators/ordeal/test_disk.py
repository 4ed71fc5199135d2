"""The small disk: full means full, and nothing is left of it."""

import errno
from pathlib import Path

import pytest
from tagdock_simulators.ordeal.disk import SmallDisk


def test_a_full_disk_takes_nothing_until_it_is_freed(tmp_path: Path) -> None:
    with SmallDisk(tmp_path / "disk", 4) as disk:
        if not disk.is_small:
            pytest.skip("no right to mount here; root has it")
        assert disk.fill() > 3e6
        with pytest.raises(OSError, match="No space left") as refused:
            (disk.folder / "more").write_bytes(b"x" * 10_000)
        assert refused.value.errno == errno.ENOSPC
        disk.free()
        (disk.folder / "more").write_bytes(b"x" * 10_000)
    assert list((tmp_path / "disk").iterdir()) == []
