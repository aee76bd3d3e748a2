#include "camera/uri.h"

#include <algorithm>
#include <cctype>

#include "frame/error.h"

namespace samwire {
namespace {

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

bool is_alnum(char c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

bool is_escape(std::string_view text, std::size_t at) {
  return at + 2 < text.size() && hex_digit(text[at + 1]) >= 0 && hex_digit(text[at + 2]) >= 0;
}

void append_encoded(std::string& out, char c) {
  constexpr char kHex[] = "0123456789ABCDEF";
  const auto byte = static_cast<unsigned char>(c);
  out += '%';
  out += kHex[byte >> 4];
  out += kHex[byte & 15];
}

// Where the password of each URI of a text lies: [begin, end) between the first ':' of the user
// part and the last '@' of the authority.
std::vector<std::pair<std::size_t, std::size_t>> password_ranges(std::string_view text) {
  std::vector<std::pair<std::size_t, std::size_t>> ranges;
  for (std::size_t mark = text.find("://"); mark != std::string_view::npos;
       mark = text.find("://", mark + 3)) {
    const std::size_t begin = mark + 3;
    const std::size_t end = std::min(text.find_first_of("/? \t\r\n\"'", begin), text.size());
    const std::string_view authority = text.substr(begin, end - begin);
    const std::size_t at = authority.rfind('@');
    const std::size_t colon = authority.find(':');
    if (at == std::string_view::npos || colon == std::string_view::npos || colon > at) continue;
    ranges.emplace_back(begin + colon + 1, begin + at);
  }
  return ranges;
}

}  // namespace

CameraUri split_uri(std::string_view uri) {
  const std::size_t mark = uri.find("://");
  const auto scheme = uri.substr(0, mark == std::string_view::npos ? 0 : mark);
  if (scheme.empty() || !std::all_of(scheme.begin(), scheme.end(), [](char c) {
        return is_alnum(c) || c == '+' || c == '-' || c == '.';
      })) {
    throw Error("invalid_argument",
                "Expected a camera URI of the form scheme://..., got \"" + mask_uri(uri) + "\".");
  }
  CameraUri parts;
  for (const char c : scheme) {
    parts.scheme += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  parts.rest = uri.substr(mark + 3);
  if (parts.scheme == "gst") return parts;
  if (std::any_of(uri.begin(), uri.end(), is_control)) {
    throw Error("invalid_argument",
                "Expected a camera URI without line breaks or control characters.");
  }
  if (const std::size_t question = parts.rest.find('?'); question != std::string::npos) {
    parts.query = parts.rest.substr(question + 1);
    parts.rest.resize(question);
  }
  return parts;
}

std::vector<std::pair<std::string, std::string>> query_pairs(std::string_view query) {
  std::vector<std::pair<std::string, std::string>> pairs;
  while (!query.empty()) {
    const std::string_view item = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(item.size() + 1, query.size()));
    if (item.empty()) continue;
    const std::size_t equals = std::min(item.find('='), item.size());
    pairs.emplace_back(percent_decode(item.substr(0, equals)),
                       percent_decode(item.substr(std::min(equals + 1, item.size()))));
  }
  return pairs;
}

std::string percent_decode(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    if (!is_escape(text, i) || (text[i + 1] == '0' && text[i + 2] == '0')) {
      throw Error("invalid_argument",
                  "Expected %XX with two hexadecimal digits other than 00 (a % itself "
                  "is written %25), got \"" +
                      std::string(text.substr(i, 3)) + "\" in the camera URI.");
    }
    out += static_cast<char>(hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2]));
    i += 2;
  }
  return out;
}

std::string percent_encode_path(std::string_view path) {
  constexpr std::string_view kPlain = "-._~/";
  std::string out;
  for (const char c : path) {
    if (is_alnum(c) || kPlain.find(c) != std::string_view::npos) {
      out += c;
    } else {
      append_encoded(out, c);
    }
  }
  return out;
}

std::string percent_encode_stray(std::string_view uri) {
  constexpr std::string_view kLegal = "-._~:/?#[]@!$&'()*+,;=";
  std::string out;
  for (std::size_t i = 0; i < uri.size(); ++i) {
    const char c = uri[i];
    if (is_alnum(c) || kLegal.find(c) != std::string_view::npos ||
        (c == '%' && is_escape(uri, i))) {
      out += c;
    } else {
      append_encoded(out, c);
    }
  }
  return out;
}

std::string mask_passwords(std::string_view text) {
  std::string out;
  std::size_t done = 0;
  for (const auto& [begin, end] : password_ranges(text)) {
    out += text.substr(done, begin - done);
    out += "***";
    done = end;
  }
  out += text.substr(done);
  return out;
}

std::string mask_uri(std::string_view uri) {
  const std::size_t mark = uri.find("://");
  if (mark == std::string_view::npos || uri.substr(0, mark) == "gst") return mask_passwords(uri);
  const std::size_t colon = uri.find(':', mark + 3);
  const std::size_t at = uri.rfind('@');
  if (colon == std::string_view::npos || at == std::string_view::npos || colon > at) {
    return std::string(uri);
  }
  return std::string(uri.substr(0, colon + 1)) + "***" + std::string(uri.substr(at));
}

std::vector<std::string> passwords_in(std::string_view text) {
  std::vector<std::string> found;
  for (const auto& [begin, end] : password_ranges(text)) {
    if (begin == end) continue;
    const std::string written(text.substr(begin, end - begin));
    found.push_back(written);
    try {
      const std::string decoded = percent_decode(written);
      if (decoded != written) found.push_back(decoded);
    } catch (const Error&) {
      continue;  // a stray '%': there is only the form as written
    }
  }
  return found;
}

}  // namespace samwire
