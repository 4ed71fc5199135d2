"""Run tasks side by side so that none is forgotten and no error is swallowed."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

_T = TypeVar("_T")


async def all_of(*works: Coroutine[Any, Any, object]) -> None:
    """Do all side by side; the first error of any ends all."""

    tasks = [asyncio.create_task(work) for work in works]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def together(main: Coroutine[Any, Any, _T], *others: Coroutine[Any, Any, object]) -> _T:
    """Run the others as long as the main one runs, and return what it returns; the first error of any ends all."""
    first = asyncio.create_task(main)
    tasks: list[asyncio.Task[Any]] = [first, *(asyncio.create_task(other) for other in others)]
    pending = set(tasks)
    try:
        while not first.done():
            done, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        return first.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
