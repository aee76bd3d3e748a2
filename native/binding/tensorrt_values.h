#pragma once

#include <napi.h>

#include <exception>
#include <string>
#include <vector>

#include "tensorrt/builder.h"
#include "tensorrt/segmenter.h"

// The TensorRT part of src/native/types.ts <-> the core's structs. Types are rechecked here, as in
// convert.h; lengths and ranges in native/tensorrt, which knows the engines.
namespace samwire::binding {

tensorrt::BuildRequest build_request(const Napi::Object& object);
tensorrt::ModelSpec model_spec(const Napi::Object& object);
tensorrt::OpenOptions open_options(const Napi::Object& object);

// Copied: nothing of the arrays is needed after the call.
std::vector<tensorrt::PromptGroup> prompt_groups(const Napi::Value& value);

// An outcome as JS gets it, made on the inference thread: the runs are text already.
struct Reply {
  struct Mask {
    int plane = 0;
    double score = 0;
    MaskResult mask;  // without its runs
    std::string counts;
    LowResMask lowres;  // without its runs
    std::string lowres_counts;
  };
  std::vector<std::vector<Mask>> masks;  // [group][task]
  tensorrt::Timing timing;
  std::exception_ptr error;  // set instead of the others
};

Reply reply_of(tensorrt::Outcome outcome) noexcept;
Napi::Object to_js(Napi::Env env, const Reply& reply);
Napi::Object to_js(Napi::Env env, const tensorrt::MemoryOutcome& memory);
Napi::Object to_js(Napi::Env env, const tensorrt::Stats& stats);

}  // namespace samwire::binding
