#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <initializer_list>
#include <mutex>
#include <string>
#include <vector>

#include "camera/camera.h"
#include "camera/gstreamer.h"
#include "camera/pipeline_text.h"

namespace samwire::test {

using namespace std::chrono_literals;

// A criticism of GLib's is a misuse of GStreamer in our code: it ends the test program.
inline const bool criticals_are_fatal = [] {
  g_log_set_always_fatal(static_cast<GLogLevelFlags>(G_LOG_LEVEL_CRITICAL | G_LOG_FATAL_MASK));
  return true;
}();

// Tests share their cores with others: being late by this much is no failure, being early is.
inline constexpr double kLateMs = 5000;

// `actual` is `expected`, at most `early` less, and late only as a busy machine is.
inline void expect_in_time(double actual_ms, double expected_ms, double early_ms) {
  EXPECT_GE(actual_ms, expected_ms - early_ms);
  EXPECT_LE(actual_ms, expected_ms + kLateMs);
}

inline double wall_ms() {
  return std::chrono::duration<double, std::milli>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

// Everything that a camera said, with the wall clock of when it said it.
class Recorder {
 public:
  struct Entry {
    CameraEvent event;
    double arrived_ms;
  };

  Camera::OnEvent listener() {
    return [this](const CameraEvent& event) {
      const std::lock_guard lock(mutex_);
      entries_.push_back({event, wall_ms()});
      changed_.notify_all();
    };
  }

  // Waits for that many events of the type; false when the time is over.
  bool wait(CameraEvent::Type type, std::size_t count, std::chrono::milliseconds limit = 10s) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, limit, [&] { return count_of(type) >= count; });
  }
  bool wait_frames(std::size_t count, std::chrono::milliseconds limit = 10s) {
    return wait(CameraEvent::Type::kFrame, count, limit);
  }
  // The message of the error event, or a text that says that none came.
  std::string wait_error(std::chrono::milliseconds limit = 10s) {
    if (!wait(CameraEvent::Type::kError, 1, limit)) return "(no error event)";
    const std::lock_guard lock(mutex_);
    return entries_.back().event.message;
  }

  std::size_t count(CameraEvent::Type type) {
    const std::lock_guard lock(mutex_);
    return count_of(type);
  }
  std::vector<Entry> all() {
    const std::lock_guard lock(mutex_);
    return entries_;
  }
  std::vector<Entry> frames() {
    std::vector<Entry> found;
    for (auto& entry : all()) {
      if (entry.event.type == CameraEvent::Type::kFrame) found.push_back(entry);
    }
    return found;
  }

 private:
  std::size_t count_of(CameraEvent::Type type) const {
    std::size_t n = 0;
    for (const auto& entry : entries_) n += entry.event.type == type ? 1 : 0;
    return n;
  }
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Entry> entries_;
};

// The options of a camera URI on this machine.
inline CameraOptions options_for(const std::string& source, std::optional<int> width = {},
                                 std::optional<int> height = {}, std::optional<double> fps = {}) {
  const PipelineText text =
      pipeline_text({source, width, height, fps},
                    [](const std::string& name) { return elements({name}).at(name); });
  CameraOptions options;
  options.pipeline = text.pipeline;
  options.sync = text.sync;
  options.loop = text.loop;
  return options;
}

// The first of these elements that this machine lacks, "" for none.
inline std::string missing(std::initializer_list<const char*> names) {
  for (const char* name : names) {
    if (!elements({name}).at(name)) return name;
  }
  return "";
}

#define SAMWIRE_NEED(...)                                                                      \
  if (const std::string lacking = ::samwire::test::missing({__VA_ARGS__}); !lacking.empty()) { \
    GTEST_SKIP() << "GStreamer's element " << lacking << " is missing on this machine";        \
  }

// A folder that goes with its test.
class TempDir {
 public:
  TempDir() {
    std::string name = (std::filesystem::temp_directory_path() / "samwire-test-XXXXXX").string();
    path_ = mkdtemp(name.data());
  }
  ~TempDir() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  std::string file(const std::string& name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

// A pipeline of the test's own, that plays until it goes.
class Producer {
 public:
  explicit Producer(const std::string& text) {
    init_gstreamer();
    GError* error = nullptr;
    GstElement* const parsed = gst_parse_launch(text.c_str(), &error);
    EXPECT_EQ(error, nullptr) << (error == nullptr ? "" : error->message);
    pipeline_.reset(static_cast<GstElement*>(gst_object_ref_sink(parsed)));
    gst_element_set_state(pipeline_.get(), GST_STATE_PLAYING);
  }
  ~Producer() { gst_element_set_state(pipeline_.get(), GST_STATE_NULL); }
  Producer(const Producer&) = delete;
  Producer& operator=(const Producer&) = delete;

  void wait_for_end() {
    const GstPtr<GstBus> bus(gst_element_get_bus(pipeline_.get()));
    const GstMessagePtr message(gst_bus_timed_pop_filtered(
        bus.get(), 20 * GST_SECOND,
        static_cast<GstMessageType>(GST_MESSAGE_EOS | GST_MESSAGE_ERROR)));
    ASSERT_NE(message, nullptr);
    EXPECT_EQ(GST_MESSAGE_TYPE(message.get()), GST_MESSAGE_EOS);
  }

 private:
  GstPtr<GstElement> pipeline_;
};

}  // namespace samwire::test
