// Streams from another process or host: RTSP (with tests/native/rtsp_server.cc) and shared memory.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "camera/camera.h"
#include "camera_fixture.h"
#include "frame/registry.h"

extern char** environ;

namespace samwire::test {
namespace {

using Type = CameraEvent::Type;

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

// Where the server's program is; "" where it was not built.
std::string rtsp_server_program() {
#ifdef SAMWIRE_RTSP_SERVER
  return SAMWIRE_RTSP_SERVER;
#else
  const char* const path = std::getenv("SAMWIRE_RTSP_SERVER");
  return path == nullptr ? "" : path;
#endif
}

// A camera in a process of its own; `url` is empty where it did not start.
class RtspServer {
 public:
  explicit RtspServer(std::vector<std::string> arguments) {
    std::string program = rtsp_server_program();
    std::vector<char*> argv{program.data()};
    for (std::string& argument : arguments) argv.push_back(argument.data());
    argv.push_back(nullptr);
    int ends[2];
    if (pipe(ends) != 0) return;
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    posix_spawn_file_actions_addclose(&actions, ends[0]);
    if (posix_spawn(&pid_, program.c_str(), &actions, nullptr, argv.data(), environ) != 0)
      pid_ = -1;
    posix_spawn_file_actions_destroy(&actions);
    ::close(ends[1]);
    for (char c = 0; pid_ > 0 && read(ends[0], &c, 1) == 1 && c != '\n';) url_ += c;
    ::close(ends[0]);
  }
  ~RtspServer() { stop(); }
  RtspServer(const RtspServer&) = delete;
  RtspServer& operator=(const RtspServer&) = delete;

  void stop() {
    if (pid_ <= 0) return;
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
    pid_ = -1;
  }
  const std::string& url() const { return url_; }

 private:
  pid_t pid_ = -1;
  std::string url_;
};

#define SAMWIRE_NEED_RTSP()                                                                 \
  if (rtsp_server_program().empty()) {                                                      \
    GTEST_SKIP() << "the RTSP server was not built (gstreamer-rtsp-server-1.0 is missing)"; \
  }                                                                                         \
  SAMWIRE_NEED("rtspsrc", "decodebin", "rtph264depay", "rtph265depay", "rtpjpegdepay", "jpegdec")

struct StreamCase {
  const char* name;
  std::vector<std::string> arguments;
  std::vector<const char*> elements;
};

// Names the case in the test's name.
void PrintTo(const StreamCase& stream, std::ostream* out) { *out << stream.name; }

class CameraRtsp : public testing::TestWithParam<StreamCase> {};

TEST_P(CameraRtsp, ShowsWhateverTheCameraSends) {
  SAMWIRE_NEED_RTSP();
  for (const char* element : GetParam().elements) SAMWIRE_NEED(element);
  std::vector<std::string> arguments{"--width", "320", "--height", "240", "--fps", "25"};
  arguments.insert(arguments.end(), GetParam().arguments.begin(), GetParam().arguments.end());
  RtspServer server(arguments);
  ASSERT_TRUE(has(server.url(), "rtsp://127.0.0.1:"));
  Recorder recorder;
  Camera camera(options_for(server.url() + "?channel=1&latency=60"), recorder.listener());
  ASSERT_TRUE(recorder.wait_frames(20, 20s)) << recorder.wait_error(1ms);
  const auto frames = recorder.frames();
  for (std::size_t i = 0; i < 20; ++i) {
    EXPECT_EQ(frames[i].event.width, 320);
    EXPECT_EQ(frames[i].event.height, 240);
    EXPECT_EQ(frames[i].event.seq, i + 1);
    expect_in_time(frames[i].arrived_ms, frames[i].event.timestamp_ms, 1500);
  }
  const double before = wall_ms();
  camera.close();
  EXPECT_LT(wall_ms() - before, kLateMs);
}

INSTANTIATE_TEST_SUITE_P(
    Streams, CameraRtsp,
    testing::Values(StreamCase{"h264", {"--codec", "h264"}, {"avdec_h264"}},
                    StreamCase{"h265", {"--codec", "h265"}, {"x265enc", "avdec_h265"}},
                    StreamCase{"jpeg", {"--codec", "jpeg"}, {"jpegenc"}},
                    StreamCase{"withSound", {"--audio"}, {"alawenc", "rtppcmapay"}}),
    [](const auto& info) { return std::string(info.param.name); });

TEST(CameraRtsp, LogsInWithThePasswordOfTheUriAndNeverShowsIt) {
  SAMWIRE_NEED_RTSP();
  RtspServer server(
      {"--width", "160", "--height", "120", "--user", "admin", "--password", "p@ss word"});
  ASSERT_TRUE(has(server.url(), "rtsp://"));
  const std::string rest = server.url().substr(7);
  Recorder good;
  Camera allowed(options_for("rtsp://admin:p%40ss%20word@" + rest), good.listener());
  EXPECT_TRUE(good.wait_frames(1, 20s)) << good.wait_error(1ms);
  Recorder bad;
  Camera refused(options_for("rtsp://admin:hunter22@" + rest), bad.listener());
  const std::string message = bad.wait_error();
  EXPECT_TRUE(has(message, "(rtspsrc)")) << message;
  EXPECT_FALSE(has(message, "hunter22")) << message;
}

TEST(CameraRtsp, ReportsAServerThatGoesAway) {
  SAMWIRE_NEED_RTSP();
  RtspServer server({"--width", "160", "--height", "120"});
  Recorder recorder;
  Camera camera(options_for(server.url()), recorder.listener());
  ASSERT_TRUE(recorder.wait_frames(5, 20s)) << recorder.wait_error(1ms);
  server.stop();
  for (int i = 0; i < 1000 && recorder.count(Type::kEnd) + recorder.count(Type::kError) == 0; ++i) {
    std::this_thread::sleep_for(10ms);
  }
  EXPECT_EQ(recorder.count(Type::kEnd) + recorder.count(Type::kError), 1u);
  const auto events = recorder.all().size();
  std::this_thread::sleep_for(50ms);
  EXPECT_EQ(recorder.all().size(), events);
}

// A socket on loopback that listens, and says nothing to whoever connects.
class SilentSocket {
 public:
  SilentSocket() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    EXPECT_EQ(bind(socket_, reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(listen(socket_, 8), 0);
    EXPECT_EQ(getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size), 0);
    port_ = ntohs(address.sin_port);
  }
  ~SilentSocket() { ::close(socket_); }
  SilentSocket(const SilentSocket&) = delete;
  SilentSocket& operator=(const SilentSocket&) = delete;
  std::string url() const {
    return "rtsp://user:secret1@127.0.0.1:" + std::to_string(port_) + "/stream";
  }

 private:
  int socket_;
  int port_ = 0;
};

TEST(CameraRtsp, ClosesPromptlyWhileItWaitsForADeadServer) {
  SAMWIRE_NEED("rtspsrc", "decodebin");
  SilentSocket silent;
  for (const auto delay : {0ms, 5ms, 300ms}) {
    Recorder recorder;
    Camera camera(options_for(silent.url()), recorder.listener());
    std::this_thread::sleep_for(delay);
    const double before = wall_ms();
    camera.close();
    EXPECT_LT(wall_ms() - before, kLateMs) << delay.count();
    EXPECT_TRUE(recorder.all().empty());
  }
}

TEST(CameraRtsp, GivesUpOnADeadServer) {
  SAMWIRE_NEED("rtspsrc", "decodebin");
  SilentSocket silent;
  Recorder recorder;
  CameraOptions options = options_for(silent.url());
  options.start_deadline = 500ms;
  Camera camera(options, recorder.listener());
  const std::string message = recorder.wait_error();
  EXPECT_TRUE(has(message, "within 500 ms")) << message;
}

TEST(CameraRtsp, ReportsAPortThatNobodyListensOn) {
  SAMWIRE_NEED("rtspsrc", "decodebin");
  std::string url;
  {
    SilentSocket gone;
    url = gone.url();
  }
  Recorder recorder;
  Camera camera(options_for(url), recorder.listener());
  const std::string message = recorder.wait_error();
  EXPECT_TRUE(has(message, "(rtspsrc)")) << message;
  EXPECT_FALSE(has(message, "secret1")) << message;
}

TEST(CameraShm, ReadsFramesThatAnotherProcessPutsIntoSharedMemory) {
  SAMWIRE_NEED("shmsink", "shmsrc");
  TempDir dir;
  const std::string socket = dir.file("a camera");
  Producer producer(
      "videotestsrc is-live=true pattern=white ! "
      "video/x-raw,format=RGB,width=64,height=48,framerate=30/1 ! "
      "shmsink wait-for-connection=false shm-size=1000000 socket-path=\"" +
      socket + "\"");
  for (int i = 0; i < 300 && !std::filesystem::exists(socket); ++i)
    std::this_thread::sleep_for(10ms);
  Recorder recorder;
  Camera camera(options_for("shm://" + socket + "?format=RGB", 64, 48), recorder.listener());
  ASSERT_TRUE(recorder.wait_frames(10)) << recorder.wait_error(1ms);
  for (const auto& [event, arrived_ms] : recorder.frames())
    expect_in_time(arrived_ms, event.timestamp_ms, 200);
  const FramePtr frame = camera.acquire(LatestFrame{});
  EXPECT_EQ(frame->view.format, PixelFormat::kRGB);
  EXPECT_EQ(frame->view.width, 64);
  EXPECT_EQ(frame->view.planes[0].data[47 * frame->view.planes[0].stride + 63 * 3], 255);
  FrameRegistry::instance().release(frame->id);

  for (const auto& [width, height] : {std::pair{640, 480}, {64, 40}, {60, 48}, {48, 192}}) {
    Recorder wrong;
    Camera other(options_for("shm://" + socket + "?format=RGB", width, height), wrong.listener());
    const std::string message = wrong.wait_error();
    EXPECT_TRUE(has(message, std::to_string(width) + "x" + std::to_string(height))) << message;
    EXPECT_TRUE(has(message, "got one of 9216")) << message;
    EXPECT_EQ(wrong.count(Type::kFrame), 0u);
  }
}

TEST(CameraShm, ReportsASocketThatIsNotThere) {
  SAMWIRE_NEED("shmsrc");
  // shmsrc 1.22 itself calls gst_poll_remove_fd wrongly on this way.
  const GLogLevelFlags fatal =
      g_log_set_always_fatal(static_cast<GLogLevelFlags>(G_LOG_FATAL_MASK));
  Recorder recorder;
  Camera camera(options_for("shm:///tmp/samwire-no-such-socket", 64, 48), recorder.listener());
  EXPECT_TRUE(has(recorder.wait_error(), "(shmsrc). No process shares a camera there yet"))
      << recorder.wait_error();
  camera.close();
  g_log_set_always_fatal(fatal);
}

}  // namespace
}  // namespace samwire::test
