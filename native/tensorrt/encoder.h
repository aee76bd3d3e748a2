#pragma once

#include <cstddef>

#include "cuda/memory.h"
#include "cuda/preprocess.h"
#include "cuda/stream.h"
#include "frame/frame.h"
#include "tensorrt/contract.h"
#include "tensorrt/embeddings.h"
#include "tensorrt/lane.h"
#include "tensorrt/segmenter.h"

namespace samwire::tensorrt {

// What a frame needs on its way into the encoder: page-locked memory that its pixels are uploaded
// from, or on integrated GPUs read in place, and marks on the encoder's stream. Not used again
// before `encoded`.
struct FrameStaging {
  cuda::HostMemory pixels;
  cuda::Event begin{true}, prepared{true}, encoded{true};
  double copy_ms = 0;  // CPU time
};

// Frame -> embedding and feature maps: upload, preprocessing kernel and encoder on a low-priority
// stream.
class Encoder {
 public:
  // Allocates for frames of `options`' size. Throws as Engine::make_context().
  Encoder(Engine& engine, const EncoderIo& io, const ModelSpec& model, const OpenOptions& options,
          bool mapped, const EncodedLayout& layout, LaneCounters& counters);

  FrameStaging make_staging() const;

  // Enqueues the whole way into `out` and marks out.ready. Throws Error("invalid_argument") as
  // Preprocessor::enqueue, Error("model_failed"), Error("device_failed"); then `out` holds nothing.
  void encode(const Frame& frame, FrameStaging& staging, Embedding& out);

  cuda::Stream& stream() { return lane_.stream(); }

 private:
  ImageView upload(const Frame& frame, FrameStaging& staging);
  const std::string& output_name(std::size_t tensor) const;
  void check_size(const Placement& placement) const;
  void reserve_image(const Placement& placement);

  EncoderIo io_;
  ModelSpec model_;
  bool mapped_;
  std::size_t staging_bytes_;
  EncodedLayout layout_;
  std::string plan_;
  cuda::DeviceMemory pixels_;  // not on integrated GPUs
  cuda::DeviceMemory image_;   // the engine's input
  cuda::DeviceMemory output_;  // its outputs, copied from here, so that one graph serves all places
  cuda::Preprocessor preprocessor_;
  Lane lane_;  // dies first, and waits for the work that uses the above
};

}  // namespace samwire::tensorrt
