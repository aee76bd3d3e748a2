#pragma once

#include <NvInfer.h>

#include <atomic>
#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <span>
#include <string>

#include "cuda/graph.h"
#include "cuda/memory.h"
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

// An engine on a stream of its own, with a context and a CUDA graph for each of the last shapes. A
// graph is of no use once the shapes of its context have changed (NVIDIA/TensorRT#3798), so
// contexts are not shared by shapes; they share their scratch memory, since their work follows one
// another. One thread. Dies before its engine; waits for its stream first.
class Lane {
 public:
  // `graphs`: false where the engine can't be recorded (DLA). `counters` must outlive the lane.
  // Throws as Engine::make_context() and cuda::check().
  Lane(Engine& engine, cuda::Priority priority, bool graphs, LaneCounters& counters);
  ~Lane();

  // Where a tensor lies, for all runs to come. Waits for the stream, and forgets the graphs, which
  // keep addresses.
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
    std::uint64_t key = 0;
    int runs = 0;
    bool refused = false;  // by capture
    std::unique_ptr<nvinfer1::IExecutionContext> context;
    cuda::Graph graph;
  };
  // The entry of a key, first in the list; runs == 0 where its context has not these shapes yet.
  Entry& entry_of(std::uint64_t key);
  void set_address(nvinfer1::IExecutionContext& context, const std::string& name, void* address);
  void set_shapes(nvinfer1::IExecutionContext& context, std::span<const NamedShape> inputs,
                  std::span<const NamedShape> outputs);
  void enqueue(Entry& entry);
  void record(Entry& entry);
  void start_again(Entry& entry, std::uint64_t key);

  Engine* engine_;
  bool graphs_;
  LaneCounters* counters_;
  cuda::Stream stream_;
  cuda::DeviceMemory scratch_;
  std::map<std::string, void*> addresses_;
  std::list<Entry> entries_;  // the last used first
};

}  // namespace samwire::tensorrt
