#include "tensorrt/pipeline.h"

#include <algorithm>
#include <chrono>

#include "frame/error.h"
#include "image/prepare.h"

namespace samwire::tensorrt {
namespace {

bool is_lost(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const Error& e) {
    return e.code() == "device_failed";
  } catch (...) {
    return false;
  }
}

double ms_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start)
      .count();
}

}  // namespace

MaskSpec usual_mask(const ModelSpec& model, const OpenOptions& options) {
  MaskSpec spec;
  spec.grid_width = model.grid_width;
  spec.grid_height = model.grid_height;
  spec.placement = place(model.image, options.frame_width, options.frame_height);
  spec.frame_width = options.frame_width;
  spec.frame_height = options.frame_height;
  return spec;
}

Pipeline::Pipeline(const ModelSpec& model, const OpenOptions& options, bool mapped,
                   LaneCounters& counters)
    : model_(model),
      encoder_engine_(options.encoder_plan, options.dla_core, log_),
      decoder_engine_(options.decoder_plan, -1, log_),
      encoder_io_(check_encoder(encoder_engine_.tensors(), model, options.encoder_plan)),
      decoder_io_(
          check_decoder(decoder_engine_.tensors(), model, encoder_io_, options.decoder_plan)),
      layout_(decoder_io_.encoded),
      // Of as many requests as are at work, each may have a frame of its own.
      embeddings_(std::max(options.embeddings_kept, options.requests_at_once),
                  layout_.size_bytes()),
      encoder_(encoder_engine_, encoder_io_, model, options, mapped, layout_, counters),
      decoder_(decoder_engine_, decoder_io_, model, options.logits_kept, layout_, counters) {
  make_places(options, mapped);
}

Pipeline::~Pipeline() {
  // What the streams still work with is freed next. A lost device works with nothing.
  for (cuda::Stream* stream : {&encoder_.stream(), &decoder_.stream()}) {
    try {
      stream->synchronize();
    } catch (const Error&) {
    }
  }
}

void Pipeline::make_places(const OpenOptions& options, bool mapped) {
  staging_.reserve(options.requests_at_once);
  for (int i = 0; i < options.requests_at_once; ++i) {
    free_staging_.push_back(&staging_.emplace_back(encoder_.make_staging()));
  }
  MaskSpec spec = usual_mask(model_, options);
  for (int i = 0; i <= options.requests_at_once; ++i) {
    MaskBatchPlace& place = *places_.emplace_back(std::make_unique<MaskBatchPlace>(mapped));
    place.prompts = decoder_.make_staging();
    for (const bool via_input : {true, false}) {
      spec.via_input = via_input;
      place.masks.reserve(kMasksAtOnce, spec);
    }
    free_places_.push_back(&place);
  }
}

void Pipeline::begin(QueuedRequest request) {
  Work& work = works_.emplace_back();
  work.queued = std::move(request);
  try {
    if (lost_) std::rethrow_exception(lost_);
    enqueue(work);
  } catch (...) {
    fail(work, std::current_exception());
  }
  work.enqueued = true;
}

void Pipeline::enqueue(Work& work) {
  std::vector<PromptGroup>& groups = work.queued.request.groups;
  work.answer->masks.resize(groups.size());
  const auto wants_masks = [](const PromptGroup& group) { return !group.tasks.empty(); };
  if (std::none_of(groups.begin(), groups.end(), wants_masks)) return;
  find_embedding(work);
  for (std::size_t group = 0; group < groups.size(); ++group) {
    if (!wants_masks(groups[group])) continue;
    for (cuda::MaskTask& task : groups[group].tasks) task.points = groups[group].points;
    work.answer->masks[group].resize(groups[group].tasks.size());
    enqueue_group(work, group);
  }
}

void Pipeline::find_embedding(Work& work) {
  const Frame& frame = *work.queued.request.frame;
  work.embedding = embeddings_.find(frame.id);
  work.answer->timing.embedding_reused = work.embedding != nullptr;
  if (work.embedding != nullptr) {
    ++work.embedding->users;
    return;
  }
  work.staging = free_staging_.back();
  free_staging_.pop_back();
  work.embedding = &embeddings_.take(frame.id);
  ++work.embedding->users;
  encoder_.encode(frame, *work.staging, *work.embedding);
}

void Pipeline::enqueue_group(Work& work, std::size_t group) {
  const PromptGroup& prompts = work.queued.request.groups[group];
  const int tasks = static_cast<int>(prompts.tasks.size());
  for (int first = 0; first < tasks; first += kMasksAtOnce) {
    MaskBatchPlace& place = free_place();
    work.batches.push_back({&place, group, first, std::min(kMasksAtOnce, tasks - first)});
    if (first == 0) {
      decoder_.use(*work.embedding);
      place.begin.record(decoder_.stream());
      decoder_.run(prompts, work.queued.request.mask, place.prompts);
    } else {
      place.begin.record(decoder_.stream());
    }
    place.decoded.record(decoder_.stream());
    enqueue_masks(work, work.batches.back());
    place.done.record(decoder_.stream());
  }
}

void Pipeline::enqueue_masks(Work& work, const Batch& batch) {
  const Request& request = work.queued.request;
  const std::span<const cuda::MaskTask> tasks(request.groups[batch.group].tasks);
  cuda::MaskBatch masks;
  masks.logits = decoder_.logits();
  masks.iou = decoder_.iou();
  masks.candidates = model_.candidates;
  masks.kept = decoder_.kept();
  masks.choice = model_.choice;
  masks.keep_limit = model_.keep_limit;
  masks.spec = request.mask;
  masks.tasks = tasks.subspan(batch.first, batch.count);
  batch.place->masks.enqueue(masks, decoder_.stream().get());
}

Pipeline::MaskBatchPlace& Pipeline::free_place() {
  while (free_places_.empty()) advance();
  if (lost_) std::rethrow_exception(lost_);
  MaskBatchPlace* place = free_places_.back();
  free_places_.pop_back();
  return *place;
}

bool Pipeline::oldest_is_done() {
  const Work& work = works_.front();
  if (lost_ || work.error || work.batches.empty()) return true;
  try {
    return work.batches.front().place->done.is_done();
  } catch (const Error&) {
    return true;  // advance() comes upon the same error, and tells it
  }
}

void Pipeline::advance() {
  Work& work = works_.front();
  if (!work.batches.empty()) {
    const Batch batch = work.batches.front();
    work.batches.pop_front();
    try {
      if (lost_) std::rethrow_exception(lost_);
      if (!work.error) read(work, batch);
    } catch (...) {
      fail(work, std::current_exception());
    }
    free_places_.push_back(batch.place);
  }
  if (work.batches.empty() && work.enqueued) answer_oldest();
}

void Pipeline::read(Work& work, const Batch& batch) {
  MaskBatchPlace& place = *batch.place;
  place.done.synchronize();
  const auto start = std::chrono::steady_clock::now();
  std::vector<cuda::DeviceMask>& masks = work.answer->masks[batch.group];
  for (int i = 0; i < batch.count; ++i) place.masks.read(i, masks[batch.first + i]);
  Timing& timing = work.answer->timing;
  if (const FrameStaging* staging = work.staging) {
    timing.prepare_ms = staging->copy_ms + staging->prepared.elapsed_ms_since(staging->begin);
    timing.encode_ms = staging->encoded.elapsed_ms_since(staging->prepared);
  }
  timing.decode_ms += place.decoded.elapsed_ms_since(place.begin);
  timing.mask_ms += place.done.elapsed_ms_since(place.decoded) + ms_since(start);
}

// Once a request has failed, nothing of it is left on the device: whoever comes next may have its
// places.
void Pipeline::fail(Work& work, std::exception_ptr error) {
  work.error = error;
  if (is_lost(error)) lost_ = error;
  if (work.embedding != nullptr) embeddings_.drop(*work.embedding);
  decoder_.forget_embedding();
  try {
    if (lost_) return;
    encoder_.stream().synchronize();
    decoder_.stream().synchronize();
  } catch (...) {
    if (is_lost(std::current_exception())) lost_ = std::current_exception();
  }
}

void Pipeline::answer_oldest() {
  Work& work = works_.front();
  if (work.staging != nullptr) free_staging_.push_back(work.staging);
  if (work.embedding != nullptr) --work.embedding->users;
  Outcome outcome;
  outcome.error = work.error;
  if (!work.error) outcome.answer = std::move(work.answer);
  const Done done = std::move(work.queued.done);
  works_.pop_front();
  done(std::move(outcome));
}

}  // namespace samwire::tensorrt
