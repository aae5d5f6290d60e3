"""PostgreSQL's own programs for copying a database: pg_dump, pg_restore and psql, where they are installed."""

import os
import shutil
import subprocess
from collections.abc import Sequence

from ppe.errors import Refused

# Everything of ours that is there, whatever version made it; nothing that belongs to an extension, and not the queue.
EMPTY = """
SET lock_timeout = '10s';
SET client_min_messages = warning;
DO $$
DECLARE
    one text;
    ours text[] := ARRAY(
        SELECT CASE relkind WHEN 'v' THEN 'VIEW IF EXISTS ' ELSE 'TABLE IF EXISTS ' END || oid::regclass
        FROM pg_class c WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'v')
            AND relname NOT LIKE 'huey\\_%'
            AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')
        UNION ALL
        SELECT 'FUNCTION IF EXISTS ' || oid::regprocedure
        FROM pg_proc p WHERE pronamespace = 'public'::regnamespace
            AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e'));
BEGIN
    FOREACH one IN ARRAY ours LOOP
        EXECUTE 'DROP ' || one || ' CASCADE';
    END LOOP;
END $$;
"""


def require(*programs: str) -> None:
    """Refuse what cannot be done before anything is touched.

    Raises:
        Refused: one of the programs is not installed.
    """
    missing = [program for program in programs if shutil.which(program) is None]
    if missing:
        raise Refused(
            f"{' and '.join(missing)} can't be found. Install PostgreSQL's client programs, of the server's version "
            "or newer, or copy the database with the tools of whoever runs the server."
        )


def run(program: str, url: str, *options: str) -> None:
    """Run a program on a database. The password goes by the environment: command lines can be read by everybody.

    Raises:
        Refused: it did not succeed; the sentence holds what it said last.
    """
    from psycopg.conninfo import conninfo_to_dict, make_conninfo  # noqa: PLC0415 - the driver is an extra

    parts = conninfo_to_dict(url)
    password = parts.pop("password", None)
    environment = {**os.environ, **({"PGPASSWORD": str(password)} if password else {})}
    command = [program, f"--dbname={make_conninfo('', **parts)}", "--no-password", *options]
    _call(command, environment)


def script(dump: str, target: str, *options: str) -> None:
    """Turn a dump into the statements that make it.

    Raises:
        Refused: it is no dump, or one of a newer PostgreSQL.
    """
    _call(["pg_restore", f"--file={target}", *options, dump], dict(os.environ))


def _call(command: Sequence[str], environment: dict[str, str]) -> None:
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)  # noqa: S603 - ours
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        said = [line for line in lines if "error" in line.casefold()] or lines
        raise Refused(f"{command[0]} did not succeed: {said[0] if said else f'it ended with {done.returncode}'}")
