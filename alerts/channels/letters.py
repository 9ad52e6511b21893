"""A message as a letter of e-mail: RFC 5322, text and HTML, what a machine sends by itself."""

from __future__ import annotations

import hashlib
import re
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from supervision.facts import Instant
from supervision.store.mapping import moment

from .addresses import mailbox
from .given import fitted, utf8
from .port import Outgoing

PLAIN_ID = re.compile(r"[A-Za-z0-9_-]{1,100}")
CONTROLS = re.compile(r"[\x00-\x20\x7f-\x9f\u2028\u2029]+")


def letter(outgoing: Outgoing, sender: str, name: str, at: Instant) -> EmailMessage:
    """What is handed over, written by `sender` (a mailbox; `name` for people) at that instant.

    The same message has the same Message-ID however often it is sent. Whatever would begin another
    header is a space. Refused: an address or a text that cannot be written.
    """
    utf8(outgoing.subject + outgoing.text + outgoing.html)
    made = EmailMessage(SMTP)
    made["From"] = Address(one_line(name), addr_spec=sender)
    made["To"] = Address(addr_spec=fitted(mailbox, outgoing.address))
    made["Date"] = format_datetime(moment(at))
    made["Message-ID"] = f"<{plain(outgoing.message)}@{sender.rpartition('@')[2]}>"
    made["Auto-Submitted"] = "auto-generated"
    made["Subject"] = one_line(outgoing.subject)
    made.set_content(outgoing.text, cte="base64")
    if outgoing.html:
        made.add_alternative(outgoing.html, subtype="html", cte="base64")
    return made


def one_line(text: str) -> str:
    """With a space for every break, tab and control character."""
    return CONTROLS.sub(" ", text).strip()


def plain(message: str) -> str:
    """A message's id as it may stand in a header and in a file's name."""
    if PLAIN_ID.fullmatch(message):
        return message
    return hashlib.sha256(message.encode("utf-8", "surrogatepass")).hexdigest()[:32]
