#include "cuda/error.h"

#include "frame/error.h"

namespace samwire::cuda {
namespace {

std::string free_memory() {
  std::size_t free = 0, total = 0;
  if (cudaMemGetInfo(&free, &total) != cudaSuccess) {
    cudaGetLastError();
    return "";
  }
  constexpr std::size_t kMiB = 1 << 20;
  return "; " + std::to_string(free / kMiB) + " of " + std::to_string(total / kMiB) +
         " MiB of the device's memory are free";
}

}  // namespace

// The errors that CUDA's documentation ends with "the process must be terminated and relaunched",
// those that say that the device or its context is gone, and "unknown", which is what a driver that
// was restarted under the process answers.
bool is_sticky(cudaError_t error) noexcept {
  // Contained, TensorMemoryLeak, MpsClientTerminated and ExternalDevice, which older headers lack.
  const int number = error;
  if (number == 226 || number == 721 || number == 810 || number == 911) return true;
  switch (error) {
    case cudaErrorCudartUnloading:
    case cudaErrorDevicesUnavailable:
    case cudaErrorECCUncorrectable:
    case cudaErrorNvlinkUncorrectable:
    case cudaErrorIllegalAddress:
    case cudaErrorLaunchTimeout:
    case cudaErrorContextIsDestroyed:
    case cudaErrorAssert:
    case cudaErrorHardwareStackError:
    case cudaErrorIllegalInstruction:
    case cudaErrorMisalignedAddress:
    case cudaErrorInvalidAddressSpace:
    case cudaErrorInvalidPc:
    case cudaErrorLaunchFailure:
    case cudaErrorUnknown:
      return true;
    default:
      return false;
  }
}

void check(cudaError_t error, const std::string& what) {
  if (error == cudaSuccess) return;
  cudaGetLastError();
  std::string message =
      what + " failed: " + cudaGetErrorName(error) + " (" + cudaGetErrorString(error) + ")";
  if (error == cudaErrorMemoryAllocation) message += free_memory();
  throw Error(is_sticky(error) ? "device_failed" : "model_failed", message);
}

}  // namespace samwire::cuda
