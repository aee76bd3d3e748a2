#include "tensorrt/lane.h"

#include "frame/error.h"

namespace samwire::tensorrt {
namespace {

// The decoder's 7 buckets with four or so lengths of prompts each. A graph of a few hundred kernels
// holds some hundred kB.
constexpr std::size_t kEntries = 32;

}  // namespace

Lane::Lane(Engine& engine, cuda::Priority priority, LaneCounters& counters)
    : engine_(&engine), counters_(&counters), stream_(priority), context_(engine.make_context()) {}

Lane::~Lane() {
  try {
    stream_.synchronize();
  } catch (const Error&) {
    // A lost device has no work left that could use what is freed now.
  }
  while (!entries_.empty()) forget(entries_.begin());
}

void Lane::bind(const std::string& name, void* address) {
  while (!entries_.empty()) forget(entries_.begin());
  if (context_->setTensorAddress(name.c_str(), address)) return;
  throw Error("model_failed", engine_->path() + ": the address of " + name +
                                  " was refused: " + engine_->log().take_errors());
}

void Lane::run(std::uint64_t key, std::span<const NamedShape> inputs,
               std::span<const NamedShape> outputs) {
  Entry& entry = entry_of(key);
  if (entry.graph) {
    entry.graph.launch(stream_);
    return;
  }
  if (!has_shapes_ || shapes_key_ != key) {
    has_shapes_ = false;
    set_shapes(inputs, outputs);
    shapes_key_ = key;
    has_shapes_ = true;
  }
  enqueue();
  ++counters_->plain_enqueues;
  if (++entry.runs > 1 && !entry.refused) record(entry);
}

Lane::Entry& Lane::entry_of(std::uint64_t key) {
  for (auto entry = entries_.begin(); entry != entries_.end(); ++entry) {
    if (entry->key != key) continue;
    entries_.splice(entries_.begin(), entries_, entry);
    return entries_.front();
  }
  if (entries_.size() == kEntries) {
    // A graph that may still run is not destroyed under the GPU.
    if (entries_.back().graph) stream_.synchronize();
    forget(std::prev(entries_.end()));
  }
  return entries_.emplace_front(Entry{key, 0, false, {}});
}

void Lane::set_shapes(std::span<const NamedShape> inputs, std::span<const NamedShape> outputs) {
  for (const NamedShape& input : inputs) {
    if (context_->setInputShape(input.name->c_str(), input.dims)) continue;
    throw Error("model_failed", engine_->path() + ": the shape " + text_of(input.dims) + " of " +
                                    *input.name + " was refused: " + engine_->log().take_errors());
  }
  for (const NamedShape& output : outputs) {
    const nvinfer1::Dims dims = context_->getTensorShape(output.name->c_str());
    if (dims == output.dims) continue;
    throw Error("model_failed", engine_->path() + ": output " + *output.name + ": expected " +
                                    text_of(output.dims) + ", found " + text_of(dims));
  }
}

void Lane::enqueue() {
  if (context_->enqueueV3(stream_.get())) return;
  const std::string reason = engine_->log().take_errors();
  stream_.synchronize();  // a lost device says so
  throw Error("model_failed", "Running " + engine_->path() + " failed: " + reason);
}

// Straight after a plain run in the same shapes, which leaves TensorRT nothing to do but to enqueue
// kernels. Waits first, so that a fault of earlier work is not taken for one of the capture.
void Lane::record(Entry& entry) {
  stream_.synchronize();
  try {
    entry.graph = cuda::Graph::record(stream_, [this] {
      if (!context_->enqueueV3(stream_.get())) throw Error("model_failed", "enqueueV3");
    });
    ++counters_->graphs;
  } catch (const Error& error) {
    if (error.code() == "device_failed") throw;
    entry.refused = true;
    engine_->log().take_errors();  // else a later failure would be explained with them
  }
}

void Lane::forget(std::list<Entry>::iterator entry) {
  if (entry->graph) --counters_->graphs;
  entries_.erase(entry);
}

}  // namespace samwire::tensorrt
