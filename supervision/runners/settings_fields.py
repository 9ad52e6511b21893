"""The settings themselves: what each is for, what it may be, what it is if nobody says.

Above 400 lines: one table, a setting a paragraph, in the order in which people read it.
"""

from __future__ import annotations

import ipaddress
import re
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from msgspec import Struct

from .scrubbing import HIDDEN
from .settings_read import described, said, spelt

LIBPQ = "postgresql://USER:PASSWORD@HOST:PORT/DATABASE"
BROKER = r"([^\s,:/@\[\]]+|\[[0-9a-fA-F:.]+\]):\d{1,5}"
AUTHORITY = "the path of a readable PEM file"
POSTGRES = r"^$|^postgres(ql)?://\S+$"
WITNESS = re.compile(r"folder:/\S+|[^\s+@]+\+[0-9a-f]{8}\+[A-Za-z0-9+/]+={0,2}@https?://\S+")


def _is_zone(key: str) -> bool:
    try:
        ZoneInfo(key)
    except (KeyError, OSError, ValueError):
        return False
    return True


def _are_networks(text: str) -> bool:
    try:
        for part in text.split(","):
            ipaddress.ip_network(part.strip(), strict=False)
    except ValueError:
        return not text
    return True


def _in_range(brokers: str) -> bool:
    return all(0 < int(broker.rpartition(":")[2]) < 65_536 for broker in brokers.split(","))


def _opens(path: str) -> bool:
    try:
        with Path(path).open("rb"):
            return True
    except (OSError, ValueError):
        return False


def _are_witnesses(text: str) -> bool:
    return all(WITNESS.fullmatch(part.strip()) for part in text.split(",") if part.strip())


class Settings(Struct, frozen=True, kw_only=True):
    """What may be set, with its default. Secrets do not show in its representation."""

    home: Annotated[
        Path,
        said(
            "Folder of everything that the product writes on this machine",
            "本机上所有写入内容所在的目录",
        ),
    ] = Path("var")
    host: Annotated[
        str,
        said(
            "Address of the wall and the API; beyond this machine with TLS, here or at a proxy",
            "大屏和接口的监听地址；本机以外须由本程序或代理提供 TLS",
            right="an address of this machine, such as 127.0.0.1",
            min_length=1,
        ),
    ] = "127.0.0.1"
    port: Annotated[
        int, said("Port of the wall and the API", "大屏和接口的端口", ge=1, le=65_535)
    ] = 8050
    district: Annotated[
        str,
        said(
            "The district's name on the wall; without it 演示区 for an invented city, else 本级",
            "大屏上的地区名；不设时演示为“演示区”，否则为“本级”",
        ),
    ] = ""
    zone: Annotated[
        str,
        said(
            "Time zone of the days on the wall and of `supervise deadline`; when it changes, "
            "`supervise rebuild`",
            "大屏各日和 supervise deadline 的时区；更改后须 supervise rebuild",
            right="a name of the IANA time zone database, such as Asia/Shanghai",
            check=_is_zone,
        ),
    ] = "Asia/Shanghai"
    tls_certificate: Annotated[
        str,
        said(
            "The certificate, with those that vouch for it, by which this process speaks TLS",
            "本进程提供 TLS 所用的证书（含中间证书）",
            right=AUTHORITY,
            check=_opens,
        ),
    ] = ""
    tls_key: Annotated[
        str,
        said("The certificate's private key", "证书的私钥文件", right=AUTHORITY, check=_opens),
    ] = ""
    proxies: Annotated[
        str,
        said(
            "Addresses of the proxies that speak TLS before this process and say who asks, by "
            "commas; nobody else is believed",
            "在本进程之前提供 TLS 并转告来访地址的代理地址，逗号分隔；其他来源的转告一律不信",
            right="addresses such as 10.0.0.5 or networks such as 10.0.0.0/24, by commas",
            check=_are_networks,
        ),
    ] = ""
    public_url: Annotated[
        str,
        said(
            "The one address under which people reach the pages; empty: whatever they used",
            "人们访问页面的唯一地址；为空则按访问时的地址",
            right="https://HOST or https://HOST:PORT",
            pattern=r"^$|^https?://[^\s/?#@]+$",
        ),
    ] = ""
    plain_http: Annotated[
        Literal["", "passwords may be read on the way"],
        said(
            "Said in these words, the process listens beyond this machine without TLS",
            "照抄此句，则允许在没有 TLS 的情况下监听本机以外的地址",
        ),
    ] = ""
    session_hours: Annotated[
        int, said("Hours after which everybody signs in again", "登录最长有效小时数", ge=1, le=168)
    ] = 12
    session_idle_minutes: Annotated[
        int,
        said(
            "Minutes without any request after which one signs in again",
            "无操作多少分钟后须重新登录",
            ge=5,
            le=1_440,
        ),
    ] = 30
    oidc_issuer: Annotated[
        str,
        said(
            "The OpenID provider by which people sign in; empty: by passwords alone",
            "用于统一登录的 OpenID 提供方；为空则只用密码登录",
            right="https://HOST/… as its discovery document names itself",
            pattern=r"^$|^https?://\S+$",
        ),
    ] = ""
    oidc_client_id: Annotated[
        str, said("What the provider calls this system", "本系统在提供方登记的客户端标识")
    ] = ""
    oidc_client_secret: Annotated[
        str,
        said(
            "By what it knows us; empty: by PKCE alone", "客户端密钥；为空则只用 PKCE", secret=True
        ),
    ] = ""
    oidc_claim: Annotated[
        str,
        said("The claim that names a person", "用来认人的声明字段", min_length=1),
    ] = "sub"
    oidc_name: Annotated[
        str, said("What the button for it says", "登录页上该按钮的名称", min_length=1)
    ] = "统一身份认证"
    intake_signed: Annotated[
        bool,
        said(
            "Whether facts are taken by signed requests only, and keys that are sent are refused",
            "是否只接受签名的报送请求，不接受直接发送的密钥",
        ),
    ] = False
    mail: Annotated[
        str,
        said(
            "The server that takes mail, by STARTTLS; smtps:// by TLS from the first byte; "
            "smtp+plain:// in the clear, to this machine only unless ?network=trusted is added",
            "发送邮件的服务器（STARTTLS）；smtps:// 为全程 TLS；smtp+plain:// 为明文，"
            "除非加 ?network=trusted 仅限本机",
            right="smtp://USER:PASSWORD@HOST:PORT",
            secret=True,
            pattern=r"^$|^smtp(s|\+plain)?://\S+$",
        ),
    ] = ""
    mail_from: Annotated[
        str, said("The address that mail is from", "邮件的发件地址", pattern=r"^$|^\S+@\S+$")
    ] = ""
    sms: Annotated[
        str,
        said(
            "The gateway that takes SMS by SMPP 3.4; smpps:// by TLS; https:// by signed requests; "
            "?network=trusted where it is reached in the clear beyond this machine",
            "短信网关：SMPP 3.4；smpps:// 为 TLS；https:// 为签名请求；"
            "跨机明文连接须加 ?network=trusted",
            right="smpp://ID:PASSWORD@HOST:PORT or https://KEY:SECRET@HOST/PATH",
            secret=True,
            pattern=r"^$|^(smpps?|https)://\S+$",
        ),
    ] = ""
    sms_sender: Annotated[
        str,
        said(
            "The number that SMS are from, or the signature that a gateway by HTTP asks for",
            "短信的主叫号码；HTTP 网关为短信签名",
        ),
    ] = ""
    chat: Annotated[
        bool,
        said(
            "Whether people may be told by DingTalk, WeCom or Feishu too",
            "是否也可经钉钉、企业微信、飞书告知",
        ),
    ] = False
    messages_folder: Annotated[
        str,
        said(
            "A folder that messages are written into where there is no gateway, to try things out; "
            "an invented city has one in its home",
            "没有网关时把消息写入此目录，供试用；演示城市默认写入 home 目录",
        ),
    ] = ""
    seals: Annotated[
        str,
        said(
            "The folder of the log's seals, better on another disk or share than the log; empty: "
            "`seals` in the home",
            "日志封存目录，宜放在日志以外的磁盘或共享上；为空则为 home 目录下的 seals",
        ),
    ] = ""
    seal_key: Annotated[
        str,
        said(
            "The key that seals the log, Ed25519 in PKCS8 PEM, mode 600; empty: "
            "`keys/seal.pem` in the home, made at the first start",
            "封存日志的私钥（Ed25519，PKCS8 PEM，权限 600）；为空则为 home 目录下的 "
            "keys/seal.pem，首次启动时生成",
            right="the path of a key's file",
        ),
    ] = ""
    seal_name: Annotated[
        str,
        said(
            "The log's name in its seals, for good; empty: that beside the key, made with it",
            "日志在封存中的名称，一经使用不得更改；为空则用与私钥一同生成的名称",
            right="1 to 200 characters without spaces and +, such as supervision/example-city",
            pattern=r"^$|^[^\s+]{1,200}$",
        ),
    ] = ""
    seal_minutes: Annotated[
        int,
        said(
            "Minutes between two signed checkpoints, where anything new was recorded",
            "两次签名封存之间的分钟数（有新记录时）",
            ge=1,
            le=1_440,
        ),
    ] = 10
    witnesses: Annotated[
        str,
        said(
            "Who is shown every checkpoint: witnesses by HTTP (C2SP), and folders elsewhere",
            "每次封存的见证方：HTTP 见证服务（C2SP）和其他位置的目录，逗号分隔",
            right="NAME+HASH+BASE64@https://HOST/… or folder:/PATH, by commas",
            check=_are_witnesses,
        ),
    ] = ""
    stamp_url: Annotated[
        str,
        said(
            "The authority that stamps each checkpoint with the time (RFC 3161); empty: none",
            "为每次封存加盖时间戳的机构（RFC 3161）；为空则不加盖",
            right="http://HOST/… or https://HOST/…",
            pattern=r"^$|^https?://[^\s/?#]+\S*$",
        ),
    ] = ""
    stamp_roots: Annotated[
        str,
        said(
            "The certificates that vouch for that authority's stamps",
            "为该机构时间戳作保的根证书",
            right=AUTHORITY,
            check=_opens,
        ),
    ] = ""
    database: Annotated[
        str,
        said(
            "PostgreSQL of the log; empty: SQLite in the home, one process",
            "日志所在的 PostgreSQL；为空则用 home 目录中的 SQLite，单进程",
            right=LIBPQ,
            secret=True,
            pattern=POSTGRES,
        ),
    ] = ""
    vault: Annotated[
        str,
        said(
            "PostgreSQL of the vault of personal data; empty: that of the log",
            "个人信息保管库所在的 PostgreSQL；为空则与日志相同",
            right=LIBPQ,
            secret=True,
            pattern=POSTGRES,
        ),
    ] = ""
    keys: Annotated[
        str,
        said(
            "PostgreSQL of the keys that open the vault, better another server's; empty: that of "
            "the log",
            "保管库密钥所在的 PostgreSQL，宜在另一台服务器；为空则与日志相同",
            right=LIBPQ,
            secret=True,
            pattern=POSTGRES,
        ),
    ] = ""
    kafka: Annotated[
        str,
        said(
            "Kafka's brokers, by commas",
            "Kafka 服务器，逗号分隔",
            right="HOST:PORT,HOST:PORT",
            pattern=rf"^$|^{BROKER}(,\s*{BROKER})*$",
            check=_in_range,
        ),
    ] = ""
    kafka_security_protocol: Annotated[
        Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"],
        said("How brokers are spoken to", "与 Kafka 的连接方式"),
    ] = "PLAINTEXT"
    kafka_sasl_mechanism: Annotated[
        Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"],
        said("How one signs in, with SASL", "SASL 登录的方式"),
    ] = "SCRAM-SHA-512"
    kafka_username: Annotated[str, said("Who signs in, with SASL", "SASL 登录的用户名")] = ""
    kafka_password: Annotated[
        str, said("The password, with SASL", "SASL 登录的密码", secret=True)
    ] = ""
    kafka_ca_file: Annotated[
        str,
        said(
            "Who vouches for the brokers, with SSL or SASL_SSL; empty: the system's authorities",
            "以 TLS 连接时签发 Kafka 证书的机构；为空则用系统的",
            right=AUTHORITY,
            check=_opens,
        ),
    ] = ""
    kafka_replicas: Annotated[
        int,
        said(
            "Brokers that hold each message; three where there are three",
            "每条消息保存在几台 Kafka 上；有三台时为 3",
            ge=1,
            le=32,
        ),
    ] = 1
    topic_prefix: Annotated[
        str,
        said(
            "What the names of all topics begin with; two installations on one Kafka need two",
            "所有主题名的前缀；两套系统共用一个 Kafka 时须不同",
            right="1 to 100 letters, digits, dots, underscores or hyphens",
            pattern=r"^[A-Za-z0-9._-]{1,100}$",
        ),
    ] = "supervision"
    partitions: Annotated[
        int,
        said(
            "Partitions of the cases, so at most as many watch workers; for good once made",
            "办件的分区数，即监察进程数的上限；建立后不能更改",
            ge=1,
            le=1_000,
        ),
    ] = 12
    clickhouse: Annotated[
        str,
        said(
            "ClickHouse of the warehouse, by its native protocol; one process has chDB in its home",
            "数据仓所在的 ClickHouse（原生协议）；单进程用 home 目录中的 chDB",
            right="clickhouse://USER:PASSWORD@HOST:PORT/DATABASE",
            secret=True,
            pattern=r"^$|^clickhouse://\S+$",
        ),
    ] = ""
    clickhouse_secure: Annotated[
        bool, said("Whether ClickHouse is spoken to by TLS", "是否以 TLS 连接 ClickHouse")
    ] = False
    clickhouse_ca_file: Annotated[
        str,
        said(
            "Who vouches for ClickHouse, with TLS; empty: the system's authorities",
            "以 TLS 连接时签发 ClickHouse 证书的机构；为空则用系统的",
            right=AUTHORITY,
            check=_opens,
        ),
    ] = ""
    told_host: Annotated[
        str,
        said(
            "Address of a role's health and metrics; any, as they hold no personal data",
            "各角色健康状况和指标的监听地址；不含个人信息，可为任意地址",
            right="an address of this machine, such as 127.0.0.1 or 0.0.0.0",
            min_length=1,
        ),
    ] = "127.0.0.1"
    told_port: Annotated[
        int,
        said(
            "Port of a role's health and metrics, 9464 say; 0: none",
            "各角色健康状况和指标的端口，例如 9464；0 为不监听",
            ge=0,
            le=65_535,
        ),
    ] = 0
    log_format: Annotated[
        Literal["text", "json"],
        said(
            "Lines for people, or an object of JSON a line", "运行日志的格式：文本，或每行一个 JSON"
        ),
    ] = "text"
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"],
        said("What is logged: this and what is graver", "运行日志的级别：该级及更严重的"),
    ] = "info"
    heartbeat_ms: Annotated[
        int,
        said(
            "Milliseconds between heartbeats, by which time passes for judgement",
            "心跳间隔（毫秒），判定所用的时间由心跳推进",
            ge=20,
            le=10_000,
        ),
    ] = 200
    snapshot_events: Annotated[
        int,
        said(
            "Events after which a watch worker keeps its state again",
            "监察进程每处理多少条记录保存一次状态",
            ge=1_000,
            le=100_000_000,
        ),
    ] = 200_000
    snapshot_seconds: Annotated[
        int,
        said(
            "Seconds after which it does so, if anything came",
            "监察进程每隔多少秒保存一次状态（有新记录时）",
            ge=1,
            le=86_400,
        ),
    ] = 60
    rocksdb_cache_mb: Annotated[
        int,
        said(
            "Block cache of a watch worker's tables, MiB in all",
            "监察进程各表的块缓存合计（MiB）",
            ge=1,
            le=65_536,
        ),
    ] = 64
    rows_most: Annotated[
        int,
        said(
            "Events of one batch of rows for the warehouse",
            "写入数据仓的一批最多含多少条记录",
            ge=100,
            le=1_000_000,
        ),
    ] = 5_000
    rows_every_ms: Annotated[
        int,
        said(
            "Milliseconds between two batches of rows: an insert has a price of its own",
            "两批写入数据仓之间的毫秒数",
            ge=10,
            le=60_000,
        ),
    ] = 150
    retention_months: Annotated[
        int,
        said(
            "Months for which the warehouse keeps changes and events; 0: for good. The log is kept "
            "in any case",
            "数据仓保留变更和记录的月数；0 为永久。日志始终保留",
            ge=0,
            le=1_200,
        ),
    ] = 0

    @property
    def brokers(self) -> tuple[str, ...]:
        """Kafka's brokers, each HOST:PORT."""
        return tuple(part.strip() for part in self.kafka.split(",") if part.strip())

    def shown(self) -> dict[str, str]:
        """Every setting in words, secrets hidden."""
        return {
            name: HIDDEN if setting.secret and getattr(self, name) else spelt(getattr(self, name))
            for name, setting in described(Settings).items()
        }

    def __repr__(self) -> str:
        """All of it but the secrets, since representations end up in logs."""
        fields = ", ".join(f"{name}={value!r}" for name, value in self.shown().items())
        return f"Settings({fields})"
