#include "frame/pool.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <new>
#include <utility>

#include "frame/error.h"
#include "frame/layout.h"
#include "frame/registry.h"

namespace samwire {
namespace {

constexpr std::size_t kAlignment = 64;
// Frame objects and shared_ptr control blocks are far below this, pictures above 64x64 are above
// it.
constexpr std::size_t kHeaderBytes = 1024;
constexpr std::size_t kFreeHeaders = 64;

std::size_t aligned(std::size_t bytes) {
  return (bytes + kAlignment - 1) / kAlignment * kAlignment;
}

void free_block(void* data) { ::operator delete (data, std::align_val_t{kAlignment}); }

void copy_plane(const ImageView::Plane& source, std::uint8_t* target, std::size_t target_stride,
                const PlaneSize& size) {
  const auto source_stride = static_cast<std::size_t>(source.stride);
  if (source_stride == target_stride) {
    std::memcpy(target, source.data, target_stride * (size.rows - 1) + size.row_bytes);
    return;
  }
  for (std::size_t row = 0; row < size.rows; ++row) {
    std::memcpy(target + row * target_stride, source.data + row * source_stride, size.row_bytes);
  }
}

}  // namespace

BlockStore::BlockStore(std::size_t max_free_blocks) : max_free_(max_free_blocks) {
  pixels_.reserve(max_free_ + 1);
  headers_.reserve(kFreeHeaders + 1);
}

BlockStore::~BlockStore() {
  for (const Block& block : pixels_) free_block(block.data);
  for (const Block& block : headers_) free_block(block.data);
}

std::vector<BlockStore::Block>& BlockStore::list_for(std::size_t bytes) {
  return bytes <= kHeaderBytes ? headers_ : pixels_;
}

void* BlockStore::take(std::size_t bytes) {
  {
    const std::lock_guard lock(mutex_);
    auto& list = list_for(bytes);
    const auto found = std::find_if(list.rbegin(), list.rend(),
                                    [&](const Block& block) { return block.bytes == bytes; });
    if (found != list.rend()) {
      void* const data = found->data;
      list.erase(std::next(found).base());
      return data;
    }
    ++allocations_;
  }
  return ::operator new (std::max<std::size_t>(bytes, 1), std::align_val_t{kAlignment});
}

void BlockStore::give(void* block, std::size_t bytes) noexcept {
  void* evicted = nullptr;
  {
    const std::lock_guard lock(mutex_);
    auto& list = list_for(bytes);
    list.push_back({block, bytes});
    if (list.size() > (bytes <= kHeaderBytes ? kFreeHeaders : max_free_)) {
      evicted = list.front().data;
      list.erase(list.begin());
    }
  }
  if (evicted != nullptr) free_block(evicted);
}

std::size_t BlockStore::free_blocks() const {
  const std::lock_guard lock(mutex_);
  return pixels_.size();
}

std::uint64_t BlockStore::allocations() const {
  const std::lock_guard lock(mutex_);
  return allocations_;
}

FramePool::FramePool(std::size_t max_free_blocks)
    : store_(std::make_shared<BlockStore>(max_free_blocks)) {}

std::shared_ptr<std::uint8_t[]> FramePool::take(std::size_t bytes) {
  const auto give_back = [store = store_, bytes](std::uint8_t* data) { store->give(data, bytes); };
  // Should the control block's allocation throw, shared_ptr hands the pixels to `give_back` itself.
  return {static_cast<std::uint8_t*>(store_->take(bytes)), give_back,
          BlockAllocator<std::uint8_t>(store_)};
}

std::shared_ptr<Frame> FramePool::take_frame() {
  return std::allocate_shared<Frame>(BlockAllocator<Frame>(store_));
}

FramePtr copy_frame(const ImageView& source, std::uint64_t seq, double timestamp_ms,
                    double position_ms, FramePool& pool) {
  const PlaneSizes sizes = plane_sizes(source.format, source.width, source.height);
  std::size_t total = 0;
  for (int i = 0; i < sizes.count; ++i) {
    const PlaneSize& plane = sizes.planes[i];
    if (source.planes[i].data == nullptr || source.planes[i].stride < 0 ||
        static_cast<std::size_t>(source.planes[i].stride) < plane.row_bytes) {
      throw Error("invalid_argument",
                  "Expected plane " + std::to_string(i) + " with rows of at least " +
                      std::to_string(plane.row_bytes) + " bytes, got a stride of " +
                      std::to_string(source.planes[i].stride) + ".");
    }
    total += aligned(plane.row_bytes) * plane.rows;
  }
  auto memory = pool.take(total);
  auto frame = pool.take_frame();
  frame->view = source;
  frame->view.planes = {};
  std::size_t offset = 0;
  for (int i = 0; i < sizes.count; ++i) {
    const std::size_t stride = aligned(sizes.planes[i].row_bytes);
    copy_plane(source.planes[i], memory.get() + offset, stride, sizes.planes[i]);
    frame->view.planes[i] = {memory.get() + offset, static_cast<int>(stride)};
    offset += stride * sizes.planes[i].rows;
  }
  frame->id = FrameRegistry::instance().next_id();
  frame->seq = seq;
  frame->timestamp_ms = timestamp_ms;
  frame->position_ms = position_ms;
  frame->memory = std::move(memory);
  frame->size_bytes = total;
  return frame;
}

}  // namespace samwire
