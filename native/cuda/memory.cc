#include "cuda/memory.h"

#include <cuda_runtime_api.h>

#include <atomic>
#include <string>

#include "cuda/error.h"

namespace samwire::cuda {
namespace {

std::atomic<std::size_t> device_bytes{0}, host_bytes{0}, allocations{0};

std::string attempt(std::size_t size_bytes, const char* where, const char* what) {
  return "Allocating " + std::to_string(size_bytes) + " bytes of " + where + " for " + what;
}

}  // namespace

MemoryStats memory_stats() noexcept { return {device_bytes, host_bytes, allocations}; }

void look_at_memory(std::size_t& free_bytes, std::size_t& total_bytes) {
  check(cudaMemGetInfo(&free_bytes, &total_bytes), "Asking the device for its memory");
}

DeviceMemory::DeviceMemory(std::size_t size_bytes, const char* what) {
  if (size_bytes == 0) return;
  check(cudaMalloc(&data_, size_bytes), attempt(size_bytes, "device memory", what));
  size_ = size_bytes;
  device_bytes += size_;
  ++allocations;
}

DeviceMemory::~DeviceMemory() {
  if (data_ == nullptr) return;
  cudaFree(data_);
  device_bytes -= size_;
}

HostMemory::HostMemory(std::size_t size_bytes, bool mapped, const char* what) {
  if (size_bytes == 0) return;
  check(cudaHostAlloc(&data_, size_bytes, mapped ? cudaHostAllocMapped : cudaHostAllocDefault),
        attempt(size_bytes, "page-locked memory", what));
  if (mapped) {
    const cudaError_t error = cudaHostGetDevicePointer(&device_, data_, 0);
    if (error != cudaSuccess) cudaFreeHost(data_);
    check(error, std::string("Mapping page-locked memory for ") + what);
  }
  size_ = size_bytes;
  host_bytes += size_;
  ++allocations;
}

HostMemory::~HostMemory() {
  if (data_ == nullptr) return;
  cudaFreeHost(data_);
  host_bytes -= size_;
}

}  // namespace samwire::cuda
