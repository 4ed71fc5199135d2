"""The ordeal's blows dealt to what one would pick instead: a Node-RED flow to PostgreSQL, mosquitto_sub | psql.

    python benchmarks/cloud_peers.py --node-red FOLDER [--events 6000] [--play-s 120] [--seeds 1,2] [--only NAME]

FOLDER holds node_modules with node-red and pg (`npm install node-red@4.1 pg`). Each peer gets what its
documents show: a client that publishes each event once with QoS 1, mosquitto with its defaults, one insert an event.
The publisher keeps its place in a file, so that it goes on where it was killed. Tagdock itself: `tagdock-sim ordeal`.
"""

import argparse
import asyncio
import json
import os
import shutil
import socket
import subprocess
import sys
import time
import uuid
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from tempfile import mkdtemp

import psycopg
from tagdock_cloud.embedded.database import EmbeddedDatabase
from tagdock_cloud.serve.ports import choose_port
from tagdock_simulators.demo.processes import Program, Supervisor
from tagdock_simulators.faults.proxy import TcpProxy
from tagdock_simulators.mqtt.mosquitto import mosquitto_program
from tagdock_simulators.ordeal.blows import CLOUD_WIRE, GATEWAY_WIRE, deal
from tagdock_simulators.ordeal.disk import SmallDisk
from tagdock_simulators.ordeal.strike import strike

TOPIC = "events"
QUIET_S = 20.0
"""Nothing new in the table for so long: nothing more comes."""
_PUBLISHER = """
import sys, time, pathlib
import paho.mqtt.client as mqtt
file, place, port, rate = sys.argv[1], pathlib.Path(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])
client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, "publisher", clean_session=False)
client.reconnect_delay_set(1, 2)
client.connect_async("127.0.0.1", port)
client.loop_start()
begin = int(place.read_text() or 0) if place.exists() else 0
for number, line in enumerate(open(file)):
    if number >= begin:
        client.publish("events", line.strip(), qos=1)
        place.write_text(str(number + 1))
        time.sleep(1 / rate)
time.sleep(3600)
"""
_PIPE = """mosquitto_sub -h 127.0.0.1 -p {port} -i consumer -c -q 1 -t events \
-F 'insert into events values ($e$%p$e$);' | psql -q {url}"""


class Scene:
    """Publisher, wires, broker, consumer and database; `kill` as the ordeal asks."""

    def __init__(self, folder: Path, disk: Path, children: Supervisor) -> None:
        self.folder, self.children = folder, children
        self.broker_port = _free_port()
        self.wires = {name: TcpProxy(name, ("127.0.0.1", self.broker_port)) for name in (GATEWAY_WIRE, CLOUD_WIRE)}
        self.database = EmbeddedDatabase(disk / "database", choose_port("127.0.0.1", 0, ""), "peers")

    async def start(self, peer: str, node_red: Path, events: int, play_s: float) -> None:
        """Start everything, the publisher last."""
        ports = {name: await wire.start() for name, wire in self.wires.items()}
        self.database.prepare()
        await self._child("database", *self.database.command)
        await asyncio.to_thread(self.database.wait, 60.0, while_waiting=lambda: None)
        with psycopg.connect(self.database.url, autocommit=True) as connection:
            connection.execute("create table events (event text)")
        config = self.folder / "mosquitto.conf"
        config.write_text(f"listener {self.broker_port} 127.0.0.1\nallow_anonymous true\nuser root\n")
        await self._child("broker", str(mosquitto_program()), "-c", str(config))
        await asyncio.sleep(1.0)
        if peer == "node-red":
            await self._child("ingest", "node", *_node_red(self.folder, node_red, ports[CLOUD_WIRE], self.database.url))
            await asyncio.sleep(12.0)
        else:
            pipe = _PIPE.format(port=ports[CLOUD_WIRE], url=self.database.url)
            await self._child("ingest", "sh", "-c", pipe)
            await asyncio.sleep(2.0)
        script, file = self.folder / "publisher.py", self.folder / "events.txt"
        script.write_text(_PUBLISHER)
        file.write_text("".join(f'{{"event_id":"{uuid.UUID(int=number)}"}}\n' for number in range(events)))
        arguments = (str(file), str(self.folder / "place"), str(ports[GATEWAY_WIRE]), str(events / play_s))
        await self._child("gateway", sys.executable, str(script), *arguments)

    async def _child(self, name: str, *command: str) -> None:
        program = (str(shutil.which(command[0]) or command[0]), *command[1:])
        await self.children.start(Program(name, program, dict(os.environ)), lambda _: True, 30.0)

    def kill(self, victim: str) -> list[int]:
        """Kill a program; of a pipe, all that belongs to it."""
        pid = self.children.kill(victim)
        if pid is not None and victim == "ingest":
            subprocess.run(["pkill", "-KILL", "-s", str(pid)], check=False)
        return [] if pid is None else [pid]

    def stored(self) -> list[str]:
        """Return what is in the table."""
        with psycopg.connect(self.database.url, connect_timeout=5) as connection:
            return [json.loads(row[0])["event_id"] for row in connection.execute("select event from events")]


def _node_red(folder: Path, node_red: Path, port: int, url: str) -> list[str]:
    """Write a flow as one would draw it, and return how to start it."""
    home = folder / "node-red"
    home.mkdir()
    (home / "node_modules").symlink_to(node_red / "node_modules")
    code = "await pool.query('insert into events values ($1)', [msg.payload]); return null;"
    start = f"const pool = new pg.Pool({{connectionString: {json.dumps(url)}}}); context.set('pool', pool);"
    flow = [
        {"id": "t", "type": "tab", "label": "flow"},
        {"id": "b", "type": "mqtt-broker", "broker": "127.0.0.1", "port": str(port), "clientid": "consumer",
         "autoConnect": True, "cleansession": False, "keepalive": "60", "protocolVersion": "4"},
        {"id": "i", "z": "t", "type": "mqtt in", "topic": TOPIC, "qos": "1", "datatype": "utf8", "broker": "b",
         "wires": [["f"]], "inputs": 0},
        {"id": "f", "z": "t", "type": "function", "func": f"const pool = context.get('pool');\n{code}", "outputs": 0,
         "initialize": start, "libs": [{"var": "pg", "module": "pg"}], "wires": []},
    ]  # fmt: skip
    (home / "flows.json").write_text(json.dumps(flow))
    (home / "settings.js").write_text(
        "module.exports = {flowFile: 'flows.json', uiPort: 0, uiHost: '127.0.0.1', functionExternalModules: true,"
        " contextStorage: {default: {module: 'memory'}}, logging: {console: {level: 'warn'}}}"
    )
    return [str(node_red / "node_modules/node-red/red.js"), "-u", str(home), "-s", str(home / "settings.js")]


async def ordeal(peer: str, seed: int, asked: argparse.Namespace) -> Mapping[str, int]:
    """Play one ordeal and count."""
    folder = Path(mkdtemp(prefix=f"peers-{peer}-"))
    children = Supervisor(folder / "logs")
    with SmallDisk(folder / "disk", 400) as disk:
        scene = Scene(folder, disk.folder, children)
        try:
            await scene.start(peer, asked.node_red, asked.events, asked.play_s)
            struck = await strike(deal(seed, asked.play_s), scene, disk, lambda words: print("   ", words, flush=True))
            stored = await _settled(scene)
        finally:
            await children.stop()
            for wire in scene.wires.values():
                await wire.close()
    counts = Counter(stored)
    lost = asked.events - len(counts)
    return {"lost": lost, "doubled": len(stored) - len(counts), "missed": sum(not each.hit for each in struck)}


async def _settled(scene: Scene) -> list[str]:
    stored, changed_s = [""], time.monotonic()
    while time.monotonic() - changed_s < QUIET_S:
        await asyncio.sleep(2.0)
        try:
            now = await asyncio.to_thread(scene.stored)
        except psycopg.Error:
            continue
        if len(now) != len(stored):
            stored, changed_s = now, time.monotonic()
    return stored


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
        return port


def main() -> None:
    """Print what each peer lost and doubled."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--node-red", type=Path, help="folder with node_modules of node-red and pg")
    parser.add_argument("--events", type=int, default=6000)
    parser.add_argument("--play-s", type=float, default=120.0)
    parser.add_argument("--seeds", default="1,2")
    parser.add_argument("--only", choices=["node-red", "mosquitto_sub"])
    asked = parser.parse_args()
    peers = [asked.only] if asked.only else ["mosquitto_sub", *(["node-red"] if asked.node_red else [])]
    rows = []
    for peer in peers:
        for seed in map(int, asked.seeds.split(",")):
            print(f"{peer}, seed {seed}", flush=True)
            rows.append((peer, seed, asyncio.run(ordeal(peer, seed, asked))))
    print(f"\n{'':<16}{'seed':>5}{'events':>9}{'lost':>8}{'doubled':>9}{'blows without effect':>22}")
    for peer, seed, came in rows:
        print(f"{peer:<16}{seed:>5}{asked.events:>9,}{came['lost']:>8,}{came['doubled']:>9,}{came['missed']:>22}")


if __name__ == "__main__":
    main()
