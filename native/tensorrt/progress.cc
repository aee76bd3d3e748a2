#include "tensorrt/progress.h"

#include <algorithm>

namespace samwire::tensorrt {

void BuildPhases::start(const std::string& name, const std::string& parent, int steps) {
  const std::lock_guard lock(mutex_);
  // Phases of one parent may overlap on TensorRT's threads: the one that began last stands for all.
  const auto above = std::find_if(phases_.begin(), phases_.end(),
                                  [&](const Phase& phase) { return phase.name == parent; });
  phases_.erase(above == phases_.end() ? phases_.begin() : above + 1, phases_.end());
  phases_.push_back({name, steps, 0});
  if (phases_.size() == 1) told_ = 0;
  tell_fraction();
}

void BuildPhases::step(const std::string& name, int step) {
  const std::lock_guard lock(mutex_);
  for (Phase& phase : phases_) {
    if (phase.name == name) phase.done = std::max(phase.done, step + 1);
  }
  tell_fraction();
}

void BuildPhases::finish(const std::string& name) {
  const std::lock_guard lock(mutex_);
  const auto phase = std::find_if(phases_.begin(), phases_.end(),
                                  [&](const Phase& one) { return one.name == name; });
  if (phase == phases_.end()) return;
  if (phase == phases_.begin()) {
    phases_.resize(1);
    phases_[0].done = phases_[0].steps;
    tell_fraction();
  }
  phases_.erase(phases_.begin() + (phase - phases_.begin()), phases_.end());
}

void BuildPhases::note(const std::string& name) {
  const std::lock_guard lock(mutex_);
  tell_({name, -1});
}

void BuildPhases::tell_fraction() {
  double fraction = 0, share = 1;
  for (const Phase& phase : phases_) {
    if (phase.steps < 1) break;
    fraction += share * std::min(phase.done, phase.steps) / phase.steps;
    share /= phase.steps;
  }
  told_ = std::max(told_, std::min(fraction, 1.0));
  if (!phases_.empty()) tell_({phases_.front().name, told_});
}

}  // namespace samwire::tensorrt
