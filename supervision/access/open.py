"""Where the settings put what signing in must remember: with the keys."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ..vault import DATABASE, KEYS_DATABASE
from .port import AccessStore
from .store_sqlite import SqliteAccess


def open_access(home: Path, env: Mapping[str, str]) -> AccessStore:
    """In PostgreSQL where the settings name a database of the keys, otherwise in a file of `home`.

    `home` MUST be there. StoreBroken: the file is no database, or the database was not prepared;
    StoreDown, StoreBusy, StoreFull.
    """
    url = env.get(KEYS_DATABASE) or env.get(DATABASE)
    if not url:
        return SqliteAccess(home)
    from .store_postgres import PostgresAccess

    store = PostgresAccess(url)
    try:
        store.session("")
    except BaseException:
        store.close()
        raise
    return store
