#pragma once

#include <cstddef>
#include <exception>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "cuda/mask.h"
#include "frame/frame.h"
#include "image/prepare.h"
#include "mask/mask.h"

namespace samwire::tensorrt {

// What TypeScript knows of a model: manifest and ONNX contract (src/models/contract.ts).
struct ModelSpec {
  ImageSpec image;
  struct Encoder {
    std::string image, embedding;
    // Further outputs, [1, C, H, W] each, that are inputs of the decoder by the same names (SAM 2).
    std::vector<std::string> features;
  } encoder;
  struct Decoder {
    std::string embeddings, coords, labels, low_res, iou;
    std::string mask_input, has_mask_input;  // empty where the model takes no mask
    std::string orig_size;                   // [2]: the frame's height, width; empty: not asked for
  } decoder;
  int coords_rank = 3;  // 3: [B,N,2]; 4: [1,B,N,2] (EfficientSAM)
  int grid_width = 256, grid_height = 256;
  int candidates = 4;
  int max_prompts = 64;  // prompts in one run; the decoder's profile must reach it
  int max_points = 10;
  cuda::MaskChoice choice{};
  // What is kept for `refine` is cut at +- this.
  float keep_limit = std::numeric_limits<float>::infinity();
};

struct OpenOptions {
  std::string encoder_plan, decoder_plan;  // paths
  int device = 0;
  int dla_core = -1;         // that the encoder was built for
  int embeddings_kept = 8;   // frames
  int logits_kept = 64;      // slots for `refine`, of a grid each
  int requests_at_once = 2;  // run-ahead: enqueued before the first of them is done
  int frame_width = 1920, frame_height = 1080;  // buffers are made for this size at the start
};

// Where a prompt's mask input comes from: nowhere, a mask that the sender gave (logits, see
// rle_to_logits), or a slot of kept logits.
struct MaskStart {
  int slot = -1;
  std::vector<float> logits;  // [grid_height, grid_width]; empty: none
};

// Prompts of equal N (src/prompts/decoder-inputs.ts); rows beyond max_prompts are the caller's
// mistake.
struct PromptGroup {
  int rows = 0, points = 0;
  std::vector<float> coords;          // [rows, points, 2]
  std::vector<float> labels;          // [rows, points]
  std::vector<MaskStart> starts;      // [rows], or empty
  std::vector<cuda::MaskTask> tasks;  // masks wanted; `row` within this group
};

struct Request {
  FramePtr frame;
  MaskSpec mask;
  std::vector<PromptGroup> groups;
};

struct Timing {
  double prepare_ms = 0, encode_ms = 0, decode_ms = 0, mask_ms = 0;
  bool embedding_reused = false;
};

struct Answer {
  std::vector<std::vector<cuda::DeviceMask>> masks;  // [group][task]
  Timing timing;
};

// Exactly one of the two is set.
struct Outcome {
  std::unique_ptr<Answer> answer;
  std::exception_ptr error;  // samwire::Error: model_failed, or device_failed when the GPU is lost
};

// What the device has, whoever uses it; on an integrated GPU that is the machine's own memory.
struct MemoryOutcome {
  std::size_t free_bytes = 0, total_bytes = 0;
  std::exception_ptr error;  // as Outcome::error
};

// The two of memory are of the whole process.
struct Stats {
  std::size_t device_bytes = 0;    // allocated by us for buffers, engines not counted
  std::size_t graphs = 0;          // CUDA graphs held
  std::size_t plain_enqueues = 0;  // runs without a graph
  std::size_t allocations = 0;     // device and page-locked allocations since the start
};

// A model on one device: engines, pool of embeddings, an encoder lane on a low-priority and a
// decoder lane on a high-priority stream, and the one thread that feeds them. Whoever calls
// submit() never waits for the GPU.
class Segmenter {
 public:
  // Loads both engines, holds them against `model` (names, types, shapes, profiles), makes every
  // buffer and runs every bucket once, so that the first request is as fast as the others. Blocks
  // for seconds. Throws Error("model_failed") for a plan that is truncated, of another version or
  // GPU, or does not fit, Error("device_failed") as cuda::check().
  static std::unique_ptr<Segmenter> open(const ModelSpec& model, const OpenOptions& options);

  // Waits for what was submitted; `done` of requests that were not begun gets model_failed.
  virtual ~Segmenter() = default;

  // `done` is called once, on the inference thread, in order of submission; it must not throw, nor
  // destroy the segmenter. Throws Error("invalid_argument") for a request that does not fit the
  // model, and Error("overloaded") when 64 requests wait. After a device_failed every later request
  // gets device_failed.
  virtual void submit(Request request, std::function<void(Outcome)> done) = 0;

  virtual Stats stats() const = 0;

  // Asks the device for its memory, in turn with the requests: `done` is called once, on the
  // inference thread, as in submit(). Throws Error("overloaded") as it does.
  virtual void look_at_memory(std::function<void(MemoryOutcome)> done) = 0;
};

}  // namespace samwire::tensorrt
