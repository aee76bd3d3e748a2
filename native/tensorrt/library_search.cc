#include "tensorrt/library_search.h"

#include <dlfcn.h>

#include <cstdint>
#include <vector>

namespace samwire::tensorrt {
namespace {

constexpr const char* kRemedy = ": rebuild with `bash scripts/setup.sh`";
constexpr int kMajorsAround = 3;

std::string file_name(const char* stem, int major) {
  return std::string(stem) + ".so." + std::to_string(major);
}

struct Attempt {
  void* handle = nullptr;
  bool absent = false;  // no such file; else it is there and can't be loaded
  std::string why_not;
};

// RTLD_LOCAL: its symbols are those that symbols.cc defines under the same names.
Attempt open_file(const std::string& path) {
  Attempt attempt;
  attempt.handle = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (attempt.handle != nullptr) return attempt;
  const char* text = dlerror();
  attempt.why_not = text == nullptr ? "no reason given" : text;
  // A library that it needs would be named instead.
  attempt.absent = attempt.why_not.rfind(path + ": ", 0) == 0 &&
                   attempt.why_not.find("No such file") != std::string::npos;
  return attempt;
}

Attempt open_library(const char* stem, int major, const std::string& directory) {
  const std::string name = file_name(stem, major);
  if (!directory.empty()) {
    const Attempt attempt = open_file(directory + "/" + name);
    if (!attempt.absent) return attempt;
  }
  return open_file(name);
}

std::vector<int> other_majors_here(const WantedLibrary& wanted) {
  std::vector<int> majors;
  for (int major = wanted.major + kMajorsAround; major >= wanted.major - kMajorsAround; --major) {
    if (major == wanted.major) continue;
    const Attempt attempt = open_library("libnvinfer", major, wanted.directory);
    if (attempt.handle == nullptr) continue;
    majors.push_back(major);
    dlclose(attempt.handle);
  }
  return majors;
}

// major * 1000 + minor * 100 + patch up to TensorRT 8, major * 10000 + minor * 100 + patch from 10.
struct Version {
  int major, minor, patch;
};
Version version_of(std::int32_t number) {
  if (number >= 100000) return {number / 10000, number / 100 % 100, number % 100};
  return {number / 1000, number / 100 % 10, number % 100};
}

std::string text_of(const Version& version) {
  return std::to_string(version.major) + "." + std::to_string(version.minor) + "." +
         std::to_string(version.patch);
}

std::string this_build(const WantedLibrary& wanted) {
  return "This build is for TensorRT " + std::to_string(wanted.major) + " (" + wanted.version + ")";
}

FoundLibrary not_opened(const WantedLibrary& wanted, const Attempt& attempt) {
  const std::vector<int> others = attempt.absent ? other_majors_here(wanted) : std::vector<int>();
  if (others.empty()) {
    return {nullptr, "", "library",
            this_build(wanted) + ", which can't be opened: " + attempt.why_not};
  }
  std::string names;
  for (const int major : others) {
    names += (names.empty() ? "TensorRT " : " and ") + std::to_string(major);
  }
  return {nullptr, "", "major", this_build(wanted) + "; this machine has " + names + kRemedy};
}

}  // namespace

FoundLibrary find_libnvinfer(const WantedLibrary& wanted) {
  const Attempt attempt = open_library("libnvinfer", wanted.major, wanted.directory);
  if (attempt.handle == nullptr) return not_opened(wanted, attempt);
  void* const handle = attempt.handle;
  using GetVersion = std::int32_t() noexcept;
  const auto get_version = reinterpret_cast<GetVersion*>(dlsym(handle, "getInferLibVersion"));
  if (get_version == nullptr) {
    dlclose(handle);
    return {
        nullptr, "", "library",
        file_name("libnvinfer", wanted.major) + " is not TensorRT: it has no getInferLibVersion"};
  }
  const Version found = version_of(get_version());
  if (found.major != wanted.major || found.minor < wanted.minor) {
    dlclose(handle);
    const bool major = found.major != wanted.major;
    return {nullptr, "", major ? "major" : "library",
            this_build(wanted) + "; this machine has TensorRT " + text_of(found) +
                (major ? "" : ", which is older and lacks functions that it calls") + kRemedy};
  }
  return {handle, text_of(found), "", ""};
}

FoundLibrary find_libnvonnxparser(const WantedLibrary& wanted) {
  const Attempt attempt = open_library("libnvonnxparser", wanted.major, wanted.directory);
  if (attempt.handle != nullptr) return {attempt.handle, "", "", ""};
  return {nullptr, "", "library",
          "Engines are built with TensorRT's ONNX parser, which can't be opened: " +
              attempt.why_not + ". Install it (package libnvonnxparsers" +
              std::to_string(wanted.major) + ", on Jetson nvidia-jetpack)"};
}

}  // namespace samwire::tensorrt
