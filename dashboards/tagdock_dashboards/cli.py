"""The program `tagdock-dashboards`: build, check, publish."""

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from functools import wraps
from pathlib import Path
from types import ModuleType
from typing import Any, NoReturn, ParamSpec, TypeVar

import click

from tagdock_dashboards import alarms, files, model, provisioning, show
from tagdock_dashboards import build as builder
from tagdock_dashboards.check import Checker, Finding, Terms, check_alarms
from tagdock_dashboards.database import connect
from tagdock_dashboards.errors import ConfigurationError, DashboardsError
from tagdock_dashboards.grafana import Grafana
from tagdock_dashboards.lint import lint
from tagdock_dashboards.pieces.query import DATA_SOURCE_UID
from tagdock_dashboards.pieces.variables import CONSOLE_URL
from tagdock_dashboards.provisioning import FOLDER, FOLDER_UID
from tagdock_dashboards.publish import Publisher, Step

_P = ParamSpec("_P")
_R = TypeVar("_R")


def _told(command: Callable[_P, _R]) -> Callable[_P, _R]:
    """Turn the part's errors into one line on stderr and an exit status: 2 for usage and configuration, else 1."""

    @wraps(command)
    def run(*args: _P.args, **kwargs: _P.kwargs) -> _R:
        try:
            return command(*args, **kwargs)
        except DashboardsError as error:
            _fail(str(error), 2 if isinstance(error, ConfigurationError) else 1)

    return run


def _option(*names: str, **settings: Any) -> Callable[[Callable[_P, _R]], Callable[_P, _R]]:
    """Declare an option with its environment twin: `--http-port` is also TAGDOCK_HTTP_PORT."""
    flag = next(name for name in names if name.startswith("--")).split("/")[0]
    twin = "TAGDOCK_" + flag.removeprefix("--").replace("-", "_").upper()
    return click.option(*names, envvar=twin, show_envvar=True, **settings)


_FOLDER = click.Path(path_type=Path, file_okay=False)
_FILE = click.Path(path_type=Path, dir_okay=False)

_generated = _option(
    "--generated", type=_FOLDER, help="Take the JSON files of this folder, not the built-in dashboards."
)
_console_url = _option("--console-url", default=CONSOLE_URL, help="Where links into the console lead.")
_timescaledb = _option(
    "--timescaledb/--no-timescaledb", default=True, help="Whether the data source's database has TimescaleDB."
)
_contact_point = _option(
    "--contact-point", metavar="NAME", help="Whom alert rules tell; default: whom Grafana's notification policy says."
)
_json = _option("--json", "as_json", is_flag=True, help="Answer in JSON.")


@click.group(context_settings={"help_option_names": ["-h", "--help"], "show_default": True})
@click.version_option(package_name="tagdock-dashboards")
def main() -> None:
    """Build Tagdock's Grafana dashboards, check them against a database, publish them."""


@main.command()
@_option("--output", "-o", type=_FOLDER, default=Path("dashboards"), help="Gets generated/ and provisioning/.")
@_option("--check", "only_check", is_flag=True, help="Write nothing; exit 1 when a file is missing or stale.")
@_console_url
@_timescaledb
@_contact_point
@_told
def build(*, output: Path, only_check: bool, console_url: str, timescaledb: bool, contact_point: str | None) -> None:
    """Write the dashboards' JSON and the provisioning files; print those that changed."""
    if not console_url.startswith(("http://", "https://")):
        raise ConfigurationError(f"--console-url {console_url!r} has to begin with http:// or https://")
    written = builder.files(console_url, timescaledb=timescaledb, contact_point=contact_point)
    changed = list(files.stale(written, output)) if only_check else files.write(written, output)
    for path in changed:
        click.echo(output / path)
    if only_check and changed:
        _fail(f"{len(changed)} files are stale; write them with: tagdock-dashboards build -o {output}", 1)


@main.command()
@_option("--database", required=True, help="postgresql://... of a migrated, filled database; it is only read.")
@_option("--from", "since", help="Start of the period, e.g. now-7d; default: each dashboard's own.")
@_option("--to", "until", help="End of the period, e.g. now.")
@_option("--query-timeout", type=click.FloatRange(0.01, 600), default=10.0, help="Seconds that one query may take.")
@_option("--allow-empty", multiple=True, metavar="TITLE", help="A panel that may be without data; may be repeated.")
@_generated
@_json
@_told
def check(
    *,
    database: str,
    since: str | None,
    until: str | None,
    query_timeout: float,
    allow_empty: Sequence[str],
    generated: Path | None,
    as_json: bool,
) -> None:
    """Run every query of panels, variables, marks and alert rules; exit 1 when one fails, is empty, or lacks a need."""
    boards = files.read_dashboards(generated) if generated else builder.dashboards()
    broken = [f"{name}: {problem}" for name, board in boards.items() for problem in lint(board)]
    findings: list[Finding] = []
    with connect(database, query_timeout_s=query_timeout) as connection:
        terms = Terms(datetime.now(UTC), since, until, connection.has_timescaledb(), frozenset(allow_empty))
        for board in boards.values():
            _gather(Checker(model.read(board), terms, connection).run(), findings, as_json=as_json)
        _gather(check_alarms(alarms.ALARMS, terms, connection), findings, as_json=as_json)
    show.findings(broken, findings, as_json=as_json)
    if broken or any(finding.problems for finding in findings):
        sys.exit(1)


def _gather(found: Iterable[Finding], findings: list[Finding], *, as_json: bool) -> None:
    for finding in found:
        findings.append(finding)
        if not as_json:
            show.finding(finding)


@main.command()
@_option("--database", required=True, metavar="URL", help="The database whose views the dashboards read.")
@_option(
    "--output", type=click.Path(path_type=Path, file_okay=False), default=Path("preview"), help="Folder for the PNGs."
)
@_option("--dashboard", "only", multiple=True, metavar="NAME", help="Draw this one; may be repeated. Default: all.")
@_option("--width", type=click.IntRange(320, 4000), default=1920, help="Pixels across; under 768 as on a phone.")
@_option("--since", metavar="TIME", help="Begin of the period: now-24h, or ISO 8601. Default: each dashboard's own.")
@_option("--until", metavar="TIME", help="End of the period.")
@_option("--query-timeout", type=click.FloatRange(0.1, 600), default=30.0, help="Seconds that one query may take.")
@_generated
@_told
def preview(
    *,
    database: str,
    output: Path,
    only: Sequence[str],
    width: int,
    since: str | None,
    until: str | None,
    query_timeout: float,
    generated: Path | None,
) -> None:
    """Draw each dashboard from its own queries to one PNG, to look at it without a Grafana."""
    sheet = _sheet()
    boards = files.read_dashboards(generated) if generated else builder.dashboards()
    if missing := sorted(set(only) - boards.keys()):
        raise ConfigurationError(f"there is no dashboard {missing[0]!r}; there are {', '.join(boards)}")
    output.mkdir(parents=True, exist_ok=True)
    with connect(database, query_timeout_s=query_timeout) as connection:
        terms = Terms(datetime.now(UTC), since, until, connection.has_timescaledb())
        for name in only or boards:
            checker = Checker(model.read(boards[name]), terms, connection)
            asked = sheet.Asked(model.panels(boards[name]), checker.answers(), checker.period())
            sheet.save(boards[name], asked, output / f"{name}.png", width_px=width)
            click.echo(output / f"{name}.png")


def _sheet() -> ModuleType:
    """Load what draws; it is an extra, since only people who look need it."""
    try:
        from tagdock_dashboards.preview import sheet  # noqa: PLC0415  matplotlib takes a second to load
    except ImportError as error:
        raise ConfigurationError("drawing needs matplotlib: pip install 'tagdock-dashboards[preview]'") from error
    return sheet


@main.command()
@_option("--grafana", required=True, metavar="URL", help="Grafana's address as the browser shows it.")
@_option("--token-file", type=_FILE, help="Holds a service account's token; else TAGDOCK_GRAFANA_TOKEN is read.")
@_option(
    "--data-source", metavar="URL", help="Create this too: postgresql://user@host:port/name as Grafana reaches it."
)
@_option("--data-source-password-file", type=_FILE, help="Its password; else TAGDOCK_DATA_SOURCE_PASSWORD is read.")
@_timescaledb
@_console_url
@_generated
@_option("--alerts/--no-alerts", default=True, help="Publish the alert rules, too; that takes the role Admin.")
@_contact_point
@_option("--dry-run", is_flag=True, help="Write nothing; show what would change.")
@_option("--force", is_flag=True, help="Write over what a person changed in Grafana.")
@_option("--timeout", type=click.FloatRange(0.1, 600), default=15.0, help="Seconds that one call to Grafana may take.")
@_json
@_told
def publish(
    *,
    grafana: str,
    token_file: Path | None,
    data_source: str | None,
    data_source_password_file: Path | None,
    timescaledb: bool,
    console_url: str,
    generated: Path | None,
    alerts: bool,
    contact_point: str | None,
    dry_run: bool,
    force: bool,
    timeout: float,
    as_json: bool,
) -> None:
    """Publish folder, data source, dashboards and alert rules; exit 1 when something was left alone.

    What a person saved in Grafana is never written over without --force.
    """
    token = _secret("--token-file", token_file, "TAGDOCK_GRAFANA_TOKEN")
    boards = files.read_dashboards(generated) if generated else builder.dashboards(console_url)
    source = None
    if data_source:
        flag = "--data-source-password-file"
        password = _secret(flag, data_source_password_file, "TAGDOCK_DATA_SOURCE_PASSWORD")
        source = provisioning.api_data_source(data_source, password, timescaledb=timescaledb)
    steps: list[Step] = []
    with Grafana(grafana, token, timeout_s=timeout) as target:
        click.echo(f"Grafana {target.ping()} at {grafana}", err=True)
        if alerts and contact_point and not target.has_contact_point(contact_point):
            raise ConfigurationError(f"Grafana has no contact point {contact_point!r}; make it under Alerting first")
        rules = [alarms.rule(alarm, FOLDER_UID, contact_point) for alarm in alarms.ALARMS] if alerts else []
        for step in _steps(Publisher(target, force=force, dry_run=dry_run), source, boards.values(), rules):
            steps.append(step)
            if not as_json:
                show.step(step, dry_run=dry_run)
    if as_json:
        show.as_json(steps)
    if any(step.action == "left alone" for step in steps):
        sys.exit(1)


def _steps(
    publisher: Publisher,
    source: dict[str, Any] | None,
    boards: Iterable[dict[str, Any]],
    rules: Iterable[dict[str, Any]],
) -> Iterator[Step]:
    yield publisher.folder(FOLDER_UID, FOLDER)
    if source is not None:
        yield publisher.data_source(source)
    elif publisher.target.data_source(DATA_SOURCE_UID) is None:
        click.echo(f"the data source {DATA_SOURCE_UID} is not there: panels stay empty; see --data-source", err=True)
    for board in boards:
        yield publisher.dashboard(board, FOLDER_UID)
    for rule in rules:
        yield publisher.alert_rule(rule)


def _secret(flag: str, path: Path | None, variable: str) -> str:
    """Read a secret from a file, or from the environment; never from the command line, where others see it."""
    try:
        secret = path.read_text(encoding="utf-8") if path else os.environ.get(variable, "")
    except (OSError, UnicodeError) as error:
        raise ConfigurationError(f"{flag} {path} cannot be read: {error}") from error
    if not secret.strip():
        raise ConfigurationError(f"no secret given; set {flag} FILE or the environment variable {variable}")
    return secret.strip()


def _fail(message: str, status: int) -> NoReturn:
    click.echo(f"tagdock-dashboards: {message}", err=True)
    sys.exit(status)
