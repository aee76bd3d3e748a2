#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cuda/preprocess.h"
#include "tensorrt/engine.h"
#include "tensorrt/segmenter.h"

namespace samwire::tensorrt {

// Of the labels and of the picture's size.
enum class NumberType { kFloat, kInt32, kInt64 };

// What a model leaves open and an engine decides.
struct EncoderIo {
  cuda::TensorType image_type = cuda::TensorType::kFloat;
  Lengths height, width;  // of the image
  // [1, channels, height, width] each: the embedding, then the features
  std::vector<std::vector<Lengths>> encoded;
};

struct DecoderIo {
  std::vector<std::vector<std::int64_t>> encoded;  // as EncoderIo's
  NumberType labels = NumberType::kFloat;
  NumberType size = NumberType::kFloat;  // of orig_size
  Lengths rows, points;                  // of one run
  bool mask_of_each_row = false;         // else one mask_input for the whole run
  bool has_of_each_row = false;
  bool bare_logits = false;  // without the leading 1 that everything else has at rank 4
};

// Hold an engine's inputs and outputs against the model: names, directions, types, ranks, lengths,
// and profiles that reach the wanted prompts and points. Throw Error("model_failed") with every
// fault: the tensor, what was expected and what was found. `plan` names the file.
EncoderIo check_encoder(const std::vector<TensorFacts>& tensors, const ModelSpec& model,
                        const std::string& plan);
DecoderIo check_decoder(const std::vector<TensorFacts>& tensors, const ModelSpec& model,
                        const EncoderIo& encoder, const std::string& plan);

}  // namespace samwire::tensorrt
