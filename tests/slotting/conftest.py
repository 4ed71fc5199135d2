"""What the tests of this part share: random warehouses, the test data's folder, a real PostgreSQL."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

import msgspec
import psycopg
import pytest
from procrastinate.schema import SchemaManager
from tagdock_slotting.problem import Problem
from tagdock_slotting.reading import decode_problem

POSTGRES = Path("/usr/lib/postgresql/15/bin")
VIEWS = Path(__file__).with_name("views.sql")


@pytest.fixture
def data() -> Path:
    """Find the folder of real instances; skip where it is not at hand."""
    folder = os.environ.get("TAGDOCK_TEST_DATA")
    if folder is None or not Path(folder).is_dir():
        pytest.skip("set TAGDOCK_TEST_DATA to the folder with picker_routes_single_block.jsonl.gz")
    return Path(folder)


@pytest.fixture
def warehouse() -> Callable[..., Problem]:
    """Build random warehouses: `warehouse(seed, items=8, bins=10, **keys of the problem)`."""
    return random_warehouse


def random_warehouse(seed: int, items: int = 8, bins: int = 10, /, **overrides: Any) -> Problem:
    random = Random(seed)
    doors = random.randint(1, 3)
    places = [
        {
            "id": f"B{number}",
            "x_m": random.randint(0, 20),
            "y_m": random.randint(0, 20),
            "z_m": random.choice([0.0, 0.9, 1.6, 2.4]),
            "zone": random.choice(["warm", "warm", "cold"]),
            "items_at_most": 1,
        }
        for number in range(bins)
    ]
    goods = [
        {
            "sku": f"S{number}",
            "picks_per_day": random.choice([0.0, random.uniform(0, 5), random.uniform(0, 50)]),
            "door_share": shares(random, doors),
            "zones": random.choice([[], [], ["warm"], ["warm", "cold"]]),
        }
        for number in range(items)
    ]
    layout = {
        "doors": [{"id": f"D{number}", "x_m": 7 * number, "y_m": 0} for number in range(doors)],
        "bins": places,
        "items": goods,
        "weights": {"ergonomics": random.choice([0.0, 1.0])},
    }
    return decode_problem(msgspec.json.encode(layout | overrides))


def shares(random: Random, doors: int) -> dict[str, float]:
    parts = [random.random() + 1e-3 for _ in range(doors)]
    return {f"D{number}": part / sum(parts) for number, part in enumerate(parts)}


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Run a real PostgreSQL 15 and yield the URL of its maintenance database."""
    if not (POSTGRES / "initdb").exists():
        pytest.skip("needs PostgreSQL 15: apt-get install postgresql-15")
    folder = Path("/tmp") / f"tagdock-slotting-{os.getpid()}-{time.time_ns()}"
    folder.mkdir(mode=0o700)
    user = None
    if os.getuid() == 0:
        user = "postgres"
        shutil.chown(folder, user)
    port = free_port()
    initdb = [POSTGRES / "initdb", "-D", folder / "db", "-U", "tagdock", "-A", "trust", "-E", "UTF8", "-N"]
    try:
        subprocess.run(initdb, user=user, cwd="/", check=True, stdout=subprocess.DEVNULL, timeout=60)
        settings = ["-k", str(folder), "-p", str(port), "-c", "listen_addresses=127.0.0.1", "-c", "fsync=off"]
        server = subprocess.Popen(
            [POSTGRES / "postgres", "-D", folder / "db", *settings],
            user=user,
            cwd="/",
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            url = f"postgresql://tagdock@127.0.0.1:{port}/postgres"
            wait_for(url)
            yield url
        finally:
            server.terminate()
            server.wait(timeout=20)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def database(postgres: str) -> Iterator[str]:
    """Create a database with the columns of cloud's views, the plan functions and the job queue."""
    name = f"t{time.time_ns()}"
    with psycopg.connect(postgres, autocommit=True) as admin:
        admin.execute(f"create database {name}")
        url = postgres.replace("/postgres", f"/{name}")
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(VIEWS.read_text())
            connection.execute(SchemaManager.get_schema())
        yield url
        admin.execute(f"drop database {name} with (force)")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(url: str) -> None:
    deadline = time.monotonic() + 30
    while True:
        try:
            psycopg.connect(url, connect_timeout=2).close()
            return
        except psycopg.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
