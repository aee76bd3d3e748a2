#include <thread>

#include "tensorrt_fixture.h"

// What goes wrong on the way, what it looks like, and that nothing is left of it.
namespace samwire::tensorrt_testing {
namespace {

class TensorrtFailure : public TensorrtTest {
 protected:
  std::string open_error() {
    return error_of([&] { open(); });
  }
  std::string segment_error(Segmenter& segmenter, const FramePtr& f) {
    return error_of(submit(segmenter, request(f, {prompts(2, 2)})).get());
  }
};

TEST_F(TensorrtFailure, NothingIsLeftWhenAnyAllocationOfOpeningFails) {
  build_encoder();
  build_decoder();
  for (const auto kind : {doubles::DeviceKind::kDiscrete, doubles::DeviceKind::kIntegrated}) {
    int failed = 0;
    for (;; ++failed) {
      doubles::reset();
      doubles::set_device(kind);
      doubles::fail("allocation", failed + 1);
      const std::string error = open_error();
      if (error.empty()) break;
      ASSERT_EQ(error.substr(0, 14), "model_failed: ") << error;
      ASSERT_TRUE(doubles::live().empty()) << "after allocation " << failed + 1;
    }
    EXPECT_GT(failed, 20);
  }
}

TEST_F(TensorrtFailure, NothingIsLeftWhenAnyCallOfOpeningFails) {
  build_encoder();
  build_decoder();
  for (const std::string call :
       {"createInferRuntime", "deserializeCudaEngine", "createExecutionContext", "setInputShape",
        "setTensorAddress", "enqueueV3", "cudaStreamCreateWithPriority", "cudaEventCreateWithFlags",
        "cudaMemcpyAsync", "cudaMemsetAsync", "cudaStreamSynchronize", "cudaEventSynchronize"}) {
    for (const int nth : {1, 2}) {
      doubles::reset();
      doubles::fail(call, nth, cudaErrorInvalidValue);
      const std::string error = open_error();
      if (doubles::calls(call) < nth) continue;
      // A capture that fails leaves a shape without its graph.
      if (!(call == "enqueueV3" && error.empty())) {
        EXPECT_EQ(error.substr(0, 14), "model_failed: ") << call << " " << nth << ": " << error;
      }
      EXPECT_TRUE(doubles::live().empty()) << call << " " << nth;
    }
  }
}

TEST_F(TensorrtFailure, TheMessageOfAFullDeviceSaysForWhatAndHowMuchIsFree) {
  build_encoder();
  build_decoder();
  doubles::fail("cudaMalloc", 5);
  const std::string error = open_error();
  EXPECT_NE(error.find("cudaErrorMemoryAllocation"), std::string::npos) << error;
  EXPECT_NE(error.find(" MiB of the device's memory are free"), std::string::npos) << error;
}

TEST_F(TensorrtFailure, AShapeThatCantBeCapturedRunsPlainly) {
  build_encoder();
  build_decoder();
  doubles::fail("cudaStreamEndCapture", 2);
  const auto segmenter = open();
  EXPECT_EQ(segmenter->stats().graphs, 4U);
  const FramePtr f = frame(96, 64);
  const std::size_t plain = segmenter->stats().plain_enqueues;
  for (int time = 0; time < 3; ++time) {
    for (int rows = 1; rows <= 8; rows *= 2) {
      expect_right(*segmenter, request(f, {prompts(rows, 2)}));
    }
  }
  EXPECT_EQ(segmenter->stats().graphs, 4U);
  EXPECT_EQ(segmenter->stats().plain_enqueues, plain + 3);
}

TEST_F(TensorrtFailure, WhatACaptureLoggedExplainsNoLaterFailure) {
  build_encoder();
  build_decoder();
  doubles::fail("enqueueV3", 7);  // after five plain runs, the encoder's second and its capture
  const auto segmenter = open();
  EXPECT_EQ(segmenter->stats().graphs, 4U);
  doubles::fail("enqueueV3", 1);
  EXPECT_EQ(segment_error(*segmenter, frame(96, 64)),
            "model_failed: Running " + options.encoder_plan +
                " failed: IExecutionContext::enqueueV3: Error Code 1: Cuda Runtime (injected)");
  expect_right(*segmenter, request(frame(96, 64), {prompts(2, 2)}));
}

TEST_F(TensorrtFailure, AnEnqueueThatIsRefusedFailsItsRequestAlone) {
  const auto segmenter = build_and_open();
  const FramePtr f = frame(96, 64);
  const Request r = request(f, {prompts(3, 5)});  // of a shape without a graph
  expect_right(*segmenter, request(f, {prompts(1, 2)}));
  doubles::fail("enqueueV3", 1);
  const std::string error = error_of(submit(*segmenter, r).get());
  EXPECT_EQ(error, "model_failed: Running " + options.decoder_plan +
                       " failed: IExecutionContext::enqueueV3: Error Code 1: Cuda Runtime "
                       "(injected)");
  EXPECT_FALSE(expect_right(*segmenter, r).timing.embedding_reused);
}

TEST_F(TensorrtFailure, AGraphThatIsRefusedFailsItsRequestAlone) {
  const auto segmenter = build_and_open();
  const FramePtr f = frame(96, 64);
  for (const int nth : {1, 2}) {  // the encoder's, the decoder's
    doubles::fail("cudaGraphLaunch", nth);
    EXPECT_EQ(segment_error(*segmenter, frame(96, 64)).substr(0, 14), "model_failed: ");
    expect_right(*segmenter, request(f, {prompts(2, 2)}));
  }
}

TEST_F(TensorrtFailure, AnyCallThatFailsOnceFailsItsRequestAlone) {
  const auto segmenter = build_and_open();
  const std::string calls[] = {
      "cudaMemcpyAsync",      "cudaMemsetAsync",      "cudaEventRecord", "cudaStreamWaitEvent",
      "cudaEventSynchronize", "cudaEventElapsedTime", "cudaGraphLaunch"};
  for (const std::string& call : calls) {
    for (int nth = 1; nth <= 8; ++nth) {
      const FramePtr f = frame(96, 64);
      doubles::reset();
      doubles::fail(call, nth, cudaErrorInvalidValue);
      const Request r = request(f, {prompts(2, 2), prompts(3, 2)});
      const Request other = request(frame(96, 64), {prompts(4, 2)});
      auto first = submit(*segmenter, r);
      auto second = submit(*segmenter, other);
      for (auto* outcome : {&first, &second}) {
        const std::string error = error_of(outcome->get());
        EXPECT_TRUE(error.empty() || error.rfind("model_failed: ", 0) == 0) << call << error;
      }
      doubles::reset();
      expect_right(*segmenter, r);
      expect_right(*segmenter, other);
    }
  }
}

TEST_F(TensorrtFailure, ALostGpuFailsEverythingFromThenOn) {
  for (const int after : {0, 1, 2, 3}) {  // encoder or decoder, of the first or second request
    const auto segmenter = build_and_open();
    const FramePtr f = frame(96, 64);
    doubles::break_after(after);
    std::vector<std::future<Outcome>> outcomes;
    for (int i = 0; i < 6; ++i) {
      outcomes.push_back(submit(*segmenter, request(frame(96, 64), {prompts(2, 2)})));
    }
    int lost = 0;
    for (auto& outcome : outcomes) {
      const std::string error = error_of(outcome.get());
      if (error.empty()) {
        EXPECT_EQ(lost, 0) << "an answer after the GPU was lost";
        continue;
      }
      ++lost;
      EXPECT_EQ(error.substr(0, 15), "device_failed: ") << error;
      EXPECT_NE(error.find("cudaErrorIllegalAddress"), std::string::npos) << error;
    }
    EXPECT_GE(lost, 4);
    EXPECT_EQ(segment_error(*segmenter, f).substr(0, 15), "device_failed: ");
    doubles::reset();
    EXPECT_EQ(segment_error(*segmenter, f).substr(0, 15), "device_failed: ")
        << "a lost GPU does not come back";
  }
}

TEST_F(TensorrtFailure, AGpuThatIsLostBetweenRequestsOrInAnEnqueueIsToldFromAFailedModel) {
  const auto segmenter = build_and_open();
  expect_right(*segmenter, request(frame(96, 64), {prompts(2, 2)}));
  doubles::lose_device(cudaErrorECCUncorrectable);
  const std::string error =
      error_of(submit(*segmenter, request(frame(96, 64), {prompts(3, 5)})).get());
  EXPECT_EQ(error.substr(0, 15), "device_failed: ") << error;
}

TEST_F(TensorrtFailure, AGpuThatIsLostWhileOpeningIsToldFromABadPlan) {
  build_encoder();
  build_decoder();
  for (const int after : {0, 1, 4, 9}) {
    doubles::reset();
    doubles::break_after(after);
    EXPECT_EQ(open_error().substr(0, 15), "device_failed: ");
    doubles::reset();
    EXPECT_TRUE(doubles::live().empty());
  }
}

TEST_F(TensorrtFailure, AMachineWithoutAGpuSaysSo) {
  build_encoder();
  build_decoder();
  doubles::set_device(doubles::DeviceKind::kNone);
  EXPECT_EQ(open_error(), "model_failed: The TensorRT backend needs a GPU: no GPU");
  doubles::set_device(doubles::DeviceKind::kDiscrete);
  options.device = 1;
  EXPECT_EQ(open_error(),
            "model_failed: The TensorRT backend needs a GPU: expected device 1, found 1 GPU: 0");
}

TEST_F(TensorrtFailure, RequestsBeyondTheQueueAreRefusedAndTheRestAnswered) {
  const auto segmenter = build_and_open();
  const FramePtr f = frame(96, 64);
  std::promise<void> entered, leave;
  auto left = leave.get_future();
  segmenter->submit(request(f, {prompts(1, 2)}), [&](Outcome) {
    entered.set_value();
    left.wait();
  });
  entered.get_future().wait();  // the inference thread stands
  std::vector<Request> requests;
  std::vector<std::future<Outcome>> outcomes;
  std::string refused;
  while (refused.empty() && requests.size() < 100) {
    const Request r = request(f, {prompts(1, 2)});
    refused = error_of([&] { outcomes.push_back(submit(*segmenter, r)); });
    if (refused.empty()) requests.push_back(r);
  }
  EXPECT_EQ(requests.size(), 64U);
  EXPECT_EQ(refused, "overloaded: 64 requests wait for the model already");
  leave.set_value();
  for (std::size_t i = 0; i < requests.size(); ++i) expect_right(outcomes[i].get(), requests[i]);
}

TEST_F(TensorrtFailure, ClosingAnswersWhatWasBegunAndToldTheRest) {
  auto segmenter = build_and_open();
  const FramePtr f = frame(96, 64);
  std::promise<void> entered, leave;
  auto left = leave.get_future();
  segmenter->submit(request(f, {prompts(1, 2)}), [&](Outcome outcome) {
    EXPECT_NE(outcome.answer, nullptr);
    entered.set_value();
    left.wait();
  });
  entered.get_future().wait();
  std::vector<std::future<Outcome>> outcomes;
  for (int i = 0; i < 5; ++i) outcomes.push_back(submit(*segmenter, request(f, {prompts(1, 2)})));
  std::thread closing([&] { segmenter.reset(); });
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  leave.set_value();
  closing.join();
  for (auto& outcome : outcomes) {
    EXPECT_EQ(error_of(outcome.get()), "model_failed: The model was closed before its turn came");
  }
}

TEST_F(TensorrtFailure, ClosingWithWorkOnTheGpuWaitsForIt) {
  for (int time = 0; time < 5; ++time) {
    auto segmenter = build_and_open();
    std::vector<std::future<Outcome>> outcomes;
    for (int i = 0; i < 8; ++i) {
      outcomes.push_back(submit(*segmenter, request(frame(96, 64), {prompts(4, 2)})));
    }
    segmenter.reset();
    for (auto& outcome : outcomes) {
      const Outcome got = outcome.get();
      EXPECT_NE(got.answer == nullptr, got.error == nullptr);
    }
  }
}

TEST_F(TensorrtFailure, RequestsThatDoNotFitTheModelAreRefusedAtOnce) {
  const auto segmenter = build_and_open();
  const Request good = request(frame(96, 64), {prompts(2, 2)});
  const auto refused = [&](const std::function<void(Request&)>& spoil) {
    Request bad = good;
    spoil(bad);
    return error_of([&] { submit(*segmenter, bad); });
  };
  const std::string invalid = "invalid_argument: Expected ";
  EXPECT_EQ(refused([&](Request& r) { r.groups = {prompts(9, 2)}; }),
            invalid + "1..8 prompts in a run; got 9");
  EXPECT_EQ(refused([&](Request& r) { r.groups = {prompts(2, 7)}; }),
            invalid + "1..6 points a prompt; got 7");
  EXPECT_EQ(refused([](Request& r) { r.groups[0].coords.pop_back(); }),
            invalid + "8 coordinates; got 7");
  EXPECT_EQ(refused([](Request& r) { r.groups[0].labels.pop_back(); }),
            invalid + "4 labels; got 3");
  EXPECT_EQ(refused([](Request& r) { r.groups[0].tasks[0].row = 2; }),
            invalid + "a row of the group; got 2");
  EXPECT_EQ(refused([](Request& r) { r.groups[0].tasks[0].plane = 4; }),
            invalid + "a candidate; got 4");
  EXPECT_EQ(refused([](Request& r) { r.groups[0].tasks[0].keep = 4; }),
            invalid + "a slot below 4; got 4");
  EXPECT_EQ(refused([](Request& r) { r.groups[0].starts.resize(1); }),
            invalid + "a start for each prompt; got 1");
  EXPECT_EQ(refused([](Request& r) {
              r.groups[0].starts = {{4, {}}, {}};
            }),
            invalid + "a slot below 4; got 4");
  EXPECT_EQ(refused([](Request& r) {
              r.groups[0].starts = {{-1, {1.F}}, {}};
            }),
            invalid + "logits of the grid's size; got 1");
  EXPECT_EQ(refused([](Request& r) { r.mask.grid_width = 8; }), invalid + "a grid 16 wide; got 8");
  EXPECT_EQ(refused([](Request& r) { r.frame = nullptr; }), invalid + "a frame; got 0");
  expect_right(*segmenter, good);
}

}  // namespace
}  // namespace samwire::tensorrt_testing
