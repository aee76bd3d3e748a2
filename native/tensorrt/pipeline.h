#pragma once

#include <deque>
#include <exception>
#include <memory>
#include <vector>

#include "cuda/mask.h"
#include "tensorrt/decoder.h"
#include "tensorrt/embeddings.h"
#include "tensorrt/encoder.h"
#include "tensorrt/logger.h"
#include "tensorrt/request_queue.h"
#include "tensorrt/segmenter.h"

namespace samwire::tensorrt {

// A mask of a frame of the usual size (OpenOptions).
MaskSpec usual_mask(const ModelSpec& model, const OpenOptions& options);

// Both engines with all that they need, and the requests at work with them. Made, used and
// destroyed on the inference thread.
//
// A request's groups go through the decoder one after the other, and each group's masks are made in
// batches of at most kMasksAtOnce. Batches of all requests share a few places with memory of their
// own; when none is free, the oldest batch is waited for. So memory is bounded whatever a request
// asks for, and the GPU has the next batch while the CPU makes runs of the last.
class Pipeline {
 public:
  static constexpr int kMasksAtOnce = 32;

  // Loads, checks and allocates. Throws as Segmenter::open.
  Pipeline(const ModelSpec& model, const OpenOptions& options, bool mapped, LaneCounters& counters);
  ~Pipeline();

  const Decoder& decoder() const { return decoder_; }

  // Every frame is encoded again.
  void forget_embeddings() { embeddings_.clear(); }

  // How many requests are enqueued and not answered.
  std::size_t at_work() const { return works_.size(); }
  // Enqueues a request's work, and may answer older ones to make room. Throws nothing: what goes
  // wrong is the request's outcome.
  void begin(QueuedRequest request);
  // True when advance() would not wait.
  bool oldest_is_done();
  // Waits for the oldest batch, and answers its request when it was the last of it.
  void advance();

 private:
  struct MaskBatchPlace {
    cuda::MaskMaker masks;
    cuda::HostMemory prompts;
    cuda::Event begin{true}, decoded{true}, done{true};
    explicit MaskBatchPlace(bool mapped) : masks(mapped) {}
  };
  // Masks [first, first + count) of a group, being made in `place`.
  struct Batch {
    MaskBatchPlace* place;
    std::size_t group;
    int first, count;
  };
  struct Work {
    QueuedRequest queued;
    std::unique_ptr<Answer> answer = std::make_unique<Answer>();
    std::exception_ptr error;
    FrameStaging* staging = nullptr;
    Embedding* embedding = nullptr;
    std::deque<Batch> batches;
    bool enqueued = false;  // all of it
  };

  void make_places(const OpenOptions& options, bool mapped);
  void enqueue(Work& work);
  void find_embedding(Work& work);
  void enqueue_group(Work& work, std::size_t group);
  void enqueue_masks(Work& work, const Batch& batch);
  MaskBatchPlace& free_place();
  void read(Work& work, const Batch& batch);
  void fail(Work& work, std::exception_ptr error);
  void answer_oldest();

  ModelSpec model_;
  LogCapture log_;
  Engine encoder_engine_, decoder_engine_;
  EncoderIo encoder_io_;
  DecoderIo decoder_io_;
  EncodedLayout layout_;
  EmbeddingPool embeddings_;
  std::vector<FrameStaging> staging_;
  std::vector<FrameStaging*> free_staging_;
  std::vector<std::unique_ptr<MaskBatchPlace>> places_;
  std::vector<MaskBatchPlace*> free_places_;
  Encoder encoder_;
  Decoder decoder_;
  std::deque<Work> works_;
  std::exception_ptr lost_;  // the device_failed that every request gets from then on
};

}  // namespace samwire::tensorrt
