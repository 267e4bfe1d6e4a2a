# shellcheck shell=bash
# Static files under names that carry their content's hash, so that they may be cached for ever.

# stage_assets PUBLIC TARGET: css/site.css becomes css/site.1a2b3c4d.css (+ .gz), and manifest.txt
# says so, one "path hashed-path" a line. Files directly in PUBLIC (robots.txt) keep their names:
# they are asked for by a fixed one.
stage_assets() {
  local public=$1 target=$2 path hashed hash
  rm -rf "${target:?}"
  mkdir -p "$target"
  # A file that names another by its plain path would miss it: only the templates see the manifest.
  if grep -rnE --include='*.css' "url\(['\"]?[^'\")]" "$public" | grep -v 'url(.\?data:'; then
    die "stylesheets may not point to other files (see above)"
  fi
  while IFS= read -r path; do
    hashed=$path
    if [[ $path == */* ]]; then
      hash=$(sha256sum "$public/$path" | cut -c1-8)
      hashed=${path%.*}.$hash.${path##*.}
    fi
    install -D -m 0644 "$public/$path" "$target/$hashed"
    case $path in
      *.css | *.js | *.svg | *.txt) gzip -9nk "$target/$hashed" ;;
    esac
    printf '%s %s\n' "$path" "$hashed" >>"$target/manifest.txt"
  done < <(cd "$public" && find . -type f -name '[!.]*' -printf '%P\n' | LC_ALL=C sort)
  [[ -s $target/manifest.txt ]] || : >"$target/manifest.txt"
}
