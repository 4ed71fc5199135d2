"""`tagdock-cloud life`: look at the table of an item's life, and check one of one's own before it counts."""

from pathlib import Path

import click

from tagdock_cloud.errors import ConfigurationError
from tagdock_cloud.life.picture import diagram, table
from tagdock_cloud.life.policy import MOST_BYTES, Policy, read_policy, shipped_policy
from tagdock_cloud.options import option

_file = click.argument("file", type=click.Path(dir_okay=False, path_type=Path), required=False)


@click.group()
def life() -> None:
    """Check and draw the table of states and transitions that items live by."""


@life.command()
@_file
def check(file: Path | None) -> None:
    """Check a table (TOML; without FILE the one that Tagdock ships), and say what is in it."""
    policy = _policy(file)
    since, sellable = policy.effective_at.isoformat(), ", ".join(sorted(policy.sellable))
    click.echo(
        f"version {policy.version} by {policy.author}, from {since} on: "
        f"{len(policy.state)} states ({sellable} sellable), {len(policy.transition)} transitions"
    )


@life.command()
@_file
@option("--table", "as_table", is_flag=True, help="Write the transitions as a Markdown table instead.")
def draw(file: Path | None, as_table: bool) -> None:
    """Draw a table as a Mermaid state diagram."""
    policy = _policy(file)
    click.echo(table(policy) if as_table else diagram(policy), nl=False)


def _policy(file: Path | None) -> Policy:
    if file is None:
        return shipped_policy()
    try:
        with file.open("rb") as opened:
            return read_policy(opened.read(MOST_BYTES + 1))
    except OSError as error:
        raise ConfigurationError(f"{file}: {error.strerror or error}") from None
