#include "doubles/tensorrt/config.h"

#include <memory>
#include <sstream>

#include "doubles/cuda/work.h"

namespace samwire::doubles {
namespace {

constexpr const char* kTimingMagic = "SAMWIRE-DOUBLE-TIMING";

}  // namespace

#if NV_TENSORRT_MAJOR >= 10
bool Profile::setDimensions(char const* name, nvinfer1::OptProfileSelector select,
                            nvinfer1::Dims const& dims) noexcept {
#else
bool Profile::setDimensions(char const* name, nvinfer1::OptProfileSelector select,
                            nvinfer1::Dims dims) noexcept {
#endif
  for (int i = 0; i < dims.nbDims; ++i) {
    if (dims.d[i] < 0) return false;
  }
  shapes_[name][static_cast<std::size_t>(select)] = shape_of(dims);
  return true;
}

nvinfer1::Dims Profile::getDimensions(char const* name,
                                      nvinfer1::OptProfileSelector select) const noexcept {
  const auto found = shapes_.find(name);
  if (found == shapes_.end()) return nvinfer1::Dims{-1, {}};
  return dims_of(found->second[static_cast<std::size_t>(select)]);
}

bool Profile::isValid() const noexcept {
  for (const auto& [name, shapes] : shapes_) {
    const auto& [least, best, most] = shapes;
    if (least.size() != best.size() || best.size() != most.size()) return false;
    for (std::size_t i = 0; i < best.size(); ++i) {
      if (least[i] > best[i] || best[i] > most[i]) return false;
    }
  }
  return true;
}

TimingCache::TimingCache() : device(device_name()) { count_object("timing cache", 1); }

TimingCache::~TimingCache() noexcept { count_object("timing cache", -1); }

bool TimingCache::read(const void* blob, std::size_t size, std::string& fault) {
  if (size == 0) return true;
  std::istringstream text(std::string(static_cast<const char*>(blob), size));
  std::string magic, version, count;
  std::getline(text, magic);
  std::getline(text, version);
  std::getline(text, device);
  std::getline(text, count);
  if (magic != kTimingMagic || version != std::to_string(NV_TENSORRT_VERSION) || count.empty()) {
    fault =
        "createTimingCache: Error Code 1: Serialization (the timing cache is of another version of "
        "TensorRT)";
    return false;
  }
  std::int64_t entry = 0;
  for (int left = std::stoi(count); left > 0; --left) {
    if (!(text >> entry)) {
      fault = "createTimingCache: Error Code 1: Serialization (the timing cache is truncated)";
      return false;
    }
    entries.insert(entry);
  }
  return true;
}

nvinfer1::IHostMemory* TimingCache::serialize() const noexcept {
  std::ostringstream text;
  text << kTimingMagic << '\n'
       << NV_TENSORRT_VERSION << '\n'
       << device << '\n'
       << entries.size() << '\n';
  for (const std::int64_t entry : entries) text << entry << '\n';
  return host_memory(text.str());
}

bool TimingCache::combine(nvinfer1::ITimingCache const& other, bool ignore_mismatch) noexcept {
  const auto& cache = static_cast<const TimingCache&>(other);
  if (cache.device != device && !ignore_mismatch) return false;
  entries.insert(cache.entries.begin(), cache.entries.end());
  return true;
}

bool TimingCache::reset() noexcept {
  entries.clear();
  return true;
}

// TF32 is on until it is cleared.
Config::Config(nvinfer1::ILogger& logger)
    : logger_(logger), flags_(bit(nvinfer1::BuilderFlag::kTF32)) {
  count_object("builder config", 1);
}

Config::~Config() noexcept { count_object("builder config", -1); }

bool Config::canRunOnDLA(nvinfer1::ILayer const* layer) const noexcept {
  return layer->getType() == nvinfer1::LayerType::kCONVOLUTION ||
         layer->getType() == nvinfer1::LayerType::kACTIVATION;
}

int32_t Config::addOptimizationProfile(nvinfer1::IOptimizationProfile const* profile) noexcept {
  if (profile == nullptr || !profile->isValid()) {
    log_error(logger_,
              "IBuilderConfig::addOptimizationProfile: Error Code 4: API Usage Error (the profile "
              "is not valid)");
    return -1;
  }
  profiles.push_back(static_cast<const Profile*>(profile)->shapes());
  return getNbOptimizationProfiles() - 1;
}

nvinfer1::ITimingCache* Config::createTimingCache(void const* blob,
                                                  std::size_t size) const noexcept {
  auto made = std::make_unique<TimingCache>();
  std::string fault;
  if (!made->read(blob, size, fault)) {
    log_error(logger_, fault);
    return nullptr;
  }
  return made.release();
}

bool Config::setTimingCache(nvinfer1::ITimingCache const& given, bool ignore_mismatch) noexcept {
  const auto& timing = static_cast<const TimingCache&>(given);
  if (timing.device != device_name() && !ignore_mismatch) {
    log_error(
        logger_,
        "setTimingCache: Error Code 3: API Usage Error (the timing cache is of another device)");
    return false;
  }
  cache = const_cast<TimingCache*>(&timing);
  return true;
}

std::size_t Config::getMemoryPoolLimit(nvinfer1::MemoryPoolType pool) const noexcept {
  const auto found = pools_.find(pool);
  return found == pools_.end() ? std::size_t{8} << 30 : found->second;
}

}  // namespace samwire::doubles
