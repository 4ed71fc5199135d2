"""What can be wrong with an LLRP message, in the standard's own status codes.

Source: EPCglobal LLRP 1.0.1, chapter 14.
"""

from enum import IntEnum


class StatusCode(IntEnum):
    """How a reader judged a message (`M_`), a parameter in it (`P_`), a value (`A_`), or itself (`R_`)."""

    M_SUCCESS = 0
    M_PARAMETER_ERROR = 100
    M_FIELD_ERROR = 101
    M_UNEXPECTED_PARAMETER = 102
    M_MISSING_PARAMETER = 103
    M_DUPLICATE_PARAMETER = 104
    M_OVERFLOW_PARAMETER = 105
    M_OVERFLOW_FIELD = 106
    M_UNKNOWN_PARAMETER = 107
    M_UNKNOWN_FIELD = 108
    M_UNSUPPORTED_MESSAGE = 109
    M_UNSUPPORTED_VERSION = 110
    M_UNSUPPORTED_PARAMETER = 111
    M_UNEXPECTED_MESSAGE = 112
    """Since LLRP 1.1."""
    P_PARAMETER_ERROR = 200
    P_FIELD_ERROR = 201
    P_UNEXPECTED_PARAMETER = 202
    P_MISSING_PARAMETER = 203
    P_DUPLICATE_PARAMETER = 204
    P_OVERFLOW_PARAMETER = 205
    P_OVERFLOW_FIELD = 206
    P_UNKNOWN_PARAMETER = 207
    P_UNKNOWN_FIELD = 208
    P_UNSUPPORTED_PARAMETER = 209
    A_INVALID = 300
    A_OUT_OF_RANGE = 301
    R_DEVICE_ERROR = 401


class LlrpError(ValueError):
    """A message that breaks the protocol; the peer has to mend it.

    `status` is the code inside the innermost parameter (or message), `path` the parameter types that lead there from
    the message's body, outermost first, `field` the number of the field that is wrong, where it is one. Who has the
    decoded parameter in hand gives it as `where`; the way to it is found when the message is answered.
    """

    def __init__(
        self,
        status: StatusCode,
        reason: str,
        path: tuple[int, ...] = (),
        field: int | None = None,
        where: object = None,
    ) -> None:
        super().__init__(reason)
        self.where = where
        self.status = status
        self.reason = reason
        self.path = path
        self.field = field

    def inside(self, parameter_type: int) -> "LlrpError":
        """Return the same error, seen from the parameter around it."""
        return LlrpError(self.status, self.reason, (parameter_type, *self.path), self.field)
