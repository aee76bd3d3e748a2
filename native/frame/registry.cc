#include "frame/registry.h"

#include <utility>

#include "frame/error.h"

namespace samwire {

FrameRegistry& FrameRegistry::instance() {
  static auto& registry = *new FrameRegistry();  // never destroyed, see the header
  return registry;
}

std::uint64_t FrameRegistry::add(FramePtr frame) {
  if (frame == nullptr || frame->id == 0) {
    throw Error("invalid_argument", "Expected a frame with an id, got none.");
  }
  const std::uint64_t id = frame->id;
  const std::lock_guard lock(mutex_);
  Entry& entry = entries_[id];
  if (entry.frame == nullptr) entry.frame = std::move(frame);
  ++entry.handles;
  return id;
}

bool FrameRegistry::retain(std::uint64_t id) {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(id);
  if (found == entries_.end()) return false;
  ++found->second.handles;
  return true;
}

bool FrameRegistry::release(std::uint64_t id) {
  Entry last;  // memory goes back to the pools after the lock
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(id);
  if (found == entries_.end()) return false;
  if (--found->second.handles == 0) {
    last = std::move(found->second);
    entries_.erase(found);
  }
  return true;
}

FramePtr FrameRegistry::find(std::uint64_t id) const {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(id);
  return found == entries_.end() ? nullptr : found->second.frame;
}

bool FrameRegistry::link(std::uint64_t id, FramePtr depth) {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(id);
  if (found == entries_.end()) return false;
  found->second.depth.swap(depth);  // what was there goes after the lock
  return true;
}

FramePtr FrameRegistry::linked(std::uint64_t id) const {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(id);
  return found == entries_.end() ? nullptr : found->second.depth;
}

std::size_t FrameRegistry::in_use() const {
  const std::lock_guard lock(mutex_);
  return entries_.size();
}

}  // namespace samwire
