"""The readers on their threads: started, watched, started again when a driver breaks, exchanged while others go on."""

import logging
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import msgspec
from tagdock_contract import ReaderStatus

from tagdock_edge.backoff import Backoff
from tagdock_edge.config import ReaderConfig
from tagdock_edge.driver import Reader, find_driver
from tagdock_edge.errors import RecordingError
from tagdock_edge.inbox import Inbox, ReaderNews

log = logging.getLogger(__name__)

JOIN_S = 5.0
"""A reader that does not end within this time is left behind: its thread dies with the process."""
_HEALTHY_S = 30.0
_DETAIL_CHARS = 1000
"""What the contract allows."""


@dataclass(slots=True)
class _Post:
    """One reader at work; each start makes a new `reader`, and `problem` says how the last one broke."""

    config: ReaderConfig
    reader: Reader | None = None
    problem: str = ""
    stop: threading.Event = field(default_factory=threading.Event)
    thread: threading.Thread | None = None


class Crew:
    """The readers of one gateway."""

    def __init__(self, inbox: Inbox, on_failure: Callable[[BaseException], None]) -> None:
        """`on_failure` hears of what no new start can mend; it is called on the reader's thread."""
        self._inbox, self._on_failure = inbox, on_failure
        self._posts: dict[str, _Post] = {}

    def set(self, configs: Iterable[ReaderConfig]) -> None:
        """Let exactly these readers work: those that are unchanged go on undisturbed, the others end or begin."""
        wanted = {config.name: config for config in configs}
        before, self._posts = self._posts, {}
        for name, post in before.items():
            if wanted.get(name) != post.config:
                post.stop.set()
        for name, config in wanted.items():
            old = before.get(name)
            self._posts[name] = old if old is not None and old.config == config else self._begin(config, old)

    def status(self) -> tuple[ReaderStatus, ...]:
        """Return how the readers stand, whatever their drivers say."""
        return tuple(_status(post) for post in self._posts.values())

    def stop(self) -> None:
        """End all readers; returns when they have ended or are left behind."""
        for post in self._posts.values():
            post.stop.set()
        until_s = time.monotonic() + JOIN_S
        for name, post in self._posts.items():
            _join(name, post.thread, until_s - time.monotonic())
            post.thread = None  # ended or left behind: nobody waits for it again

    def _begin(self, config: ReaderConfig, before: _Post | None) -> _Post:
        post = _Post(config)
        predecessor = None if before is None else before.thread
        work = threading.Thread(target=self._work, args=(post, predecessor), name=f"reader {config.name}", daemon=True)
        post.thread = work
        work.start()
        return post

    def _work(self, post: _Post, predecessor: threading.Thread | None) -> None:
        """Run one reader once its predecessor has left; start it anew when its driver breaks."""
        _join(post.config.name, predecessor, JOIN_S)
        retry = Backoff()
        while not post.stop.is_set():
            began_s = time.monotonic()
            try:
                post.reader = find_driver(post.config.driver).reader(post.config.name, post.config.settings)
                post.problem = ""
                post.reader.run(self._inbox, post.stop)
                return
            except (Exception, SystemExit) as error:  # whatever a driver did wrong, the other readers go on
                if isinstance(error, RecordingError) and find_driver(post.config.driver).own_time:
                    self._on_failure(error)  # it will not read otherwise the next time, and runs alone
                    return
                log.exception("reader %s: its driver broke", post.config.name)
                post.problem = _shown(f"the driver {post.config.driver} broke", error)
                self._inbox.report(ReaderNews(time.time_ns() // 1000, post.config.name, "down", detail=post.problem))
            if time.monotonic() - began_s >= _HEALTHY_S:
                retry.reset()
            post.stop.wait(retry.next_s())


def _status(post: _Post) -> ReaderStatus:
    """Ask a reader how it stands; an answer that the contract would not take counts as none."""
    name = post.config.name
    if post.problem:
        return ReaderStatus(name, "down", detail=post.problem)
    if post.reader is None:
        return ReaderStatus(name, "connecting")
    try:
        status = msgspec.convert(msgspec.to_builtins(post.reader.status()), ReaderStatus)
        return msgspec.structs.replace(status, name=name)
    except Exception as error:  # a foreign driver may raise or answer anything
        return ReaderStatus(name, "down", detail=_shown(f"the driver {post.config.driver} can't say how it is", error))


def _shown(what: str, error: BaseException) -> str:
    return f"{what}: {type(error).__name__}: {error}"[:_DETAIL_CHARS]


def _join(name: str, thread: threading.Thread | None, timeout_s: float) -> None:
    if thread is None:
        return
    thread.join(max(timeout_s, 0.0))
    if thread.is_alive():
        log.error("reader %s: its driver did not stop within %.0f s and is left behind", name, JOIN_S)
