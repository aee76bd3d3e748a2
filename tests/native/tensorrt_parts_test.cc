#include <thread>

#include "tensorrt/embeddings.h"
#include "tensorrt/logger.h"
#include "tensorrt/progress.h"
#include "tensorrt_fixture.h"

namespace samwire::tensorrt_testing {
namespace {

using Severity = nvinfer1::ILogger::Severity;
using TensorrtParts = TensorrtTest;

TEST_F(TensorrtParts, TheLogKeepsTheLastErrorsAndNoMore) {
  LogCapture capture;
  EXPECT_EQ(capture.take_errors(), "TensorRT gave no reason");
  for (int i = 1; i <= 6; ++i) logger().log(Severity::kERROR, std::to_string(i).c_str());
  logger().log(Severity::kWARNING, "a warning");
  EXPECT_EQ(capture.take_errors(), "3; 4; 5; 6");
  EXPECT_EQ(capture.take_errors(), "TensorRT gave no reason");
  logger().log(Severity::kINTERNAL_ERROR, std::string(5000, 'x').c_str());
  EXPECT_LT(capture.take_errors().size(), 1000U);
}

TEST_F(TensorrtParts, TwoModelsDoNotGetEachOthersErrors) {
  LogCapture here;
  std::thread([&] {
    LogCapture there;
    logger().log(Severity::kERROR, "there");
    EXPECT_EQ(there.take_errors(), "there");
  }).join();
  std::thread([] { logger().log(Severity::kERROR, "TensorRT's own thread"); }).join();
  EXPECT_EQ(here.take_errors(), "TensorRT's own thread");
}

TEST_F(TensorrtParts, TheLogIsHeardFromManyThreads) {
  std::atomic<int> heard{0};
  LogCapture capture([&](Severity, const std::string&) { ++heard; });
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([] {
      for (int line = 0; line < 100; ++line) logger().log(Severity::kINFO, "line");
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(heard, 400);
}

TEST_F(TensorrtParts, AnEmbeddingAtWorkIsNeverGivenAway) {
  EmbeddingPool embeddings(2, 64);
  Embedding& first = embeddings.take(1);
  ++first.users;
  Embedding& second = embeddings.take(2);
  EXPECT_NE(&first, &second);
  EXPECT_EQ(&embeddings.take(3), &second);
  EXPECT_EQ(embeddings.find(2), nullptr);
  EXPECT_EQ(embeddings.find(1), &first);
  ++second.users;
  EXPECT_EQ(error_of([&] { embeddings.take(4); }), "model_failed: Every embedding is in use");
  --first.users;
  EXPECT_EQ(&embeddings.take(4), &first);
}

TEST_F(TensorrtParts, AFrameWithoutAnIdIsNeverFound) {
  EmbeddingPool embeddings(2, 64);
  embeddings.take(0);
  EXPECT_EQ(embeddings.find(0), nullptr);
}

TEST_F(TensorrtParts, PhasesWithinPhasesMakeOneFraction) {
  std::vector<double> told;
  BuildPhases phases([&](const BuildProgress& p) {
    EXPECT_EQ(p.phase, "build");
    told.push_back(p.fraction);
  });
  phases.start("build", "", 2);
  phases.start("inner", "build", 4);
  phases.step("inner", 0);
  phases.step("inner", 1);
  phases.finish("inner");
  phases.step("build", 0);
  phases.start("other", "build", 2);
  phases.step("other", 0);
  phases.finish("other");
  phases.finish("build");
  EXPECT_EQ(told, (std::vector<double>{0, 0, 0.125, 0.25, 0.5, 0.5, 0.75, 1}));
}

}  // namespace
}  // namespace samwire::tensorrt_testing
