"""PostgreSQL for tests and trials, from the system's packages."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from pathlib import Path

from .server import HOST, Missing, NotYet, Server, ServerError, as_child, done, write_private

PROGRAMS = Path("/usr/lib/postgresql")
"""Where the packages put each release's programs."""
OLDEST = 15
"""Since this release only its owner may create in a database's schema."""


class Postgres(Server):
    """PostgreSQL of the system's packages; data in `folder`/data, durable.

    Three roles: a superuser for the tests, an owner whose are the tables, and `supervision`, which
    the product runs as: it owns nothing and may only what the owner grants. The server does not
    run as root: root's runs as the packages' user `postgres`.
    """

    name = "PostgreSQL"
    stop_signal = signal.SIGINT
    OWNER = "supervision_owner"
    USER = "supervision"
    DATABASE = "supervision"
    SETTINGS = (
        f"listen_addresses={HOST}", "unix_socket_directories=", "shared_buffers=128MB",
        "max_connections=200", "timezone=UTC", "log_timezone=UTC",
        "recovery_init_sync_method=syncfs",
        "log_parameter_max_length=0", "log_parameter_max_length_on_error=0",
    )  # fmt: skip
    """After a crash one syncfs, not an fsync a file: 0.1 s instead of up to 5 s here. What the
    product sends never enters the server's log, whatever is logged: the vault's secrets are sent.
    """

    @property
    def superuser_url(self) -> str:
        """Of who may do everything; database `postgres`."""
        return self._url("postgres", "postgres")

    @property
    def owner_url(self) -> str:
        """Of the role that owns the schema and may create in it."""
        return self._url(self.OWNER, self.DATABASE)

    @property
    def url(self) -> str:
        """Of the role that the product runs as."""
        return self._url(self.USER, self.DATABASE)

    def fresh(self, name: str) -> tuple[str, str]:
        """(owner_url, url) of a new, empty database; one of that name goes, with who is in it.

        `name`: at most 63 characters of a-z, 0-9 and _.
        """
        self._do(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        self._create(name)
        return self._url(self.OWNER, name), self._url(self.USER, name)

    def prepare(self) -> None:
        """initdb, whole or not at all; then one sync, not one a file."""
        if os.getuid() == 0:
            self._give_folder()
        if (self.folder / "data").exists():
            return
        shutil.rmtree(self.folder / "data.new", ignore_errors=True)
        secret = self.folder / "superuser"
        write_private(secret, self.password("postgres"))
        if self._user:
            shutil.chown(secret, self._user)
        try:
            done(self.name, [*as_child(self._user), *self._initdb(secret)], self.log)
        finally:
            secret.unlink()
        done(self.name, ["sync", "-f", str(self.folder)], self.log)
        (self.folder / "data.new").rename(self.folder / "data")

    def command(self) -> list[str]:
        """The postmaster."""
        program = str(self._programs() / "postgres")
        settings = [word for setting in self.SETTINGS for word in ("-c", setting)]
        where = ["-D", str(self.folder / "data"), "-p", str(self.port)]
        return [*as_child(self._user), program, *where, *settings]

    def ask(self) -> None:
        """A query."""
        import psycopg

        try:
            self._do("SELECT 1")
        except psycopg.OperationalError as error:
            raise NotYet(str(error).strip()) from error

    def settle(self) -> None:
        """The two roles and the database."""
        for role in (self.OWNER, self.USER):
            if not self._do("SELECT 1 FROM pg_roles WHERE rolname = %s", role):
                self._do(f"CREATE ROLE {role} LOGIN PASSWORD '{self.password(role)}'")
        if not self._do("SELECT 1 FROM pg_database WHERE datname = %s", self.DATABASE):
            self._create(self.DATABASE)

    @property
    def _user(self) -> str | None:
        return "postgres" if os.getuid() == 0 else None

    def _url(self, role: str, database: str) -> str:
        return f"postgresql://{role}:{self.password(role)}@{HOST}:{self.port}/{database}"

    def _create(self, name: str) -> None:
        self._do(f'CREATE DATABASE "{name}" OWNER {self.OWNER}')

    def _do(self, statement: str, *values: str) -> list[tuple[object, ...]]:
        """Run it as superuser; the rows, if it gives any."""
        import psycopg

        with psycopg.connect(self.superuser_url, autocommit=True, connect_timeout=5) as connection:
            cursor = connection.execute(statement.encode(), values or None)
            return cursor.fetchall() if cursor.description else []

    def _initdb(self, secret: Path) -> list[str]:
        """In a C locale, everybody by password."""
        return [
            str(self._programs() / "initdb"), "--username=postgres", f"--pwfile={secret}",
            "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--no-sync",
            "-D", str(self.folder / "data.new"),
        ]  # fmt: skip

    def _programs(self) -> Path:
        """The folder of the newest release's programs."""
        found = PROGRAMS.glob("*/bin/initdb")
        releases = {int(path.parts[-3]): path.parent for path in found if path.parts[-3].isdigit()}
        if not releases or max(releases) < OLDEST:
            raise Missing(self.name, f"a release from {OLDEST} on", "postgres")
        return releases[max(releases)]

    def _give_folder(self) -> None:
        """Make the folder that of the user `postgres`, who must be able to enter it."""
        self._programs()
        shutil.chown(self.folder, "postgres", "postgres")
        asked = [*as_child("postgres"), "test", "-w", str(self.folder)]
        if subprocess.run(asked, check=False, cwd="/").returncode != 0:
            raise ServerError(
                f"{self.name} does not run as root, and its user `postgres` cannot enter "
                f"{self.folder}: give a --folder that it can, as /var/tmp/services"
            )
