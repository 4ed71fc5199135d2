"""The gateway's configuration: one TOML file, checked whole at start, then one frozen object handed down."""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from msgspec import Meta
from tagdock_contract import GatewayAddress, Side
from tagdock_contract.events import Name, Place

from tagdock_edge.errors import ConfigError
from tagdock_edge.tables import Table

PASSWORD_VARIABLE = "TAGDOCK_GATEWAY_PASSWORD"  # noqa: S105  # the variable's name, not its value
EVENTS_AT_MOST = 5_000_000
"""The outbox's bound: 13 hours at 100 movements a second."""
_MAX_FILE_BYTES = 1024 * 1024
_LATER_DRIVERS = ("impinj", "zebra", "mapped")
_NAME = "1 to 64 letters, digits, - or _"
_PLACE = "1 to 64 letters, digits, blanks or . _ : / - that begin with a letter or digit"
_PATH = "the path of a file"

_Text = Annotated[str, Meta(min_length=1, max_length=4096)]
_Port = Annotated[int, Meta(ge=1, le=65535)]
_Gpi = Annotated[int, Meta(ge=1, le=65535)]


@dataclass(frozen=True, slots=True)
class TlsConfig:
    """How the broker is known, and how we are known to it. Without `ca_file` the system's authorities count."""

    ca_file: Path | None = None
    cert_file: Path | None = None
    key_file: Path | None = None


@dataclass(frozen=True, slots=True)
class BrokerConfig:
    """The MQTT broker; `tls` None means an open connection. The password never shows in a repr."""

    host: str
    port: int
    tls: TlsConfig | None = None
    password: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class OutboxConfig:
    """The outbox file. `synchronous` is SQLite's: normal survives a killed process, full a power cut as well."""

    path: Path
    synchronous: Literal["normal", "full"] = "full"
    events_at_most: int = EVENTS_AT_MOST


@dataclass(frozen=True, slots=True)
class LlrpSettings:
    """An LLRP reader: where it is, which antennas and inputs doors use, how often it reports and shows life."""

    host: str
    port: int = 5084
    report_every_n_tags: int = 1
    keepalive_s: float = 5.0
    antennas: tuple[int, ...] = ()
    inputs: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class RecordingSettings:
    """A recording played as a reader, `speed` times as fast as it was recorded (0: as fast as it goes)."""

    file: Path
    speed: float = 1.0


@dataclass(frozen=True, slots=True)
class ReaderConfig:
    """One reader under its name; the kind of its settings says which driver it wants."""

    name: str
    settings: LlrpSettings | RecordingSettings


@dataclass(frozen=True, slots=True)
class AntennaConfig:
    """One antenna of a door and the row in which it hangs."""

    reader: str
    antenna: int
    side: Side


@dataclass(frozen=True, slots=True)
class PhotoEyesConfig:
    """The inputs of one reader that a door's photo-eyes are wired to."""

    reader: str
    outside_gpi: int | None = None
    inside_gpi: int | None = None


@dataclass(frozen=True, slots=True)
class DoorConfig:
    """A door: its antennas in two rows, and its photo-eyes where it has some."""

    name: str
    antennas: tuple[AntennaConfig, ...]
    photo_eyes: PhotoEyesConfig | None = None


@dataclass(frozen=True, slots=True)
class PassageConfig:
    """When a passage is over: seconds after the tag left the field, and after it came to rest in it."""

    left_after_s: float = 2.5
    rested_after_s: float = 15.0


@dataclass(frozen=True, slots=True)
class GatewayConfig:
    """All that the gateway is told."""

    address: GatewayAddress
    broker: BrokerConfig
    outbox: OutboxConfig
    readers: tuple[ReaderConfig, ...]
    doors: tuple[DoorConfig, ...]
    passage: PassageConfig = PassageConfig()


def load(path: Path, environ: Mapping[str, str], data_dir: Path | None = None) -> GatewayConfig:
    """Read and check a configuration file. Relative paths in it count from the file's own folder.

    `environ` is asked for the broker's password only; `data_dir` takes the outbox where it is given.

    Raises:
        ConfigError: with every mistake that was found, each naming its key and the remedy.
    """
    try:
        with path.open("rb") as file:
            text = file.read(_MAX_FILE_BYTES + 1)
        if len(text) > _MAX_FILE_BYTES:
            raise ConfigError([f"{path}: has more than {_MAX_FILE_BYTES:,} bytes; is it the right file?"])
        values = tomllib.loads(text.decode())
    except OSError as error:
        raise ConfigError([f"{path}: can't be read ({error.strerror}); name the file with --config"]) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ConfigError([f"{path}: is no TOML: {error}"]) from error
    problems: list[str] = []
    config = _config(Table(values, "", problems), path.parent, environ, data_dir)
    if problems:
        raise ConfigError([f"{path}: {problem}" for problem in problems])
    return config


def _config(root: Table, base: Path, environ: Mapping[str, str], data_dir: Path | None) -> GatewayConfig:
    gateway = root.table("gateway") or Table({}, "gateway", root.problems)
    site = gateway.take("site", Name, _NAME) or "invalid"
    name = gateway.take("id", Name, _NAME) or "invalid"
    broker = _broker(gateway, base, environ)
    outbox = _outbox(gateway, base, data_dir)
    gateway.close()
    doors = tuple(_door(table) for table in root.tables("door"))
    readers = tuple(_reader(table, base, doors) for table in root.tables("reader"))
    passage = _passage(root.table("passage"))
    for key in ("shelf", "sensor"):
        root.refuse(key, f"a {key} is not served yet; leave the section out")
    root.close()
    _check_together(root, readers, doors)
    return GatewayConfig(GatewayAddress(site, name), broker, outbox, readers, doors, passage)


def _broker(gateway: Table, base: Path, environ: Mapping[str, str]) -> BrokerConfig:
    url = gateway.take("broker", _Text, 'the broker\'s address, like "mqtt://127.0.0.1:1883"')
    tls = _tls(gateway.table("tls"), base)
    password = _password(gateway, base, environ)
    if url is None:
        return BrokerConfig("", 0)
    try:
        parts = urlsplit(url)
        host, port, secure = parts.hostname or "", parts.port, parts.scheme == "mqtts"
    except ValueError as error:
        gateway.complain("broker", f"is no address ({error}); write mqtt://HOST:PORT")
        return BrokerConfig("", 0)
    if parts.scheme not in ("mqtt", "mqtts") or not _is_host(host) or parts.path.strip("/") or parts.query:
        gateway.complain("broker", "must be mqtt://HOST:PORT, or mqtts://HOST:PORT for TLS, and nothing else")
    if parts.username is not None or parts.password is not None:
        gateway.complain(
            "broker", f"must not hold user or password; use {PASSWORD_VARIABLE} or [gateway.auth] password_file"
        )
    if tls is not None and not secure:
        gateway.complain("tls", "goes with a broker address that begins with mqtts://")
    if secure and tls is None:
        tls = TlsConfig()
    return BrokerConfig(host, port or (8883 if secure else 1883), tls, password)


def _is_host(host: str) -> bool:
    return 0 < len(host) <= 253 and all(char.isalnum() or char in ".-_:%" for char in host)


def _tls(table: Table | None, base: Path) -> TlsConfig | None:
    if table is None:
        return None
    files = {key: _file(table, key, base) for key in ("ca_file", "cert_file", "key_file")}
    if (files["cert_file"] is None) != (files["key_file"] is None):
        table.complain("cert_file", "and key_file belong together; give both or neither")
    table.close()
    return TlsConfig(**files)


def _file(table: Table, key: str, base: Path) -> Path | None:
    """Take the path of a file that has to be there."""
    name = table.take(key, _Text, _PATH, None)
    if name is None:
        return None
    path: Path = base / name
    if not path.is_file():
        table.complain(key, f"names {path}, which is no file")
    return path


def _password(gateway: Table, base: Path, environ: Mapping[str, str]) -> str | None:
    auth = gateway.table("auth")
    file = None
    if auth is not None:
        file = _file(auth, "password_file", base)
        auth.close()
    if environ.get(PASSWORD_VARIABLE):
        return environ[PASSWORD_VARIABLE]
    if file is None or not file.is_file():
        return None
    try:
        text: str = file.read_text(encoding="utf-8")
        return text.strip()
    except (OSError, UnicodeDecodeError) as error:
        gateway.complain("auth.password_file", f"can't be read: {error}")
        return None


def _outbox(gateway: Table, base: Path, data_dir: Path | None) -> OutboxConfig:
    name = gateway.take("outbox", _Text, _PATH, "outbox.sqlite")
    synchronous = gateway.take("outbox_synchronous", Literal["normal", "full"], '"normal" or "full"', "full")
    at_most = gateway.take("outbox_events_at_most", Annotated[int, Meta(ge=1000)], "1000 or more", EVENTS_AT_MOST)
    path = base / name if data_dir is None else data_dir / Path(name).name
    return OutboxConfig(path, synchronous, at_most)


def _reader(table: Table, base: Path, doors: Iterable[DoorConfig]) -> ReaderConfig:
    name = table.take("name", Place, _PLACE) or ""
    driver = table.take("driver", str, '"llrp" or "recording"')
    settings: LlrpSettings | RecordingSettings = RecordingSettings(base)
    if driver == "llrp":
        settings = _llrp(table, name, doors)
    elif driver == "recording":
        file = table.take("file", _Text, "the path of a recording") or ""
        speed = table.take("speed", Annotated[float, Meta(ge=0, le=1000)], "a number from 0 to 1000", 1.0)
        settings = RecordingSettings(base / file, speed)
    elif driver in _LATER_DRIVERS:
        table.complain("driver", f'"{driver}" is not built yet; "llrp" and "recording" are')
        return ReaderConfig(name, settings)
    elif driver is not None:
        table.complain("driver", f'must be "llrp" or "recording", not {driver!r}')
        return ReaderConfig(name, settings)
    table.close()
    return ReaderConfig(name, settings)


def _llrp(table: Table, name: str, doors: Iterable[DoorConfig]) -> LlrpSettings:
    host = table.take("host", _Text, "the reader's host name or IPv4 address")
    if host is not None and (not _is_host(host) or ":" in host):
        table.complain("host", "must be a host name or an IPv4 address (the port has its own key)")
    antennas = {a.antenna for door in doors for a in door.antennas if a.reader == name}
    eyes = [door.photo_eyes for door in doors if door.photo_eyes is not None and door.photo_eyes.reader == name]
    inputs = {gpi for eye in eyes for gpi in (eye.outside_gpi, eye.inside_gpi) if gpi is not None}
    return LlrpSettings(
        host=host or "",
        port=table.take("port", _Port, "a port from 1 to 65535", 5084),
        report_every_n_tags=table.take("report_every_n_tags", Annotated[int, Meta(ge=1, le=1000)], "1 to 1000", 1),
        keepalive_s=table.take("keepalive_s", Annotated[float, Meta(ge=0.5, le=60)], "seconds from 0.5 to 60", 5.0),
        antennas=tuple(sorted(antennas)),
        inputs=tuple(sorted(inputs)),
    )


def _door(table: Table) -> DoorConfig:
    name = table.take("name", Place, _PLACE) or ""
    antennas = tuple(_antenna(inner) for inner in table.tables("antennas"))
    if not antennas:
        table.complain("antennas", 'is empty; give { reader = "...", antenna = 1, side = "outside" } and so on')
    eyes = table.table("photo_eyes")
    door = DoorConfig(name, antennas, None if eyes is None else _photo_eyes(eyes))
    table.close()
    return door


def _antenna(table: Table) -> AntennaConfig:
    antenna = AntennaConfig(
        reader=table.take("reader", Place, "the name of a [[reader]]") or "",
        antenna=table.take("antenna", Annotated[int, Meta(ge=1, le=65535)], "the antenna's number, from 1") or 0,
        side=table.take("side", Side, '"outside" or "inside"') or "outside",
    )
    table.close()
    return antenna


def _photo_eyes(table: Table) -> PhotoEyesConfig:
    reader = table.take("reader", Place, "the name of a [[reader]]") or ""
    outside = table.take("outside_gpi", _Gpi, "an input's number, from 1", None)
    inside = table.take("inside_gpi", _Gpi, "an input's number, from 1", None)
    table.close()
    if outside is None and inside is None:
        table.complain("outside_gpi", "or inside_gpi is needed; give one or both")
    return PhotoEyesConfig(reader, outside, inside)


def _passage(table: Table | None) -> PassageConfig:
    if table is None:
        return PassageConfig()
    seconds = Annotated[float, Meta(ge=0.2, le=600)]
    default = PassageConfig()
    config = PassageConfig(
        table.take("left_after_s", seconds, "seconds from 0.2 to 600", default.left_after_s),
        table.take("rested_after_s", seconds, "seconds from 0.2 to 600", default.rested_after_s),
    )
    table.close()
    return config


def _check_together(root: Table, readers: tuple[ReaderConfig, ...], doors: tuple[DoorConfig, ...]) -> None:
    """Check what no section can check alone: that names are there once and mean something."""
    for key, owners in (("reader", readers), ("door", doors)):
        names = [owner.name for owner in owners]
        if not names:
            root.complain(key, f"is missing; the gateway needs one [[{key}]] at least")
        for index, name in enumerate(names):
            if name and name in names[:index]:
                root.complain(f"{key}[{index}].name", f"{name!r} is taken by {key}[{names.index(name)}]")
    if len({type(reader.settings) for reader in readers}) > 1:
        root.complain("reader", "a recording has its own time: play it without other drivers beside it")
    _check_antennas_once(root, doors)
    if any(isinstance(reader.settings, RecordingSettings) for reader in readers):
        return  # the reads of a recording carry the names of the readers that were there
    known = {reader.name for reader in readers}
    for path, reader_name in _references(doors):
        if reader_name and reader_name not in known:
            root.complain(path, f"{reader_name!r} is no [[reader]]; there is {', '.join(sorted(known)) or 'none'}")


def _references(doors: tuple[DoorConfig, ...]) -> Iterable[tuple[str, str]]:
    for d, door in enumerate(doors):
        for a, antenna in enumerate(door.antennas):
            yield f"door[{d}].antennas[{a}].reader", antenna.reader
        if door.photo_eyes is not None:
            yield f"door[{d}].photo_eyes.reader", door.photo_eyes.reader


def _check_antennas_once(root: Table, doors: tuple[DoorConfig, ...]) -> None:
    owners: dict[tuple[str, int], str] = {}
    for d, door in enumerate(doors):
        for a, antenna in enumerate(door.antennas):
            path = f"door[{d}].antennas[{a}]"
            owner = owners.setdefault((antenna.reader, antenna.antenna), path)
            if owner != path:
                root.complain(path, f"antenna {antenna.antenna} of {antenna.reader} belongs to {owner} already")
