"""Apache Kafka for tests and trials: jars fetched by Maven, one broker that is its controller."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import socket
import struct
import subprocess
from functools import cached_property
from pathlib import Path

from .server import (
    HOST,
    PATIENCE,
    Missing,
    NotYet,
    Server,
    ServerError,
    as_child,
    done,
    free_port,
    is_free,
)

POM = Path(__file__).parents[1] / "kafka" / "pom.xml"

SETTINGS = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@{host}:{controller_port}
listeners=BROKER://{host}:{port},CONTROLLER://{host}:{controller_port}
advertised.listeners=BROKER://{host}:{port}
listener.security.protocol.map=BROKER:PLAINTEXT,CONTROLLER:PLAINTEXT
inter.broker.listener.name=BROKER
controller.listener.names=CONTROLLER
log.dirs={folder}/data
auto.create.topics.enable=false
message.max.bytes=8388608
group.initial.rebalance.delay.ms=0
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
share.coordinator.state.topic.num.partitions=1
log.cleaner.dedupe.buffer.size=16777216
broker.heartbeat.interval.ms=500
broker.session.timeout.ms=2000
"""
"""After a kill the controller lets the broker in again when its last session has timed out."""

LOGGING = """\
<Configuration status="WARN">
    <Appenders>
        <Console name="log"><PatternLayout pattern="%d{ISO8601} %p %c{1} %m%n"/></Console>
    </Appenders>
    <Loggers><Root level="WARN"><AppenderRef ref="log"/></Root></Loggers>
</Configuration>
"""

MACHINE = ("-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
"""Small, and ready after 60 % of the processor time that the defaults take."""

METADATA = struct.pack(">hhihi?", 3, 4, 1, -1, 0, False)
"""Kafka's request 3, version 4: which brokers there are, and of no topic."""


def jars() -> Path:
    """The folder of Kafka's jars, fetched by Maven if this machine has not got them yet.

    Below $SUPERVISION_CACHE or ~/.cache/supervision. Raises Missing, ServerError.
    """
    asked = POM.read_bytes()
    release = re.findall(rb"<kafka.version>(.+)</kafka.version>", asked)[0].decode()
    cache = Path(os.environ.get("SUPERVISION_CACHE") or Path.home() / ".cache" / "supervision")
    folder = cache / f"kafka-{release}-{hashlib.sha256(asked).hexdigest()[:8]}"
    if not folder.exists():
        fetch(folder)
    return folder


def fetch(folder: Path) -> None:
    """Have Maven copy the jars there, all or none."""
    if (maven := shutil.which("mvn")) is None:
        raise Missing("Kafka", "Maven", "kafka")
    beside = folder.with_name(f"{folder.name}.{os.getpid()}")
    beside.mkdir(parents=True)
    try:
        copied = subprocess.run(
            [maven, "-q", "-B", "-f", str(POM), "dependency:copy-dependencies",
             "-Dmaven.wagon.http.retryHandler.count=5", "-DincludeScope=runtime",
             f"-DoutputDirectory={beside.resolve()}"],
            check=False, capture_output=True, text=True,
        )  # fmt: skip
        if copied.returncode != 0:
            raise ServerError(f"Kafka: Maven could not fetch its jars: {complaint(copied.stdout)}")
        if not folder.exists():
            beside.rename(folder)
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def complaint(told: str) -> str:
    """What Maven says first when it fails, without the colours of its levels."""
    errors = re.findall(r"ERROR\S* (.+)", told)
    return errors[0] if errors else told.strip()[-300:]


class Kafka(Server):
    """One broker that is its own controller (KRaft), without TLS or passwords; topics are made.

    What is acknowledged is in the system's page cache: it survives `kill`, not a power cut.
    """

    name = "Kafka"

    @property
    def bootstrap(self) -> str:
        """Where clients begin: HOST:PORT."""
        return f"{HOST}:{self.port}"

    @property
    def ports(self) -> list[int]:
        """The broker's and the controller's."""
        return [self.port, self.controller_port]

    @cached_property
    def controller_port(self) -> int:
        """Where the controller listens, for the broker only."""
        while (chosen := free_port()) == self.port:
            pass
        return chosen

    def prepare(self) -> None:
        """Its settings, and its folder of data if there is none."""
        (self.folder / "log4j2.xml").write_text(LOGGING, encoding="ascii")
        settings = SETTINGS.format(
            host=HOST, port=self.port, controller_port=self.controller_port, folder=self.folder
        )
        self._settings.write_text(settings, encoding="utf-8")
        if not (self.folder / "data" / "meta.properties").exists():
            name = f"--cluster-id={self.password('cluster')}"
            tool = ["kafka.tools.StorageTool", "format", name, "--ignore-formatted"]
            done(self.name, self._java(*tool, "--config", str(self._settings)), self.log)

    def command(self) -> list[str]:
        """The broker."""
        return self._java("kafka.Kafka", str(self._settings))

    def ask(self) -> None:
        """Which brokers there are: it is itself one once its controller lets it in."""
        if is_free(self.port):
            raise NotYet("it does not listen")
        try:
            with socket.create_connection((HOST, self.port), timeout=PATIENCE) as line:
                line.sendall(struct.pack(">i", len(METADATA)) + METADATA)
                answer = line.makefile("rb").read(16)
        except OSError as error:
            raise NotYet(str(error)) from error
        if len(answer) < 16 or struct.unpack(">iiii", answer)[3] == 0:
            raise NotYet("its controller has not let it in")

    @property
    def _settings(self) -> Path:
        return self.folder / "server.properties"

    def _java(self, *words: str) -> list[str]:
        """A program of Kafka's, with its jars."""
        home = os.environ.get("JAVA_HOME")
        java = shutil.which("java", path=f"{home}/bin" if home else None)
        if java is None:
            raise Missing(self.name, "Java 17 or newer", "kafka")
        logging = f"-Dlog4j2.configurationFile={self.folder / 'log4j2.xml'}"
        return [*as_child(None), java, *MACHINE, logging, "-cp", f"{jars()}/*", *words]
