#pragma once

#include "tensorrt/pipeline.h"

namespace samwire::tensorrt {

// A grey picture of the usual size with prompts for every bucket, each twice: once plainly, once to
// record its graph. So that the first request is as fast as the others, and engines that load but
// can't run are found at the start. Throws as Segmenter::open.
void warm_up(Pipeline& pipeline, const ModelSpec& model, const OpenOptions& options);

}  // namespace samwire::tensorrt
