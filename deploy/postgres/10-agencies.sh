#!/bin/bash
# Run once by the postgres image on an empty data folder: for each agency's subgraph a database of its own and two roles,
# NAME_owner (makes and changes the tables; used by the data job only) and NAME (reads, inserts, updates; used by the
# subgraph). Neither can connect to another agency's database. Nobody may delete: a record is corrected, not removed.
# The record of disclosures has a database and a role of its own, which makes a schema for each writing gateway there.
set -euo pipefail

for name in travelers petitions visas exchange_visitors security_reviews admissions enforcement; do
  owner_password="TWS_OWNER_PASSWORD_${name^^}"
  own_password="TWS_PASSWORD_${name^^}"
  OWNER_PASSWORD="${!owner_password}" OWN_PASSWORD="${!own_password}" \
    psql -q -v ON_ERROR_STOP=1 -U "${POSTGRES_USER:-postgres}" -d postgres -v name="$name" -v owner="${name}_owner" <<'SQL'
\getenv owner_password OWNER_PASSWORD
\getenv own_password OWN_PASSWORD
CREATE ROLE :"owner" LOGIN PASSWORD :'owner_password';
CREATE ROLE :"name" LOGIN PASSWORD :'own_password';
CREATE DATABASE :"name" OWNER :"owner";
REVOKE ALL ON DATABASE :"name" FROM PUBLIC;
GRANT CONNECT ON DATABASE :"name" TO :"name";
\connect :"name"
REVOKE ALL ON SCHEMA public FROM PUBLIC;
ALTER DEFAULT PRIVILEGES FOR ROLE :"owner" GRANT USAGE ON SCHEMAS TO :"name";
ALTER DEFAULT PRIVILEGES FOR ROLE :"owner" GRANT SELECT, INSERT, UPDATE ON TABLES TO :"name";
ALTER DEFAULT PRIVILEGES FOR ROLE :"owner" GRANT USAGE ON SEQUENCES TO :"name";
SQL
done

psql -q -v ON_ERROR_STOP=1 -U "${POSTGRES_USER:-postgres}" -d postgres <<'SQL'
\getenv own_password TWS_PASSWORD_RECORD
CREATE ROLE record LOGIN PASSWORD :'own_password';
CREATE DATABASE record;
REVOKE ALL ON DATABASE record FROM PUBLIC;
GRANT CONNECT, CREATE ON DATABASE record TO record;
\connect record
REVOKE ALL ON SCHEMA public FROM PUBLIC;
SQL

psql -q -v ON_ERROR_STOP=1 -U "${POSTGRES_USER:-postgres}" -d postgres \
  -c 'REVOKE CONNECT ON DATABASE postgres FROM PUBLIC' -c 'REVOKE CONNECT ON DATABASE template1 FROM PUBLIC'
