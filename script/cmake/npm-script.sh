#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Runs the npm script $2 of the folder $1, with its modules installed first.
set -eu
"$(dirname "$0")/../npm-modules" "$1"
cd "$1"
exec npm run --silent "$2"
