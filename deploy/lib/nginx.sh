# shellcheck shell=bash
# nginx before a responder: its configuration from the template, its port, its start.

# free_port FIRST COUNT: the first of COUNT ports on which nginx could listen.
free_port() {
  "${SYSTEM_PYTHON[@]}" - "$1" "$2" <<'PYTHON'
import socket, sys
first, count = map(int, sys.argv[1:])
for port in range(first, min(first + count, 65536)):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as problem:
            print(f"port {port}: {problem.strerror}", file=sys.stderr)
            continue
        print(probe.getsockname()[1])
        sys.exit()
sys.exit(1)
PYTHON
}

# hashed_asset TARGET PATH: "/css/site.1a2b3c4d.css", or nothing.
hashed_asset() { sed -n "s|^$2 |/|p" "$1/manifest.txt"; }

# render FILE NAME=VALUE…: FILE with each @NAME@ replaced.
render() {
  local text pair
  text=$(<"$1")
  shift
  for pair; do
    text=${text//"@${pair%%=*}@"/"${pair#*=}"}
  done
  printf '%s\n' "$text"
}

# render_nginx CONF RUN PORT SOCKET PUBLIC: the files nginx reads, into CONF.
render_nginx() {
  local conf=$1 run=$2 port=$3 socket=$4 public=$5 page stylesheet
  mkdir -p "$conf/pages"
  cp "$ROOT/deploy/nginx/security-headers.conf" "$conf/"
  render "$ROOT/deploy/nginx/error-pages.conf" CONF="$conf" >"$conf/error-pages.conf"
  render "$ROOT/deploy/nginx.conf.template" LISTEN="127.0.0.1:$port" TLS='' NAME=127.0.0.1 \
    OTHER_NAMES=localhost ORIGIN="http://127.0.0.1:$port" SOCKET="$socket" PUBLIC="$public" \
    CONF="$conf" RUN="$run" SPOOL="$run" >"$conf/nginx.conf"
  stylesheet=$(hashed_asset "$public" css/site.css)
  for page in "$ROOT"/deploy/nginx/pages/*.html; do
    render "$page" STYLESHEET="${stylesheet:+<link rel=\"stylesheet\" href=\"$stylesheet\">}" \
      >"$conf/pages/${page##*/}"
  done
}

# start_nginx CONF RUN
start_nginx() {
  own_dir 0755 "$2"
  up nginx QUIT 6 nginx -p "$2/" -e stderr -c "$1/nginx.conf"
}

nginx_is_ready() { [[ -s $1/nginx.pid ]]; }
