#pragma once

#include <cuda_runtime_api.h>

#include <cstdio>
#include <string>
#include <vector>

#include "cuda/error.h"
#include "cuda/memory.h"
#include "cuda/stream.h"

// What the parts of the program share: no GoogleTest, so that a machine with nothing but CUDA's
// toolkit and a compiler can run it.
namespace samwire::gpu_testing {

class Report {
 public:
  void expect(bool holds, const std::string& what) {
    ++checks_;
    if (holds) return;
    ++failures_;
    constexpr int kShown = 20;
    if (failures_ <= kShown) std::printf("FAILED: %s\n", what.c_str());
  }
  int checks() const { return checks_; }
  int failures() const { return failures_; }

 private:
  int checks_ = 0, failures_ = 0;
};

// Device memory of exactly these elements, so that compute-sanitizer sees one read too many.
template <class T>
cuda::DeviceMemory uploaded(const std::vector<T>& values, const cuda::Stream& stream) {
  cuda::DeviceMemory memory(values.size() * sizeof(T), "test data");
  cuda::check(cudaMemcpyAsync(memory.data(), values.data(), memory.size_bytes(),
                              cudaMemcpyHostToDevice, stream.get()),
              "Copying test data to the device");
  stream.synchronize();
  return memory;
}

template <class T>
std::vector<T> downloaded(const cuda::DeviceMemory& memory, const cuda::Stream& stream) {
  std::vector<T> values(memory.size_bytes() / sizeof(T));
  cuda::check(cudaMemcpyAsync(values.data(), memory.data(), memory.size_bytes(),
                              cudaMemcpyDeviceToHost, stream.get()),
              "Copying results from the device");
  stream.synchronize();
  return values;
}

void check_preprocess(Report& report);
void check_masks(Report& report);
void check_graphs(Report& report);
void bench();

}  // namespace samwire::gpu_testing
