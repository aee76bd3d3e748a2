#include <NvInfer.h>
#include <cuda_runtime_api.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <functional>
#include <stdexcept>
#include <thread>

#include "doubles/cuda/work.h"
#include "doubles/tensorrt/config.h"
#include "doubles/tensorrt/network.h"
#include "doubles/tensorrt/onnxruntime.h"

namespace samwire::doubles {
namespace {

constexpr std::size_t kTacticBytes = std::size_t{1} << 20;

bool has_flag([[maybe_unused]] const Config& config, [[maybe_unused]] const char* name) {
#if NV_TENSORRT_MAJOR < 11
  using nvinfer1::BuilderFlag;
  if (std::string(name) == "fp16") return config.getFlag(BuilderFlag::kFP16);
  if (std::string(name) == "int8") return config.getFlag(BuilderFlag::kINT8);
  return config.getFlag(BuilderFlag::kOBEY_PRECISION_CONSTRAINTS) ||
         config.getFlag(BuilderFlag::kPREFER_PRECISION_CONSTRAINTS);
#else
  return false;
#endif
}

std::string fault_of_profiles(const OnnxGraph& graph, const std::vector<PlanProfile>& profiles) {
  for (const OnnxValue& input : graph.inputs) {
    if (!is_free(input.shape)) continue;
    if (profiles.empty()) {
      return "Error Code 4: API Usage Error (Network has dynamic or shape inputs, but no "
             "optimization profile has been defined.)";
    }
    for (const PlanProfile& profile : profiles) {
      const auto found = profile.find(input.name);
      if (found == profile.end()) {
        return "Error Code 4: API Usage Error (" + input.name +
               ": dynamic input is missing dimensions in a profile)";
      }
      for (const Shape& shape : found->second) {
        bool fits = shape.size() == input.shape.size();
        for (std::size_t i = 0; fits && i < shape.size(); ++i) {
          fits = input.shape[i] < 0 ? shape[i] > 0 : shape[i] == input.shape[i];
        }
        if (!fits) {
          return "Error Code 4: API Usage Error (" + input.name + ": profile dimensions " +
                 shape_text(shape) + " do not fit the input's " + shape_text(input.shape) + ")";
        }
      }
    }
  }
  return "";
}

std::string fault_of_precision(const NetworkFacts& network, const Config& config) {
  if (network.typed && (has_flag(config, "fp16") || has_flag(config, "int8"))) {
    return "Error Code 9: API Usage Error (kFP16 and kINT8 cannot be set for a strongly typed "
           "network.)";
  }
  if (has_flag(config, "constraints") && !network.fixed_integer.empty()) {
    return "Error Code 4: Internal Error (" + network.fixed_integer.front() +
           ": a layer with integer outputs cannot have the precision kFLOAT)";
  }
  if (config.getDefaultDeviceType() != nvinfer1::DeviceType::kDLA) return "";
  if (config.getDLACore() >= dla_cores()) {
    return "Error Code 3: API Usage Error (there is no DLA core " +
           std::to_string(config.getDLACore()) + ")";
  }
  const bool half =
      network.typed ? network.half_tensors : has_flag(config, "fp16") || has_flag(config, "int8");
  if (!half) return "Error Code 4: API Usage Error (DLA needs FP16 or INT8.)";
  return config.getFlag(nvinfer1::BuilderFlag::kGPU_FALLBACK)
             ? ""
             : "Error Code 4: API Usage Error (GPU_FALLBACK is not set and a layer cannot run on "
               "DLA.)";
}

// A phase of the build: told to the monitor, where there is one, and false when it says stop.
bool run_phase([[maybe_unused]] Config& config, [[maybe_unused]] const char* name,
               [[maybe_unused]] const char* parent, int steps, std::chrono::microseconds step_time,
               const std::function<bool()>& inner) {
#if NV_TENSORRT_MAJOR >= 10
  nvinfer1::IProgressMonitor* monitor = config.getProgressMonitor();
  if (monitor != nullptr) monitor->phaseStart(name, parent, steps);
#endif
  bool go_on = true;
  for (int step = 0; step < steps && go_on; ++step) {
    std::this_thread::sleep_for(step_time);
    if (step == 0 && inner) go_on = inner();
#if NV_TENSORRT_MAJOR >= 10
    if (go_on && monitor != nullptr) go_on = monitor->stepComplete(name, step);
#endif
  }
#if NV_TENSORRT_MAJOR >= 10
  if (monitor != nullptr) monitor->phaseFinish(name);
#endif
  return go_on;
}

class Builder final : public nvinfer1::IBuilder {
 public:
  explicit Builder(nvinfer1::ILogger& logger) : logger_(logger) { count_object("builder", 1); }
  ~Builder() noexcept override { count_object("builder", -1); }

  bool platformHasFastFp16() const noexcept override { return true; }
  bool platformHasFastInt8() const noexcept override { return true; }
  int32_t getNbDLACores() const noexcept override { return dla_cores(); }
  bool setMaxThreads(int32_t) noexcept override { return true; }

  nvinfer1::IBuilderConfig* createBuilderConfig() noexcept override {
    return fails("createBuilderConfig") ? nullptr : new Config(logger_);
  }
  nvinfer1::INetworkDefinition* createNetworkV2(
      nvinfer1::NetworkDefinitionCreationFlags flags) noexcept override {
    return fails("createNetworkV2") ? nullptr : make_network(flags);
  }
  nvinfer1::IOptimizationProfile* createOptimizationProfile() noexcept override {
    profiles_.push_back(std::make_unique<Profile>());
    return profiles_.back().get();
  }

  nvinfer1::IHostMemory* buildSerializedNetwork(nvinfer1::INetworkDefinition& definition,
                                                nvinfer1::IBuilderConfig& given) noexcept override {
    auto& config = static_cast<Config&>(given);
    const NetworkFacts network = facts_of(definition);
    std::string fault = fault_of(network, config);
    if (fault.empty()) fault = time_layers(network, config);
    if (!fault.empty()) {
      log_error(logger_, "IBuilder::buildSerializedNetwork: " + fault);
      return nullptr;
    }
    return host_memory(write_plan(plan_of(network, config)));
  }

 private:
  std::string fault_of(const NetworkFacts& network, const Config& config) const {
    if (fails("buildSerializedNetwork")) return "Error Code 2: Internal Error (injected)";
    if (network.onnx.empty()) return "Error Code 4: Internal Error (Network must have an output.)";
    std::string fault = fault_of_profiles(network.graph, config.profiles);
    if (fault.empty()) fault = fault_of_precision(network, config);
    if (!fault.empty()) return fault;
    try {
      OrtModel(network.onnx.data(), network.onnx.size());
    } catch (const std::exception& error) {
      return std::string("Error Code 10: Internal Error (Could not find any implementation: ") +
             error.what() + ")";
    }
    return "";
  }

  std::string time_layers(const NetworkFacts& network, Config& config) const {
    const std::size_t workspace =
        std::min(kTacticBytes, config.getMemoryPoolLimit(nvinfer1::MemoryPoolType::kWORKSPACE));
    void* scratch = nullptr;
    if (cudaMalloc(&scratch, workspace) != cudaSuccess) {
      return "Error Code 1: Cuda Runtime (out of memory)";
    }
    const auto key = static_cast<std::int64_t>(std::hash<std::string>{}(network.onnx)) ^
                     static_cast<std::int64_t>(config.getFlags());
    const bool known = config.cache != nullptr && config.cache->entries.count(key) != 0;
    using Severity = nvinfer1::ILogger::Severity;
    log(logger_, Severity::kINFO,
        config.cache != nullptr
            ? "Global timing cache in use. Profiling results in this builder pass will be stored."
            : "Local timing cache in use. Profiling results in this builder pass will not be "
              "stored.");
    const int steps = std::clamp<int>(static_cast<int>(network.graph.nodes.size()), 1, 20);
    const char* asked = std::getenv("SAMWIRE_DOUBLE_BUILD_MS");
    const std::chrono::microseconds step_time(
        asked == nullptr || known ? 0 : std::atoll(asked) * 1000 / steps);
    const auto timing = [&] {
      return run_phase(config, "Computing profile results", "Building Engine", steps, step_time,
                       {});
    };
    const bool finished = run_phase(config, "Building Engine", nullptr, known ? 1 : 2, {},
                                    known ? std::function<bool()>() : timing);
    cudaFree(scratch);
    if (!finished)
      return "Error Code 2: Internal Error (the build was stopped by the progress monitor)";
    log(logger_, Severity::kINFO,
        "Detected " + std::to_string(network.graph.inputs.size()) + " inputs and " +
            std::to_string(network.graph.outputs.size()) + " output network tensors.");
    log(logger_, Severity::kINFO, "Engine generation completed in 0.1 seconds.");
    if (config.cache != nullptr) config.cache->entries.insert(key);
    return "";
  }

  static Plan plan_of(const NetworkFacts& network, const Config& config) {
    Plan plan;
    plan.device = device_name();
    int major = 0, minor = 0;
    device_capability(major, minor);
    plan.compute = major * 10 + minor;
    plan.half = has_flag(config, "fp16") || network.half_tensors;
    plan.islands = network.half_tensors
                       ? network.single_compute
                       : has_flag(config, "constraints") && !network.fixed_single.empty();
#if NV_TENSORRT_MAJOR == 8
    plan.profile_sharing =
        config.getPreviewFeature(nvinfer1::PreviewFeature::kPROFILE_SHARING_0806);
#endif
    if (config.getDefaultDeviceType() == nvinfer1::DeviceType::kDLA) {
      plan.dla_core = config.getDLACore();
    }
    plan.layers = static_cast<std::int64_t>(network.graph.nodes.size());
    plan.name = network.name;
    const char* note = std::getenv("SAMWIRE_DOUBLE_PLAN_NOTE");
    plan.note = note == nullptr ? "" : note;
    for (const auto& [values, input] :
         {std::pair(&network.graph.inputs, true), std::pair(&network.graph.outputs, false)}) {
      for (const OnnxValue& value : *values) {
        plan.tensors.push_back({value.name, input, value.type, value.shape, value.dimensions});
      }
    }
    plan.profiles = config.profiles;
    plan.onnx = network.onnx;
    return plan;
  }

  nvinfer1::ILogger& logger_;
  std::vector<std::unique_ptr<Profile>> profiles_;
};

}  // namespace
}  // namespace samwire::doubles

using namespace samwire::doubles;

extern "C" __attribute__((visibility("default"))) void* createInferBuilder_INTERNAL(
    void* logger, int32_t version) noexcept {
  if (logger == nullptr || version / 1000 != NV_TENSORRT_VERSION / 1000) return nullptr;
  auto& log_to = *static_cast<nvinfer1::ILogger*>(logger);
  int count = 0;
  if (fails("createInferBuilder") || cudaGetDeviceCount(&count) != cudaSuccess) {
    log_error(log_to, "CUDA initialization failure with error: " +
                          std::to_string(static_cast<int>(cudaGetLastError())));
    return nullptr;
  }
  return static_cast<nvinfer1::IBuilder*>(new Builder(log_to));
}
