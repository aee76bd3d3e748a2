#ifdef SAMWIRE_TENSORRT

#include "binding/progress.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <string>

namespace samwire::binding {
namespace {

// Escaped it may be six times as long: below PIPE_BUF (4096), up to which a pipe takes all or
// nothing.
constexpr std::size_t kMaxPhaseBytes = 500;

// Cut before a character, not within.
std::string shortened(const std::string& phase) {
  std::size_t size = std::min(phase.size(), kMaxPhaseBytes);
  while (size > 0 && size < phase.size() && (phase[size] & 0xC0) == 0x80) --size;
  return phase.substr(0, size);
}

std::string json_string(const std::string& text) {
  std::string out = "\"";
  for (const char character : text) {
    const auto code = static_cast<unsigned char>(character);
    if (code < 0x20) {
      char escaped[7];
      std::snprintf(escaped, sizeof escaped, "\\u%04x", code);
      out += escaped;
      continue;
    }
    if (character == '"' || character == '\\') out += '\\';
    out += character;
  }
  return out + '"';
}

}  // namespace

void write_progress(int fd, const tensorrt::BuildProgress& progress) noexcept {
  try {
    char fraction[32];
    std::snprintf(fraction, sizeof fraction, "%.4f", progress.fraction);
    const std::string line = "{\"phase\":" + json_string(shortened(progress.phase)) +
                             ",\"fraction\":" + fraction + "}\n";
    while (write(fd, line.data(), line.size()) < 0 && errno == EINTR) {
    }
  } catch (const std::bad_alloc&) {
    // One line less.
  }
}

}  // namespace samwire::binding

#endif
