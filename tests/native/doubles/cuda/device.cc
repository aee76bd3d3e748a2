#include <algorithm>
#include <cstring>

#include "doubles/cuda/state.h"
#include "doubles/cuda/work.h"

namespace samwire::doubles {
namespace {

// Orin's, so that plans and kernels meet the numbers that they will meet there.
constexpr int kMajor = 8, kMinor = 7, kMultiprocessors = 8;
constexpr int kDriverVersion = 12060;

}  // namespace

void device_capability(int& major, int& minor) {
  major = kMajor;
  minor = kMinor;
}

int dla_cores() {
  State& s = state();
  const std::lock_guard lock(s.mutex);
  return s.kind == DeviceKind::kIntegrated ? 2 : 0;
}

}  // namespace samwire::doubles

using namespace samwire::doubles;

cudaError_t cudaGetDeviceCount(int* count) {
  Call call("cudaGetDeviceCount");
  *count = call.error == cudaSuccess ? 1 : 0;
  return call.error;
}

cudaError_t cudaGetDevice(int* device) {
  Call call("cudaGetDevice");
  *device = 0;
  return call.error;
}

cudaError_t cudaSetDevice(int device) {
  Call call("cudaSetDevice");
  if (call.error != cudaSuccess) return call.error;
  return call.done(device == 0 ? cudaSuccess : cudaErrorInvalidDevice);
}

cudaError_t cudaSetDeviceFlags(unsigned int) { return Call("cudaSetDeviceFlags").error; }

cudaError_t cudaDeviceGetAttribute(int* value, enum cudaDeviceAttr attr, int device) {
  Call call("cudaDeviceGetAttribute");
  if (call.error != cudaSuccess) return call.error;
  if (device != 0) return call.done(cudaErrorInvalidDevice);
  switch (attr) {
    case cudaDevAttrMultiProcessorCount:
      *value = kMultiprocessors;
      break;
    case cudaDevAttrIntegrated:
      *value = call.s.kind == DeviceKind::kIntegrated;
      break;
    case cudaDevAttrCanMapHostMemory:
      *value = 1;
      break;
    case cudaDevAttrComputeCapabilityMajor:
      *value = kMajor;
      break;
    case cudaDevAttrComputeCapabilityMinor:
      *value = kMinor;
      break;
    default:
      return call.done(cudaErrorInvalidValue);
  }
  return cudaSuccess;
}

cudaError_t cudaGetDeviceProperties(struct cudaDeviceProp* prop, int device) {
  Call call("cudaGetDeviceProperties");
  if (call.error != cudaSuccess) return call.error;
  if (device != 0) return call.done(cudaErrorInvalidDevice);
  *prop = {};
  call.s.name.copy(prop->name, sizeof prop->name - 1);
  prop->totalGlobalMem = call.s.memory_limit;
  prop->major = kMajor;
  prop->minor = kMinor;
  prop->multiProcessorCount = kMultiprocessors;
  prop->integrated = call.s.kind == DeviceKind::kIntegrated;
  prop->canMapHostMemory = 1;
  prop->asyncEngineCount = 2;
  prop->l2CacheSize = 4 << 20;
  return cudaSuccess;
}

cudaError_t cudaDeviceGetStreamPriorityRange(int* leastPriority, int* greatestPriority) {
  Call call("cudaDeviceGetStreamPriorityRange");
  *leastPriority = 0;
  *greatestPriority = -5;
  return call.error;
}

cudaError_t cudaDeviceSynchronize() {
  Call call("cudaDeviceSynchronize");
  if (call.error != cudaSuccess) return call.error;
  if (const cudaError_t refused = refuse_in_capture(call.s); refused != cudaSuccess) {
    return call.done(refused);
  }
  return call.done(drain_all(call.s));
}

cudaError_t cudaDriverGetVersion(int* driverVersion) {
  Call call("cudaDriverGetVersion", false);
  *driverVersion = call.s.kind == DeviceKind::kNoDriver ? 0 : kDriverVersion;
  return call.error;
}

cudaError_t cudaRuntimeGetVersion(int* runtimeVersion) {
  Call call("cudaRuntimeGetVersion", false);
  *runtimeVersion = CUDART_VERSION;
  return call.error;
}

namespace {

struct ErrorText {
  cudaError_t error;
  const char *name, *text;
};

constexpr ErrorText kErrors[] = {
    {cudaSuccess, "cudaSuccess", "no error"},
    {cudaErrorInvalidValue, "cudaErrorInvalidValue", "invalid argument"},
    {cudaErrorMemoryAllocation, "cudaErrorMemoryAllocation", "out of memory"},
    {cudaErrorInitializationError, "cudaErrorInitializationError", "initialization error"},
    {cudaErrorInsufficientDriver, "cudaErrorInsufficientDriver",
     "CUDA driver version is insufficient for CUDA runtime version"},
    {cudaErrorNoDevice, "cudaErrorNoDevice", "no CUDA-capable device is detected"},
    {cudaErrorInvalidDevice, "cudaErrorInvalidDevice", "invalid device ordinal"},
    {cudaErrorECCUncorrectable, "cudaErrorECCUncorrectable", "uncorrectable ECC error encountered"},
    {cudaErrorInvalidResourceHandle, "cudaErrorInvalidResourceHandle", "invalid resource handle"},
    {cudaErrorNotReady, "cudaErrorNotReady", "device not ready"},
    {cudaErrorIllegalAddress, "cudaErrorIllegalAddress",
     "an illegal memory access was encountered"},
    {cudaErrorLaunchTimeout, "cudaErrorLaunchTimeout", "the launch timed out and was terminated"},
    {cudaErrorLaunchFailure, "cudaErrorLaunchFailure", "unspecified launch failure"},
    {cudaErrorStreamCaptureUnsupported, "cudaErrorStreamCaptureUnsupported",
     "operation not permitted when stream is capturing"},
    {cudaErrorStreamCaptureInvalidated, "cudaErrorStreamCaptureInvalidated",
     "operation failed due to a previous error during capture"},
    {cudaErrorUnknown, "cudaErrorUnknown", "unknown error"},
};

const ErrorText* text_of(cudaError_t error) {
  const auto* found = std::find_if(std::begin(kErrors), std::end(kErrors),
                                   [error](const ErrorText& row) { return row.error == error; });
  return found == std::end(kErrors) ? nullptr : found;
}

}  // namespace

const char* cudaGetErrorName(cudaError_t error) {
  const ErrorText* row = text_of(error);
  return row != nullptr ? row->name : "cudaError without a name in the double";
}

const char* cudaGetErrorString(cudaError_t error) {
  const ErrorText* row = text_of(error);
  return row != nullptr ? row->text : "an error without a text in the double";
}
