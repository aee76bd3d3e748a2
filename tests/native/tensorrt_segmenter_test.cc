#include <limits>
#include <thread>

#include "tensorrt_fixture.h"

namespace samwire::tensorrt_testing {
namespace {

using TensorrtSegmenter = TensorrtTest;

TEST_F(TensorrtSegmenter, GivesTheMasksOfTheCpuPath) {
  const auto segmenter = build_and_open();
  for (const PixelFormat format : image_testing::kFormats) {
    expect_right(*segmenter, request(frame(96, 64, format), {prompts(1, 2)}));
  }
  expect_right(*segmenter, request(frame(31, 77), {prompts(3, 2)}));
}

TEST_F(TensorrtSegmenter, GivesTheSameOnAnIntegratedGpuThatReadsFramesInPlace) {
  doubles::set_device(doubles::DeviceKind::kIntegrated);
  const auto segmenter = build_and_open();
  expect_right(*segmenter, request(frame(96, 64), {prompts(2, 2), prompts(5, 3)}));
  expect_right(*segmenter, request(frame(128, 90), {prompts(1, 2)}));
}

TEST_F(TensorrtSegmenter, TakesEncodersWithFp16Images) {
  build_encoder({kOnnxHalf});
  build_decoder();
  const auto segmenter = open();
  expect_right(*segmenter, request(frame(96, 64), {prompts(4, 2)}));
}

TEST_F(TensorrtSegmenter, FeedsLabelsInTheDecodersOwnType) {
  build_encoder();
  for (const OnnxType type : {kOnnxFloat, kOnnxInt32, kOnnxInt64}) {
    DecoderShape decoder;
    decoder.labels = type;
    build_decoder(decoder);
    const auto segmenter = open();
    expect_right(*segmenter, request(frame(96, 64), {prompts(3, 4)}));
  }
}

TEST_F(TensorrtSegmenter, TakesDecodersWithALeadingAxisAndNoMask) {
  DecoderShape decoder;
  decoder.coords_rank = 4;
  decoder.mask = false;
  model = model_spec(decoder);
  build_encoder();
  build_decoder(decoder);
  const auto segmenter = open();
  expect_right(*segmenter, request(frame(96, 64), {prompts(3, 4), prompts(8, 1)}));
}

TEST_F(TensorrtSegmenter, TakesLogitsWithoutTheLeadingAxisOfTheRest) {
  DecoderShape decoder;
  decoder.coords_rank = 4;
  decoder.mask = false;
  decoder.bare_logits = true;
  model = model_spec(decoder);
  build_encoder();
  build_decoder(decoder);
  const auto segmenter = open();
  expect_right(*segmenter, request(frame(96, 64), {prompts(3, 4), prompts(8, 1)}));
}

TEST_F(TensorrtSegmenter, HandsFeaturesToTheDecoderAndKeepsThemWithTheEmbedding) {
  DecoderShape decoder;
  decoder.features = true;
  model = model_spec(decoder);
  EncoderShape encoder;
  encoder.features = true;
  build_encoder(encoder);
  build_decoder(decoder);
  const auto segmenter = open();
  std::vector<FramePtr> frames;
  for (int i = 0; i < 3; ++i) frames.push_back(frame(96, 64));
  for (int time = 0; time < 2; ++time) {
    for (const FramePtr& f : frames) {
      const Answer answer =
          expect_right(*segmenter, request(f, {prompts(3, 2, time), prompts(8, 1)}));
      EXPECT_EQ(answer.timing.embedding_reused, time == 1);
    }
  }
}

TEST_F(TensorrtSegmenter, TellsTheDecoderTheFramesSizeInItsOwnType) {
  build_encoder();
  for (const OnnxType type : {kOnnxFloat, kOnnxInt32, kOnnxInt64}) {
    DecoderShape decoder;
    decoder.sized = type;
    model = model_spec(decoder);
    build_decoder(decoder);
    const auto segmenter = open();
    for (const auto& [width, height] : {std::pair{96, 64}, {31, 77}, {96, 64}}) {
      expect_right(*segmenter, request(frame(width, height), {prompts(3, 2)}));
    }
  }
}

TEST_F(TensorrtSegmenter, ChoosesTheBestOfSomeAndTheStableOne) {
  model.choice = {0b1110, 0.25F, 0.85F};
  // Of masks that are 2 to 14 cells wide some are stable, some are not.
  const auto segmenter = build_and_open();
  int stable = 0, others = 0;
  for (int time = 0; time < 12; ++time) {
    const Answer answer = expect_right(
        *segmenter, request(frame(96, 64), {prompts(8, 2, cuda::kStable), prompts(3, 1, -3)}));
    for (const cuda::DeviceMask& mask : answer.masks[0]) ++(mask.plane == 0 ? stable : others);
    for (const cuda::DeviceMask& mask : answer.masks[1]) EXPECT_GT(mask.plane, 0);
  }
  EXPECT_GT(stable, 0);
  EXPECT_GT(others, 0);
}

TEST_F(TensorrtSegmenter, KeepsLogitsWithinTheModelsLimit) {
  model.keep_limit = 1.5F;
  const auto segmenter = build_and_open();
  const FramePtr f = frame(96, 64);
  PromptGroup first = prompts(3, 2);
  for (int row = 0; row < 3; ++row) first.tasks[row].keep = row;
  PromptGroup second = prompts(3, 2);
  second.starts = {{2, {}}, {0, {}}, {1, {}}};
  expect_right(*segmenter, request(f, {first, second}));
}

TEST_F(TensorrtSegmenter, RefusesAChoiceThatTheModelDoesNotHave) {
  const auto segmenter = build_and_open();
  EXPECT_EQ(
      error_of([&] { submit(*segmenter, request(frame(96, 64), {prompts(1, 2, cuda::kStable)})); }),
      "invalid_argument: Expected a candidate; got -4");
}

TEST_F(TensorrtSegmenter, TakesDecodersWithAFixedNumberOfPoints) {
  DecoderShape decoder;
  decoder.points = 6;
  build_encoder();
  build_decoder(decoder);
  const auto segmenter = open();
  expect_right(*segmenter, request(frame(96, 64), {prompts(3, 6)}));
  EXPECT_EQ(error_of([&] { submit(*segmenter, request(frame(96, 64), {prompts(3, 2)})); }),
            "invalid_argument: Expected 6..6 points a prompt; got 2");
}

TEST_F(TensorrtSegmenter, DecodesEveryNumberOfPromptsAndPoints) {
  model.max_prompts = 12;
  const auto segmenter = build_and_open();
  const FramePtr f = frame(96, 64);
  for (int rows = 1; rows <= 12; ++rows) {
    expect_right(*segmenter, request(f, {prompts(rows, 1 + rows % 6), prompts(13 - rows, 2)}));
  }
}

TEST_F(TensorrtSegmenter, MakesMoreMasksThanItsBuffersHold) {
  model.max_prompts = 64;
  const auto segmenter = build_and_open();
  std::vector<PromptGroup> groups;
  for (int g = 0; g < 4; ++g) {
    PromptGroup group = prompts(60, 1 + g, 0);
    for (int row = 0; row < 60; ++row) {
      for (const int plane : {1, 3, cuda::kOfficial}) group.tasks.push_back({row, plane, 0, -1});
    }
    groups.push_back(group);
  }
  expect_right(*segmenter, request(frame(96, 64), groups));
}

TEST_F(TensorrtSegmenter, ChoosesByTheOfficialRuleWithThePromptsOwnPoints) {
  const auto segmenter = build_and_open();
  const FramePtr f = frame(96, 64);
  for (const int points : {1, 2, 3, 6}) {
    const Answer answer =
        expect_right(*segmenter, request(f, {prompts(4, points, cuda::kOfficial)}));
    const int plane = answer.masks[0][0].plane;
    EXPECT_TRUE(points > 2 ? plane == 0 : plane > 0) << points << " points: " << plane;
  }
}

TEST_F(TensorrtSegmenter, RefinesLogitsThatItKept) {
  const auto segmenter = build_and_open();
  const FramePtr f = frame(96, 64);
  PromptGroup first = prompts(3, 2);
  for (int row = 0; row < 3; ++row) first.tasks[row].keep = row;
  PromptGroup second = prompts(4, 1);
  second.starts = {{2, {}}, {}, {0, {}}, {1, {}}};
  second.tasks[0].keep = 3;
  expect_right(*segmenter, request(f, {first, second}));  // within one request
  PromptGroup third = prompts(2, 2);
  third.starts = {{3, {}}, {0, {}}};
  expect_right(*segmenter, request(f, {third}));  // and in a later one
}

TEST_F(TensorrtSegmenter, StartsFromMasksThatTheSenderGave) {
  const auto segmenter = build_and_open();
  const FramePtr f = frame(96, 64);
  PromptGroup group = prompts(3, 2);
  group.starts.resize(3);
  for (int i = 0; i < kGrid * kGrid; ++i) {
    group.starts[1].logits.push_back(i % kGrid < 8 ? 10.F : -10.F);
  }
  expect_right(*segmenter, request(f, {group}));
  expect_right(*segmenter, request(f, {prompts(3, 2)}));
}

TEST_F(TensorrtSegmenter, ForgetsAMaskThatWasNoNumber) {
  const auto segmenter = build_and_open();
  const FramePtr f = frame(96, 64);
  PromptGroup group = prompts(2, 2);
  group.starts.resize(2);
  group.starts[0].logits.assign(kGrid * kGrid, std::numeric_limits<float>::quiet_NaN());
  group.tasks = {{1, 0, 0, -1}};
  expect_right(*segmenter, request(f, {group}));
  expect_right(*segmenter, request(f, {prompts(2, 2)}));
}

TEST_F(TensorrtSegmenter, EncodesAFrameOnceWhileItIsAmongTheLast) {
  const auto segmenter = build_and_open();
  std::vector<FramePtr> frames;
  for (int i = 0; i < 4; ++i) frames.push_back(frame(96, 64));
  const auto reused = [&](int i) {
    return expect_right(*segmenter, request(frames[i], {prompts(2, 2)})).timing.embedding_reused;
  };
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(reused(i));
  EXPECT_TRUE(reused(0));
  EXPECT_FALSE(reused(3));  // in the place of 1, which nobody has used for longest
  EXPECT_TRUE(reused(0));
  EXPECT_TRUE(reused(2));
  EXPECT_FALSE(reused(1));
}

TEST_F(TensorrtSegmenter, WorksAheadOnOtherFramesAndAnswersInOrder) {
  options.embeddings_kept = 1;  // fewer than requests at work
  options.requests_at_once = 3;
  const auto segmenter = build_and_open();
  std::vector<Request> requests;
  std::vector<std::future<Outcome>> outcomes;
  for (int i = 0; i < 20; ++i) {
    requests.push_back(request(frame(96, 64), {prompts(1 + i % 8, 2), prompts(2, 3)}));
    outcomes.push_back(submit(*segmenter, requests.back()));
  }
  for (int i = 0; i < 20; ++i) expect_right(outcomes[i].get(), requests[i]);
}

TEST_F(TensorrtSegmenter, EnqueuesTheNextRequestBeforeItWaitsForTheOldest) {
  options.requests_at_once = 2;
  const auto segmenter = build_and_open();
  std::promise<void> entered, leave;
  auto left = leave.get_future();
  segmenter->submit(request(frame(96, 64), {prompts(1, 2)}), [&](Outcome) {
    entered.set_value();
    left.wait();
  });
  entered.get_future().wait();  // the inference thread stands until all three are there
  const int before = doubles::calls("cudaGraphLaunch");
  std::vector<int> launched(3);
  std::vector<std::promise<void>> done(3);
  for (int i = 0; i < 3; ++i) {
    segmenter->submit(request(frame(96, 64), {prompts(2, 2)}), [&, i](Outcome outcome) {
      EXPECT_EQ(error_of(outcome), "");
      launched[i] = doubles::calls("cudaGraphLaunch") - before;
      done[i].set_value();
    });
  }
  leave.set_value();
  for (auto& one : done) one.get_future().wait();
  // Two graphs each: when the first is answered, the second is enqueued and the third is not.
  EXPECT_EQ(launched, (std::vector<int>{4, 6, 6}));
}

TEST_F(TensorrtSegmenter, AllocatesNothingMoreUntilALargerFrameComes) {
  const auto segmenter = build_and_open();
  const auto work = [&](int width, int height) {
    const FramePtr f = frame(width, height);
    PromptGroup mask = prompts(2, 2);
    mask.starts = {{0, {}}, {-1, std::vector<float>(kGrid * kGrid, 1.F)}};
    mask.tasks[1].keep = 0;
    expect_right(*segmenter, request(f, {prompts(8, 3), mask, prompts(5, 1)}));
  };
  const std::size_t before = segmenter->stats().allocations;
  const std::size_t bytes = segmenter->stats().device_bytes;
  for (int i = 0; i < 8; ++i) work(96, 64);
  EXPECT_EQ(segmenter->stats().allocations, before);
  EXPECT_EQ(segmenter->stats().device_bytes, bytes);
  work(384, 256);
  EXPECT_GT(segmenter->stats().allocations, before);
}

TEST_F(TensorrtSegmenter, TellsTheDevicesMemoryBetweenRequests) {
  const auto segmenter = build_and_open();
  const auto look = [&] {
    std::promise<MemoryOutcome> seen;
    segmenter->look_at_memory([&](MemoryOutcome outcome) { seen.set_value(outcome); });
    return seen.get_future().get();
  };
  const MemoryOutcome idle = look();
  EXPECT_FALSE(idle.error);
  EXPECT_EQ(idle.total_bytes - idle.free_bytes, doubles::device_bytes());
  auto busy = submit(*segmenter, request(frame(96, 64), {prompts(3, 2)}));
  EXPECT_EQ(look().total_bytes, idle.total_bytes);
  EXPECT_TRUE(busy.get().answer);
  doubles::fail("cudaMemGetInfo", 1, cudaErrorUnknown);
  EXPECT_TRUE(look().error);
}

TEST_F(TensorrtSegmenter, RunsBucketsFromGraphs) {
  const auto segmenter = build_and_open();
  EXPECT_EQ(segmenter->stats().graphs, 5U);  // the encoder's, and of 1, 2, 4 and 8 prompts
  const std::size_t plain = segmenter->stats().plain_enqueues;
  for (int rows = 1; rows <= 8; ++rows) {
    expect_right(*segmenter, request(frame(96, 64), {prompts(rows, 2)}));
  }
  EXPECT_EQ(segmenter->stats().plain_enqueues, plain);
  for (int time = 0; time < 4; ++time) {
    expect_right(*segmenter, request(frame(96, 64), {prompts(3, 5)}));
  }
  EXPECT_EQ(segmenter->stats().graphs, 6U);
  EXPECT_EQ(segmenter->stats().plain_enqueues,
            plain + 2);  // the first, and the one that is recorded
}

TEST_F(TensorrtSegmenter, HoldsABoundedNumberOfGraphs) {
  model.max_prompts = 16;
  model.max_points = 8;
  const auto segmenter = build_and_open();
  const FramePtr f = frame(96, 64);
  for (int points = 1; points <= 8; ++points) {
    for (const int rows : {1, 2, 4, 8, 16}) {
      const PromptGroup group = prompts(rows, points, 0);
      for (int time = 0; time < 3; ++time) expect_right(*segmenter, request(f, {group}));
      EXPECT_LE(segmenter->stats().graphs, 17U);  // the encoder's, and of 16 shapes
    }
  }
  EXPECT_EQ(segmenter->stats().graphs, 17U);
}

TEST_F(TensorrtSegmenter, TakesPicturesOfAnySizeWhereTheEncoderDoes) {
  model.image.fit = Fit::kNative;
  EncoderShape encoder;
  encoder.free_size = true;
  build_encoder(encoder);
  build_decoder();
  const auto segmenter = open();
  const auto segment = [&](int width, int height) {
    return error_of(submit(*segmenter, request(frame(width, height), {prompts(2, 2)})).get());
  };
  EXPECT_EQ(segment(96, 64), "");
  EXPECT_EQ(segment(200, 120), "");  // larger than the usual frame
  EXPECT_EQ(segment(64, 96), "");
  EXPECT_EQ(segment(300, 64), "model_failed: " + options.encoder_plan +
                                  " takes pictures of 16x16 to 256x256; got one of 300x64");
  EXPECT_EQ(segment(96, 64), "");
}

TEST_F(TensorrtSegmenter, AnswersARequestThatAsksForNoMasks) {
  const auto segmenter = build_and_open();
  PromptGroup nothing = prompts(2, 2);
  nothing.tasks.clear();
  const Request r = request(frame(96, 64), {nothing});
  expect_right(*segmenter, r);
  expect_right(*segmenter, request(frame(96, 64), {nothing, prompts(1, 2)}));
}

TEST_F(TensorrtSegmenter, TellsTheTimes) {
  const auto segmenter = build_and_open();
  const FramePtr f = frame(96, 64);
  const Timing first = expect_right(*segmenter, request(f, {prompts(2, 2)})).timing;
  EXPECT_GT(first.prepare_ms, 0);
  EXPECT_GT(first.encode_ms, 0);
  EXPECT_GT(first.decode_ms, 0);
  EXPECT_GT(first.mask_ms, 0);
  const Timing second = expect_right(*segmenter, request(f, {prompts(2, 2)})).timing;
  EXPECT_EQ(second.prepare_ms, 0);
  EXPECT_EQ(second.encode_ms, 0);
  EXPECT_GT(second.decode_ms, 0);
}

TEST_F(TensorrtSegmenter, IsFedFromManyThreads) {
  const auto segmenter = build_and_open();
  const FramePtr f = frame(96, 64);
  std::vector<Request> requests;
  for (int i = 0; i < 4; ++i) requests.push_back(request(f, {prompts(1 + i, 2)}));
  std::vector<std::thread> threads;
  std::vector<std::vector<std::future<Outcome>>> outcomes(4);
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&, i] {
      for (int time = 0; time < 8; ++time) {
        outcomes[i].push_back(submit(*segmenter, requests[i]));
        segmenter->stats();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (int i = 0; i < 4; ++i) {
    for (auto& outcome : outcomes[i]) expect_right(outcome.get(), requests[i]);
  }
}

}  // namespace
}  // namespace samwire::tensorrt_testing
