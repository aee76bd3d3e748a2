#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "doubles/control.h"
#include "frame/error.h"
#include "frame/pool.h"
#include "image/prepare.h"
#include "mask/extract.h"
#include "mask/lowres.h"
#include "picture_fixture.h"
#include "tensorrt/builder.h"
#include "tensorrt/segmenter.h"
#include "tensorrt_networks.h"

namespace samwire::tensorrt_testing {

inline void write(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

inline std::string read(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// What an attempt throws: "code: message", or "" for nothing.
inline std::string error_of(const std::function<void()>& attempt) {
  try {
    attempt();
  } catch (const Error& error) {
    return error.code() + ": " + error.what();
  }
  return "";
}

inline std::string error_of(const Outcome& outcome) {
  if (!outcome.error) return "";
  return error_of([&] { std::rethrow_exception(outcome.error); });
}

inline ShapeRange shape(const std::string& input, std::vector<std::int64_t> min,
                        std::vector<std::int64_t> max) {
  return {input, min, max, max};
}

// A folder of its own, doubles as new, and nothing left of them at the end.
class TensorrtTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "samwire-trt-XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder = pattern;
    doubles::reset();
    options.encoder_plan = folder + "/encoder.plan";
    options.decoder_plan = folder + "/decoder.plan";
    options.frame_width = 96;
    options.frame_height = 64;
    options.logits_kept = 4;
    options.embeddings_kept = 3;
  }

  void TearDown() override {
    std::error_code ignored;
    std::filesystem::remove_all(folder, ignored);
    for (const auto& [kind, count] : doubles::live()) ADD_FAILURE() << count << " " << kind;
    for (const std::string& fault : doubles::misuse()) ADD_FAILURE() << fault;
    doubles::reset();
  }

  void build(const std::string& plan, const std::string& onnx, std::vector<ShapeRange> shapes) {
    BuildRequest request;
    request.onnx_path = folder + "/network.onnx";
    request.plan_path = plan;
    request.shapes = std::move(shapes);
    write(request.onnx_path, onnx);
    build_engine(request, [](const BuildProgress&) {});
  }

  void build_encoder(const EncoderShape& s = {}) {
    std::vector<ShapeRange> shapes;
    if (s.free_size) shapes.push_back(shape(s.image_name, {1, 3, 16, 16}, {1, 3, 256, 256}));
    build(options.encoder_plan, encoder_onnx(s), shapes);
  }

  void build_decoder(const DecoderShape& s = {}, int rows = 0, int points = 0) {
    const std::int64_t b = rows > 0 ? rows : model.max_prompts;
    const std::int64_t n = s.points > 0 ? s.points : points > 0 ? points : model.max_points;
    const std::int64_t n1 = s.points > 0 ? s.points : 1;
    const bool rank4 = s.coords_rank == 4;
    const auto of_rows = [&](std::vector<std::int64_t> lengths) {
      if (rank4) lengths.insert(lengths.begin(), 1);
      return lengths;
    };
    std::vector<ShapeRange> shapes{shape(s.coords_name, of_rows({1, n1, 2}), of_rows({b, n, 2})),
                                   shape("point_labels", of_rows({1, n1}), of_rows({b, n}))};
    if (s.mask) {
      shapes.push_back(shape("mask_input", {1, 1, kGrid, kGrid}, {b, 1, kGrid, kGrid}));
      shapes.push_back(shape("has_mask_input", {1}, {b}));
    }
    build(options.decoder_plan, decoder_onnx(s), shapes);
  }

  std::unique_ptr<Segmenter> open() { return Segmenter::open(model, options); }
  std::unique_ptr<Segmenter> build_and_open() {
    build_encoder();
    build_decoder();
    return open();
  }

  FramePtr frame(int width, int height, PixelFormat format = PixelFormat::kNV12) {
    return copy_frame(image_testing::picture(format, width, height, random).view, 1, 0, -1, pool);
  }

  MaskSpec mask_of(const Frame& f) const {
    MaskSpec spec;
    spec.grid_width = spec.grid_height = kGrid;
    spec.placement = place(model.image, f.view.width, f.view.height);
    spec.frame_width = f.view.width;
    spec.frame_height = f.view.height;
    return spec;
  }

  // Prompts whose p lies in the grid, so that their masks are neither empty nor full.
  PromptGroup prompts(int rows, int points, int plane = cuda::kBestScore) {
    PromptGroup group;
    group.rows = rows;
    group.points = points;
    for (int row = 0; row < rows; ++row) {
      for (int i = 0; i < points; ++i) {
        for (int axis = 0; axis < 2; ++axis) {
          group.coords.push_back(static_cast<float>(image_testing::between(random, 0, 128)) / 64);
        }
        group.labels.push_back(static_cast<float>(image_testing::between(random, 0, 1)));
      }
      group.tasks.push_back({row, plane, 0, -1});
    }
    return group;
  }

  Request request(FramePtr f, std::vector<PromptGroup> groups) const {
    return {f, mask_of(*f), std::move(groups)};
  }

  static std::future<Outcome> submit(Segmenter& segmenter, Request r) {
    auto promise = std::make_shared<std::promise<Outcome>>();
    auto future = promise->get_future();
    segmenter.submit(std::move(r),
                     [promise](Outcome outcome) { promise->set_value(std::move(outcome)); });
    return future;
  }

  // The answer, held against the CPU's way to it.
  Answer expect_right(Segmenter& segmenter, const Request& r) {
    return expect_right(submit(segmenter, r).get(), r);
  }
  Answer expect_right(Outcome outcome, const Request& r) {
    EXPECT_EQ(error_of(outcome), "");
    if (!outcome.answer) return {};
    EXPECT_EQ(outcome.answer->masks.size(), r.groups.size());
    for (std::size_t g = 0; g < r.groups.size(); ++g) {
      expect_group(r, r.groups[g], outcome.answer->masks[g]);
    }
    return std::move(*outcome.answer);
  }

  // The decoder's answer to a row, by hand; kept logits are those of `kept`.
  Decoded decoded(const Request& r, const PromptGroup& group, int row) {
    std::vector<float> image(3 * kSide * kSide);
    preparer.prepare(r.frame->view, model.image, image.data());
    std::vector<float> mask;
    if (!group.starts.empty()) {
      mask = group.starts[row].logits;
      if (group.starts[row].slot >= 0) mask = kept[group.starts[row].slot];
    }
    const std::vector<float> embedding = embedding_of(image);
    Decoded out = decode(embedding, group.coords.data() + row * group.points * 2,
                         group.labels.data() + row * group.points, group.points, mask);
    add_extras(model, embedding, r.mask, out);
    return out;
  }

  void expect_group(const Request& r, const PromptGroup& group,
                    const std::vector<cuda::DeviceMask>& masks) {
    ASSERT_EQ(masks.size(), group.tasks.size());
    MaskExtractor extractor(r.mask);
    for (std::size_t t = 0; t < masks.size(); ++t) {
      const cuda::MaskTask& task = group.tasks[t];
      const Decoded expected = decoded(r, group, task.row);
      const int plane = chosen(expected, task.plane, group.points);
      ASSERT_EQ(masks[t].plane, plane) << "task " << t;
      EXPECT_EQ(masks[t].score, expected.iou[plane]);
      const auto logits = expected.logits.begin() + plane * kGrid * kGrid;
      if (task.keep >= 0) {
        kept[task.keep].clear();
        for (int i = 0; i < kGrid * kGrid; ++i) {
          kept[task.keep].push_back(std::clamp(logits[i], -model.keep_limit, model.keep_limit));
        }
      }
      MaskResult mask;
      extractor.extract(&*logits, mask);
      expect_same(masks[t].mask, mask, t);
      expect_same(masks[t].lowres.mask, low_res_mask(&*logits, r.mask).mask, t);
    }
  }

  // As a model with `choice.multi` of all but candidate 0.
  int chosen(const Decoded& decoded, int plane, int points) const {
    if (plane >= 0) return plane;
    std::vector<float> scores = decoded.iou;
    const auto over = [&](float limit) {
      return std::count_if(decoded.logits.begin(), decoded.logits.begin() + kGrid * kGrid,
                           [&](float logit) { return logit > limit; });
    };
    if (plane == cuda::kStable) {
      const auto sure = static_cast<float>(over(model.choice.delta));
      const auto possible = static_cast<float>(over(-model.choice.delta));
      if (possible == 0 || sure / possible >= model.choice.share) return 0;
    }
    if (plane == cuda::kStable || plane == cuda::kBestMulti) {
      scores[0] = -std::numeric_limits<float>::infinity();
    }
    if (plane == cuda::kOfficial) scores[0] += (static_cast<float>(points) - 2.5F) * 1000;
    return static_cast<int>(std::max_element(scores.begin(), scores.end()) - scores.begin());
  }

  static void expect_same(const MaskResult& got, const MaskResult& expected, std::size_t task) {
    EXPECT_EQ(got.counts, expected.counts) << "task " << task;
    EXPECT_EQ(got.area, expected.area) << "task " << task;
    EXPECT_EQ(got.box, expected.box) << "task " << task;
    EXPECT_EQ(got.stability, expected.stability) << "task " << task;
  }

  std::string folder;
  ModelSpec model = model_spec();
  OpenOptions options;
  image_testing::Random random{20250607};
  FramePool pool;
  ImagePreparer preparer;
  std::vector<std::vector<float>> kept{64};
};

}  // namespace samwire::tensorrt_testing
