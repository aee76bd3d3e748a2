#pragma once

#include <cstdint>
#include <cstring>

// Functions that the device runs under nvcc and that the CPU's launcher runs in the tests
// (tests/native/doubles/cuda/launch.cc). Inlined by force: a job that is passed by reference to a
// real call would be copied from the constant bank into each thread's local memory.
#if defined(__CUDACC__)
#define SAMWIRE_HD __host__ __device__ __forceinline__
#else
#define SAMWIRE_HD inline
#endif

namespace samwire::cuda {

template <class T>
SAMWIRE_HD T smaller(T a, T b) {
  return b < a ? b : a;
}

template <class T>
SAMWIRE_HD T larger(T a, T b) {
  return a < b ? b : a;
}

// A number in memory that is aligned for it, in one load.
template <class T>
SAMWIRE_HD T load(const std::uint8_t* at) {
#if defined(__CUDA_ARCH__)
  return *reinterpret_cast<const T*>(at);
#else
  T value;
  std::memcpy(&value, at, sizeof value);
  return value;
#endif
}

SAMWIRE_HD int clamp_level(int v, int low, int high) { return smaller(larger(v, low), high); }

}  // namespace samwire::cuda
