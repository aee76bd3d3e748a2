#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "tensorrt/segmenter.h"
#include "tensorrt_onnx.h"

// An encoder and a decoder with SAM's inputs and outputs whose answers are known to the last bit:
// every number on their way is a multiple of 1/64, and no step rounds.
//
//   embedding = max over 4 x 4 pixels of the image
//   p[b] = sum over the points of (x + y) * label
//   low_res[b, c, y, x] = max over the embedding's channels + c/4 - |x - p[b]| + has[b] * mask[b]
//   iou[b, c] = -|p[b] - 4 c|
//
// With features the encoder also gives peaks[c] = max over the embedding's channel c and
// brightest[y, x] = max over its channels, and low_res gets + the sum of peaks - 2 brightest[y, x].
// With a size, iou gets + height - 2 width of the frame.
namespace samwire::tensorrt_testing {

using namespace samwire::tensorrt;

inline constexpr int kSide = 64, kGrid = 16, kCandidates = 4;

// What a network is made as, to be refused or taken.
struct EncoderShape {
  OnnxType image = kOnnxFloat;
  int side = kSide;
  bool free_size = false;
  std::string image_name = "image";
  std::string embedding_name = "image_embeddings";
  bool features = false;
};

inline std::string encoder_onnx(const EncoderShape& s = {}) {
  OnnxWriter onnx;
  if (s.free_size) {
    onnx.input(s.image_name, s.image, {1, 3, "height", "width"});
  } else {
    onnx.input(s.image_name, s.image, {1, 3, s.side, s.side});
  }
  onnx.node("Cast", {s.image_name}, "levels", {int_attribute("to", kOnnxFloat)});
  if (s.free_size) {
    onnx.ints("sixteen", {1, 3, kGrid, kGrid});
    onnx.node("Resize", {"levels", "", "", "sixteen"}, s.embedding_name);
  } else {
    const int pool = s.side / kGrid;
    onnx.node(
        "MaxPool", {"levels"}, s.embedding_name,
        {ints_attribute("kernel_shape", {pool, pool}), ints_attribute("strides", {pool, pool})});
  }
  // Of 12 bytes and before the embedding, so that what lies where shows.
  if (s.features) {
    onnx.node("ReduceMax", {s.embedding_name}, "peaks", {ints_attribute("axes", {2, 3})});
    onnx.node("ReduceMax", {s.embedding_name}, "brightest", {ints_attribute("axes", {1})});
    onnx.output("peaks", kOnnxFloat, {1, 3, 1, 1});
    onnx.output("brightest", kOnnxFloat, {1, 1, kGrid, kGrid});
  }
  onnx.output(s.embedding_name, kOnnxFloat, {1, 3, kGrid, kGrid});
  return onnx.bytes();
}

struct DecoderShape {
  OnnxType labels = kOnnxFloat;
  int coords_rank = 3;
  bool mask = true;
  int grid = kGrid;
  int candidates = kCandidates;
  std::int64_t points = -1;
  bool another_output = false;
  std::string coords_name = "point_coords";
  bool features = false;
  int sized = 0;             // an OnnxType, or 0: without a size
  bool bare_logits = false;  // without the leading axis that the rest has at rank 4
};

inline std::string decoder_onnx(const DecoderShape& s = {}) {
  const Dimension batch = "batch";
  const Dimension points = s.points < 0 ? Dimension("points") : Dimension(s.points);
  const bool rank4 = s.coords_rank == 4;
  const auto of_rows = [&](OnnxShape shape) {
    if (rank4) shape.insert(shape.begin(), Dimension(1));
    return shape;
  };
  OnnxWriter onnx;
  onnx.input("image_embeddings", kOnnxFloat, {1, 3, kGrid, kGrid});
  onnx.input(s.coords_name, kOnnxFloat, of_rows({batch, points, 2}));
  onnx.input("point_labels", s.labels, of_rows({batch, points}));
  onnx.ints("axis0", {0}).ints("axis1", {1}).ints("axis2", {2}).ints("axes12", {1, 2});
  onnx.ints("column", {-1, 1, 1, 1}).ints("row", {-1, 1});
  std::string coords = s.coords_name, labels = "point_labels";
  if (rank4) {
    onnx.node("Squeeze", {coords, "axis0"}, "coords3")
        .node("Squeeze", {labels, "axis0"}, "labels2");
    coords = "coords3";
    labels = "labels2";
  }
  onnx.node("Cast", {labels}, "label_floats", {int_attribute("to", kOnnxFloat)});
  onnx.node("Unsqueeze", {"label_floats", "axis2"}, "label_columns");
  onnx.node("Mul", {coords, "label_columns"}, "weighted");
  onnx.node("ReduceSum", {"weighted", "axes12"}, "p", {int_attribute("keepdims", 0)});
  std::vector<float> ramp(s.grid), steps(s.candidates), targets(s.candidates);
  for (int x = 0; x < s.grid; ++x) ramp[x] = static_cast<float>(x);
  for (int c = 0; c < s.candidates; ++c) {
    steps[c] = static_cast<float>(c) / 4;
    targets[c] = static_cast<float>(4 * c);
  }
  onnx.floats("ramp", {1, 1, 1, s.grid}, ramp).floats("steps", {1, s.candidates, 1, 1}, steps);
  onnx.floats("targets", {1, s.candidates}, targets);
  onnx.node("ReduceMax", {"image_embeddings"}, "lightest",
            {ints_attribute("axes", {1}), int_attribute("keepdims", 1)});
  onnx.node("Reshape", {"p", "column"}, "p_column").node("Sub", {"ramp", "p_column"}, "offset");
  onnx.node("Abs", {"offset"}, "distance").node("Add", {"lightest", "steps"}, "raised");
  onnx.node("Sub", {"raised", "distance"}, "unmasked");
  std::string logits = "unmasked";
  if (s.features) {
    onnx.input("peaks", kOnnxFloat, {1, 3, 1, 1});
    onnx.input("brightest", kOnnxFloat, {1, 1, kGrid, kGrid});
    onnx.node("ReduceSum", {"peaks", "axis1"}, "peak").node("Add", {logits, "peak"}, "peaked");
    onnx.node("Sub", {"peaked", "brightest"}, "darker")
        .node("Sub", {"darker", "brightest"}, "dark");
    logits = "dark";
  }
  if (s.mask) {
    onnx.input("mask_input", kOnnxFloat, {batch, 1, kGrid, kGrid});
    onnx.input("has_mask_input", kOnnxFloat, {batch});
    onnx.node("Reshape", {"has_mask_input", "column"}, "has_column");
    onnx.node("Mul", {"mask_input", "has_column"}, "given");
    onnx.node("Add", {logits, "given"}, "masked");
    logits = "masked";
  }
  onnx.node("Reshape", {"p", "row"}, "p_row").node("Sub", {"p_row", "targets"}, "miss");
  onnx.node("Abs", {"miss"}, "missed").node("Neg", {"missed"}, "near");
  std::string scores = "near";
  if (s.sized != 0) {
    onnx.input("orig_im_size", static_cast<OnnxType>(s.sized), {2});
    onnx.node("Cast", {"orig_im_size"}, "size", {int_attribute("to", kOnnxFloat)});
    onnx.floats("sides", {2}, {1, -2}).node("Mul", {"size", "sides"}, "lengths");
    onnx.node("ReduceSum", {"lengths", "axis0"}, "length", {int_attribute("keepdims", 0)});
    onnx.node("Add", {scores, "length"}, "sized");
    scores = "sized";
  }
  const auto give = [&](const std::string& from, const std::string& name, bool lead) {
    onnx.node(lead ? "Unsqueeze" : "Identity",
              lead ? std::vector<std::string>{from, "axis0"} : std::vector<std::string>{from},
              name);
  };
  give(logits, "low_res_masks", rank4 && !s.bare_logits);
  give(scores, "iou_predictions", rank4);
  const OnnxShape planes{batch, s.candidates, s.grid, s.grid};
  onnx.output("low_res_masks", kOnnxFloat, s.bare_logits ? planes : of_rows(planes));
  onnx.output("iou_predictions", kOnnxFloat, of_rows({batch, s.candidates}));
  if (s.another_output) {
    onnx.node("Identity", {"p"}, "sums").output("sums", kOnnxFloat, {batch});
  }
  return onnx.bytes();
}

// The same by hand, of a float32 CHW image.
inline std::vector<float> embedding_of(const std::vector<float>& image) {
  const int pool = kSide / kGrid;
  std::vector<float> out(3 * kGrid * kGrid, -std::numeric_limits<float>::infinity());
  for (int c = 0; c < 3; ++c) {
    for (int y = 0; y < kSide; ++y) {
      for (int x = 0; x < kSide; ++x) {
        float& cell = out[(c * kGrid + y / pool) * kGrid + x / pool];
        cell = std::max(cell, image[(c * kSide + y) * kSide + x]);
      }
    }
  }
  return out;
}

struct Decoded {
  std::vector<float> logits;  // [candidates, grid, grid]
  std::vector<float> iou;
};

inline Decoded decode(const std::vector<float>& embedding, const float* coords, const float* labels,
                      int points, const std::vector<float>& mask) {
  float p = 0;
  for (int i = 0; i < points; ++i) p += (coords[2 * i] + coords[2 * i + 1]) * labels[i];
  Decoded out;
  const int plane = kGrid * kGrid;
  for (int c = 0; c < kCandidates; ++c) {
    out.iou.push_back(-std::abs(p - static_cast<float>(4 * c)));
    for (int i = 0; i < plane; ++i) {
      const float brightest =
          std::max({embedding[i], embedding[plane + i], embedding[2 * plane + i]});
      const float distance = std::abs(static_cast<float>(i % kGrid) - p);
      const float logit = (brightest + static_cast<float>(c) / 4) - distance;
      out.logits.push_back(mask.empty() ? logit : logit + mask[i]);
    }
  }
  return out;
}

// What features and size add to it.
inline void add_extras(const ModelSpec& model, const std::vector<float>& embedding,
                       const MaskSpec& frame, Decoded& out) {
  const int plane = kGrid * kGrid;
  if (!model.encoder.features.empty()) {
    float peaks = 0;
    for (int c = 0; c < 3; ++c) {
      peaks +=
          *std::max_element(embedding.begin() + c * plane, embedding.begin() + (c + 1) * plane);
    }
    for (std::size_t i = 0; i < out.logits.size(); ++i) {
      const float* cell = embedding.data() + i % plane;
      out.logits[i] += peaks - 2 * std::max({cell[0], cell[plane], cell[2 * plane]});
    }
  }
  if (model.decoder.orig_size.empty()) return;
  for (float& score : out.iou) {
    score += static_cast<float>(frame.frame_height - 2 * frame.frame_width);
  }
}

inline ModelSpec model_spec(const DecoderShape& decoder = {}) {
  ModelSpec model;
  model.image.width = kSide;
  model.image.height = kSide;
  model.image.fit = Fit::kLetterbox;
  model.image.filter = Filter::kBilinear;
  model.image.scale = 1.F / 64;
  model.encoder = {"image", "image_embeddings", {}};
  model.decoder = {"image_embeddings", "point_coords", "point_labels",   "low_res_masks",
                   "iou_predictions",  "mask_input",   "has_mask_input", ""};
  if (!decoder.mask) model.decoder.mask_input = model.decoder.has_mask_input = "";
  if (decoder.features) model.encoder.features = {"peaks", "brightest"};
  if (decoder.sized != 0) model.decoder.orig_size = "orig_im_size";
  model.coords_rank = decoder.coords_rank;
  model.grid_width = model.grid_height = kGrid;
  model.candidates = kCandidates;
  model.max_prompts = 8;
  model.max_points = 6;
  return model;
}

}  // namespace samwire::tensorrt_testing
