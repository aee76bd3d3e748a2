#pragma once

#include <cstddef>
#include <utility>

namespace samwire::cuda {

// What cudaMalloc aligns to, and TensorRT's kernels expect of their inputs.
inline constexpr std::size_t kAlignment = 256;

// Rounded up to it.
constexpr std::size_t aligned(std::size_t bytes) {
  return (bytes + kAlignment - 1) / kAlignment * kAlignment;
}

// What this process holds through the two classes below, and how often they have allocated: a
// service that has warmed up allocates no more.
struct MemoryStats {
  std::size_t device_bytes = 0, host_bytes = 0;
  std::size_t allocations = 0;
};
MemoryStats memory_stats() noexcept;  // thread-safe

// Of the calling thread's device, other processes' share taken off what is free. Throws as check().
void look_at_memory(std::size_t& free_bytes, std::size_t& total_bytes);

// Memory of the device (cudaMalloc). Move-only; freed with its owner. Empty when default-made.
class DeviceMemory {
 public:
  DeviceMemory() = default;
  // Throws as check(); `what` names the buffer in the message.
  DeviceMemory(std::size_t size_bytes, const char* what);
  ~DeviceMemory();
  DeviceMemory(DeviceMemory&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  DeviceMemory& operator=(DeviceMemory&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    return *this;
  }

  template <typename T = void>
  T* data() const noexcept {
    return static_cast<T*>(data_);
  }
  std::size_t size_bytes() const noexcept { return size_; }

 private:
  void* data_ = nullptr;
  std::size_t size_ = 0;
};

// Page-locked memory of the host (cudaHostAlloc). `mapped`: the device reads and writes it in place
// (for integrated GPUs, where that saves a copy).
class HostMemory {
 public:
  HostMemory() = default;
  HostMemory(std::size_t size_bytes, bool mapped, const char* what);
  ~HostMemory();
  HostMemory(HostMemory&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)),
        device_(std::exchange(other.device_, nullptr)),
        size_(std::exchange(other.size_, 0)) {}
  HostMemory& operator=(HostMemory&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(device_, other.device_);
    std::swap(size_, other.size_);
    return *this;
  }

  template <typename T = void>
  T* data() const noexcept {
    return static_cast<T*>(data_);
  }
  // The same memory as the device sees it; null unless mapped.
  template <typename T = void>
  T* device() const noexcept {
    return static_cast<T*>(device_);
  }
  std::size_t size_bytes() const noexcept { return size_; }

 private:
  void* data_ = nullptr;
  void* device_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace samwire::cuda
