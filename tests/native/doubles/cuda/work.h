#pragma once

#include <cuda_runtime_api.h>

#include <cstddef>
#include <functional>
#include <string>

namespace samwire::doubles {

// What a kernel launch is here: `work` runs when the stream comes to it, with the device's memory
// open. While the stream is captured it becomes part of the graph. `work` calls no CUDA function.
// The error is that of a launch (lost device, injected); `function` is its name for fail() and
// calls().
cudaError_t submit(cudaStream_t stream, std::function<void()> work,
                   const char* function = "cudaLaunchKernel");

// Work that may fail while it runs.
cudaError_t submit_fallible(cudaStream_t stream, std::function<cudaError_t()> work,
                            const char* function);

// For the double of TensorRT: it shares faults and counters.
void count_object(const char* kind, int change);
void report_misuse(const std::string& what);
// True when this call of `function` shall fail.
bool fails(const char* function);
bool is_capturing(cudaStream_t stream);
void invalidate_capture(cudaStream_t stream);
std::string device_name();
void device_capability(int& major, int& minor);
int dla_cores();  // Orin NX's two on an integrated device, else none

// For work itself, which runs under the double's lock.
namespace work {
// The bytes lie in one block that the device may use.
bool can_reach(const void* data, std::size_t size);
// True when this run of an engine is the one that loses the device.
bool breaks_device();
std::string wrong();
}  // namespace work

}  // namespace samwire::doubles
