#!/usr/bin/env bash
# Everything that a bare clone needs before it can run: system packages, npm packages, the addon, the compiled
# TypeScript. Each step is skipped when nothing that it depends on has changed since it last succeeded.
#   scripts/setup.sh          what `npm run demo` needs
#   scripts/setup.sh --test   also what `npm test` needs
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

run_packages=(
  build-essential cmake pkg-config
  libgstreamer1.0-dev libgstreamer-plugins-base1.0-dev
  gstreamer1.0-plugins-base gstreamer1.0-plugins-good gstreamer1.0-plugins-bad gstreamer1.0-libav
)
test_packages=(
  clang-format git libgtest-dev libgstrtspserver-1.0-dev mosquitto openssl strace
  gstreamer1.0-tools gstreamer1.0-plugins-ugly gstreamer1.0-rtsp python3-numpy prometheus systemd
)
# The page is tested in a browser. Ubuntu's package of this name is a snap, which a container can't install: the tests
# say that they are skipped there, or take Google's Chrome where it is installed.
browser_packages=(chromium fonts-dejavu-core)
packages=("${run_packages[@]}")
if [ "${1:-}" = "--test" ]; then
  packages+=("${test_packages[@]}")
  if grep -qx 'ID=debian' /etc/os-release 2>/dev/null; then packages+=("${browser_packages[@]}"); fi
fi

say() { printf 'samwire set-up: %s\n' "$*" >&2; }

node_major=$(node -p 'process.versions.node.split(".")[0]' 2>/dev/null || echo 0)
if ! node -e 'const [major, minor] = process.versions.node.split(".").map(Number); process.exit(major > 20 || (major === 20 && minor >= 19) ? 0 : 1)' 2>/dev/null; then
  say "Node 20.19 or newer is needed, found $(node --version 2>/dev/null || echo none). See https://nodejs.org/en/download."
  exit 69
fi

install_system_packages() {
  local missing=() package
  if ! command -v dpkg-query >/dev/null; then
    say "this is not a Debian or Ubuntu machine: install the equivalents of ${packages[*]} by hand, then go on."
    return
  fi
  for package in "${packages[@]}"; do
    dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed || missing+=("$package")
  done
  [ ${#missing[@]} -eq 0 ] && return
  local install="apt-get install -y --no-install-recommends ${missing[*]}"
  local sudo=()
  if [ "$(id -u)" -ne 0 ]; then
    say "${#missing[@]} system packages are missing; apt installs them, with sudo: ${missing[*]}"
    sudo=(sudo)
    # Without a terminal sudo cannot ask for a password.
    [ -t 0 ] || sudo+=(-n)
    if ! command -v sudo >/dev/null || ! "${sudo[@]}" env true; then
      say "I may not install them. Run this, then try again:"
      printf '\n  sudo apt-get update && sudo %s\n\n' "$install" >&2
      exit 69
    fi
  fi
  say "installing ${#missing[@]} system packages (a minute or two)"
  local apt=(${sudo[@]+"${sudo[@]}"} env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300)
  # A machine that is thrown away need not be whole after a power cut: unpacking waits for the disk otherwise.
  if [ -n "${CI:-}" ]; then apt+=(-o Dpkg::Options::=--force-unsafe-io); fi
  local log; log=$(mktemp)
  if ! { "${apt[@]}" update && "${apt[@]}" ${install#apt-get }; } >"$log" 2>&1; then
    tail -n 20 "$log" >&2
    say "apt failed (whole log: $log). Mend it, or run: sudo apt-get update && sudo $install"
    exit 69
  fi
  rm -f "$log"
  # Debian starts what it installs, this one on every network; the tests start their own on loopback.
  if [[ " ${missing[*]} " == *" prometheus "* ]] && [ -d /run/systemd/system ]; then
    ${sudo[@]+"${sudo[@]}"} systemctl disable --now prometheus.service >/dev/null 2>&1 || true
  fi
}

# once STAMP "what is done" "files that it depends on" command…: runs the command unless the files' contents and
# names are those of its last success.
once() {
  local stamp=".setup/$1" what=$2 inputs=$3 now
  shift 3
  # shellcheck disable=SC2086
  now=$(find $inputs -type f -print0 2>/dev/null | LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum)
  now="$now node $node_major $(uname -m)"
  [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$now" ] && return
  say "$what"
  mkdir -p .setup
  rm -f "$stamp"
  "$@"
  printf '%s' "$now" >"$stamp"
}

# A long log says its reason at either end: npm's at the start, the compiler's anywhere, make's at the end.
quietly() {
  local log; log=$(mktemp)
  if ! "$@" >"$log" 2>&1; then
    if [ "$(wc -l <"$log")" -le 60 ]; then cat "$log" >&2; else
      head -n 20 "$log" >&2; printf '  …\n' >&2
      grep -E -A 3 'error:|CMake Error' "$log" | head -n 20 >&2 || true
      printf '  …\n' >&2; tail -n 10 "$log" >&2
    fi
    say "failed: $* (whole log: $log)"
    exit 1
  fi
  rm -f "$log"
}

# onnxruntime-node would otherwise download its CUDA parts where it sees a CUDA toolkit; the CPU part is in the package.
export ONNXRUNTIME_NODE_INSTALL=skip
# Four compilers at most: each takes up to 0.5 GB, and boards have 4 GB.
cores=$(nproc)
export CMAKE_BUILD_PARALLEL_LEVEL="${CMAKE_BUILD_PARALLEL_LEVEL:-$((cores < 4 ? cores : 4))}"

# npm wants a cache that it can write; a home directory that is read-only, or none, has no place for one.
npm_ci() {
  # npm ci would empty the folder that a link points to, which may be another clone's.
  if [ -L node_modules ]; then rm node_modules; fi
  local cache=${npm_config_cache:-${HOME:-}/.npm}
  if mkdir -p "$cache" 2>/dev/null && [ -w "$cache" ]; then
    quietly npm ci --no-audit --no-fund
  else
    quietly npm ci --no-audit --no-fund --cache .setup/npm-cache
    rm -rf .setup/npm-cache
  fi
}

# The files that say which TensorRT and CUDA the addon is built with (cmake/tensorrt.cmake), where there are any.
sdk_files() {
  local file
  for file in ${TENSORRT_ROOT:+"$TENSORRT_ROOT/include/NvInferVersion.h"} /usr/include/NvInferVersion.h \
    /usr/include/*-linux-gnu/NvInferVersion.h "${CUDACXX:-}" "$(command -v nvcc)" /usr/local/cuda/bin/nvcc; do
    if [ -f "$file" ]; then printf ' %s' "$file"; fi
  done
}

install_system_packages
[ -d node_modules ] || rm -f .setup/npm
[ -f build/Release/samwire.node ] || rm -f .setup/native
[ -f dist/cli/main.js ] || rm -f .setup/typescript
[ -f dist/console/index.html ] || rm -f .setup/console
once npm 'installing npm packages (npm ci, half a minute)' 'package.json package-lock.json' npm_ci
once native 'building the native addon (a minute)' "CMakeLists.txt cmake native package.json package-lock.json$(sdk_files)" \
  quietly npm run --silent build:native
once typescript 'compiling TypeScript' 'tsconfig.json src package-lock.json' \
  quietly npm run --silent build:ts
once console 'building the console' 'console src/outputs/palette.ts src/remedies.ts package-lock.json' \
  quietly npm run --silent build:console
