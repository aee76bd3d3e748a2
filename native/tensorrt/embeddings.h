#pragma once

#include <cstdint>
#include <vector>

#include "cuda/memory.h"
#include "cuda/stream.h"
#include "tensorrt/engine.h"

namespace samwire::tensorrt {

// What of a frame goes from the encoder to the decoder lies in one piece: the embedding, then the
// feature maps, each where TensorRT takes it.
class EncodedLayout {
 public:
  explicit EncodedLayout(const std::vector<std::vector<std::int64_t>>& shapes);

  const std::vector<nvinfer1::Dims>& tensors() const { return tensors_; }
  std::size_t offset(std::size_t tensor) const { return offsets_[tensor]; }
  std::size_t size_bytes() const { return size_bytes_; }

 private:
  std::vector<nvinfer1::Dims> tensors_;
  std::vector<std::size_t> offsets_;
  std::size_t size_bytes_ = 0;
};

// A frame's embedding, with its feature maps, on the device.
struct Embedding {
  std::uint64_t frame_id = 0;  // 0: none
  int users = 0;               // requests at work with it
  std::uint64_t last_use = 0;
  void* data = nullptr;
  cuda::Event ready{false};  // the encoder has written it
};

// The embeddings of the last frames, in memory that is allocated once. One that a request works
// with is never given to another frame. One thread.
class EmbeddingPool {
 public:
  EmbeddingPool(int count, std::size_t bytes_each);

  // The frame's embedding, or null. A frame without an id (0) is never found.
  Embedding* find(std::uint64_t frame_id);
  // A place for a frame's embedding: a free one, else the one that nobody has used for longest.
  // Throws Error("model_failed") when all are at work, which `count` must not let happen.
  Embedding& take(std::uint64_t frame_id);
  // What it holds is wrong.
  void drop(Embedding& embedding) { embedding.frame_id = 0; }
  void clear();

  std::size_t size_bytes() const { return size_bytes_; }  // of one

 private:
  std::size_t size_bytes_;
  cuda::DeviceMemory memory_;
  std::vector<Embedding> embeddings_;
  std::uint64_t uses_ = 0;
};

}  // namespace samwire::tensorrt
