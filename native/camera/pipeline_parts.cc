#include "camera/pipeline_parts.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "frame/error.h"

namespace samwire {
namespace {

struct Fraction {
  long numerator;
  long denominator;
};

// Frame rates as thousandths: 30 -> 30/1, 29.97 -> 2997/100.
Fraction fraction(double fps) {
  const long thousandths = std::max(1L, std::lround(fps * 1000));
  const long divisor = std::gcd(thousandths, 1000L);
  return {thousandths / divisor, 1000 / divisor};
}

std::string text(Fraction rate) {
  return std::to_string(rate.numerator) + "/" + std::to_string(rate.denominator);
}

}  // namespace

void reject(const std::string& expected, std::string_view got) {
  throw Error("invalid_argument", "Expected " + expected + ", got \"" + mask_uri(got) + "\".");
}

std::string quoted(std::string_view value) {
  std::string out = "\"";
  for (const char c : value) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

std::string absolute_path(const CameraUri& uri, std::string_view source,
                          const std::string& expected) {
  std::string path = percent_decode(uri.rest);
  if (path.size() < 2 || path.front() != '/') reject(expected, source);
  if (std::any_of(path.begin(), path.end(),
                  [](char c) { return static_cast<unsigned char>(c) < 0x20; })) {
    reject(expected + " without control characters", source);
  }
  return path;
}

int whole_number(const std::string& text, int low, int high, const std::string& what) {
  const bool digits =
      !text.empty() && text.size() <= 6 &&
      std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
  const int value = digits ? std::stoi(text) : -1;
  if (value < low || value > high) {
    reject(
        what + " to be a whole number from " + std::to_string(low) + " to " + std::to_string(high),
        text);
  }
  return value;
}

std::vector<std::pair<std::string, std::string>> options_of(const CameraUri& uri,
                                                            std::string_view source,
                                                            const std::vector<std::string>& known) {
  auto pairs = query_pairs(uri.query);
  std::string names;
  for (const auto& name : known) names += (names.empty() ? "" : ", ") + name;
  for (const auto& pair : pairs) {
    if (std::find(known.begin(), known.end(), pair.first) == known.end()) {
      reject(known.empty()
                 ? "no options after \"?\" in a " + uri.scheme + ":// URI"
                 : "only the options " + names + " after \"?\" in a " + uri.scheme + ":// URI",
             source);
    }
  }
  return pairs;
}

std::string size_caps(const PipelineRequest& request) {
  std::string caps;
  if (request.width) caps += ",width=" + std::to_string(*request.width);
  if (request.height) caps += ",height=" + std::to_string(*request.height);
  return caps;
}

std::string rate_caps(const PipelineRequest& request) {
  return request.fps ? ",framerate=" + text(fraction(*request.fps)) : "";
}

std::string near_rate_caps(const PipelineRequest& request) {
  if (!request.fps) return "";
  return ",framerate=(fraction)[" + text(fraction(*request.fps * 0.98)) + "," +
         text(fraction(*request.fps * 1.02)) + "]";
}

}  // namespace samwire
