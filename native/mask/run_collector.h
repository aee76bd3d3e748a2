#pragma once

#include <cstdint>
#include <utility>
#include <vector>

namespace samwire {

// Canonical runs of a mask from its inside stretches, which come in order of position (column x
// height + row) and don't overlap; those that touch become one run.
class RunCollector {
 public:
  void add(std::uint64_t from, std::uint64_t to) {
    if (from >= to) return;
    if (!counts_.empty() && from == end_) {
      counts_.back() += static_cast<std::uint32_t>(to - from);
    } else {
      counts_.push_back(static_cast<std::uint32_t>(from - end_));
      counts_.push_back(static_cast<std::uint32_t>(to - from));
    }
    end_ = to;
  }

  std::vector<std::uint32_t> finish(std::uint64_t pixels) {
    if (end_ < pixels || counts_.empty()) {
      counts_.push_back(static_cast<std::uint32_t>(pixels - end_));
    }
    return std::move(counts_);
  }

 private:
  std::vector<std::uint32_t> counts_;
  std::uint64_t end_ = 0;  // of the last stretch, exclusive
};

}  // namespace samwire
