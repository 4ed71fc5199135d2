"""`tagdock-cloud backup` and `restore`."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from tagdock_cloud.options import data_option, database_option, option
from tagdock_cloud.store import pool

_scratch = option("--scratch", metavar="URL", help="An empty database to verify in; without it one is made beside.")


def _say(text: str) -> None:
    click.echo(text, err=True)


@contextmanager
def _reached(database: str | None, data: Path, *, is_new: bool = False) -> Iterator[str]:
    """Yield the database that was named, or the one in the data directory."""
    if database is not None:
        yield pool.check_url(database)
        return
    from tagdock_cloud.embedded.lent import lent_database  # noqa: PLC0415  # an extra: it may not be installed

    with lent_database(data, is_new=is_new) as url:
        yield url


@click.command()
@database_option
@data_option
@option("--out", "-o", type=click.Path(path_type=Path, dir_okay=False), required=True, help="The file to write.")
@option("--verify", is_flag=True, help="Restore it into a scratch database and compare.")
@_scratch
def backup(*, database: str | None, data: Path, out: Path, verify: bool, scratch: str | None) -> None:
    """Write everything that the database holds into one file. It holds what the database holds: keep it as safe."""
    from tagdock_cloud.backup.dump import back_up  # noqa: PLC0415
    from tagdock_cloud.backup.load import restore as load  # noqa: PLC0415  # alembic, which only this needs
    from tagdock_cloud.backup.scratch import scratch_database  # noqa: PLC0415

    with _reached(database, data) as url:
        manifest = back_up(url, out, _say)
        if scratch is not None:
            load(pool.check_url(scratch), out, _say)
        elif verify:
            with scratch_database(url) as beside:
                load(beside, out, _say)
    rows = sum(table.rows for table in manifest.tables)
    verified = ", restored into a scratch database and compared" if verify or scratch else ""
    click.echo(f"backed up {rows} rows of {len(manifest.tables)} tables, schema {manifest.revision}{verified}")


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@database_option
@data_option
@option("--force", is_flag=True, help="Lose what is in the database.")
def restore(*, file: Path, database: str | None, data: Path, force: bool) -> None:
    """Bring a backup back into an empty database, compare counts and checksums, migrate to this version's schema."""
    from tagdock_cloud.backup.load import restore as load  # noqa: PLC0415

    with _reached(database, data, is_new=True) as url:
        manifest = load(url, file, _say, is_forced=force)
    rows = sum(table.rows for table in manifest.tables)
    click.echo(f"restored {rows} rows of {len(manifest.tables)} tables as of {manifest.made_at:%Y-%m-%dT%H:%M:%SZ}")
