#include "camera/pipeline_text.h"

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

#include "camera/file_pipeline.h"
#include "camera/pipeline_parts.h"
#include "camera/uri.h"
#include "frame/error.h"
#include "frame/layout.h"

namespace samwire {
namespace {

constexpr const char* kSchemes =
    "csi://N, v4l2:///dev/videoN, rtsp://host/path, rtsps://host/path, file:///path, "
    "test://pattern, "
    "shm:///socket or gst://pipeline";

// From videotestsrc of GStreamer 1.16; later ones only add to it.
constexpr std::string_view kPatterns[] = {"smpte",
                                          "snow",
                                          "black",
                                          "white",
                                          "red",
                                          "green",
                                          "blue",
                                          "checkers-1",
                                          "checkers-2",
                                          "checkers-4",
                                          "checkers-8",
                                          "circular",
                                          "blink",
                                          "smpte75",
                                          "zone-plate",
                                          "gamut",
                                          "chroma-zone-plate",
                                          "solid-color",
                                          "ball",
                                          "smpte100",
                                          "bar",
                                          "pinwheel",
                                          "spokes",
                                          "gradient",
                                          "colors"};

void check_request(const PipelineRequest& request) {
  for (const auto& [name, side] : {std::pair{"width", request.width}, {"height", request.height}}) {
    if (side && (*side < 1 || *side > kMaxFrameSide)) {
      reject(std::string(name) + " to be 1 to " + std::to_string(kMaxFrameSide) + " pixels",
             std::to_string(*side));
    }
  }
  if (request.fps && !(*request.fps >= 0.001 && *request.fps <= 1000)) {
    reject("fps to be above 0 and at most 1000", std::to_string(*request.fps));
  }
}

const char* default_format(FrameKind kind) {
  return kind == FrameKind::kDepth ? "GRAY16_LE" : "NV12";
}

// Jetson's decoders leave their pictures in NVMM memory; nvvidconv (VIC, no CPU) brings them out as
// NV12.
std::string to_system_memory(const HasElement& has_element) {
  return has_element("nvvidconv") ? " ! nvvidconv ! video/x-raw,format=NV12" : "";
}

PipelineText csi(const CameraUri& uri, const PipelineRequest& request,
                 const HasElement& has_element) {
  options_of(uri, request.source, {});
  const int sensor = whole_number(uri.rest, 0, 63, "the sensor in csi://N");
  if (!has_element("nvarguscamerasrc") || !has_element("nvvidconv")) {
    throw Error("invalid_argument",
                "Expected a machine with nvarguscamerasrc and nvvidconv (Jetson's GStreamer "
                "plugins, package "
                "nvidia-l4t-gstreamer) for \"" +
                    request.source +
                    "\", which this one lacks. USB cameras are v4l2:///dev/videoN.");
  }
  return {"nvarguscamerasrc sensor-id=" + std::to_string(sensor) +
          " ! video/x-raw(memory:NVMM),format=NV12" + size_caps(request) + rate_caps(request) +
          to_system_memory(has_element)};
}

PipelineText v4l2(const CameraUri& uri, const PipelineRequest& request,
                  const HasElement& has_element) {
  const std::string device =
      absolute_path(uri, request.source, "v4l2:// and the path of a device, as v4l2:///dev/video0");
  if (request.kind == FrameKind::kDepth) {
    options_of(uri, request.source, {});
    return {"v4l2src io-mode=2 device=" + quoted(device) +
            " ! video/x-raw,format=(string){GRAY16_LE,GRAY16_BE}" + size_caps(request) +
            near_rate_caps(request)};
  }
  std::string format;
  for (const auto& [name, value] : options_of(uri, request.source, {"format"})) format = value;
  if (!format.empty() && format != "mjpeg" && format != "yuyv") {
    reject("format=mjpeg or format=yuyv in a v4l2:// URI", format);
  }
  const std::string source = "v4l2src io-mode=2 device=" + quoted(device) + " ! ";
  const std::string caps = size_caps(request) + near_rate_caps(request);
  if (format == "yuyv") {
    return {source + "video/x-raw,format=YUY2" + caps + to_system_memory(has_element)};
  }
  if (format == "mjpeg") {
    const bool hardware = has_element("nvv4l2decoder") && has_element("nvvidconv");
    return {source + "image/jpeg" + caps + " ! jpegparse ! " +
            (hardware ? "nvv4l2decoder mjpeg=1" + to_system_memory(has_element) : "jpegdec")};
  }
  // Both kinds are allowed and decodebin takes either: a camera that has the wanted size and rate
  // only as MJPEG (most of them, above VGA) is found without being told so.
  return {source + "capsfilter caps=" + quoted("video/x-raw" + caps + ";image/jpeg" + caps) +
          " ! decodebin" + to_system_memory(has_element)};
}

PipelineText rtsp(const CameraUri& uri, const PipelineRequest& request,
                  const HasElement& has_element) {
  const std::size_t authority_end = std::min(uri.rest.find('/'), uri.rest.size());
  const std::string authority = uri.rest.substr(0, authority_end);
  const std::size_t at = authority.rfind('@');
  const std::string host = at == std::string::npos ? authority : authority.substr(at + 1);
  const std::size_t colon =
      host.find(':', host.find(']') == std::string::npos ? 0 : host.find(']'));
  if (host.empty() || colon == 0 ||
      (colon != std::string::npos &&
       (colon + 1 == host.size() ||
        host.find_first_not_of("0123456789", colon + 1) != std::string::npos))) {
    reject(uri.scheme +
               "://[user:password@]host[:port]/path (in a password / is %2F, ? is %3F, @ is %40)",
           request.source);
  }
  int latency_ms = 50;
  std::string transport = "tcp";
  std::string query;
  for (std::string_view left = uri.query; !left.empty();) {
    const std::string_view item = left.substr(0, left.find('&'));
    left.remove_prefix(std::min(item.size() + 1, left.size()));
    if (item.rfind("latency=", 0) == 0) {
      latency_ms =
          whole_number(std::string(item.substr(8)), 0, 60000, "latency (ms) in an rtsp:// URI");
    } else if (item.rfind("transport=", 0) == 0) {
      transport = item.substr(10);
      if (transport != "tcp" && transport != "udp") {
        reject("transport=tcp or transport=udp in an rtsp:// URI", transport);
      }
    } else {
      query += (query.empty() ? "?" : "&") + std::string(item);
    }
  }
  const std::string location = percent_encode_stray(uri.scheme + "://" + uri.rest + query);
  // decodebin picks depayloader, parser and decoder by what the camera says it sends (H.264, H.265,
  // MJPEG) and by rank, which puts Jetson's nvv4l2decoder first. The caps keep it away from a
  // camera's audio.
  return {"rtspsrc location=" + quoted(location) + " protocols=" + transport +
          " tcp-timeout=8000000 latency=" + std::to_string(latency_ms) +
          " drop-on-latency=true ! application/x-rtp,media=video ! decodebin" +
          to_system_memory(has_element)};
}

PipelineText test(const CameraUri& uri, const PipelineRequest& request, const HasElement&) {
  options_of(uri, request.source, {});
  const std::string pattern = uri.rest == "pattern" ? "smpte" : uri.rest;
  if (std::find(std::begin(kPatterns), std::end(kPatterns), pattern) == std::end(kPatterns)) {
    std::string names;
    for (const auto known : kPatterns) names += (names.empty() ? "" : ", ") + std::string(known);
    reject("test:// and one of pattern, " + names, request.source);
  }
  PipelineRequest wanted = request;
  wanted.width = request.width.value_or(1280);
  wanted.height = request.height.value_or(720);
  wanted.fps = request.fps.value_or(30);
  return {"videotestsrc is-live=true pattern=" + pattern + " ! video/x-raw,format=" +
          default_format(request.kind) + size_caps(wanted) + rate_caps(wanted)};
}

PipelineText shm(const CameraUri& uri, const PipelineRequest& request, const HasElement&) {
  const std::string path = absolute_path(
      uri, request.source, "shm:// and the path of a shmsink's socket, as shm:///tmp/camera");
  PipelineRequest wanted = request;
  std::string format = default_format(request.kind);
  for (const auto& [name, value] :
       options_of(uri, request.source, {"format", "width", "height", "fps"})) {
    if (name == "format") format = value;
    if (name == "width")
      wanted.width = whole_number(value, 1, kMaxFrameSide, "width in a shm:// URI");
    if (name == "height")
      wanted.height = whole_number(value, 1, kMaxFrameSide, "height in a shm:// URI");
    if (name == "fps") wanted.fps = whole_number(value, 1, 1000, "fps in a shm:// URI");
  }
  const auto known = pixel_format_of(format);
  if (!known || kind_of(*known) != request.kind) {
    reject(request.kind == FrameKind::kDepth
               ? "format= GRAY16_LE or GRAY16_BE in a shm:// URI of depth"
               : "format= NV12, I420, YUY2, BGRx, RGBx, RGB, BGR or GRAY8 in a shm:// URI",
           format);
  }
  if (!wanted.width || !wanted.height) {
    reject(
        "width and height for a shm:// camera (the frames do not carry them), in the URI as "
        "?width=1920&height=1080 or beside it",
        request.source);
  }
  wanted.fps = wanted.fps.value_or(30);
  return {"shmsrc socket-path=" + quoted(path) +
          " is-live=true do-timestamp=true ! video/x-raw,format=" + format + size_caps(wanted) +
          rate_caps(wanted)};
}

PipelineText gst(const CameraUri& uri, const PipelineRequest& request, const HasElement&) {
  if (uri.rest.find_first_not_of(" \t\r\n") == std::string::npos ||
      uri.rest.find('\0') != std::string::npos) {
    reject("gst:// and a gst-launch pipeline without its sink, as gst://videotestsrc is-live=true",
           request.source);
  }
  return {uri.rest};
}

}  // namespace

PipelineText pipeline_text(const PipelineRequest& request, const HasElement& has_element) {
  check_request(request);
  const std::string_view source = request.source;
  if (source.find("://") == std::string_view::npos) {
    const bool path = !source.empty() && source.front() == '/';
    reject(std::string("a camera URI (") + kSchemes + ")" +
               (path ? "; a file is file://" + std::string(source) : ""),
           source);
  }
  const CameraUri uri = split_uri(source);
  const bool lossy = uri.scheme == "csi" || uri.scheme == "rtsp" || uri.scheme == "rtsps";
  if (lossy && request.kind == FrameKind::kDepth) {
    reject("a source of 16-bit depth (v4l2://, file://, shm:// or gst://), since " + uri.scheme +
               ":// carries pictures of 8 bits",
           source);
  }
  if (uri.scheme == "csi") return csi(uri, request, has_element);
  if (uri.scheme == "v4l2") return v4l2(uri, request, has_element);
  if (uri.scheme == "rtsp" || uri.scheme == "rtsps") return rtsp(uri, request, has_element);
  if (uri.scheme == "file") {
    const bool plain = request.kind == FrameKind::kDepth;
    return file_pipeline(uri, request, plain ? "" : to_system_memory(has_element));
  }
  if (uri.scheme == "test") return test(uri, request, has_element);
  if (uri.scheme == "shm") return shm(uri, request, has_element);
  if (uri.scheme == "gst") return gst(uri, request, has_element);
  reject(std::string("a camera URI (") + kSchemes + ")", source);
}

std::string with_sink(const std::string& pipeline, bool sync, FrameKind kind) {
  // videoconvert passes frames through untouched unless the format is none of the list. Two threads
  // are enough for 1080p60 and leave a small machine's other cores to inference. Of depth the other
  // formats are let through to be refused with their name, since GStreamer would only say that
  // nothing fits.
  const bool depth = kind == FrameKind::kDepth;
  return pipeline + (depth ? "" : " ! videoconvert n-threads=2") +
         " ! appsink name=sink max-buffers=1 drop=true sync=" + (sync ? "true" : "false") +
         " enable-last-sample=false wait-on-eos=false caps=\"video/x-raw,format=(string)" +
         (depth ? "{GRAY16_LE,GRAY16_BE};video/x-raw"
                : "{NV12,I420,YUY2,BGRx,RGBx,RGB,BGR,GRAY8}") +
         "\"";
}

}  // namespace samwire
