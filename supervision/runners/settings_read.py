"""How settings are read: from a TOML file, over it from the environment, secrets from files.

A setting is a field of a struct; `said` beside its type says what it is for. Its name in the file
is the field's, in the environment SUPERVISION_ and the same in capitals. An empty variable counts
as not given. What is wrong is told in one line that never shows a secret.

SupervisionError
└── SettingsError
    ├── SettingWrong       a value that is none, or out of its range
    ├── SettingUnknown     no such name
    ├── SettingTwice       a secret and the file that it lies in, both given
    ├── SettingsDisagree   two settings that do not go together
    └── SettingsUnreadable the file of settings, or of a secret, cannot be read
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Meta, Struct

from ..errors import SupervisionError
from .scrubbing import HIDDEN, scrubbed

PREFIX = "SUPERVISION_"
CONFIG = "SUPERVISION_CONFIG"
"""Names the file."""
FILE = "supervision.toml"
"""Read from the working folder if CONFIG names none and it is there."""
BESIDE = "_file"
"""Behind a secret's name: the file that it lies in."""
SHORT = len(PREFIX) + 5
"""Letters of a variable that is not misspelt twice: PORT would become any word."""
SHOWN = 80
"""Characters of a wrong value that are shown."""


class SettingsError(SupervisionError):
    """Something is wrong with the settings; nothing was begun."""


class SettingWrong(SettingsError):
    """A value that this setting cannot have."""

    def __init__(self, where: str, given: str, right: str) -> None:
        super().__init__(f"{where} is {given}; it must be {right}")


class SettingUnknown(SettingsError):
    """A name that no setting has, most likely a misspelling."""

    def __init__(self, where: str, meant: str) -> None:
        hint = f"did you mean {meant}?" if meant else "see docs/settings.md"
        super().__init__(f"{where} is no setting; {hint}")


class SettingTwice(SettingsError):
    """A secret given in two ways at the same place."""

    def __init__(self, where: str, other: str) -> None:
        super().__init__(f"{where} and {other} are both given; leave one of them out")


class SettingsDisagree(SettingsError):
    """Two settings that do not go together; the message says which, and what to do."""


class SettingsUnreadable(SettingsError):
    """The file of settings, or one that a secret lies in; of the latter not even the name is shown,
    as it may be the secret itself, put in the wrong place.
    """

    def __init__(self, what: str, why: str) -> None:
        super().__init__(f"{what} cannot be read: {why}")


def said(
    en: str,
    zh: str,
    *,
    right: str = "",
    secret: bool = False,
    check: Callable[[Any], bool] | None = None,
    **bounds: Any,
) -> Meta:
    """What a setting is for, in two languages; in `right`, what a value looks like where type and
    bounds (msgspec.Meta's) do not say it; `check`, what they cannot.
    """
    extra = {"zh": zh, "right": right, "secret": secret, "check": check}
    return Meta(description=en, extra=extra, **bounds)


class Setting(NamedTuple):
    """A setting as the struct describes it."""

    name: str
    kind: Any
    meta: Meta
    default: Any

    @property
    def env(self) -> str:
        """Its name in the environment."""
        return PREFIX + self.name.upper()

    @property
    def en(self) -> str:
        """What it is for."""
        return self.meta.description or ""

    @property
    def zh(self) -> str:
        """The same in Chinese."""
        return str(self._extra["zh"])

    @property
    def secret(self) -> bool:
        """Whether its value is shown to nobody."""
        return bool(self._extra["secret"])

    @property
    def right(self) -> str:
        """What a value must be, in words."""
        return self._extra["right"] or _words(self.kind, self.meta)

    @property
    def _extra(self) -> dict[str, Any]:
        return self.meta.extra or {}

    def convert(self, value: object, where: str, *, text: bool) -> Any:
        """The value as the setting's type; `text` as it stands in the environment. SettingWrong."""
        try:
            made = msgspec.convert(
                _spelt(value, self.kind) if text else value,
                _annotated(self.kind, self.meta),
                strict=not text,
                dec_hook=_made,
            )
        except msgspec.ValidationError:
            raise self._wrong(value, where) from None
        check = self._extra["check"]
        if made != self.default and check and not check(made):
            raise self._wrong(value, where)
        return made

    def _wrong(self, value: object, where: str) -> SettingWrong:
        return SettingWrong(where, HIDDEN if self.secret else _shown(value), self.right)


class Read(NamedTuple):
    """Values by name, where each came from, and variables that only look like settings."""

    values: dict[str, Any]
    origins: dict[str, str]
    ignored: tuple[str, ...]


def read(struct: type[Struct], environ: Mapping[str, str], folder: Path) -> Read:
    """What the environment and the file give for the fields of a struct; SettingsError."""
    settings = described(struct)
    given = _from_file(settings, environ, folder)
    found, ignored = _from_environment(settings, environ, folder)
    given |= found
    return Read(
        {name: value for name, (value, _) in given.items()},
        {name: where for name, (_, where) in given.items()},
        ignored,
    )


@cache
def described(struct: type[Struct]) -> dict[str, Setting]:
    """The settings of a struct, in its order."""
    hints = get_type_hints(struct, include_extras=True)
    found = {}
    for field in msgspec.structs.fields(struct):
        kind, meta = get_args(hints[field.name])
        found[field.name] = Setting(field.name, kind, meta, field.default)
    return found


_Given = dict[str, tuple[Any, str]]


def _from_file(settings: dict[str, Setting], environ: Mapping[str, str], folder: Path) -> _Given:
    named = environ.get(CONFIG, "")
    path = folder / (named or FILE)
    if not named and not path.exists():
        return {}
    found: _Given = {}
    for name, value in sorted(_toml(path).items()):
        where = f"{one_line(name)} in {one_line(path.name)}"
        if setting := settings.get(name):
            found[name] = (setting.convert(value, where, text=False), where)
        elif secret := _secret_of(name, settings):
            _once(secret.name, f"{secret.name} in {one_line(path.name)}", where, found)
            if not isinstance(value, str):
                raise SettingWrong(where, _shown(value), "the path of a file")
            found[secret.name] = _from_secret_file(secret, folder / value, where)
        else:
            known = [*settings, *(s.name + BESIDE for s in settings.values() if s.secret)]
            raise SettingUnknown(where, next(iter(get_close_matches(name, known, 1)), ""))
    return found


def _text(path: Path, what: str) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise SettingsUnreadable(what, error.strerror or "no such file") from None
    except ValueError:
        raise SettingsUnreadable(what, "it is not UTF-8") from None


def _toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(_text(path, one_line(str(path))))
    except tomllib.TOMLDecodeError as error:
        why = f"it is not TOML: {one_line(str(error))}"
        raise SettingsUnreadable(one_line(str(path)), why) from error


def _from_environment(
    settings: dict[str, Setting], environ: Mapping[str, str], folder: Path
) -> tuple[_Given, tuple[str, ...]]:
    found: _Given = {}
    ignored = []
    for env in sorted(e for e in environ if e.startswith(PREFIX) and e != CONFIG and environ[e]):
        name = env.removeprefix(PREFIX).lower()
        secret = _secret_of(name, settings)
        if name in settings and env == settings[name].env:
            found[name] = (settings[name].convert(environ[env], env, text=True), env)
        elif secret and env == secret.env + BESIDE.upper():
            _once(secret.name, secret.env, env, found)
            found[secret.name] = _from_secret_file(secret, folder / environ[env], env)
        elif meant := _misspelt(env, settings):
            raise SettingUnknown(one_line(env), meant)
        else:
            ignored.append(one_line(env))
    return found, tuple(ignored)


def _secret_of(name: str, settings: dict[str, Setting]) -> Setting | None:
    """The secret whose file a name names."""
    setting = settings.get(name.removesuffix(BESIDE)) if name.endswith(BESIDE) else None
    return setting if setting and setting.secret else None


def _once(name: str, where: str, other: str, found: _Given) -> None:
    if name in found:
        raise SettingTwice(where, other)


def _from_secret_file(setting: Setting, path: Path, where: str) -> tuple[Any, str]:
    """The content of a file, without the ends of lines behind it."""
    what = f"the file that {where} names"
    value = _text(path, what).rstrip("\r\n")
    if not value:
        raise SettingsUnreadable(what, "it is empty")
    return setting.convert(value, f"the content of {what}", text=True), where


def _misspelt(env: str, settings: dict[str, Setting]) -> str:
    """The variable that was meant, if one is near: a slip away from a short name, two from a long.

    What is far from every name may be somebody else's: a compose file's, an orchestrator's.
    """
    names = {s.env: s.env for s in settings.values()}
    names |= {s.env + BESIDE.upper(): s.env for s in settings.values() if not s.secret}
    names |= {(e := s.env + BESIDE.upper()): e for s in settings.values() if s.secret}
    if env.upper() in names:
        return names[env.upper()]
    names[CONFIG] = CONFIG
    slips, nearest = min((_slips(env, known), known) for known in names)
    return names[nearest] if slips <= (1 if len(nearest) <= SHORT else 2) else ""


def _slips(typed: str, meant: str) -> int:
    """Letters left out, put in, put for another or exchanged with their neighbour, at least."""
    before: list[int] = []
    last = list(range(len(meant) + 1))
    for i, a in enumerate(typed, 1):
        row = [i]
        for j, b in enumerate(meant, 1):
            row.append(min(last[j] + 1, row[-1] + 1, last[j - 1] + (a != b)))
            if i > 1 and j > 1 and (a, typed[i - 2]) == (meant[j - 2], b):
                row[j] = min(row[j], before[j - 2] + 1)
        before, last = last, row
    return last[-1]


def spelt(value: object) -> str:
    """A value as one would set it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _annotated(kind: Any, meta: Meta) -> Any:
    """The type with what msgspec can check of its bounds; a Literal has none."""
    return kind if get_origin(kind) is Literal else Annotated[kind, meta]


def _spelt(value: object, kind: Any) -> object:
    """Text without spaces around what is no text; a choice in the case that it is known by."""
    if not isinstance(value, str) or kind is str:
        return value
    if get_origin(kind) is Literal:
        given = value.strip().casefold()
        return next((c for c in get_args(kind) if c.casefold() == given), value)
    return value.strip()


def _made(kind: type, value: object) -> object:
    """A path, the home folder's sign resolved."""
    if kind is not Path or not isinstance(value, str) or not value:
        raise ValueError
    try:
        return Path(value).expanduser()
    except RuntimeError as error:
        raise ValueError(str(error)) from error


def one_line(text: str) -> str:
    """A name for a message; in quotation marks if it holds what breaks lines."""
    return text if text.isprintable() else repr(text)


def _shown(value: object) -> str:
    """A wrong value for a message: short, and nothing of what a table or a list holds."""
    if isinstance(value, dict | list):
        return "a table" if isinstance(value, dict) else "a list"
    text = scrubbed(repr(value))
    return text if len(text) <= SHOWN else text[:SHOWN] + "…"


def _words(kind: Any, meta: Meta) -> str:
    if get_origin(kind) is Literal:
        return "one of " + ", ".join(str(choice) for choice in get_args(kind))
    if kind is bool:
        return "true or false"
    if kind is int:
        return f"a whole number from {meta.ge} to {meta.le}"
    return "a path" if kind is Path else "text"
