"""Opens the database of a gradebook: whole transactions, and nbgrader's schema or a clear refusal."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from alembic.script import ScriptDirectory
from nbgrader.api import Base
from nbgrader.dbutil import ALEMBIC_DIR
from sqlalchemy import Connection, Engine, create_engine, event, inspect, text
from sqlalchemy.exc import DatabaseError, OperationalError

from coursekit.settings import CourseError

# How long a writer waits for another (the formgrader, say) before it gives up, in seconds.
_PATIENCE = 60


class GradebookError(CourseError, RuntimeError):
    """The gradebook cannot be used as it is; the message says what to do."""


def open_engine(url: str) -> Engine:
    """Return an engine for `url` in which each transaction is one whole, also on SQLite; at most one connection."""
    lite = url.startswith("sqlite")
    engine = create_engine(url, connect_args={"timeout": _PATIENCE} if lite else {})
    if lite:
        # Python's driver would begin transactions by its own rules, which leave CREATE TABLE out of them.
        event.listen(engine, "connect", lambda raw, _: setattr(raw, "isolation_level", None))
        event.listen(engine, "begin", _begin)
    return engine


def _begin(connection: Connection) -> None:
    # A writer takes its lock at once: one that upgrades from reading can fail without being allowed to wait.
    writes = connection.get_execution_options().get("writes", True)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


@contextmanager
def transaction(engine: Engine, *, writes: bool = True) -> Iterator[Connection]:
    """Run a block in one transaction: all of it is kept, or, on an error, nothing."""
    try:
        with engine.connect().execution_options(writes=writes) as connection, connection.begin():
            yield connection
    except DatabaseError as error:
        # A plain DatabaseError is a file that is no database; its other kinds are faults of ours.
        if not isinstance(error, OperationalError) and type(error) is not DatabaseError:
            raise
        raise GradebookError(
            f"the gradebook {engine.url.render_as_string()} cannot be used: {error.orig}. If another program holds it, "
            "wait until it is done; if it is on a network drive, move it to a local disk"
        ) from error


def prepare(engine: Engine) -> None:
    """Make nbgrader's tables where there are none, and refuse a database of another version of nbgrader.

    Errors: GradebookError that names the database and the command that helps.
    """
    head = ScriptDirectory(ALEMBIC_DIR).get_current_head()
    name = engine.url.render_as_string()
    with transaction(engine) as connection:
        tables = set(inspect(connection).get_table_names())
        if not tables:
            Base.metadata.create_all(bind=connection)
            # nbgrader looks for this stamp; in the same transaction, so that no kill leaves tables without it.
            connection.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)"))
            connection.execute(text("INSERT INTO alembic_version (version_num) VALUES (:head)"), {"head": head})
            return
        found = None
        if "alembic_version" in tables:
            found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
        elif "assignment" not in tables:
            raise GradebookError(f"the database {name} is not a gradebook of nbgrader: give another one, or a new file")
    if found == head:
        return
    known = {script.revision for script in ScriptDirectory(ALEMBIC_DIR).walk_revisions()}
    if found is None or found in known:
        raise GradebookError(
            f"the gradebook {name} was made by an older nbgrader (schema {found or 'without a number'}, wanted {head}): "
            "make a copy of it, then run `nbgrader db upgrade`"
        )
    raise GradebookError(
        f"the gradebook {name} was made by a newer nbgrader (schema {found}, known here up to {head}): "
        "install that version of nbgrader here"
    )
