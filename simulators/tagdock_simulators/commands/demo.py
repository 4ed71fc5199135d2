"""The command `tagdock-sim demo`."""

import asyncio
import json
import re
import sys
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click

from tagdock_simulators.demo.errors import DemoError
from tagdock_simulators.demo.history import WEEKS_AT_MOST
from tagdock_simulators.demo.report import Report, as_json, as_text
from tagdock_simulators.demo.run import run_demo
from tagdock_simulators.demo.settings import KILLABLE, SITES_AT_MOST, DemoSettings
from tagdock_simulators.scenarios import SCENARIOS
from tagdock_simulators.warehouse.orders import OrderFileError

_UNITS_S = {"s": 1.0, "m": 60.0, "h": 3600.0}
_TIME = re.compile(r"([0-9]{1,6}(?:\.[0-9]{1,3})?)([smh]?)")
_WEEKS = re.compile(r"([0-9]{1,3})w")
_PLAY_AT_MOST_S = 24 * 3600.0


class _Span(click.ParamType[float]):
    """A time like 60s, 5m or 1h."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return it in seconds."""
        matched = _TIME.fullmatch(str(value).strip())
        seconds = float(matched[1]) * _UNITS_S[matched[2] or "s"] if matched else 0.0
        if not 0 < seconds <= _PLAY_AT_MOST_S:
            self.fail(f"{value!r} is no time; write something like 60s, 5m or 1h (24h at most)", param, ctx)
        return seconds


class _Weeks(click.ParamType[int]):
    """Whole weeks, like 8w."""

    name = "weeks"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return how many."""
        matched = _WEEKS.fullmatch(str(value).strip())
        weeks = int(matched[1]) if matched else 0
        if not 1 <= weeks <= WEEKS_AT_MOST:
            self.fail(
                f"{value!r} is no number of weeks; write something like 8w ({WEEKS_AT_MOST}w at most)", param, ctx
            )
        return weeks


class _Url(click.ParamType[str]):
    """An address of one of some kinds."""

    name = "URL"

    def __init__(self, *schemes: str) -> None:
        self._schemes = schemes

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return it as it is."""
        try:
            parts = urlsplit(str(value))
            fits = parts.scheme in self._schemes and (parts.port is None or parts.port > 0)
        except ValueError:
            fits = False
        if not fits:
            self.fail(f"must begin with {' or '.join(f'{scheme}://' for scheme in self._schemes)}", param, ctx)
        return str(value)


def _kills(ctx: click.Context, param: click.Parameter, value: str | None) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(name.strip() for name in (value or "").split(",") if name.strip()))
    for name in names:
        if name not in KILLABLE:
            raise click.BadParameter(f"{name!r} can't be killed; choose among {', '.join(KILLABLE)}", ctx, param)
        if ctx.params.get(name):
            raise click.BadParameter(
                f"the {name} is not the demo's own; leave {name} out of --kill, or --{name} out", ctx, param
            )
    return names


@click.command()
@click.option(
    "--for",
    "play_s",
    type=_Span(),
    envvar="TAGDOCK_FOR",
    show_envvar=True,
    help="Play so long (60s, 5m); else until Ctrl-C.",
)
@click.option(
    "--report",
    type=click.Path(dir_okay=False, path_type=Path),
    envvar="TAGDOCK_REPORT",
    show_envvar=True,
    help="Write the report as JSON.",
)
@click.option(
    "--orders",
    type=click.Path(dir_okay=False, path_type=Path),
    envvar="TAGDOCK_ORDERS",
    show_envvar=True,
    help="A shop's export to play: .csv or .csv.gz. Without it, orders are generated.",
)
@click.option(
    "--scenario",
    type=click.Choice(sorted(name for name, each in SCENARIOS.items() if each.door_kind == "two-row")),
    default="clean-two-row",
    show_default=True,
    envvar="TAGDOCK_SCENARIO",
    show_envvar=True,
    help="How doors stand, how fast loads move, what the radio does; all with two rows a door.",
)
@click.option(
    "--seed",
    type=click.IntRange(0, 2**31 - 1),
    default=1,
    show_default=True,
    envvar="TAGDOCK_SEED",
    show_envvar=True,
    help="Same seed, same orders.",
)
@click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("demo-data"),
    show_default=True,
    envvar="TAGDOCK_DATA",
    show_envvar=True,
    help="Where everything is kept; a second start goes on with it.",
)
@click.option(
    "--http-port",
    type=click.IntRange(0, 65535),
    envvar="TAGDOCK_HTTP_PORT",
    show_envvar=True,
    help="The console's port. [default: 8000, or any free one where that is taken]",
)
@click.option(
    "--broker",
    type=_Url("mqtt", "mqtts"),
    is_eager=True,
    envvar="TAGDOCK_BROKER",
    show_envvar=True,
    help="A broker of your own, as mqtt://host:1883. [default: an embedded one]",
)
@click.option(
    "--database",
    type=_Url("postgresql", "postgres"),
    is_eager=True,
    envvar="TAGDOCK_DATABASE",
    show_envvar=True,
    help="A database of your own, as postgresql://user:password@host/name. [default: an embedded one]",
)
@click.option(
    "--kill",
    "kills",
    callback=_kills,
    envvar="TAGDOCK_KILL",
    show_envvar=True,
    metavar="NAME,...",
    help=f"Kill each of these once while loads pass: {', '.join(KILLABLE)}.",
)
@click.option(
    "--returns",
    is_flag=True,
    envvar="TAGDOCK_RETURNS",
    show_envvar=True,
    help="Cancelled lines come back through doors of their own, and simulated people deal with them.",
)
@click.option(
    "--sites",
    type=click.IntRange(1, SITES_AT_MOST),
    default=1,
    show_default=True,
    envvar="TAGDOCK_SITES",
    show_envvar=True,
    help="With --returns: at how many sites they come back, each with a gateway and people of its own.",
)
@click.option(
    "--past",
    "past_weeks",
    type=_Weeks(),
    envvar="TAGDOCK_PAST",
    show_envvar=True,
    help=f"First play the orders of so many weeks before today (8w; {WEEKS_AT_MOST}w at most) into a new --data: the "
    "cloud's clock is set back meanwhile, and a plan is made, approved and carried out then.",
)
def demo(report: Path | None, **asked: Any) -> None:
    """Run everything on this box, drive orders through simulated dock doors, and report what became of them."""
    if asked["sites"] > 1 and not asked["returns"]:
        raise click.UsageError("--sites says where returns come back; give --returns, too")
    asked["past_weeks"] = asked["past_weeks"] or 0
    if asked["past_weeks"] and asked["database"]:
        raise click.UsageError("--past sets back the clock of the demo's own database; leave --database out")
    begun = time.monotonic()

    def say(words: str) -> None:
        click.echo(f"[{time.monotonic() - begun:5.0f} s] {words}", err=True)

    sys.exit(_run(DemoSettings(**asked), report, say))


def _run(settings: DemoSettings, file: Path | None, say: Any) -> int:
    try:
        report = asyncio.run(run_demo(settings, say))
    except OrderFileError as error:
        click.echo(f"tagdock-sim demo: {error}", err=True)
        return 2
    except DemoError as error:
        if str(error):
            click.echo(f"tagdock-sim demo: {error}", err=True)
        return error.exit_status
    except (asyncio.CancelledError, KeyboardInterrupt):
        return 130
    click.echo(as_text(report))
    return _write(report, file)


def _write(report: Report, file: Path | None) -> int:
    if file is not None:
        try:
            file.write_text(json.dumps(as_json(report), indent=1) + "\n", encoding="utf-8")
        except OSError as error:
            click.echo(f"tagdock-sim demo: {file}: can't be written ({error.strerror})", err=True)
            return 1
    return 0 if report.clean and not report.played.troubles else 1
