#pragma once

#include <NvInfer.h>

#include <atomic>
#include <cstdint>
#include <list>
#include <memory>
#include <span>
#include <string>

#include "cuda/graph.h"
#include "cuda/stream.h"
#include "tensorrt/engine.h"

namespace samwire::tensorrt {

// What lanes have done, readable from any thread.
struct LaneCounters {
  std::atomic<std::size_t> graphs{0};
  std::atomic<std::size_t> plain_enqueues{0};
};

struct NamedShape {
  const std::string* name;
  nvinfer1::Dims dims;
};

// An engine's context on a stream of its own, with a CUDA graph for each of the last shapes. One
// thread. Dies before its engine; waits for its stream first.
class Lane {
 public:
  // `counters` must outlive the lane. Throws as Engine::make_context() and cuda::check().
  Lane(Engine& engine, cuda::Priority priority, LaneCounters& counters);
  ~Lane();

  // Where a tensor lies, for all runs to come: graphs keep the addresses. Forgets the graphs.
  void bind(const std::string& name, void* address);

  // Enqueues a run. `key` names the shapes: the same key comes with the same shapes. The first run
  // of a key is a plain one, the second is recorded after it has been enqueued, later ones launch
  // the graph. A shape that can't be recorded stays plain. `outputs` are checked whenever shapes
  // change. Throws Error("model_failed") with TensorRT's reason, Error("device_failed").
  void run(std::uint64_t key, std::span<const NamedShape> inputs,
           std::span<const NamedShape> outputs);

  cuda::Stream& stream() { return stream_; }

 private:
  struct Entry {
    std::uint64_t key;
    int runs = 0;
    bool refused = false;  // by capture
    cuda::Graph graph;
  };
  Entry& entry_of(std::uint64_t key);
  void set_shapes(std::span<const NamedShape> inputs, std::span<const NamedShape> outputs);
  void enqueue();
  void record(Entry& entry);
  void forget(std::list<Entry>::iterator entry);

  Engine* engine_;
  LaneCounters* counters_;
  cuda::Stream stream_;
  std::unique_ptr<nvinfer1::IExecutionContext> context_;
  std::list<Entry> entries_;  // the last used first
  bool has_shapes_ = false;
  std::uint64_t shapes_key_ = 0;
};

}  // namespace samwire::tensorrt
