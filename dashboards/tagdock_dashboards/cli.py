"""The program `tagdock-dashboards`: build, check, publish."""

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from functools import wraps
from pathlib import Path
from typing import Any, NoReturn, ParamSpec, TypeVar

import click

from tagdock_dashboards import build as builder
from tagdock_dashboards import database, model, output
from tagdock_dashboards.check import Checker, Finding, Terms
from tagdock_dashboards.errors import ConfigurationError, DashboardsError
from tagdock_dashboards.lint import lint
from tagdock_dashboards.pieces.variables import CONSOLE_URL

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


@click.group(context_settings={"help_option_names": ["-h", "--help"], "show_default": True})
@click.version_option(package_name="tagdock-dashboards")
def main() -> None:
    """Build Tagdock's Grafana dashboards, check them against a database, publish them."""


@main.command()
@click.option(
    "-o",
    "--output",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("dashboards"),
    envvar="TAGDOCK_OUTPUT",
    show_envvar=True,
    help="Folder that gets generated/ and provisioning/.",
)
@click.option(
    "--console-url",
    default=CONSOLE_URL,
    envvar="TAGDOCK_CONSOLE_URL",
    show_envvar=True,
    help="Where links into the console lead.",
)
@click.option(
    "--timescaledb/--no-timescaledb",
    default=True,
    envvar="TAGDOCK_TIMESCALEDB",
    show_envvar=True,
    help="Whether the data source's database has TimescaleDB (compose's has).",
)
@click.option(
    "--check",
    "only_check",
    is_flag=True,
    envvar="TAGDOCK_CHECK",
    show_envvar=True,
    help="Write nothing; exit 1 when a file is missing or stale.",
)
@_told
def build(folder: Path, console_url: str, timescaledb: bool, only_check: bool) -> None:
    """Write the dashboards' JSON and the provisioning files; print those that changed."""
    if not console_url.startswith(("http://", "https://")):
        raise ConfigurationError(f"--console-url {console_url!r} has to begin with http:// or https://")
    files = builder.files(console_url, timescaledb=timescaledb)
    changed = list(output.stale(files, folder)) if only_check else output.write(files, folder)
    for path in changed:
        click.echo(folder / path)
    if only_check and changed:
        _fail(f"{len(changed)} files are stale; write them with: tagdock-dashboards build -o {folder}", 1)


@main.command()
@click.option(
    "--database",
    "url",
    required=True,
    envvar="TAGDOCK_DATABASE",
    show_envvar=True,
    help="postgresql://... of a migrated, filled database; nothing is written to it.",
)
@click.option(
    "--generated",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    envvar="TAGDOCK_GENERATED",
    show_envvar=True,
    help="Check the JSON files of this folder instead of the built-in dashboards.",
)
@click.option("--from", "since", envvar="TAGDOCK_FROM", show_envvar=True, help="Start of the period, e.g. now-7d.")
@click.option("--to", "until", envvar="TAGDOCK_TO", show_envvar=True, help="End of the period, e.g. now.")
@click.option(
    "--query-timeout",
    type=click.FloatRange(0.01, 600),
    default=10.0,
    envvar="TAGDOCK_QUERY_TIMEOUT",
    show_envvar=True,
    help="Seconds that one query may take.",
)
@click.option(
    "--allow-empty",
    multiple=True,
    metavar="TITLE",
    envvar="TAGDOCK_ALLOW_EMPTY",
    show_envvar=True,
    help="Title of a panel that may be without data; may be repeated.",
)
@click.option("--json", "as_json", is_flag=True, envvar="TAGDOCK_JSON", show_envvar=True, help="Answer in JSON.")
@_told
def check(
    *,
    url: str,
    generated: Path | None,
    since: str | None,
    until: str | None,
    query_timeout: float,
    allow_empty: Sequence[str],
    as_json: bool,
) -> None:
    """Run every panel's and variable's query; exit 1 when one fails, is empty, or lacks what its panel needs."""
    boards = output.read_dashboards(generated) if generated else builder.dashboards()
    broken = [f"{name}: {problem}" for name, board in boards.items() for problem in lint(board)]
    findings: list[Finding] = []
    with database.connect(url, query_timeout_s=query_timeout) as connection:
        now = datetime.now(UTC)
        terms = Terms(now, since, until, connection.has_timescaledb(), frozenset(allow_empty))
        for board in boards.values():
            for finding in Checker(model.read(board), terms, connection).run():
                findings.append(finding)
                if not as_json:
                    _show(finding)
    _conclude(broken, findings, as_json=as_json)


def _conclude(broken: Sequence[str], findings: Sequence[Finding], *, as_json: bool) -> None:
    failed = [finding for finding in findings if finding.problems]
    if as_json:
        click.echo(json.dumps(_summary(broken, findings), indent=2))
    else:
        for line in broken:
            click.echo(f"FAIL  {line}")
        slowest_ms = max((finding.seconds for finding in findings), default=0.0) * 1000
        counts = f"{len(findings)} queries, {len(failed)} failed, {len(broken)} rules broken"
        click.echo(f"{counts}, slowest {slowest_ms:.0f} ms")
    if failed or broken:
        sys.exit(1)


def _summary(broken: Sequence[str], findings: Sequence[Finding]) -> dict[str, Any]:
    return {
        "queries": len(findings),
        "failed": sum(bool(finding.problems) for finding in findings),
        "rules_broken": list(broken),
        "findings": [asdict(finding) for finding in findings],
    }


def _show(finding: Finding) -> None:
    verdict = "FAIL" if finding.problems else "ok"
    click.echo(f"{verdict:4}  {finding.place}  {finding.rows} rows, {finding.seconds * 1000:.0f} ms")
    for problem in finding.problems:
        click.echo(f"      {problem}")


def _fail(message: str, status: int) -> NoReturn:
    click.echo(f"tagdock-dashboards: {message}", err=True)
    sys.exit(status)
