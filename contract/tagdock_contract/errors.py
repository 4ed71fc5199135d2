"""The contract's one error: a message that does not keep it."""

MAX_SAID_CHARS = 300
"""How much of a field or reason is repeated: enough to find the place, and it fits into an ack."""


class ContractError(ValueError):
    """A message that breaks the contract; the sender has to mend it.

    `field` is a JSONPath-like place (`$.events[3].confidence`) and `reason` says what was expected there. Both may
    quote the sender, so they are cut to `MAX_SAID_CHARS` and hold printable characters only: safe in logs and acks.
    `epoch` and `seq` are filled in when the batch's envelope could still be read, so that it can be refused by name.
    """

    def __init__(self, field: str, reason: str, *, epoch: str | None = None, seq: int | None = None) -> None:
        self.field = _sayable(field)
        self.reason = _sayable(reason)
        self.epoch = epoch
        self.seq = seq
        super().__init__(f"{self.field}: {self.reason}")


def _sayable(text: str) -> str:
    short = text[:MAX_SAID_CHARS]
    printable = short if short.isprintable() else short.encode("unicode_escape").decode("ascii")
    return (
        printable
        if len(printable) <= MAX_SAID_CHARS and len(text) == len(short)
        else f"{printable[: MAX_SAID_CHARS - 3]}..."
    )
