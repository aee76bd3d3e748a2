// A small RTSP camera for tests: `rtsp_server [--port 0] [--width 640] [--height 480] [--fps 30]
// [--codec h264|h265|jpeg] [--audio] [--user NAME --password WORD]`. Prints
// `rtsp://127.0.0.1:PORT/stream` as its first line and serves a moving ball (and, with --audio, a
// tone as the first stream) until SIGTERM or SIGINT.
#include <glib-unix.h>
#include <gst/gst.h>
#include <gst/rtsp-server/rtsp-server.h>

#include <cstdio>
#include <cstdlib>
#include <initializer_list>
#include <string>
#include <string_view>

namespace {

struct Options {
  std::string port = "0";
  std::string width = "640";
  std::string height = "480";
  std::string fps = "30";
  std::string codec;
  std::string user;
  std::string password;
  bool audio = false;
};

bool parse(int argc, char** argv, Options& options) {
  for (int i = 1; i < argc; ++i) {
    const std::string_view name = argv[i];
    if (name == "--audio") {
      options.audio = true;
      continue;
    }
    std::string* target = name == "--port"       ? &options.port
                          : name == "--width"    ? &options.width
                          : name == "--height"   ? &options.height
                          : name == "--fps"      ? &options.fps
                          : name == "--codec"    ? &options.codec
                          : name == "--user"     ? &options.user
                          : name == "--password" ? &options.password
                                                 : nullptr;
    if (target == nullptr || ++i == argc) return false;
    *target = argv[i];
  }
  return true;
}

bool exists(const char* element) {
  GstElementFactory* const factory = gst_element_factory_find(element);
  if (factory != nullptr) gst_object_unref(factory);
  return factory != nullptr;
}

// Encoder, parser and payloader, of the codec or of the first one that this machine has; empty for
// none.
std::string encoder(const std::string& codec) {
  struct Choice {
    const char* codec;
    const char* element;
    const char* text;
  };
  for (const Choice& choice : std::initializer_list<Choice>{
           {"h264", "x264enc",
            "x264enc tune=zerolatency speed-preset=ultrafast key-int-max=15 ! rtph264pay "
            "config-interval=-1"},
           {"h264", "openh264enc",
            "openh264enc gop-size=15 ! h264parse ! rtph264pay config-interval=-1"},
           {"h265", "x265enc",
            "x265enc tune=zerolatency speed-preset=ultrafast key-int-max=15 ! rtph265pay "
            "config-interval=-1"},
           {"jpeg", "jpegenc", "jpegenc ! rtpjpegpay"}}) {
    if ((codec.empty() || codec == choice.codec) && exists(choice.element)) return choice.text;
  }
  return "";
}

std::string launch_text(const Options& options) {
  const std::string video = encoder(options.codec);
  if (video.empty()) return "";
  const std::string audio =
      options.audio ? "audiotestsrc is-live=true ! alawenc ! rtppcmapay name=pay0 pt=8 " : "";
  return "( " + audio +
         "videotestsrc is-live=true pattern=ball ! video/x-raw,format=I420,width=" + options.width +
         ",height=" + options.height + ",framerate=" + options.fps + "/1 ! " + video +
         (options.audio ? " name=pay1" : " name=pay0") + " pt=96 )";
}

void require_password(GstRTSPServer* server, GstRTSPMediaFactory* factory, const Options& options) {
  GstRTSPAuth* const auth = gst_rtsp_auth_new();
  GstRTSPToken* const token =
      gst_rtsp_token_new(GST_RTSP_TOKEN_MEDIA_FACTORY_ROLE, G_TYPE_STRING, "viewer", nullptr);
  gst_rtsp_auth_set_supported_methods(auth, GST_RTSP_AUTH_DIGEST);
  gst_rtsp_auth_add_digest(auth, options.user.c_str(), options.password.c_str(), token);
  gst_rtsp_token_unref(token);
  gst_rtsp_server_set_auth(server, auth);
  g_object_unref(auth);
  gst_rtsp_media_factory_add_role(factory, "viewer", GST_RTSP_PERM_MEDIA_FACTORY_ACCESS,
                                  G_TYPE_BOOLEAN, TRUE, GST_RTSP_PERM_MEDIA_FACTORY_CONSTRUCT,
                                  G_TYPE_BOOLEAN, TRUE, nullptr);
}

gboolean quit(gpointer loop) {
  g_main_loop_quit(static_cast<GMainLoop*>(loop));
  return G_SOURCE_REMOVE;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  if (!parse(argc, argv, options)) {
    std::fprintf(stderr,
                 "usage: %s [--port N] [--width N] [--height N] [--fps N] [--codec h264|h265|jpeg] "
                 "[--audio] "
                 "[--user NAME --password WORD]\n",
                 argv[0]);
    return 2;
  }
  gst_init(nullptr, nullptr);
  const std::string text = launch_text(options);
  if (text.empty()) {
    std::fprintf(stderr, "no encoder for %s on this machine\n",
                 options.codec.empty() ? "h264, h265 or jpeg" : options.codec.c_str());
    return 69;
  }
  GMainLoop* const loop = g_main_loop_new(nullptr, FALSE);
  g_unix_signal_add(SIGTERM, quit, loop);
  g_unix_signal_add(SIGINT, quit, loop);

  GstRTSPServer* const server = gst_rtsp_server_new();
  gst_rtsp_server_set_address(server, "127.0.0.1");
  gst_rtsp_server_set_service(server, options.port.c_str());
  GstRTSPMediaFactory* const factory = gst_rtsp_media_factory_new();
  gst_rtsp_media_factory_set_launch(factory, text.c_str());
  gst_rtsp_media_factory_set_shared(factory, TRUE);
  if (!options.user.empty()) require_password(server, factory, options);
  GstRTSPMountPoints* const mounts = gst_rtsp_server_get_mount_points(server);
  gst_rtsp_mount_points_add_factory(mounts, "/stream", factory);
  g_object_unref(mounts);
  if (gst_rtsp_server_attach(server, nullptr) == 0) {
    std::fprintf(stderr, "port %s can not be bound\n", options.port.c_str());
    return 1;
  }
  std::printf("rtsp://127.0.0.1:%d/stream\n", gst_rtsp_server_get_bound_port(server));
  std::fflush(stdout);
  g_main_loop_run(loop);
  g_object_unref(server);
  g_main_loop_unref(loop);
  return 0;
}
