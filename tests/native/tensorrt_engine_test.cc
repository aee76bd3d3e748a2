#include "tensorrt/library.h"
#include "tensorrt_fixture.h"

// Plans that are not loaded, and plans that are not those of the model.
namespace samwire::tensorrt_testing {
namespace {

class TensorrtEngine : public TensorrtTest {
 protected:
  void SetUp() override {
    TensorrtTest::SetUp();
    build_encoder();
    build_decoder();
  }
  std::string open_error() {
    return error_of([&] { open(); });
  }
  std::string misfit(const std::string& plan, const std::string& faults) {
    return "model_failed: " + plan + " does not fit the model: " + faults +
           ". Build it again with `samwire models build`";
  }
};

TEST_F(TensorrtEngine, APlanThatIsMissingEmptyOrNoFileIsNamed) {
  const std::string& plan = options.encoder_plan;
  std::filesystem::remove(plan);
  EXPECT_EQ(open_error(), "model_failed: Opening " + plan + " failed: No such file or directory");
  write(plan, "");
  EXPECT_EQ(open_error(), "model_failed: " + plan + " is empty");
  std::filesystem::remove(plan);
  std::filesystem::create_directory(plan);
  EXPECT_EQ(open_error(), "model_failed: " + plan + " is not a file");
}

TEST_F(TensorrtEngine, ATruncatedPlanFailsWithTensorrtsReason) {
  const std::string whole = read(options.decoder_plan);
  for (const std::size_t length : {std::size_t{1}, whole.size() / 2, whole.size() - 1}) {
    write(options.decoder_plan, whole.substr(0, length));
    const std::string error = open_error();
    const std::string start = "model_failed: Loading " + options.decoder_plan + " into TensorRT " +
                              library().loaded + " failed: ";
    EXPECT_EQ(error.substr(0, start.size()), start);
    EXPECT_GT(error.size(), start.size());
    EXPECT_EQ(error.find("gave no reason"), std::string::npos) << error;
  }
  write(options.decoder_plan, "not a plan at all, but a text");
  EXPECT_EQ(open_error().substr(0, 14), "model_failed: ");
}

TEST_F(TensorrtEngine, APlanOfAnotherVersionFailsWithTensorrtsReason) {
  // The double's plans begin with a line of text and the version.
  std::string plan = read(options.decoder_plan);
  const std::size_t version = std::string("SAMWIRE DOUBLE PLAN").size();
  plan[version] = static_cast<char>(plan[version] + 1);
  write(options.decoder_plan, plan);
  const std::string error = open_error();
  EXPECT_NE(error.find("not compatible with this version of TensorRT"), std::string::npos) << error;
}

TEST_F(TensorrtEngine, APlanOfAnotherGpuFailsWithTensorrtsReason) {
  doubles::set_device(doubles::DeviceKind::kDiscrete, "Another GPU");
  const std::string error = open_error();
  EXPECT_NE(error.find("incompatible device"), std::string::npos) << error;
  EXPECT_NE(error.find("Another GPU"), std::string::npos) << error;
}

TEST_F(TensorrtEngine, AnEncoderForADlaThatIsNotThereIsRefused) {
  options.dla_core = 7;
  const std::string error = open_error();
  EXPECT_NE(error.find(options.encoder_plan + " was built for DLA core 7; this device has "),
            std::string::npos)
      << error;
}

TEST_F(TensorrtEngine, PlansInEachOthersPlaceAreToldByTheirTensors) {
  std::swap(options.encoder_plan, options.decoder_plan);
  const std::string error = open_error();
  EXPECT_NE(error.find("input image: expected [1, 3, 64, 64] FP32 or FP16, found only the inputs "
                       "image_embeddings, point_coords, point_labels, mask_input, has_mask_input"),
            std::string::npos)
      << error;
}

TEST_F(TensorrtEngine, NamesThatDifferAreToldWithBothSides) {
  EncoderShape encoder;
  encoder.image_name = "picture";
  build_encoder(encoder);
  EXPECT_EQ(open_error(),
            misfit(options.encoder_plan,
                   "input image: expected [1, 3, 64, 64] FP32 or FP16, found only the inputs "
                   "picture; input picture: expected no such tensor, found [1, 3, 64, 64] FP32"));
}

TEST_F(TensorrtEngine, ShapesThatDifferAreToldWithBothSides) {
  EncoderShape encoder;
  encoder.side = 32;
  build_encoder(encoder);
  EXPECT_EQ(open_error(), misfit(options.encoder_plan,
                                 "input image: expected [1, 3, 64, 64] FP32 or FP16, found [1, 3, "
                                 "32, 32] FP32"));
  build_encoder();
  model.candidates = 3;
  EXPECT_EQ(
      open_error(),
      misfit(options.decoder_plan,
             "output low_res_masks: expected [1..8, 3, 16, 16] FP32, found [?, 4, 16, 16] FP32; "
             "output iou_predictions: expected [1..8, 3] FP32, found [?, 4] FP32"));
}

TEST_F(TensorrtEngine, ARankThatDiffersIsToldWithBothSides) {
  DecoderShape decoder;
  decoder.coords_rank = 4;
  build_decoder(decoder);
  const std::string error = open_error();
  EXPECT_NE(error.find("input point_coords: expected [1..8, 1..6 or 6, 2] FP32, found [1, 1..8, "
                       "1..6, 2] FP32"),
            std::string::npos)
      << error;
}

TEST_F(TensorrtEngine, TypesThatDifferAreToldWithBothSides) {
  EncoderShape encoder;
  encoder.image = kOnnxInt32;
  build_encoder(encoder);
  EXPECT_EQ(open_error(), misfit(options.encoder_plan,
                                 "input image: expected [1, 3, 64, 64] FP32 or FP16, found [1, 3, "
                                 "64, 64] INT32"));
}

TEST_F(TensorrtEngine, AProfileThatDoesNotReachTheModelsPromptsIsTold) {
  build_decoder({}, 4, 6);
  const std::string error = open_error();
  EXPECT_NE(error.find("input point_coords: expected [1..8, 1..6 or 6, 2] FP32, found [1..4, 1..6, "
                       "2] FP32"),
            std::string::npos)
      << error;
  build_decoder({}, 8, 3);
  EXPECT_NE(open_error().find("input point_labels: expected [1..8, 1..6 or 6] FP32 or INT32 or "
                              "INT64, found [1..8, 1..3] FP32"),
            std::string::npos);
}

TEST_F(TensorrtEngine, AnOutputThatNobodyKnowsIsRefused) {
  DecoderShape decoder;
  decoder.another_output = true;
  build_decoder(decoder);
  EXPECT_EQ(open_error(),
            misfit(options.decoder_plan, "output sums: expected no such tensor, found [?] FP32"));
}

TEST_F(TensorrtEngine, AMaskInputThatTheModelDoesNotKnowIsRefused) {
  model.decoder.mask_input = model.decoder.has_mask_input = "";
  const std::string error = open_error();
  EXPECT_NE(error.find("input mask_input: expected no such tensor"), std::string::npos) << error;
}

}  // namespace
}  // namespace samwire::tensorrt_testing
