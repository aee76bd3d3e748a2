#include "camera/gstreamer.h"

#include <clocale>
#include <cstring>

#include "frame/error.h"

namespace samwire {
namespace {

// shmsrc (1.22) criticises itself whenever nobody shares a camera at its path, which is once every
// few seconds for as long as that lasts: nothing that a log should be filled with.
void forward_log(const gchar* domain, GLogLevelFlags level, const gchar* text, gpointer data) {
  if (text != nullptr &&
      std::strstr(text, "gst_poll_remove_fd: assertion 'fd->fd >= 0'") != nullptr)
    return;
  g_log_default_handler(domain, level, text, data);
}

// Empty, or why GStreamer could not start.
std::string start_gstreamer() {
  // GStreamer traps SIGSEGV while it loads plugins; the signal belongs to V8, whose WebAssembly
  // relies on it.
  gst_segtrap_set_enabled(FALSE);
  // It also sets the process's locale from the environment, which would change what strtod and
  // printf take for a decimal point in everybody's code. Plugins are scanned in GStreamer's helper
  // process, as by default: scanned here, every plugin of the machine would stay mapped, and a
  // broken one would take the service down.
  const char* const before = std::setlocale(LC_ALL, nullptr);
  const std::string locale = before == nullptr ? "C" : before;
  GError* raw = nullptr;
  const bool started = gst_init_check(nullptr, nullptr, &raw) == TRUE;
  const GErrorPtr error(raw);
  std::setlocale(LC_ALL, locale.c_str());
  g_log_set_handler("GStreamer", G_LOG_LEVEL_CRITICAL, forward_log, nullptr);
  if (started) return "";
  return error == nullptr ? "no reason given" : error->message;
}

}  // namespace

void init_gstreamer() {
  static const std::string failure = start_gstreamer();
  if (!failure.empty()) {
    throw Error("device_failed",
                "GStreamer could not start: " + failure +
                    ". Are GStreamer's core plugins installed (gstreamer1.0-plugins-base)?");
  }
}

std::string gstreamer_version() {
  guint major = 0, minor = 0, micro = 0, nano = 0;
  gst_version(&major, &minor, &micro, &nano);
  return std::to_string(major) + "." + std::to_string(minor) + "." + std::to_string(micro);
}

std::map<std::string, bool> elements(const std::vector<std::string>& names) {
  init_gstreamer();
  std::map<std::string, bool> found;
  for (const std::string& name : names) {
    const GstPtr<GstElementFactory> factory(gst_element_factory_find(name.c_str()));
    found[name] = factory != nullptr;
  }
  return found;
}

}  // namespace samwire
