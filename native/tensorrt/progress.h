#pragma once

#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include "tensorrt/builder.h"

namespace samwire::tensorrt {

// TensorRT's phases, which lie within each other (a step of the outer is all of the inner), as one
// fraction of the outermost that only grows. Thread-safe; tells one thing at a time.
class BuildPhases {
 public:
  explicit BuildPhases(std::function<void(const BuildProgress&)> tell) : tell_(std::move(tell)) {}

  void start(const std::string& name, const std::string& parent, int steps);
  void step(const std::string& name, int step);
  void finish(const std::string& name);
  // A phase of unknown length.
  void note(const std::string& name);

 private:
  struct Phase {
    std::string name;
    int steps = 0;
    int done = 0;
  };
  void tell_fraction();

  std::mutex mutex_;
  std::function<void(const BuildProgress&)> tell_;
  std::vector<Phase> phases_;  // the outermost first
  double told_ = 0;
};

}  // namespace samwire::tensorrt
