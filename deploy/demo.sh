#!/usr/bin/env bash
# Installs what is missing, builds Fairlead, and shows it balancing two origins. Ctrl-C ends all of it.
#
#   deploy/demo.sh [--once] [--no-install]
#     --once        show everything, end everything, exit 0
#     --no-install  trust that what building needs is installed
set -euo pipefail
cd "$(dirname "$0")/.."

once=no
install=yes
for argument in "$@"; do
    case $argument in
        --once) once=yes ;;
        --no-install) install=no ;;
        -h|--help) sed -n '2,6s/^# \{0,1\}//p' "$0"; exit 0 ;;
        *) echo "unknown option $argument (--help lists them)" >&2; exit 2 ;;
    esac
done

bold='' plain=''
if [[ -t 1 ]]; then bold=$'\033[1m' plain=$'\033[0m'; fi
say() { printf '\n%s# %s%s\n' "$bold" "$*" "$plain"; }
run() {  # shows the command as it would be typed, then runs it
    local word line='$'
    for word in "$@"; do
        word=${word#"$PWD/"}
        if [[ $word == *[[:space:]]* ]]; then word="'$word'"; fi
        line+=" $word"
    done
    printf '%s\n' "$line"
    "$@"
}

[[ $install == no ]] || deploy/install-deps.sh --build-only
say "building (preset release)"
log=$(mktemp)
if ! { cmake --preset release && cmake --build --preset release; } >"$log" 2>&1; then
    tail -40 "$log" >&2
    echo "the build failed; all of its output: $log" >&2
    exit 1
fi
rm -f "$log"
bin=$PWD/build/release
echo "built: build/release/fairlead, fairlead-load, fairlead-origin"

# name:port of what the embedded defaults listen on.
taken=()
for listener in traffic:8080 api:8081 health:8082 admin:9901; do
    if (exec 3<>"/dev/tcp/127.0.0.1/${listener#*:}") 2>/dev/null; then taken+=("$listener"); fi
done
if [[ ${#taken[@]} -gt 0 ]]; then
    echo "the demo uses Fairlead's default ports, and something listens there already: ${taken[*]}" >&2
    echo "(\`ss -ltnp\` shows what it is; end it and try again)" >&2
    exit 1
fi

folder=$(mktemp -d -t fairlead-demo-XXXXXX)
pids=()
end() {
    trap - EXIT INT TERM
    # Fairlead was started last and ends first: it finishes what it has while the origins still serve.
    for ((i = ${#pids[@]} - 1; i >= 0; i--)); do
        kill "${pids[i]}" 2>/dev/null || true
        wait "${pids[i]}" 2>/dev/null || true
    done
    rm -rf "$folder"
}
trap end EXIT
trap 'echo; exit 0' INT TERM

wait_for() {  # SECONDS WHAT COMMAND...: until the command succeeds
    local deadline=$((SECONDS + $1)) what=$2
    shift 2
    until "$@" >/dev/null 2>&1; do
        if ((SECONDS > deadline)); then
            echo "not within the time allowed: $what" >&2
            cat "$folder"/*.log >&2
            exit 1
        fi
        sleep 0.05
    done
}

start_origin() {  # NAME; sets `address`
    "$bin/fairlead-origin" --name "$1" --term-delay 0 >"$folder/$1.log" 2>&1 &
    pids+=($!)
    wait_for 5 "origin $1 listens" grep -q 'listening on' "$folder/$1.log"
    address=$(sed -n 's/.*listening on //p' "$folder/$1.log")
    echo "origin $1 is at $address"
}

say "two origins, and Fairlead on its embedded defaults"
start_origin one
one=$address
start_origin two
two=$address
(cd "$folder" && exec "$bin/fairlead" run >"$folder/fairlead.log" 2>&1) &
pids+=($!)
wait_for 10 "Fairlead is healthy" curl -sf http://127.0.0.1:8082/health
echo "fairlead: traffic 8080, API 8081, health 8082, admin 9901"

api=http://127.0.0.1:8081
traffic=http://127.0.0.1:8080
answers() { curl -sf -o /dev/null -H "Host: $1" "$traffic$2"; }

say "a service with both origins, and a route to it"
run curl -s -X POST "$api/backends/demo/$one"; echo
run curl -s -X POST "$api/backends/demo/$two"; echo
run curl -s -X POST "$api/frontends/demo.example/demo"; echo
wait_for 5 "the route is live" answers demo.example /

say "20 requests, balanced"
echo "$ curl -H 'Host: demo.example' $traffic/name   # 20 times"
for _ in {1..20}; do curl -s -H 'Host: demo.example' "$traffic/name"; echo; done | sort | uniq -c |
    sed 's/^ *\([0-9]*\) \(.*\)/\1 answered by \2/'

say "a host without a route"
run curl -s -i -H 'Host: shop.example' "$traffic/" | sed -n '1,8p'
echo
say "its route is added while requests flow"
run curl -s -X POST "$api/frontends/shop.example/demo"; echo
wait_for 5 "the second route is live" answers shop.example /
run curl -s -i -H 'Host: shop.example' "$traffic/" | sed -n '1,8p'
echo

say "what Fairlead knows"
run "$bin/fairlead" routes
run "$bin/fairlead" services

say "admin: http://127.0.0.1:9901/   metrics: http://127.0.0.1:9901/metrics"
if [[ $once == yes ]]; then
    exit 0
fi
echo "serving http://127.0.0.1:8080/ for hosts demo.example and shop.example; ctrl-C ends it"
wait "${pids[-1]}"
