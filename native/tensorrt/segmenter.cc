#include "tensorrt/segmenter.h"

#include <pthread.h>

#include <future>
#include <thread>
#include <utility>

#include "cuda/device.h"
#include "cuda/memory.h"
#include "frame/error.h"
#include "tensorrt/library.h"
#include "tensorrt/pipeline.h"
#include "tensorrt/request_check.h"
#include "tensorrt/request_queue.h"
#include "tensorrt/warm_up.h"

namespace samwire::tensorrt {
namespace {

constexpr std::size_t kQueueLimit = 64;
// How long the thread sleeps between looks at the GPU while it waits for both GPU and queue.
constexpr std::chrono::microseconds kGlance{300};

cuda::Device require_device(int index) {
  std::string why_not;
  const auto device = cuda::find_device(index, why_not);
  if (!device) throw Error("model_failed", "The TensorRT backend needs a GPU: " + why_not);
  return *device;
}

MemoryOutcome device_memory() {
  MemoryOutcome memory;
  try {
    cuda::look_at_memory(memory.free_bytes, memory.total_bytes);
  } catch (...) {
    memory.error = std::current_exception();
  }
  return memory;
}

// The inference thread makes, uses and destroys all that belongs to CUDA and TensorRT.
class Inference : public Segmenter {
 public:
  Inference(const ModelSpec& model, const OpenOptions& options)
      : model_(model), options_(options), queue_(kQueueLimit) {
    auto opened = opened_.get_future();
    thread_ = std::thread([this] { run(); });
    try {
      decoder_io_ = opened.get();
    } catch (...) {
      thread_.join();
      throw;
    }
  }

  ~Inference() override {
    queue_.close();
    thread_.join();
  }

  void submit(Request request, Done done) override {
    check_request(request, model_, decoder_io_, options_.logits_kept);
    queue_.push({std::move(request), std::move(done)});
  }

  void look_at_memory(std::function<void(MemoryOutcome)> done) override {
    queue_.push({{}, nullptr, std::move(done)});
  }

  Stats stats() const override {
    const cuda::MemoryStats memory = cuda::memory_stats();
    return {memory.device_bytes, counters_.graphs, counters_.plain_enqueues, memory.allocations};
  }

 private:
  void run() {
    pthread_setname_np(pthread_self(), "samwire-gpu");
    std::unique_ptr<Pipeline> pipeline;
    std::exception_ptr error;
    try {
      pipeline = open();
    } catch (...) {
      error = std::current_exception();
    }
    if (error) {
      opened_.set_exception(error);
      return;
    }
    opened_.set_value(pipeline->decoder().io());
    serve(*pipeline);
    const auto closed =
        std::make_exception_ptr(Error("model_failed", "The model was closed before its turn came"));
    for (QueuedRequest& left : queue_.drain()) {
      if (left.look) {
        left.look({0, 0, closed});
      } else {
        left.done({nullptr, closed});
      }
    }
  }

  std::unique_ptr<Pipeline> open() {
    require_library();
    const cuda::Device device = require_device(options_.device);
    cuda::use_device(options_.device);
    auto pipeline = std::make_unique<Pipeline>(model_, options_, device.integrated, counters_);
    warm_up(*pipeline, model_, options_);
    return pipeline;
  }

  // As many requests at work as may be, then the oldest is waited for. While there is room, a new
  // request is waited for as well: the GPU shall have it before the oldest is done.
  void serve(Pipeline& pipeline) {
    const auto at_once = static_cast<std::size_t>(options_.requests_at_once);
    while (true) {
      const bool idle = pipeline.at_work() == 0;
      if (pipeline.at_work() < at_once) {
        if (auto next = idle ? queue_.take() : queue_.take_for(kGlance)) {
          if (next->look) {
            next->look(device_memory());
          } else {
            pipeline.begin(std::move(*next));
          }
          continue;
        }
        if (idle) return;
        if (!pipeline.oldest_is_done()) continue;
      }
      pipeline.advance();
    }
  }

  const ModelSpec model_;
  const OpenOptions options_;
  LaneCounters counters_;
  RequestQueue queue_;
  std::promise<DecoderIo> opened_;
  DecoderIo decoder_io_;
  std::thread thread_;
};

void check_options(const OpenOptions& options) {
  if (options.requests_at_once >= 1 && options.embeddings_kept >= 0 && options.logits_kept >= 0 &&
      options.frame_width >= 1 && options.frame_height >= 1) {
    return;
  }
  throw Error("invalid_argument", "Expected sizes and counts that are not negative");
}

}  // namespace

std::unique_ptr<Segmenter> Segmenter::open(const ModelSpec& model, const OpenOptions& options) {
  check_options(options);
  return std::make_unique<Inference>(model, options);
}

}  // namespace samwire::tensorrt
