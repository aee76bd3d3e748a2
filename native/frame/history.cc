#include "frame/history.h"

#include <cmath>
#include <utility>

namespace samwire {

void FrameHistory::push(FramePtr frame, double arrival_ms) {
  const std::lock_guard lock(mutex_);
  bytes_ += frame->size_bytes;
  entries_.push_back({std::move(frame), arrival_ms});
  std::size_t gone = 0;
  while (gone + 1 < entries_.size() &&
         (bytes_ > max_bytes_ || arrival_ms - entries_[gone].arrival_ms > max_ms_)) {
    bytes_ -= entries_[gone].frame->size_bytes;
    ++gone;
  }
  entries_.erase(entries_.begin(), entries_.begin() + static_cast<std::ptrdiff_t>(gone));
}

FramePtr FrameHistory::find(const FrameQuery& query) const {
  const std::lock_guard lock(mutex_);
  if (entries_.empty()) return nullptr;
  if (const auto* wanted = std::get_if<FrameWithSeq>(&query)) {
    for (const Entry& entry : entries_) {
      if (entry.frame->seq == wanted->seq) return entry.frame;
    }
    return nullptr;
  }
  if (const auto* wanted = std::get_if<FrameNear>(&query)) {
    const Entry* best = nullptr;
    double best_distance = wanted->tolerance_ms;
    for (const Entry& entry : entries_) {
      const double distance = std::abs(entry.frame->timestamp_ms - wanted->timestamp_ms);
      if (distance <= best_distance) {  // the newer of two that are equally near
        best = &entry;
        best_distance = distance;
      }
    }
    return best == nullptr ? nullptr : best->frame;
  }
  return entries_.back().frame;
}

HistoryStats FrameHistory::stats() const {
  const std::lock_guard lock(mutex_);
  if (entries_.empty()) return {};
  return {entries_.size(), bytes_, entries_.front().frame->seq, entries_.back().frame->seq};
}

void FrameHistory::clear() {
  const std::lock_guard lock(mutex_);
  entries_.clear();
  bytes_ = 0;
}

}  // namespace samwire
