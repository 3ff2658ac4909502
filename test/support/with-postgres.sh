#!/usr/bin/env bash
# Runs a command with TEST_DATABASE_URL naming a Postgres server that lives as long as the command.
#   test/support/with-postgres.sh npx vitest run test/store
set -euo pipefail

if [ $# -eq 0 ]; then
  echo "usage: $0 COMMAND [ARGUMENT…]" >&2
  exit 2
fi

binaries=${POSTGRES_BINARIES:-}
if [ -z "$binaries" ]; then
  for candidate in /usr/lib/postgresql/*/bin "$(pg_config --bindir 2>/dev/null || true)"; do
    if [ -x "$candidate/initdb" ]; then binaries=$candidate; fi
  done
fi
if [ -z "$binaries" ]; then
  echo "No Postgres server found: install one, or set POSTGRES_BINARIES to the directory of initdb." >&2
  exit 1
fi

# The server refuses to run as root.
as_owner() { "$@"; }
owner=$(id -un)
if [ "$(id -u)" -eq 0 ]; then
  owner=postgres
  id "$owner" >/dev/null 2>&1 || useradd --system --no-create-home "$owner"
  as_owner() { runuser -u "$owner" -- "$@"; }
fi

directory=$(mktemp -d)
chown "$owner" "$directory"
stop() {
  as_owner "$binaries/pg_ctl" --pgdata "$directory/data" --mode immediate stop >/dev/null 2>&1 || true
  rm -rf "$directory"
}
trap stop EXIT

port=$(node -e 'const server = require("node:net").createServer().listen(0, "127.0.0.1", () => {
  console.log(server.address().port); server.close() })')
cd /
as_owner "$binaries/initdb" --pgdata "$directory/data" --username parley --auth trust \
  --encoding UTF8 --no-sync >/dev/null
as_owner "$binaries/pg_ctl" --pgdata "$directory/data" --log "$directory/log" --wait start \
  --options "-c listen_addresses=127.0.0.1 -p $port -k $directory -c fsync=on -c max_connections=300" \
  >/dev/null || { cat "$directory/log" >&2; exit 1; }
cd "$OLDPWD"

# Not exec: the trap has to run when the command ends.
TEST_DATABASE_URL="postgres://parley@127.0.0.1:$port/postgres" "$@"
