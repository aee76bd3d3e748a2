#include "tensorrt/contract.h"

#include <algorithm>

#include "frame/error.h"

namespace samwire::tensorrt {
namespace {

using nvinfer1::DataType;

constexpr Lengths kAny{-1, -1};

// A dimension must take all lengths of one of these ranges.
using Dimension = std::vector<Lengths>;

struct Expected {
  std::string name;
  bool input;
  std::vector<DataType> types;
  std::vector<Dimension> shape;
};

Dimension exactly(std::int64_t length) { return {{length, length}}; }
Dimension any() { return {kAny}; }

std::string length_text(const Lengths& lengths) {
  if (lengths.max < 0) return "?";
  if (lengths.min == lengths.max) return std::to_string(lengths.min);
  return std::to_string(lengths.min) + ".." + std::to_string(lengths.max);
}

std::string length_text(const Dimension& dimension) {
  std::string text;
  for (const Lengths& range : dimension) text += (text.empty() ? "" : " or ") + length_text(range);
  return text;
}

template <typename Shape>
std::string shape_text(const Shape& shape) {
  std::string text = "[";
  for (const auto& dimension : shape) {
    text += (text.size() == 1 ? "" : ", ") + length_text(dimension);
  }
  return text + "]";
}

bool takes(const Lengths& found, const Lengths& wanted, bool input) {
  if (wanted.max < 0) return true;
  // An output's free dimension follows from the inputs; the lane checks it for each shape it runs.
  if (found.max < 0) return !input;
  return found.min <= wanted.min && wanted.max <= found.max;
}

bool fits(const Expected& expected, const TensorFacts& found) {
  if (found.shape.size() != expected.shape.size()) return false;
  for (std::size_t i = 0; i < found.shape.size(); ++i) {
    const Dimension& choices = expected.shape[i];
    const bool taken = std::any_of(choices.begin(), choices.end(), [&](const Lengths& wanted) {
      return takes(found.shape[i], wanted, found.input);
    });
    if (!taken) return false;
  }
  return std::find(expected.types.begin(), expected.types.end(), found.type) !=
         expected.types.end();
}

std::string describe(const Expected& expected) {
  std::string types;
  for (const DataType type : expected.types) {
    types += (types.empty() ? " " : " or ") + text_of(type);
  }
  return shape_text(expected.shape) + types;
}

std::string describe(const TensorFacts& found) {
  return shape_text(found.shape) + " " + text_of(found.type);
}

const char* side(bool input) { return input ? "input" : "output"; }

std::string list_of(const std::vector<TensorFacts>& tensors, bool input) {
  std::string names;
  for (const TensorFacts& tensor : tensors) {
    if (tensor.input == input) names += (names.empty() ? "" : ", ") + tensor.name;
  }
  return names.empty() ? "none" : names;
}

const TensorFacts* find(const std::vector<TensorFacts>& tensors, const std::string& name,
                        bool input) {
  for (const TensorFacts& tensor : tensors) {
    if (tensor.name == name && tensor.input == input) return &tensor;
  }
  return nullptr;
}

std::string fault_of(const std::vector<TensorFacts>& tensors, const Expected& expected) {
  const std::string what = std::string(side(expected.input)) + " " + expected.name;
  const TensorFacts* found = find(tensors, expected.name, expected.input);
  if (found == nullptr) {
    return what + ": expected " + describe(expected) + ", found only the " + side(expected.input) +
           "s " + list_of(tensors, expected.input);
  }
  if (!fits(expected, *found)) {
    return what + ": expected " + describe(expected) + ", found " + describe(*found);
  }
  if (!found->plain) {
    return what +
           ": expected a linear tensor in the device's memory, found another format or place";
  }
  return "";
}

void check(const std::vector<TensorFacts>& tensors, const std::vector<Expected>& expected,
           const std::string& plan) {
  std::vector<std::string> faults;
  for (const Expected& tensor : expected) faults.push_back(fault_of(tensors, tensor));
  for (const TensorFacts& tensor : tensors) {
    const bool known = std::any_of(expected.begin(), expected.end(), [&](const Expected& e) {
      return e.name == tensor.name && e.input == tensor.input;
    });
    if (known) continue;
    faults.push_back(std::string(side(tensor.input)) + " " + tensor.name +
                     ": expected no such tensor, found " + describe(tensor));
  }
  std::string text;
  for (const std::string& fault : faults) {
    if (!fault.empty()) text += (text.empty() ? "" : "; ") + fault;
  }
  if (text.empty()) return;
  throw Error("model_failed", plan + " does not fit the model: " + text +
                                  ". Build it again with `samwire models build`");
}

NumberType number_type(DataType type) {
  if (type == DataType::kINT32) return NumberType::kInt32;
  return type == kInt64 ? NumberType::kInt64 : NumberType::kFloat;
}

bool of_each_row(const std::vector<TensorFacts>& tensors, const std::string& name,
                 const Lengths& rows) {
  const TensorFacts* tensor = find(tensors, name, true);
  return tensor != nullptr && tensor->shape.front().max >= rows.max;
}

// The encoder's outputs that the decoder takes: the embedding, then the features.
std::vector<std::string> encoder_outputs(const ModelSpec& model) {
  std::vector<std::string> names{model.encoder.embedding};
  names.insert(names.end(), model.encoder.features.begin(), model.encoder.features.end());
  return names;
}

// And what the decoder calls them.
std::vector<std::string> encoded_inputs(const ModelSpec& model) {
  std::vector<std::string> names = encoder_outputs(model);
  names.front() = model.decoder.embeddings;
  return names;
}

// EfficientSAM's exporter leaves the leading 1 of everything else out at the logits.
bool has_bare_logits(const std::vector<TensorFacts>& tensors, const ModelSpec& model) {
  const TensorFacts* logits = find(tensors, model.decoder.low_res, false);
  return model.coords_rank == 4 && logits != nullptr && logits->shape.size() == 4;
}

// [B, ...], or [1, B, ...] where the coordinates have rank 4.
std::vector<Dimension> of_rows(const ModelSpec& model, const Dimension& rows,
                               std::vector<Dimension> shape) {
  shape.insert(shape.begin(), rows);
  if (model.coords_rank == 4) shape.insert(shape.begin(), exactly(1));
  return shape;
}

}  // namespace

EncoderIo check_encoder(const std::vector<TensorFacts>& tensors, const ModelSpec& model,
                        const std::string& plan) {
  const bool native = model.image.fit == Fit::kNative;
  const Dimension height = native ? any() : exactly(model.image.height);
  const Dimension width = native ? any() : exactly(model.image.width);
  std::vector<Expected> expected{{model.encoder.image,
                                  true,
                                  {DataType::kFLOAT, DataType::kHALF},
                                  {exactly(1), exactly(3), height, width}}};
  for (const std::string& name : encoder_outputs(model)) {
    expected.push_back({name, false, {DataType::kFLOAT}, {exactly(1), any(), any(), any()}});
  }
  check(tensors, expected, plan);
  const TensorFacts& image = *find(tensors, model.encoder.image, true);
  EncoderIo io;
  io.image_type =
      image.type == DataType::kHALF ? cuda::TensorType::kHalf : cuda::TensorType::kFloat;
  io.height = image.shape[2];
  io.width = image.shape[3];
  for (const std::string& name : encoder_outputs(model)) {
    io.encoded.push_back(find(tensors, name, false)->shape);
  }
  return io;
}

DecoderIo check_decoder(const std::vector<TensorFacts>& tensors, const ModelSpec& model,
                        const EncoderIo& encoder, const std::string& plan) {
  const Dimension rows{{1, model.max_prompts}};
  // Where the graph has a fixed N, it is the model's most points.
  const Dimension points{{1, model.max_points}, {model.max_points, model.max_points}};
  const Dimension each_or_one{{1, model.max_prompts}, {1, 1}};
  const ModelSpec::Decoder& names = model.decoder;
  const bool bare_logits = has_bare_logits(tensors, model);
  std::vector<Dimension> logits{exactly(model.candidates), exactly(model.grid_height),
                                exactly(model.grid_width)};
  if (bare_logits) logits.insert(logits.begin(), rows);
  std::vector<Expected> expected{
      {names.coords, true, {DataType::kFLOAT}, of_rows(model, rows, {points, exactly(2)})},
      {names.labels,
       true,
       {DataType::kFLOAT, DataType::kINT32, kInt64},
       of_rows(model, rows, {points})},
      {names.low_res,
       false,
       {DataType::kFLOAT},
       bare_logits ? logits : of_rows(model, rows, logits)},
      {names.iou, false, {DataType::kFLOAT}, of_rows(model, rows, {exactly(model.candidates)})}};
  const std::vector<std::string> encoded = encoded_inputs(model);
  for (std::size_t i = 0; i < encoded.size(); ++i) {
    std::vector<Dimension> shape;
    for (const Lengths& length : encoder.encoded[i]) shape.push_back({length});
    expected.push_back({encoded[i], true, {DataType::kFLOAT}, shape});
  }
  if (!names.orig_size.empty()) {
    expected.push_back(
        {names.orig_size, true, {DataType::kFLOAT, DataType::kINT32, kInt64}, {exactly(2)}});
  }
  if (!names.mask_input.empty()) {
    expected.push_back(
        {names.mask_input,
         true,
         {DataType::kFLOAT},
         {each_or_one, exactly(1), exactly(model.grid_height), exactly(model.grid_width)}});
  }
  if (!names.has_mask_input.empty()) {
    expected.push_back({names.has_mask_input, true, {DataType::kFLOAT}, {each_or_one}});
  }
  check(tensors, expected, plan);
  const std::size_t first = model.coords_rank == 4 ? 1 : 0;
  const TensorFacts& labels = *find(tensors, names.labels, true);
  DecoderIo io;
  io.labels = number_type(labels.type);
  io.bare_logits = bare_logits;
  if (!names.orig_size.empty()) {
    io.size = number_type(find(tensors, names.orig_size, true)->type);
  }
  for (const std::string& name : encoded) {
    std::vector<std::int64_t>& lengths = io.encoded.emplace_back();
    for (const Lengths& length : find(tensors, name, true)->shape) lengths.push_back(length.max);
  }
  io.rows = labels.shape[first];
  io.points = labels.shape[first + 1];
  io.rows.max = std::min<std::int64_t>(io.rows.max, model.max_prompts);
  io.points.max = std::min<std::int64_t>(io.points.max, model.max_points);
  io.mask_of_each_row = of_each_row(tensors, names.mask_input, io.rows);
  io.has_of_each_row = of_each_row(tensors, names.has_mask_input, io.rows);
  return io;
}

}  // namespace samwire::tensorrt
