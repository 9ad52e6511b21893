#!/bin/sh
# Run once by PostgreSQL's image, on an empty volume: the role that the product runs as, which owns
# nothing, and a database each for log, vault and keys, so that they are backed up apart.
psql --set=ON_ERROR_STOP=1 --username "$POSTGRES_USER" <<'SQL'
\getenv password SUPERVISION_PASSWORD
CREATE ROLE supervision LOGIN PASSWORD :'password';
CREATE DATABASE supervision ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0;
CREATE DATABASE supervision_vault ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0;
CREATE DATABASE supervision_keys ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0;
SQL
