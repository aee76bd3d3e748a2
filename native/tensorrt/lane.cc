#include "tensorrt/lane.h"

#include "frame/error.h"

namespace samwire::tensorrt {
namespace {

// The decoder's 7 buckets with two or so lengths of prompts each. A context costs some MB, a graph
// of a few hundred kernels some hundred kB.
constexpr std::size_t kEntries = 16;

}  // namespace

Lane::Lane(Engine& engine, cuda::Priority priority, bool graphs, LaneCounters& counters)
    : engine_(&engine), graphs_(graphs), counters_(&counters), stream_(priority) {
  if (const std::size_t bytes = engine.scratch_bytes()) {
    scratch_ = cuda::DeviceMemory(bytes, "TensorRT's scratch memory");
  }
  entries_.emplace_back().context = engine.make_context(scratch_.data());
}

Lane::~Lane() {
  try {
    stream_.synchronize();
  } catch (const Error&) {
    // A lost device has no work left that could use what is freed now.
  }
  for (const Entry& entry : entries_) {
    if (entry.graph) --counters_->graphs;
  }
}

void Lane::bind(const std::string& name, void* address) {
  stream_.synchronize();
  addresses_[name] = address;
  for (Entry& entry : entries_) {
    start_again(entry, entry.key);
    set_address(*entry.context, name, address);
  }
}

void Lane::run(std::uint64_t key, std::span<const NamedShape> inputs,
               std::span<const NamedShape> outputs) {
  Entry& entry = entry_of(key);
  if (entry.graph) {
    entry.graph.launch(stream_);
    return;
  }
  if (entry.runs == 0) set_shapes(*entry.context, inputs, outputs);
  enqueue(entry);
  ++counters_->plain_enqueues;
  if (++entry.runs > 1 && graphs_ && !entry.refused) record(entry);
}

Lane::Entry& Lane::entry_of(std::uint64_t key) {
  for (auto entry = entries_.begin(); entry != entries_.end(); ++entry) {
    if (entry->runs == 0 || entry->key != key) continue;
    entries_.splice(entries_.begin(), entries_, entry);
    return entries_.front();
  }
  // Where a profile has one context only, shapes take it from each other.
  const std::size_t most = scratch_.data() == nullptr ? 1 : kEntries;
  const bool last_is_free = entries_.back().runs == 0;
  if (!last_is_free && entries_.size() < most) {
    Entry entry;
    entry.context = engine_->make_context(scratch_.data());
    for (const auto& [name, address] : addresses_) set_address(*entry.context, name, address);
    entries_.push_front(std::move(entry));
  } else {
    // Neither a graph that may still run is destroyed, nor a context changed, under the GPU.
    if (!last_is_free) stream_.synchronize();
    entries_.splice(entries_.begin(), entries_, std::prev(entries_.end()));
  }
  start_again(entries_.front(), key);
  return entries_.front();
}

void Lane::start_again(Entry& entry, std::uint64_t key) {
  if (entry.graph) --counters_->graphs;
  entry.graph = {};
  entry.key = key;
  entry.runs = 0;
  entry.refused = false;
}

void Lane::set_address(nvinfer1::IExecutionContext& context, const std::string& name,
                       void* address) {
  if (context.setTensorAddress(name.c_str(), address)) return;
  throw Error("model_failed", engine_->path() + ": the address of " + name +
                                  " was refused: " + engine_->log().take_errors());
}

void Lane::set_shapes(nvinfer1::IExecutionContext& context, std::span<const NamedShape> inputs,
                      std::span<const NamedShape> outputs) {
  for (const NamedShape& input : inputs) {
    if (context.setInputShape(input.name->c_str(), input.dims)) continue;
    throw Error("model_failed", engine_->path() + ": the shape " + text_of(input.dims) + " of " +
                                    *input.name + " was refused: " + engine_->log().take_errors());
  }
  for (const NamedShape& output : outputs) {
    const nvinfer1::Dims dims = context.getTensorShape(output.name->c_str());
    if (dims == output.dims) continue;
    throw Error("model_failed", engine_->path() + ": output " + *output.name + ": expected " +
                                    text_of(output.dims) + ", found " + text_of(dims));
  }
}

void Lane::enqueue(Entry& entry) {
  if (entry.context->enqueueV3(stream_.get())) return;
  const std::string reason = engine_->log().take_errors();
  stream_.synchronize();  // a lost device says so
  throw Error("model_failed", "Running " + engine_->path() + " failed: " + reason);
}

// Straight after a plain run in the same shapes, which leaves TensorRT nothing to do but to enqueue
// kernels. Waits first, so that a fault of earlier work is not taken for one of the capture.
void Lane::record(Entry& entry) {
  stream_.synchronize();
  try {
    entry.graph = cuda::Graph::record(stream_, [this, &entry] {
      if (!entry.context->enqueueV3(stream_.get())) throw Error("model_failed", "enqueueV3");
    });
    ++counters_->graphs;
  } catch (const Error& error) {
    if (error.code() == "device_failed") throw;
    entry.refused = true;
    engine_->log().take_errors();  // else a later failure would be explained with them
  }
}

}  // namespace samwire::tensorrt
