#include <NvInfer.h>
#include <sys/stat.h>

#include <algorithm>
#include <set>

#include "tensorrt/library.h"
#include "tensorrt_fixture.h"

// Compiled against each of the doubles' versions.
namespace samwire::tensorrt_testing {
namespace {

class TensorrtBuilder : public TensorrtTest {
 protected:
  void SetUp() override {
    TensorrtTest::SetUp();
    write_encoder();
    request.onnx_path = folder + "/encoder.onnx";
    request.plan_path = folder + "/encoder.plan";
  }
  void write_encoder() { write(folder + "/encoder.onnx", encoder_onnx()); }
  void take_decoder() {
    request.onnx_path = folder + "/decoder.onnx";
    request.plan_path = folder + "/decoder.plan";
    write(request.onnx_path, decoder_onnx());
    request.shapes = {shape("point_coords", {1, 1, 2}, {8, 6, 2}),
                      shape("point_labels", {1, 1}, {8, 6}),
                      shape("mask_input", {1, 1, kGrid, kGrid}, {8, 1, kGrid, kGrid}),
                      shape("has_mask_input", {1}, {8})};
  }

  BuildResult build() {
    return build_engine(request, [this](const BuildProgress& p) { progress.push_back(p); });
  }
  std::string build_error() {
    return error_of([&] { build(); });
  }
  std::set<std::string> files() const {
    std::set<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
      names.insert(entry.path().filename());
    }
    return names;
  }

  BuildRequest request;
  std::vector<BuildProgress> progress;
};

TEST_F(TensorrtBuilder, WritesAPlanThatRuns) {
  const BuildResult encoder = build();
  EXPECT_EQ(encoder.plan_bytes, std::filesystem::file_size(request.plan_path));
  EXPECT_EQ(encoder.tensorrt_version, library().loaded);
  take_decoder();
  build();
  EXPECT_EQ(files(), (std::set<std::string>{"decoder.onnx", "decoder.plan", "encoder.onnx",
                                            "encoder.plan"}));
  const auto segmenter = open();
  expect_right(*segmenter, TensorrtTest::request(frame(96, 64), {prompts(3, 2)}));
}

TEST_F(TensorrtBuilder, TellsItsPhasesAndAFractionThatGrows) {
  build();
  std::vector<std::string> phases;
  double last = 0;
  for (const BuildProgress& p : progress) {
    if (phases.empty() || phases.back() != p.phase) {
      phases.push_back(p.phase);
      last = 0;
    }
    if (p.fraction < 0) continue;
    EXPECT_GE(p.fraction, last) << p.phase;
    EXPECT_LE(p.fraction, 1);
    last = p.fraction;
  }
  EXPECT_EQ(phases.front(), "parse");
  EXPECT_EQ(phases.back(), "serialize");
#if NV_TENSORRT_MAJOR >= 10
  EXPECT_TRUE(std::any_of(progress.begin(), progress.end(),
                          [](const BuildProgress& p) { return p.fraction == 1; }));
#endif
}

TEST_F(TensorrtBuilder, KeepsATimingCacheAndReplacesOneThatIsStale) {
  request.timing_cache_path = folder + "/timing.cache";
  build();
  const std::string cache = read(request.timing_cache_path);
  EXPECT_FALSE(cache.empty());
  build();
  EXPECT_EQ(read(request.timing_cache_path), cache);
  for (const std::string& stale : {std::string("of another version"), std::string()}) {
    write(request.timing_cache_path, stale);
    build();
    EXPECT_EQ(read(request.timing_cache_path), cache);
  }
  EXPECT_EQ(files(), (std::set<std::string>{"encoder.onnx", "encoder.plan", "timing.cache"}));
}

TEST_F(TensorrtBuilder, ATimingCacheThatCantBeKeptIsAWarning) {
  request.timing_cache_path = folder + "/nowhere/timing.cache";
  const BuildResult result = build();
  ASSERT_FALSE(result.warnings.empty());
  EXPECT_NE(result.warnings.back().find("The timing cache was not kept: "), std::string::npos);
}

TEST_F(TensorrtBuilder, LeavesNothingBehindWhenItFails) {
  for (const std::string call : {"createInferBuilder", "createNetworkV2", "createBuilderConfig",
                                 "parse", "buildSerializedNetwork"}) {
    doubles::fail(call, 1);
    EXPECT_EQ(build_error().substr(0, 14), "model_failed: ") << call;
    EXPECT_EQ(files(), std::set<std::string>{"encoder.onnx"}) << call;
    EXPECT_TRUE(doubles::live().empty()) << call;
  }
}

TEST_F(TensorrtBuilder, AFailedBuildLeavesTheOldPlanAsItWas) {
  build();
  const std::string plan = read(request.plan_path);
  doubles::fail("buildSerializedNetwork", 1);
  EXPECT_NE(build_error(), "");
  EXPECT_EQ(read(request.plan_path), plan);
}

TEST_F(TensorrtBuilder, APlaceThatCantBeWrittenIsNamed) {
  request.plan_path = folder + "/nowhere/encoder.plan";
  const std::string error = build_error();
  EXPECT_EQ(error.substr(0, 14), "model_failed: ");
  EXPECT_NE(error.find("nowhere/encoder.plan"), std::string::npos) << error;
  EXPECT_NE(error.find("No such file or directory"), std::string::npos) << error;
  std::filesystem::create_directory(folder + "/folder.plan");
  request.plan_path = folder + "/folder.plan";  // what a rename can't replace
  EXPECT_NE(build_error().find("folder.plan failed: "), std::string::npos);
  EXPECT_EQ(files(), (std::set<std::string>{"encoder.onnx", "folder.plan"}));
}

TEST_F(TensorrtBuilder, AnOnnxFileThatIsMissingOrBrokenIsNamed) {
  request.onnx_path = folder + "/none.onnx";
  EXPECT_EQ(build_error(),
            "model_failed: Opening " + request.onnx_path + " failed: No such file or directory");
  write(request.onnx_path, "");
  EXPECT_EQ(build_error(), "model_failed: " + request.onnx_path + " is empty");
  write(request.onnx_path, "no network");
  const std::string error = build_error();
  EXPECT_NE(error.find("can't read " + request.onnx_path), std::string::npos) << error;
}

TEST_F(TensorrtBuilder, ANodeThatTensorrtRefusesIsNamed) {
  OnnxWriter onnx;
  onnx.input("image", kOnnxFloat, {1, 3}).node("NoSuchOperator", {"image"}, "image_embeddings");
  onnx.output("image_embeddings", kOnnxFloat, {1, 3});
  write(request.onnx_path, onnx.bytes());
  const std::string error = build_error();
  EXPECT_EQ(error.substr(0, 14), "model_failed: ");
  EXPECT_NE(error.find("NoSuchOperator"), std::string::npos) << error;
  EXPECT_NE(error.find("/image_embeddings"), std::string::npos) << error;
}

TEST_F(TensorrtBuilder, AShapeOfAnInputThatIsNotThereIsRefused) {
  request.shapes = {shape("picture", {1, 3, 64, 64}, {1, 3, 64, 64})};
  EXPECT_EQ(build_error(), "model_failed: " + request.onnx_path + " has no input picture");
}

TEST_F(TensorrtBuilder, AFreeDimensionWithoutAShapeFailsWithTensorrtsReason) {
  take_decoder();
  request.shapes.pop_back();
  const std::string error = build_error();
  EXPECT_EQ(error.substr(0, 14), "model_failed: ");
  EXPECT_EQ(error.find("gave no reason"), std::string::npos) << error;
}

TEST_F(TensorrtBuilder, ADlaThatIsNotThereIsRefused) {
  request.dla_core = 7;
  const std::string error = build_error();
  EXPECT_NE(error.find("Expected a DLA core below "), std::string::npos) << error;
}

TEST_F(TensorrtBuilder, AGpuThatIsLostIsToldFromABadNetwork) {
  doubles::lose_device();
  EXPECT_EQ(build_error().substr(0, 15), "device_failed: ");
  doubles::reset();
}

#if NV_TENSORRT_MAJOR < 10
TEST_F(TensorrtBuilder, BuildsFp16WithNamedNodesInFp32ButNoTypedNetworks) {
  OnnxWriter onnx;
  onnx.input("image", kOnnxFloat, {1, 3}).node("Shape", {"image"}, "lengths");
  onnx.node("Sqrt", {"image"}, "root").node("Identity", {"root"}, "image_embeddings");
  onnx.output("image_embeddings", kOnnxFloat, {1, 3}).output("lengths", kOnnxInt64, {2});
  write(request.onnx_path, onnx.bytes());
  request.precision = BuildPrecision::kFp16;
  build();
  const std::string all_half = read(request.plan_path);
  // A layer of integers can't be FP32, though it was named.
  request.fp32_nodes = {"/root", "/lengths", "/nowhere"};
  const BuildResult result = build();
  EXPECT_TRUE(read(request.plan_path) != all_half);
  EXPECT_NE(std::find(result.warnings.begin(), result.warnings.end(),
                      "No layer is named after the FP32 node /nowhere"),
            result.warnings.end());
  EXPECT_EQ(std::count_if(result.warnings.begin(), result.warnings.end(),
                          [](const std::string& w) { return w.rfind("No layer", 0) == 0; }),
            1);
  request.precision = BuildPrecision::kTyped;
  EXPECT_EQ(build_error(),
            "model_failed: Typed networks need TensorRT 10; this is " + library().loaded);
}
#elif NV_TENSORRT_MAJOR < 11
TEST_F(TensorrtBuilder, BuildsTypedNetworksAndFp16WhereItIsAsked) {
  for (const BuildPrecision precision : {BuildPrecision::kTyped, BuildPrecision::kFp16}) {
    request.precision = precision;
    EXPECT_EQ(build_error(), "");
  }
}
#else
TEST_F(TensorrtBuilder, BuildsTypedNetworksAlone) {
  request.precision = BuildPrecision::kTyped;
  EXPECT_EQ(build_error(), "");
  request.precision = BuildPrecision::kFp16;
  EXPECT_EQ(build_error(), "model_failed: TensorRT " + library().loaded +
                               " takes FP16 from the ONNX file alone: build a typed one");
}
#endif

}  // namespace
}  // namespace samwire::tensorrt_testing
