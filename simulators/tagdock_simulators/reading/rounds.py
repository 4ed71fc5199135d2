"""Who is counted when: Gen2 inventory rounds within each antenna's turn.

In a turn of length D with n tags that answer, a round takes R = start + n * tag (see `radio.gen2`), in random order:

    dual target     ceil(D / R) rounds, each with all n tags: they are counted back and forth for ever
    single target   one round with those that are not quiet; who is counted is quiet as long as the session says

S0 forgets when power goes, so at every change of antenna. S1 forgets after its time. S2 and S3 forget only without
power: each turn that powers a quiet tag starts its time anew. Tags keep one flag a session, so readers of one session
quieten tags for each other. Source: EPC Gen2 V1.2, section 6.3.2.2 and table 6.14.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tagdock_simulators.chance import Chance, Floats, Ints
from tagdock_simulators.radio import Radio
from tagdock_simulators.radio.gen2 import SESSIONS
from tagdock_simulators.reading.hall import Hall, Turns
from tagdock_simulators.reading.links import Links
from tagdock_simulators.reading.present import Present, Tags


@dataclass(frozen=True, slots=True)
class Answers:
    """Links whose tags answer: places in Links, and their turns in ascending order.

    Of all turns: `begin_s`, and `tag_s`, what a tag adds to a round.
    """

    link: Ints
    turn: Ints
    begin_s: Floats
    tag_s: Floats


@dataclass(frozen=True, slots=True)
class Counted:
    """Singulations: places in Links, when, and their turns; in the order of turns, then of time."""

    link: Ints
    seconds: Floats
    turn: Ints


def flood(answers: Answers, keys: "Keys", radio: Radio) -> Counted:
    """Count all tags that answer in each turn, over and over if the target is dual, once if it is single (S0)."""
    numbers, first, count = np.unique(answers.turn, return_index=True, return_counts=True)
    tag_s = answers.tag_s[numbers]
    round_s = radio.round_s + count * tag_s
    rounds = np.ceil(radio.turn_s / round_s).astype(np.int64) if radio.target == "dual" else np.ones_like(count)
    size = rounds * count
    where = np.repeat(np.arange(len(numbers)), size)
    place = np.arange(len(where)) - np.repeat(np.cumsum(size) - size, size)
    lap, offset = np.divmod(place, count[where])
    order = np.argsort((np.cumsum(rounds) - rounds)[where] + lap + keys.draw(numbers, size))
    # Sorting within a round permutes who comes when; the round's own places stay.
    when_s = lap * round_s[where] + radio.round_s + (offset + 1) * tag_s[where]
    fits = when_s < radio.turn_s
    link = answers.link[first[where] + offset][order]
    return Counted(link[fits], (answers.begin_s[numbers[where]] + when_s)[fits], numbers[where][fits])


def once(answers: Answers, found: Links, quiet: "Quiet", keys: "Keys", radio: Radio) -> Counted:
    """Count each answering tag that is not quiet, once a turn, and make it quiet (single target, S1 to S3)."""
    held = SESSIONS[radio.session].held_by_power
    numbers, first, count = np.unique(answers.turn, return_index=True, return_counts=True)
    draws = keys.draw(numbers, count)
    parts: list[tuple[Ints, Floats, Ints]] = []
    for number, start, size in zip(numbers.tolist(), first.tolist(), count.tolist(), strict=True):
        here = answers.link[start : start + size]
        tag, now_s = found.tag[here], answers.begin_s[number]
        loud = quiet.until_s[tag] <= now_s
        if held:
            still = tag[~loud]
            quiet.until_s[still] = now_s + radio.turn_s + quiet.for_s[still]
        if loud.any():
            tag_s = answers.tag_s[number]
            most = int((radio.turn_s - radio.round_s) / tag_s)
            chosen = here[loud][np.argsort(draws[start : start + size][loud])][:most]
            when_s = now_s + radio.round_s + np.arange(1, len(chosen) + 1) * tag_s
            quiet.until_s[found.tag[chosen]] = when_s + quiet.for_s[found.tag[chosen]]
            parts.append((chosen, when_s, np.full(len(chosen), number)))
    if not parts:
        return Counted(np.zeros(0, np.int64), np.zeros(0), np.zeros(0, np.int64))
    link, seconds, turns = (np.concatenate(column) for column in zip(*parts, strict=True))
    return Counted(link, seconds, turns)


class Quiet:
    """Until when each tag keeps quiet, for the tags of several loads in a row."""

    def __init__(self, loads: Sequence[Present], tags: Tags) -> None:
        self.for_s = np.concatenate([load.quiet_for_s for load in loads])
        self.until_s = np.concatenate([load.quiet_until_s for load in loads])
        self._loads, self._first = loads, tags.first

    def keep(self) -> None:
        """Give each load back what its tags remember."""
        for load, first in zip(self._loads, self._first.tolist(), strict=True):
            load.quiet_until_s = self.until_s[first : first + len(load.quiet_until_s)]


class Keys:
    """Random numbers for singulations, from a stream of each reader's own: what others do does not change them."""

    def __init__(self, hall: Hall, turns: Turns, seed: int, stretch: int) -> None:
        self._reader = hall.reader[turns.antenna]
        self._chances = [Chance(seed, "rounds", reader, str(stretch)) for reader in hall.readers]

    def draw(self, turn: Ints, size: Ints) -> Floats:
        """Draw numbers in [0, 1): `size` of them for each turn, one after the other."""
        return self._spread(turn, size, "uniform")

    def draw_bell(self, turn: Ints, size: Ints) -> Floats:
        """Draw nearly normal numbers in the same way."""
        return self._spread(turn, size, "bell")

    def _spread(self, turn: Ints, size: Ints, kind: str) -> Floats:
        reader = np.repeat(self._reader[turn], size)
        drawn = np.empty(len(reader))
        for number in np.unique(reader).tolist():
            mine = np.flatnonzero(reader == number)
            chance = self._chances[number]
            drawn[mine] = chance.uniform(len(mine)) if kind == "uniform" else chance.bell(len(mine))
        return drawn
