#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "doubles/cuda/state.h"

namespace samwire::doubles {
namespace {

constexpr std::size_t kPage = 4096;
constexpr std::size_t kPinnedAlignment = 4096;

std::size_t whole_pages(std::size_t size) { return (size + kPage - 1) / kPage * kPage; }

bool is_device(State& s, const void* data, std::size_t size) {
  const Block* block = find_block(s, data, size);
  return block != nullptr && (block->device || block->mapped);
}

bool is_pageable(State& s, const void* data) { return find_block(s, data, 1) == nullptr; }

// What CUDA checks of a copy's two ends; also that they end within their block.
cudaError_t check_copy(State& s, const void* dst, const void* src, std::size_t size,
                       cudaMemcpyKind kind) {
  const bool to_device = kind == cudaMemcpyHostToDevice || kind == cudaMemcpyDeviceToDevice;
  const bool from_device = kind == cudaMemcpyDeviceToHost || kind == cudaMemcpyDeviceToDevice;
  if (kind < cudaMemcpyHostToHost || kind > cudaMemcpyDefault) {
    return cudaErrorInvalidMemcpyDirection;
  }
  if (kind == cudaMemcpyDefault || size == 0) return cudaSuccess;
  const auto fits = [&](const void* data, bool device) {
    if (device) return is_device(s, data, size);
    const Block* at = find_block(s, data, 1);
    return at == nullptr || (!at->device && find_block(s, data, size) != nullptr);
  };
  return fits(dst, to_device) && fits(src, from_device) ? cudaSuccess : cudaErrorInvalidValue;
}

cudaError_t copy_async(Call& call, void* dst, std::size_t dst_pitch, const void* src,
                       std::size_t src_pitch, std::size_t width, std::size_t height,
                       cudaMemcpyKind kind, cudaStream_t handle) {
  if (call.error != cudaSuccess) return call.error;
  if (width > dst_pitch || width > src_pitch) return call.done(cudaErrorInvalidValue);
  if (width == 0 || height == 0) return cudaSuccess;
  const std::size_t dst_size = (height - 1) * dst_pitch + width;
  const std::size_t src_size = (height - 1) * src_pitch + width;
  cudaError_t error = check_copy(call.s, dst, src, std::max(width, std::size_t{1}), kind);
  if (error == cudaSuccess && find_block(call.s, dst, 1) != nullptr &&
      find_block(call.s, dst, dst_size) == nullptr) {
    error = cudaErrorInvalidValue;
  }
  if (error == cudaSuccess && find_block(call.s, src, 1) != nullptr &&
      find_block(call.s, src, src_size) == nullptr) {
    error = cudaErrorInvalidValue;
  }
  if (error != cudaSuccess) return call.done(error);
  CUstream_st& stream = stream_of(call.s, handle);
  auto rows = [=](const std::byte* from) {
    for (std::size_t y = 0; y < height; ++y) {
      std::memcpy(static_cast<std::byte*>(dst) + y * dst_pitch, from + y * src_pitch, width);
    }
    return cudaSuccess;
  };
  const auto* bytes = static_cast<const std::byte*>(src);
  if (is_pageable(call.s, src) && !stream.capture) {
    // CUDA has copied pageable memory aside when it returns.
    auto aside = std::make_shared<std::vector<std::byte>>(bytes, bytes + src_size);
    error = push(stream, [rows, aside] { return rows(aside->data()); });
  } else {
    error = push(stream, [rows, bytes] { return rows(bytes); });
  }
  // ... and to pageable memory it returns when the copy is done.
  if (error == cudaSuccess && is_pageable(call.s, dst) && !stream.capture) {
    error = drain(call.s, stream);
  }
  return call.done(error);
}

cudaError_t take_memory_fault(Call& call) {
  if (call.error != cudaSuccess) return call.error;
  cudaError_t error = take_fault(call.s, "allocation");
  if (error == cudaSuccess) error = refuse_in_capture(call.s);
  return error;
}

cudaError_t release(Call& call, void* data, bool device) {
  if (data == nullptr) return call.error;
  const auto found = call.s.blocks.find(reinterpret_cast<std::uintptr_t>(data));
  if (found == call.s.blocks.end() || found->second.device != device) {
    call.s.misuse.push_back("memory that is not there was freed");
    return call.done(cudaErrorInvalidValue);
  }
  // As CUDA: what uses the memory is finished first. Freed also where the call fails, since the
  // owner can't try again.
  drain_all(call.s);
  const Block block = found->second;
  call.s.blocks.erase(found);
  if (device) {
    munmap(data, block.pages);
    call.s.device_bytes -= block.size;
    --call.s.objects["device memory"];
  } else {
    std::free(data);
    --call.s.objects["host memory"];
  }
  return call.error;
}

}  // namespace

void open_device_memory(State& s, bool open) {
  s.opened += open ? 1 : -1;
  if (s.opened != (open ? 1 : 0)) return;
  for (const auto& [address, block] : s.blocks) {
    if (block.device) {
      mprotect(reinterpret_cast<void*>(address), block.pages,
               open ? PROT_READ | PROT_WRITE : PROT_NONE);
    }
  }
}

const Block* find_block(State& s, const void* data, std::size_t size) {
  const auto address = reinterpret_cast<std::uintptr_t>(data);
  auto after = s.blocks.upper_bound(address);
  if (after == s.blocks.begin()) return nullptr;
  --after;
  return address + size <= after->first + after->second.size ? &after->second : nullptr;
}

}  // namespace samwire::doubles

using namespace samwire::doubles;

cudaError_t cudaMalloc(void** devPtr, std::size_t size) {
  Call call("cudaMalloc");
  *devPtr = nullptr;
  if (const cudaError_t error = take_memory_fault(call); error != cudaSuccess) {
    return call.done(error);
  }
  if (size == 0) return cudaSuccess;
  if (call.s.device_bytes + size > call.s.memory_limit) return call.done(cudaErrorMemoryAllocation);
  const std::size_t pages = whole_pages(size);
  void* data = mmap(nullptr, pages, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (data == MAP_FAILED) return call.done(cudaErrorMemoryAllocation);
  call.s.blocks[reinterpret_cast<std::uintptr_t>(data)] = {size, pages, true, false};
  call.s.device_bytes += size;
  call.s.peak_device_bytes = std::max(call.s.peak_device_bytes, call.s.device_bytes);
  ++call.s.objects["device memory"];
  *devPtr = data;
  return cudaSuccess;
}

cudaError_t cudaFree(void* devPtr) {
  Call call("cudaFree");
  return release(call, devPtr, true);
}

cudaError_t cudaHostAlloc(void** pHost, std::size_t size, unsigned int flags) {
  Call call("cudaHostAlloc");
  *pHost = nullptr;
  if (const cudaError_t error = take_memory_fault(call); error != cudaSuccess) {
    return call.done(error);
  }
  if (size == 0) return cudaSuccess;
  void* data = std::aligned_alloc(kPinnedAlignment, whole_pages(size));
  if (data == nullptr) return call.done(cudaErrorMemoryAllocation);
  std::memset(data, 0xA5, size);  // not zero, as recycled memory is not
  call.s.blocks[reinterpret_cast<std::uintptr_t>(data)] = {size, 0, false,
                                                           (flags & cudaHostAllocMapped) != 0};
  ++call.s.objects["host memory"];
  *pHost = data;
  return cudaSuccess;
}

cudaError_t cudaFreeHost(void* ptr) {
  Call call("cudaFreeHost");
  return release(call, ptr, false);
}

cudaError_t cudaHostGetDevicePointer(void** pDevice, void* pHost, unsigned int) {
  Call call("cudaHostGetDevicePointer");
  *pDevice = nullptr;
  if (call.error != cudaSuccess) return call.error;
  const Block* block = find_block(call.s, pHost, 1);
  if (block == nullptr || !block->mapped) return call.done(cudaErrorInvalidValue);
  *pDevice = pHost;
  return cudaSuccess;
}

cudaError_t cudaMemGetInfo(std::size_t* free, std::size_t* total) {
  Call call("cudaMemGetInfo");
  *total = call.s.memory_limit;
  *free = call.s.memory_limit - std::min(call.s.memory_limit, call.s.device_bytes);
  return call.error;
}

cudaError_t cudaMemcpy(void* dst, const void* src, std::size_t count, enum cudaMemcpyKind kind) {
  Call call("cudaMemcpy");
  if (call.error != cudaSuccess) return call.error;
  cudaError_t error = refuse_in_capture(call.s);
  if (error == cudaSuccess) error = check_copy(call.s, dst, src, count, kind);
  if (error == cudaSuccess) error = drain(call.s, *call.s.default_stream);
  if (error != cudaSuccess) return call.done(error);
  open_device_memory(call.s, true);
  std::memcpy(dst, src, count);
  open_device_memory(call.s, false);
  return cudaSuccess;
}

cudaError_t cudaMemcpyAsync(void* dst, const void* src, std::size_t count, enum cudaMemcpyKind kind,
                            cudaStream_t stream) {
  Call call("cudaMemcpyAsync");
  return copy_async(call, dst, count, src, count, count, 1, kind, stream);
}

cudaError_t cudaMemcpy2DAsync(void* dst, std::size_t dpitch, const void* src, std::size_t spitch,
                              std::size_t width, std::size_t height, enum cudaMemcpyKind kind,
                              cudaStream_t stream) {
  Call call("cudaMemcpy2DAsync");
  return copy_async(call, dst, dpitch, src, spitch, width, height, kind, stream);
}

cudaError_t cudaMemset(void* devPtr, int value, std::size_t count) {
  Call call("cudaMemset");
  if (call.error != cudaSuccess) return call.error;
  if (!is_device(call.s, devPtr, count)) return call.done(cudaErrorInvalidValue);
  open_device_memory(call.s, true);
  std::memset(devPtr, value, count);
  open_device_memory(call.s, false);
  return cudaSuccess;
}

cudaError_t cudaMemsetAsync(void* devPtr, int value, std::size_t count, cudaStream_t stream) {
  Call call("cudaMemsetAsync");
  if (call.error != cudaSuccess) return call.error;
  if (!is_device(call.s, devPtr, count)) return call.done(cudaErrorInvalidValue);
  return call.done(push(stream_of(call.s, stream), [=] {
    std::memset(devPtr, value, count);
    return cudaSuccess;
  }));
}
