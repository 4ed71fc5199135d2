"""Run pytest; the few tests that fail beside the others get a second try, alone.

    python scripts/try_tests.py [PYTEST ARGUMENT...]

Most of these tests talk to servers, browsers and simulated readers in real time, several at once on two shared cores: a
machine that stands still for a minute fails a test that is right. Who also fails alone, in a new process, has failed.
Every test that needed its second try is named at the end, so that one which often does is seen and mended. More than
`FEW` at once, an error while collecting, a crash, an interrupt or a run that is stuck for `TAGDOCK_LONGEST_S` get none.
`TAGDOCK_SECOND_TRY=0` gives none at all.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

FEW = 3
"""More failures than this in one run are no accident."""
LONGEST_S = float(os.environ.get("TAGDOCK_LONGEST_S", "1800"))
"""Five times what the longest part takes: where a worker process crashed, pytest has waited for it for ever."""
_SOME_FAILED, _STUCK = 1, 124


def failed(cache: Path) -> list[str]:
    """Return the node ids that pytest's cache names as failed in the run before."""
    file = cache / "v" / "cache" / "lastfailed"
    return sorted(json.loads(file.read_text())) if file.exists() else []


def run(arguments: Sequence[str], cache: Path) -> int:
    """Run pytest in a process of its own and return its exit status; it is ended after `LONGEST_S`."""
    command = [sys.executable, "-m", "pytest", *arguments, "-o", f"cache_dir={cache}"]
    try:
        return subprocess.run(command, check=False, timeout=LONGEST_S).returncode
    except subprocess.TimeoutExpired:
        print(f"tests: stuck for {LONGEST_S:g} s and ended; the last lines above say where", flush=True)
        return _STUCK


def try_tests(arguments: Sequence[str], cache: Path) -> int:
    """Run the tests, then alone the few that failed; returns pytest's exit status."""
    status = run(arguments, cache)
    again = failed(cache)
    few = 0 < len(again) <= FEW and all("::" in each for each in again)  # a file alone could not be collected
    if status != _SOME_FAILED or not few or os.environ.get("TAGDOCK_SECOND_TRY") == "0":
        return status
    print(f"tests: a second try, alone, for: {', '.join(again)}", flush=True)
    status = run(again, cache)
    if status == 0:
        print(f"tests: passed at the second try only, look at them: {', '.join(again)}", flush=True)
    return status


def main() -> None:
    """Run from the command line."""
    signal.signal(signal.SIGINT, lambda *_: None)  # pytest hears of it as well and ends in its own way
    with tempfile.TemporaryDirectory(prefix="tagdock-tests-") as cache:
        sys.exit(try_tests(sys.argv[1:], Path(cache)))


if __name__ == "__main__":
    main()
