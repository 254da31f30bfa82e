#!/bin/sh
# SPDX-License-Identifier: MIT
# The documents agree with the sources; see tools/check_docs.py.
root=$(dirname "$0")/..
command -v python3 >/dev/null || exit 77
exec python3 "$root/tools/check_docs.py" "$root"
