"""How a reader judges what it was sent (LLRP 1.0.1, chapter 14)."""

from typing import Annotated, Optional

from tagdock_simulators.llrp.errors import LlrpError, StatusCode
from tagdock_simulators.llrp.fields import U16, Bits, Text
from tagdock_simulators.llrp.schema import parameter


@parameter(288)
class FieldError:
    """Which field, counted from 0, was wrong in what way."""

    field_number: U16
    error_code: Annotated[StatusCode, Bits(16)]


@parameter(289)
class ParameterError:
    """Which parameter was wrong in what way; `parameter_error` leads on to the one inside it."""

    parameter_type: U16
    error_code: Annotated[StatusCode, Bits(16)]
    field_error: FieldError | None = None
    parameter_error: Optional["ParameterError"] = None


@parameter(287)
class LLRPStatus:
    """The outcome of a message."""

    status_code: Annotated[StatusCode, Bits(16)] = StatusCode.M_SUCCESS
    error_description: Text = ""
    field_error: FieldError | None = None
    parameter_error: ParameterError | None = None


SUCCESS = LLRPStatus()


def status_of(error: LlrpError) -> LLRPStatus:
    """Say what is wrong, and where, in the standard's words."""
    code, field = error.status, None
    if error.field is not None or code in (StatusCode.A_INVALID, StatusCode.A_OUT_OF_RANGE):
        field = FieldError(error.field or 0, code if code >= StatusCode.A_INVALID else StatusCode.A_INVALID)
        code = StatusCode.P_FIELD_ERROR if error.path else StatusCode.M_FIELD_ERROR
    if not error.path:
        return LLRPStatus(code, error.reason, field_error=field)
    inner = ParameterError(error.path[-1], code, field_error=field)
    for parameter_type in reversed(error.path[:-1]):
        inner = ParameterError(parameter_type, StatusCode.P_PARAMETER_ERROR, parameter_error=inner)
    return LLRPStatus(StatusCode.M_PARAMETER_ERROR, error.reason, parameter_error=inner)
