#pragma once

#include <napi.h>

#include <memory>
#include <set>

#include "camera/camera.h"
#include "depth/measure.h"
#include "frame/pool.h"
#include "image/prepare.h"
#include "mask/extract.h"

namespace samwire::binding {

// What one N-API environment (the main thread, the inference worker) owns. No mutable globals but
// the frame registry: two environments never share scratch memory.
struct EnvironmentData {
  Napi::FunctionReference error_class;
  std::unique_ptr<Napi::FunctionReference> camera_class;
  std::unique_ptr<Napi::FunctionReference> tensorrt_class;
  // Shared with the cameras' handles, whose end may come after this one's.
  std::shared_ptr<std::set<Camera*>> open_cameras = std::make_shared<std::set<Camera*>>();
  FramePool pool;
  ImagePreparer preparer;
  DepthMeter depth_meter;
  // The extractor of the last spec: its tables depend on the frame's size only, which rarely
  // changes.
  std::unique_ptr<MaskExtractor> extractor;
};

}  // namespace samwire::binding
