#pragma once

#include <string>

#include "camera/pipeline_text.h"
#include "camera/uri.h"

namespace samwire {

// What file:// URIs mean (pipeline_text.h): a video, or a sequence of numbered pictures.
// `to_memory` goes behind a video's decoder. Throws Error("invalid_argument").
PipelineText file_pipeline(const CameraUri& uri, const PipelineRequest& request,
                           const std::string& to_memory);

}  // namespace samwire
