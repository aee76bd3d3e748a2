#pragma once

#include "frame/frame.h"
#include "frame/pool.h"
#include "frame/region.h"

namespace samwire {

// A part of a frame as a frame of its own, with a fresh id and the time and seq of the whole. YUV
// becomes RGB (its chroma samples can't be cut at odd pixels), the others keep their format, so
// that each pixel has the very RGB that to_rgb gives it in the whole. Throws
// Error("invalid_argument") for a region that is not within the frame.
FramePtr crop_frame(const Frame& frame, const Region& region, FramePool& pool);

}  // namespace samwire
