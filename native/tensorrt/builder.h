#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace samwire::tensorrt {

// How a network's numbers are kept. kTyped: as the ONNX file says (strongly typed network, from
// TensorRT 10 on, the only kind that 11 knows); kFp16: any layer may be FP16 but those of
// `fp32_nodes` (TensorRT 8, kOBEY_PRECISION_CONSTRAINTS); kFp32: no layer is, and no TF32 either;
// kInt8: by the file's Q/DQ nodes, the rest FP16.
enum class BuildPrecision { kTyped, kFp16, kFp32, kInt8 };

struct ShapeRange {
  std::string input;
  std::vector<std::int64_t> min, opt, max;
};

struct BuildRequest {
  std::string onnx_path;
  std::string plan_path;          // written whole or not at all: temporary file, fsync, rename
  std::string timing_cache_path;  // read where it fits, written back; empty: none
  BuildPrecision precision = BuildPrecision::kFp32;
  std::vector<std::string> fp32_nodes;  // ONNX node names, for kFp16 and kInt8 on TensorRT 8
  std::vector<ShapeRange> shapes;       // of the inputs with free dimensions
  std::size_t workspace_bytes = std::size_t{1} << 30;
  int optimization_level = 3;  // 0..5, TensorRT >= 8.6
  int dla_core = -1;           // -1: GPU only; else this DLA core, with GPU fallback
  int device = 0;
};

struct BuildProgress {
  std::string phase;     // TensorRT's, or "parse", "build", "serialize"
  double fraction = -1;  // 0..1 of the phase, -1 where it can't be told
};

struct BuildResult {
  std::size_t plan_bytes = 0;
  std::string tensorrt_version;
  std::vector<std::string> warnings;  // TensorRT's, each once, at most 50
};

// Builds one engine. Blocks for minutes: for a process of its own. `progress` is called on this
// thread or TensorRT's, one call at a time. Throws Error("model_failed") with the parser's errors
// (node, type, text) or the logger's last error, Error("device_failed") as cuda::check().
BuildResult build_engine(const BuildRequest& request,
                         const std::function<void(const BuildProgress&)>& progress);

}  // namespace samwire::tensorrt
