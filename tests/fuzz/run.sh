#!/usr/bin/env bash
# Runs the fuzz targets beside each other, each for so many seconds, and prints PASSED or FAILED for each.
#
#   tests/fuzz/run.sh SECONDS [TARGET...]      (60 in tests/run.sh; build first: cmake --preset fuzz)
#
# They begin with tests/fuzz/corpus/TARGET and keep what they find in build/fuzz/corpus/TARGET, so that a
# later run goes on from there. A finding is an input in build/fuzz/findings: it becomes a test, and a file
# of the corpus. FAIRLEAD_FUZZ_DIR names another build folder.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1

seconds=${1:?usage: tests/fuzz/run.sh SECONDS [TARGET...]}
shift
targets=("$@")
[[ $# -gt 0 ]] || targets=(request_head response_head chunked_body proxy_header)
build=${FAIRLEAD_FUZZ_DIR:-build/fuzz}
mkdir -p "$build/findings"

declare -A running=()
for target in "${targets[@]}"; do
    mkdir -p "$build/corpus/$target"
    "$build/tests/fuzz/${target}_fuzz" "$build/corpus/$target" "tests/fuzz/corpus/$target" \
        -dict="tests/fuzz/$target.dict" -max_total_time="$seconds" -max_len=4096 -timeout=10 -rss_limit_mb=1024 \
        -print_final_stats=1 -artifact_prefix="$build/findings/$target-" >"$build/$target.log" 2>&1 &
    running[$target]=$!
done

failed=0
for target in "${targets[@]}"; do
    if wait "${running[$target]}"; then
        echo "PASSED fuzz $target: $(sed -nE 's/^Done ([0-9]+) runs in ([0-9]+) second.*/\1 inputs in \2 s/p' "$build/$target.log")"
    else
        tail -40 "$build/$target.log"
        echo "FAILED fuzz $target: the input is in $build/findings"
        failed=1
    fi
done
exit $failed
