#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace samwire::tensorrt {

// The whole file. Throws Error("model_failed") with the system's reason, or for an empty file.
std::vector<char> read_file(const std::string& path);

// Writes the file whole or not at all: <path>.<pid>.part beside it, fsync, rename, fsync of the
// folder. Leaves nothing behind when it fails, unless the process is killed meanwhile. Throws
// Error("model_failed") with the system's reason.
void write_file(const std::string& path, const void* data, std::size_t size_bytes);

}  // namespace samwire::tensorrt
