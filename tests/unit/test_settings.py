"""Settings: who wins, what is refused and in which words, and that no secret is ever shown.

Above 400 lines: each question about a setting has its class, over the same settings.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import pytest
from click.testing import CliRunner
from hypothesis import given, strategies
from hypothesis import settings as examples

from supervision.record import Record
from supervision.runners.cli import main
from supervision.runners.settings import (
    OWNERS,
    Settings,
    effective,
    open_record,
    settings,
    store,
)
from supervision.runners.settings_read import (
    CONFIG,
    PREFIX,
    SettingsError,
    described,
    read,
    spelt,
)

ROOT = Path(__file__).parents[2]
KNOWN = described(Settings)
SECRETS = [setting for setting in KNOWN.values() if setting.secret]
HUSH = "hunter2"
DATABASE = f"postgresql://judge:{HUSH}@db:5432/log"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder of the test's own, and no variable of whoever runs it but the home."""
    for name in [e for e in os.environ if e.startswith(PREFIX) and e != "SUPERVISION_HOME"]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def say(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def refusal(environ: Mapping[str, str], monkeypatch: pytest.MonkeyPatch) -> str:
    """The message with which these variables are refused."""
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as refused:
        settings()
    return str(refused.value)


class TestDescription:
    """Each setting is described once, and the page of the documentation is that description."""

    def test_every_default_is_right(self) -> None:
        """What a setting is if nobody says would also be taken from somebody who says it."""
        defaults = {
            s.name: s.convert(spelt(s.default), s.name, text=True)
            for s in KNOWN.values()
            if s.default != ""
        }
        assert defaults == {s.name: s.default for s in KNOWN.values() if s.default != ""}

    def test_every_setting_is_explained_in_two_languages(self) -> None:
        """English without Chinese signs missing, Chinese with some."""
        assert [s.name for s in KNOWN.values() if not s.en or not s.right] == []
        assert [s.name for s in KNOWN.values() if not re.search("[一-鿿]", s.zh)] == []

    def test_no_name_can_be_read_in_two_ways(self) -> None:
        """A secret's file is no other setting's name."""
        assert {f"{s.name}_file" for s in SECRETS} & KNOWN.keys() == set()
        assert "config" not in KNOWN

    def test_the_page_has_them_all(self) -> None:
        """docs/settings.md: name in file and environment, default, meaning, whether secret."""
        page = (ROOT / "docs/settings.md").read_text(encoding="utf-8")
        rows = re.findall(
            r"^\| `(\w+)` \| `(\w+)` \| (.+?) \| (.+) \| (.*) \|$", page, re.MULTILINE
        )
        expected = [
            (
                s.name,
                s.env,
                f"`{spelt(s.default)}`" if spelt(s.default) else "–",
                f"{s.en}. {s.zh}。",
                "secret" if s.secret else "",
            )
            for s in KNOWN.values()
        ]
        assert expected == rows

    def test_the_file_on_the_page_is_right(self, folder: Path) -> None:
        """The example can be copied, once its secret's file is there."""
        page = (ROOT / "docs/settings.md").read_text(encoding="utf-8")
        (example,) = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)
        secret = say(folder / "database", DATABASE)
        text = example.replace("/run/secrets/database", str(secret))
        found = read(Settings, {CONFIG: str(say(folder / "mine.toml", text))}, folder)
        expected = {"district": "演示区", "port": 8060, "log_format": "json", "database": DATABASE}
        assert expected == found.values


class TestWhoWins:
    """The environment before the file, the file before the default."""

    def test_the_environment_wins_over_the_file(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """And an empty variable is none."""
        say(folder / "supervision.toml", "port = 8060\nheartbeat_ms = 250\nrows_most = 700\n")
        monkeypatch.setenv("SUPERVISION_PORT", "8070")
        monkeypatch.setenv("SUPERVISION_ROWS_MOST", "")
        found = effective()
        assert (8070, 250, 700, 12) == (
            found.settings.port,
            found.settings.heartbeat_ms,
            found.settings.rows_most,
            found.settings.partitions,
        )
        assert found.origins["port"] == "SUPERVISION_PORT"
        assert found.origins["rows_most"] == "rows_most in supervision.toml"
        assert "partitions" not in found.origins

    def test_a_file_that_is_named_is_read_instead_of_that_in_the_folder(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """With the sign that some editors put before the text."""
        say(folder / "supervision.toml", "port = 8060\n")
        monkeypatch.setenv(CONFIG, str(say(folder / "other.toml", "\ufeffdistrict = '雨花'\n")))
        assert ("雨花", 8050) == (settings().district, settings().port)

    def test_text_of_the_environment_is_taken_as_people_write_it(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Spaces around a number, choices and truth in any case."""
        monkeypatch.setenv("SUPERVISION_PORT", " 8061 ")
        monkeypatch.setenv("SUPERVISION_LOG_LEVEL", "WARNING")
        monkeypatch.setenv("SUPERVISION_CLICKHOUSE_SECURE", "True")
        monkeypatch.setenv("SUPERVISION_KAFKA", "k1:9092, [fd00::1]:9093")
        made = settings()
        assert (8061, "warning", True) == (made.port, made.log_level, made.clickhouse_secure)
        assert made.brokers == ("k1:9092", "[fd00::1]:9093")

    def test_vault_and_keys_lie_with_the_log_unless_they_are_given(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Each for itself."""
        monkeypatch.setenv("SUPERVISION_DATABASE", DATABASE)
        monkeypatch.setenv("SUPERVISION_KEYS", "postgresql://safe/keys")
        found = effective()
        assert (DATABASE, "postgresql://safe/keys") == (found.settings.vault, found.settings.keys)
        assert found.origins["vault"] == "database"


class TestSecrets:
    """A secret may lie in a file; it is shown nowhere."""

    @pytest.mark.parametrize("end", ["", "\n", "\r\n"])
    def test_a_secret_may_lie_in_a_file(
        self, end: str, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Named in the environment or in the settings' file, the end of its line left out."""
        (folder / "secret").write_bytes(f"{DATABASE}{end}".encode())
        monkeypatch.setenv("SUPERVISION_DATABASE_FILE", "secret")
        assert settings().database == DATABASE
        monkeypatch.delenv("SUPERVISION_DATABASE_FILE")
        say(folder / "supervision.toml", "database_file = 'secret'\n")
        assert settings().database == DATABASE

    def test_its_file_in_the_environment_wins_over_the_secret_in_the_settings_file(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Where it stands decides, not how."""
        say(folder / "supervision.toml", "database = 'postgresql://other/log'\n")
        monkeypatch.setenv("SUPERVISION_DATABASE_FILE", str(say(folder / "secret", DATABASE)))
        assert settings().database == DATABASE

    @pytest.mark.parametrize("secret", SECRETS, ids=lambda s: s.name)
    @pytest.mark.parametrize("way", ["environment", "file", "name of its file", "in its file"])
    def test_no_message_shows_a_secret(
        self, secret: NamedTuple, way: str, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Wrong where it stands, or put where the name of its file belongs."""
        name, env = secret.name, secret.env  # type: ignore[attr-defined]
        wrong = f"http:// {HUSH}" if name != "kafka_password" else HUSH
        if way == "environment":
            told = refusal({env: wrong}, monkeypatch)
        elif way == "file":
            say(folder / "supervision.toml", f"{name} = ['{HUSH}']\n")
            told = refusal({}, monkeypatch)
        elif way == "name of its file":
            told = refusal({f"{env}_FILE": f"postgresql://u:{HUSH}@h/d"}, monkeypatch)
        else:
            path = say(folder / "secret", wrong)
            told = refusal({f"{env}_FILE": str(path)}, monkeypatch)
        assert name.upper() in told or name in told
        assert HUSH not in told

    def test_neither_representation_nor_command_shows_a_secret(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """All four of them set."""
        monkeypatch.setenv("SUPERVISION_DATABASE", DATABASE)
        monkeypatch.setenv("SUPERVISION_CLICKHOUSE", f"clickhouse://u:{HUSH}@ch:9000/w")
        monkeypatch.setenv("SUPERVISION_KAFKA_SECURITY_PROTOCOL", "SASL_SSL")
        monkeypatch.setenv("SUPERVISION_KAFKA_USERNAME", "judge")
        monkeypatch.setenv("SUPERVISION_KAFKA_PASSWORD", HUSH)
        shown = CliRunner().invoke(main, ["settings"])
        assert shown.exit_code == 0
        assert settings().kafka_password == HUSH
        for text in (shown.output, repr(settings()), f"{settings()}"):
            assert "judge" in text
            assert HUSH not in text


WRONG = {
    "SUPERVISION_PORT": {
        "0": "SUPERVISION_PORT is '0'; it must be a whole number from 1 to 65535",
        "65536": "SUPERVISION_PORT is '65536'; it must be a whole number from 1 to 65535",
        "８０５０": "SUPERVISION_PORT is '８０５０'; it must be a whole number from 1 to 65535",
        f"tcp://u:{HUSH}@10.0.0.1:80": "SUPERVISION_PORT is 'tcp://***@10.0.0.1:80'; it must be a "
        "whole number from 1 to 65535",
    },
    "SUPERVISION_LOG_FORMAT": {
        "xml": "SUPERVISION_LOG_FORMAT is 'xml'; it must be one of text, json"
    },
    "SUPERVISION_CLICKHOUSE_SECURE": {
        "yes": "SUPERVISION_CLICKHOUSE_SECURE is 'yes'; it must be true or false"
    },
    "SUPERVISION_KAFKA": {
        "k1": "SUPERVISION_KAFKA is 'k1'; it must be HOST:PORT,HOST:PORT",
        "k1:99999": "SUPERVISION_KAFKA is 'k1:99999'; it must be HOST:PORT,HOST:PORT",
    },
    "SUPERVISION_ZONE": {
        "Mars": "SUPERVISION_ZONE is 'Mars'; it must be a name of the IANA time zone database, "
        "such as Asia/Shanghai"
    },
    "SUPERVISION_KAFKA_CA_FILE": {
        "/no/ca.pem": "SUPERVISION_KAFKA_CA_FILE is '/no/ca.pem'; it must be the path of a "
        "readable PEM file"
    },
    "SUPERVISION_DATABASE": {
        "mysql://u:p@h/d": "SUPERVISION_DATABASE is ***; it must be "
        "postgresql://USER:PASSWORD@HOST:PORT/DATABASE"
    },
    "SUPERVISION_PROT": {"1": "SUPERVISION_PROT is no setting; did you mean SUPERVISION_PORT?"},
    "SUPERVISION_Port": {"1": "SUPERVISION_Port is no setting; did you mean SUPERVISION_PORT?"},
    "SUPERVISION_PORT_FILE": {
        "p": "SUPERVISION_PORT_FILE is no setting; did you mean SUPERVISION_PORT?"
    },
    "SUPERVISION_DATABASE_FLIE": {
        "p": "SUPERVISION_DATABASE_FLIE is no setting; did you mean SUPERVISION_DATABASE_FILE?"
    },
    "SUPERVISION_CONFG": {"x": "SUPERVISION_CONFG is no setting; did you mean SUPERVISION_CONFIG?"},
    "SUPERVISION_CONFIG": {"no.toml": "no.toml cannot be read: No such file or directory"},
    "SUPERVISION_KEYS_FILE": {
        "none": "the file that SUPERVISION_KEYS_FILE names cannot be read: No such file or "
        "directory"
    },
}
WRONG_FILES = {
    "port = '8060'": "port in supervision.toml is '8060'; it must be a whole number from 1 to "
    "65535",
    "port = true": "port in supervision.toml is True; it must be a whole number from 1 to 65535",
    "prot = 1": "prot in supervision.toml is no setting; did you mean port?",
    "colour = 1": "colour in supervision.toml is no setting; see docs/settings.md",
    "[kafka]\npassword = 'x'": "kafka in supervision.toml is a table; it must be "
    "HOST:PORT,HOST:PORT",
    '"a\\nb" = 1': "'a\\nb' in supervision.toml is no setting; see docs/settings.md",
    "home = 5": "home in supervision.toml is 5; it must be a path",
    "keys_file = 5": "keys_file in supervision.toml is 5; it must be the path of a file",
    "keys_file = 'supervision.toml'\nkeys = 'postgresql://h'": "keys in supervision.toml and "
    "keys_file in supervision.toml are both given; leave one of them out",
    "port = ,": "supervision.toml cannot be read: it is not TOML: Invalid value (at line 1, "
    "column 8)",
}
DISAGREEING = {
    "vault = 'postgresql://h/v'": "vault or keys is set, but database is not",
    "mail = 'smtp://h'": "mail needs mail_from",
    "kafka_security_protocol = 'SASL_SSL'": "SASL_SSL needs kafka_username and kafka_password",
    "kafka_username = 'judge'": "kafka_username or kafka_password is set, but",
    "kafka_ca_file = 'supervision.toml'": "PLAINTEXT does not use kafka_ca_file",
    "clickhouse_ca_file = 'supervision.toml'": "no use without clickhouse_secure",
}


class TestWrong:
    """One line: which setting, what was given, what is right."""

    @pytest.mark.parametrize(
        ("env", "value", "says"), [(e, v, s) for e, each in WRONG.items() for v, s in each.items()]
    )
    def test_what_is_wrong_in_the_environment_is_named(
        self, env: str, value: str, says: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """In the very words of the table."""
        assert says == refusal({env: value}, monkeypatch)

    @pytest.mark.parametrize(("text", "says"), WRONG_FILES.items())
    def test_what_is_wrong_in_the_file_is_named(
        self, text: str, says: str, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """In the very words of the table."""
        say(folder / "supervision.toml", text)
        assert says == refusal({}, monkeypatch)

    @pytest.mark.parametrize(("text", "says"), DISAGREEING.items())
    def test_what_does_not_go_together_is_named(
        self, text: str, says: str, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Nothing is left without effect in silence."""
        say(folder / "supervision.toml", text)
        assert says in refusal({}, monkeypatch)

    def test_a_file_in_another_encoding_is_named(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """GB18030, as some editors write."""
        (folder / "supervision.toml").write_bytes("district = '雨花'".encode("gb18030"))
        assert refusal({}, monkeypatch) == "supervision.toml cannot be read: it is not UTF-8"

    def test_both_a_secret_and_its_file_are_one_too_many(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Which of them is meant nobody knows."""
        told = refusal(
            {"SUPERVISION_DATABASE": DATABASE, "SUPERVISION_DATABASE_FILE": "x"}, monkeypatch
        )
        assert told == (
            "SUPERVISION_DATABASE and SUPERVISION_DATABASE_FILE are both given; "
            "leave one of them out"
        )

    def test_somebody_elses_variables_are_left_alone_and_shown(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A compose file's tag, an orchestrator's addresses of services."""
        others = ["SUPERVISION_CLICKHOUSE_PORT", "SUPERVISION_IMAGE_TAG"]
        for name in others:
            monkeypatch.setenv(name, "tcp://10.0.0.1:80")
        assert list(effective().ignored) == others
        shown = CliRunner().invoke(main, ["settings"]).output
        assert all(name in shown for name in others)

    def test_the_owners_of_the_databases_are_for_another_command(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """`make services` exports them beside the settings, and they hold passwords."""
        for name in OWNERS:
            monkeypatch.setenv(name, f"postgresql://owner:{HUSH}@127.0.0.1/supervision")
        assert effective().ignored == ()
        shown = CliRunner().invoke(main, ["settings"]).output
        assert not any(name in shown for name in (*OWNERS, HUSH))

    @given(
        strategies.dictionaries(
            strategies.sampled_from(
                [s.env for s in KNOWN.values()] + [f"{s.env}_FILE" for s in SECRETS] + [CONFIG]
            )
            | strategies.text(max_size=3).map(lambda end: f"SUPERVISION_PORT{end}"),
            strategies.text(max_size=20) | strategies.sampled_from(["1", "true", "a:1", DATABASE]),
            max_size=3,
        )
    )
    @examples(max_examples=300, deadline=None, database=None, derandomize=True)
    def test_nothing_that_can_be_typed_ends_in_a_traceback(self, environ: dict[str, str]) -> None:
        """Settings, or one line."""
        told = ""
        try:
            read(Settings, environ, Path("/nowhere"))
        except SettingsError as error:
            told = str(error)
        assert len(told.splitlines()) == bool(told)

    def test_a_command_ends_with_the_line(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Not with a traceback, and before it has begun anything."""
        monkeypatch.setenv("SUPERVISION_PORT", "web")
        ended = CliRunner().invoke(main, ["stats"])
        assert ended.exit_code == 1
        assert isinstance(ended.exception, SystemExit)


class TestStore:
    """What carries the record."""

    def test_without_a_database_the_record_is_in_the_home(self, home: Path) -> None:
        """SQLite, as ever."""
        record = open_record(settings())
        try:
            assert isinstance(record, Record)
            assert (home / "log.db").exists()
        finally:
            record.close()

    def test_with_a_database_the_store_is_told_all_three(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The log, the vault and the keys."""
        monkeypatch.setenv("SUPERVISION_DATABASE", DATABASE)
        monkeypatch.setenv("SUPERVISION_VAULT", "postgresql://v/v")
        assert store(settings()) == {
            "PERSISTENCE_MODULE": "supervision.store.postgres",
            "SUPERVISION_DATABASE": DATABASE,
            "SUPERVISION_VAULT": "postgresql://v/v",
            "SUPERVISION_KEYS": DATABASE,
        }

    def test_one_process_refuses_the_settings_of_a_cluster(
        self, home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """It would keep its log in the home, and the other commands read PostgreSQL's."""
        monkeypatch.setenv("SUPERVISION_DATABASE", DATABASE)
        assert CliRunner().invoke(main, ["run"]).exit_code == 1
        assert not home.exists()
