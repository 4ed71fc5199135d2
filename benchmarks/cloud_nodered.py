"""Node-RED, doing what a user would draw: MQTT in -> one insert a message -> PostgreSQL.

Installed with npm into a temporary folder. The flow subscribes with QoS 1 and a persistent session, and inserts the
events of each message with one statement through a pool of ten connections (the driver `pg`) into a table with the
columns and indexes of `movements`, unpartitioned. It tells gateways nothing, knows no duplicates, moves no projections,
and acknowledges a message to the broker when it has taken it, not when it has stored it: what it holds is lost with it.
"""

import json
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psycopg
from cloud_gateways import Gateway
from cloud_rig import PASSWORD, Programs, running
from tagdock_contract import GatewayAddress

PACKAGES = ("node-red@4.1", "pg@8")
_STALLED_S = 20.0
_COLUMNS = "site text, observed_at timestamptz, event_id uuid, epc text, epc_hex text, door text, direction text"
_TABLE = (
    f"create table nodered_movements ({_COLUMNS}, confidence real, evidence jsonb, "
    "stored_at timestamptz default now(), "
    "primary key (site, observed_at, event_id)); "
    "create index on nodered_movements (epc, observed_at desc); create index on nodered_movements (site, stored_at)"
)
_INSERT = (
    "insert into nodered_movements (site, observed_at, event_id, epc, epc_hex, door, direction, confidence, evidence) "
    f"select * from jsonb_to_recordset($1::jsonb) as e ({_COLUMNS}, confidence real, evidence jsonb)"
)


def is_possible() -> bool:
    """Tell whether node and npm are there."""
    return shutil.which("node") is not None and shutil.which("npm") is not None


@contextmanager
def running_nodered(folder: Path, database: str, port: int, programs: Programs) -> Iterator[None]:
    """Install Node-RED and run the flow."""
    folder.mkdir()
    subprocess.run(
        ["npm", "install", "--no-fund", "--no-audit", "--prefix", str(folder), *PACKAGES],
        check=True, capture_output=True, timeout=600,
    )  # fmt: skip
    with psycopg.connect(database) as connection:
        connection.execute(_TABLE)
    (folder / "settings.js").write_text(
        "module.exports = {flowFile: 'flows.json', uiHost: '127.0.0.1', uiPort: 0, credentialSecret: false,"
        " functionGlobalContext: {pg: require('pg')}, logging: {console: {level: 'info'}}}"
    )
    (folder / "flows.json").write_text(json.dumps(_flow(database, port)))
    command = ["node", str(folder / "node_modules/node-red/red.js"), "--userDir", str(folder)]
    with running(command, cwd=str(folder)) as process:
        programs.add("Node-RED", process.pid)
        for line in process.stdout:
            if b"Connected to broker" in line:
                break
        time.sleep(1.0)  # its subscription follows
        yield


def _flow(database: str, port: int) -> list[dict[str, object]]:
    broker = {
        "id": "broker", "type": "mqtt-broker", "broker": "127.0.0.1", "port": str(port), "clientid": "nodered",
        "autoConnect": True, "protocolVersion": "4", "keepalive": "60", "cleansession": False,
    }  # fmt: skip
    listen = {
        "id": "in", "type": "mqtt in", "z": "tab", "topic": "tagdock/v1/+/+/events", "qos": "1", "datatype": "json",
        "broker": "broker", "wires": [["store"]],
    }  # fmt: skip
    store = {
        "id": "store", "type": "function", "z": "tab", "outputs": 0, "wires": [], "x": 100, "y": 100,
        "initialize": f"context.set('pool', new (global.get('pg').Pool)({{connectionString: '{database}', max: 10}}))",
        "func": f'await context.get("pool").query("{_INSERT}", [JSON.stringify(msg.payload.events)])',
    }  # fmt: skip
    return [{"id": "tab", "type": "tab", "label": "movements"}, broker, listen, store]


def publish_to_nodered(database: str, port: int, batches: list[bytes], events: int) -> tuple[float, int]:
    """Publish batches and wait until all are stored, or nothing more is; return events a second and how many are."""
    with ExitStack() as stack, psycopg.connect(database, autocommit=True) as reader:
        reader.execute("truncate nodered_movements")
        gateway = Gateway(port, GatewayAddress("s1", "nodered"), PASSWORD)
        stack.callback(gateway.socket.close)
        started_s = last_s = time.perf_counter()
        for batch in batches:
            gateway.publish(batch)
        stored = 0
        while stored < events and time.perf_counter() - last_s < _STALLED_S:
            if gateway.has_unsent:
                gateway.write()
                gateway.read()
                continue
            gateway.read()
            found = reader.execute("select count(*) from nodered_movements").fetchone()[0]
            if found > stored:
                stored, last_s = found, time.perf_counter()
            time.sleep(0.05)
        if stored < events:
            print(f"Node-RED stored {stored:,} of {events:,}")
        return stored / (last_s - started_s), stored
