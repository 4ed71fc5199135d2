"""The command `tagdock-sim mqtt-reader`: readers that publish to an MQTT broker by themselves."""

import asyncio
import signal
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import cast

import click

from tagdock_simulators.commands.broker import broker_options
from tagdock_simulators.commands.faults import FAULT_LOG_OPTION, FAULTS_OPTION, Trouble, acting, troubled
from tagdock_simulators.commands.options import (
    GATEWAY_CONFIG_OPTION,
    Within,
    say,
    scenario_options,
    why,
    write_mqtt_config,
)
from tagdock_simulators.faults.feed import TroubledFeed
from tagdock_simulators.faults.kinds import Place
from tagdock_simulators.live import Feeds, play
from tagdock_simulators.mqtt.broker import Broker
from tagdock_simulators.mqtt.messages import BrokerError, Qos
from tagdock_simulators.mqtt_readers.format import Format
from tagdock_simulators.mqtt_readers.gateway_reader import reader_toml
from tagdock_simulators.mqtt_readers.kinds import KINDS, Wishes
from tagdock_simulators.mqtt_readers.reader import MqttReader
from tagdock_simulators.scenarios import Scenario

_SHAPE_BYTES = 16_384
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command("mqtt-reader")
@click.option(
    "--kind",
    type=click.Choice(sorted(KINDS)),
    default="impinj",
    show_default=True,
    envvar="TAGDOCK_KIND",
    show_envvar=True,
    help="Whose messages: Impinj's IoT device interface, Zebra's IoT Connector, a customer's own JSON.",
)
@broker_options
@click.option(
    "--fields",
    metavar="A,B,...",
    envvar="TAGDOCK_FIELDS",
    show_envvar=True,
    help="What an event tells: Impinj's fields (epcHex, phaseAngle, ...) or Zebra's tagMetaData (RSSI, PHASE, ...).",
)
@click.option(
    "--topic",
    envvar="TAGDOCK_TOPIC",
    show_envvar=True,
    help="Where to publish; $reader stands for the reader's name.",
)
@click.option(
    "--qos", type=click.IntRange(0, 2), envvar="TAGDOCK_QOS", show_envvar=True, help="Quality of service of the events."
)
@click.option(
    "--batch",
    "batch_s",
    type=Within(0.0, 60.0),
    metavar="SECONDS",
    envvar="TAGDOCK_BATCH",
    show_envvar=True,
    help="Gather events so long for one message; 0: each alone.",
)
@click.option(
    "--shape", type=_FILE, envvar="TAGDOCK_SHAPE", show_envvar=True, help="The JSON of a mapped reader, as TOML."
)
@GATEWAY_CONFIG_OPTION
@FAULTS_OPTION
@FAULT_LOG_OPTION
@scenario_options
def mqtt_reader(
    *,
    scenario: Scenario,
    seed: int,
    kind: str,
    broker: Broker,
    fields: str | None,
    topic: str | None,
    qos: int | None,
    batch_s: float | None,
    shape: Path | None,
    gateway_config: Path | None,
    faults: Path | None,
    fault_log: Path | None,
) -> None:
    """Play a scenario's readers as MQTT publishers until Ctrl-C."""
    if shape is not None and kind != "mapped":
        raise click.UsageError("--shape goes with --kind mapped")
    try:
        names, told = _names(fields), _shape(shape)
        if topic is not None and "$" in topic.replace("$reader", ""):
            raise ValueError(f"--topic: {topic!r} has a $ that stands for nothing; only $reader can stand there")
        radio = scenario.radio
        wishes = Wishes(names, topic, cast(Qos | None, qos), batch_s, radio.transmit_dbm, radio.region, told)
        readers = {door.reader: KINDS[kind](door.reader, wishes) for door in scenario.geometry()}
    except (ValueError, OSError) as error:
        raise click.UsageError(f"{error}") from error
    if gateway_config is not None:
        _write_config(gateway_config, scenario, broker, readers)
    with ExitStack() as files:
        trouble = troubled(faults, fault_log, scenario, (Place.READER,), files)
        sys.exit(asyncio.run(_publish(scenario, seed, broker, readers, trouble)))


def _write_config(path: Path, scenario: Scenario, broker: Broker, readers: Mapping[str, Format]) -> None:
    """Write a gateway's configuration for these readers; who may connect at the broker stands elsewhere."""
    try:
        write_mqtt_config(path, scenario, str(broker), [reader_toml(reader) for reader in readers.values()])
    except ValueError as error:
        raise click.UsageError(f"--gateway-config: {error}") from error
    except OSError as error:
        raise click.UsageError(f"--gateway-config {path}: {why(error)}; choose a place that can be written") from error


def _names(fields: str | None) -> list[str] | None:
    """Read a list of fields. Raises ValueError."""
    names = None if fields is None else [name.strip() for name in fields.split(",") if name.strip()]
    if names == []:
        raise ValueError("--fields names none; leave it out for the usual ones")
    return names


def _shape(file: Path | None) -> str | None:
    """Read a shape's text. Raises OSError, ValueError."""
    if file is None:
        return None
    with file.open("rb") as opened:
        text = opened.read(_SHAPE_BYTES + 1)
    if len(text) > _SHAPE_BYTES:
        raise ValueError(f"--shape {file}: has more than {_SHAPE_BYTES:,} bytes; write a smaller one")
    try:
        return text.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"--shape {file}: is no UTF-8 text; write TOML") from error


async def _publish(
    scenario: Scenario, seed: int, broker: Broker, formats: Mapping[str, Format], trouble: Trouble | None
) -> int:
    try:
        readers = {name: MqttReader(each, broker, say=say) for name, each in formats.items()}
    except BrokerError as error:
        say(f"{error}")
        return 1
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    for name, reader in readers.items():
        await reader.start()
        click.echo(f"{name} {broker} {' '.join(formats[name].topics)}")
    fed: Mapping[str, Feeds] = readers
    if trouble is not None:
        fed = {name: TroubledFeed(each, trouble.schedule, trouble.began_at) for name, each in readers.items()}
    try:
        async with acting(trouble, fed):
            await play(scenario, seed, fed, say, stop)
    finally:
        await asyncio.gather(*(reader.close() for reader in readers.values()))
        _tell(list(readers.values()))
    return 0 if any(reader.ever_connected for reader in readers.values()) else 1


def _tell(readers: list[MqttReader]) -> None:
    reported, lost = sum(reader.tags_reported for reader in readers), sum(reader.tags_lost for reader in readers)
    messages = sum(reader.messages_delivered for reader in readers)
    say(f"stopped: {reported:,} reads reported in {messages:,} messages, {lost:,} lost")
