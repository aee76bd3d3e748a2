#pragma once

#include <cstddef>
#include <optional>
#include <string>

namespace samwire::cuda {

// What an engine depends on, and what `samwire doctor` tells of a GPU.
struct Device {
  int index = 0;
  std::string name;          // "Orin", "NVIDIA H200"
  int major = 0, minor = 0;  // compute capability
  bool integrated = false;   // shares the CPU's memory: small results need no copy
  std::size_t memory_bytes = 0;
  int driver_version = 0;  // CUDA version that the driver serves, as 12060
  int runtime_version = 0;
};

// The device, or nullopt with the reason in `why_not` ("no CUDA driver: ...", "no GPU", "expected
// device 1, found 1 GPU: 0"). Throws nothing and makes no context.
std::optional<Device> find_device(int index, std::string& why_not);

// Makes the device this thread's, and lets threads that wait for it sleep instead of spin. First
// call of every thread that uses CUDA. Throws as check().
void use_device(int index);

}  // namespace samwire::cuda
