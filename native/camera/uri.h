#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace samwire {

// A camera URI cut into its parts; nothing is decoded. `rest` is what follows "://", up to the
// query.
struct CameraUri {
  std::string scheme;  // lower case
  std::string rest;
  std::string query;  // without its '?'
};

// Throws Error("invalid_argument") where there is no "scheme://", or for control characters (which
// no scheme but gst:// has a use for).
CameraUri split_uri(std::string_view uri);

// The query's pairs in their order, percent-decoded; a key without '=' has the value "".
std::vector<std::pair<std::string, std::string>> query_pairs(std::string_view query);

// Throws Error("invalid_argument") for a '%' without two hexadecimal digits, and for %00.
std::string percent_decode(std::string_view text);

// Encodes every byte of a path but A-Z a-z 0-9 - . _ ~ and '/', so that the result needs no quoting
// anywhere.
std::string percent_encode_path(std::string_view path);

// Encodes only what no URI may hold (spaces, quotes, backslashes, non-ASCII, a stray '%'); what is
// a URI already stays as it is.
std::string percent_encode_stray(std::string_view uri);

// "rtsp://user:secret@host/path" -> "rtsp://user:***@host/path", in every URI of the text.
std::string mask_passwords(std::string_view text);

// The same for one URI as a person wrote it, whose password may hold anything: up to its last '@'.
// Masks rather too much than too little.
std::string mask_uri(std::string_view uri);

// The passwords that stand in the URIs of the text, as written and percent-decoded.
std::vector<std::string> passwords_in(std::string_view text);

}  // namespace samwire
