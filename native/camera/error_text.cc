#include "camera/error_text.h"

#include <string_view>

#include "camera/gstreamer.h"

namespace samwire {
namespace {

constexpr std::size_t kErrorTextBytes = 600;

// What an error's debug text says beyond its lines of "file.c(12): function (): /path/of/element:".
std::string detail_of(std::string_view debug) {
  std::string detail;
  while (!debug.empty()) {
    const std::string_view line = debug.substr(0, debug.find('\n'));
    debug.remove_prefix(std::min(line.size() + 1, debug.size()));
    const bool is_place = (line.find(".c(") != std::string_view::npos ||
                           line.find(".cc(") != std::string_view::npos) &&
                          line.find(" (): ") != std::string_view::npos;
    if (is_place) continue;
    detail += std::string(line) + ' ';
  }
  return detail;
}

std::string one_line(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool space = static_cast<unsigned char>(c) <= ' ';
    if (!space) {
      out += c;
    } else if (!out.empty() && out.back() != ' ') {
      out += ' ';
    }
  }
  while (!out.empty() && out.back() == ' ') out.pop_back();
  return out;
}

bool has(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

bool is(const GError& error, GstResourceError code) {
  return g_error_matches(&error, GST_RESOURCE_ERROR, code) == TRUE;
}

bool is(const GError& error, GstStreamError code) {
  return g_error_matches(&error, GST_STREAM_ERROR, code) == TRUE;
}

std::string rtsp_remedy(const GError& error, std::string_view text) {
  if (is(error, GST_RESOURCE_ERROR_NOT_AUTHORIZED)) {
    return "The camera wants a user name and password, or refuses these: they stand before the "
           "host, "
           "as user:password@";
  }
  if (is(error, GST_RESOURCE_ERROR_NOT_FOUND)) {
    return "The camera answers, but has no stream of this path; its manual names it";
  }
  if (has(text, "UDP")) return "Does a firewall keep UDP out? transport=tcp in the URI needs none";
  if (is(error, GST_RESOURCE_ERROR_OPEN_READ_WRITE)) {
    return "Nobody answers there: are the camera's power and network, its address and port right?";
  }
  if (has(text, "Timeout")) {
    return "It takes connections and does not answer: is the camera overloaded, or frozen?";
  }
  if (is(error, GST_RESOURCE_ERROR_READ) || is(error, GST_RESOURCE_ERROR_WRITE)) {
    return "The connection was cut: the camera went away, or what listens there does not speak "
           "RTSP";
  }
  return "";
}

std::string v4l2_remedy(const GError& error, std::string_view text) {
  if (is(error, GST_RESOURCE_ERROR_BUSY) || has(text, "resource busy")) {
    return "Another process has it open, and only one can; that one may share it by shmsink "
           "(shm://)";
  }
  if (has(text, "Permission denied")) return "The service's user must be in the group video";
  if (has(text, "isn't a device") || has(text, "isn't a v4l2")) {
    return "Expected a camera's device, as /dev/video0: v4l2-ctl --list-devices";
  }
  if (has(text, "No such file") || has(text, "No such device") ||
      is(error, GST_RESOURCE_ERROR_NOT_FOUND)) {
    return "It is not plugged in, or has another number: v4l2-ctl --list-devices";
  }
  return "";
}

std::string shm_remedy(const GError& error, std::string_view text) {
  if (has(text, "No such file")) {
    return "No process shares a camera there yet: start it with shmsink socket-path= and this path";
  }
  if (has(text, "Connection refused")) {
    return "The process that made it is gone and left it behind: remove it, then start that "
           "process again";
  }
  if (has(text, "Permission denied")) {
    return "The service's user may not use it: give shmsink perms=0666, or run both as one user";
  }
  if (is(error, GST_RESOURCE_ERROR_READ)) return "The process that shares the camera is gone";
  return "";
}

std::string file_remedy(const GError& error, std::string_view text) {
  if (has(text, "Permission denied")) return "The service's user may not read it";
  if (is(error, GST_RESOURCE_ERROR_NOT_FOUND)) return "It is played as soon as it is there";
  if (is(error, GST_STREAM_ERROR_TYPE_NOT_FOUND) || is(error, GST_STREAM_ERROR_WRONG_TYPE)) {
    return "Expected a video file that GStreamer knows";
  }
  return "";
}

}  // namespace

std::string remedy_of(std::string_view element, const GError& error, std::string_view text) {
  if (is(error, GST_STREAM_ERROR_CODEC_NOT_FOUND) ||
      g_error_matches(&error, GST_CORE_ERROR, GST_CORE_ERROR_MISSING_PLUGIN) == TRUE) {
    return "`samwire doctor` names the package of a missing GStreamer element";
  }
  if (element == "rtspsrc" || element == "udpsrc") return rtsp_remedy(error, text);
  if (element == "v4l2src") return v4l2_remedy(error, text);
  if (element == "shmsrc") return shm_remedy(error, text);
  if (element == "filesrc" || element == "typefind" || element == "decodebin") {
    return file_remedy(error, text);
  }
  if (element == "nvarguscamerasrc") {
    return "If the sensor is there, start its daemon again: sudo systemctl restart nvargus-daemon";
  }
  return "";
}

std::string error_text(GstMessage* message) {
  GError* raw_error = nullptr;
  gchar* raw_debug = nullptr;
  gst_message_parse_error(message, &raw_error, &raw_debug);
  const GErrorPtr error(raw_error);
  const GCharPtr debug(raw_debug);

  std::string text = error == nullptr ? "unknown error" : error->message;
  text = one_line(text);
  const std::string detail = one_line(detail_of(debug == nullptr ? "" : debug.get()));
  text = detail.rfind(text, 0) == 0 ? detail : one_line(text + ' ' + detail);
  if (text.size() > kErrorTextBytes) {
    text.resize(kErrorTextBytes);
    text += "...";
  }
  GstObject* const source = GST_MESSAGE_SRC(message);
  GstElementFactory* const factory = source != nullptr && GST_IS_ELEMENT(source)
                                         ? gst_element_get_factory(GST_ELEMENT(source))
                                         : nullptr;
  const std::string element = factory == nullptr ? "" : GST_OBJECT_NAME(factory);
  const std::string remedy = error == nullptr ? "" : remedy_of(element, *error, text);
  if (!element.empty()) text += " (" + element + ")";
  return remedy.empty() ? text : text + ". " + remedy;
}

std::string parse_error_text(const GError* error) {
  std::string text = "The camera's pipeline can not be built: ";
  text += error == nullptr ? "no reason given" : error->message;
  if (error == nullptr || error->domain != GST_PARSE_ERROR) return text;
  return text + (error->code == GST_PARSE_ERROR_NO_SUCH_ELEMENT
                     ? ". `samwire doctor` names the package of a missing GStreamer element"
                     : ". Try what stands after gst:// by gst-launch-1.0, with \"! fakesink\" at "
                       "its end");
}

}  // namespace samwire
