#!/usr/bin/env bash
# Installs what is missing, builds, and runs every test. The last line is `N passed, N failed, N skipped`.
#
#   tests/run.sh [--fast] [--ci] [--no-install]
#     (nothing)     everything: ASan+UBSan for all tests, TSan for the scenario tests, the system tests
#                   with the release build and with the sanitized one, each fuzz target for a minute,
#                   a short benchmark, instructions per request against the baseline, the lints
#     --fast        one unsanitized build (preset dev): compiled tests, system tests, lints
#     --ci          a skipped test counts as a failure (also with CI=true in the environment)
#     --no-install  trust that everything needed is installed
#
# docs/testing.md says how to run one part alone.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1

mode=full
install=yes
strict=no
[[ ${CI:-} == true || ${CI:-} == 1 ]] && strict=yes
for argument in "$@"; do
    case $argument in
        --fast) mode=fast ;;
        --ci) strict=yes ;;
        --no-install) install=no ;;
        -h|--help) sed -n '2,12s/^# \{0,1\}//p' "$0"; exit 0 ;;
        *) echo "unknown option $argument (--help lists them)" >&2; exit 2 ;;
    esac
done

export ASAN_OPTIONS=detect_stack_use_after_return=1:strict_string_checks=1
export UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1
export TSAN_OPTIONS=halt_on_error=1:second_deadlock_stack=1
jobs=$(nproc)
passed=0
failed=0
skipped=0
failures=()
reasons=()
started=$SECONDS

stage() { printf '\n=== %s (after %d s)\n' "$1" $((SECONDS - started)); }

fail() {  # WHAT: one more failure, without ending the run
    failed=$((failed + 1))
    failures+=("$1")
    echo "FAILED $1"
}

build() {  # PRESET [TARGET]
    stage "build $1 ${2:-}"
    local log=build/$1-build.log
    mkdir -p build
    if cmake --preset "$1" >"$log" 2>&1 &&
        cmake --build --preset "$1" -j "$jobs" ${2:+--target "$2"} >>"$log" 2>&1; then
        return 0
    fi
    grep -E 'error|warning|FAILED|undefined' -A 5 "$log" | tail -60 || true
    fail "build $1 ${2:-} (all of it: $log)"
    return 1
}

# Counts the test cases of Catch2's closing lines, and the skips, in ctest's log.
compiled_tests() {  # PRESET [CTEST OPTIONS...]
    local preset=$1 log=build/$1/Testing/Temporary/LastTest.log good bad inside crashed why status=0
    shift
    stage "ctest $preset $*"
    rm -f "$log"
    # Without address randomisation: g++ 12's TSan does not start on kernels that use all of it.
    setarch "$(uname -m)" -R ctest --test-dir "build/$preset" -j "$jobs" --output-on-failure --no-tests=error "$@" ||
        status=$?
    [[ -f $log ]] || { fail "ctest $preset: no test ran"; return; }
    # Python checks among them end with a line PASSED; a skipped test case of Catch2 counts as passed there.
    good=$(sed -nE 's/^PASSED.*/1/p; s/^All tests passed \(.* in ([0-9]+) test cases?\)$/\1/p; s/^test cases: .*[^0-9]([0-9]+) passed.*/\1/p' "$log" |
        awk '{ n += $1 } END { print n + 0 }')
    bad=$(sed -nE 's/^test cases: .*[^0-9]([0-9]+) failed.*/\1/p' "$log" | awk '{ n += $1 } END { print n + 0 }')
    mapfile -t why < <(sed -nE 's/^ *SKIPPED: (.*)/\1/p' "$log")
    inside=$(grep -cE '^ +SKIPPED: ' "$log")
    crashed=$((status != 0 && bad == 0 ? 1 : 0))
    passed=$((passed + good - inside))
    failed=$((failed + bad + crashed))
    skipped=$((skipped + ${#why[@]}))
    ((status == 0)) || failures+=("ctest $preset: see $log")
    reasons+=("${why[@]/#/$preset: }")
}

# Runs a program that prints PASSED, FAILED and SKIPPED lines, and counts them.
script_tests() {  # NAME COMMAND...
    local name=$1 log line
    shift
    stage "$name"
    log=$(mktemp)
    "$@" 2>&1 | tee "$log"
    local status=${PIPESTATUS[0]}
    while IFS= read -r line; do
        case $line in
            "PASSED "*) passed=$((passed + 1)) ;;
            "FAILED "*) failed=$((failed + 1)); failures+=("$name: ${line#FAILED }") ;;
            "SKIPPED "*) skipped=$((skipped + 1)); reasons+=("$name: ${line#SKIPPED }") ;;
        esac
    done <"$log"
    if ((status != 0)) && ! grep -q '^FAILED ' "$log"; then fail "$name ended with status $status"; fi
    rm -f "$log"
}

bench_smoke() {
    stage "bench --quick"
    if bench/run.py --quick --json build/bench-quick.json >build/bench-quick.md 2>build/bench-quick.log; then
        passed=$((passed + 1))
        grep -A 6 '13 B, 64 connections' build/bench-quick.md | head -8
    else
        tail -20 build/bench-quick.log
        fail "bench --quick"
    fi
}

micro_smoke() {
    stage "micro-benchmarks"
    if build/release/fairlead-micro --benchmark_min_time=0.01 >build/bench-micro.log 2>&1; then
        passed=$((passed + 1))
        grep -E '^(read|write|find|pick)' build/bench-micro.log
    else
        tail -20 build/bench-micro.log
        fail "micro-benchmarks"
    fi
}

if [[ $install == yes ]]; then
    stage "install"
    deploy/install-deps.sh || { echo "0 passed, 1 failed, 0 skipped"; exit 1; }
fi

script_tests lint tests/lint/run_all.py
if [[ $mode == fast ]]; then
    if build dev; then
        compiled_tests dev
        script_tests "system tests (dev)" env FAIRLEAD_BIN_DIR="$PWD/build/dev" tests/system/run_all.py
    fi
else
    if build release; then
        script_tests "system tests (release)" env FAIRLEAD_BIN_DIR="$PWD/build/release" tests/system/run_all.py
        bench_smoke
        micro_smoke
        script_tests "instructions per request" bench/instructions.py
    fi
    if build asan; then
        compiled_tests asan
        # The origin of test containers is linked statically, which the sanitizers cannot be.
        script_tests "system tests (asan)" env FAIRLEAD_BIN_DIR="$PWD/build/asan" \
            FAIRLEAD_TOOLS_DIR="$PWD/build/release" tests/system/run_all.py
    fi
    if build tsan scenario_tests; then compiled_tests tsan -L scenario; fi
    if build fuzz fuzz_targets; then script_tests fuzz tests/fuzz/run.sh 60; fi
fi

stage "done"
for reason in "${reasons[@]}"; do echo "skipped: $reason"; done
for failure in "${failures[@]}"; do echo "failed: $failure"; done
if [[ $strict == yes && $skipped -gt 0 ]]; then
    echo "failed: $skipped tests were skipped, and here none may be"
fi
echo "$passed passed, $failed failed, $skipped skipped"
[[ $failed -eq 0 && $passed -gt 0 && ( $strict == no || $skipped -eq 0 ) ]]
