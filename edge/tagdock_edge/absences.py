"""How long each reader could not be reached, added up: what passes meanwhile is not read, and that shows. Pure."""

from collections import Counter
from dataclasses import replace

from tagdock_edge.clock import SECOND_US
from tagdock_edge.inbox import ReaderNews

_WORDS = "was unreachable for {:,.1f} s: what passed meanwhile was not read, or comes late from where it was kept"


class Absences:
    """The absences of all readers since the start, from their news. `seconds` may be called from other threads."""

    def __init__(self) -> None:
        self._since_us: dict[str, int] = {}
        self._over_us: Counter[str] = Counter()

    def note(self, news: ReaderNews) -> ReaderNews:
        """Take note of news, in the order in which they came; one that ends an absence says how long it was."""
        if news.state == "down":
            self._since_us.setdefault(news.reader, news.at_us)
        since_us = self._since_us.pop(news.reader, None) if news.state == "up" else None
        if since_us is None:
            return news
        away_us = max(news.at_us - since_us, 0)  # the system's clock may have been set back
        self._over_us[news.reader] += away_us
        return replace(news, detail="; ".join(filter(None, (_WORDS.format(away_us / SECOND_US), news.detail))))

    def seconds(self, now_us: int) -> dict[str, float]:
        """Return by reader for how many seconds it was unreachable up to now, the absence going on among them."""
        away_us = Counter(self._over_us)
        for reader, since_us in dict(self._since_us).items():
            away_us[reader] += max(now_us - since_us, 0)
        return {reader: each_us / SECOND_US for reader, each_us in away_us.items()}
