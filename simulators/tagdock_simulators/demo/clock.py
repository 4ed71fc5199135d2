"""The clock that the demo's own cloud goes by while weeks of the past are played (decision 0123).

libfaketime, loaded before anything else, tells database, broker, service and solver another time of day than the box
has. They read it from a file at each look, so that all of them change at once. How long things take, it leaves alone.
"""

import importlib.util
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tagdock_simulators.demo.errors import DemoError

_LIBRARY = Path("vendor", "libfaketime", "src", "libfaketime.so.1")
_REMEDY = "`pip install 'tagdock-simulators[past]'` on Linux x86-64, or leave --past out"


class PastClock:
    """A clock that goes as fast as any other, and shows what it was last set to."""

    def __init__(self, folder: Path) -> None:
        """Keep the setting in a file of a folder. Raises DemoError where libfaketime is not installed."""
        package = importlib.util.find_spec("libfaketime")
        places = () if package is None else package.submodule_search_locations or ()
        self._library = next((file for place in places if (file := Path(place) / _LIBRARY).is_file()), None)
        if self._library is None:
            raise DemoError(f"--past needs libfaketime: {_REMEDY}")
        self._file = folder / "clock"
        self._behind = timedelta()

    @property
    def environment(self) -> dict[str, str]:
        """The settings under which a program goes by this clock."""
        return {
            "LD_PRELOAD": str(self._library),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "NO_FAKE_STAT": "1",
        }

    def show(self, at: datetime) -> None:
        """Set the clock to an aware time. Raises ValueError where it lies ahead: nobody can have seen that."""
        behind = datetime.now(UTC) - at
        if behind < timedelta():
            raise ValueError(f"{at.isoformat()} lies ahead")
        draft = self._file.with_name(".clock.new")
        draft.write_text(f"-{behind.total_seconds():.6f}\n", encoding="ascii")
        draft.replace(self._file)  # whoever reads it meanwhile reads the one or the other
        self._behind = behind

    def now(self) -> datetime:
        """Return the time that it shows, aware UTC."""
        return datetime.now(UTC) - self._behind

    def check(self, told: datetime) -> None:
        """Check what the cloud takes for the time. Raises DemoError where it does not go by this clock."""
        if abs(told - self.now()) > timedelta(minutes=5):
            raise DemoError(f"the cloud does not go by the clock that --past sets ({told:%Y-%m-%d}): {_REMEDY}")
