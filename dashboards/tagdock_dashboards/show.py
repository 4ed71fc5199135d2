"""What the commands print: for people line by line, for programs as JSON."""

import json
from collections.abc import Sequence
from dataclasses import asdict

import click

from tagdock_dashboards.check import Finding
from tagdock_dashboards.publish import Step


def finding(found: Finding) -> None:
    """Print one query's outcome as soon as it is known."""
    verdict = "FAIL" if found.problems else "ok"
    click.echo(f"{verdict:4}  {found.place}  {found.rows} rows, {found.seconds * 1000:.0f} ms")
    for problem in found.problems:
        click.echo(f"      {problem}")


def findings(broken: Sequence[str], every: Sequence[Finding], *, as_json: bool) -> None:
    """Print the end of a check: broken rules and counts, or everything as one JSON object."""
    failed = sum(bool(one.problems) for one in every)
    if as_json:
        summary = {"queries": len(every), "failed": failed, "rules_broken": list(broken)}
        click.echo(json.dumps(summary | {"findings": [asdict(one) for one in every]}, indent=2))
        return
    for line in broken:
        click.echo(f"FAIL  {line}")
    slowest_ms = max((one.seconds for one in every), default=0.0) * 1000
    click.echo(f"{len(every)} queries, {failed} failed, {len(broken)} rules broken, slowest {slowest_ms:.0f} ms")


def step(done: Step, *, dry_run: bool) -> None:
    """Print what was done to one thing, with the difference where a person has to judge it."""
    would = "would " if dry_run and done.action in ("create", "update") else ""
    click.echo(f"{would}{done.action}: {done.kind} {done.uid}: {done.why}")
    for line in done.diff if dry_run or done.action == "left alone" else ():
        click.echo(f"  {line}")


def as_json(steps: Sequence[Step]) -> None:
    """Print all steps as one JSON list."""
    click.echo(json.dumps([asdict(one) for one in steps], indent=2))
