# shellcheck shell=bash
# Processes under one supervisor: the calling script. They start in order, stop in the opposite
# order, and die with the script even when that is killed with -9 (setpriv --pdeathsig).
#
# Needs: DIR (data), LOG (this script's log), LOGS (a directory, one file a process), DROP.

# A process group for each child: Ctrl-C at the terminal reaches this script only, which then stops
# the children in order.
set -m
STOP=0
trap 'STOP=1' INT TERM HUP

declare -A PID=()     # name -> process id, of those started and not yet seen dead
declare -a ORDER=()   # names, in the order of their start
declare -A STOP_WITH=() STOP_WITHIN=()

# launch SIGNAL COMMAND…: become COMMAND as the run-time user with a clean environment (APP_ENV is
# added); it gets SIGNAL when this script dies. Call it as a background job.
APP_ENV=()
launch() {
  local signal=$1
  shift
  cd /
  # The shell in between closes a gap: a parent that died before prctl() sends no signal.
  # shellcheck disable=SC2016
  exec setpriv "${DROP[@]}" --pdeathsig "$signal" -- \
    env -i PATH="$PATH" HOME="$DIR" LANG=C.UTF-8 TZ=UTC "${APP_ENV[@]}" \
    sh -c '[ "$PPID" = "$0" ] && exec "$@"' "$$" "$@"
}

# as_run_user COMMAND…: the same user and environment, for a short command.
as_run_user() {
  (
    cd /
    exec setpriv "${DROP[@]}" -- env -i PATH="$PATH" HOME="$DIR" LANG=C.UTF-8 TZ=UTC \
      "${APP_ENV[@]}" "$@"
  )
}

# up NAME SIGNAL SECONDS COMMAND…: start; to stop it, send SIGNAL and wait up to SECONDS.
up() {
  local name=$1 signal=$2 seconds=$3
  shift 3
  [[ -e $LOGS/$name.log ]] && mv "$LOGS/$name.log" "$LOGS/$name.previous.log"
  # postgres must get INT from the kernel too (TERM waits for its clients); nginx's QUIT may linger.
  local death=TERM
  [[ $signal == INT ]] && death=INT
  launch "$death" "$@" >"$LOGS/$name.log" 2>&1 </dev/null &
  PID[$name]=$!
  ORDER+=("$name")
  STOP_WITH[$name]=$signal
  STOP_WITHIN[$name]=$seconds
}

is_up() { kill -0 "${PID[$1]}" 2>/dev/null; }

# ready NAME SECONDS COMMAND…: wait until COMMAND succeeds; fails when NAME dies or time is over.
ready() {
  local name=$1 deadline=$((SECONDS + $2))
  shift 2
  until "$@"; do
    if ! is_up "$name"; then
      printf '%s stopped by itself; its last lines:\n' "$name"
      tail -n 15 "$LOGS/$name.log"
      return 1
    fi
    if ((SECONDS >= deadline)); then
      printf '%s is not ready in time; its last lines:\n' "$name"
      tail -n 15 "$LOGS/$name.log"
      return 1
    fi
    sleep 0.05
  done
}

# dies_within PID SECONDS
dies_within() {
  local ticks=$(($2 * 20))
  while kill -0 "$1" 2>/dev/null; do
    ((ticks-- > 0)) || return 1
    sleep 0.05
  done
}

# down NAME: ask, wait, insist.
down() {
  local name=$1 pid=${PID[$1]:-}
  [[ -n $pid ]] || return 0
  kill "-${STOP_WITH[$name]}" "$pid" 2>/dev/null
  if ! dies_within "$pid" "${STOP_WITHIN[$name]}"; then
    printf '  %s did not stop in %s s; killing it\n' "$name" "${STOP_WITHIN[$name]}"
    kill -KILL -- "-$pid" 2>/dev/null
  fi
  wait "$pid" 2>/dev/null
  unset "PID[$name]"
}

# down_all: the opposite order of the start.
down_all() {
  local i
  for ((i = ${#ORDER[@]} - 1; i >= 0; i--)); do
    down "${ORDER[i]}"
  done
  ORDER=()
}

# attend COMMAND…: run it to its end like a plain call, but let a signal to this script end it at
# once. A function runs in a subshell with errexit; a program dies with this script.
attend() {
  local child status
  ((STOP)) && return 130
  if [[ $(type -t "$1") == function ]]; then
    (
      set -e
      "$@"
    ) </dev/null &
  else
    setpriv --pdeathsig INT -- "$@" </dev/null &
  fi
  child=$!
  wait -f "$child"
  status=$?
  if ((STOP)); then
    kill -INT -- "-$child" 2>/dev/null
    dies_within "$child" 10 || kill -KILL -- "-$child" 2>/dev/null
    wait "$child" 2>/dev/null
    return 130
  fi
  return "$status"
}

# step "what is done" COMMAND…: one line with its seconds; the output goes to the log, and its end
# to the terminal when the step fails, which ends the script.
step() {
  local what=$1 started from
  shift
  started=$(microseconds)
  printf '  %-44s' "$what"
  printf '\n== %s\n' "$what" >>"$LOG"
  from=$(wc -c <"$LOG")
  if attend "$@" >>"$LOG" 2>&1; then
    printf '%6s s\n' "$(seconds_since "$started")"
    return
  fi
  if ((STOP)); then
    printf 'stopped\n'
    exit 130
  fi
  printf 'failed\n\n'
  tail -c "+$((from + 1))" "$LOG" | tail -n 25
  printf '\nThe whole log: %s\n' "$LOG"
  exit 1
}

# wait_for_end: until a signal comes (0) or a child dies (1), whose last lines are shown.
wait_for_end() {
  local status dead name
  while ((!STOP)); do
    wait -fn -p dead "${PID[@]}" 2>/dev/null
    status=$?
    ((STOP)) && break
    for name in "${!PID[@]}"; do
      [[ ${PID[$name]} == "${dead:-}" ]] || continue
      printf '\n%s ended unexpectedly (status %s), so everything stops. Its last lines:\n\n' \
        "$name" "$status"
      tail -n 20 "$LOGS/$name.log"
      printf '\nIts whole log: %s\n' "$LOGS/$name.log"
      unset "PID[$name]"
      return 1
    done
  done
}
