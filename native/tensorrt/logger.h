#pragma once

#include <NvInfer.h>

#include <functional>
#include <string>
#include <thread>
#include <vector>

namespace samwire::tensorrt {

// The one logger that every object of TensorRT is made with. It lives as long as the process,
// because TensorRT keeps the first logger that it was ever given for all that has none of its own.
nvinfer1::ILogger& logger();

// Hears what TensorRT says while this object lives: on the thread that made it, and on TensorRT's
// own threads, but not on those of other captures, so that two models do not get each other's
// reasons. Keeps the last few errors.
class LogCapture {
 public:
  using Severity = nvinfer1::ILogger::Severity;
  // Called on the thread that logs, one call at a time. Must not call TensorRT.
  using Sink = std::function<void(Severity, const std::string&)>;

  explicit LogCapture(Sink sink = nullptr);
  ~LogCapture();
  LogCapture(const LogCapture&) = delete;
  LogCapture& operator=(const LogCapture&) = delete;

  // The errors since the last call, the oldest first, joined by "; ". "TensorRT gave no reason"
  // where there is none.
  std::string take_errors();

 private:
  friend class Logger;
  std::thread::id owner_ = std::this_thread::get_id();
  Sink sink_;
  std::vector<std::string> errors_;
};

}  // namespace samwire::tensorrt
