# shellcheck shell=bash
# A private PostgreSQL on a unix socket, without TCP. Needs PG_BIN, RUN, DROP; the data are in $DATA.

# make_cluster DATA: a new cluster when there is none. The superuser is not named like one of our
# schemas, so "$user" in a search_path never means one.
make_cluster() {
  local data=$1 version
  version=$("$PG_BIN/postgres" --version | sed 's/.*) \([0-9]*\).*/\1/')
  if [[ -e $data/PG_VERSION ]]; then
    [[ $(<"$data/PG_VERSION") == "$version" ]] ||
      die "$data was made by PostgreSQL $(<"$data/PG_VERSION"), this is $version; start with --reset"
    return 0
  fi
  rm -rf "${data:?}"
  own_dir 0700 "$data"
  as_run_user "$PG_BIN/initdb" -D "$data" -U postgres -A trust -E UTF8 --no-instructions \
    --locale-provider=builtin --builtin-locale=C.UTF-8 --locale=C.UTF-8
}

# clear_stale_pid DATA: a lock file whose process is gone, or is something else by now (ids are used
# again), would refuse the start.
clear_stale_pid() {
  local file=$1/postmaster.pid pid
  [[ -e $file ]] || return 0
  read -r pid <"$file"
  if [[ $(readlink "/proc/$pid/cwd") == "$1" ]]; then
    die "a PostgreSQL (process $pid) that this script did not start uses $1"
  fi
  rm -f "$file"
}

# start_postgres DATA OPTION…
start_postgres() {
  local data=$1
  shift
  own_dir 0700 "$RUN/db"
  up db INT 10 "$PG_BIN/postgres" -D "$data" -k "$RUN/db" \
    -c listen_addresses= -c unix_socket_permissions=0700 \
    -c log_error_verbosity=terse -c log_parameter_max_length=0 \
    -c log_parameter_max_length_on_error=0 "$@"
}

pg_answers() { "$PG_BIN/pg_isready" -q -h "$RUN/db"; }

superuser_psql() { "$PG_BIN/psql" -X -q -v ON_ERROR_STOP=1 -h "$RUN/db" -U postgres "$@" </dev/null; }

# make_database NAME: create it when it is not there, and let bootstrap.sql do the superuser's part.
make_database() {
  local known
  known=$(superuser_psql -d postgres -At -c "select 1 from pg_database where datname = '$1'")
  [[ $known == 1 ]] || superuser_psql -d postgres -c "create database $1"
  superuser_psql -d "$1" -f "$ROOT/deploy/postgres/bootstrap.sql"
}

database_url() { printf 'postgresql:///%s?host=%s' "$1" "$RUN/db"; }
