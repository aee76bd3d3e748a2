#include "tensorrt/library_search.h"

#include <dlfcn.h>

#include <cstdint>
#include <vector>

namespace samwire::tensorrt {
namespace {

constexpr const char* kRemedy = ": rebuild with `bash scripts/setup.sh`";
constexpr int kOldestMajor = 7;
constexpr int kNewerMajors = 3;

std::string file_name(const char* stem, int major) {
  return std::string(stem) + ".so." + std::to_string(major);
}

// RTLD_LOCAL: its symbols are those that symbols.cc defines under the same names.
void* open_file(const std::string& path, std::string& why_not) {
  void* handle = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) {
    const char* text = dlerror();
    why_not = text == nullptr ? "no reason given" : text;
  }
  return handle;
}

void* open_anywhere(const char* stem, int major, const std::string& directory,
                    std::string& why_not) {
  const std::string name = file_name(stem, major);
  std::string in_directory;
  if (!directory.empty()) {
    if (void* handle = open_file(directory + "/" + name, in_directory)) return handle;
  }
  void* handle = open_file(name, why_not);
  // A library of that folder that is there but can't be loaded tells more than one that is nowhere.
  const bool absent = in_directory.find("No such file") != std::string::npos &&
                      in_directory.find(directory + "/" + name) != std::string::npos;
  if (handle == nullptr && !in_directory.empty() && !absent) why_not = in_directory;
  return handle;
}

std::vector<int> other_majors_here(const WantedLibrary& wanted) {
  std::vector<int> majors;
  for (int major = wanted.major + kNewerMajors; major >= kOldestMajor; --major) {
    std::string ignored;
    if (major == wanted.major) continue;
    if (void* handle = open_anywhere("libnvinfer", major, wanted.directory, ignored)) {
      majors.push_back(major);
      dlclose(handle);
    }
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

FoundLibrary not_opened(const WantedLibrary& wanted, const std::string& why_not) {
  const std::vector<int> others = other_majors_here(wanted);
  if (others.empty()) {
    return {nullptr, "", "library", this_build(wanted) + ", which can't be opened: " + why_not};
  }
  std::string names;
  for (const int major : others) {
    names += (names.empty() ? "TensorRT " : " and ") + std::to_string(major);
  }
  return {nullptr, "", "major", this_build(wanted) + "; this machine has " + names + kRemedy};
}

}  // namespace

FoundLibrary find_libnvinfer(const WantedLibrary& wanted) {
  std::string why_not;
  void* handle = open_anywhere("libnvinfer", wanted.major, wanted.directory, why_not);
  if (handle == nullptr) return not_opened(wanted, why_not);
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
  std::string why_not;
  void* handle = open_anywhere("libnvonnxparser", wanted.major, wanted.directory, why_not);
  if (handle != nullptr) return {handle, "", "", ""};
  return {nullptr, "", "library",
          "Engines are built with TensorRT's ONNX parser, which can't be opened: " + why_not +
              ". Install it (package libnvonnxparsers" + std::to_string(wanted.major) +
              ", on Jetson nvidia-jetpack)"};
}

}  // namespace samwire::tensorrt
