#include "tensorrt/embeddings.h"

#include "frame/error.h"

namespace samwire::tensorrt {

EncodedLayout::EncodedLayout(const std::vector<std::vector<std::int64_t>>& shapes) {
  for (const std::vector<std::int64_t>& shape : shapes) {
    tensors_.push_back(dims_of(shape));
    offsets_.push_back(size_bytes_);
    size_bytes_ += cuda::aligned(floats_of(tensors_.back()) * sizeof(float));
  }
}

EmbeddingPool::EmbeddingPool(int count, std::size_t bytes_each)
    : size_bytes_(bytes_each),
      memory_(count * cuda::aligned(size_bytes_), "embeddings"),
      embeddings_(count) {
  std::size_t offset = 0;
  for (Embedding& embedding : embeddings_) {
    embedding.data = memory_.data<char>() + offset;
    offset += cuda::aligned(size_bytes_);
  }
}

Embedding* EmbeddingPool::find(std::uint64_t frame_id) {
  if (frame_id == 0) return nullptr;
  for (Embedding& embedding : embeddings_) {
    if (embedding.frame_id != frame_id) continue;
    embedding.last_use = ++uses_;
    return &embedding;
  }
  return nullptr;
}

Embedding& EmbeddingPool::take(std::uint64_t frame_id) {
  Embedding* oldest = nullptr;
  for (Embedding& embedding : embeddings_) {
    if (embedding.users > 0) continue;
    if (embedding.frame_id == 0) embedding.last_use = 0;
    if (oldest == nullptr || embedding.last_use < oldest->last_use) oldest = &embedding;
  }
  if (oldest == nullptr) throw Error("model_failed", "Every embedding is in use");
  oldest->frame_id = frame_id;
  oldest->last_use = ++uses_;
  return *oldest;
}

void EmbeddingPool::clear() {
  for (Embedding& embedding : embeddings_) drop(embedding);
}

}  // namespace samwire::tensorrt
