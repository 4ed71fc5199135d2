"""Run a program that ends with the process that started it: `leash.py PROGRAM [ARGUMENT...]`.

Where the demo itself is killed, nobody is left to stop its children; Linux then sends them SIGTERM. The program takes
this process's place, so it keeps its process id.
"""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1  # Source: prctl(2); it outlives execve


def main() -> None:
    """Ask for the signal where the system knows it, then become the program."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() == 1:  # it died before we asked
            sys.exit(1)
    os.execv(sys.argv[1], sys.argv[1:])  # noqa: S606  # the demo has chosen the program


if __name__ == "__main__":
    main()
