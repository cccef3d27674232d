#!/bin/sh
# Deploys to a ledger: one line a call. What the files beside it say makes it fail, or wait.
set -eu
echo "$1 $2 $HOLDPOINT_IDEMPOTENCY_KEY" >> "$LEDGER"
if [ -e "$LEDGER.$1-fails" ]; then
  echo "the target said no" >&2
  exit 7
fi
while [ -e "$LEDGER.$1-waits" ]; do
  : > "$LEDGER.$1-is-waiting"
  sleep 0.02
done
echo "$1 of $2 is done"
