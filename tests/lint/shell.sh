#!/usr/bin/env bash
# The linter of shell scripts has nothing to say about our shell scripts.
set -euo pipefail
cd "$(dirname "$0")/../.."
mapfile -t scripts < <(git ls-files --cached --others --exclude-standard '*.sh' .ci/run | sort -u)
shellcheck --severity=warning "${scripts[@]}"
