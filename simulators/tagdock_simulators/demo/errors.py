"""What can go wrong in a demo, by who has to act."""


class DemoError(Exception):
    """The demo can't go on; the message says in one line what to do."""

    exit_status = 1


class StoppedError(DemoError):
    """Somebody pressed Ctrl-C before anything was played."""

    exit_status = 130
