#pragma once

#include <cuda_runtime_api.h>

#include <string>

namespace samwire::cuda {

// True for errors after which the process can do nothing more on the device (CUDA's "sticky"
// errors: illegal address, launch failure, ECC, device lost ...). The process must end (exit 70).
bool is_sticky(cudaError_t error) noexcept;

// Throws Error("device_failed") for a sticky error and Error("model_failed") for any other that is
// not cudaSuccess (out of memory among them, with how much was free), with `what` was tried and
// CUDA's name and text. Clears the error that CUDA keeps.
void check(cudaError_t error, const std::string& what);

}  // namespace samwire::cuda
