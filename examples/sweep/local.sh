#!/usr/bin/env bash
# A sweep on this machine as N processes, and the proof that they are the whole.
#
#     examples/sweep/local.sh N BINARY [ARGUMENT...]
#
# BINARY is one that knows `--shard`, `--json` and `--merge`, such as target/release/examples/explore. Prints what the
# shards found together. Ends with code 1 when that is anything, and with 3 when it isn't what one process finds.
set -euo pipefail
if (($# < 2)) || ! [[ $1 =~ ^[1-9][0-9]*$ ]]; then
    echo "usage: $0 N BINARY [ARGUMENT...]" >&2
    exit 2
fi
count=$1 binary=$2
shift 2
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

# Code 1 says that something was found, which is in the line.
swept() { "$@" || (($? == 1)); }

parts=()
for ((shard = 0; shard < count; shard++)); do
    swept "$binary" "$@" --json --shard "$shard/$count" >"$folder/$shard.json" &
    parts+=($!)
done
for part in "${parts[@]}"; do wait "$part"; done

files=("$folder"/*.json)
swept "$binary" --json --merge "${files[@]}" >"$folder/union"
swept "$binary" "$@" --json >"$folder/whole"
if ! cmp "$folder/union" "$folder/whole"; then
    echo "the union of $count shards isn't the whole" >&2
    exit 3
fi
"$binary" --merge "${files[@]}"
