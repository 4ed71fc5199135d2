"""`tagdock-sim ordeal`: kill, cut and fill up everything between the gateway and the record, and compare."""

import asyncio
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory

import click

from tagdock_simulators.demo.errors import DemoError
from tagdock_simulators.mqtt.messages import BrokerError
from tagdock_simulators.ordeal.run import Ordeal, run_ordeal
from tagdock_simulators.ordeal.verdict import Struck, Verdict


@click.command()
@click.option(
    "--minutes",
    type=click.FloatRange(0.2, 1440),
    default=30.0,
    show_default=True,
    envvar="TAGDOCK_MINUTES",
    show_envvar=True,
    help="How much traffic each of two sites has.",
)
@click.option(
    "--speed",
    type=click.FloatRange(1, 100),
    default=10.0,
    show_default=True,
    envvar="TAGDOCK_SPEED",
    show_envvar=True,
    help="How much faster than in life it is played.",
)
@click.option(
    "--each",
    type=click.IntRange(1, 20),
    default=2,
    show_default=True,
    envvar="TAGDOCK_EACH",
    show_envvar=True,
    help="How often each program is killed and each wire fault done.",
)
@click.option(
    "--seed",
    type=click.IntRange(0, 2**31 - 1),
    default=1,
    show_default=True,
    envvar="TAGDOCK_SEED",
    show_envvar=True,
    help="Same seed, same traffic, same blows.",
)
@click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    envvar="TAGDOCK_DATA",
    show_envvar=True,
    help="A folder for logs and recordings that is kept. [default: a temporary one]",
)
@click.option(
    "--report",
    type=click.Path(dir_okay=False, path_type=Path),
    envvar="TAGDOCK_REPORT",
    show_envvar=True,
    help="Write the verdict and what was struck when as JSON.",
)
def ordeal(*, minutes: float, speed: float, each: int, seed: int, data: Path | None, report: Path | None) -> None:
    """Kill gateways, ingest, broker and database, cut wires, fill the disk; then compare the record with the truth."""
    begun = time.monotonic()

    def say(words: str) -> None:
        click.echo(f"[{time.monotonic() - begun:5.0f} s] {words}", err=True)

    with TemporaryDirectory(prefix="tagdock-ordeal-") as temporary:
        asked = Ordeal(data or Path(temporary), seed, minutes, speed, each)
        try:
            verdict, struck = asyncio.run(run_ordeal(asked, say))
        except (DemoError, BrokerError) as error:
            click.echo(f"tagdock-sim ordeal: {error}", err=True)
            sys.exit(1)
        except KeyboardInterrupt:
            sys.exit(130)
    click.echo(_text(verdict, seed, struck))
    if report is not None:
        told = {"seed": seed, "minutes": minutes, "speed": speed, **asdict(verdict), "clean": verdict.clean}
        report.write_text(json.dumps({**told, "blows": [asdict(each) for each in struck]}, indent=1) + "\n", "utf-8")
    sys.exit(0 if verdict.clean else 1)


def _text(verdict: Verdict, seed: int, struck: Sequence[Struck]) -> str:
    blows = [f"  {each.at_s:>6.1f} s  {each.what:<12} {each.on:<15} {each.did}" for each in struck]
    lines = [f"  {name.replace('_', ' '):<18}{value:>10,}" for name, value in asdict(verdict).items()]
    last = "Nothing was lost, nothing doubled." if verdict.clean else "Something went wrong."
    told = [
        f"The blows of seed {seed}",
        "",
        *blows,
        "",
        "What the gateways told, against what is on record",
        "",
        *lines,
    ]
    return "\n".join([*told, "", last])
