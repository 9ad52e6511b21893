"""Witnesses: ours, over HTTP on loopback, and folders; what they vouch for and what they refuse.

Above 400 lines: a witness and those who ask it are tested against each other.
"""

from __future__ import annotations

import signal
import socket
import subprocess
from base64 import b64encode
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from random import Random
from threading import Event, Thread

import httpx
import pytest
import uvicorn

from replay import stamping, witnesses
from replay.cosigning import CosigningWitness, LogUnfit, MemoryBroken, MemoryGone, WitnessBusy
from replay.leaves import LeavesBroken
from replay.notes import (
    COSIGNATURE,
    Checkpoint,
    Key,
    SealError,
    Signer,
    read_checkpoint,
    read_note,
    signed,
    vouchers,
)
from replay.seal_keys import make_signer
from replay.seals import SealFolder
from replay.stamping import Said, post
from replay.witnesses import (
    PATIENCE,
    SIZE_TYPE,
    TEXT,
    FolderWitness,
    HttpWitness,
    Round,
    Seen,
    WitnessDown,
    WitnessRefused,
    WitnessUnfit,
    read_witnesses,
)
from supervision.runners.witness_server import application
from supervision.runners.witnessing import cosigner
from tests.product import SUPERVISE, free_port, until
from tests.seals import NAME, Tampered, folder_at, seal, signer_at

pytestmark = pytest.mark.integration
NOW = 1_800_000_000


@contextmanager
def witness_of(folder: Path, *logs: Key) -> Iterator[CosigningWitness]:
    """A witness of logs, with a key and a memory in a folder."""
    signer = cosigner(folder / "w.pem", "witness/w")
    made = CosigningWitness(folder / "memory", signer, logs, new=True)
    try:
        yield made
    finally:
        made.close()


@contextmanager
def served(witness: CosigningWitness) -> Iterator[str]:
    """The same, listening; its address."""
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(application(witness), log_config=None))
    thread = Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    until(lambda: server.started, "the witness to listen")
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
        listening.close()


@pytest.fixture
def log() -> Tampered:
    """Seven events."""
    return Tampered(7)


@pytest.fixture
def home(tmp_path: Path, log: Tampered) -> Path:
    """A home in which they are sealed."""
    seal(tmp_path / "home", log)
    return tmp_path / "home"


@pytest.fixture
def ours(tmp_path: Path, home: Path) -> Iterator[CosigningWitness]:
    """A witness of that log."""
    with witness_of(tmp_path / "w", signer_at(home).key) as made:
        yield made


@pytest.fixture
def url(ours: CosigningWitness) -> Iterator[str]:
    """Where it listens."""
    with served(ours) as address:
        yield address


def seen(home: Path) -> Seen:
    """The newest checkpoint of a home."""
    return Seen(home / "seals", folder_at(home).checkpoints.last())


def request(old: int, proof: list[bytes], note: bytes) -> bytes:
    """What is sent to a witness."""
    lines = "".join(f"{b64encode(each).decode()}\n" for each in proof)
    return f"old {old}\n{lines}\n".encode() + note


def noted(folder: SealFolder, size: int = 0) -> bytes:
    """A note of a folder; the newest."""
    return folder.checkpoints.note(size or folder.checkpoints.last())


class TestVouching:
    """A log that only grows."""

    def test_the_cosignature_stands_below_the_note(
        self, home: Path, ours: CosigningWitness, url: str
    ) -> None:
        """With the time; the log's own signature and the text stay."""
        client = HttpWitness(ours.key, url)
        assert not client.has(seen(home))
        client.show(seen(home))
        note = read_note(noted(folder_at(home)))
        both = vouchers(note, [ours.key, folder_at(home).key])
        assert {ours.key, folder_at(home).key} == {each.key for each in both}
        assert next(each.time for each in both if each.key == ours.key) > 0
        assert client.has(seen(home))

    def test_it_follows_the_log_as_it_grows(
        self, home: Path, log: Tampered, ours: CosigningWitness, url: str
    ) -> None:
        """A client that starts anew is told what is known, and proves from there."""
        for _ in range(3):
            HttpWitness(ours.key, url).show(seen(home))
            log.grow(300)
            seal(home, log)
        client = HttpWitness(ours.key, url)
        client.show(seen(home))
        log.grow(1)
        seal(home, log)
        client.show(seen(home))
        assert client.has(seen(home))

    def test_two_homes_witness_each_other(self, tmp_path: Path, home: Path, log: Tampered) -> None:
        """Each with a witness of the other's log, by the words of the setting."""
        other = tmp_path / "other"
        signer = make_signer(other / "keys" / "seal.pem", "supervision/other")
        with (
            witness_of(tmp_path / "w1", signer.key) as first,
            witness_of(tmp_path / "w2", signer_at(home).key) as second,
            served(first),
            served(second) as url,
        ):
            (client,) = read_witnesses(f" {second.key.vkey}@{url}/ ,")
            client.show(seen(home))
            assert client.has(seen(home))
            (stranger,) = read_witnesses(f"{first.key.vkey}@{url}")
            log.grow(1)
            seal(home, log)
            with pytest.raises(WitnessRefused, match="without a signature by its key"):
                stranger.show(seen(home))

    def test_it_remembers_over_a_death(self, tmp_path: Path, home: Path, log: Tampered) -> None:
        """kill -9 at any time: what it vouched for was on the disk before it answered."""
        key, memory, port = tmp_path / "k" / "w.pem", tmp_path / "memory", free_port()
        words = ["--key", key, "--folder", memory, "--listen", f"127.0.0.1:{port}"]
        vkey = signer_at(home).key.vkey
        command = [*SUPERVISE, "witness", *map(str, words), "--name", "witness/k", "--log", vkey]
        url = f"http://127.0.0.1:{port}"
        witness = cosigner(key, "witness/k").key
        for first in (["--new"], []):
            with subprocess.Popen([*command, *first], stdout=subprocess.DEVNULL) as process:
                until(lambda: _answers(url), "the witness to listen")
                assert f"{witness.vkey}\n" == httpx.get(f"{url}/vkey").text
                HttpWitness(witness, url).show(seen(home))
                process.send_signal(signal.SIGKILL)
            with witness_of_memory(memory, key, signer_at(home).key) as again:
                answer = again.add(request(0, [], noted(folder_at(home))), NOW)
                assert (409, b"%d\n" % len(log.events)) == (answer.status, answer.body)
            log.grow(5)
            seal(home, log)


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/vkey").status_code == 200
    except httpx.HTTPError:
        return False


@contextmanager
def witness_of_memory(memory: Path, key: Path, *logs: Key) -> Iterator[CosigningWitness]:
    """A witness with the memory of another process."""
    made = CosigningWitness(memory, cosigner(key, "witness/k"), logs)
    try:
        yield made
    finally:
        made.close()


class TestRefusing:
    """A log that was rewritten, cut off, or is another's."""

    def test_a_log_that_was_rewritten_is_refused(
        self, tmp_path: Path, home: Path, ours: CosigningWitness, url: str
    ) -> None:
        """The same key signs another history: the proof does not hold, nor can one be made."""
        HttpWitness(ours.key, url).show(seen(home))
        other = Tampered()
        other.grow(20, "other")
        forked = fork(home, tmp_path / "forked", other)
        with pytest.raises(WitnessRefused, match="does not go on"):
            HttpWitness(ours.key, url).show(seen(forked))
        assert read_note(noted(folder_at(forked))).signatures[1:] == ()

    def test_another_log_of_the_same_size_is_refused(
        self, tmp_path: Path, home: Path, ours: CosigningWitness, url: str
    ) -> None:
        """Two roots for one size."""
        HttpWitness(ours.key, url).show(seen(home))
        other = Tampered()
        other.grow(7, "other")
        forked = fork(home, tmp_path / "forked", other)
        with pytest.raises(WitnessRefused, match="another log of 7 events"):
            HttpWitness(ours.key, url).show(seen(forked))

    def test_a_log_that_was_cut_off_is_refused(
        self, tmp_path: Path, home: Path, ours: CosigningWitness, url: str
    ) -> None:
        """Restored from an older copy, seals and all."""
        HttpWitness(ours.key, url).show(seen(home))
        restored = fork(home, tmp_path / "restored", Tampered(5))
        with pytest.raises(WitnessRefused, match="cut off or restored"):
            HttpWitness(ours.key, url).show(seen(restored))

    def test_a_folder_that_was_put_back_under_a_running_client_is_refused(
        self, tmp_path: Path, home: Path, ours: CosigningWitness, url: str
    ) -> None:
        """It knows what it has shown, and need not ask."""
        client = HttpWitness(ours.key, url)
        client.show(seen(home))
        restored = fork(home, tmp_path / "restored", Tampered(5))
        with pytest.raises(WitnessRefused, match="cut off or restored"):
            client.show(seen(restored))

    def test_a_log_that_it_does_not_know_is_refused(self, tmp_path: Path, home: Path) -> None:
        """And one that is signed by another key in its name."""
        stranger = make_signer(tmp_path / "s.pem", "supervision/stranger").key
        imposter = make_signer(tmp_path / "i.pem", NAME).key
        for known, said in ((stranger, "does not know this log"), (imposter, "another key")):
            with (
                witness_of(tmp_path / known.id.hex(), known) as made,
                served(made) as url,
                pytest.raises(WitnessRefused, match=said),
            ):
                HttpWitness(made.key, url).show(seen(home))

    def test_what_is_refused_is_not_remembered(self, home: Path, ours: CosigningWitness) -> None:
        """It could be used to lock the right log out."""
        signer = signer_at(home)
        fake = signed(Checkpoint(NAME, 900, bytes(32)).text, [signer])
        good = noted(folder_at(home))
        assert 200 == ours.add(request(0, [], good), NOW).status
        assert 422 == ours.add(request(7, [bytes(32)], fake), NOW).status
        assert (409, b"7\n") == ours.add(request(0, [], good), NOW)[:2]
        assert 200 == ours.add(request(7, [], good), NOW).status


GARBLED = [
    b"",
    b"old 0",
    b"old -1\n\nx",
    b"old 00\n\nx",
    b"old 1e3\n\nx",
    b"new 0\n\nx",
    b"old 0\nAAAA\n\nx",
    b"old 0\n!!\n\nx",
    b"old 0\n" + b"A" * 43 + b"=\n" * 64 + b"\nx",
    b"old 0\n\nno note",
    b"\xff" * 100,
    b"old " + b"9" * 70_000,
]


@pytest.mark.parametrize("body", GARBLED)
def test_what_cannot_be_read_is_answered_400(url: str, body: bytes) -> None:
    """Whatever it is."""
    assert 400 == post(f"{url}/add-checkpoint", TEXT, body).status


def test_a_request_changed_anywhere_is_vouched_for_only_as_it_was(
    home: Path, ours: CosigningWitness
) -> None:
    """A byte at a time: never another checkpoint, never a crash."""
    body, dice = request(0, [], noted(folder_at(home))), Random(5)
    text = read_note(noted(folder_at(home))).text
    for _ in range(1_000):
        at = dice.randrange(len(body))
        changed = body[:at] + bytes([body[at] ^ 1 << dice.randrange(8)]) + body[at + 1 :]
        answer = ours.add(changed, NOW)
        assert answer.status in {200, 400, 403, 404, 409, 422}
        if answer.status == 200:  # bits of BASE64 that say nothing
            assert read_note(changed.split(b"\n\n", 1)[1]).text == text


def test_a_proof_where_none_is_asked_for_is_refused(home: Path, ours: CosigningWitness) -> None:
    """Of the first checkpoint there is nothing to prove (C2SP tlog-witness)."""
    assert 422 == ours.add(request(0, [bytes(32)], noted(folder_at(home))), NOW).status


def test_an_old_size_beyond_the_checkpoint_is_a_bad_request(
    home: Path, ours: CosigningWitness
) -> None:
    """C2SP tlog-witness."""
    assert 400 == ours.add(request(8, [], noted(folder_at(home))), NOW).status


def test_a_memory_that_is_damaged_is_not_begun_anew(home: Path, ours: CosigningWitness) -> None:
    """Nothing is vouched for until its owner has looked."""
    body = request(0, [], noted(folder_at(home)))
    ours.add(body, NOW)
    (memory,) = ours._folder.glob("*.note")
    memory.write_bytes(b"torn")
    with served(ours) as url:
        assert 500 == post(f"{url}/add-checkpoint", TEXT, body).status
    with pytest.raises(MemoryBroken, match="bring it back"):
        ours.add(body, NOW)


def test_signatures_that_strangers_added_are_not_kept(home: Path, ours: CosigningWitness) -> None:
    """A checkpoint is public: whoever fills it up must not make the witness forget how to read."""
    full = noted(folder_at(home)) + b"".join(b"\xe2\x80\x94 x%d AAAAAAAA\n" % n for n in range(99))
    assert 200 == ours.add(request(0, [], full), NOW).status
    assert 200 == ours.add(request(7, [], noted(folder_at(home))), NOW).status


def test_a_memory_that_is_gone_is_not_begun_anew(tmp_path: Path, home: Path, log: Tampered) -> None:
    """A disk that is not mounted after a start: another history would be vouched for. Neither is a
    log that the memory does not hold, unless it is said to be new.
    """
    key, memory, vkey = tmp_path / "w.pem", tmp_path / "memory", signer_at(home).key
    other = Tampered()
    other.grow(7, "other")
    body = request(0, [], noted(folder_at(fork(home, tmp_path / "forked", other))))

    def started(*, new: bool = False) -> CosigningWitness:
        return CosigningWitness(memory, cosigner(key, "witness/w"), [vkey], new=new)

    with pytest.raises(MemoryGone, match="--new"):
        started()
    assert not memory.exists()
    with closing(started(new=True)):
        pass
    with closing(started()) as made:
        assert 200 == made.add(request(0, [], noted(folder_at(home))), NOW).status
    with closing(started(new=True)) as made:
        assert 409 == made.add(body, NOW).status
        memory.rename(tmp_path / "away")
        memory.mkdir()
        with pytest.raises(MemoryBroken, match="gone"):
            made.add(body, NOW)
    with pytest.raises(MemoryGone, match="mount it"):
        started()
    memory.rename(tmp_path / "empty")
    (tmp_path / "away").rename(memory)
    with closing(started()) as made:
        assert 409 == made.add(body, NOW).status


def test_one_process_works_with_a_memory(tmp_path: Path, home: Path) -> None:
    """And a witness's key is no log's."""
    with witness_of(tmp_path / "w", signer_at(home).key) as made:
        with pytest.raises(WitnessBusy), witness_of(tmp_path / "w", signer_at(home).key):
            pass
        with pytest.raises(LogUnfit), witness_of(tmp_path / "v", made.key):
            pass


class Scripted:
    """A witness that answers what a test says."""

    def __init__(self, *answers: Said | Exception) -> None:
        self.answers = list(answers)
        self.asked: list[bytes] = []

    def __call__(self, url: str, kind: str, body: bytes) -> Said:
        self.asked.append(body)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


KEY = Key("witness/w", COSIGNATURE, bytes(32))


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (Said(200, TEXT, b""), WitnessRefused),
        (Said(200, TEXT, b"\xff\xff"), WitnessRefused),
        (Said(200, TEXT, "— witness/w AAAAAAAA\n".encode()), WitnessRefused),
        (Said(409, TEXT, b"many"), WitnessDown),
        (Said(409, SIZE_TYPE, b"7\n"), WitnessRefused),
        (Said(409, TEXT, b"9" * 40), WitnessDown),
        (Said(302, TEXT, b""), WitnessDown),
        (Said(500, TEXT, b""), WitnessDown),
        (httpx.ReadTimeout("slow"), WitnessDown),
    ],
)
def test_an_answer_that_vouches_for_nothing_is_told(
    home: Path, answer: Said | Exception, error: type[SealError]
) -> None:
    """In one line, and nothing is added to the note."""
    before = noted(folder_at(home))
    with pytest.raises(error) as refused:
        HttpWitness(KEY, "http://127.0.0.1:1", Scripted(answer)).show(seen(home))
    assert "\n" not in str(refused.value)
    assert before == noted(folder_at(home))


def test_a_witness_that_says_something_else_each_time_is_given_up(home: Path) -> None:
    """It is not asked for ever."""
    script = Scripted(*(Said(409, TEXT, b"%d\n" % n) for n in (3, 4, 3, 4, 3)))
    with pytest.raises(WitnessDown, match="another size each time"):
        HttpWitness(KEY, "http://127.0.0.1:1", script).show(seen(home))
    assert 4 == len(script.asked)


class TestRound:
    """What is told of witnesses."""

    def test_one_that_is_down_is_told_after_an_hour(self, home: Path) -> None:
        """And not before."""
        script = Scripted(httpx.ConnectError("refused"))
        told = Round([HttpWitness(KEY, "http://127.0.0.1:1", script)])
        told.show(seen(home), 0)
        assert (told.down, told.refused) == ({}, {})
        told.show(seen(home), PATIENCE)
        assert ["witness/w"] == list(told.down)

    def test_one_that_is_back_is_not_told_any_more(
        self, home: Path, ours: CosigningWitness, url: str
    ) -> None:
        """It is shown the newest checkpoint then."""
        client = HttpWitness(ours.key, "http://127.0.0.1:1")
        told = Round([client], patience=0)
        told.show(seen(home), 0)
        assert told.down
        client._url = f"{url}/add-checkpoint"
        told.show(seen(home), 0)
        assert (told.down, told.refused) == ({}, {})
        assert client.has(seen(home))

    def test_one_that_refuses_is_told_at_once_and_hinders_no_other(
        self, tmp_path: Path, home: Path
    ) -> None:
        """With its name."""
        copies = tmp_path / "copies"
        copies.mkdir()
        script = Scripted(Said(422, TEXT, b""))
        first, second = HttpWitness(KEY, "http://127.0.0.1:1", script), FolderWitness(copies)
        told = Round([first, second])
        told.show(seen(home), 0)
        assert ["witness/w"] == list(told.refused)
        assert second.has(seen(home))


class Stubborn:
    """A witness that answers when a test lets it."""

    def __init__(self, until: Event, why: Exception | None = None) -> None:
        self.name, self._until, self._why = "witness/slow", until, why

    def has(self, seen: Seen) -> bool:
        """Never."""
        return False

    def show(self, seen: Seen) -> None:
        """After a while."""
        assert self._until.wait(60)
        if self._why:
            raise self._why


class Prompt:
    """One that tells that it was shown something."""

    name = "witness/prompt"

    def __init__(self) -> None:
        self.shown = Event()

    def has(self, seen: Seen) -> bool:
        """Never."""
        return False

    def show(self, seen: Seen) -> None:
        """At once."""
        self.shown.set()


class TestSlow:
    """Nobody waits for who is slow."""

    def test_who_is_slow_holds_up_no_other(self, home: Path) -> None:
        """All are shown a checkpoint at the same time: the first ends after the second here."""
        second = Prompt()
        told = Round([Stubborn(second.shown), second], patience=0)
        told.show(seen(home), 0)
        assert (told.down, told.refused) == ({}, {})

    def test_who_does_not_end_is_down_until_he_has(
        self, home: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """He is not asked twice at a time, and told as soon as it is known what he says."""
        monkeypatch.setattr(witnesses, "ROUND", 0)
        monkeypatch.setattr(witnesses, "SECONDS", 0)
        done = Event()
        told = Round([Stubborn(done)], patience=0)
        told.show(seen(home), 0)
        assert "not within" in told.down["witness/slow"]
        (asked,) = told._asked.values()
        told.show(seen(home), 0)
        assert [asked] == list(told._asked.values())
        done.set()
        until(asked.done, "him to end")
        told.show(seen(home), 0)
        assert (told.down, told.refused) == ({}, {})

    def test_leaves_that_cannot_be_read_hinder_no_other(self, home: Path) -> None:
        """Told of the one that could not be shown it."""
        first, ready = Prompt(), Event()
        ready.set()
        broken = Stubborn(ready, LeavesBroken(home, "a disk"))
        told = Round([broken, first], patience=0)
        told.show(seen(home), 0)
        assert first.shown.is_set()
        assert ["witness/slow"] == list(told.refused)

    @pytest.mark.parametrize("head", [b"HTTP/1.1 200 OK\r\nX: ", b"HTTP/1.1 200 OK\r\n\r\n"])
    def test_an_answer_that_comes_a_byte_at_a_time_is_none(
        self, monkeypatch: pytest.MonkeyPatch, head: bytes
    ) -> None:
        """In its head or its body: the time is that of the whole answer."""
        monkeypatch.setattr(stamping, "SECONDS", 0.5)

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.wfile.write(head)
                pause = Event()
                for byte in [b"x"] * 60 + ([] if b"\r\n\r\n" in head else [b"\r\n\r\n"]):
                    pause.wait(0.05)
                    self.wfile.write(byte)

            def log_message(self, *_: object) -> None:
                pass

        with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
            server.handle_error = lambda *_: None  # type: ignore[method-assign,misc]
            thread = Thread(target=server.serve_forever)
            thread.start()
            try:
                with pytest.raises(httpx.ReadTimeout, match="not within"):
                    post(f"http://127.0.0.1:{server.server_address[1]}/", TEXT, b"")
            finally:
                server.shutdown()
                thread.join()


class TestFolders:
    """A folder elsewhere gets a copy of every note."""

    @pytest.fixture
    def copies(self, tmp_path: Path) -> Path:
        """Such a folder."""
        made = tmp_path / "copies"
        made.mkdir()
        return made

    def test_every_note_is_copied_with_the_public_key(
        self, home: Path, log: Tampered, copies: Path
    ) -> None:
        """Those too that it missed."""
        for _ in range(2):
            log.grow(3)
            seal(home, log)
        FolderWitness(copies).show(seen(home))
        names = [f"{size:020}.note" for size in (7, 10, 13)]
        assert [*names, "log.vkey"] == sorted(path.name for path in copies.iterdir())
        kept = read_checkpoint(read_note((copies / names[0]).read_bytes()).text)
        assert folder_at(home).checkpoints.checkpoint(7) == kept

    def test_a_copy_is_never_written_over(self, tmp_path: Path, home: Path, copies: Path) -> None:
        """Another root of the same size, or a log that was cut off, is told."""
        witness = FolderWitness(copies)
        witness.show(seen(home))
        before = [path.read_bytes() for path in sorted(copies.iterdir())]
        other = Tampered()
        other.grow(7, "other")
        with pytest.raises(WitnessRefused, match="another checkpoint"):
            witness.has(seen(fork(home, tmp_path / "forked", other)))
        with pytest.raises(WitnessRefused, match="cut off or restored"):
            witness.show(seen(fork(home, tmp_path / "cut", Tampered(3))))
        other.grow(5, "other")
        with pytest.raises(WitnessRefused, match="does not go on"):
            witness.show(seen(fork(home, tmp_path / "longer", other)))
        assert before == [path.read_bytes() for path in sorted(copies.iterdir())]

    def test_a_copy_that_was_damaged_is_told(self, home: Path, log: Tampered, copies: Path) -> None:
        """It vouches for nothing any more."""
        witness = FolderWitness(copies)
        witness.show(seen(home))
        (copies / f"{7:020}.note").write_bytes(b"torn")
        log.grow(1)
        seal(home, log)
        with pytest.raises(WitnessRefused, match="copy of 7 is damaged"):
            witness.show(seen(home))

    def test_a_folder_that_is_not_there_is_not_made(self, tmp_path: Path, home: Path) -> None:
        """It may be a share that is not mounted."""
        with pytest.raises(WitnessDown, match="mount it"):
            FolderWitness(tmp_path / "away").show(seen(home))
        assert not (tmp_path / "away").exists()


@pytest.mark.parametrize(
    "given",
    [
        "nobody",
        "folder:relative",
        "http://127.0.0.1:8070",
        f"{KEY.vkey}@ftp://host",
        f"{KEY.vkey[:-4]}AAA=@http://host",
        f"{Key('log', 1, bytes(32)).vkey}@http://host",
    ],
)
def test_a_setting_that_names_no_witness_is_told(given: str) -> None:
    """With what one looks like."""
    with pytest.raises(WitnessUnfit, match="SUPERVISION_WITNESSES"):
        read_witnesses(given)


def fork(home: Path, at: Path, log: Tampered) -> Path:
    """A home with the same key, and seals of another history."""
    signer: Signer = signer_at(home)
    (at / "keys").mkdir(parents=True)
    key = at / "keys" / "seal.pem"
    key.write_bytes((home / "keys" / "seal.pem").read_bytes())
    key.chmod(0o600)
    seal(at, log)
    assert folder_at(at).key == signer.key
    return at
