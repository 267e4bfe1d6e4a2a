# shellcheck shell=bash
# shellcheck disable=SC2034 # STAGE and others are read by deploy/test
# The second tier: what takes longer than a commit can wait for. Each item writes a file of results, which is committed;
# `deploy/test long --stale` names those that speak of files that have changed since.

readonly LONG_ITEMS=(pages kills repeat)
readonly RESULTS=$ROOT/Tests/results

# long_files ITEM: what its result speaks of, as git knows paths.
long_files() {
  case $1 in
    pages) printf '%s\n' Sources/Web Sources/Templating Templates Public Tests/browser ;;
    kills)
      printf '%s\n' Sources/CRM/Outbox Sources/Mail Sources/Postgres Sources/closerflow/Work.swift \
        migrations/functions/outbox deploy/mail-sink Tests/faults
      ;;
    repeat)
      printf '%s\n' Tests ':!Tests/browser' ':!Tests/faults' ':!Tests/benchmarks' ':!Tests/results'
      ;;
  esac
}

# Every page that links lead to, for each role; each kind of page in every appearance, by all rules.
stage_pages() {
  export LONG=1
  with_demo "$ROOT/Tests/browser/run"
}

# A thousand mails, a hundred kills.
stage_kills() {
  with_demo "$ROOT/Tests/faults/run" kills --mails 1000 --kills 100 --crashes 3 --seed "$SEED"
}

# The Swift suite, RUNS times in a row (20), beside two processes that only spin.
stage_repeat() {
  local run started sums=(0 0 0)
  swift_build --build-tests || {
    count 0 1 0
    return
  }
  need_database || {
    count 0 1 0
    return
  }
  for run in 1 2; do up "spinner$run" TERM 5 bash -c 'while :; do :; done'; done
  for ((run = 1; run <= ${RUNS:-20}; run++)); do
    started=$(microseconds)
    swift_suite "closerflow_test_$run"
    printf 'run %d: %d passed, %d failed, %d skipped, %s s\n' \
      "$run" "$PASSED" "$FAILED" "$SKIPPED" "$(seconds_since "$started")"
    sums=($((sums[0] + PASSED)) $((sums[1] + FAILED)) $((sums[2] + SKIPPED)))
    superuser_psql -d postgres -c "drop database closerflow_test_$run with (force)"
    ((STOP)) && break
  done
  down spinner2
  down spinner1
  count "${sums[@]}"
}

# keep_result ITEM SECONDS: what it found, and of what.
keep_result() {
  local file=$RESULTS/$1.txt
  mkdir -p "$RESULTS"
  {
    printf 'commit   %s\n' "$(git -C "$ROOT" rev-parse HEAD)"
    printf 'date     %s\n' "$(date --utc +%F)"
    printf 'machine  %s × %s, %s GiB, %s, Linux %s\n' "$(nproc)" \
      "$(sed -n 's/^model name\s*: //p' /proc/cpuinfo | head -n 1)" \
      "$(awk '/^MemTotal/ { printf "%.0f", $2 / 1048576 }' /proc/meminfo)" \
      "$(sed -n 's/^PRETTY_NAME="\(.*\)"/\1/p' /etc/os-release)" "$(uname -r)"
    printf 'seed     %s\n' "$SEED"
    printf 'seconds  %s\n' "$2"
    printf 'result   %d passed, %d failed, %d skipped\n\n' "$PASSED" "$FAILED" "$SKIPPED"
    # Without each thing that was as it should be.
    grep -vE '^ *(✔|◇|\{"time")|^[A-Z][a-z]+ing |started\.$' "$LOGS/stage-$1.log" | cat -s | head -n 150
  } >"$file"
  printf '%s\n' "${file#"$ROOT/"}"
}

# long_stale: names results that are older than what they speak of; fails when there are any.
long_stale() {
  local item commit changed files stale=0
  for item in "${LONG_ITEMS[@]}"; do
    commit=$(sed -n 's/^commit *//p' "$RESULTS/$item.txt" 2>/dev/null)
    mapfile -t files < <(long_files "$item")
    if [[ -z $commit ]]; then
      printf '%s: never ran\n' "$item"
    elif ! git -C "$ROOT" cat-file -e "$commit^{commit}" 2>/dev/null; then
      printf '%s: ran on %s, which is not here\n' "$item" "$commit"
    else
      changed=$(git -C "$ROOT" diff --name-only "$commit" -- "${files[@]}" | wc -l)
      ((changed)) || continue
      printf '%s: %s files changed since %s\n' "$item" "$changed" "${commit:0:12}"
    fi
    stale=1
  done
  return $stale
}

# run_long ITEM…: as stages; the tree must be what git has, for the result to say of what it is.
run_long() {
  local item started
  [[ -z $(git -C "$ROOT" status --porcelain --untracked-files=no) ]] ||
    die "commit first: a result is of a commit"
  SEED=${SEED:-$RANDOM}
  for item; do
    started=$(microseconds)
    run_stage "$item"
    keep_result "$item" "$(seconds_since "$started")"
  done
}
