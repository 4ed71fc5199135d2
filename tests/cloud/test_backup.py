"""Backup and restore: what comes back is what was there, or nothing comes back and somebody hears why."""

import subprocess
import zipfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tagdock_cloud.backup.dump import back_up
from tagdock_cloud.backup.load import restore
from tagdock_cloud.backup.manifest import BackupError, Table, decode_manifest, differences
from tagdock_cloud.backup.tally import Tally
from tagdock_cloud.ingest.admit import Accepted, Refused
from tagdock_cloud.ingest.record import Recorder
from tagdock_cloud.store.migrate import migrate, newest_revision
from tagdock_contract import Batch, GatewayAddress

Make = Callable[..., Any]
Sql = Callable[..., list[dict[str, Any]]]
NOW = datetime.now(UTC)
GATEWAY = GatewayAddress("s1", "g1")


def ask(url: str, statement: str) -> list[Any]:
    with psycopg.connect(url) as connection:
        return connection.execute(statement).fetchall()


@pytest.fixture
def filled(database: str, sql: Sql, movement: Make) -> str:
    """A database with something in it: odd text, bytes, an identity, two months of the record, a projection."""
    sql("insert into sites (site) values ('s1')")
    sql("insert into bins (site, bin, zone) values ('s1', 'B\\1', E'a\ttab\nand a line')")
    sql("insert into skus (sku, gtin, description) values ('A', '09521234012345', 'Übergröße \\N \\. \"x\"')")
    sql(
        """with t as (insert into life_policies (version, author, effective_at, source, published_by)
                      values (1, 'x', now(), 'x', 'x') returning policy_id)
        insert into life_steps (site, epc, at, kind, policy_id, to_state, disposition, is_sellable, actor)
        select 's1', 'e', now(), 'begun', policy_id, 'held', 'returned', false, 'x' from t"""
    )
    sql(
        "insert into lives (epc, site, state, condition, disposition, is_sellable, since, steps)"
        " values ('e', 's1', 'held', 'new', 'returned', false, now(), 1)"
    )
    sql(
        "insert into returns (case_ref, site, kind, state, reason, applied_by)"
        " values ('R', 's1', 'repair', 'on_hold', 'x', 'x')"
    )
    sql("insert into return_lines (case_ref, line, epc) values ('R', 1, 'e')")
    sql("insert into return_news (case_ref, site, event, actor) values ('R', 's1', 'applied', 'x')")
    events = tuple(
        movement(f"urn:epc:id:sgtin:9521234.012345.{n % 7}", event_id=UUID(int=n), observed_at=NOW - timedelta(days=n))
        for n in range(1, 50)
    )
    batch = Accepted(GATEWAY, Batch(epoch=UUID(int=9), seq=1, sent_at=NOW, events=events), b"")
    recorder = Recorder(database, client_id="test", is_open=True)
    try:
        recorder.record([batch], [Refused(GATEWAY, UUID(int=9), 2, "no\x1b", bytes(range(256)))], [])
    finally:
        recorder.close()
    return database


@pytest.fixture
def backup(filled: str, tmp_path: Path) -> Path:
    """A backup of that database."""
    file = tmp_path / "b.zip"
    back_up(filled, file, lambda text: None)
    return file


def test_what_comes_back_is_what_was_there(filled: str, backup: Path, empty_database: str, tmp_path: Path) -> None:
    restore(empty_database, backup, lambda text: None)
    again = back_up(empty_database, tmp_path / "again.zip", lambda text: None)
    with zipfile.ZipFile(backup) as file:
        first = decode_manifest(file.read("manifest.json"))
    assert again.tables == first.tables
    assert sum(table.rows > 0 for table in first.tables) > 8
    assert ask(empty_database, "select description from skus") == [('Übergröße \\N \\. "x"',)]
    assert ask(empty_database, "select state, is_here from lives") == [("held", True)]
    assert ask(empty_database, "select zone from bins") == [("a\ttab\nand a line",)]
    assert ask(empty_database, "select payload from refused_batches") == [(bytes(range(256)),)]


def test_a_restored_database_goes_on_as_the_old_one_would_have(
    backup: Path, empty_database: str, movement: Make
) -> None:
    restore(empty_database, backup, lambda text: None)
    counted = ask(empty_database, 'select sum("out") from throughput_v1')
    event = movement("urn:epc:id:sgtin:9521234.012345.1", event_id=UUID(int=99), observed_at=NOW)
    batch = Accepted(GATEWAY, Batch(epoch=UUID(int=9), seq=3, sent_at=NOW, events=(event,)), b"")
    recorder = Recorder(empty_database, client_id="test", is_open=True)
    try:
        assert recorder.record([batch], [Refused(GATEWAY, UUID(int=9), 4, "no", b"")], []).committed == [batch]
    finally:
        recorder.close()
    assert ask(empty_database, 'select sum("out") from throughput_v1') == [(counted[0][0] + 1,)]
    assert ask(empty_database, "select count(*), count(distinct refusal_id) from refused_batches") == [(2, 2)]
    with pytest.raises(psycopg.errors.IntegrityConstraintViolation), psycopg.connect(empty_database) as connection:
        connection.execute("truncate audit")


def test_an_older_schema_is_restored_and_then_brought_up_to_date(
    tmp_path: Path, empty_database: str, database: str
) -> None:
    migrate(empty_database, "0021")
    with psycopg.connect(empty_database) as connection:
        connection.execute("insert into sites (site) values ('old')")
    back_up(empty_database, tmp_path / "old.zip", lambda text: None)
    manifest = restore(database, tmp_path / "old.zip", lambda text: None, is_forced=True)
    assert manifest.revision == "0021"
    assert ask(database, "select site from sites") == [("old",)]
    assert ask(database, "select version_num from alembic_version") == [(newest_revision(),)]


def test_a_database_with_something_in_it_is_left_alone_unless_forced(filled: str, backup: Path) -> None:
    with psycopg.connect(filled) as connection:
        connection.execute("insert into sites (site) values ('later')")
    with pytest.raises(BackupError, match="not empty"):
        restore(filled, backup, lambda text: None)
    assert len(ask(filled, "select from sites")) == 2
    restore(filled, backup, lambda text: None, is_forced=True)
    with psycopg.connect(filled) as connection:
        may_enter = connection.execute("select has_schema_privilege('public', 'public', 'usage')").fetchone()
    assert may_enter == (True,), "roles that read views could not, whatever is granted to them"
    assert len(ask(filled, "select from sites")) == 1


def bend(backup: Path, change: Callable[[str, bytes], bytes]) -> None:
    """Write the archive again with its entries changed."""
    with zipfile.ZipFile(backup) as file:
        entries = {name: change(name, file.read(name)) for name in file.namelist()}
    with zipfile.ZipFile(backup, "w") as file:
        for name, content in entries.items():
            file.writestr(name, content)


def cut_short(backup: Path) -> None:
    backup.write_bytes(backup.read_bytes()[:-400])


def damage(backup: Path) -> None:
    content = bytearray(backup.read_bytes())
    content[len(content) // 2] ^= 0xFF
    backup.write_bytes(content)


def lose_a_row(backup: Path) -> None:
    bend(backup, lambda name, text: text.partition(b"\n")[2] if name.endswith("/movements.copy") else text)


def change_a_row(backup: Path) -> None:
    bend(backup, lambda name, text: text.replace(b"\tD1\t", b"\tD2\t", 1) if name.endswith("/movements.copy") else text)


def be_newer(backup: Path) -> None:
    newer = newest_revision().encode()
    bend(backup, lambda name, text: text.replace(b'"' + newer + b'"', b'"9999"') if name == "manifest.json" else text)


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        pytest.param(cut_short, "no whole backup", id="cut-short"),
        pytest.param(damage, "no whole backup", id="a-bit-turned"),
        pytest.param(lose_a_row, "48 rows instead of 49", id="a-row-lost"),
        pytest.param(change_a_row, "not the same ones", id="a-row-changed"),
        pytest.param(be_newer, "newer than this Tagdock", id="of-a-newer-version"),
        pytest.param(lambda file: file.write_bytes(b"no"), "no whole backup", id="something-else"),
    ],
)
def test_a_spoilt_backup_is_refused_and_leaves_no_rows(
    spoil: Callable[[Path], None], reason: str, backup: Path, empty_database: str
) -> None:
    spoil(backup)
    with pytest.raises(BackupError, match=reason):
        restore(empty_database, backup, lambda text: None)
    if ask(empty_database, "select to_regclass('movements') is not null") == [(True,)]:
        assert ask(empty_database, "select (select count(*) from movements) + (select count(*) from sites)") == [(0,)]


def test_a_backup_is_of_one_moment(filled: str, tmp_path: Path) -> None:
    def interfere(text: str) -> None:  # once the first table is done
        with psycopg.connect(filled) as connection:
            connection.execute("delete from skus")
            connection.execute("delete from movements")

    manifest = back_up(filled, tmp_path / "b.zip", interfere)
    assert {table.name: table.rows for table in manifest.tables if table.name in ("skus", "movements")} == {
        "movements": 49,
        "skus": 1,
    }


def test_a_backup_that_fails_leaves_the_former_one_and_no_draft(filled: str, backup: Path) -> None:
    before = backup.read_bytes()

    def stop(text: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        back_up(filled, backup, stop)
    assert backup.read_bytes() == before
    assert list(backup.parent.iterdir()) == [backup]


def test_only_its_owner_reads_a_backup(backup: Path) -> None:
    assert backup.stat().st_mode & 0o077 == 0


@given(st.lists(st.binary(max_size=20).map(lambda row: row.replace(b"\n", b"")), max_size=20), st.randoms())
def test_a_checksum_is_the_same_in_any_order_and_in_any_pieces(rows: list[bytes], chance: Any) -> None:
    def tally(lines: list[bytes]) -> tuple[int, str]:
        text, counted = b"".join(line + b"\n" for line in lines), Tally()
        while text:
            size = chance.randint(1, 9)
            counted.take(text[:size])
            text = text[size:]
        return counted.rows, counted.checksum

    shuffled = chance.sample(rows, len(rows))
    assert tally(rows) == tally(shuffled)
    assert differences(Table("t", (), *tally(rows)), *tally([*shuffled, b"one more"])) is not None


def test_the_commands_of_the_drill(
    backup: Path, empty_database: str, filled: str, tmp_path: Path, program: Callable[..., subprocess.Popen[bytes]]
) -> None:
    def run(*words: str) -> tuple[int, str, str]:
        process = program(*words)
        out, err = process.communicate(timeout=60)
        return process.returncode, out.decode(), err.decode()

    made = run("backup", "-o", str(tmp_path / "drill.zip"), "--database", filled, "--verify")
    assert made[0] == 0
    assert "restored into a scratch database and compared" in made[1]
    assert "movements: 49 rows" in made[2]
    assert run("restore", str(tmp_path / "drill.zip"), "--database", filled)[0] == 1
    assert run("restore", str(tmp_path / "drill.zip"), "--database", empty_database)[:2][0] == 0
    assert ask(empty_database, "select count(*) from movements") == [(49,)]
    assert run("backup", "--database", filled)[0] == 2
    scratch = ask(filled, "select datname from pg_database where datname like 'tagdock_scratch%'")
    assert scratch == []


@pytest.fixture
def stopped_data(tmp_path: Path, backup: Path, program: Callable[..., subprocess.Popen[bytes]]) -> Iterator[Path]:
    """A data directory on which no `serve` runs, with that backup restored into it."""
    folder = tmp_path / "data"
    process = program("restore", str(backup), "--data", str(folder))
    assert process.wait(120) == 0
    yield folder


def test_the_embedded_database_is_backed_up_and_restored_by_the_same_commands(
    stopped_data: Path, tmp_path: Path, program: Callable[..., subprocess.Popen[bytes]]
) -> None:
    process = program("backup", "-o", str(tmp_path / "again.zip"), "--data", str(stopped_data))
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    with zipfile.ZipFile(tmp_path / "again.zip") as file:
        tables = decode_manifest(file.read("manifest.json")).tables
    assert {table.name: table.rows for table in tables}["movements"] == 49
    assert out.startswith(b"backed up ")
    (stopped_data / "database" / "PG_VERSION").write_text("17\n")
    process = program("backup", "-o", str(tmp_path / "no.zip"), "--data", str(stopped_data))
    _, err = process.communicate(timeout=60)
    assert process.returncode == 1
    assert b"was made by PostgreSQL 17, this is 18" in err
    assert b"tagdock-cloud restore FILE --data" in err
