"""What a channel is given to send, looked at before anything of it leaves: Refused, if it is unfit.

Whoever uses a channel has asked `fit` before; that nothing else goes out does not hang on it.
"""

from __future__ import annotations

from collections.abc import Callable

from ..errors import AddressUnfit, Refused


def fitted(fit: Callable[[str], str], address: str) -> str:
    """The address in the channel's form."""
    try:
        return fit(address)
    except AddressUnfit as unfit:
        raise Refused(str(unfit)) from unfit


def utf8(text: str) -> bytes:
    """A text in UTF-8, of whole characters: no surrogate is without its other half."""
    try:
        return text.encode()
    except UnicodeError as error:
        raise Refused("the text holds half a character") from error
