#pragma once

#include <cuda_runtime_api.h>

#include <cstdint>
#include <limits>
#include <memory>
#include <span>

#include "cuda/mask_task.h"
#include "mask/lowres.h"
#include "mask/mask.h"

namespace samwire::cuda {

struct MaskBatch {
  const float* logits = nullptr;  // device, [rows, candidates, grid_height, grid_width]
  const float* iou = nullptr;     // device, [rows, candidates]
  int candidates = 0;
  float* kept = nullptr;  // device, [slots, grid_height, grid_width]
  MaskSpec spec;
  std::span<const MaskTask> tasks;  // host
  MaskChoice choice{};
  // Logits that are kept are cut at +- this (SAM 2: 32).
  float keep_limit = std::numeric_limits<float>::infinity();
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

  // Throws as check_mask_spec, Error("invalid_argument") for a task whose plane is none of the
  // candidates or whose way to choose lacks candidates to choose from, and as cuda::check(). The
  // logits, scores and kept slots are read and written when the stream comes to it.
  void enqueue(const MaskBatch& batch, cudaStream_t stream);

  // Mask `index` of the last batch, after the stream's work is done. `out`'s memory is used again.
  void read(int index, DeviceMask& out) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace samwire::cuda
