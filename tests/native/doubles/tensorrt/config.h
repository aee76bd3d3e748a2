#pragma once

#include <NvInfer.h>

#include <map>
#include <set>
#include <string>
#include <vector>

#include "doubles/tensorrt/plan.h"

namespace samwire::doubles {

class Profile final : public nvinfer1::IOptimizationProfile {
 public:
#if NV_TENSORRT_MAJOR >= 10
  bool setDimensions(char const* name, nvinfer1::OptProfileSelector select,
                     nvinfer1::Dims const& dims) noexcept override;
#else
  bool setDimensions(char const* name, nvinfer1::OptProfileSelector select,
                     nvinfer1::Dims dims) noexcept override;
#endif
  nvinfer1::Dims getDimensions(char const* name,
                               nvinfer1::OptProfileSelector select) const noexcept override;
  bool isValid() const noexcept override;
  const PlanProfile& shapes() const { return shapes_; }

 private:
  PlanProfile shapes_;
};

// What was timed before, by network and precision: such builds skip the timing.
class TimingCache final : public nvinfer1::ITimingCache {
 public:
  TimingCache();
  ~TimingCache() noexcept override;
  // False, with what TensorRT would log, for what is no cache of this version.
  bool read(const void* blob, std::size_t size, std::string& fault);
  nvinfer1::IHostMemory* serialize() const noexcept override;
  bool combine(nvinfer1::ITimingCache const& other, bool ignore_mismatch) noexcept override;
  bool reset() noexcept override;

  std::string device;
  std::set<std::int64_t> entries;
};

class Config final : public nvinfer1::IBuilderConfig {
 public:
  explicit Config(nvinfer1::ILogger& logger);
  ~Config() noexcept override;

  void setFlags(nvinfer1::BuilderFlags flags) noexcept override { flags_ = flags; }
  nvinfer1::BuilderFlags getFlags() const noexcept override { return flags_; }
  void setFlag(nvinfer1::BuilderFlag flag) noexcept override { flags_ |= bit(flag); }
  void clearFlag(nvinfer1::BuilderFlag flag) noexcept override { flags_ &= ~bit(flag); }
  bool getFlag(nvinfer1::BuilderFlag flag) const noexcept override {
    return (flags_ & bit(flag)) != 0;
  }
  void setDefaultDeviceType(nvinfer1::DeviceType type) noexcept override { device_type_ = type; }
  nvinfer1::DeviceType getDefaultDeviceType() const noexcept override { return device_type_; }
  bool canRunOnDLA(nvinfer1::ILayer const* layer) const noexcept override;
  void setDLACore(int32_t core) noexcept override { dla_core_ = core; }
  int32_t getDLACore() const noexcept override { return dla_core_; }
  void setProfileStream(const cudaStream_t) noexcept override {}
  int32_t addOptimizationProfile(nvinfer1::IOptimizationProfile const* profile) noexcept override;
  int32_t getNbOptimizationProfiles() const noexcept override {
    return static_cast<int32_t>(profiles.size());
  }
  void setProfilingVerbosity(nvinfer1::ProfilingVerbosity) noexcept override {}
  nvinfer1::ITimingCache* createTimingCache(void const* blob,
                                            std::size_t size) const noexcept override;
  bool setTimingCache(nvinfer1::ITimingCache const& cache, bool ignore_mismatch) noexcept override;
  nvinfer1::ITimingCache const* getTimingCache() const noexcept override { return cache; }
  void setMemoryPoolLimit(nvinfer1::MemoryPoolType pool, std::size_t size) noexcept override {
    pools_[pool] = size;
  }
  std::size_t getMemoryPoolLimit(nvinfer1::MemoryPoolType pool) const noexcept override;
  void setPreviewFeature(nvinfer1::PreviewFeature feature, bool enable) noexcept override {
    previews_[feature] = enable;
  }
  bool getPreviewFeature(nvinfer1::PreviewFeature feature) const noexcept override {
    const auto found = previews_.find(feature);
    return found != previews_.end() && found->second;
  }
  void setBuilderOptimizationLevel(int32_t level) noexcept override { level_ = level; }
  int32_t getBuilderOptimizationLevel() noexcept override { return level_; }
  void setHardwareCompatibilityLevel(nvinfer1::HardwareCompatibilityLevel) noexcept override {}
#if NV_TENSORRT_MAJOR >= 10
  void setProgressMonitor(nvinfer1::IProgressMonitor* monitor) noexcept override {
    monitor_ = monitor;
  }
  nvinfer1::IProgressMonitor* getProgressMonitor() const noexcept override { return monitor_; }
#endif

  std::vector<PlanProfile> profiles;
  TimingCache* cache = nullptr;  // the caller's

 private:
  static nvinfer1::BuilderFlags bit(nvinfer1::BuilderFlag flag) {
    return 1U << static_cast<unsigned>(flag);
  }

  nvinfer1::ILogger& logger_;
  nvinfer1::BuilderFlags flags_;
  nvinfer1::DeviceType device_type_ = nvinfer1::DeviceType::kGPU;
  int32_t dla_core_ = 0;
  int32_t level_ = 3;
  std::map<nvinfer1::MemoryPoolType, std::size_t> pools_;
  std::map<nvinfer1::PreviewFeature, bool> previews_;
#if NV_TENSORRT_MAJOR >= 10
  nvinfer1::IProgressMonitor* monitor_ = nullptr;
#endif
};

}  // namespace samwire::doubles
