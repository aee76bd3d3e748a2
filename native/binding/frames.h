#pragma once

#include <napi.h>

#include "frame/frame.h"

namespace samwire::binding {

// The frame that a JS id stands for. Throws Error("frame_evicted") where it has no handle any more.
FramePtr frame_of(const Napi::Value& id);

}  // namespace samwire::binding
