"""How a reader answers a message that it cannot take."""

from typing import Any

from tagdock_simulators.llrp.codec import read_header
from tagdock_simulators.llrp.errors import LlrpError, StatusCode
from tagdock_simulators.llrp.messages import RESPONSES, ErrorMessage
from tagdock_simulators.llrp.schema import CUSTOM, message_class
from tagdock_simulators.llrp.status import status_of

_NO_MESSAGE_HERE = (StatusCode.M_UNSUPPORTED_VERSION, StatusCode.M_UNSUPPORTED_MESSAGE)


def refusal(frame: bytes, error: LlrpError) -> Any:
    """Answer a wrong message with its own response, or with an ERROR_MESSAGE where the reader knows none."""
    header = read_header(frame)
    vendor = (int.from_bytes(frame[10:14], "big"), int.from_bytes(frame[14:15], "big"))
    request = message_class((header.number, *(vendor if header.number == CUSTOM else (0, 0))))
    if request in RESPONSES and (error.status not in _NO_MESSAGE_HERE or error.field is not None):
        return RESPONSES[request](status_of(error))
    return ErrorMessage(status_of(error))
