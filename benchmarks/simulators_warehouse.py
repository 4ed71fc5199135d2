"""Measure how fast a simulated warehouse works, beside a bare calendar of as many events: SimPy's, or heapq's alone.

Run: .venv/bin/python benchmarks/simulators_warehouse.py [DAYS]   (with SimPy where it is installed: pip install simpy)
"""

import heapq
import importlib.util
import resource
import statistics
import sys
import time
from collections import deque
from collections.abc import Callable

from tagdock_simulators.warehouse.generate import generate_orders
from tagdock_simulators.warehouse.world.records import Moved
from tagdock_simulators.warehouse.world.source import generated
from tagdock_simulators.warehouse.world.world import World

ROUNDS = 3
DAYS = int(sys.argv[1]) if len(sys.argv) > 1 else 28


def seconds(action: Callable[[], object]) -> float:
    """CPU time of an action: the machine may be shared."""
    begin_s = time.process_time()
    action()
    return time.process_time() - begin_s


def median_s(action: Callable[[], object]) -> float:
    return statistics.median(seconds(action) for _ in range(ROUNDS))


class Worked:
    """A world that worked for some days: what it did, and the CPU time it took."""

    def __init__(self, days: int) -> None:
        world = World(generated(1), 1)
        self.records = self.moves = self.item_events = 0
        self.seconds = seconds(lambda: self._work(world, days))
        self.actions = world.house.agenda.done

    def _work(self, world: World, days: int) -> None:
        for record in world.records(days):
            self.records += 1
            if isinstance(record, Moved):
                self.item_events += len(record.items)


def bare_heap(events: int) -> None:
    """Push and pop events, a hundred of them waiting at any time."""
    waiting = [(float(place), place) for place in range(100)]
    for number in range(100, events):
        at, _ = heapq.heappop(waiting)
        heapq.heappush(waiting, (at + 100.0, number))


def simpy_timeouts(events: int) -> None:
    """Let a hundred SimPy processes wait in turn."""
    import simpy

    def process(env: "simpy.Environment", delay: float) -> object:
        for _ in range(events // 100):
            yield env.timeout(delay)

    env = simpy.Environment()
    deque((env.process(process(env, 100.0 + place)) for place in range(100)), maxlen=0)
    env.run()


def main() -> None:
    worlds = [Worked(DAYS) for _ in range(ROUNDS)]
    worked = sorted(worlds, key=lambda each: each.seconds)[ROUNDS // 2]
    print(f"{DAYS} days of complete orders, {worked.seconds:.2f} s of CPU time:")
    for what, count in (("actions", worked.actions), ("records", worked.records), ("item events", worked.item_events)):
        print(f"  {what:12}{count:>10,}   {count / worked.seconds:>10,.0f}/s")
    print(f"  faster than real time {DAYS * 86_400 / worked.seconds:>12,.0f} times")
    peers = {"heapq alone": bare_heap}
    if importlib.util.find_spec("simpy"):
        peers["SimPy timeouts"] = simpy_timeouts
    for name, peer in peers.items():
        took_s = median_s(lambda peer=peer: peer(worked.actions))
        print(f"  {name}, as many as actions: {took_s:.3f} s; the world takes {worked.seconds / took_s:.0f} times that")
    took_s = median_s(lambda: generate_orders(1))
    print(f"40,000 order lines generated in {took_s:.2f} s")
    print(f"largest memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


if __name__ == "__main__":
    main()
