#pragma once

#include <cuda_runtime_api.h>

#include <cstdint>
#include <memory>
#include <span>

#include "mask/lowres.h"
#include "mask/mask.h"

namespace samwire::cuda {

// Which of a prompt's candidates becomes a mask. kBestScore and kOfficial choose on the device by
// predicted IoU, so that the CPU does not have to wait for the decoder (src/models/candidates.ts
// says what they mean; NaN never wins).
inline constexpr int kBestScore = -1;
inline constexpr int kOfficial = -2;

struct MaskTask {
  int row = 0;     // of the decoder's batch
  int plane = 0;   // candidate, or kBestScore or kOfficial
  int points = 0;  // N of this prompt, for kOfficial
  int keep = -1;   // slot of `kept` that the chosen plane is copied to; -1: none
};

struct MaskBatch {
  const float* logits = nullptr;  // device, [rows, candidates, grid_height, grid_width]
  const float* iou = nullptr;     // device, [rows, candidates]
  int candidates = 0;
  float* kept = nullptr;  // device, [slots, grid_height, grid_width]
  MaskSpec spec;
  std::span<const MaskTask> tasks;  // host
};

struct DeviceMask {
  int plane = 0;  // the candidate that was chosen
  float score = 0;
  MaskResult mask;
  LowResMask lowres;
};

// Low-res logits -> masks of the frame: crop, bilinear, threshold on the device into packed bits
// (column-major, as RLE wants them), with area, box and the stability score's two areas; the runs
// are made of the bits on the CPU. Only bits cross from the device. Definitions are those of
// MaskExtractor and low_res_mask (mask/extract.h, mask/lowres.h).
//
// One instance holds one batch at a time: enqueue(), then wait for the stream, then read().
class MaskMaker {
 public:
  // `mapped`: results lie in memory that device and host share (integrated GPUs).
  explicit MaskMaker(bool mapped);
  ~MaskMaker();

  // Grows the buffers for this many masks of frames of this size, so that later batches allocate
  // nothing.
  void reserve(int masks, const MaskSpec& spec);

  // Throws as check_mask_spec and cuda::check().
  void enqueue(const MaskBatch& batch, cudaStream_t stream);

  // Mask `index` of the last batch, after the stream's work is done. `out`'s memory is used again.
  void read(int index, DeviceMask& out) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace samwire::cuda
