#!/bin/sh
# Makes the passwords of a compose deployment under deploy/secrets/, one file a service, so that each container is given
# its own and no other. Files that exist are kept. Nothing here is committed (deploy/.gitignore).
set -eu
umask 077
cd "$(dirname "$0")"
mkdir -p secrets

random() { od -An -N24 -tx1 /dev/urandom | tr -d ' \n'; }

# a user of NATS: its password for the server, its address for who uses it (a letter first: NATS would read digits as a number)
events() {
  password="p$(random)"
  printf 'TWS_EVENTS_%s=%s\n' "$(echo "$1" | tr '[:lower:]' '[:upper:]')" "$password" >>secrets/nats.env
  echo "TWS_EVENTS=nats://$1:$password@nats:4222" >>"secrets/$1.env"
}

[ ! -e secrets/postgres.env ] || [ -e secrets/grafana.env ] || {
  echo "deploy/secrets is of an earlier version; remove it and the volumes (docker compose down -v), then run this again"
  exit 1
}
[ ! -e secrets/postgres.env ] || { echo "deploy/secrets is there already; remove it to make other passwords"; exit 0; }

echo "POSTGRES_PASSWORD=$(random)" >secrets/postgres.env.new
: >secrets/data.env
: >secrets/nats.env
for name in travelers petitions visas exchange_visitors security_reviews admissions enforcement; do
  upper=$(echo "$name" | tr '[:lower:]' '[:upper:]')
  owner=$(random)
  own=$(random)
  printf 'TWS_OWNER_PASSWORD_%s=%s\nTWS_PASSWORD_%s=%s\n' "$upper" "$owner" "$upper" "$own" >>secrets/postgres.env.new
  echo "TWS_DATABASE_URL_$upper=postgresql://${name}_owner:$owner@postgres:5432/$name" >>secrets/data.env
  printf 'TWS_DATABASE_URL_%s=postgresql://%s:%s@postgres:5432/%s\nTWS_CURSOR_SECRET=%s\n' \
    "$upper" "$name" "$own" "$name" "$(random)" >"secrets/$name.env"
  events "$name"
done
record=$(random)
echo "TWS_PASSWORD_RECORD=$record" >>secrets/postgres.env.new
echo "TWS_RECORD=postgresql://record:$record@postgres:5432/record" >secrets/gateway.env
events gateway
echo "GF_SECURITY_ADMIN_PASSWORD=$(random)" >secrets/grafana.env
mv secrets/postgres.env.new secrets/postgres.env # last, so that half a set is never taken for a whole one
echo "wrote deploy/secrets: postgres, nats, data, gateway, grafana, and one file for each of seven subgraphs"
