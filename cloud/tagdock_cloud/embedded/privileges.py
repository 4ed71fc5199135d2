"""Run PostgreSQL when root asks for it: it refuses to be root, so it becomes a user that owns nothing but its data.

Nobody's permissions are changed for it. Where the way to the program or to the data leads through a folder that only
root may enter, the process keeps one capability, to pass and read (CAP_DAC_READ_SEARCH; where a container withholds
that one, CAP_DAC_OVERRIDE), and `no_setuid_fixup`, because access(2) looks at it otherwise than open(2).

Source: capabilities(7), setpriv(1), access(2).
"""

import os
import pwd
import shutil
import stat
from collections.abc import Iterable
from pathlib import Path

from tagdock_cloud.errors import CloudError

DATABASE_UID = 60_900
"""Owner of the database's files when root runs it: a number without a name, so that no other service shares it."""

_CAPABILITIES = (("dac_read_search", 2), ("dac_override", 1))
_REMEDY = "run it as an ordinary user, or give --database URL"


def is_root() -> bool:
    """Tell whether this process is root, as PostgreSQL would see it."""
    return hasattr(os, "geteuid") and os.geteuid() == 0


def initdb_uid() -> int:
    """Return the user that initdb runs as under root: it wants one with a name. Raises CloudError where none is."""
    try:
        return pwd.getpwnam("nobody").pw_uid
    except KeyError:
        raise CloudError(f"the embedded database needs the user `nobody` when root starts it: {_REMEDY}") from None


def prefix(uid: int, ways: Iterable[Path]) -> list[str]:
    """Build the command prefix that runs a program as `uid` though root asks, along `ways`; [] for an ordinary user.

    The program ends (SIGINT) when the process that started it does. Raises CloudError where setpriv is missing.
    """
    setpriv = shutil.which("setpriv")
    if not is_root():
        return [] if setpriv is None else [setpriv, "--pdeathsig", "INT", "--"]
    if setpriv is None:
        raise CloudError(f"root cannot run PostgreSQL, and setpriv (util-linux) is missing: {_REMEDY}")
    become = [setpriv, f"--reuid={uid}", f"--regid={uid}", "--clear-groups", "--pdeathsig", "INT"]
    if not all(is_open_way(way) for way in ways):
        capability = _capability()
        become += [f"--inh-caps=+{capability}", f"--ambient-caps=+{capability}", "--securebits=+no_setuid_fixup"]
    return [*become, "--"]


def is_open_way(path: Path) -> bool:
    """Tell whether anybody may pass all folders above a path."""
    return all(folder.stat().st_mode & stat.S_IXOTH for folder in path.absolute().parents)


def give(path: Path, uid: int) -> None:
    """Hand a folder with all that is in it to a user, when root asks."""
    if not is_root():
        return
    for entry in (path, *path.rglob("*")):
        os.chown(entry, uid, uid, follow_symlinks=False)


def _capability() -> str:
    lines = Path("/proc/self/status").read_text().splitlines()
    effective = next(int(line.split()[1], 16) for line in lines if line.startswith("CapEff"))
    for name, bit in _CAPABILITIES:
        if effective & 1 << bit:
            return name
    raise CloudError(f"root may not pass on the right to reach the embedded database's files here: {_REMEDY}")
