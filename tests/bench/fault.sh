#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# 20 kills during a load of 30 seconds, on the release daemon.
set -eu
cd "$(dirname "$0")/../.."
TRAVERSIOND="$PWD/build/release/traversiond" KILLS=20 LOAD_SECONDS=30 node --test tests/fault/kill.test.mjs
