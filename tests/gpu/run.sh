#!/bin/sh
# Builds the kernels' test program with nvcc and g++ alone (no CMake, no GStreamer), and runs its
# checks, its checks under compute-sanitizer where that is found, and its bench.
#
#   tests/gpu/run.sh            build and run
#   tests/gpu/run.sh build      build only
#
# Environment: NVCC (else from PATH or /usr/local/cuda/bin), CXX (g++), ARCH (native where nvcc sees
# a GPU, else sm_87), OUT (build/gpu). Exit code 77: skipped, no nvcc or no GPU.
set -eu
cd "$(dirname "$0")/../.."

NVCC=${NVCC:-$(command -v nvcc || echo /usr/local/cuda/bin/nvcc)}
if [ ! -x "$NVCC" ]; then
  echo "SKIPPED: no nvcc here (set NVCC, or install CUDA's toolkit)"
  exit 77
fi
CXX=${CXX:-g++}
OUT=${OUT:-build/gpu}
if [ -z "${ARCH:-}" ]; then
  ARCH=sm_87
  if command -v nvidia-smi >/dev/null && nvidia-smi -L >/dev/null 2>&1; then ARCH=native; fi
fi
# nvcc may be a wrapper: it knows best where its headers are.
INCLUDE=$("$NVCC" --dryrun -x cu /dev/null 2>&1 | sed -n 's/^#\$ INCLUDES="-I\([^"]*\)".*/\1/p')
mkdir -p "$OUT"

sources="
  native/cuda/bits.cc native/cuda/device.cc native/cuda/error.cc native/cuda/graph.cc
  native/cuda/mask.cc native/cuda/memory.cc native/cuda/preprocess.cc native/cuda/stream.cc
  native/image/placement.cc native/image/reference.cc native/image/resample.cc native/image/view.cc
  native/mask/lowres.cc native/mask/reference.cc native/mask/rle.cc native/mask/sampling.cc
  tests/gpu/bench.cc tests/gpu/check_masks.cc tests/gpu/check_preprocess.cc tests/gpu/main.cc"
objects=""
for source in $sources; do
  object="$OUT/$(echo "$source" | tr / _).o"
  "$CXX" -std=c++20 -O2 -g -ffp-contract=off -Wall -Wextra -Inative -Itests -isystem "$INCLUDE" \
    -c "$source" -o "$object"
  objects="$objects $object"
done
for source in native/cuda/mask.cu native/cuda/preprocess.cu; do
  object="$OUT/$(echo "$source" | tr / _).o"
  "$NVCC" -std=c++17 -O3 -lineinfo -arch="$ARCH" -Inative -c "$source" -o "$object"
  objects="$objects $object"
done
# shellcheck disable=SC2086 # a list
"$NVCC" -arch="$ARCH" -o "$OUT/kernels" $objects
[ "${1:-}" = build ] && exit 0

"$OUT/kernels" check
sanitizer=$(command -v compute-sanitizer || echo "$INCLUDE/../../../bin/compute-sanitizer")
if [ -x "$sanitizer" ]; then
  for tool in memcheck racecheck initcheck synccheck; do
    echo "compute-sanitizer --tool $tool"
    "$sanitizer" --tool "$tool" --error-exitcode 1 "$OUT/kernels" check
  done
else
  echo "SKIPPED: compute-sanitizer is not here"
fi
"$OUT/kernels" bench
