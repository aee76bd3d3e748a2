#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "cuda/memory.h"
#include "tensorrt/contract.h"
#include "tensorrt/embeddings.h"
#include "tensorrt/lane.h"
#include "tensorrt/segmenter.h"

namespace samwire::tensorrt {

// Prompts -> low-res logits and predicted IoU, on a high-priority stream. A run is filled up to its
// bucket (1, 2, 4 ... max_prompts) with copies of its last row, whose answers nobody reads.
class Decoder {
 public:
  // Throws as Engine::make_context().
  Decoder(Engine& engine, const DecoderIo& io, const ModelSpec& model, int logits_kept,
          const EncodedLayout& layout, LaneCounters& counters);

  // Page-locked memory of one run, not used again before the run's work is done.
  cuda::HostMemory make_staging() const;

  // Lets the stream wait for the embedding, and takes it for the runs to come.
  void use(Embedding& embedding);
  // The embedding that is loaded may be wrong.
  void forget_embedding() { loaded_frame_ = 0; }

  // Enqueues a run for a frame of this size. logits() and iou() are valid for work that is enqueued
  // before the next run. `group` outlives the work: masks of its own are uploaded from it. Throws
  // Error("model_failed"), Error("device_failed").
  void run(const PromptGroup& group, const MaskSpec& frame, cuda::HostMemory& staging);

  const float* logits() const { return logits_.data<float>(); }
  const float* iou() const { return iou_.data<float>(); }
  float* kept() const { return kept_.data<float>(); }

  // The sizes that runs are filled up to, in ascending order.
  const std::vector<int>& buckets() const { return buckets_; }
  const DecoderIo& io() const { return io_; }
  cuda::Stream& stream() { return lane_.stream(); }

 private:
  void bind();
  const std::string& encoded_name(std::size_t tensor) const;
  void upload_prompts(const PromptGroup& group, const MaskSpec& frame, int bucket,
                      cuda::HostMemory& staging);
  void upload_masks(const PromptGroup& group);
  std::vector<NamedShape> input_shapes(int bucket, int points) const;
  std::vector<NamedShape> output_shapes(int bucket) const;

  DecoderIo io_;
  ModelSpec model_;
  std::vector<int> buckets_;
  std::size_t plane_bytes_;
  std::size_t labels_offset_, has_mask_offset_, size_offset_, prompt_bytes_;
  std::uint64_t loaded_frame_ = 0;
  EncodedLayout layout_;
  cuda::DeviceMemory embedding_, prompts_, masks_, logits_, iou_, kept_;
  std::vector<bool> mask_written_;  // rows of masks_ that are not zero
  Lane lane_;                       // dies first, and waits for the work that uses the above
};

}  // namespace samwire::tensorrt
