import pytest
from tagdock_contract import ContractError
from tagdock_contract.errors import MAX_SAID_CHARS


@pytest.mark.parametrize("said", ["x" * 10_000, "\n" * 10_000, "\ud800", "\x00\x1b[2J", "x" * MAX_SAID_CHARS, "天线"])
def test_what_a_sender_said_is_quoted_short_and_printable(said: str) -> None:
    error = ContractError(said, said)
    for quoted in (error.field, error.reason, str(error)):
        assert quoted.isprintable()
        quoted.encode()
    assert len(error.field) <= MAX_SAID_CHARS
    assert error.field.startswith("x") == said.startswith("x")


def test_a_cut_text_says_so_and_a_whole_one_stays() -> None:
    assert ContractError("$", "x" * 301).reason.endswith("...")
    assert ContractError("$", "half a pair").reason == "half a pair"
