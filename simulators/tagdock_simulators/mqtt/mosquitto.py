"""Where mosquitto is on this machine, for who needs a broker that can be killed."""

import shutil

_PLACES = "/usr/sbin:/usr/local/sbin:/opt/homebrew/sbin"


def mosquitto_program() -> str | None:
    """Find mosquitto; None where it is not installed."""
    return shutil.which("mosquitto") or shutil.which("mosquitto", path=_PLACES)
