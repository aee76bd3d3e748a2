#pragma once

#include "tensorrt/builder.h"

namespace samwire::binding {

// Writes `{"phase","fraction"}` and a line feed to a file descriptor, in one piece or not at all: a
// line that finds the pipe full is left out, and nobody needs to listen. From any thread.
void write_progress(int fd, const tensorrt::BuildProgress& progress) noexcept;

}  // namespace samwire::binding
