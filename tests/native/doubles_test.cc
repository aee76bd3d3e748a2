// The doubles of CUDA and TensorRT themselves: what they promise to the tests that stand on them
// (doubles/control.h). Compiled for each version that the double of TensorRT poses as.
#include <NvInfer.h>
#include <NvOnnxParser.h>
#include <cuda_runtime_api.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "doubles/control.h"
#include "tensorrt/library.h"
#include "tensorrt_onnx.h"

namespace samwire {
namespace {

using namespace nvinfer1;
using namespace tensorrt_testing;

class Log : public ILogger {
 public:
  void log(Severity severity, AsciiChar const* text) noexcept override {
    if (severity <= Severity::kERROR) errors += std::string(text) + "\n";
  }
  std::string errors;
};

// y = x * 2, [batch, 3].
std::string doubling() {
  return OnnxWriter()
      .input("x", kOnnxFloat, {"batch", 3})
      .floats("two", {1}, {2})
      .node("Mul", {"x", "two"}, "y")
      .output("y", kOnnxFloat, {"batch", 3})
      .bytes();
}

constexpr NetworkDefinitionCreationFlags kFlags = NV_TENSORRT_MAJOR == 8 ? 1 : 0;

Dims shape(int rows) {
  Dims dims{};
  dims.nbDims = 2;
  dims.d[0] = rows;
  dims.d[1] = 3;
  return dims;
}

class DoublesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    tensorrt::require_parser();
    doubles::reset();
  }
  void TearDown() override {
    EXPECT_TRUE(doubles::live().empty()) << doubles::live().begin()->first;
    EXPECT_TRUE(doubles::misuse().empty()) << doubles::misuse().front();
    EXPECT_EQ(doubles::device_bytes(), 0U);
    doubles::reset();
  }

  struct Build {
    bool profile = true;
    NetworkDefinitionCreationFlags flags = kFlags;
    std::uint32_t builder_flags = 0;
#if NV_TENSORRT_MAJOR >= 10
    IProgressMonitor* monitor = nullptr;
#endif
  };

  std::string build(const std::string& onnx, const Build& how) {
    std::unique_ptr<IBuilder> builder(createInferBuilder(log));
    if (!builder) return "";
    std::unique_ptr<INetworkDefinition> network(builder->createNetworkV2(how.flags));
    std::unique_ptr<nvonnxparser::IParser> parser(nvonnxparser::createParser(*network, log));
    if (!parser->parse(onnx.data(), onnx.size())) {
      parse_error = parser->getError(0)->desc();
      return "";
    }
    std::unique_ptr<IBuilderConfig> config(builder->createBuilderConfig());
    config->setFlags(how.builder_flags);
#if NV_TENSORRT_MAJOR >= 10
    config->setProgressMonitor(how.monitor);
#endif
    if (how.profile) {
      IOptimizationProfile* profile = builder->createOptimizationProfile();
      profile->setDimensions("x", OptProfileSelector::kMIN, shape(1));
      profile->setDimensions("x", OptProfileSelector::kOPT, shape(2));
      profile->setDimensions("x", OptProfileSelector::kMAX, shape(4));
      config->addOptimizationProfile(profile);
    }
    std::unique_ptr<IHostMemory> plan(builder->buildSerializedNetwork(*network, *config));
    return plan ? std::string(static_cast<char*>(plan->data()), plan->size()) : "";
  }
  std::string build(const std::string& onnx) { return build(onnx, {}); }

  bool loads(const std::string& plan) {
    std::unique_ptr<IRuntime> runtime(createInferRuntime(log));
    std::unique_ptr<ICudaEngine> engine(runtime->deserializeCudaEngine(plan.data(), plan.size()));
    return engine != nullptr;
  }

  Log log;
  std::string parse_error;
};

// An engine with its memory, for two rows.
struct Lane {
  Lane(const std::string& plan, ILogger& log) : runtime(createInferRuntime(log)) {
    engine.reset(runtime->deserializeCudaEngine(plan.data(), plan.size()));
    if (engine) context.reset(engine->createExecutionContext());
    cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking);
    cudaMalloc(&x, kBytes);
    cudaMalloc(&y, kBytes);
    cudaHostAlloc(&host, kBytes, cudaHostAllocDefault);
  }
  ~Lane() {
    cudaStreamDestroy(stream);
    cudaFree(x);
    cudaFree(y);
    cudaFreeHost(host);
  }
  bool ready() const { return context && stream && x && y && host; }
  bool bind(int rows = 2) {
    return context->setInputShape("x", shape(rows)) && context->setTensorAddress("x", x) &&
           context->setTensorAddress("y", y);
  }
  void upload(float first) {
    for (int i = 0; i < 6; ++i) floats()[i] = first + static_cast<float>(i);
    cudaMemcpyAsync(x, host, kBytes, cudaMemcpyHostToDevice, stream);
  }
  void download() { cudaMemcpyAsync(host, y, kBytes, cudaMemcpyDeviceToHost, stream); }
  float* floats() const { return static_cast<float*>(host); }

  static constexpr std::size_t kBytes = 6 * sizeof(float);
  std::unique_ptr<IRuntime> runtime;
  std::unique_ptr<ICudaEngine> engine;
  std::unique_ptr<IExecutionContext> context;
  cudaStream_t stream = nullptr;
  void *x = nullptr, *y = nullptr, *host = nullptr;
};

TEST_F(DoublesTest, AnEngineComputesWhatItsFileSaysWhenSomebodyWaits) {
  Lane lane(build(doubling()), log);
  ASSERT_TRUE(lane.ready() && lane.bind()) << log.errors;
  lane.upload(1);
  ASSERT_TRUE(lane.context->enqueueV3(lane.stream));
  lane.download();
  EXPECT_EQ(lane.floats()[5], 6.F) << "nobody has waited yet";
  ASSERT_EQ(cudaStreamSynchronize(lane.stream), cudaSuccess);
  EXPECT_EQ(lane.floats()[0], 2.F);
  EXPECT_EQ(lane.floats()[5], 12.F);
}

TEST_F(DoublesTest, AnOutputsShapeIsKnownAlsoWhereNoInputNamesItsDimensions) {
  const std::string onnx = OnnxWriter()
                               .input("x", kOnnxFloat, {"batch", 3})
                               .floats("two", {1}, {2})
                               .node("Mul", {"x", "two"}, "y")
                               .output("y", kOnnxFloat, {"rows", "columns"})
                               .bytes();
  const Lane lane(build(onnx), log);
  ASSERT_TRUE(lane.ready());
  EXPECT_EQ(lane.context->getTensorShape("y").d[0], -1);
  ASSERT_TRUE(lane.context->setInputShape("x", shape(4)));
  EXPECT_EQ(lane.context->getTensorShape("y").d[0], 4);
  EXPECT_EQ(lane.context->getTensorShape("y").d[1], 3);
}

TEST_F(DoublesTest, PinnedMemoryThatChangesTooEarlyChangesTheAnswer) {
  Lane lane(build(doubling()), log);
  ASSERT_TRUE(lane.ready() && lane.bind());
  lane.upload(1);
  lane.floats()[0] = 50;
  ASSERT_TRUE(lane.context->enqueueV3(lane.stream));
  lane.download();
  cudaStreamSynchronize(lane.stream);
  EXPECT_EQ(lane.floats()[0], 100.F);
}

TEST_F(DoublesTest, AGraphRunsWithTheAddressesOfItsCapture) {
  Lane lane(build(doubling()), log);
  ASSERT_TRUE(lane.ready() && lane.bind());
  cudaStreamBeginCapture(lane.stream, cudaStreamCaptureModeThreadLocal);
  EXPECT_FALSE(lane.context->enqueueV3(lane.stream)) << "new shapes want a plain run first";
  cudaGraph_t graph = nullptr;
  EXPECT_EQ(cudaStreamEndCapture(lane.stream, &graph), cudaErrorStreamCaptureInvalidated);
  lane.upload(1);
  ASSERT_TRUE(lane.context->enqueueV3(lane.stream));
  cudaStreamSynchronize(lane.stream);

  cudaStreamBeginCapture(lane.stream, cudaStreamCaptureModeThreadLocal);
  EXPECT_TRUE(lane.context->enqueueV3(lane.stream));
  ASSERT_EQ(cudaStreamEndCapture(lane.stream, &graph), cudaSuccess);
  cudaGraphExec_t exec = nullptr;
  ASSERT_EQ(cudaGraphInstantiateWithFlags(&exec, graph, 0), cudaSuccess);
  cudaGraphDestroy(graph);
  lane.upload(10);
  ASSERT_EQ(cudaGraphLaunch(exec, lane.stream), cudaSuccess);
  lane.download();
  cudaStreamSynchronize(lane.stream);
  EXPECT_EQ(lane.floats()[0], 20.F);
  cudaGraphExecDestroy(exec);
}

TEST_F(DoublesTest, HostCodeCannotTouchTheDevicesMemory) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  void* data = nullptr;
  ASSERT_EQ(cudaMalloc(&data, 16), cudaSuccess);
  EXPECT_DEATH(*static_cast<volatile char*>(data) = 1, "");
  cudaFree(data);
}

TEST_F(DoublesTest, OutOfMemoryAtEachAllocationInTurnLeavesNothingBehind) {
  const std::string plan = build(doubling());
  int failures = 0;
  for (int nth = 1; nth < 100; ++nth) {
    doubles::reset();
    doubles::fail("allocation", nth);
    const Lane lane(plan, log);
    if (lane.ready()) break;
    ++failures;
  }
  EXPECT_EQ(failures, 5);  // weights, activations, x, y, host
}

TEST_F(DoublesTest, WhatTensorrtRefusesIsRefused) {
  Lane lane(build(doubling()), log);
  ASSERT_TRUE(lane.ready());
  EXPECT_FALSE(lane.context->enqueueV3(lane.stream)) << "no addresses";
  EXPECT_FALSE(lane.bind(5)) << "beyond the profile";
  EXPECT_NE(log.errors.find("not in the range"), std::string::npos);
  ASSERT_TRUE(lane.bind());
  doubles::fail("enqueueV3", 1);
  EXPECT_FALSE(lane.context->enqueueV3(lane.stream));
  EXPECT_TRUE(lane.context->enqueueV3(lane.stream));
  EXPECT_EQ(cudaStreamSynchronize(lane.stream), cudaSuccess);
}

TEST_F(DoublesTest, ALostDeviceStaysLost) {
  Lane lane(build(doubling()), log);
  ASSERT_TRUE(lane.ready() && lane.bind());
  doubles::break_after(0);
  ASSERT_TRUE(lane.context->enqueueV3(lane.stream)) << "the error comes with the work";
  EXPECT_EQ(cudaStreamSynchronize(lane.stream), cudaErrorIllegalAddress);
  EXPECT_EQ(cudaGetLastError(), cudaErrorIllegalAddress);
  void* data = nullptr;
  EXPECT_EQ(cudaMalloc(&data, 16), cudaErrorIllegalAddress);
  EXPECT_FALSE(lane.context->enqueueV3(lane.stream));
}

TEST_F(DoublesTest, MemoryThatIsTooSmallIsAnIllegalAddress) {
  Lane lane(build(doubling()), log);
  ASSERT_TRUE(lane.ready() && lane.bind(3));
  ASSERT_TRUE(lane.context->enqueueV3(lane.stream));
  EXPECT_EQ(cudaStreamSynchronize(lane.stream), cudaErrorIllegalAddress);
}

TEST_F(DoublesTest, APlanOfAnotherVersionOrGpuOrCutShortIsRefused) {
  std::string plan = build(doubling());
  ASSERT_TRUE(loads(plan));
  EXPECT_FALSE(loads(plan.substr(0, plan.size() - 1)));
  EXPECT_FALSE(loads("no plan"));
  std::string changed = plan;
  changed.back() = static_cast<char>(changed.back() ^ 1);
  EXPECT_FALSE(loads(changed));

  const std::size_t at = std::string("SAMWIRE DOUBLE PLAN").size();
  for (const std::int64_t version : {8601, 100300, 110100}) {
    std::string other = plan;
    std::memcpy(&other[at], &version, sizeof version);
    log.errors.clear();
    EXPECT_EQ(loads(other), version == NV_TENSORRT_VERSION);
    const bool told = log.errors.find("not compatible with this version") != std::string::npos;
    EXPECT_EQ(told, version != NV_TENSORRT_VERSION) << log.errors;
  }
  doubles::set_device(doubles::DeviceKind::kDiscrete, "Another GPU");
  EXPECT_FALSE(loads(plan));
}

TEST_F(DoublesTest, TheBuilderWantsAProfileForFreeDimensions) {
  Build how;
  how.profile = false;
  EXPECT_EQ(build(doubling(), how), "");
  EXPECT_NE(log.errors.find("no optimization profile"), std::string::npos);
}

TEST_F(DoublesTest, TheParserRefusesAOneHotThatBecomesAShape) {
  const std::string onnx = OnnxWriter()
                               .input("x", kOnnxFloat, {"batch", 3})
                               .ints("index", {0})
                               .ints("depth", {2})
                               .ints("values", {1, 2})
                               .node("OneHot", {"index", "depth", "values"}, "hot")
                               .node("Reshape", {"hot", "flat"}, "repeats")
                               .ints("flat", {2})
                               .node("Tile", {"x", "repeats"}, "y")
                               .output("y", kOnnxFloat, {"rows", "columns"})
                               .bytes();
  EXPECT_EQ(build(onnx), "");
  EXPECT_NE(parse_error.find("IOneHotLayer cannot be used to compute a shape tensor"),
            std::string::npos);
}

TEST_F(DoublesTest, WrongPrecisionsAnswerWrongly) {
  Build how;
#if NV_TENSORRT_MAJOR < 11
  how.builder_flags = 1U << static_cast<unsigned>(BuilderFlag::kFP16);
#endif
  Lane lane(build(doubling(), how), log);
  ASSERT_TRUE(lane.ready() && lane.bind());
  for (const char* which : {"", "fp16", "all"}) {
    doubles::set_wrong(which);
    lane.upload(1);
    ASSERT_TRUE(lane.context->enqueueV3(lane.stream));
    lane.download();
    cudaStreamSynchronize(lane.stream);
    const bool half = NV_TENSORRT_MAJOR < 11 && std::string(which) == "fp16";
    EXPECT_EQ(lane.floats()[0], half || std::string(which) == "all" ? -2.F : 2.F) << which;
  }
}

#if NV_TENSORRT_MAJOR == 10
TEST_F(DoublesTest, AStronglyTypedNetworkRefusesPrecisionFlags) {
  Build how;
  how.flags = 1U << static_cast<unsigned>(NetworkDefinitionCreationFlag::kSTRONGLY_TYPED);
  EXPECT_NE(build(doubling(), how), "");
  how.builder_flags = 1U << static_cast<unsigned>(BuilderFlag::kFP16);
  EXPECT_EQ(build(doubling(), how), "");
}
#endif

#if NV_TENSORRT_MAJOR >= 10
TEST_F(DoublesTest, TheProgressMonitorIsToldAndMayStopTheBuild) {
  class Monitor : public IProgressMonitor {
   public:
    void phaseStart(char const*, char const*, int32_t) noexcept override { ++open; }
    bool stepComplete(char const*, int32_t) noexcept override { return ++steps < most; }
    void phaseFinish(char const*) noexcept override { --open; }
    int open = 0, steps = 0, most = 1000;
  } monitor;
  Build how;
  how.monitor = &monitor;
  EXPECT_NE(build(doubling(), how), "");
  EXPECT_GT(monitor.steps, 1);
  EXPECT_EQ(monitor.open, 0);
  monitor.most = 0;
  EXPECT_EQ(build(doubling(), how), "");
  EXPECT_EQ(monitor.open, 0);
}
#endif

TEST_F(DoublesTest, ATimingCacheKeepsWhatWasTimedAndIsOfOneVersion) {
  std::unique_ptr<IBuilder> builder(createInferBuilder(log));
  std::unique_ptr<IBuilderConfig> config(builder->createBuilderConfig());
  std::unique_ptr<ITimingCache> cache(config->createTimingCache(nullptr, 0));
  ASSERT_TRUE(cache && config->setTimingCache(*cache, false));
  std::unique_ptr<IHostMemory> bytes(cache->serialize());
  const std::string text(static_cast<char*>(bytes->data()), bytes->size());
  std::unique_ptr<ITimingCache> again(config->createTimingCache(text.data(), text.size()));
  EXPECT_NE(again, nullptr);
  EXPECT_EQ(config->createTimingCache("old", 3), nullptr);
}

}  // namespace
}  // namespace samwire
