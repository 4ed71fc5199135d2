"""The configuration file: one TOML file, checked whole, each mistake told with its key and the remedy."""

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Literal

from msgspec import Meta
from tagdock_contract import GatewayAddress
from tagdock_contract.events import Name, Place

from tagdock_edge.config import (
    EVENTS_AT_MOST,
    PASSWORD_VARIABLE,
    DoorConfig,
    GatewayConfig,
    OutboxConfig,
    ReaderConfig,
    ShelfConfig,
    check_antennas_once,
    read_broker,
    read_door,
    read_journal_section,
    read_metrics,
    read_passage,
    read_presence,
    read_shelf,
    references,
    wiring,
)
from tagdock_edge.config.kinds import NAME_WORDS, PATH_WORDS, PLACE_WORDS, Text
from tagdock_edge.config.sensors import read_sensors
from tagdock_edge.driver import Station, driver_settings, find_driver
from tagdock_edge.errors import ConfigError, DriverError
from tagdock_edge.readers.bin_sensors import sensor_readers
from tagdock_edge.tables import Table

_MAX_FILE_BYTES = 1024 * 1024
_READERS_AT_MOST, _DOORS_AT_MOST = 250, 1000
"""More is another gateway's work: a reader is a thread and a connection."""
_TOLD_AT_MOST = 100
_DEEP_KEY = re.compile(r"""(?<![\w-])(?:(?:[\w-]++|"[^"\n]*+"|'[^'\n]*+')[ \t]*+\.[ \t]*+){32}""")
"""A key of so many parts is no key of ours, and reading it takes time and memory by their square."""


def load(path: Path, environ: Mapping[str, str], data_dir: Path | None = None) -> GatewayConfig:
    """Read and check a configuration file. Relative paths in it count from the file's own folder.

    `environ` is asked for the broker's password only; `data_dir` takes outbox and journal where it is given.

    Raises:
        ConfigError: with every mistake that was found, each naming its key and the remedy.
    """
    problems: list[str] = []
    config = _config(Table(_toml(path), "", problems), path.parent, environ, data_dir)
    if len(problems) > _TOLD_AT_MOST:
        problems[_TOLD_AT_MOST:] = [f"and {len(problems) - _TOLD_AT_MOST:,} more mistakes"]
    if problems:
        raise ConfigError([f"{path}: {problem}" for problem in problems])
    return config


def _toml(path: Path) -> dict[str, object]:
    try:
        with path.open("rb") as file:
            data = file.read(_MAX_FILE_BYTES + 1)
        if len(data) > _MAX_FILE_BYTES:
            raise ConfigError([f"{path}: has more than {_MAX_FILE_BYTES:,} bytes; is it the right file?"])
        text = data.decode("utf-8-sig")  # some editors begin with a byte order mark
        if _DEEP_KEY.search(text):
            raise ConfigError([f"{path}: has a key of more than 32 parts; is it the right file?"])
        return tomllib.loads(text)
    except OSError as error:
        raise ConfigError([f"{path}: can't be read ({error.strerror}); name the file with --config"]) from error
    except (ValueError, RecursionError) as error:  # ValueError: no TOML, no UTF-8, an endless number
        raise ConfigError([f"{path}: is no TOML: {error}"]) from error


def _config(root: Table, base: Path, environ: Mapping[str, str], data_dir: Path | None) -> GatewayConfig:
    gateway = root.table("gateway") or Table({}, "gateway", root.problems)
    site = gateway.take("site", Name, NAME_WORDS) or "invalid"
    name = gateway.take("id", Name, NAME_WORDS) or "invalid"
    address = GatewayAddress(site, name)
    broker = read_broker(gateway, base, environ, PASSWORD_VARIABLE)
    if broker.password is not None:  # readers and sensors at this broker are the same user by other client ids
        broker = replace(broker, username=broker.username or address.client_id)
    outbox = _outbox(gateway, base, data_dir)
    gateway.close()
    journal = read_journal_section(root.table("journal"), outbox.path.parent)
    doors = tuple(read_door(table) for table in root.tables("door"))
    shelves = tuple(read_shelf(table) for table in root.tables("shelf"))
    nobody = Station("", base, (), (), address, broker, environ)
    tables = list(root.tables("reader"))
    made = [_reader(table, nobody, doors, shelves) for table in tables[:_READERS_AT_MOST]]
    _check_bound(root, "reader", tables, _READERS_AT_MOST)
    _check_bound(root, "door", doors, _DOORS_AT_MOST)
    readers = tuple(reader for reader, _ in made)
    passage = read_passage(root.table("passage"))
    presence = read_presence(root.table("presence"))
    metrics = read_metrics(root.table("metrics"))
    sensors = read_sensors(root.tables("sensor"), base, environ, broker)
    root.close()
    if not sensors or readers or doors or shelves:
        _check_together(root, readers, doors, shelves, [own_time for _, own_time in made])
    readers += sensor_readers(address, sensors)
    return GatewayConfig(address, broker, outbox, journal, readers, doors, passage, metrics, shelves, presence)


def _outbox(gateway: Table, base: Path, data_dir: Path | None) -> OutboxConfig:
    name = gateway.take("outbox", Text, PATH_WORDS, "outbox.sqlite")
    synchronous = gateway.take("outbox_synchronous", Literal["normal", "full"], '"normal" or "full"', "full")
    at_most = gateway.take(
        "outbox_events_at_most", Annotated[int, Meta(ge=1000, le=10**9)], "1000 to 1000000000", EVENTS_AT_MOST
    )
    if Path(name).name in ("", ".."):
        gateway.complain("outbox", f"must be the path of a file, not {name!r}")
        name = "outbox.sqlite"
    path = base / name if data_dir is None else data_dir / Path(name).name
    return OutboxConfig(path, synchronous, at_most)


def _reader(
    table: Table, nobody: Station, doors: tuple[DoorConfig, ...], shelves: tuple[ShelfConfig, ...]
) -> tuple[ReaderConfig, bool]:
    """Have the driver read one reader's table; tells whether the reader brings its own time."""
    name = table.take("name", Place, PLACE_WORDS) or ""
    driver_name = table.take("driver", Annotated[str, Meta(max_length=64)], 'the name of a driver, like "llrp"') or ""
    try:
        driver = find_driver(driver_name)
    except DriverError as error:
        if driver_name:
            table.complain("driver", str(error))
        return ReaderConfig(name, driver_name, None), False
    antennas, inputs = wiring(doors, shelves, name)
    station = replace(nobody, name=name, antennas=antennas, inputs=inputs)
    settings = driver_settings(driver_name, driver, table, station)
    table.close()
    return ReaderConfig(name, driver_name, settings), driver.own_time


def _check_together(
    root: Table,
    readers: tuple[ReaderConfig, ...],
    doors: tuple[DoorConfig, ...],
    shelves: tuple[ShelfConfig, ...],
    own_times: list[bool],
) -> None:
    """Check what no section can check alone: that names are there once and mean something."""
    if not readers:
        root.complain("reader", "is missing; the gateway needs one [[reader]] at least")
    if not doors and not shelves:
        root.complain("door", "is missing; the gateway needs one [[door]] or [[shelf]] at least")
    _check_names_once(root, "reader", "name", [reader.name for reader in readers])
    _check_names_once(root, "door", "name", [door.name for door in doors])
    _check_names_once(root, "shelf", "bin", [shelf.bin for shelf in shelves])
    if len(set(own_times)) > 1:
        root.complain("reader", "a recording has its own time: play it without other drivers beside it")
    check_antennas_once(root, doors, shelves)
    if any(own_times):
        return  # the reads of a recording carry the names of the readers that were there
    known = {reader.name for reader in readers}
    for path, reader_name in references(doors, shelves):
        if reader_name and reader_name not in known:
            root.complain(path, f"{reader_name!r} is no [[reader]]; there is {', '.join(sorted(known)) or 'none'}")


def _check_bound(root: Table, key: str, found: Sequence[object], at_most: int) -> None:
    if len(found) > at_most:
        root.complain(key, f"is there {len(found):,} times; a gateway serves {at_most:,} at most")


def _check_names_once(root: Table, key: str, field: str, names: list[str]) -> None:
    first: dict[str, int] = {}
    for index, name in enumerate(names):
        if name and first.setdefault(name, index) != index:
            root.complain(f"{key}[{index}].{field}", f"{name!r} is taken by {key}[{first[name]}]")
