"""Migrations run one by one, each whole or not at all."""

import sqlite3
from collections.abc import Iterator

import pytest

from collector.store import schema


@pytest.fixture
def db() -> Iterator[sqlite3.Connection]:
    db = sqlite3.connect(":memory:", isolation_level=None)
    schema.create(db)
    yield db
    db.close()


def version(db: sqlite3.Connection) -> int:
    return int(db.execute("PRAGMA user_version").fetchone()[0])


def add_a(db: sqlite3.Connection) -> None:
    db.execute("CREATE TABLE a(x)")


def fill_a(db: sqlite3.Connection) -> None:
    db.execute("INSERT INTO a VALUES(1)")


def fail(db: sqlite3.Connection) -> None:
    db.execute("INSERT INTO a VALUES(2)")
    raise sqlite3.OperationalError("disk full")


def test_a_new_file_has_this_version(db: sqlite3.Connection) -> None:
    assert schema.version(db) == schema.VERSION
    schema.migrate(db)
    assert schema.version(db) == schema.VERSION


def test_every_version_before_this_has_its_step() -> None:
    assert sorted(schema.MIGRATIONS) == list(range(1, schema.VERSION))


def test_steps_run_in_order(db: sqlite3.Connection) -> None:
    schema.migrate(db, {1: add_a, 2: fill_a}, target=3)
    assert version(db) == 3
    assert db.execute("SELECT x FROM a").fetchall() == [(1,)]


def test_a_failed_step_leaves_the_version_before_it(db: sqlite3.Connection) -> None:
    with pytest.raises(sqlite3.OperationalError):
        schema.migrate(db, {1: add_a, 2: fail}, target=3)
    assert version(db) == 2
    assert db.execute("SELECT x FROM a").fetchall() == []
    schema.migrate(db, {2: fill_a}, target=3)
    assert version(db) == 3
