#pragma once

#include <cuda_runtime_api.h>

#include "cuda/preprocess.h"

namespace samwire::cuda {

struct MaskJob;
struct PreprocessJob;

// Enqueue the kernels and return the launch's error. Defined by the .cu files for a device, and for
// the CPU by tests/native/doubles/cuda/launch.cc.

cudaError_t launch_preprocess(const PreprocessJob& job, TensorType type, cudaStream_t stream);

// Chooses each task's candidate, copies it to its slot and makes both bit surfaces and the heads.
cudaError_t launch_masks(const MaskJob& job, cudaStream_t stream);

}  // namespace samwire::cuda
