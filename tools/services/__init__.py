"""The cluster's servers without Docker, for tests and for `make services`: docs/services.md."""

from .clickhouse import Clickhouse
from .kafka import Kafka
from .postgres import Postgres
from .server import PortInUse, Server, ServerError
from .together import Services

__all__ = ["Clickhouse", "Kafka", "PortInUse", "Postgres", "Server", "ServerError", "Services"]
