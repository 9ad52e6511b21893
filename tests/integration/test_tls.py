"""The product with a certificate of its own, as a process: TLS and nothing else."""

from __future__ import annotations

import json
import os
import ssl
import subprocess
import urllib.error
import urllib.request
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from tests.certificates import certificate
from tests.product import SUPERVISE, free_port, until

pytestmark = pytest.mark.integration


def test_a_wall_with_a_certificate_listens_everywhere_and_speaks_only_tls(tmp_path: Path) -> None:
    """Browsers are told to come by TLS from then on; plain HTTP gets no answer."""
    chain, key = certificate(tmp_path)
    port = free_port()
    trusting = ssl.create_default_context(cafile=str(chain))
    url = f"https://localhost:{port}/api/v1/health"
    settings = {
        "SUPERVISION_HOME": str(tmp_path / "home"),
        "SUPERVISION_TLS_CERTIFICATE": str(chain),
        "SUPERVISION_TLS_KEY": str(key),
    }
    words = [*SUPERVISE, "run", "--empty", "--host", "0.0.0.0", "--port", str(port)]
    with (tmp_path / "log").open("w") as log:
        process = subprocess.Popen(words, env={**os.environ, **settings}, stdout=log, stderr=log)
    try:

        def answers() -> Any:
            assert process.poll() is None, (tmp_path / "log").read_text()
            with suppress(urllib.error.URLError, OSError):
                return urllib.request.urlopen(url, context=trusting, timeout=10)
            return None

        with until(answers, "an answer by TLS") as answer:
            assert set(json.load(answer)) == {"status"}
            assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"
            assert answer.headers["Server"] is None
        with pytest.raises((urllib.error.URLError, OSError)):
            urllib.request.urlopen(url.replace("https", "http"), timeout=10)
    finally:
        process.terminate()
        process.wait(60)


def test_without_one_it_does_not_begin(tmp_path: Path) -> None:
    """It says in a line what would do, and makes nothing."""
    home = tmp_path / "home"
    done = subprocess.run(
        [*SUPERVISE, "run", "--empty", "--host", "0.0.0.0"],
        env={**os.environ, "SUPERVISION_HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert "passwords may be read on the way" in done.stderr
    assert not (home / "log.db").exists()
