"""The configuration file: one TOML file, checked whole, each mistake told with its key and the remedy."""

import tomllib
from collections.abc import Mapping
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
    check_antennas_once,
    read_broker,
    read_door,
    read_journal_section,
    read_metrics,
    read_passage,
    references,
    wiring,
)
from tagdock_edge.config.kinds import NAME_WORDS, PATH_WORDS, PLACE_WORDS, Text
from tagdock_edge.driver import Station, find_driver
from tagdock_edge.errors import ConfigError, DriverError
from tagdock_edge.tables import Table

_MAX_FILE_BYTES = 1024 * 1024


def load(path: Path, environ: Mapping[str, str], data_dir: Path | None = None) -> GatewayConfig:
    """Read and check a configuration file. Relative paths in it count from the file's own folder.

    `environ` is asked for the broker's password only; `data_dir` takes outbox and journal where it is given.

    Raises:
        ConfigError: with every mistake that was found, each naming its key and the remedy.
    """
    problems: list[str] = []
    config = _config(Table(_toml(path), "", problems), path.parent, environ, data_dir)
    if problems:
        raise ConfigError([f"{path}: {problem}" for problem in problems])
    return config


def _toml(path: Path) -> dict[str, object]:
    try:
        with path.open("rb") as file:
            text = file.read(_MAX_FILE_BYTES + 1)
        if len(text) > _MAX_FILE_BYTES:
            raise ConfigError([f"{path}: has more than {_MAX_FILE_BYTES:,} bytes; is it the right file?"])
        return tomllib.loads(text.decode())
    except OSError as error:
        raise ConfigError([f"{path}: can't be read ({error.strerror}); name the file with --config"]) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ConfigError([f"{path}: is no TOML: {error}"]) from error


def _config(root: Table, base: Path, environ: Mapping[str, str], data_dir: Path | None) -> GatewayConfig:
    gateway = root.table("gateway") or Table({}, "gateway", root.problems)
    site = gateway.take("site", Name, NAME_WORDS) or "invalid"
    name = gateway.take("id", Name, NAME_WORDS) or "invalid"
    address = GatewayAddress(site, name)
    broker = read_broker(gateway, base, environ, PASSWORD_VARIABLE)
    outbox = _outbox(gateway, base, data_dir)
    gateway.close()
    journal = read_journal_section(root.table("journal"), outbox.path.parent)
    doors = tuple(read_door(table) for table in root.tables("door"))
    made = [
        _reader(table, Station("", base, (), (), address, broker, environ), doors) for table in root.tables("reader")
    ]
    readers = tuple(reader for reader, _ in made)
    passage = read_passage(root.table("passage"))
    metrics = read_metrics(root.table("metrics"))
    for key in ("shelf", "sensor"):
        root.refuse(key, f"a {key} is not served yet; leave the section out")
    root.close()
    _check_together(root, readers, doors, [own_time for _, own_time in made])
    return GatewayConfig(address, broker, outbox, journal, readers, doors, passage, metrics)


def _outbox(gateway: Table, base: Path, data_dir: Path | None) -> OutboxConfig:
    name = gateway.take("outbox", Text, PATH_WORDS, "outbox.sqlite")
    synchronous = gateway.take("outbox_synchronous", Literal["normal", "full"], '"normal" or "full"', "full")
    at_most = gateway.take("outbox_events_at_most", Annotated[int, Meta(ge=1000)], "1000 or more", EVENTS_AT_MOST)
    path = base / name if data_dir is None else data_dir / Path(name).name
    return OutboxConfig(path, synchronous, at_most)


def _reader(table: Table, nobody: Station, doors: tuple[DoorConfig, ...]) -> tuple[ReaderConfig, bool]:
    """Have the driver read one reader's table; tells whether the reader brings its own time."""
    name = table.take("name", Place, PLACE_WORDS) or ""
    driver_name = table.take("driver", str, 'the name of a driver, like "llrp"') or ""
    try:
        driver = find_driver(driver_name)
    except DriverError as error:
        if driver_name:
            table.complain("driver", str(error))
        return ReaderConfig(name, driver_name, None), False
    antennas, inputs = wiring(doors, name)
    station = replace(nobody, name=name, antennas=antennas, inputs=inputs)
    settings = driver.settings(table, station)
    table.close()
    return ReaderConfig(name, driver_name, settings), driver.own_time


def _check_together(
    root: Table, readers: tuple[ReaderConfig, ...], doors: tuple[DoorConfig, ...], own_times: list[bool]
) -> None:
    """Check what no section can check alone: that names are there once and mean something."""
    for key, owners in (("reader", readers), ("door", doors)):
        names = [owner.name for owner in owners]
        if not names:
            root.complain(key, f"is missing; the gateway needs one [[{key}]] at least")
        for index, name in enumerate(names):
            if name and name in names[:index]:
                root.complain(f"{key}[{index}].name", f"{name!r} is taken by {key}[{names.index(name)}]")
    if len(set(own_times)) > 1:
        root.complain("reader", "a recording has its own time: play it without other drivers beside it")
    check_antennas_once(root, doors)
    if any(own_times):
        return  # the reads of a recording carry the names of the readers that were there
    known = {reader.name for reader in readers}
    for path, reader_name in references(doors):
        if reader_name and reader_name not in known:
            root.complain(path, f"{reader_name!r} is no [[reader]]; there is {', '.join(sorted(known)) or 'none'}")
