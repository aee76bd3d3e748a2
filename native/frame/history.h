#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <variant>
#include <vector>

#include "frame/frame.h"

namespace samwire {

struct LatestFrame {};
struct FrameWithSeq {
  std::uint64_t seq = 0;
};
// The frame whose capture time is nearest, if it is no further away than `tolerance_ms`.
struct FrameNear {
  double timestamp_ms = 0;
  double tolerance_ms = 0;
};
using FrameQuery = std::variant<LatestFrame, FrameWithSeq, FrameNear>;

struct HistoryStats {
  std::size_t held = 0;
  std::size_t held_bytes = 0;
  std::uint64_t oldest_seq = 0;  // 0 where nothing is held
  std::uint64_t newest_seq = 0;
};

// The newest frames of one camera: those of the last `max_ms`, as long as they fit into
// `max_bytes`, and always the newest one. The oldest goes first. Thread-safe.
class FrameHistory {
 public:
  FrameHistory(double max_ms, std::size_t max_bytes) : max_ms_(max_ms), max_bytes_(max_bytes) {}

  // `arrival_ms` comes from a clock that never steps, unlike the wall clock of the frame's
  // timestamp: else a correction of the system's time would empty the history, or fill it to its
  // last byte.
  void push(FramePtr frame, double arrival_ms);
  // Null where no frame matches.
  FramePtr find(const FrameQuery& query) const;
  HistoryStats stats() const;
  void clear();

 private:
  struct Entry {
    FramePtr frame;
    double arrival_ms;
  };
  mutable std::mutex mutex_;
  const double max_ms_;
  const std::size_t max_bytes_;
  std::vector<Entry>
      entries_;  // oldest first; a vector, since it stops allocating once it has grown
  std::size_t bytes_ = 0;
};

}  // namespace samwire
