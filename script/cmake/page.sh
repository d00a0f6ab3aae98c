#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Builds the dashboard in $1 (the web folder) and writes it as C source to $2.
# The lock keeps two presets that build at once from sharing a half-written web/dist.
set -eu
web=$1
generated=$2
tools=$(cd "$(dirname "$0")" && pwd)

mkdir -p "$(dirname "$generated")"
"$tools/../npm-modules" "$web"
cd "$web"
exec 9<.
flock 9
npm run --silent build
node "$tools/embed.mjs" dist "$generated"
