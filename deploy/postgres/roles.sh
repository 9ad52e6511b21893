#!/bin/sh
# Run once by PostgreSQL's image on an empty volume: the role that the product runs as, which owns
# nothing, and three databases, so that log, vault and keys can be backed up apart.
set -eu
psql --set=ON_ERROR_STOP=1 --set=password="$SUPERVISION_PASSWORD" --username "$POSTGRES_USER" <<'SQL'
CREATE ROLE supervision LOGIN PASSWORD :'password';
CREATE DATABASE supervision ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0;
CREATE DATABASE supervision_vault ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0;
CREATE DATABASE supervision_keys ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0;
SQL
