"""ClickHouse for tests and trials, from the system's packages."""

from __future__ import annotations

import hashlib
import os
import shutil

from .server import HOST, Missing, NotYet, Server, as_child, is_free, write_private

CONFIG = """\
<yandex>
    <logger>
        <level>warning</level>
        <console>1</console>
    </logger>
    <listen_host>{host}</listen_host>
    <tcp_port>{port}</tcp_port>
    <interserver_http_host>{host}</interserver_http_host>
    <path>{folder}/data/</path>
    <tmp_path>{folder}/data/tmp/</tmp_path>
    <user_files_path>{folder}/data/user_files/</user_files_path>
    <format_schema_path>{folder}/data/format_schemas/</format_schema_path>
    <users_config>{folder}/users.xml</users_config>
    <default_profile>default</default_profile>
    <default_database>default</default_database>
    <timezone>UTC</timezone>
    <uncompressed_cache_size>16777216</uncompressed_cache_size>
    <mark_cache_size>67108864</mark_cache_size>
    <mlock_executable>false</mlock_executable>
</yandex>
"""

USERS = """\
<yandex>
    <profiles>
        <default>
            <max_memory_usage>4000000000</max_memory_usage>
            <allow_experimental_low_cardinality_type>1</allow_experimental_low_cardinality_type>
            <log_queries>0</log_queries>
        </default>
    </profiles>
    <users>
        <{user}>
            <password_sha256_hex>{digest}</password_sha256_hex>
            <networks><ip>{host}</ip></networks>
            <profile>default</profile>
            <quota>default</quota>
        </{user}>
    </users>
    <quotas>
        <default>
            <interval>
                <duration>3600</duration>
                <queries>0</queries>
                <errors>0</errors>
                <result_rows>0</result_rows>
                <read_rows>0</read_rows>
                <execution_time>0</execution_time>
            </interval>
        </default>
    </quotas>
</yandex>
"""


class Clickhouse(Server):
    """ClickHouse of the system's packages (18.16 in Debian 12), the native protocol only.

    One user, `supervision`, by password; there is no user `default`.
    """

    name = "ClickHouse"
    USER = "supervision"
    DATABASE = "supervision"

    @property
    def url(self) -> str:
        """Of the only user; database `supervision`."""
        return self._url(self.DATABASE)

    def fresh(self, name: str) -> str:
        """URL of a new, empty database; one of that name goes. `name`: of a-z, 0-9 and _."""
        self._do(f"DROP DATABASE IF EXISTS {name}")
        self._do(f"CREATE DATABASE {name}")
        return self._url(name)

    def prepare(self) -> None:
        """Its two files of settings."""
        digest = hashlib.sha256(self.password(self.USER).encode()).hexdigest()
        users = USERS.format(user=self.USER, digest=digest, host=HOST)
        write_private(self.folder / "users.xml", users)
        config = CONFIG.format(folder=self.folder, host=HOST, port=self.port)
        write_private(self.folder / "config.xml", config)

    def command(self) -> list[str]:
        """The server."""
        places = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin"])
        if (program := shutil.which("clickhouse-server", path=places)) is None:
            raise Missing(self.name, "clickhouse-server", "clickhouse")
        return [*as_child(None), program, f"--config-file={self.folder / 'config.xml'}"]

    def ask(self) -> None:
        """A query."""
        from clickhouse_driver.errors import Error

        if is_free(self.port):  # the driver would log each try
            raise NotYet("it does not listen")
        try:
            self._do("SELECT 1")
        except (Error, OSError) as error:
            raise NotYet(str(error).strip()) from error

    def settle(self) -> None:
        """The database."""
        self._do(f"CREATE DATABASE IF NOT EXISTS {self.DATABASE}")

    def _url(self, database: str) -> str:
        return f"clickhouse://{self.USER}:{self.password(self.USER)}@{HOST}:{self.port}/{database}"

    def _do(self, statement: str) -> None:
        from clickhouse_driver import Client

        with Client.from_url(self._url("default") + "?connect_timeout=5") as client:
            client.execute(statement)
