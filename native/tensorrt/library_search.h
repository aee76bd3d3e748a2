#pragma once

#include <string>

namespace samwire::tensorrt {

// The TensorRT that the headers were of.
struct WantedLibrary {
  int major = 0, minor = 0;
  std::string version;    // "10.3.0"
  std::string directory;  // looked in first; empty: the system's folders only
};

// A library that was opened, or what is wrong.
struct FoundLibrary {
  void* handle = nullptr;  // stays open for as long as the process
  std::string version;     // of libnvinfer alone
  std::string piece;       // "library" or "major"; empty when opened
  std::string problem;
};

// libnvinfer.so.<major>. Another major is never kept, only named: enumerators and classes differ
// between majors. An older minor is refused too, since its classes end before functions that this
// build may call; a newer one has them all and is taken, as is any patch.
FoundLibrary find_libnvinfer(const WantedLibrary& wanted);

// libnvonnxparser.so.<major>.
FoundLibrary find_libnvonnxparser(const WantedLibrary& wanted);

}  // namespace samwire::tensorrt
