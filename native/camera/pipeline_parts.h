#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "camera/pipeline_text.h"
#include "camera/uri.h"

// Pieces of gst-launch text, and the checks of what a URI says. Each throws
// Error("invalid_argument") that says what was expected.
namespace samwire {

[[noreturn]] void reject(const std::string& expected, std::string_view got);

// A quoted gst-launch value. Within the quotes only the quote and the backslash mean anything.
std::string quoted(std::string_view value);

// The URI's path, decoded; `expected` describes it.
std::string absolute_path(const CameraUri& uri, std::string_view source,
                          const std::string& expected);

int whole_number(const std::string& text, int low, int high, const std::string& what);

// The options of a URI's query, each of which must be one of `known`.
std::vector<std::pair<std::string, std::string>> options_of(const CameraUri& uri,
                                                            std::string_view source,
                                                            const std::vector<std::string>& known);

// ",width=...,height=..." of what is asked for, "" for nothing; the same for the frame rate.
std::string size_caps(const PipelineRequest& request);
std::string rate_caps(const PipelineRequest& request);
// Cameras say 30000/1001 as well as 30/1: what is within 2% is what was asked for.
std::string near_rate_caps(const PipelineRequest& request);

}  // namespace samwire
