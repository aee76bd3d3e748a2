#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "frame/frame.h"

namespace samwire {

// Blocks of memory that wait for their next use. A block is found again by its exact size, since a
// camera asks for the same few sizes over and over. Thread-safe.
class BlockStore {
 public:
  explicit BlockStore(std::size_t max_free_blocks);
  ~BlockStore();
  BlockStore(const BlockStore&) = delete;
  BlockStore& operator=(const BlockStore&) = delete;

  void* take(std::size_t bytes);
  // `bytes` as it was asked for. Where the store is full, the block that waited longest is freed.
  void give(void* block, std::size_t bytes) noexcept;

  std::size_t free_blocks() const;
  std::uint64_t allocations() const;

 private:
  struct Block {
    void* data;
    std::size_t bytes;
  };
  // Pixels and the small blocks of a frame's own bookkeeping wait apart, so that neither evicts the
  // other.
  std::vector<Block>& list_for(std::size_t bytes);

  mutable std::mutex mutex_;
  const std::size_t max_free_;
  std::vector<Block> pixels_;
  std::vector<Block> headers_;
  std::uint64_t allocations_ = 0;
};

template <class T>
struct BlockAllocator {
  using value_type = T;
  explicit BlockAllocator(std::shared_ptr<BlockStore> blocks) : store(std::move(blocks)) {}
  template <class U>
  // NOLINTNEXTLINE(google-explicit-constructor): the standard's allocator requirements want the
  // conversion.
  BlockAllocator(const BlockAllocator<U>& other) : store(other.store) {}
  T* allocate(std::size_t count) { return static_cast<T*>(store->take(count * sizeof(T))); }
  void deallocate(T* block, std::size_t count) noexcept { store->give(block, count * sizeof(T)); }
  template <class U>
  bool operator==(const BlockAllocator<U>& other) const {
    return store == other.store;
  }
  std::shared_ptr<BlockStore> store;
};

// Recycled, 64-byte aligned memory for frames: after the first few frames of a camera nothing is
// allocated. At most `max_free_blocks` blocks of pixels wait for their next use. Frames keep the
// store alive, so a pool (and its camera) may go before its frames do. Thread-safe.
class FramePool {
 public:
  explicit FramePool(std::size_t max_free_blocks = 4);

  std::shared_ptr<std::uint8_t[]> take(std::size_t bytes);
  // An empty frame, to be filled before it is shared.
  std::shared_ptr<Frame> take_frame();

  // Blocks of pixels waiting, and allocations from the system since the start (of every kind).
  std::size_t free_blocks() const { return store_->free_blocks(); }
  std::uint64_t allocations() const { return store_->allocations(); }

 private:
  std::shared_ptr<BlockStore> store_;
};

// Copies a picture into the pool's memory; rows and planes of the copy begin at multiples of 64
// bytes. The frame gets a fresh id. Throws Error("invalid_argument") for a size outside 1..32768 or
// a missing plane.
FramePtr copy_frame(const ImageView& source, std::uint64_t seq, double timestamp_ms,
                    double position_ms, FramePool& pool);

}  // namespace samwire
