#include "cuda/device.h"

#include <cuda_runtime_api.h>

#include "cuda/error.h"

namespace samwire::cuda {
namespace {

std::string text_of(cudaError_t error) {
  cudaGetLastError();
  return std::string(cudaGetErrorString(error)) + " (" + cudaGetErrorName(error) + ")";
}

std::string found(int count) {
  std::string text = std::to_string(count) + (count == 1 ? " GPU: 0" : " GPUs: 0");
  if (count > 1) text += " to " + std::to_string(count - 1);
  return text;
}

}  // namespace

std::optional<Device> find_device(int index, std::string& why_not) {
  Device device;
  device.index = index;
  cudaError_t error = cudaDriverGetVersion(&device.driver_version);
  if (error == cudaSuccess && device.driver_version == 0) error = cudaErrorInsufficientDriver;
  if (error != cudaSuccess) {
    why_not = "no CUDA driver: " + text_of(error);
    return std::nullopt;
  }
  int count = 0;
  error = cudaGetDeviceCount(&count);
  if (error == cudaErrorNoDevice || (error == cudaSuccess && count == 0)) {
    cudaGetLastError();
    why_not = "no GPU";
    return std::nullopt;
  }
  if (error == cudaSuccess && (index < 0 || index >= count)) {
    why_not = "expected device " + std::to_string(index) + ", found " + found(count);
    return std::nullopt;
  }
  cudaDeviceProp properties{};
  if (error == cudaSuccess) error = cudaGetDeviceProperties(&properties, index);
  if (error == cudaSuccess) error = cudaRuntimeGetVersion(&device.runtime_version);
  if (error != cudaSuccess) {
    why_not = "the GPU can't be used: " + text_of(error);
    return std::nullopt;
  }
  device.name = properties.name;
  device.major = properties.major;
  device.minor = properties.minor;
  device.integrated = properties.integrated != 0;
  device.memory_bytes = properties.totalGlobalMem;
  return device;
}

void use_device(int index) {
  const std::string name = "device " + std::to_string(index);
  check(cudaSetDevice(index), "Choosing " + name);
  check(cudaSetDeviceFlags(cudaDeviceScheduleBlockingSync), "Setting up " + name);
}

}  // namespace samwire::cuda
