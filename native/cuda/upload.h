#pragma once

#include <cuda_runtime_api.h>

#include <cstddef>
#include <cstring>
#include <vector>

#include "cuda/error.h"
#include "cuda/memory.h"

namespace samwire::cuda {

// Tables side by side in one piece of device memory: add() all, upload(), then address by offset.
class TableLayout {
 public:
  template <class T>
  std::size_t add(const std::vector<T>& table) {
    const std::size_t at = (bytes_.size() + 15) / 16 * 16;
    bytes_.resize(at + table.size() * sizeof(T));
    if (!table.empty()) std::memcpy(bytes_.data() + at, table.data(), table.size() * sizeof(T));
    return at;
  }

  // Waits for the copy: where the GPU reads pageable memory by itself (Thor), CUDA does not promise
  // to have taken it when cudaMemcpyAsync returns.
  DeviceMemory upload(cudaStream_t stream, const char* what) const {
    DeviceMemory memory(bytes_.size(), what);
    check(cudaMemcpyAsync(memory.data(), bytes_.data(), bytes_.size(), cudaMemcpyHostToDevice,
                          stream),
          "Copying tables to the device");
    check(cudaStreamSynchronize(stream), "Copying tables to the device");
    return memory;
  }

 private:
  std::vector<std::byte> bytes_;
};

}  // namespace samwire::cuda
