"""Children are started, kept running, and never left behind."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from tagdock_simulators.demo import processes
from tagdock_simulators.demo.errors import DemoError
from tagdock_simulators.demo.processes import Program, Supervisor, find_program

SAYS_READY = "import time; print('ready', flush=True); time.sleep(60)"
STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); " + SAYS_READY


def program(code: str, name: str = "child") -> Program:
    return Program(name, (sys.executable, "-c", code), dict(os.environ))


def ready(text: str) -> bool | None:
    return True if "ready" in text else None


@contextlib.asynccontextmanager
async def supervisor(logs: Path) -> AsyncIterator[Supervisor]:
    children = Supervisor(logs)
    try:
        yield children
    finally:
        await children.stop()


def pid_of(children: Supervisor, name: str = "child") -> int:
    process = children._children[name].process
    assert process is not None
    return process.pid


def is_alive(pid: int) -> bool:
    stat = Path(f"/proc/{pid}/stat")
    return stat.exists() and stat.read_text().rpartition(")")[2].split()[0] != "Z"


async def until(condition: Callable[[], bool], within_s: float = 30.0) -> None:
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        await asyncio.sleep(0.02)


def test_a_child_is_waited_for_and_stopped(tmp_path: Path) -> None:
    async def scene() -> int:
        async with supervisor(tmp_path) as children:
            assert await children.start(program(SAYS_READY), ready, 10)
            return pid_of(children)

    assert not is_alive(asyncio.run(scene()))


def test_a_child_that_dies_is_started_again_and_the_outage_is_known(tmp_path: Path) -> None:
    async def scene() -> None:
        async with supervisor(tmp_path) as children:
            await children.start(program(SAYS_READY), ready, 10)
            first = pid_of(children)
            children.kill("child")
            await until(lambda: bool(children.outages))
            assert pid_of(children) != first
            (outage,) = children.outages
            assert outage.name == "child"
            assert outage.died_at < outage.started_at

    asyncio.run(scene())


def test_a_child_that_keeps_dying_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "_BACK_OFF_S", (0.0, 0.0))

    async def scene() -> None:
        async with supervisor(tmp_path) as children:
            await children.start(program("print('ready', flush=True); raise SystemExit('no disk')"), ready, 10)
            with pytest.raises(DemoError, match=r"keeps dying.*no disk"):
                await asyncio.wait_for(children.watch(), 20)

    asyncio.run(scene())


def test_a_child_that_ends_at_once_is_reported_with_its_last_words(tmp_path: Path) -> None:
    async def scene() -> None:
        async with supervisor(tmp_path) as children:
            await children.start(program("raise SystemExit('the port 8000 is taken')"), lambda _: None, 10)

    with pytest.raises(DemoError, match=r"child: the port 8000 is taken .*status 1"):
        asyncio.run(scene())


def test_a_child_that_says_nothing_is_not_waited_for_for_ever(tmp_path: Path) -> None:
    async def scene() -> None:
        async with supervisor(tmp_path) as children:
            await children.start(program("import time; time.sleep(60)"), ready, 0.3)

    with pytest.raises(DemoError, match="not ready"):
        asyncio.run(scene())


def test_a_child_that_ignores_the_request_is_killed_at_the_deadline(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "STOP_WITHIN_S", 0.3)

    async def scene() -> int:
        async with supervisor(tmp_path) as children:
            await children.start(program(STUBBORN), ready, 10)
            return pid_of(children)

    assert not is_alive(asyncio.run(scene()))


def test_children_stop_in_reverse_order(tmp_path: Path) -> None:
    note = tmp_path / "order"
    code = (
        "import signal, sys, time\n"
        "def end(*_): open({note!r}, 'a').write({name!r}); sys.exit()\n"
        "signal.signal(signal.SIGTERM, end)\n" + SAYS_READY
    )

    async def scene() -> None:
        async with supervisor(tmp_path) as children:
            for name in "abc":
                await children.start(program(code.format(note=str(note), name=name), name), ready, 10)

    asyncio.run(scene())
    assert note.read_text() == "cba"


def test_logs_are_kept_apart_and_those_of_the_last_start_too(tmp_path: Path) -> None:
    async def scene() -> None:
        async with supervisor(tmp_path) as children:
            await children.start(program("import sys; print('talk', file=sys.stderr); " + SAYS_READY), ready, 10)

    asyncio.run(scene())
    asyncio.run(scene())
    assert (tmp_path / "child.out").read_text() == "ready\n"
    assert (tmp_path / "child.log").read_text() == "talk\n"
    assert (tmp_path / "child.log.old").exists()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells children of their parent's death")
def test_children_end_when_the_demo_itself_is_killed(tmp_path: Path) -> None:
    parent = subprocess.Popen(
        [
            *(sys.executable, "-c"),
            "import asyncio, os, sys\n"
            "from pathlib import Path\n"
            "from tagdock_simulators.demo.processes import Program, Supervisor\n"
            "async def scene():\n"
            "    children = Supervisor(Path(sys.argv[1]))\n"
            f"    code = (sys.executable, '-c', {SAYS_READY!r})\n"
            "    ready = lambda text: text or None\n"
            "    await children.start(Program('child', code, dict(os.environ)), ready, 10)\n"
            "    print(children._children['child'].process.pid, flush=True)\n"
            "    await asyncio.sleep(60)\n"
            "asyncio.run(scene())\n",
            str(tmp_path),
        ],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert parent.stdout is not None
    with parent, parent.stdout:
        child = int(parent.stdout.readline())
        assert is_alive(child)
        parent.send_signal(signal.SIGKILL)
        parent.wait(30)
        asyncio.run(until(lambda: not is_alive(child)))


def test_a_program_that_is_not_installed_names_the_remedy() -> None:
    with pytest.raises(DemoError, match="make setup"):
        find_program("tagdock-nothing")
