#pragma once

#include <cuda_runtime_api.h>

#include <memory>

#include "frame/frame.h"
#include "image/prepare.h"

namespace samwire::cuda {

enum class TensorType { kFloat, kHalf };

inline int bytes_of(TensorType type) { return type == TensorType::kHalf ? 2 : 4; }

// Picture -> encoder input on the device: the same fixed-point arithmetic as ImagePreparer
// (image/prepare.h), so that every level is the same and float32 tensors differ by rounding alone.
// Owns its resampling tables on the device (those of the last few sizes); one instance a thread.
// Allocates nothing when this size and format was among the last few.
class Preprocessor {
 public:
  Preprocessor();
  ~Preprocessor();

  // Enqueues the writing of all of out[3][tensor_height][tensor_width] on `stream`. The planes of
  // `view` are memory that the device reads. Throws Error("invalid_argument") as
  // ImagePreparer::prepare, and as cuda::check().
  Placement enqueue(const ImageView& view, const ImageSpec& spec, TensorType type, void* out,
                    cudaStream_t stream);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace samwire::cuda
