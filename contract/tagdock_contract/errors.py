"""The contract's one error: a message that does not keep it."""


class ContractError(ValueError):
    """A payload that breaks the contract; the sender has to mend it.

    `field` is a JSONPath-like place (`$.events[3].confidence`) and `reason` says what was expected there.
    `epoch` and `seq` are filled in when the batch's envelope could still be read, so that it can be refused by name.
    """

    def __init__(self, field: str, reason: str, *, epoch: str | None = None, seq: int | None = None) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.reason = reason
        self.epoch = epoch
        self.seq = seq
