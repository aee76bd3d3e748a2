#pragma once

#include <string>
#include <vector>

namespace samwire::tensorrt {

// Versions as "10.3.0".
struct LibraryInfo {
  std::string compiled;  // of the headers
  std::string loaded;    // of libnvinfer; empty where it can't be used
  std::string piece;     // "library" or "major": what is missing; empty when loaded
  std::string problem;   // why not, in one sentence; empty when loaded
};

// TensorRT is opened at run time, once a process: libnvinfer.so.<major> of the headers' major, from
// the folder that the build was told (SAMWIRE_TENSORRT_LIBRARY_DIR) or the system's. Another major
// is refused by name, and so is an older minor. Never throws; thread-safe.
const LibraryInfo& library();

// Opens the library or throws Error("model_failed") with library().problem.
void require_library();
// The same for libnvonnxparser, which only builds need.
void require_parser();

}  // namespace samwire::tensorrt
