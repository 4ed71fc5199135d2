"""Tasks side by side: none outlives the main one, no error is swallowed."""

import asyncio

import pytest
from tagdock_simulators.demo.together import together


async def fail() -> None:
    await asyncio.sleep(0.01)
    raise ValueError("broken")


async def answer(after_s: float = 0.02) -> int:
    await asyncio.sleep(after_s)
    return 42


def test_the_main_result_is_returned_and_the_others_are_ended() -> None:
    ended: list[str] = []

    async def endless() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            ended.append("endless")

    assert asyncio.run(together(answer(), endless(), asyncio.sleep(0))) == 42
    assert ended == ["endless"]


def test_the_first_error_of_any_ends_all() -> None:
    with pytest.raises(ValueError, match="broken"):
        asyncio.run(together(answer(60), fail()))


def test_an_error_of_the_main_task_is_its_own() -> None:
    with pytest.raises(ValueError, match="broken"):
        asyncio.run(together(fail(), asyncio.sleep(60)))
