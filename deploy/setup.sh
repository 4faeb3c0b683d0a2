# Sourced by deploy/quickstart and deploy/test: installs what is missing and builds.
# Every stop is one plain sentence on standard error.

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

say() { printf '\033[1m== %s\033[0m\n' "$*" | if [ -t 1 ]; then cat; else sed 's/\x1b\[[0-9]*m//g'; fi; }
stop() {
  printf 'rnnfarm: %s\n' "$*" >&2
  exit 1
}

as_root() {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    stop "installing packages takes root; run this as root or install sudo."
  fi
}

# Installs the packages of the named lists that are missing.
install_packages() {
  command -v apt-get >/dev/null || stop "this needs Debian 12's apt-get, which is not here; \
install the packages of $* by hand and run the cmake commands of the README."
  local wanted missing=()
  wanted=$(sed -e 's/#.*//' -e '/^[[:space:]]*$/d' "$@")
  for package in $wanted; do
    dpkg-query -W -f '${db:Status-Status}\n' "$package" 2>/dev/null | grep -qx installed || missing+=("$package")
  done
  [ "${#missing[@]}" = 0 ] && return
  say "installing ${#missing[@]} packages: ${missing[*]}"
  as_root apt-get update -q || stop "apt-get update failed; check the network and /etc/apt."
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${missing[@]}" ||
    stop "apt-get could not install the packages above; this needs Debian 12 (bookworm), main."
}

# Builds the preset $1 with all processors, the further targets only if there are any; ccache, where
# it is, makes a second time quick.
build() {
  local preset=$1 begin=$SECONDS
  shift
  say "building (preset $preset)"
  export CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
  cmake --preset "$preset" >"build-$preset.log" 2>&1 || {
    cat "build-$preset.log" >&2
    stop "cmake could not configure; its output is above."
  }
  rm -f "build-$preset.log"
  cmake --build --preset "$preset" -j "$(nproc)" ${@:+--target "$@"} || stop "the build failed; the compiler's message is above."
  say "built in $((SECONDS - begin)) s"
}
