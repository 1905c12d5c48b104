# For the programs beside it: runs of perf/modules/fixed_work.cpp, whose modes are the same work, and what they say.
build=${BUILD_DIR:-$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../build/dev}
work=$(mktemp -d)

measure() { # measure NAME TOKENS ITERATIONS [OPTION...]
  local name=$1 tokens=$2 iterations=$3
  shift 3
  "$build/bin/run_benchmarks" run --benches-dir "$build/bin/perf_modules" --include fixed_work --level 0 \
    --num-tokens-to-generate "$tokens" --measurement-iterations "$iterations" --warmup-iterations 1 \
    --no-machine-limits --no-verification --log-level ERROR --output-dir "$work/$name" "$@" >"$work/$name.txt"
}

# The comparison of the two modes in the document of a run.
verdict_of() { sed -n 's/.*"verdict": "\([A-Z]*\)".*/\1/p' "$work/$1"/fixed_work/*.json; }
speedup_of() { sed -n 's/.*"speedup": \([0-9.e+-]*\).*/\1/p' "$work/$1"/fixed_work/*.json; }
interval_of() { sed -n 's/.*"speedup_ci95": \(\[.*\]\).*/\1/p' "$work/$1"/fixed_work/*.json; }

# Lines into "39 EQUIVALENT, 1 INCONCLUSIVE".
counted() { sort | uniq -c | awk '{ printf "%s%d %s", (NR > 1 ? ", " : ""), $1, $2 } END { print "" }'; }

# Twice as many busy loops as there are processors, half a second on and half a second off, until it is killed.
bursts() {
  while :; do
    for _ in $(seq $((2 * $(nproc)))); do timeout 0.5 sh -c 'while :; do :; done' & done
    wait
    sleep 0.5
  done
}
