#pragma once

#include "tensorrt/contract.h"
#include "tensorrt/segmenter.h"

namespace samwire::tensorrt {

// Everything of a request that would otherwise be read or written out of bounds. Throws
// Error("invalid_argument"): TypeScript has made a mistake.
void check_request(const Request& request, const ModelSpec& model, const DecoderIo& io,
                   int logits_kept);

}  // namespace samwire::tensorrt
