#include "camera/file_pipeline.h"

#include <string_view>

#include "camera/pipeline_parts.h"

namespace samwire {
namespace {

bool is_on(const std::string& value) {
  if (!value.empty() && value != "1" && value != "true" && value != "0" && value != "false") {
    reject("loop=1 or loop=0 in a file:// URI", value);
  }
  return value != "0" && value != "false";
}

// Where the number of a sequence of pictures stands in a path: "%0Nd". No path can mean anything
// else by it, since it would be a control character.
std::size_t number_place(std::string_view path) {
  for (std::size_t at = path.find("%0"); at != std::string_view::npos;
       at = path.find("%0", at + 1)) {
    const std::string_view form = path.substr(at, 4);
    if (form.size() == 4 && form[2] >= '1' && form[2] <= '9' && form[3] == 'd') return at;
  }
  return std::string_view::npos;
}

std::string with_doubled_percents(const std::string& text) {
  std::string out;
  for (const char c : text) out += c == '%' ? "%%" : std::string(1, c);
  return out;
}

bool ends_with(const std::string& text, std::string_view end) {
  return text.size() >= end.size() && text.compare(text.size() - end.size(), end.size(), end) == 0;
}

PipelineText pictures(const CameraUri& uri, const PipelineRequest& request) {
  const std::size_t at = number_place(uri.rest);
  CameraUri front = uri, back = uri;
  front.rest = uri.rest.substr(0, at);
  back.rest = "/" + uri.rest.substr(at + 4);
  const std::string expected =
      "file:// and an absolute path with one number, as file:///clip/%05d.png";
  const std::string before = absolute_path(front, request.source, expected);
  const std::string after = absolute_path(back, request.source, expected).substr(1);
  const bool depth = request.kind == FrameKind::kDepth;
  const bool png = ends_with(after, ".png");
  if (!png && (depth || !(ends_with(after, ".jpg") || ends_with(after, ".jpeg")))) {
    reject(depth ? "pictures of depth as .png" : "pictures as .png, .jpg or .jpeg", request.source);
  }
  bool loop = false;
  int start = 0;
  PipelineRequest wanted = request;
  for (const auto& [name, value] : options_of(uri, request.source, {"loop", "fps", "start"})) {
    if (name == "loop") loop = is_on(value);
    if (name == "fps") wanted.fps = whole_number(value, 1, 1000, "fps in a file:// URI");
    if (name == "start") start = whole_number(value, 0, 999999, "start in a file:// URI");
  }
  wanted.fps = wanted.fps.value_or(30);
  const std::string location =
      with_doubled_percents(before) + uri.rest.substr(at, 4) + with_doubled_percents(after);
  return {"multifilesrc location=" + quoted(location) + " start-index=" + std::to_string(start) +
              " loop=" + (loop ? "true" : "false") +
              " caps=" + quoted(std::string(png ? "image/png" : "image/jpeg") + rate_caps(wanted)) +
              " ! " + (png ? "pngdec" : "jpegdec"),
          /*sync=*/true, loop, /*live=*/false};
}

}  // namespace

PipelineText file_pipeline(const CameraUri& uri, const PipelineRequest& request,
                           const std::string& to_memory) {
  CameraUri local = uri;
  if (local.rest.rfind("localhost/", 0) == 0) local.rest.erase(0, 9);
  if (number_place(local.rest) != std::string::npos) return pictures(local, request);
  const std::string path = absolute_path(
      local, request.source, "file:// and an absolute path, as file:///var/lib/clip.mp4");
  bool loop = false;
  for (const auto& option : options_of(uri, request.source, {"loop"})) loop = is_on(option.second);
  // Only the video stream is decoded, in whatever memory the decoder leaves it.
  return {"uridecodebin uri=" + quoted("file://" + percent_encode_path(path)) +
              " expose-all-streams=false caps=" + quoted("video/x-raw(ANY)") + to_memory,
          /*sync=*/true, loop, /*live=*/false};
}

}  // namespace samwire
