#!/usr/bin/env bash
# Every C++ file is laid out as .clang-format says: `clang-format -i FILE` does it.
set -euo pipefail
cd "$(dirname "$0")/../.."
mapfile -t sources < <(git ls-files --cached --others --exclude-standard '*.cpp' '*.hpp' | sort -u)
existing=()
for source in "${sources[@]}"; do
    if [[ -e $source ]]; then existing+=("$source"); fi
done
clang-format --dry-run -Werror "${existing[@]}"
