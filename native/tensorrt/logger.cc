#include "tensorrt/logger.h"

#include <algorithm>
#include <mutex>
#include <utility>

namespace samwire::tensorrt {
namespace {

constexpr std::size_t kErrorsKept = 4;
constexpr std::size_t kErrorLength = 600;

}  // namespace

class Logger : public nvinfer1::ILogger {
 public:
  void log(Severity severity, const char* text) noexcept override {
    if (severity == Severity::kVERBOSE) return;
    try {
      const std::lock_guard lock(mutex_);
      const auto here = std::this_thread::get_id();
      const bool known = std::any_of(captures_.begin(), captures_.end(),
                                     [&](const LogCapture* c) { return c->owner_ == here; });
      for (LogCapture* capture : captures_) {
        if (!known || capture->owner_ == here) tell(*capture, severity, text);
      }
    } catch (...) {
      // TensorRT lets no exception through, and a line of log is not worth the process.
    }
  }

  void add(LogCapture* capture) {
    const std::lock_guard lock(mutex_);
    captures_.push_back(capture);
  }

  void remove(LogCapture* capture) {
    const std::lock_guard lock(mutex_);
    std::erase(captures_, capture);
  }

  std::vector<std::string> take(LogCapture& capture) {
    const std::lock_guard lock(mutex_);
    return std::exchange(capture.errors_, {});
  }

 private:
  static void tell(LogCapture& capture, Severity severity, const char* text) {
    const std::string line = text == nullptr ? "" : std::string(text).substr(0, kErrorLength);
    if (severity == Severity::kERROR || severity == Severity::kINTERNAL_ERROR) {
      if (capture.errors_.size() == kErrorsKept) capture.errors_.erase(capture.errors_.begin());
      capture.errors_.push_back(line);
    }
    if (capture.sink_) capture.sink_(severity, line);
  }

  std::mutex mutex_;
  std::vector<LogCapture*> captures_;
};

namespace {

// Not destroyed at exit, when other threads may still log.
Logger& instance() {
  static Logger* const logger = new Logger;
  return *logger;
}

}  // namespace

nvinfer1::ILogger& logger() { return instance(); }

LogCapture::LogCapture(Sink sink) : sink_(std::move(sink)) { instance().add(this); }

LogCapture::~LogCapture() { instance().remove(this); }

std::string LogCapture::take_errors() {
  std::string text;
  for (const std::string& error : instance().take(*this)) {
    text += (text.empty() ? "" : "; ") + error;
  }
  return text.empty() ? "TensorRT gave no reason" : text;
}

}  // namespace samwire::tensorrt
