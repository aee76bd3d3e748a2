#include "tensorrt/builder.h"

#include <NvInfer.h>
#include <NvOnnxParser.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <set>
#include <system_error>

#include "cuda/device.h"
#include "frame/error.h"
#include "tensorrt/engine.h"
#include "tensorrt/failure.h"
#include "tensorrt/library.h"
#include "tensorrt/logger.h"
#include "tensorrt/plan_file.h"
#include "tensorrt/progress.h"

// Precision flags are deprecated from 10.12 on in favour of typed networks. TensorRT 8, which knows
// no others, needs them.
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

#define SAMWIRE_TRT_VERSION (NV_TENSORRT_MAJOR * 100 + NV_TENSORRT_MINOR)

namespace samwire::tensorrt {
namespace {

using nvinfer1::BuilderFlag;

constexpr std::size_t kWarnings = 50;

template <typename T>
std::unique_ptr<T> made(T* object, const char* what, LogCapture& log) {
  if (object == nullptr) fail(std::string("Making TensorRT's ") + what, log);
  return std::unique_ptr<T>(object);
}

// The warnings of a build, each once, and for TensorRT 8 its phases, which only the log tells.
struct BuildLog {
  BuildPhases* phases;
  std::vector<std::string> warnings{};
  LogCapture capture{
      [this](LogCapture::Severity severity, const std::string& line) { hear(severity, line); }};

  void warn(const std::string& text) {
    if (warnings.size() == kWarnings) return;
    if (std::find(warnings.begin(), warnings.end(), text) == warnings.end()) {
      warnings.push_back(text);
    }
  }

  void hear(LogCapture::Severity severity, const std::string& line) {
    if (severity == LogCapture::Severity::kWARNING) warn(line);
#if NV_TENSORRT_MAJOR < 10
    if (severity != LogCapture::Severity::kINFO) return;
    if (line.find("Graph optimization") != std::string::npos) phases->note("optimize");
    if (line.find("timing cache in use") != std::string::npos) phases->note("choose kernels");
    if (line.find("Engine generation completed") != std::string::npos) phases->note("finish");
#endif
  }
};

#if NV_TENSORRT_MAJOR >= 10
class ProgressMonitor : public nvinfer1::IProgressMonitor {
 public:
  explicit ProgressMonitor(BuildPhases& phases) : phases_(&phases) {}

  void phaseStart(const char* name, const char* parent, std::int32_t steps) noexcept override {
    phases_->start(name, parent == nullptr ? "" : parent, steps);
  }
  bool stepComplete(const char* name, std::int32_t step) noexcept override {
    phases_->step(name, step);
    return true;
  }
  void phaseFinish(const char* name) noexcept override { phases_->finish(name); }

 private:
  BuildPhases* phases_;
};
#endif

void check_onnx(const std::string& path) {
  std::error_code error;
  const auto size = std::filesystem::file_size(path, error);
  if (error) throw Error("model_failed", "Opening " + path + " failed: " + error.message());
  if (size == 0) throw Error("model_failed", path + " is empty");
}

nvinfer1::NetworkDefinitionCreationFlags network_flags(BuildPrecision precision) {
#if NV_TENSORRT_MAJOR < 10
  if (precision == BuildPrecision::kTyped) {
    throw Error("model_failed", "Typed networks need TensorRT 10; this is " + library().loaded);
  }
  return 1U << static_cast<int>(nvinfer1::NetworkDefinitionCreationFlag::kEXPLICIT_BATCH);
#elif NV_TENSORRT_MAJOR < 11
  if (precision != BuildPrecision::kTyped) return 0;
  return 1U << static_cast<int>(nvinfer1::NetworkDefinitionCreationFlag::kSTRONGLY_TYPED);
#else
  if (precision == BuildPrecision::kFp16) {
    throw Error("model_failed", "TensorRT " + library().loaded +
                                    " takes FP16 from the ONNX file alone: build a typed one");
  }
  return 0;
#endif
}

std::string error_text(const nvonnxparser::IParserError& error) {
  std::string where = "node " + std::to_string(error.node());
#if NV_TENSORRT_MAJOR >= 10
  const auto text = [](const char* part) { return std::string(part == nullptr ? "" : part); };
  where += " \"" + text(error.nodeName()) + "\" (" + text(error.nodeOperator()) + ")";
#endif
  return where + ": " + (error.desc() == nullptr ? "no reason given" : error.desc());
}

// `parser` must live as long as the network: TensorRT does not copy the weights.
void parse(nvonnxparser::IParser& parser, const std::string& path, LogCapture& log) {
  const auto severity = static_cast<int>(nvinfer1::ILogger::Severity::kWARNING);
  if (parser.parseFromFile(path.c_str(), severity)) return;
  std::string errors;
  for (int i = 0; i < parser.getNbErrors(); ++i) {
    errors += (errors.empty() ? "" : "; ") + error_text(*parser.getError(i));
  }
  // Up to TensorRT 8 the node's name and type stand in the log alone.
  const std::string logged = log.take_errors();
  throw Error("model_failed", "TensorRT " + library().loaded + " can't read " + path + ": " +
                                  (errors.empty() ? logged : errors) +
                                  (NV_TENSORRT_MAJOR < 10 && !errors.empty() ? "; " + logged : ""));
}

void set_profile(nvinfer1::IBuilder& builder, const nvinfer1::INetworkDefinition& network,
                 nvinfer1::IBuilderConfig& config, const BuildRequest& request, LogCapture& log) {
  if (request.shapes.empty()) return;
  // The builder owns profiles.
  nvinfer1::IOptimizationProfile* profile = builder.createOptimizationProfile();
  if (profile == nullptr) fail("Making an optimisation profile", log);
  for (const ShapeRange& shape : request.shapes) {
    const char* name = shape.input.c_str();
    bool known = false;
    for (int i = 0; i < network.getNbInputs(); ++i) {
      known = known || shape.input == network.getInput(i)->getName();
    }
    if (!known) throw Error("model_failed", request.onnx_path + " has no input " + shape.input);
    using Select = nvinfer1::OptProfileSelector;
    if (!profile->setDimensions(name, Select::kMIN, dims_of(shape.min)) ||
        !profile->setDimensions(name, Select::kOPT, dims_of(shape.opt)) ||
        !profile->setDimensions(name, Select::kMAX, dims_of(shape.max))) {
      fail("Setting the shapes of " + shape.input, log);
    }
  }
  if (config.addOptimizationProfile(profile) < 0) fail("Adding the optimisation profile", log);
}

#if NV_TENSORRT_MAJOR < 11
// From 8.6 on the parser says in a layer's metadata which node it is of: "[ONNX Layer: name]", or
// "[ONNX Layer: name | documentation]". Before, a node's second layer is called name_0: so may
// another node be, which then is FP32 too.
bool is_of_node(const nvinfer1::ILayer& layer, const std::string& node) {
  const std::string name = layer.getName();
  if (name == node) return true;
#if SAMWIRE_TRT_VERSION >= 806
  const std::string metadata = layer.getMetadata();
  const std::string start = "[ONNX Layer: " + node;
  return metadata.rfind(start + "]", 0) == 0 || metadata.rfind(start + " |", 0) == 0;
#else
  return name.rfind(node + "_", 0) == 0 &&
         name.find_first_not_of("0123456789", node.size() + 1) == std::string::npos;
#endif
}

// Constants and casts keep their type (up to 8.5 a cast is an identity, and one of booleans refuses
// a precision: NVIDIA/TensorRT#3570), and shape arithmetic is of integers.
bool can_be_fp32(const nvinfer1::ILayer& layer) {
  using Type = nvinfer1::LayerType;
  const Type type = layer.getType();
  if (type == Type::kCONSTANT || type == Type::kSHAPE || type == Type::kIDENTITY) return false;
#if SAMWIRE_TRT_VERSION >= 806
  if (type == Type::kCAST) return false;
#endif
  for (int i = 0; i < layer.getNbOutputs(); ++i) {
    const nvinfer1::ITensor& output = *layer.getOutput(i);
    if (output.getType() != nvinfer1::DataType::kFLOAT || output.isShapeTensor()) return false;
  }
  return layer.getNbOutputs() > 0;
}

void keep_fp32(const nvinfer1::INetworkDefinition& network, const BuildRequest& request,
               BuildLog& log) {
  std::set<std::string> missing(request.fp32_nodes.begin(), request.fp32_nodes.end());
  for (int i = 0; i < network.getNbLayers(); ++i) {
    nvinfer1::ILayer& layer = *network.getLayer(i);
    const auto node = std::find_if(request.fp32_nodes.begin(), request.fp32_nodes.end(),
                                   [&](const std::string& one) { return is_of_node(layer, one); });
    if (node == request.fp32_nodes.end()) continue;
    missing.erase(*node);
    if (!can_be_fp32(layer)) continue;
    layer.setPrecision(nvinfer1::DataType::kFLOAT);
    for (int output = 0; output < layer.getNbOutputs(); ++output) {
      layer.setOutputType(output, nvinfer1::DataType::kFLOAT);
    }
  }
  for (const std::string& node : missing) log.warn("No layer is named after the FP32 node " + node);
}
#endif

void set_precision([[maybe_unused]] const nvinfer1::INetworkDefinition& network,
                   nvinfer1::IBuilderConfig& config, const BuildRequest& request,
                   [[maybe_unused]] BuildLog& log) {
  if (request.precision == BuildPrecision::kFp32) config.clearFlag(BuilderFlag::kTF32);
#if NV_TENSORRT_MAJOR < 11
  const bool int8 = request.precision == BuildPrecision::kInt8;
  if (request.precision != BuildPrecision::kFp16 && !int8) return;
  if (int8) config.setFlag(BuilderFlag::kINT8);
  config.setFlag(BuilderFlag::kFP16);
  // A DLA computes in FP16 alone: what must stay FP32 falls back to the GPU where it can.
  config.setFlag(request.dla_core >= 0 ? BuilderFlag::kPREFER_PRECISION_CONSTRAINTS
                                       : BuilderFlag::kOBEY_PRECISION_CONSTRAINTS);
  keep_fp32(network, request, log);
#endif
}

void set_dla(const nvinfer1::IBuilder& builder, nvinfer1::IBuilderConfig& config, int core) {
  if (core < 0) return;
  const int cores = builder.getNbDLACores();
  if (core >= cores) {
    throw Error("model_failed", "Expected a DLA core below " + std::to_string(cores) + "; got " +
                                    std::to_string(core) +
                                    (cores == 0 ? ". This device has no DLA" : ""));
  }
  config.setDefaultDeviceType(nvinfer1::DeviceType::kDLA);
  config.setDLACore(core);
  config.setFlag(BuilderFlag::kGPU_FALLBACK);
}

// A cache that can't be read, or is of another TensorRT or GPU, only costs time.
std::unique_ptr<nvinfer1::ITimingCache> set_timing_cache(nvinfer1::IBuilderConfig& config,
                                                         const std::string& path, BuildLog& log) {
  std::unique_ptr<nvinfer1::ITimingCache> cache;
  if (path.empty()) return cache;
  try {
    const std::vector<char> bytes = read_file(path);
    cache.reset(config.createTimingCache(bytes.data(), bytes.size()));
  } catch (const Error&) {
    // The first build has none.
  }
  if (cache && config.setTimingCache(*cache, false)) return cache;
  cache = made(config.createTimingCache(nullptr, 0), "timing cache", log.capture);
  if (!config.setTimingCache(*cache, false)) log.warn("The timing cache was refused");
  log.capture.take_errors();  // of the stale one
  return cache;
}

void keep_timing_cache(const nvinfer1::IBuilderConfig& config, const std::string& path,
                       BuildLog& log) {
  const nvinfer1::ITimingCache* cache = path.empty() ? nullptr : config.getTimingCache();
  if (cache == nullptr) return;
  const std::unique_ptr<nvinfer1::IHostMemory> bytes(cache->serialize());
  if (!bytes) return;
  try {
    write_file(path, bytes->data(), bytes->size());
  } catch (const Error& error) {
    log.warn(std::string("The timing cache was not kept: ") + error.what());
  }
}

}  // namespace

BuildResult build_engine(const BuildRequest& request,
                         const std::function<void(const BuildProgress&)>& progress) {
  BuildPhases phases(progress);
  require_parser();
  cuda::use_device(request.device);
  check_onnx(request.onnx_path);
  BuildLog log{&phases};
  const auto builder = made(nvinfer1::createInferBuilder(logger()), "builder", log.capture);
  const auto network = made(builder->createNetworkV2(network_flags(request.precision)),
                            "network definition", log.capture);
  const auto parser = made(nvonnxparser::createParser(*network, logger()), "parser", log.capture);
  phases.note("parse");
  parse(*parser, request.onnx_path, log.capture);
  // Declared before the configuration, which uses them to its end.
#if NV_TENSORRT_MAJOR >= 10
  ProgressMonitor monitor(phases);
#endif
  std::unique_ptr<nvinfer1::ITimingCache> timing_cache;
  const auto config = made(builder->createBuilderConfig(), "configuration", log.capture);
  config->setMemoryPoolLimit(nvinfer1::MemoryPoolType::kWORKSPACE, request.workspace_bytes);
#if SAMWIRE_TRT_VERSION >= 806
  config->setBuilderOptimizationLevel(request.optimization_level);
#endif
#if NV_TENSORRT_MAJOR >= 10
  config->setProgressMonitor(&monitor);
#endif
  set_precision(*network, *config, request, log);
  set_dla(*builder, *config, request.dla_core);
  set_profile(*builder, *network, *config, request, log.capture);
  timing_cache = set_timing_cache(*config, request.timing_cache_path, log);
  phases.note("build");
  const auto plan =
      std::unique_ptr<nvinfer1::IHostMemory>(builder->buildSerializedNetwork(*network, *config));
  if (!plan) fail("Building an engine of " + request.onnx_path, log.capture);
  phases.note("serialize");
  write_file(request.plan_path, plan->data(), plan->size());
  keep_timing_cache(*config, request.timing_cache_path, log);
  return {plan->size(), library().loaded, log.warnings};
}

}  // namespace samwire::tensorrt
