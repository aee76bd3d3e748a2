#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <unordered_map>

#include "frame/frame.h"

namespace samwire {

// The process's frames that JS has handles on, by id: the one global of the addon. The main thread
// and the inference worker are two N-API environments, and frames cross between them by id.
// Thread-safe.
class FrameRegistry {
 public:
  // Lives until the process ends: a camera's thread may still let go of frames while statics are
  // destroyed.
  static FrameRegistry& instance();

  // A number that no other frame of the process has or will have; below 2^53, so exact as a JS
  // number.
  std::uint64_t next_id() { return ++last_id_; }

  // One more handle on `frame`; returns its id. The same frame added twice has two handles under
  // one id. Throws Error("invalid_argument") for a null frame or one without an id.
  std::uint64_t add(FramePtr frame);
  // One more handle on a frame that has at least one; false where it has none.
  bool retain(std::uint64_t id);
  // One handle less; false where there was none.
  bool release(std::uint64_t id);
  // Null where the frame has no handle.
  FramePtr find(std::uint64_t id) const;
  // Keeps `depth` with a frame for as long as that has a handle, in the place of what was linked
  // before; false where it has none.
  bool link(std::uint64_t id, FramePtr depth);
  // The depth that was linked; null where there is none.
  FramePtr linked(std::uint64_t id) const;
  // Frames (not handles, not linked depth) in the registry.
  std::size_t in_use() const;

 private:
  struct Entry {
    FramePtr frame;
    FramePtr depth;
    std::size_t handles = 0;
  };
  mutable std::mutex mutex_;
  std::unordered_map<std::uint64_t, Entry> entries_;
  std::atomic<std::uint64_t> last_id_{0};
};

}  // namespace samwire
