#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <memory>
#include <thread>
#include <vector>

#include "camera/camera.h"
#include "camera_fixture.h"
#include "frame/registry.h"

// How a camera ends, and who may use it meanwhile. Also run under ThreadSanitizer (thread_tests).
namespace samwire::test {
namespace {

using Type = CameraEvent::Type;

std::size_t threads_of_this_process() {
  std::size_t count = 0;
  for ([[maybe_unused]] const auto& task : std::filesystem::directory_iterator("/proc/self/task"))
    ++count;
  return count;
}

TEST(Camera, LeavesAFrameReadableAfterItIsClosed) {
  Recorder recorder;
  auto camera =
      std::make_unique<Camera>(options_for("test://white", 128, 96, 30), recorder.listener());
  ASSERT_TRUE(recorder.wait_frames(1));
  const auto id = camera->acquire(LatestFrame{})->id;
  camera->close();
  EXPECT_EQ(camera->acquire(LatestFrame{}), nullptr);
  EXPECT_EQ(camera->stats().history.held, 0u);
  camera.reset();
  const FramePtr frame = FrameRegistry::instance().find(id);
  ASSERT_NE(frame, nullptr);
  for (int row = 0; row < 96; ++row) {
    const auto* const luma = frame->view.planes[0].data + row * frame->view.planes[0].stride;
    for (int x = 0; x < 128; ++x) ASSERT_EQ(luma[x], 235);
  }
  EXPECT_TRUE(FrameRegistry::instance().release(id));
}

TEST(Camera, SaysNothingMoreOnceItIsClosed) {
  Recorder recorder;
  Camera camera(options_for("test://black", 64, 48, 100), recorder.listener());
  ASSERT_TRUE(recorder.wait_frames(3));
  camera.close();
  const auto events = recorder.all().size();
  std::this_thread::sleep_for(100ms);
  EXPECT_EQ(recorder.all().size(), events);
  EXPECT_EQ(recorder.count(Type::kEnd) + recorder.count(Type::kError), 0u);
}

TEST(Camera, AnswersEveryClose) {
  Recorder recorder;
  Camera camera(options_for("test://black", 64, 48, 30), recorder.listener());
  std::atomic<int> answers{0};
  ASSERT_TRUE(recorder.wait_frames(1));
  const double before = wall_ms();
  for (int i = 0; i < 3; ++i) camera.close_async([&] { ++answers; });
  camera.close();
  EXPECT_LT(wall_ms() - before, kLateMs);
  camera.close();
  camera.close_async([&] { ++answers; });
  for (int i = 0; i < 100 && answers < 4; ++i) std::this_thread::sleep_for(10ms);
  EXPECT_EQ(answers, 4);
}

TEST(Camera, IsNotHeldUpByAPipelineThatDoesNotStop) {
  Recorder recorder;
  CameraOptions options = options_for(
      "gst://videotestsrc is-live=true ! video/x-raw,framerate=100/1 ! identity "
      "sleep-time=1500000");
  options.close_deadline = 200ms;
  // Goes with the camera's last thread.
  auto token = std::make_shared<int>();
  const std::weak_ptr<int> alive = token;
  auto camera =
      std::make_unique<Camera>(options, [token = std::move(token), listener = recorder.listener()](
                                            const CameraEvent& event) { listener(event); });
  ASSERT_TRUE(recorder.wait_frames(1));
  std::this_thread::sleep_for(100ms);
  const double start = wall_ms();
  camera->close();
  EXPECT_GE(wall_ms() - start, 100);
  EXPECT_LT(wall_ms() - start, 1400) << "as long as the pipeline itself";
  EXPECT_FALSE(camera->stopped());
  for (int i = 0; i < 250 && !camera->stopped(); ++i) std::this_thread::sleep_for(20ms);
  EXPECT_TRUE(camera->stopped()) << "in the end";
  camera.reset();
  const auto events = recorder.all().size();
  for (int i = 0; i < 250 && !alive.expired(); ++i) std::this_thread::sleep_for(20ms);
  EXPECT_TRUE(alive.expired());
  EXPECT_EQ(recorder.all().size(), events);
}

TEST(Camera, MayBeClosedAndDestroyedFromItsOwnEvent) {
  std::unique_ptr<Camera> camera;
  std::mutex mutex;
  std::condition_variable gone;
  bool destroyed = false;
  {
    const std::lock_guard lock(mutex);
    camera = std::make_unique<Camera>(options_for("test://black", 64, 48, 30),
                                      [&](const CameraEvent& event) {
                                        const std::lock_guard inner(mutex);
                                        if (event.type != Type::kFrame) return;
                                        camera.reset();
                                        destroyed = true;
                                        gone.notify_all();
                                      });
  }
  std::unique_lock lock(mutex);
  EXPECT_TRUE(gone.wait_for(lock, 10s, [&] { return destroyed; }));
}

TEST(Camera, LeavesNeitherThreadsNorFramesBehind) {
  const auto cycle = [](int wait_frames) {
    Recorder recorder;
    Camera camera(options_for("test://black", 64, 48, 100), recorder.listener());
    if (wait_frames > 0) {
      ASSERT_TRUE(recorder.wait_frames(static_cast<std::size_t>(wait_frames)));
      FrameRegistry::instance().release(camera.acquire(LatestFrame{})->id);
    }
    camera.close();
  };
  // GLib keeps a few idle threads of its own for later pipelines.
  for (int i = 0; i < 5; ++i) cycle(1);
  const auto before = threads_of_this_process();
  for (int i = 0; i < 50; ++i) cycle(i % 3);
  for (int i = 0; i < 100 && threads_of_this_process() > before; ++i)
    std::this_thread::sleep_for(20ms);
  EXPECT_LE(threads_of_this_process(), before);
  EXPECT_EQ(FrameRegistry::instance().in_use(), 0u);
}

TEST(Camera, ServesManyThreadsWhileItIsClosed) {
  Recorder recorder;
  auto camera =
      std::make_unique<Camera>(options_for("test://black", 64, 48, 200), recorder.listener());
  ASSERT_TRUE(recorder.wait_frames(3));
  std::atomic<bool> over{false};
  std::atomic<std::size_t> acquired{0};
  std::atomic<int> closed{0};
  std::vector<std::thread> threads;
  threads.reserve(4);
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      while (!over) {
        const FramePtr frame = camera->acquire(LatestFrame{});
        if (frame == nullptr) continue;
        ++acquired;
        static_cast<void>(camera->find(FrameNear{frame->timestamp_ms, 1e6}));
        EXPECT_EQ(FrameRegistry::instance().find(frame->id), frame);
        EXPECT_TRUE(FrameRegistry::instance().release(frame->id));
        static_cast<void>(camera->stats());
        static_cast<void>(camera->stopped());
      }
    });
  }
  ASSERT_TRUE(recorder.wait_frames(20));
  for (int i = 0; i < 2; ++i) {
    threads.emplace_back([&] {
      camera->close_async([&] { ++closed; });
      camera->close();
    });
  }
  camera->close();
  EXPECT_EQ(camera->acquire(LatestFrame{}), nullptr);
  over = true;
  for (std::thread& thread : threads) thread.join();
  EXPECT_GT(acquired, 0u);
  EXPECT_EQ(closed, 2);
  EXPECT_EQ(FrameRegistry::instance().in_use(), 0u);
}

}  // namespace
}  // namespace samwire::test
