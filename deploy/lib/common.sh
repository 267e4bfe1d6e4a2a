# shellcheck shell=bash
# shellcheck disable=SC2034 # what is set here is used by the scripts that read this file
# What deploy/demo and deploy/test share: messages, places, and the user everything runs as.

# Debian's own Python, and /usr/sbin, whatever the caller's PATH puts before them.
# -I: neither the folder that one stands in nor PYTHONPATH has a say in what is imported.
readonly -a SYSTEM_PYTHON=(/usr/bin/python3 -I)
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
umask 022

# The system user that root's demo and test processes run as; the product in production has another.
readonly RUN_USER=closerflow-demo

say() { printf '%s\n' "$*"; }

die() {
  printf 'deploy: %s\n' "$*" >&2
  exit 1
}

is_root() { [[ $EUID == 0 ]]; }

# Eight hex digits that name a path: two checkouts, or two --dir, never share a place.
short_hash() { printf %s "$1" | sha256sum | cut -c1-8; }

# microseconds EPOCHREALTIME in microseconds, whatever the locale's decimal sign.
microseconds() { printf %s "${EPOCHREALTIME//[.,]/}"; }

# seconds_since START: "1.4"
seconds_since() {
  local tenths=$((($(microseconds) - $1) / 100000))
  printf '%d.%d' $((tenths / 10)) $((tenths % 10))
}

# first_writable DIR…: the first of them that can be made and written.
first_writable() {
  local candidate
  for candidate; do
    if mkdir -p "$candidate" 2>/dev/null && [[ -w $candidate ]]; then
      printf %s "$candidate"
      return
    fi
  done
  die "cannot write to any of: $*"
}

# Downloads that all checkouts of one user share.
cache_dir() {
  if is_root; then
    first_writable /var/cache/closerflow /tmp/closerflow-cache
  else
    first_writable "${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/closerflow" "/tmp/closerflow-cache-$EUID"
  fi
}

# Where a demo of this checkout keeps its data when --dir is not given.
default_demo_dir() {
  local name
  name=$(short_hash "$ROOT")
  if is_root; then
    first_writable "/var/lib/closerflow-demo/$name" "/tmp/closerflow-demo/$name"
  else
    first_writable "${XDG_STATE_HOME:-${HOME:-/tmp}/.local/state}/closerflow-demo/$name" \
      "/tmp/closerflow-demo-$EUID/$name"
  fi
}

# make_run_dir DIR: a short, private place for sockets (a socket's path may have 107 bytes) -> RUN.
make_run_dir() {
  local base
  if is_root; then
    base=$(first_writable /run /tmp)
  else
    base=$(first_writable "${XDG_RUNTIME_DIR:-/tmp}" /tmp)
  fi
  RUN=$base/cf-$(short_hash "$1")
  rm -rf "${RUN:?}"
  # mkdir fails when somebody else has put something there, which /tmp allows anybody to do.
  mkdir -m 0711 "$RUN" || die "cannot make $RUN; whose is it?"
}

# choose_run_user: as root, everything that serves runs as RUN_USER -> DROP, the setpriv options.
choose_run_user() {
  DROP=()
  is_root || return 0
  if ! getent passwd "$RUN_USER" >/dev/null; then
    useradd --system --no-create-home --shell /usr/sbin/nologin "$RUN_USER" ||
      die "cannot create the system user $RUN_USER (useradd failed)"
  fi
  DROP=(--reuid="$RUN_USER" --regid="$(id -g "$RUN_USER")" --clear-groups --no-new-privs)
}

# own_dir MODE DIR…: make directories that belong to the user everything runs as.
own_dir() {
  local mode=$1 dir
  shift
  for dir; do
    mkdir -p "$dir"
    chmod "$mode" "$dir"
    is_root && chown "$RUN_USER": "$dir"
  done
  return 0
}

# require_reachable DIR: root's --dir may lie where RUN_USER may not go, such as below /root.
require_reachable() {
  is_root || return 0
  setpriv "${DROP[@]}" -- test -x "$1" ||
    die "the user $RUN_USER cannot reach $1; choose a --dir whose parents others may enter"
}
